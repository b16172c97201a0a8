#pragma once
// INSERT, UPDATE and DELETE as operators: each next() changes one row and leaves it in its slots for RETURNING. Changes
// that belong to the end of the statement (foreign keys) run before next() returns false.

#include "sql/exec/row_writer.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

struct assignment {
  int column = 0;          ///< 0-based
  expression_ptr value;
};

struct conflict_action {
  bool update = false;
  std::vector<std::size_t> arbiters;          ///< positions in the target's indexes; empty: all unique ones
  std::optional<row_loader> existing;         ///< DO UPDATE: the row that is there
  int excluded_base = 0;                      ///< slots of the row that was to be inserted
  std::vector<assignment> set;
  condition_list filter;
  storage::lock_mode mode = storage::lock_mode::row_no_key_update;
};

struct insert_spec {
  plan_node_ptr source;
  std::shared_ptr<table_target> target;
  std::vector<assignment> values;             ///< one for each column that is not dropped
  std::optional<conflict_action> conflict;
};
plan_node_ptr make_insert(insert_spec spec);

struct update_spec {
  plan_node_ptr source;
  row_loader row;                             ///< the stored row
  std::shared_ptr<table_target> target;       ///< its base: the row as it will be
  std::vector<assignment> set;
  condition_list recheck;
  storage::lock_mode mode = storage::lock_mode::row_no_key_update;
  bool joined = false;                        ///< a row may come more than once
};
plan_node_ptr make_update(update_spec spec);

struct delete_spec {
  plan_node_ptr source;
  row_loader row;
  std::shared_ptr<table_target> target;
  condition_list recheck;
  bool joined = false;
};
plan_node_ptr make_delete(delete_spec spec);

/// One WHEN clause of MERGE.
struct merge_action {
  ast::merge_clause::action what{};
  condition_list condition;
  std::vector<assignment> set;                ///< UPDATE; INSERT: one for each column that is not dropped
  storage::lock_mode mode = storage::lock_mode::row_no_key_update;
};
struct merge_spec {
  plan_node_ptr source;                       ///< source rows with the row that they match, or with none
  row_loader row;                             ///< the row that is matched
  std::shared_ptr<table_target> target;       ///< its base: the row as it will be
  condition_list on;                          ///< to be met again by a row that has changed meanwhile
  std::vector<merge_action> matched, unmatched;
};
plan_node_ptr make_merge(merge_spec spec);

}  // namespace helios::sql
