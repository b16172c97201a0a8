// GRANT, REVOKE and their kin.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

ast::role_name transformer::role(const RoleSpec* node) {
  using kind = ast::role_name::kind;
  ast::role_name out;
  out.position = position(node->location);
  switch (node->roletype) {
    case ROLESPEC_CSTRING: out.name = text_of(node->rolename); break;
    case ROLESPEC_PUBLIC: out.what = kind::everyone; break;
    case ROLESPEC_CURRENT_USER: out.what = kind::current_user; break;
    case ROLESPEC_CURRENT_ROLE: out.what = kind::current_role; break;
    case ROLESPEC_SESSION_USER: out.what = kind::session_user; break;
  }
  return out;
}

std::vector<ast::role_name> transformer::roles(const List* list) {
  std::vector<ast::role_name> out;
  each<RoleSpec>(list, [this, &out](const RoleSpec* r) { out.push_back(role(r)); });
  return out;
}

/// Options of CREATE and ALTER ROLE; those that are lists of roles apart.
ast::role_statement transformer::role_statement(const List* list) {
  ast::role_statement out;
  each<DefElem>(list, [this, &out](const DefElem* e) {
    const auto name = text_of(e->defname);
    auto* value = reinterpret_cast<const List*>(e->arg);
    if (name == "rolemembers") out.members = roles(value);
    else if (name == "adminmembers") out.admins = roles(value);
    else if (name == "addroleto") out.in_roles = roles(value);
    else if (std::any_of(out.settings.begin(), out.settings.end(), [&name](auto& o) { return o.first == name; })) {
      throw sql_error(sqlstate::syntax_error, "conflicting or redundant options").at(position(e->location));
    } else out.settings.emplace_back(name, e->arg == nullptr ? nullptr : expression(e->arg));
  });
  return out;
}

bool transformer::access_statement(const Node* node, ast::statement& out) {
  switch (nodeTag(node)) {
    case T_GrantStmt: out.node = grant(reinterpret_cast<const GrantStmt*>(node)); return true;
    case T_GrantRoleStmt: out.node = grant_role(reinterpret_cast<const GrantRoleStmt*>(node)); return true;
    case T_AlterDefaultPrivilegesStmt: out.node = default_rights(reinterpret_cast<const AlterDefaultPrivilegesStmt*>(node)); return true;
    case T_CreateRoleStmt: {
      auto* r = reinterpret_cast<const CreateRoleStmt*>(node);
      auto made = role_statement(r->options);
      made.user = r->stmt_type == ROLESTMT_USER;
      made.name = text_of(r->role);
      out.node = std::move(made);
      return true;
    }
    case T_AlterRoleStmt: {
      auto* r = reinterpret_cast<const AlterRoleStmt*>(node);
      auto changed = role_statement(r->options);
      changed.alter = true;
      changed.drop_members = r->action < 0;
      changed.who = role(r->role);
      changed.name = changed.who.name;
      out.node = std::move(changed);
      return true;
    }
    case T_DropRoleStmt: {
      auto* d = reinterpret_cast<const DropRoleStmt*>(node);
      out.node = ast::drop_role_statement{roles(d->roles), d->missing_ok};
      return true;
    }
    case T_DropOwnedStmt: {
      auto* d = reinterpret_cast<const DropOwnedStmt*>(node);
      out.node = ast::owned_statement{true, d->behavior == DROP_CASCADE, roles(d->roles), {}};
      return true;
    }
    case T_ReassignOwnedStmt: {
      auto* r = reinterpret_cast<const ReassignOwnedStmt*>(node);
      out.node = ast::owned_statement{false, false, roles(r->roles), role(r->newrole)};
      return true;
    }
    case T_AlterOwnerStmt: {
      auto* a = reinterpret_cast<const AlterOwnerStmt*>(node);
      if (a->objectType != OBJECT_SCHEMA && a->objectType != OBJECT_DATABASE) return false;
      out.node = ast::owner_statement{a->objectType == OBJECT_DATABASE, text_of(strVal(a->object)), role(a->newowner)};
      return true;
    }
    default: return false;
  }
}

namespace {
ast::grant_statement::target target_of(ObjectType type) {
  using target = ast::grant_statement::target;
  switch (type) {
    case OBJECT_TABLE: return target::table;
    case OBJECT_SEQUENCE: return target::sequence;
    case OBJECT_SCHEMA: return target::schema;
    case OBJECT_DATABASE: return target::database;
    default: return target::other;
  }
}
}  // namespace

ast::grant_statement transformer::grant(const GrantStmt* node) {
  ast::grant_statement out;
  out.grant = node->is_grant;
  out.grant_option = node->grant_option;
  out.cascade = node->behavior == DROP_CASCADE;
  out.all_in_schema = node->targtype == ACL_TARGET_ALL_IN_SCHEMA;
  out.defaults = node->targtype == ACL_TARGET_DEFAULTS;
  out.what = target_of(node->objtype);
  each<Node>(node->objects, [this, &out](const Node* n) {
    if (nodeTag(n) == T_RangeVar) out.objects.push_back(relation(reinterpret_cast<const RangeVar*>(n)));
    else if (nodeTag(n) == T_String) out.objects.push_back({{}, {}, text_of(strVal(n)), 0});
  });
  each<AccessPriv>(node->privileges, [&out](const AccessPriv* p) { out.rights.push_back({text_of(p->priv_name), strings(p->cols)}); });
  out.grantees = roles(node->grantees);
  if (node->grantor != nullptr) out.grantor = role(node->grantor);
  return out;
}

ast::grant_role_statement transformer::grant_role(const GrantRoleStmt* node) {
  ast::grant_role_statement out;
  out.grant = node->is_grant;
  out.admin_option = node->admin_opt;
  out.cascade = node->behavior == DROP_CASCADE;
  each<AccessPriv>(node->granted_roles, [&out](const AccessPriv* p) { out.roles.push_back(text_of(p->priv_name)); });
  out.members = roles(node->grantee_roles);
  if (node->grantor != nullptr) out.grantor = role(node->grantor);
  return out;
}

ast::grant_statement transformer::default_rights(const AlterDefaultPrivilegesStmt* node) {
  auto out = grant(node->action);
  out.defaults = true;
  each<DefElem>(node->options, [this, &out](const DefElem* e) {
    auto* list = reinterpret_cast<const List*>(e->arg);
    if (text_of(e->defname) == "schemas") out.in_schemas = strings(list);
    else out.for_roles = roles(list);
  });
  return out;
}

}  // namespace helios::sql::parsing
