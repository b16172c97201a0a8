// Goal: whatever arrives, decoders neither crash nor hold more than what arrived. Method: seeded random bytes, and real
// streams with random bytes changed, cut or doubled; run under ASan and UBSan as well.

#include <doctest/doctest.h>

#include <array>
#include <random>

#include "frame_samples.hpp"
#include "wire/pg/backend_encoder.hpp"
#include "wire/pg/client.hpp"
#include "wire/pg/frontend.hpp"
#include "wire/pg/scram.hpp"
#include "wire/repl/frame_codec.hpp"
#include "wire/repl/handshake.hpp"

using namespace helios;
using namespace helios::wire;

namespace {

std::string random_string(std::mt19937& random, std::size_t size_max) {
  std::string out(random() % (size_max + 1), '\0');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

std::string mutate(std::string bytes, std::mt19937& random) {
  for (std::size_t n = 1 + random() % 4; n > 0 && !bytes.empty(); --n) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0: bytes[at] = static_cast<char>(random()); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8))); break;
      case 2: bytes.erase(at, 1 + random() % 8); break;
      default: bytes.insert(at, random_string(random, 8)); break;
    }
  }
  return bytes;
}

/// Every body through every parser: none may trust that it got the right one.
void parse_all(std::string_view body) {
  pg::parse_message parse;
  pg::bind_message bind;
  (void)pg::parse_startup(body);
  (void)pg::parse_cancel_request(body);
  (void)pg::parse_string(body);
  (void)pg::parse_parse(body, parse);
  (void)pg::parse_bind(body, bind);
  (void)pg::parse_target(body);
  (void)pg::parse_execute(body);
  (void)pg::parse_sasl_initial(body);
  (void)pg::parse_error_report(body);
  (void)pg::parse_ready_for_query(body);
  (void)pg::parse_parameter_status(body);
  (void)pg::parse_backend_key_data(body);
  (void)pg::parse_data_row(body);
  if (const auto code = pg::parse_authentication(body)) (void)pg::parse_sasl_mechanisms(code->second);
  (void)pg::parse_verifier(body);
  (void)pg::scram_server(std::nullopt, "u", "m").first(body);
  // parse_bind reserves no more than it can fill.
  CHECK(bind.parameters.size() <= body.size());
}

template <class Decoder>
std::size_t drain(Decoder& in, std::string bytes, std::mt19937& random, auto&& on_message) {
  std::size_t messages = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t n = 1 + random() % 64;
    in.feed(bytes.substr(at, n));
    at += n;
    for (;;) {
      auto next = in.next();
      if (!next.ok()) return messages;
      if (!*next) break;
      ++messages;
      on_message(**next);
    }
  }
  return messages;
}

std::string client_stream() {
  std::string out;
  pg::frontend_encoder e(out);
  const std::array<std::uint32_t, 2> types{23, 25};
  for (int i = 0; i < 3; ++i) {
    e.query("SELECT 1");
    e.parse("s", "SELECT $1, $2", types);
    pg::bind_message b;
    b.statement = "s";
    b.parameters = {"a", std::nullopt};
    b.result_formats = {0};
    e.bind(b);
    e.describe('P', "");
    e.execute("", 0);
    e.sync();
  }
  return out;
}

}  // namespace

TEST_CASE("changed client streams end in messages or a protocol error") {
  std::mt19937 random(20260301);
  const auto stream = client_stream();
  for (int round = 0; round < 3000; ++round) {
    pg::frontend_decoder in(1u << 20, pg::frontend_decoder::phase::session);
    drain(in, mutate(stream, random), random, [](const pg::frontend_message& m) { parse_all(m.body); });
  }
}

TEST_CASE("random bytes are no startup packet that grows") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    pg::frontend_decoder in;
    drain(in, random_string(random, 300), random, [](const pg::frontend_message& m) { parse_all(m.body); });
    CHECK(in.buffered_bytes() <= 300 + 64);
  }
}

TEST_CASE("changed server streams end in messages or a protocol error") {
  std::mt19937 random(11);
  std::string stream;
  pg::backend_encoder out(stream);
  for (int i = 0; i < 5; ++i) {
    out.begin_row(2);
    out.field("abc");
    out.null();
    out.end_row();
    out.error_response({});
    out.parameter_status("a", "b");
    out.ready_for_query('I');
  }
  for (int round = 0; round < 3000; ++round) {
    pg::backend_decoder in(1u << 20);
    drain(in, mutate(stream, random), random, [](const pg::backend_message& m) { parse_all(m.body); });
  }
}

TEST_CASE("random bodies crash no parser") {
  std::mt19937 random(13);
  for (int round = 0; round < 20000; ++round) parse_all(random_string(random, 60));
}

TEST_CASE("changed frames are refused, and never decoded") {
  std::mt19937 random(17);
  const repl::frame_header header{1, epoch{1}};
  for (const auto& f : repl::sample_frames()) {
    const auto good = repl::encode(f, header);
    for (int round = 0; round < 200; ++round) {
      const auto bad = mutate(good, random);
      repl::frame_decoder in;
      const auto messages = drain(in, bad, random, [](const repl::decoded_frame&) {});
      // A mutation may only have appended to a whole frame, or undone itself.
      if (messages > 0) CHECK(bad.starts_with(good));
    }
  }
}
