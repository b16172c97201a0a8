#include "net/url.hpp"

#include <doctest/doctest.h>

using namespace helios::net;

TEST_CASE("targets are split and decoded") {
  std::string path;
  std::map<std::string, std::string> query;
  REQUIRE(parse_target("/nodes/a%20b?lag=10MB&x=1%262&flag&sp=a+b", path, query));
  CHECK(path == "/nodes/a b");
  CHECK(query == std::map<std::string, std::string>{{"lag", "10MB"}, {"x", "1&2"}, {"flag", ""}, {"sp", "a b"}});
}

TEST_CASE("malformed targets are refused") {
  std::string path;
  std::map<std::string, std::string> query;
  for (const char* bad : {"", "*", "nodes", "http://x/", "/%", "/%4", "/%zz", "/a?x=%"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_target(bad, path, query));
  }
}

TEST_CASE("encoding round-trips every byte") {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  CHECK(percent_decode(percent_encode(all), false) == all);
}
