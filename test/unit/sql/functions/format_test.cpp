// to_char, to_number, to_date, to_timestamp, format.
#include <doctest/doctest.h>

#include "test/support/function_caller.hpp"

using helios::testing::function_caller;

namespace {
std::string call(const std::vector<std::string>& fields) {
  function_caller caller;
  std::vector<std::string> request = {"call"};
  request.insert(request.end(), fields.begin(), fields.end());
  return caller.run(request);
}
std::string shown(const char* number, const char* pattern) { return call({"to_char", "numeric", number, "text", pattern}); }
std::string moment(const char* pattern) { return call({"to_char", "timestamp", "2024-02-29 12:34:56.789", "text", pattern}); }
}  // namespace

TEST_CASE("numbers fill their patterns") {
  CHECK(shown("-1234.567", "9,999.99") == "-1,234.57");
  CHECK(shown("0.1", "9.99") == "  .10");
  CHECK(shown("0.1", "FM0.99") == "0.1");
  CHECK(shown("1234", "999") == " ###");
  CHECK(shown("-5", "999PR") == "  <5>");
  CHECK(shown("12", "FM99th") == "12th");
  CHECK(shown("1985", "FMRN") == "MCMLXXXV");
  CHECK(shown("12345", "9.99EEEE") == " 1.23e+04");
  CHECK(shown("12.4", "99V9") == " 124");
  CHECK(call({"to_char", "float8", "-0", "text", "999"}) == "  -0");
  CHECK(call({"to_char", "int4", "2147483647", "text", "999V99"}) == "ERR 22003 integer out of range");
  CHECK(shown("1", "9.9.9") == "ERR 42601 multiple decimal points");
}

TEST_CASE("moments fill their patterns") {
  CHECK(moment("YYYY-MM-DD HH24:MI:SS.MS") == "2024-02-29 12:34:56.789");
  CHECK(moment("FMDay, FMDDth FMMonth") == "Thursday, 29th February");
  CHECK(moment("Month|TMMonth|MON") == "February |February|FEB");
  CHECK(moment("IYYY-IW-ID Q J") == "2024-09-4 1 2460370");
  CHECK(moment("HH12 AM a.m. \"at\" Y,YYY") == "12 PM p.m. at 2,024");
  CHECK(call({"to_char", "interval", "1 day 25:00:00", "text", "HH24 DD"}) == "25 01");
  CHECK(call({"to_char", "timestamp", "infinity", "text", "YYYY"}) == "\\N");
}

TEST_CASE("text is read by a pattern") {
  CHECK(call({"to_date", "text", "06 May 2021", "text", "DD Mon YYYY"}) == "2021-05-06");
  CHECK(call({"to_date", "text", "2021-126", "text", "YYYY-DDD"}) == "2021-05-06");
  CHECK(call({"to_timestamp", "text", "11:30 PM", "text", "HH12:MI AM"}) == "0001-01-01 23:30:00+00 BC");
  CHECK(call({"to_timestamp", "text", "2021-05-06 +03:30", "text", "YYYY-MM-DD TZH:TZM"}) == "2021-05-05 20:30:00+00");
  CHECK(call({"to_date", "text", "2021-13-01", "text", "YYYY-MM-DD"}) == "ERR 22008 date/time field value out of range: \"2021-13-01\"");
  CHECK(call({"to_date", "text", "abc", "text", "YYYY"}) == "ERR 22007 invalid value \"abc\" for \"YYYY\"");
  CHECK(call({"to_number", "text", "12,454.8-", "text", "99G999D9S"}) == "-12454.8");
}

TEST_CASE("format puts values, identifiers and literals") {
  CHECK(call({"format", "text", "%s %I %L", "text", "a b", "text", "c d", "text", "e'f"}) == "a b \"c d\" 'e''f'");
  CHECK(call({"format", "text", "%2$s-%1$s", "text", "x", "text", "y"}) == "y-x");
  CHECK(call({"format", "text", "%s"}) == "ERR 22023 too few arguments for format()");
}

TEST_CASE("sizes are shown in the unit that fits") {
  CHECK(call({"pg_size_pretty", "int8", "10239"}) == "10239 bytes");
  CHECK(call({"pg_size_pretty", "int8", "10240"}) == "10 kB");
  CHECK(call({"pg_size_pretty", "int8", "-10485760"}) == "-10 MB");
  CHECK(call({"pg_size_bytes", "text", "1.5kB"}) == "1536");
}
