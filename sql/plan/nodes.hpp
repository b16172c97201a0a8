#pragma once
// Makes the nodes of physical plans. Each lives with its operator in one file of sql/exec.

#include <memory>
#include <optional>
#include <vector>

#include "sql/bind/analysis.hpp"
#include "sql/plan/plan_node.hpp"

namespace helios::sql {

using condition_list = std::vector<expression_ptr>;

/// A table in a plan: column i of the definition stands in slot base + i, then the row id, then the row's version.
struct table_source {
  const table_def* table = nullptr;
  int base = 0;
  std::string alias;
  int row_slot() const { return base + static_cast<int>(table->columns.size()); }
  int version_slot() const { return row_slot() + 1; }
};

struct index_bound {
  expression_ptr value;
  bool inclusive = true;
};
struct index_range {
  const index_def* index = nullptr;
  std::vector<expression_ptr> equal;       ///< for the first keys
  std::vector<expression_ptr> any_of;      ///< for the last of `equal` (then its value is null): one lookup each
  std::optional<index_bound> low, high;    ///< for the key after them
  bool backward = false;
};

plan_node_ptr make_one_row();
plan_node_ptr make_values(std::vector<std::vector<expression_ptr>> rows, std::vector<int> slots);
plan_node_ptr make_table_scan(table_source source, condition_list filter);
plan_node_ptr make_index_scan(table_source source, index_range range, condition_list filter);
/// `columns`: of a function that returns records, which go to as many slots from `slot` on.
plan_node_ptr make_function_scan(const function_def* function, std::vector<expression_ptr> arguments,
                                 std::vector<record_column> columns, int slot, int ordinality_slot);
/// Set-returning functions of a select list: rows until the longest of them ends, NULL for those that ended before.
plan_node_ptr make_project_set(plan_node_ptr input, std::vector<set_call> calls);
plan_node_ptr make_filter(plan_node_ptr input, condition_list filter);
struct projection {
  int slot;
  expression_ptr value;
};
plan_node_ptr make_project(plan_node_ptr input, std::vector<projection> values);
plan_node_ptr make_nested_loop(plan_node_ptr left, plan_node_ptr right, bool left_join);
plan_node_ptr make_materialize(plan_node_ptr input);
struct hash_join_spec {
  plan_node_ptr left, right;               ///< the right one is hashed
  std::vector<expression_ptr> left_keys, right_keys;
  condition_list residual;
  bool keep_left = false, keep_right = false;  ///< outer sides
};
plan_node_ptr make_hash_join(hash_join_spec spec);
/// `count`: number of rows wanted, if known before the sort; null: all.
plan_node_ptr make_sort(plan_node_ptr input, std::vector<sort_key> keys, expression_ptr limit, expression_ptr offset);
plan_node_ptr make_limit(plan_node_ptr input, expression_ptr limit, expression_ptr offset, std::vector<sort_key> ties);
plan_node_ptr make_aggregate(plan_node_ptr input, std::vector<expression_ptr> groups, std::vector<aggregate_call> calls);
/// GROUP BY of several sets: one row per group of each; `slots[i]` gets `values[i]`, or NULL where its set has it not.
struct grouping_sets_spec {
  std::vector<expression_ptr> values;
  std::vector<int> slots;
  std::vector<std::vector<std::size_t>> sets;
  int set_slot = 0;
};
plan_node_ptr make_grouping_sets(plan_node_ptr input, grouping_sets_spec spec, std::vector<aggregate_call> calls);
/// The input comes sorted by partition and order, whose expressions are slots.
plan_node_ptr make_window(plan_node_ptr input, bound_window window, std::vector<window_call> calls);
/// Keeps the first row of each group of equal keys.
plan_node_ptr make_distinct(plan_node_ptr input, std::vector<expression_ptr> keys);
/// The branches write the same slots, one after the other.
plan_node_ptr make_append(std::vector<plan_node_ptr> inputs);
plan_node_ptr make_set_operation(plan_node_ptr left, plan_node_ptr right, bool except, bool all, std::vector<int> slots,
                                 std::vector<type_ref> types);
/// The rows of a common table, computed at the first use. `from`: slots of its own plan; `to`: of this use.
plan_node_ptr make_shared_scan(plan_node_ptr table, int number, std::string name, std::vector<int> from, std::vector<int> to);
/// When `input` has ended, runs what it has not read of `changes` (each a shared scan).
plan_node_ptr make_with_changes(plan_node_ptr input, std::vector<plan_node_ptr> changes);
/// WITH RECURSIVE: `step` reads the rows of the round before through make_working_scan(number).
plan_node_ptr make_recursive(plan_node_ptr start, plan_node_ptr step, int number, bool distinct, std::vector<int> slots, std::vector<type_ref> types);
plan_node_ptr make_working_scan(int number, std::string name, std::vector<int> to);
struct row_lock_spec {
  table_source source;
  storage::lock_mode mode{};
  ast::lock_wait wait{};
};
/// SELECT FOR UPDATE and its kin. `recheck`: what a row read again after a wait must still meet.
plan_node_ptr make_lock_rows(plan_node_ptr input, std::vector<row_lock_spec> locks, condition_list recheck);

}  // namespace helios::sql
