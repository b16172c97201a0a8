// pg_attribute and pg_attrdef.
#include <algorithm>

#include "sql/catalog/privileges.hpp"
#include "sql/functions/definition_text.hpp"
#include "sql/views/type_facts.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

view_rows& attribute(view_rows& out, oid relation, std::int64_t number, std::string_view name, type_ref type) {
  const type_ops* ops = find_type(type.id);
  const type_facts* facts = find_type_facts(type.id);
  out.row().set("attrelid", relation).set("attnum", number).set("attname", name).set("atttypid", type.id);
  out.set("atttypmod", type.modifier).set("attstattarget", -1).set("attcacheoff", -1).set("attislocal", true);
  out.set("attlen", ops ? ops->length : std::int16_t{-1}).set("attndims", element_type(type.id) != 0 && ops && ops->kind != 'd' ? 1 : 0);
  out.set("attbyval", facts && facts->by_value).set("attalign", facts ? facts->align : 'i');
  return out.set("attstorage", facts ? facts->storage : 'p').set("attcollation", facts ? facts->collation : oid{0});
}

/// pg_attrdef needs an oid per default: there is none in the catalog, so it is made of the table's and the column's.
oid default_oid(const table_def& t, const column_def& c) { return t.id ^ (static_cast<oid>(c.number) << 20); }

void table_attributes(view_rows& out, const table_def& t) {
  for (const auto& c : t.columns) {
    if (c.dropped) {
      attribute(out, t.id, c.number, "........pg.dropped." + std::to_string(c.number) + "........", {0, -1}).set("attisdropped", true);
      continue;
    }
    attribute(out, t.id, c.number, c.name, c.type).set("attnotnull", c.not_null);
    out.set("atthasdef", !c.default_text.empty() && c.identity == 0);
    if (c.identity != 0) out.set("attidentity", c.identity);
    if (c.generated) out.set("attgenerated", 's');
    out.set_access("attacl", shown_list(*out.definitions, protect(t, c.number)));
  }
}

std::string expression_column_name(const std::string& text, const std::vector<std::string>& taken) {
  const std::string base = index_expression_name(text);
  std::string name = base;
  for (int n = 1; std::find(taken.begin(), taken.end(), name) != taken.end(); ++n) name = base + std::to_string(n);
  return name;
}

void index_attributes(view_rows& out, const index_def& i, const table_def& t) {
  std::int64_t number = 0;
  std::vector<std::string> names;
  auto add = [&](const std::string& name, type_ref type) {
    names.push_back(name);
    attribute(out, i.id, ++number, name, type);
  };
  auto column = [&t](std::int16_t n) -> const column_def& { return t.columns[static_cast<std::size_t>(n - 1)]; };
  for (const auto& k : i.keys) {
    if (k.column != 0) add(column(k.column).name, column(k.column).type);
    else add(expression_column_name(k.expression, names), k.type);
  }
  for (auto n : i.included) add(column(n).name, column(n).type);
}

void attribute_rows(view_rows& out) {
  for (const auto& view : all_system_views())
    for (std::size_t i = 0; i < view.relation.columns.size(); ++i) {
      const auto& c = view.relation.columns[i];
      attribute(out, view.relation.id, static_cast<std::int64_t>(i) + 1, c.name, c.type).set("attnotnull", view.not_null[i]);
    }
  for (const auto& [id, t] : out.definitions->tables()) table_attributes(out, t);
  for (const auto& [id, i] : out.definitions->indexes()) {
    if (const table_def* t = out.definitions->find_table(i.table)) index_attributes(out, i, *t);
  }
  for (const auto& [id, s] : out.definitions->sequences()) {
    attribute(out, id, 1, "last_value", {type_oid::int8, -1}).set("attnotnull", true);
    attribute(out, id, 2, "log_cnt", {type_oid::int8, -1}).set("attnotnull", true);
    attribute(out, id, 3, "is_called", {type_oid::boolean, -1}).set("attnotnull", true);
  }
}

void default_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& c : t.columns)
      if (!c.dropped && !c.default_text.empty() && c.identity == 0)
        out.row().set("oid", default_oid(t, c)).set("adrelid", id).set("adnum", c.number).set("adbin", c.default_text);
}

}  // namespace

void add_attribute_rows(row_sources& s) {
  s.emplace("pg_attribute", attribute_rows);
  s.emplace("pg_attrdef", default_rows);
}

}  // namespace helios::sql
