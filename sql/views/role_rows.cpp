// pg_authid, pg_roles, pg_user, pg_shadow, pg_group, pg_auth_members, pg_default_acl. Verifiers of passwords are shown to superusers alone.
#include "base/sql_error.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

void role_columns(view_rows& out, const role_def& r) {
  out.row().set("oid", r.id).set("rolname", r.name).set("rolsuper", r.superuser).set("rolinherit", r.inherit);
  out.set("rolcreaterole", r.create_role).set("rolcreatedb", r.create_database).set("rolcanlogin", r.can_login);
  out.set("rolreplication", r.replication).set("rolbypassrls", r.bypass_row_security).set("rolconnlimit", r.connection_limit);
  if (r.valid_until) out.set("rolvaliduntil", datum::of_int(*r.valid_until));
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
  out.row().set("usename", r.name).set("usesysid", r.id).set("usecreatedb", r.create_database).set("usesuper", r.superuser);
  out.set("userepl", r.replication).set("usebypassrls", r.bypass_row_security);
  if (r.valid_until) out.set("valuntil", datum::of_int(*r.valid_until));
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
  for (const auto& [id, r] : out.definitions->roles()) {
    if (r.can_login) continue;
    std::vector<datum> members;
    for (const auto& [number, m] : out.definitions->memberships())
      if (m.role == id) members.push_back(datum::of_int(m.member));
    out.row().set("groname", r.name).set("grosysid", id).set_array("grolist", type_oid::oid, std::move(members));
  }
}
void member_rows(view_rows& out) {
  for (const auto& [id, m] : out.definitions->memberships())
    out.row().set("roleid", m.role).set("member", m.member).set("grantor", m.grantor).set("admin_option", m.admin);
}
void default_access_rows(view_rows& out) {
  for (const auto& [id, d] : out.definitions->default_access()) {
    out.row().set("oid", id).set("defaclrole", d.role).set("defaclnamespace", d.schema).set("defaclobjtype", d.kind);
    out.set_access("defaclacl", d.items);
  }
}

}  // namespace

void add_role_rows(row_sources& s) {
  s.emplace("pg_authid", authid_rows);
  s.emplace("pg_roles", role_rows);
  s.emplace("pg_user", user_rows);
  s.emplace("pg_shadow", shadow_rows);
  s.emplace("pg_group", group_rows);
  s.emplace("pg_auth_members", member_rows);
  s.emplace("pg_default_acl", default_access_rows);
}

}  // namespace helios::sql
