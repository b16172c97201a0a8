#pragma once
// A statement ready to run: its operators and what must be set up before they do. Immutable, shared by the executions of
// one session. It keeps the catalog alive that its definitions point into, and is valid for that catalog only.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sql/ast/statement.hpp"
#include "sql/bind/analysis.hpp"
#include "sql/session.hpp"

namespace helios::sql {

struct plan {
  enum class kind : std::uint8_t { select, insert, update, erase, merge } what = kind::select;
  catalog_ptr definitions;
  std::uint64_t settings_generation = 0;
  plan_node_ptr root;
  std::vector<plan_node_ptr> side_plans;
  std::vector<expression_ptr> outputs;    ///< empty for a change without RETURNING
  std::vector<result_column> columns;
  std::vector<oid> parameter_types;
  std::size_t slots = 0, subqueries = 0, shared = 0;
  std::map<oid, storage::lock_mode> locks;
  std::vector<access_need> needs;
  bool modifies = false;                  ///< a change in WITH
  bool locks_rows = false;                ///< FOR UPDATE and its kin
  bool cacheable = true;

  bool returns_rows() const { return !outputs.empty() || what == kind::select; }
  bool writes() const { return what != kind::select || modifies; }
};
using plan_ptr = std::shared_ptr<const plan>;

/// For SELECT, INSERT, UPDATE and DELETE. `types`: of parameters, 0 where they are to be inferred.
plan_ptr analyze(const ast::statement& statement, const bind_environment& env, std::span<const oid> types);
/// Same, for a query whose rows go into `target` (CREATE TABLE AS).
std::string command_name(plan::kind what);

/// Prepares an evaluation's frame for a plan.
void set_up(evaluation& in, const plan& p);

}  // namespace helios::sql
