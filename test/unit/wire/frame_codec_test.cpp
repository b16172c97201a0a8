#include "wire/repl/frame_codec.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/bytes.hpp"
#include "frame_samples.hpp"

using namespace helios;
using namespace helios::wire::repl;

namespace {

const frame_header header{cluster_hash("helios"), epoch{42}};

decoded_frame decode_one(const std::string& bytes) {
  frame_decoder in;
  in.feed(bytes);
  auto next = in.next();
  REQUIRE(next.ok());
  REQUIRE(next->has_value());
  CHECK(in.buffered_bytes() == 0);
  return std::move(**next);
}

/// A frame of `type` with this body and a right checksum: what only a strict decoder of bodies can refuse.
std::string forged(std::uint8_t type, std::string_view body) {
  std::string out = encode(cancel{}, header);
  out[8] = static_cast<char>(type);
  out.append(body);
  store_le(out.data(), static_cast<std::uint32_t>(out.size()));
  // The same hash function serves for checksums.
  store_le(out.data() + 4, static_cast<std::uint32_t>(cluster_hash(std::string_view(out).substr(8))));
  return out;
}

}  // namespace

TEST_CASE("each frame decodes to what was encoded") {
  const auto samples = sample_frames();
  REQUIRE(samples.size() == std::variant_size_v<frame>);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    CAPTURE(i);
    CHECK(samples[i].index() == i);
    const auto bytes = encode(samples[i], header);
    const auto back = decode_one(bytes);
    CHECK(back.header.cluster_hash == header.cluster_hash);
    CHECK(back.header.number == epoch{42});
    CHECK(back.body.index() == i);
    // Equal bytes mean equal fields: encoding writes each of them.
    CHECK(encode(back.body, back.header) == bytes);
  }
}

TEST_CASE("fields come back in their own places") {
  const auto opened = std::get<open_session>(decode_one(encode(sample_frames()[11], header)).body);
  CHECK(opened.user == "helios");
  CHECK(opened.database == "heliosdb");
  CHECK(opened.client_port == 40000);
  CHECK(opened.allow_read_only);
  CHECK(opened.settings == std::vector<std::pair<std::string, std::string>>{{"DateStyle", "ISO"}, {"a", ""}});
  const auto plan = std::get<stream_plan>(decode_one(encode(sample_frames()[5], header)).body);
  CHECK(plan.what == stream_plan::kind::base_backup);
  CHECK(plan.position == lsn{77});
  const auto wal = std::get<wal_data>(decode_one(encode(sample_frames()[7], header)).body);
  CHECK(wal.begin == lsn{100});
  CHECK(wal.sent_time_us == -5);
  CHECK(wal.bytes == std::string("\0records\xff", 9));
  CHECK(wal.more);
}

TEST_CASE("a stream decodes to the same frames wherever it is split") {
  std::string bytes;
  for (const auto& f : sample_frames()) encode_to(bytes, f, header);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    frame_decoder in;
    std::string again;
    for (auto piece : {bytes.substr(0, at), bytes.substr(at)}) {
      in.feed(piece);
      for (;;) {
        auto next = in.next();
        REQUIRE(next.ok());
        if (!*next) break;
        encode_to(again, (*next)->body, (*next)->header);
      }
    }
    CHECK(again == bytes);
  }
}

TEST_CASE("every flipped bit of a frame is noticed") {
  const auto bytes = encode(sample_frames()[16], header);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto broken = bytes;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    frame_decoder in;
    in.feed(broken);
    const auto next = in.next();
    // A longer length waits for more bytes; anything else is an error. Nothing is decoded.
    CHECK((!next.ok() || !next->has_value()));
  }
}

TEST_CASE("a length outside the limit is an error at once, and for good") {
  for (const std::uint32_t size : {0u, 24u, static_cast<std::uint32_t>(frame_bytes_max) + 1, 0xffffffffu}) {
    frame_decoder in;
    std::string bytes;
    put_le(bytes, size);
    in.feed(bytes);
    const auto next = in.next();
    REQUIRE_FALSE(next.ok());
    CHECK(next.failure().code == errc::protocol);
    in.feed(encode(cancel{}, header));
    CHECK_FALSE(in.next().ok());
  }
}

TEST_CASE("well-checksummed frames with bad bodies are refused") {
  const auto refused = [](std::uint8_t type, std::string_view body) {
    frame_decoder in;
    in.feed(forged(type, body));
    const auto next = in.next();
    return !next.ok() && next.failure().code == errc::protocol;
  };
  CHECK_FALSE(refused(16, ""));                                // cancel, as it is
  CHECK(refused(0, ""));                                       // no such type
  CHECK(refused(18, ""));
  CHECK(refused(16, "x"));                                     // trailing byte
  CHECK(refused(15, "1234567"));                               // short position
  CHECK(refused(11, std::string_view("\xff\xff\xff\xff", 4)));  // a string of 4 GiB
  CHECK(refused(3, std::string_view("\0\0\0\0\3", 5)));        // a purpose that does not exist
  CHECK_FALSE(refused(3, std::string_view("\0\0\0\0\2", 5)));
  CHECK(refused(7, std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\2", 13)));  // a bool of 2
}

TEST_CASE("before the handshake is over only small frames are taken") {
  frame_decoder in(handshake_frame_bytes_max);
  in.feed(encode(pg_bytes{std::string(5000, 'x')}, header));
  CHECK_FALSE(in.next().ok());
  frame_decoder later(handshake_frame_bytes_max);
  later.set_bytes_max(frame_bytes_max);
  later.feed(encode(pg_bytes{std::string(5000, 'x')}, header));
  CHECK(later.next().ok());
}

TEST_CASE("the largest WAL chunk fits") {
  const wal_data big{lsn{1}, lsn{1}, lsn{1}, 0, std::string(16u << 20, 'w'), false};
  CHECK(std::get<wal_data>(decode_one(encode(big, header)).body).bytes.size() == 16u << 20);
}

TEST_CASE("the example of FORMAT.md decodes as it says") {
  std::ifstream file(HELIOS_SOURCE_DIR "/wire/repl/FORMAT.md");
  REQUIRE(file.good());
  std::string line, bytes;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```example") {
      inside = true;
      continue;
    }
    if (inside && line == "```") break;
    if (!inside) continue;
    std::istringstream words(line.substr(0, 25));  // the bytes; what they mean stands right of them
    for (std::string word; words >> word;) bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
  }
  const auto decoded = decode_one(bytes);
  CHECK(decoded.header.cluster_hash == cluster_hash("heliosdb"));
  CHECK(decoded.header.number == epoch{3});
  CHECK(std::get<session_position>(decoded.body).position == lsn{4096});
}

TEST_CASE("hashes of cluster ids differ") { CHECK(cluster_hash("a") != cluster_hash("b")); }
