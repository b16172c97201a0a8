// Binary forms of types, against bytes that PostgreSQL 15 sent.
#include <doctest/doctest.h>

#include "test/support/function_caller.hpp"
#include "test/unit/sql/types/type_samples.hpp"

using helios::testing::function_caller;

TEST_CASE("binary values are PostgreSQL's, byte for byte") {
  function_caller caller;
  const auto binary = [&](const char* type, const char* value) {
    const std::string out = caller.run({"binary", type, value});
    return out.substr(0, out.find(' '));
  };
  CHECK(binary("numeric", "0.17") == "0001ffff0000000206a4");
  CHECK(binary("numeric", "-12345678.9") == "000300014000000104d2162e2328");
  CHECK(binary("numeric", "NaN") == "00000000c0000000");
  CHECK(binary("interval", "1 mon 2 days 03:04:05.6") == "00000002925e7b000000000200000001");
  CHECK(binary("timestamptz", "2024-02-29 12:34:56.789+00") == "0002b58341728608");
  CHECK(binary("date", "1999-12-31") == "ffffffff");
  CHECK(binary("_int4", "{1,NULL,3}") == "00000001000000010000001700000003000000010000000400000001ffffffff0000000400000003");
  CHECK(binary("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11") == "a0eebc999c0b4ef8bb6d6bb9bd380a11");
  CHECK(binary("float8", "-1.5") == "bff8000000000000");
  CHECK(binary("time", "23:59:59.999999") == "000000141dd75fff");
  CHECK(binary("bool", "t") == "01");
}

TEST_CASE("what a type sends it reads again") {
  function_caller caller;
  for (const auto& sample : helios::testing::type_samples())
    for (auto v : sample.values) {
      const std::string text = caller.run({"cast", sample.type, std::string(v), sample.type});
      const std::string out = caller.run({"binary", sample.type, std::string(v)});
      INFO(sample.type << " '" << v << "'");
      REQUIRE(out.find(' ') != std::string::npos);
      CHECK(out.substr(out.find(' ') + 1) == text);
    }
}
