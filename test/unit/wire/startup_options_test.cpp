#include "wire/pg/startup_options.hpp"

#include <doctest/doctest.h>

using namespace helios::wire::pg;
using settings = std::map<std::string, std::string>;

TEST_CASE("startup options are read in every form that libpq sends") {
  CHECK(*parse_startup_options("") == settings{});
  CHECK(*parse_startup_options("-c a=1 -cb=2  --c=3") == settings{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  CHECK(*parse_startup_options("-c search_path=a\\ b") == settings{{"search_path", "a b"}});
  CHECK(*parse_startup_options("-c x=1=2") == settings{{"x", "1=2"}});
}

TEST_CASE("other words in startup options are refused by name") {
  for (const char* bad : {"-c", "-x", "word", "-c novalue", "--", "-c =v"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_startup_options(bad).ok());
  }
}
