// pg_authid, pg_roles, pg_user, pg_shadow, pg_group. Verifiers of passwords are shown to superusers alone.
#include "base/sql_error.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

void role_columns(view_rows& out, const role_def& r) {
  out.row().set("oid", r.id).set("rolname", r.name).set("rolsuper", r.superuser).set("rolinherit", true);
  out.set("rolcreaterole", r.superuser).set("rolcreatedb", r.superuser).set("rolcanlogin", r.can_login);
  out.set("rolreplication", r.superuser).set("rolbypassrls", r.superuser).set("rolconnlimit", -1);
}
bool by_superuser(const view_rows& out) {
  const role_def* user = out.definitions->find_role(out.hooks.current_user());
  return user && user->superuser;
}
void require_superuser(const view_rows& out, const char* table) {
  if (!by_superuser(out))
    throw sql_error(sqlstate::insufficient_privilege, std::string("permission denied for table ") + table);
}

void authid_rows(view_rows& out) {
  require_superuser(out, "pg_authid");
  for (const auto& [id, r] : out.definitions->roles()) {
    role_columns(out, r);
    out.set_if("rolpassword", r.scram_verifier);
  }
}
void role_rows(view_rows& out) {
  for (const auto& [id, r] : out.definitions->roles()) {
    role_columns(out, r);
    out.set("rolpassword", "********");
  }
}
void user_columns(view_rows& out, const role_def& r) {
  out.row().set("usename", r.name).set("usesysid", r.id).set("usecreatedb", r.superuser).set("usesuper", r.superuser);
  out.set("userepl", r.superuser).set("usebypassrls", r.superuser);
}
void user_rows(view_rows& out) {
  for (const auto& [id, r] : out.definitions->roles())
    if (r.can_login) {
      user_columns(out, r);
      out.set("passwd", "********");
    }
}
void shadow_rows(view_rows& out) {
  require_superuser(out, "pg_shadow");
  for (const auto& [id, r] : out.definitions->roles())
    if (r.can_login) {
      user_columns(out, r);
      out.set_if("passwd", r.scram_verifier);
    }
}
void group_rows(view_rows& out) {
  for (const auto& [id, r] : out.definitions->roles())
    if (!r.can_login) out.row().set("groname", r.name).set("grosysid", id).set_array("grolist", type_oid::oid, {});
}

}  // namespace

void add_role_rows(row_sources& s) {
  s.emplace("pg_authid", authid_rows);
  s.emplace("pg_roles", role_rows);
  s.emplace("pg_user", user_rows);
  s.emplace("pg_shadow", shadow_rows);
  s.emplace("pg_group", group_rows);
}

}  // namespace helios::sql
