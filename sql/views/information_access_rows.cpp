// information_schema's privileges and roles: what the current role has given or may use.
#include "sql/catalog/privileges.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

oid current_role(const view_rows& out) {
  const role_def* role = out.definitions->find_role(out.hooks.current_user());
  return role == nullptr ? 0 : role->id;
}

/// One row for each right of an access list that concerns the current role. `write` sets what names the object.
template <class Write>
void explode(view_rows& out, const access_list& list, oid owner, rights_mask shown, bool with_public, Write write) {
  const auto& c = *out.definitions;
  const oid self = current_role(out);
  for (const auto& item : list) {
    const bool mine = has_rights_of(c, self, item.grantor) || (item.grantee != 0 && has_rights_of(c, self, item.grantee));
    if (!mine && !(with_public && item.grantee == 0)) continue;
    for (std::size_t i = 0; i < std::size(right_names); ++i) {
      if ((item.rights & shown & (1u << i)) == 0) continue;
      const bool grantable = (item.grantable & (1u << i)) != 0 || (item.grantee != 0 && has_rights_of(c, item.grantee, owner));
      out.row().set("grantor", out.role_name(item.grantor)).set("grantee", item.grantee == 0 ? "PUBLIC" : out.role_name(item.grantee));
      out.set("table_catalog", c.database_name()).set("privilege_type", right_names[i]).set("is_grantable", grantable ? "YES" : "NO");
      write(1u << i);
    }
  }
}

template <bool WithPublic>
void table_rows(view_rows& out) {
  const auto& c = *out.definitions;
  for (const auto& view : all_system_views()) {
    const protected_object object{class_relation, view.relation.id, 0, 'r', bootstrap_role, view.relation.name};
    access_list list = default_list(object);
    list.push_back({0, bootstrap_role, right::select, 0});
    explode(out, list, bootstrap_role, all_rights(object), WithPublic, [&](rights_mask right) {
      out.set("table_schema", view.relation.schema).set("table_name", view.relation.name).set("with_hierarchy", right == right::select ? "YES" : "NO");
    });
  }
  for (const auto& [id, t] : c.tables()) {
    if (t.kind == 'm') continue;
    explode(out, list_of(c, protect(t)), t.owner, all_rights(protect(t)), WithPublic, [&](rights_mask right) {
      out.set("table_schema", out.schema_name(t.schema)).set("table_name", t.name).set("with_hierarchy", right == right::select ? "YES" : "NO");
    });
  }
}

template <bool WithPublic>
void column_rows(view_rows& out) {
  constexpr rights_mask of_columns = right::select | right::insert | right::update | right::references;
  const auto& c = *out.definitions;
  for (const auto& [id, t] : c.tables()) {
    if (t.kind == 'm') continue;
    for (const auto& column : t.columns) {
      if (column.dropped) continue;
      // What is given on the whole table, and what on this column: each right once.
      access_list list = list_of(c, protect(t));
      for (const auto& own : list_of(c, protect(t, column.number))) {
        auto rest = own;
        for (const auto& item : list) {
          if (item.grantee == own.grantee && item.grantor == own.grantor) rest.rights &= ~item.rights;
        }
        list.push_back(rest);
      }
      explode(out, list, t.owner, of_columns, WithPublic, [&](rights_mask) {
        out.set("table_schema", out.schema_name(t.schema)).set("table_name", t.name).set("column_name", column.name);
      });
    }
  }
}

void enabled_rows(view_rows& out) {
  for (const auto& [id, r] : out.definitions->roles())
    if (has_rights_of(*out.definitions, current_role(out), id)) out.row().set("role_name", r.name);
}

template <bool AdminOnly>
void membership_rows(view_rows& out) {
  for (const auto& [id, m] : out.definitions->memberships()) {
    if (!has_rights_of(*out.definitions, current_role(out), m.member) || (AdminOnly && !m.admin)) continue;
    out.row().set("grantee", out.role_name(m.member)).set("role_name", out.role_name(m.role)).set("is_grantable", m.admin ? "YES" : "NO");
  }
}

}  // namespace

void add_information_access_rows(row_sources& s) {
  s.emplace("information_schema.table_privileges", table_rows<true>);
  s.emplace("information_schema.role_table_grants", table_rows<false>);
  s.emplace("information_schema.column_privileges", column_rows<true>);
  s.emplace("information_schema.role_column_grants", column_rows<false>);
  s.emplace("information_schema.enabled_roles", enabled_rows);
  s.emplace("information_schema.applicable_roles", membership_rows<false>);
  s.emplace("information_schema.administrable_role_authorizations", membership_rows<true>);
}

}  // namespace helios::sql
