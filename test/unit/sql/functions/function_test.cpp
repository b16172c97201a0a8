// Results of functions, operators and casts, as PostgreSQL 15 gives them. compare_functions.py compares many more.
#include <doctest/doctest.h>

#include "test/support/function_caller.hpp"

using helios::testing::function_caller;

namespace {

struct expectation {
  const char* request;  ///< fields separated by '|'
  const char* answer;
};
void check(std::initializer_list<expectation> list) {
  function_caller caller;
  for (const auto& e : list) {
    std::string request = e.request;
    for (char& c : request)
      if (c == '|') c = '\t';
    INFO(std::string(e.request));
    CHECK(caller.run(request) == e.answer);
  }
}

}  // namespace

TEST_CASE("arithmetic checks its range and its divisor") {
  check({{"op|+|int4|2147483647|int4|1", "ERR 22003 integer out of range"},
         {"op|/|int4|7|int4|0", "ERR 22012 division by zero"},
         {"op|/|int4|-7|int4|2", "-3"}, {"op|%|int4|-7|int4|2", "-1"},
         {"op|/|int8|-9223372036854775808|int8|-1", "ERR 22003 bigint out of range"},
         {"op|*|float8|1e308|float8|10", "ERR 22003 value out of range: overflow"},
         {"op|<<|int4|1|int4|33", "2"}, {"op|^|float8|-8|float8|0.5", "ERR 2201F a negative number raised to a non-integer power yields a complex result"}});
}

TEST_CASE("numeric chooses the scale of its results as PostgreSQL does") {
  check({{"op|/|numeric|1|numeric|3", "0.33333333333333333333"}, {"op|/|numeric|10|numeric|4", "2.5000000000000000"},
         {"op|*|numeric|1.50|numeric|-2.0", "-3.000"}, {"op|%|numeric|-7.7|numeric|2", "-1.7"},
         {"op|^|numeric|1.5|numeric|7", "17.0859375000000000"}, {"call|sqrt|numeric|0.1", "0.31622776601683793"},
         {"call|ln|numeric|1.5", "0.4054651081081644"}, {"call|round|numeric|2.5", "3"}, {"call|round|numeric|-2.567|int4|2", "-2.57"},
         {"op|+|numeric|Infinity|numeric|-Infinity", "NaN"}, {"call|width_bucket|numeric|5|numeric|0|numeric|10|int4|5", "3"}});
}

TEST_CASE("casts between numbers round or refuse") {
  check({{"cast|float8|2.5|int4", "2"}, {"cast|numeric|2.5|int4", "3"}, {"cast|float8|1e10|int4", "ERR 22003 integer out of range"},
         {"cast|numeric|NaN|int4", "ERR 0A000 cannot convert NaN to integer"}, {"cast|text|12x|int4", "ERR 22P02 invalid input syntax for type integer: \"12x\""},
         {"cast|date|2024-01-01|int4", "ERR 42846 cannot cast type date to integer"}, {"cast|text|abcdef|varchar|7", "abc"}});
}

TEST_CASE("strings count characters, not bytes") {
  check({{"call|length|text|äöü", "3"}, {"call|octet_length|text|äöü", "6"}, {"call|substr|text|日本語|int4|2", "本語"},
         {"call|left|text|Hello|int4|-2", "Hel"}, {"call|lpad|text|ab|int4|5|text|xy", "xyxab"}, {"call|initcap|text|hello wORLD", "Hello World"},
         {"call|split_part|text|a,b,c|text|,|int4|-1", "c"}, {"call|translate|text|12345|text|143|text|ax", "a2x5"},
         {"call|overlay|text|Txxxxas|text|hom|int4|2|int4|4", "Thomas"}, {"call|quote_literal|text|it's", "'it''s'"},
         {"call|quote_ident|text|select", "\"select\""}, {"call|chr|int4|-1", "ERR 22023 character number must be positive"}});
}

TEST_CASE("patterns match as in PostgreSQL") {
  check({{"op|~~|text|a_b%c|text|a\\\\_b%", "t"}, {"op|~|text|foobar|text|^f.*r$", "t"}, {"op|~*|text|ABC|text|b", "t"},
         {"call|regexp_replace|text|foobarbaz|text|b(..)|text|X\\\\1Y|text|g", "fooXarYXazY"},
         {"call|regexp_match|text|foobarbequebaz|text|(bar)(beque)", "{bar,beque}"},
         {"op|~|text|x|text|(", "ERR 2201B invalid regular expression: parentheses () not balanced"}});
}

TEST_CASE("dates move by days, months and zones") {
  check({{"op|+|date|2024-01-31|interval|1 mon", "2024-02-29 00:00:00"}, {"op|-|date|2024-03-01|date|2024-02-01", "29"},
         {"op|-|timestamp|2024-03-01 12:00|timestamp|2024-02-01", "29 days 12:00:00"}, {"op|*|interval|1 mon|float8|1.5", "1 mon 15 days"},
         {"call|age|timestamp|2024-03-01|timestamp|1999-12-31", "24 years 2 mons 1 day"},
         {"call|date_trunc|text|week|timestamp|2024-02-29 12:00", "2024-02-26 00:00:00"},
         {"call|extract|text|epoch|timestamptz|1970-01-02 00:00:00+00", "86400.000000"},
         {"call|extract|text|dow|time|12:00", "ERR 0A000 unit \"dow\" not supported for type time without time zone"},
         {"call|timezone|text|+02|timestamp|2024-02-29 12:00", "2024-02-29 14:00:00+00"},
         {"call|justify_interval|interval|-1-2 +3 -4:05:06", "-1 years -1 mons -27 days -04:05:06"},
         {"call|make_date|int4|2023|int4|2|int4|29", "ERR 22008 date field value out of range: 2023-02-29"}});
}

TEST_CASE("arrays are built, joined and searched") {
  check({{"call|array_cat|_int4|{1,2}|_int4|{3}", "{1,2,3}"}, {"call|array_append|_int4|{{1}}|int4|2", "ERR 22000 argument must be empty or one-dimensional array"},
         {"call|array_position|_text|{a,b,NULL}|text|b", "2"}, {"call|array_to_string|_text|{a,NULL,b}|text|,|text|*", "a,*,b"},
         {"call|array_length|_int4|[0:1]={5,6}|int4|1", "2"}, {"op|@>|_int4|{1,2,3}|_int4|{3,1}", "t"}, {"call|unnest|_int4|{1,NULL}", "1|\\N"},
         {"call|array_remove|_int4|[0:1]={5,6}|int4|2", "[0:1]={5,6}"}});
}

TEST_CASE("values are written as JSON") {
  check({{"call|json_build_object|text|a|int4|1|text|b|_int4|{1,2}|text|c|text|x\"y", "{\"a\" : 1, \"b\" : [1,2], \"c\" : \"x\\\"y\"}"},
         {"call|json_build_object|text|a", "ERR 22023 argument list must have even number of elements"},
         {"call|json_build_array|int4|1|text|\\N|float8|NaN", "[1, null, \"NaN\"]"},
         {"call|to_json|timestamptz|2020-01-01 00:00+00", "\"2020-01-01T00:00:00+00:00\""}});
}

TEST_CASE("aggregates skip NULL and know empty sets") {
  check({{"aggregate|sum|int4|1|\\\\N|5", "6"}, {"aggregate|sum|int4|\\\\N", "\\N"}, {"aggregate|count|int4|1|\\\\N", "1"},
         {"aggregate|avg|int4|1|2", "1.5000000000000000"}, {"aggregate|stddev|numeric|1|2|3|4", "1.2909944487358056"},
         {"aggregate|array_agg|text|a|\\\\N", "{a,NULL}"}, {"aggregate|bool_and|bool|t|f", "f"}, {"aggregate|max|text|a|c|b", "c"}});
}

TEST_CASE("a change at the end of a path that would need too much stack is refused") {
  std::string value = "1", path = "{a";
  for (int i = 0; i < 600; ++i) value = "{\"a\":" + value + "}", path += i > 0 ? ",a" : "";
  helios::testing::function_caller caller;
  CHECK(caller.run({"call", "jsonb_set", "jsonb", value, "_text", path + "}", "jsonb", "2"}) == "ERR 54001 stack depth limit exceeded");
  CHECK(caller.run({"call", "jsonb_set", "jsonb", value, "_text", "{a,a}", "jsonb", "2"}) == "{\"a\": {\"a\": 2}}");
}
