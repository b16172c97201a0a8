// Which function or operator a call means.
#include <doctest/doctest.h>

#include "base/sql_error.hpp"
#include "sql/functions/function.hpp"

using namespace helios;
using namespace helios::sql;
namespace t = helios::sql::type_oid;

namespace {

oid result_of(std::string_view name, std::vector<oid> arguments) { return resolve_function(name, arguments, false, 7).result_type; }
oid operator_result(std::string_view name, oid left, oid right) { return resolve_operator(name, left, right, 7).result_type; }
error_report failure(auto call) {
  try {
    call();
  } catch (const sql_error& e) {
    return e.report();
  }
  FAIL("no error");
  return {};
}

}  // namespace

TEST_CASE("an exact match wins over every coercion") {
  CHECK(result_of("abs", {t::int4}) == t::int4);
  CHECK(result_of("abs", {t::float4}) == t::float4);
  CHECK(operator_result("+", t::int4, t::int8) == t::int8);
  CHECK(operator_result("+", t::date, t::int4) == t::date);
}

TEST_CASE("an unknown literal becomes the preferred type of its category or that of the other side") {
  CHECK(result_of("length", {t::unknown}) == t::int4);
  CHECK(result_of("abs", {t::unknown}) == t::float8);
  CHECK(resolve_operator("=", t::int4, t::unknown, 0).argument_types == std::vector<oid>{t::int4, t::int4});
  CHECK(resolve_operator("||", t::unknown, t::unknown, 0).argument_types == std::vector<oid>{t::text, t::text});
  CHECK(operator_result("-", t::timestamp, t::unknown) == t::interval);
}

TEST_CASE("polymorphic arguments agree on one element type") {
  CHECK(result_of("array_append", {t::int4_array, t::int4}) == t::int4_array);
  CHECK(resolve_function("unnest", std::vector<oid>{t::text_array}, false, 0).result_type == t::text);
  CHECK(failure([] { result_of("array_append", {t::int4_array, t::text}); }).sqlstate == "42883");
}

TEST_CASE("no function is an error with types, hint and position") {
  const auto e = failure([] { result_of("nosuch", {t::int4, t::text}); });
  CHECK(e.sqlstate == "42883");
  CHECK(e.message == "function nosuch(integer, text) does not exist");
  CHECK(e.hint == "No function matches the given name and argument types. You might need to add explicit type casts.");
  CHECK(e.position == 7);
  CHECK(failure([] { operator_result("+", t::text, t::int4); }).message == "operator does not exist: text + integer");
  CHECK(failure([] { operator_result("!", 0, t::int4); }).hint.find("argument type.") != std::string::npos);
}

TEST_CASE("count wants a star or an argument") {
  CHECK(resolve_function("count", {}, true, 0).aggregate != nullptr);
  CHECK(failure([] { resolve_function("count", {}, false, 0); }).sqlstate == "42809");
  CHECK(failure([] { resolve_function("abs", {}, true, 0); }).message == "abs(*) specified, but abs is not an aggregate function");
}

TEST_CASE("casts are allowed by context") {
  CHECK(find_cast(t::int4, t::int8, cast_context::implicit));
  CHECK_FALSE(find_cast(t::int8, t::int4, cast_context::implicit));
  CHECK(find_cast(t::int8, t::int4, cast_context::assignment));
  CHECK_FALSE(find_cast(t::text, t::int4, cast_context::assignment));
  CHECK(find_cast(t::text, t::int4, cast_context::explicit_));
  CHECK_FALSE(find_cast(t::date, t::int4, cast_context::explicit_));
}

TEST_CASE("branches find their common type") {
  CHECK(common_type(std::vector<oid>{t::int4, t::unknown, t::numeric}, "CASE", 0) == t::numeric);
  CHECK(common_type(std::vector<oid>{t::unknown, t::unknown}, "UNION", 0) == t::text);
  CHECK(common_type(std::vector<oid>{t::date, t::timestamptz}, "UNION", 0) == t::timestamptz);
  CHECK(failure([] { common_type(std::vector<oid>{t::int4, t::text}, "UNION", 3); }).message == "UNION types integer and text cannot be matched");
}

TEST_CASE("functions that write are known, so that a standby forwards them") {
  CHECK(function_writes("nextval"));
  CHECK(function_writes("setval"));
  CHECK_FALSE(function_writes("currval"));
  CHECK_FALSE(function_writes("now"));
}
