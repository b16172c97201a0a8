#include "wire/pg/client.hpp"

#include <doctest/doctest.h>

#include <array>

#include "wire/pg/backend_encoder.hpp"

using namespace helios;
using namespace helios::wire::pg;

TEST_CASE("a server's stream decodes to the same messages wherever it is split") {
  std::string bytes;
  backend_encoder out(bytes);
  out.parameter_status("server_version", "15.0");
  out.backend_key_data(3, 4);
  out.begin_row(1);
  out.field("value");
  out.end_row();
  out.ready_for_query('E');
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    backend_decoder in;
    std::string types, raw;
    for (auto piece : {bytes.substr(0, at), bytes.substr(at)}) {
      in.feed(piece);
      for (;;) {
        const auto next = in.next();
        REQUIRE(next.ok());
        if (!*next) break;
        types.push_back((*next)->type);
        raw.append((*next)->raw);
      }
    }
    CHECK(types == "SKDZ");
    CHECK(raw == bytes);
  }
}

TEST_CASE("a server's message of an impossible length is an error") {
  backend_decoder in(1000);
  in.feed(std::string("D\0\0\4\0", 5));
  CHECK(in.next().failure().code == errc::protocol);
  CHECK_FALSE(in.next().ok());
  backend_decoder short_one;
  short_one.feed(std::string("D\0\0\0\3", 5));
  CHECK_FALSE(short_one.next().ok());
}

TEST_CASE("bodies from the server are parsed strictly") {
  CHECK(*parse_ready_for_query("T") == 'T');
  CHECK_FALSE(parse_ready_for_query("X").ok());
  CHECK_FALSE(parse_ready_for_query("TT").ok());
  CHECK_FALSE(parse_parameter_status("a").ok());
  CHECK_FALSE(parse_backend_key_data("1234567").ok());
  CHECK_FALSE(parse_authentication("abc").ok());
  CHECK_FALSE(parse_sasl_mechanisms("SCRAM").ok());
  CHECK_FALSE(parse_error_report("Mno terminator").ok());
  CHECK_FALSE(parse_data_row(std::string_view("\0\2\0\0\0\0", 6)).ok());
  CHECK_FALSE(parse_data_row(std::string_view("\0\1\0\0\0\5ab", 8)).ok());
  CHECK(parse_data_row(std::string_view("\0\0", 2))->empty());
}
