#include "wire/pg/frontend.hpp"

#include <doctest/doctest.h>

#include <array>

#include "base/bytes.hpp"
#include "wire/pg/client.hpp"

using namespace helios;
using namespace helios::wire::pg;

namespace {

std::string startup_bytes() {
  const std::vector<std::pair<std::string, std::string>> parameters{{"user", "helios"}, {"database", "d"}};
  std::string out;
  frontend_encoder(out).startup(parameters);
  return out;
}

std::string session_bytes() {
  std::string out;
  frontend_encoder e(out);
  e.query("SELECT 1");
  const std::array<std::uint32_t, 2> types{23, 0};
  e.parse("s1", "SELECT $1, $2", types);
  bind_message b;
  b.portal = "p";
  b.statement = "s1";
  b.parameter_formats = {1};
  b.parameters = {std::string_view("\0\0\0\7", 4), std::nullopt};
  b.result_formats = {0, 1};
  e.bind(b);
  e.describe('P', "p");
  e.execute("p", 50);
  e.close('S', "s1");
  e.flush();
  e.sync();
  e.copy_data("1\tx\n");
  e.copy_done();
  e.copy_fail("no");
  e.terminate();
  return out;
}

struct seen {
  frontend_kind kind;
  std::string body;
  friend bool operator==(const seen&, const seen&) = default;
};

/// Decodes `bytes` in pieces; after the startup packet the client counts as authenticated.
std::vector<seen> decode(const std::vector<std::string>& pieces) {
  frontend_decoder in;
  std::vector<seen> out;
  for (const auto& piece : pieces) {
    in.feed(piece);
    for (;;) {
      const auto next = in.next();
      REQUIRE(next.ok());
      if (!*next) break;
      out.push_back({(*next)->kind, std::string((*next)->body)});
      if ((*next)->kind == frontend_kind::startup) in.authenticated();
    }
  }
  CHECK(in.buffered_bytes() == 0);
  return out;
}

error failure_of(frontend_decoder::phase phase, std::string bytes, std::size_t bytes_max = message_bytes_default_max) {
  frontend_decoder in(bytes_max, phase);
  in.feed(std::move(bytes));
  const auto next = in.next();
  REQUIRE_FALSE(next.ok());
  CHECK_FALSE(in.next().ok());  // and it stays so
  return next.failure();
}

using phase = frontend_decoder::phase;

}  // namespace

TEST_CASE("a stream decodes to the same messages wherever it is split") {
  const auto bytes = startup_bytes() + session_bytes();
  const auto whole = decode({bytes});
  REQUIRE(whole.size() == 13);
  CHECK(whole[0].kind == frontend_kind::startup);
  CHECK(whole[1].kind == frontend_kind::query);
  CHECK(whole[12].kind == frontend_kind::terminate);
  for (std::size_t at = 1; at < bytes.size(); ++at) CHECK(decode({bytes.substr(0, at), bytes.substr(at)}) == whole);
  std::vector<std::string> singles;
  for (const char c : bytes) singles.emplace_back(1, c);
  CHECK(decode(singles) == whole);
}

TEST_CASE("every message's body is parsed back to what was sent") {
  const auto messages = decode({startup_bytes() + session_bytes()});
  const auto start = *parse_startup(messages[0].body);
  CHECK(start.minor == 0);
  CHECK(start.parameter("user") == "helios");
  CHECK(start.parameter("database") == "d");
  CHECK(start.parameter("absent").empty());
  CHECK(*parse_string(messages[1].body) == "SELECT 1");
  parse_message parse;
  REQUIRE(parse_parse(messages[2].body, parse).ok());
  CHECK(parse.statement == "s1");
  CHECK(parse.query == "SELECT $1, $2");
  CHECK(parse.parameter_types == std::vector<std::uint32_t>{23, 0});
  bind_message bind;
  REQUIRE(parse_bind(messages[3].body, bind).ok());
  CHECK(bind.portal == "p");
  CHECK(bind.parameter_formats == std::vector<std::int16_t>{1});
  REQUIRE(bind.parameters.size() == 2);
  CHECK(bind.parameters[0] == std::string_view("\0\0\0\7", 4));
  CHECK_FALSE(bind.parameters[1]);
  CHECK(bind.result_formats == std::vector<std::int16_t>{0, 1});
  CHECK(parse_target(messages[4].body)->what == 'P');
  CHECK(parse_execute(messages[5].body)->rows_max == 50);
  CHECK(parse_target(messages[6].body)->name == "s1");
  CHECK(messages[9].body == "1\tx\n");
  CHECK(*parse_string(messages[11].body) == "no");
}

TEST_CASE("requests before the startup message are told apart") {
  frontend_decoder in;
  std::string bytes;
  frontend_encoder e(bytes);
  e.ssl_request();
  in.feed(bytes);
  CHECK((*in.next())->kind == frontend_kind::ssl_request);
  CHECK(in.current_phase() == phase::startup);
  bytes.clear();
  put_be<std::uint32_t>(bytes, 8);
  put_be<std::uint32_t>(bytes, 80877104);
  in.feed(bytes);
  CHECK((*in.next())->kind == frontend_kind::gssenc_request);
  bytes.clear();
  frontend_encoder(bytes).cancel_request({7, 9});
  in.feed(bytes);
  const auto cancel = *in.next();
  CHECK(cancel->kind == frontend_kind::cancel_request);
  CHECK(parse_cancel_request(cancel->body)->process_id == 7);
  CHECK(parse_cancel_request(cancel->body)->secret == 9);
  CHECK_FALSE(parse_cancel_request("short").ok());
}

TEST_CASE("a newer minor version and unknown options are kept for negotiation") {
  std::string body;
  put_be<std::uint16_t>(body, 3);
  put_be<std::uint16_t>(body, 2);
  body.append("_pq_.fancy").push_back('\0');
  body.append("1").push_back('\0');
  body.append("user").push_back('\0');
  body.append("u").push_back('\0');
  body.push_back('\0');
  const auto start = *parse_startup(body);
  CHECK(start.minor == 2);
  CHECK(start.unknown_options == std::vector<std::string>{"_pq_.fancy"});
  CHECK(start.parameters.size() == 1);
}

TEST_CASE("another major version is refused by name") {
  std::string body;
  put_be<std::uint32_t>(body, 2u << 16);
  const auto outcome = parse_startup(body);
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.failure().code == errc::refused);
  CHECK(outcome.failure().detail == "unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
}

TEST_CASE("a length beyond its phase's maximum is an error when only the header is there") {
  const auto header = [](char type, std::uint32_t size) {
    std::string out(1, type);
    put_be(out, size);
    return out;
  };
  std::string startup;
  put_be<std::uint32_t>(startup, 10'001);
  CHECK(failure_of(phase::startup, startup).code == errc::protocol);
  CHECK(failure_of(phase::authentication, header('p', (64u << 10) + 1)).code == errc::protocol);
  CHECK(failure_of(phase::session, header('Q', 1001), 1000).code == errc::protocol);
  CHECK(failure_of(phase::session, header('d', 1001), 1000).code == errc::protocol);
  CHECK(failure_of(phase::session, header('Q', 0xffffffffu)).code == errc::protocol);
  CHECK(failure_of(phase::session, header('Q', 3)).code == errc::protocol);
  CHECK(failure_of(phase::startup, std::string("\0\0\0\7", 4)).code == errc::protocol);
}

TEST_CASE("message types that do not exist or do not belong here are errors") {
  CHECK(failure_of(phase::session, "?").detail == "invalid frontend message type 63");
  CHECK(failure_of(phase::authentication, "Q").code == errc::protocol);
}

TEST_CASE("bodies that are short, long or inconsistent are errors") {
  CHECK_FALSE(parse_string("no terminator").ok());
  CHECK_FALSE(parse_string(std::string_view("a\0b", 3)).ok());
  CHECK_FALSE(parse_target(std::string_view("Xa\0", 3)).ok());
  CHECK_FALSE(parse_execute(std::string_view("p\0\0\0", 4)).ok());
  parse_message parse;
  CHECK_FALSE(parse_parse(std::string_view("s\0q\0\xff\xff", 6), parse).ok());
  bind_message bind;
  // 65535 parameters are claimed, none is there.
  CHECK_FALSE(parse_bind(std::string_view("\0\0\0\0\xff\xff", 6), bind).ok());
  // A format that is neither text nor binary.
  CHECK_FALSE(parse_bind(std::string_view("\0\0\0\1\0\2\0\0\0\0", 10), bind).ok());
  // Two formats for one parameter.
  CHECK_FALSE(parse_bind(std::string_view("\0\0\0\2\0\0\0\0\0\1\xff\xff\xff\xff\0\0", 16), bind).ok());
  // A negative length that is not NULL.
  CHECK_FALSE(parse_bind(std::string_view("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0", 12), bind).ok());
  CHECK(parse_bind(std::string_view("\0\0\0\0\0\1\xff\xff\xff\xff\0\0", 12), bind).ok());
  CHECK_FALSE(parse_sasl_initial("SCRAM").ok());
  CHECK_FALSE(parse_startup(std::string_view("\0\3\0\0user", 8)).ok());
}
