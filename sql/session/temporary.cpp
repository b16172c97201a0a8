// Temporary tables, views and sequences: the session's own schema, and what becomes of them at COMMIT and at the end.
//
// Their definitions and rows live in storage's private spaces, in this session's memory: they are in no WAL and on no
// standby, and nothing of them is left when the session ends, however it ends.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

oid session_core::make_temporary_schema() {
  if (auto* known = definitions()->temporary_schema(); known != nullptr) return known->id;
  // Of all temporary objects the schema gets the highest id: temporary_schema() looks for it at the end.
  schema_def schema{storage::last_private_space.value - 1, "pg_temp_" + std::to_string(options_.id.value), role_id()};
  put_definition(work_.writer(), schema);
  definitions_changed();
  return schema.id;
}

oid session_core::schema_for(const ast::relation_name& name, char persistence, const char* what) {
  if (name.schema == "pg_temp") return make_temporary_schema();
  if (persistence != 't') return schema_of(name, what);
  if (!name.schema.empty()) {
    auto* schema = definitions()->find_schema(name.schema);
    if (schema != nullptr && is_temporary(schema->id)) return schema->id;
    (void)schema_of(name, "");
    throw sql_error("42P16", "cannot create temporary relation in non-temporary schema").at(name.position);
  }
  return make_temporary_schema();
}

/// DISCARD ALL, outside of any transaction block.
void session_core::drop_temporary() {
  work_.private_rows().rows.clear();
  temporary_sequences_.clear();
  forget_definitions();
}

void session_core::drop_on_commit() {
  if (work_.private_rows().rows.empty() && work_.definitions_changed() == 0) return;
  auto c = definitions();
  bool any = std::any_of(c->tables().begin(), c->tables().end(), [](auto& t) { return is_temporary(t.first) && t.second.on_commit == 'D'; });
  if (!any) return;
  work_.begin_statement();
  ddl(*this).drop_temporary(true);
}

/// ON COMMIT DELETE ROWS: the spaces of those tables and of their indexes.
std::vector<storage::space_id> session_core::spaces_to_empty() const {
  std::vector<storage::space_id> out;
  if (const_cast<session_core*>(this)->work_.private_rows().rows.empty() && work_.definitions_changed() == 0) return out;
  auto c = definitions();
  for (auto& [id, table] : c->tables()) {
    if (!is_temporary(id) || table.on_commit != 'd') continue;
    out.push_back(table.space);
    for (oid index : table.indexes) out.push_back(c->find_index(index)->space);
  }
  return out;
}

}  // namespace helios::sql
