#pragma once
// What FROM and WHERE say, before the planner has chosen how: relations, inner joins flattened into one list of parts
// and conditions, outer joins as pairs.

#include <memory>
#include <string>
#include <vector>

#include "sql/bind/analysis.hpp"
#include "sql/bind/binder.hpp"

namespace helios::sql {

struct binder::join_tree {
  enum class kind { table, opaque, inner, outer } what = kind::inner;
  const table_def* table = nullptr;  ///< table
  int base = 0;
  std::string alias;
  plan_node_ptr root;                ///< opaque: a query, function, view or VALUES
  double rows = 100;
  std::vector<std::unique_ptr<join_tree>> parts;
  std::vector<expression_ptr> conditions;
  ast::join_kind join = ast::join_kind::inner;
  std::vector<int> slots;            ///< all that it brings
  std::vector<int> needs;            ///< slots of earlier relations (LATERAL)
};

/// Adds the parts of AND to `out`.
void split_conditions(const expression_ptr& condition, std::vector<expression_ptr>& out);

struct join_plan {
  plan_node_ptr root;
  bool ordered = false;              ///< rows come in the wanted order
};
/// Chooses access paths, order and methods of joins. `order`: wanted if that saves a sort; `limited`: a LIMIT follows.
join_plan plan_joins(analysis& in, binder::join_tree& tree, std::vector<expression_ptr> conditions,
                     const std::vector<sort_key>& order, bool limited);

}  // namespace helios::sql
