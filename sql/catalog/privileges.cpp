#include "sql/catalog/privileges.hpp"

#include <algorithm>
#include <set>

#include "base/sql_error.hpp"

namespace helios::sql {
namespace {

role_def predefined(oid id, const char* name) {
  role_def out;
  out.id = id;
  out.name = name;
  out.can_login = false;
  return out;
}

constexpr rights_mask table_rights = right::insert | right::select | right::update | right::erase | right::truncate | right::references | right::trigger;
constexpr rights_mask sequence_rights = right::select | right::update | right::usage;
constexpr rights_mask schema_rights = right::usage | right::create;
constexpr rights_mask database_rights = right::create | right::temporary | right::connect;
constexpr rights_mask column_rights = right::insert | right::select | right::update | right::references;

/// Members of what they are members of, and so on. With `inherited`, only through roles that inherit.
bool reaches(const catalog& c, oid role, oid wanted, bool inherited) {
  if (role == wanted) return true;
  std::set<oid> seen{role};
  std::vector<oid> open{role};
  while (!open.empty()) {
    const oid at = open.back();
    open.pop_back();
    const auto* def = c.find_role(at);
    if (def == nullptr || (inherited && !def->inherit)) continue;
    if (wanted == role_pg_database_owner && at == bootstrap_role) return true;
    for (const auto& [id, m] : c.memberships()) {
      if (m.member != at || !seen.insert(m.role).second) continue;
      if (m.role == wanted) return true;
      open.push_back(m.role);
    }
  }
  return false;
}

}  // namespace

const std::vector<role_def>& predefined_roles() {
  static const std::vector<role_def> list{predefined(3373, "pg_monitor"),
                                          predefined(role_read_all_settings, "pg_read_all_settings"),
                                          predefined(role_read_all_stats, "pg_read_all_stats"),
                                          predefined(3377, "pg_stat_scan_tables"),
                                          predefined(role_signal_backend, "pg_signal_backend"),
                                          predefined(role_checkpoint, "pg_checkpoint"),
                                          predefined(4569, "pg_read_server_files"),
                                          predefined(4570, "pg_write_server_files"),
                                          predefined(4571, "pg_execute_server_program"),
                                          predefined(role_pg_database_owner, "pg_database_owner"),
                                          predefined(role_read_all_data, "pg_read_all_data"),
                                          predefined(role_write_all_data, "pg_write_all_data")};
  return list;
}

const std::vector<membership_def>& predefined_memberships() {
  static const std::vector<membership_def> list{{1, role_read_all_settings, 3373, bootstrap_role, false},
                                                {2, role_read_all_stats, 3373, bootstrap_role, false},
                                                {3, 3377, 3373, bootstrap_role, false}};
  return list;
}

protected_object protect(const table_def& table, std::int16_t column) {
  return {class_relation, table.id, column, table.kind, table.owner, table.name};
}
protected_object protect(const sequence_def& sequence) { return {class_relation, sequence.id, 0, 'S', sequence.owner, sequence.name}; }
protected_object protect(const schema_def& schema) { return {class_schema, schema.id, 0, 'n', schema.owner, schema.name}; }
protected_object protect_database(const catalog& c) { return {class_database, the_database_oid, 0, 'd', bootstrap_role, c.database_name()}; }

const char* kind_word(const protected_object& object) {
  switch (object.kind) {
    case 'v': return "view";
    case 'm': return "materialized view";
    case 'S': return "sequence";
    case 'n': return "schema";
    case 'd': return "database";
    case 'i': return "index";
    default: return "table";
  }
}

rights_mask all_rights(const protected_object& object) {
  if (object.class_id == class_schema) return schema_rights;
  if (object.class_id == class_database) return database_rights;
  if (object.column != 0) return column_rights;
  return object.kind == 'S' ? sequence_rights : table_rights;
}

access_list default_list(const protected_object& object) {
  if (object.column != 0) return {};
  access_list out;
  if (object.class_id == class_database) out.push_back({0, object.owner, right::temporary | right::connect, 0});
  out.push_back({object.owner, object.owner, all_rights(object), 0});
  return out;
}

namespace {
/// What these schemas come with.
bool is_open_schema(const protected_object& object) {
  return object.class_id == class_schema && (object.id == pg_catalog_schema || object.id == information_schema_oid || object.id == public_schema);
}
}  // namespace

std::optional<access_list> shown_list(const catalog& c, const protected_object& object) {
  if (const auto* stored = c.find_access(object.class_id, object.id, object.column)) return stored->items;
  return is_open_schema(object) ? std::optional(list_of(c, object)) : std::nullopt;
}

access_list list_of(const catalog& c, const protected_object& object) {
  if (const auto* stored = c.find_access(object.class_id, object.id, object.column)) return stored->items;
  auto out = default_list(object);
  if (is_open_schema(object)) out.push_back({0, object.owner, right::usage, 0});
  return out;
}

bool is_superuser(const catalog& c, oid role) {
  const auto* def = c.find_role(role);
  return def != nullptr && def->superuser;
}
bool has_rights_of(const catalog& c, oid role, oid of) { return role == of || is_superuser(c, role) || reaches(c, role, of, true); }
bool is_member_of(const catalog& c, oid role, oid of) { return role == of || is_superuser(c, role) || reaches(c, role, of, false); }

bool is_admin_of(const catalog& c, oid role, oid of) {
  if (is_superuser(c, role)) return true;
  return std::any_of(c.memberships().begin(), c.memberships().end(), [&](const auto& entry) {
    const auto& m = entry.second;
    return m.admin && m.role == of && reaches(c, role, m.member, false);
  });
}

bool owns(const catalog& c, oid role, const protected_object& object) { return has_rights_of(c, role, object.owner); }

rights_mask rights_of(const catalog& c, oid role, const protected_object& object, rights_mask wanted) {
  if (is_superuser(c, role)) return wanted;
  rights_mask out = 0;
  for (const auto& item : list_of(c, object)) {
    if ((item.rights & wanted & ~out) == 0) continue;
    if (item.grantee == 0 || has_rights_of(c, role, item.grantee)) out |= item.rights & wanted;
  }
  const bool reads = has_rights_of(c, role, role_read_all_data), writes = has_rights_of(c, role, role_write_all_data);
  if (object.class_id == class_relation) {
    if (reads) out |= wanted & right::select;
    if (writes) out |= wanted & (right::insert | right::update | right::erase);
  } else if (object.class_id == class_schema && (reads || writes)) {
    out |= wanted & right::usage;
  }
  return out;
}

rights_mask grantable_rights(const catalog& c, oid role, const protected_object& object, rights_mask wanted) {
  if (owns(c, role, object)) return wanted;
  rights_mask out = 0;
  for (const auto& item : list_of(c, object)) {
    if (item.grantee != 0 && has_rights_of(c, role, item.grantee)) out |= item.grantable & wanted;
  }
  return out;
}

bool may_column(const catalog& c, oid role, const table_def& table, std::int16_t column, rights_mask wanted) {
  return (rights_of(c, role, protect(table), wanted) | rights_of(c, role, protect(table, column), wanted)) == wanted;
}

bool may_any_column(const catalog& c, oid role, const table_def& table, rights_mask wanted) {
  if (may(c, role, protect(table), wanted)) return true;
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const column_def& column) { return !column.dropped && may_column(c, role, table, column.number, wanted); });
}

void refuse_access(const protected_object& object, int position) {
  throw sql_error(sqlstate::insufficient_privilege, std::string("permission denied for ") + kind_word(object) + " " + object.name).at(position);
}
void refuse_owner(const protected_object& object) {
  throw sql_error(sqlstate::insufficient_privilege, std::string("must be owner of ") + kind_word(object) + " " + object.name);
}
void require_right(const catalog& c, oid role, const protected_object& object, rights_mask wanted, int position) {
  if (!may(c, role, object, wanted)) refuse_access(object, position);
}
void require_owner(const catalog& c, oid role, const protected_object& object) {
  if (!owns(c, role, object)) refuse_owner(object);
}

namespace {
void put_name(const catalog& c, oid role, std::string& out) {
  const auto* def = c.find_role(role);
  const auto name = def == nullptr ? std::to_string(role) : def->name;
  const auto plain = [](char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_'; };
  if (std::all_of(name.begin(), name.end(), plain)) {
    out += name;
    return;
  }
  out += '"';
  for (char ch : name) {
    if (ch == '"') out += '"';
    out += ch;
  }
  out += '"';
}
}  // namespace

std::string to_text(const catalog& c, const access_item& item) {
  std::string out;
  if (item.grantee != 0) put_name(c, item.grantee, out);
  out += '=';
  for (std::size_t i = 0; i < right_letters.size(); ++i) {
    if ((item.rights & (1u << i)) != 0) out += right_letters[i];
    if ((item.grantable & (1u << i)) != 0) out += '*';
  }
  out += '/';
  put_name(c, item.grantor, out);
  return out;
}

}  // namespace helios::sql
