// The table of built-in functions as a whole.
#include <doctest/doctest.h>

#include <map>

#include "sql/functions/registry.hpp"
#include "sql/types/type_name.hpp"

using namespace helios;
using namespace helios::sql;

TEST_CASE("every built-in function and operator has PostgreSQL's oid or one that is ours for good") {
  // From 9500 on a number would depend on the order of registration: function_oids.cpp must know them all.
  for (const auto& f : builtins().all_functions()) {
    INFO(std::string(f.name));
    CHECK(f.id != 0);
    CHECK(f.id < 9500);
  }
  for (const auto& f : builtins().all_operators()) {
    INFO(std::string(f.name));
    CHECK(f.id != 0);
    CHECK(f.id < 9500);
  }
  for (const auto& a : builtins().all_aggregates()) CHECK(a.id < 9500);
}

TEST_CASE("oids that clients know by heart are right") {
  const auto id = [](std::string_view name, std::vector<oid> arguments) { return builtin_oid(name, arguments); };
  CHECK(id("abs", {type_oid::int4}) == 1397);
  CHECK(id("lower", {type_oid::text}) == 870);
  CHECK(id("now", {}) == 1299);
  CHECK(id("nextval", {type_oid::regclass}) == 1574);
  CHECK(function_oid("pg_catalog.version") == 89);
  CHECK(function_name(89) == "version");
}

TEST_CASE("no two functions share an oid or a signature") {
  std::map<oid, std::string> ids;
  std::map<std::string, int> signatures;
  for (const auto& f : builtins().all_functions()) {
    INFO(std::string(f.name));
    CHECK(ids.emplace(f.id, f.name).second);
    std::string signature = f.name;
    for (oid t : f.arguments) signature += " " + std::to_string(t);
    CHECK(++signatures[signature] == 1);
  }
}

TEST_CASE("every signature is made of known types, and calls of it resolve to it") {
  for (const auto& f : builtins().all_functions()) {
    INFO(std::string(f.name));
    CHECK(find_type(f.result));
    bool concrete = !f.variadic_any;
    for (oid t : f.arguments) {
      CHECK(find_type(t));
      concrete = concrete && get_type(t).category != 'P';
    }
    // Window functions are the window operator's.
    CHECK((f.returns_set ? f.call_set != nullptr : f.window ? f.call == nullptr : f.call != nullptr));
    if (concrete) CHECK(resolve_function(f.name, f.arguments, false, 0).function == &f);
  }
}
