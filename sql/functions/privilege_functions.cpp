// has_table_privilege and its like. There is no GRANT yet: whoever may log in may use everything, and the functions say
// so. Names are checked, as PostgreSQL's functions check them.
#include "base/sql_error.hpp"
#include "sql/functions/definition_text.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_privilege_functions(registry&);

namespace {

using args_t = std::span<const datum>;

const role_def& role_named(const catalog_ptr& catalog, datum v, bool by_id) {
  const role_def* role = by_id ? catalog->find_role(static_cast<oid>(v.as_int())) : catalog->find_role(v.as_bytes());
  if (!role)
    throw sql_error(sqlstate::undefined_object, "role \"" + std::string(by_id ? std::to_string(v.as_int()) : std::string(v.as_bytes())) +
                                                    "\" does not exist");
  return *role;
}

datum allowed(call_context&, args_t) { return datum::of_bool(true); }

/// Of a relation given by name, in the last argument but one.
datum relation_by_name(call_context& c, args_t a) {
  const auto name = a[a.size() - 2].as_bytes();
  const auto& settings = formats_of(c);
  if (!settings.names || settings.names->find_relation(name) == 0)
    throw sql_error(sqlstate::undefined_table, "relation \"" + std::string(name) + "\" does not exist");
  return datum::of_bool(true);
}
datum relation_by_id(call_context& c, args_t a) {
  const auto known = identify_relation(*hooks_of(c).catalog(), static_cast<oid>(a[a.size() - 2].as_int()));
  return known ? datum::of_bool(true) : datum::null();
}
datum schema_by_name(call_context& c, args_t a) {
  const auto name = a[a.size() - 2].as_bytes();
  if (!hooks_of(c).catalog()->find_schema(name))
    throw sql_error(sqlstate::invalid_schema_name, "schema \"" + std::string(name) + "\" does not exist");
  return datum::of_bool(true);
}
datum schema_by_id(call_context& c, args_t a) {
  return hooks_of(c).catalog()->find_schema(static_cast<oid>(a[a.size() - 2].as_int())) ? datum::of_bool(true) : datum::null();
}
datum database_by_name(call_context& c, args_t a) {
  const auto name = a[a.size() - 2].as_bytes();
  if (name != hooks_of(c).catalog()->database_name())
    throw sql_error(sqlstate::invalid_catalog_name, "database \"" + std::string(name) + "\" does not exist");
  return datum::of_bool(true);
}

/// pg_has_role(role, privilege): a role is a member of itself, and a superuser of all.
template <bool ById>
datum has_role(call_context& c, args_t a) {
  const auto catalog = hooks_of(c).catalog();
  const role_def& wanted = role_named(catalog, a[a.size() - 2], ById);
  const role_def* user = catalog->find_role(hooks_of(c).current_user());
  return datum::of_bool(user && (user->superuser || user->id == wanted.id));
}

/// With and without the leading user argument.
void add(registry& r, const char* name, oid object, scalar_fn call) {
  using namespace sig;
  r.add(name, {object, txt}, b, call, stable);
  r.add(name, {nm, object, txt}, b, call, stable);
  r.add(name, {id, object, txt}, b, call, stable);
}

}  // namespace

void add_privilege_functions(registry& r) {
  using namespace sig;
  for (const char* name : {"has_table_privilege", "has_sequence_privilege", "has_any_column_privilege"}) {
    add(r, name, txt, relation_by_name);
    add(r, name, id, relation_by_id);
  }
  add(r, "has_schema_privilege", txt, schema_by_name);
  add(r, "has_schema_privilege", id, schema_by_id);
  add(r, "has_database_privilege", txt, database_by_name);
  for (const char* name : {"has_database_privilege", "has_type_privilege", "has_function_privilege", "has_language_privilege",
                           "has_tablespace_privilege"})
    add(r, name, id, allowed);
  r.add("pg_has_role", {nm, txt}, b, has_role<false>, stable);
  r.add("pg_has_role", {id, txt}, b, has_role<true>, stable);
}

}  // namespace helios::sql
