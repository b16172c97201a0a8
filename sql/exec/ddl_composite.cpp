// CREATE TYPE ... AS (...), and what keeps a row type from changing. ALTER TYPE ... ATTRIBUTE is ALTER TABLE's work: a
// composite type is a relation without rows.

#include <set>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/exec/row_nesting.hpp"

namespace helios::sql {

std::string ddl::create_composite(const ast::create_composite_statement& s) {
  try {
    return make_composite(s);
  } catch (sql_error& e) {
    e.report().position = 0;  // PostgreSQL tells none here
    throw;
  }
}

std::string ddl::make_composite(const ast::create_composite_statement& s) {
  begin("CREATE TYPE");
  table_def type;
  type.kind = 'c';
  type.schema = owner_.schema_of(s.name, "type");
  type.name = s.name.name;
  type.owner = owner_.role_id();
  (void)work_.lock({storage::lock_kind::unique_key, storage::catalog_space.value, std::to_string(type.schema) + "/" + type.name},
                   storage::lock_mode::access_exclusive, row_wait::wait, [&type] { return "type \"" + type.name + "\""; });
  work_.begin_statement();
  refuse_existing_type(type.schema, type.name);
  refuse_existing(type.schema, type.name, 0);
  std::vector<constraint_request> later;
  for (auto& c : s.columns) {
    if (type.column(c.name) != nullptr) throw sql_error(sqlstate::duplicate_column, "column \"" + c.name + "\" specified more than once");
    type.columns.push_back(make_column(c, type, later));
  }
  type.id = owner_.next_oid();
  put(type);
  check_nesting(*owner_.definitions(), type);
  return "CREATE TYPE";
}

/// Rows of this type that are stored elsewhere would have the wrong columns. Columns that are arrays of it are named first.
void ddl::check_row_type_unused(const table_def& table) {
  auto all = owner_.definitions();
  std::set<oid> seen{table.id};
  std::vector<oid> rows{row_type_of(table.id)};
  auto check = [&](const table_def& other, const column_def& c, bool arrays) {
    auto under = base_type(c.type.id);
    auto element = element_type(under);
    if (arrays != (element != 0) || (element != 0 ? base_type(element) : under) != rows.back()) return;
    if (!other.is_composite()) {
      auto what = std::string(table.is_composite() ? "type" : "table");
      throw sql_error(sqlstate::feature_not_supported, "cannot alter " + what + " \"" + table.name + "\" because column \"" + other.name + "." +
                                                           c.name + "\" uses " + (table.is_composite() ? "it" : "its row type"));
    }
    // A composite type around it: what counts is whether rows of that one are stored.
    if (seen.insert(other.id).second) rows.insert(rows.begin(), row_type_of(other.id));
  };
  for (; !rows.empty(); rows.pop_back()) {
    for (bool arrays : {true, false}) {
      for (auto& [id, other] : all->tables()) {
        for (auto& c : other.columns) {
          if (!other.is_view() && !c.dropped) check(other, c, arrays);
        }
      }
    }
  }
}

}  // namespace helios::sql
