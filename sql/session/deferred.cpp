// SET CONSTRAINTS, and the checks that wait for the end of the transaction.

#include "base/sql_error.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

/// Runs checks outside of any statement, on what is committed and written by now.
void session_core::run_checks(std::deque<row_check> checks) {
  if (checks.empty()) return;
  work_.begin_statement();
  auto now = definitions();
  evaluation in;
  pending_checks pending;
  in.call = context(in.scratch);
  in.transaction = &work_;
  in.pending = &pending;
  in.definitions = now.get();
  in.view = work_.newest_view();
  pending.run(std::move(checks), in);
}

namespace {
struct named_rule {
  oid id = 0;
  bool deferrable = false;
};
/// Constraints may share a name within a schema: all of them are meant.
std::vector<named_rule> rules_named(const catalog& c, oid schema, const std::string& name) {
  std::vector<named_rule> out;
  for (auto& [id, table] : c.tables()) {
    if (table.schema != schema) continue;
    for (auto& rule : table.constraints) {
      if (rule.name == name) out.push_back({rule.id, rule.deferrable});
    }
  }
  return out;
}
}  // namespace

std::string session_core::run_set_constraints(const ast::set_constraints_statement& s) {
  if (!explicit_) notice("WARNING", sqlstate::no_active_sql_transaction, "SET CONSTRAINTS can only be used in transaction blocks");
  work_.begin_statement();
  auto c = definitions();
  auto& deferred = work_.deferred();
  if (s.names.empty()) deferred.set_all(s.deferred);
  for (auto& name : s.names) {
    std::vector<oid> schemas = search_path(true);
    if (!name.schema.empty()) {
      auto* schema = c->find_schema(name.schema);
      if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + name.schema + "\" does not exist");
      schemas = {schema->id};
    }
    std::vector<named_rule> found;
    for (oid schema : schemas) {
      found = rules_named(*c, schema, name.name);
      if (!found.empty()) break;
    }
    if (found.empty()) throw sql_error(sqlstate::undefined_object, "constraint \"" + name.name + "\" does not exist");
    for (auto& rule : found) {
      if (!rule.deferrable) throw sql_error("42809", "constraint \"" + name.name + "\" is not deferrable");
      deferred.set(rule.id, s.deferred);
    }
  }
  if (!s.deferred) run_checks(deferred.take_due());
  return "SET CONSTRAINTS";
}

}  // namespace helios::sql
