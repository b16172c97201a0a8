// pg_proc, pg_operator and pg_cast: the built-in functions, from the registry that the binder uses. The input and
// output functions of types are listed too, for clients that join pg_type with pg_proc.
#include "sql/functions/registry.hpp"
#include "sql/views/type_facts.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

std::vector<datum> oids(const std::vector<oid>& list) {
  std::vector<datum> out;
  for (oid id : list) out.push_back(datum::of_int(id));
  return out;
}

void function_row(view_rows& out, oid id, const char* name, const std::vector<oid>& arguments, oid result, char kind) {
  out.row().set("oid", id).set("proname", name).set("pronamespace", pg_catalog_schema).set("proowner", bootstrap_role);
  out.set("prolang", 12).set("procost", 1.0).set("prokind", kind).set("prosrc", name).set("proparallel", 's');
  out.set("pronargs", arguments.size()).set("prorettype", result).set_vector("proargtypes", type_oid::oid, oids(arguments));
}

void function_rows(view_rows& out) {
  for (const auto& f : builtins().all_functions()) {
    function_row(out, f.id, f.name, f.arguments, f.result, f.window ? 'w' : 'f');
    out.set("proisstrict", f.strict).set("proretset", f.returns_set).set("prorows", f.returns_set ? 1000.0 : 0.0);
    out.set("provolatile", f.stability == volatility::immutable ? 'i' : f.stability == volatility::stable ? 's' : 'v');
    if (f.variadic_any) out.set("provariadic", type_oid::any);
  }
  for (const auto& a : builtins().all_aggregates()) {
    // array_agg is one function for PostgreSQL, and one per element type here.
    if (std::string_view(a.name) == "array_agg" && a.arguments.front() != type_oid::int4) continue;
    function_row(out, a.id, a.name, a.arguments, a.result, 'a');
    out.set("provolatile", 'i');
  }
  for (const auto& f : type_io_functions()) {
    function_row(out, f.id, f.name, {}, 0, 'f');
    out.set("provolatile", 'i').set("proisstrict", true).set("pronargs", 1);
  }
}

void operator_rows(view_rows& out) {
  for (const auto& f : builtins().all_operators()) {
    const bool prefix = f.arguments.size() == 1;
    out.row().set("oid", f.id).set("oprname", f.name).set("oprnamespace", pg_catalog_schema).set("oprowner", bootstrap_role);
    out.set("oprkind", prefix ? 'l' : 'b').set("oprleft", prefix ? oid{0} : f.arguments.front());
    out.set("oprright", f.arguments.back()).set("oprresult", f.result);
  }
}

/// Casts have no oids of their own here; their number in the registry stands for one.
void cast_rows(view_rows& out) {
  oid number = 10000;
  for (const auto& c : builtins().all_casts()) {
    const char context = c.context == cast_context::implicit ? 'i' : c.context == cast_context::assignment ? 'a' : 'e';
    out.row().set("oid", number++).set("castsource", c.from).set("casttarget", c.to).set("castcontext", context);
    out.set("castmethod", c.call ? 'i' : 'b');
  }
}

}  // namespace

void add_function_rows(row_sources& s) {
  s.emplace("pg_proc", function_rows);
  s.emplace("pg_operator", operator_rows);
  s.emplace("pg_cast", cast_rows);
}

}  // namespace helios::sql
