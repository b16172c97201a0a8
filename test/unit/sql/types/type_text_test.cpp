// Text forms of types. What stands on the right was printed by PostgreSQL 15.
#include <doctest/doctest.h>

#include "test/support/function_caller.hpp"
#include "test/unit/sql/types/type_samples.hpp"

using helios::testing::function_caller;

namespace {

struct reading {
  const char* type;
  const char* in;
  const char* out;
};
void check(function_caller& caller, std::initializer_list<reading> list) {
  for (const auto& r : list) {
    INFO(r.type << " '" << r.in << "'");
    CHECK(caller.run(std::string("cast\t") + r.type + "\t" + r.in + "\t" + r.type) == r.out);
  }
}

}  // namespace

TEST_CASE("numbers are read and printed as PostgreSQL does") {
  function_caller caller;
  check(caller, {{"int4", " 12 ", "12"},
                 {"int4", "2147483648", "ERR 22003 value \"2147483648\" is out of range for type integer"},
                 {"int4", "1.5", "ERR 22P02 invalid input syntax for type integer: \"1.5\""},
                 {"int2", "", "ERR 22P02 invalid input syntax for type smallint: \"\""},
                 {"float8", "0.1", "0.1"}, {"float8", "1e15", "1e+15"}, {"float8", "100000", "100000"}, {"float8", "-0", "-0"},
                 {"float8", "1e-320", "1e-320"}, {"float8", "1e400", "ERR 22003 \"1e400\" is out of range for type double precision"},
                 {"float4", "16777217", "1.6777216e+07"}, {"float4", "1e6", "1e+06"}, {"float8", "-inf", "-Infinity"}});
}

TEST_CASE("numeric keeps its digits, also behind leading zeros") {
  function_caller caller;
  check(caller, {{"numeric", "0.17", "0.17"}, {"numeric", "0.08", "0.08"}, {"numeric", "009", "9"}, {"numeric", "1.50", "1.50"},
                 {"numeric", "1e10", "10000000000"}, {"numeric", "1e-10", "0.0000000001"}, {"numeric", "-.5", "-0.5"},
                 {"numeric", "nan", "NaN"}, {"numeric", "1e131073", "ERR 22003 value overflows numeric format"},
                 {"numeric", "1.2.3", "ERR 22P02 invalid input syntax for type numeric: \"1.2.3\""}});
  CHECK(caller.run("cast\tnumeric\t99.995\tnumeric\t327686") == "100.00");  // numeric(5,2)
  CHECK(caller.run("cast\tnumeric\t999.995\tnumeric\t327686") == "ERR 22003 numeric field overflow");
}

TEST_CASE("dates and times are read in many forms") {
  function_caller caller;
  check(caller, {{"date", "Jan 5, 2021", "2021-01-05"}, {"date", "20210506", "2021-05-06"}, {"date", "2021.123", "2021-05-03"},
                 {"date", "J2451187", "1999-01-08"}, {"date", "0044-03-15 BC", "0044-03-15 BC"}, {"date", "epoch", "1970-01-01"},
                 {"date", "2024-02-30", "ERR 22008 date/time field value out of range: \"2024-02-30\""},
                 {"date", "foo", "ERR 22007 invalid input syntax for type date: \"foo\""},
                 {"time", "040506", "04:05:06"}, {"time", "04:05 PM", "16:05:00"}, {"time", "24:00:00", "24:00:00"},
                 {"timestamp", "2021-05-06T07:08:09Z", "2021-05-06 07:08:09"},
                 {"timestamp", "2021-05-06 7:8:9.1234567", "2021-05-06 07:08:09.123457"},
                 {"timestamptz", "2024-07-01 12:00:00 Europe/Berlin", "2024-07-01 10:00:00+00"},
                 {"timestamptz", "2021-05-06 07:08:09-03:30", "2021-05-06 10:38:09+00"}});
}

TEST_CASE("a time zone moves the text of timestamptz and keeps the moment") {
  function_caller caller;
  caller.run("set\tTimeZone\tAmerica/New_York");
  check(caller, {{"timestamptz", "2024-07-01 12:00:00+00", "2024-07-01 08:00:00-04"},
                 {"timestamptz", "2024-03-10 02:30:00", "2024-03-10 03:30:00-04"},   // in the gap
                 {"timestamptz", "2024-11-03 01:30:00", "2024-11-03 01:30:00-05"}}); // twice: the later
}

TEST_CASE("DateStyle and IntervalStyle change the text") {
  function_caller caller;
  caller.run("set\tDateStyle\tSQL, DMY");
  check(caller, {{"date", "5/6/2021", "05/06/2021"}, {"timestamp", "2021-06-05 01:02:03", "05/06/2021 01:02:03"}});
  caller.run("set\tDateStyle\tGerman");
  check(caller, {{"date", "2021-06-05", "05.06.2021"}});
  caller.run("set\tIntervalStyle\tiso_8601");
  check(caller, {{"interval", "1 year 2 mons 3 days 04:05:06.789", "P1Y2M3DT4H5M6.789S"}});
  caller.run("set\tIntervalStyle\tsql_standard");
  check(caller, {{"interval", "1 year 2 mons 3 days 04:05:06.789", "+1-2 +3 +4:05:06.789"}});
}

TEST_CASE("intervals are read by unit, once each") {
  function_caller caller;
  check(caller, {{"interval", "1.5 days", "1 day 12:00:00"}, {"interval", "P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
                 {"interval", "1 mon ago", "-1 mons"}, {"interval", "1 2:03:04", "1 day 02:03:04"}, {"interval", "100 hours", "100:00:00"},
                 {"interval", "1 day 1 day", "ERR 22007 invalid input syntax for type interval: \"1 day 1 day\""},
                 {"interval", "178000000 years", "178000000 years"}});
}

TEST_CASE("other types are checked on the way in") {
  function_caller caller;
  check(caller, {{"bool", "yes", "t"}, {"bool", "of", "f"}, {"bool", "o", "ERR 22P02 invalid input syntax for type boolean: \"o\""},
                 {"uuid", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
                 {"uuid", "xyz", "ERR 22P02 invalid input syntax for type uuid: \"xyz\""},
                 {"bytea", "a\\\\000b", "\\x610062"}, {"json", "{\"a\": [1, 2e3, null]}", "{\"a\": [1, 2e3, null]}"},
                 {"json", "[1,2", "ERR 22P02 invalid input syntax for type json"},
                 {"pg_lsn", "16/b374d848", "16/B374D848"}, {"regtype", "character varying", "character varying"},
                 {"_int4", "{{1,2},{3}}", "ERR 22P02 malformed array literal: \"{{1,2},{3}}\""},
                 {"_text", " { a , \"b c\" , NULL } ", "{a,\"b c\",NULL}"}});
}

TEST_CASE("what a type prints it reads again") {
  function_caller caller;
  for (const auto& sample : helios::testing::type_samples())
    for (auto v : sample.values) {
      const std::string once = caller.run({"cast", sample.type, std::string(v), sample.type});
      INFO(sample.type << " '" << v << "'");
      CHECK(once.substr(0, 3) != "ERR");
      CHECK(caller.run({"cast", sample.type, once, sample.type}) == once);
    }
}
