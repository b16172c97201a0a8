#include "sql/types/jsonb.hpp"

#include <doctest/doctest.h>

#include "base/sql_error.hpp"
#include "sql/types/network.hpp"

using namespace helios::sql;
using namespace std::literals;

namespace {
std::string text_of(const jsonb_view& v) {
  std::string out;
  write_jsonb(v, out);
  return out;
}
// The example of FORMAT.md.
constexpr std::string_view example =
    "\x06\x02\0\0\0"
    "\x01\0\0\0\x03\0\0\0"
    "\x08\0\0\0\x12\0\0\0"
    "baa"
    "\x02\0\0\0\x01"
    "\x05\x01\0\0\0\x01\0\0\0\x04"sv;
}  // namespace

TEST_CASE("jsonb is stored as FORMAT.md says") {
  arena memory;
  const auto made = parse_jsonb("{\"b\": 1, \"aa\": [false], \"aa\": [true]}", memory);
  CHECK(made.as_bytes() == example);
  const jsonb_view v(example);
  CHECK(v.size() == 2);
  CHECK(text_of(v) == "{\"b\": 1, \"aa\": [true]}");
  CHECK(text_of(*v.find("aa")) == "[true]");
  CHECK(v.find("aa")->at(-1)->truth());
  CHECK_FALSE(v.find("a"));
  CHECK_FALSE(v.find("aa")->at(1));
}

TEST_CASE("a damaged jsonb value is refused and never read beyond its end") {
  for (std::size_t size = 0; size < example.size(); ++size) {
    const std::string cut(example.substr(0, size));
    CHECK_THROWS_AS(text_of(jsonb_view(cut)), helios::sql_error);
  }
  for (std::size_t at = 0; at < example.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string changed(example);
      changed[at] = static_cast<char>(changed[at] ^ flip);
      try {
        text_of(jsonb_view(changed));
      } catch (const helios::sql_error& e) {
        CHECK(e.report().sqlstate.size() == 5);
      }
    }
}

TEST_CASE("a network address that was stored as text is still read") {
  CHECK(network::from(datum::of_bytes("10.0.0.1/8")).to_text(false) == "10.0.0.1/8");
  CHECK(network::from(datum::of_bytes("::1")).to_text(false) == "::1");
  CHECK_THROWS_AS(network::from(datum::of_bytes("\x02\x21\1\2\3\4"sv)), helios::sql_error);
}
