// information_schema: table_constraints, key_column_usage, constraint_column_usage, referential_constraints and
// check_constraints. As in PostgreSQL, NOT NULL columns count as check constraints with made names.
#include "sql/types/type_name.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

std::string not_null_name(const table_def& t, const column_def& c) {
  return std::to_string(t.schema) + "_" + std::to_string(t.id) + "_" + std::to_string(c.number) + "_not_null";
}
const column_def* column_of(const table_def& t, std::int16_t number) {
  for (const auto& c : t.columns)
    if (c.number == number && !c.dropped) return &c;
  return nullptr;
}
const char* kind_text(constraint_kind kind) {
  switch (kind) {
    case constraint_kind::primary_key: return "PRIMARY KEY";
    case constraint_kind::unique: return "UNIQUE";
    case constraint_kind::foreign_key: return "FOREIGN KEY";
    case constraint_kind::check: return "CHECK";
  }
  return "";
}
const char* rule_text(fk_action action) {
  switch (action) {
    case fk_action::no_action: return "NO ACTION";
    case fk_action::restrict: return "RESTRICT";
    case fk_action::cascade: return "CASCADE";
    case fk_action::set_null: return "SET NULL";
    case fk_action::set_default: return "SET DEFAULT";
  }
  return "";
}

view_rows& constraint(view_rows& out, const table_def& t, const std::string& name) {
  return out.row().set("constraint_catalog", out.definitions->database_name()).set("constraint_schema", out.schema_name(t.schema))
      .set("constraint_name", name);
}
view_rows& table(view_rows& out, const table_def& t) {
  return out.set("table_catalog", out.definitions->database_name()).set("table_schema", out.schema_name(t.schema))
      .set("table_name", t.name);
}

void table_constraint(view_rows& out, const table_def& t, const std::string& name, const char* kind, bool unique) {
  constraint(out, t, name);
  table(out, t).set("constraint_type", kind).set("is_deferrable", "NO").set("initially_deferred", "NO").set("enforced", "YES");
  if (unique) out.set("nulls_distinct", "YES");
}
void table_constraint_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables()) {
    for (const auto& k : t.constraints) table_constraint(out, t, k.name, kind_text(k.kind), k.kind == constraint_kind::unique);
    for (const auto& c : t.columns)
      if (c.not_null && !c.dropped) table_constraint(out, t, not_null_name(t, c), "CHECK", false);
  }
}

/// 1-based place of a referenced column in the unique constraint that it is part of.
std::size_t place_in_key(const table_def* t, const constraint_def& k, std::int16_t column) {
  if (t)
    for (const auto& other : t->constraints)
      if (other.index != 0 && other.columns == k.referenced_columns)
        for (std::size_t i = 0; i < other.columns.size(); ++i)
          if (other.columns[i] == column) return i + 1;
  return 0;
}
void key_column_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& k : t.constraints) {
      if (k.kind == constraint_kind::check) continue;
      for (std::size_t i = 0; i < k.columns.size(); ++i) {
        const column_def* c = column_of(t, k.columns[i]);
        if (!c) continue;
        constraint(out, t, k.name);
        table(out, t).set("column_name", c->name).set("ordinal_position", i + 1);
        if (k.kind != constraint_kind::foreign_key || i >= k.referenced_columns.size()) continue;
        const auto place = place_in_key(out.definitions->find_table(k.referenced_table), k, k.referenced_columns[i]);
        if (place > 0) out.set("position_in_unique_constraint", place);
      }
    }
}

void column_usage_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& k : t.constraints) {
      const bool foreign = k.kind == constraint_kind::foreign_key;
      const table_def* used = foreign ? out.definitions->find_table(k.referenced_table) : &t;
      if (!used) continue;
      for (auto number : foreign ? k.referenced_columns : k.columns)
        if (const column_def* c = column_of(*used, number)) {
          constraint(out, t, k.name);
          table(out, *used).set("column_name", c->name);
        }
    }
}
void table_usage_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& k : t.constraints) {
      const bool foreign = k.kind == constraint_kind::foreign_key;
      const table_def* used = foreign ? out.definitions->find_table(k.referenced_table) : &t;
      if (!used || k.kind == constraint_kind::check) continue;
      constraint(out, t, k.name);
      table(out, *used);
    }
}

void referential_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& k : t.constraints) {
      if (k.kind != constraint_kind::foreign_key) continue;
      constraint(out, t, k.name).set("match_option", "NONE").set("update_rule", rule_text(k.on_update));
      out.set("delete_rule", rule_text(k.on_delete));
      const table_def* referenced = out.definitions->find_table(k.referenced_table);
      if (!referenced) continue;
      for (const auto& other : referenced->constraints)
        if (other.index != 0 && other.columns == k.referenced_columns)
          out.set("unique_constraint_catalog", out.definitions->database_name())
              .set("unique_constraint_schema", out.schema_name(referenced->schema)).set("unique_constraint_name", other.name);
    }
}

void check_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables()) {
    for (const auto& k : t.constraints)
      if (k.kind == constraint_kind::check) constraint(out, t, k.name).set("check_clause", with_type_names(k.check_text));
    for (const auto& c : t.columns)
      if (c.not_null && !c.dropped) constraint(out, t, not_null_name(t, c)).set("check_clause", c.name + " IS NOT NULL");
  }
  for (const auto& [id, d] : out.definitions->type_definitions())
    for (const auto& k : d.constraints) {
      out.row().set("constraint_catalog", out.definitions->database_name()).set("constraint_schema", out.schema_name(d.schema));
      out.set("constraint_name", k.name).set("check_clause", with_type_names(k.check_text));
    }
}

}  // namespace

void add_information_constraint_rows(row_sources& s) {
  s.emplace("information_schema.table_constraints", table_constraint_rows);
  s.emplace("information_schema.key_column_usage", key_column_rows);
  s.emplace("information_schema.constraint_column_usage", column_usage_rows);
  s.emplace("information_schema.constraint_table_usage", table_usage_rows);
  s.emplace("information_schema.referential_constraints", referential_rows);
  s.emplace("information_schema.check_constraints", check_rows);
}

}  // namespace helios::sql
