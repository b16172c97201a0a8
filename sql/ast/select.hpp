#pragma once
// Queries as parsed: SELECT, VALUES, set operations and what stands in FROM. See expr.hpp for the rules.

#include <optional>

#include "sql/ast/expr.hpp"

namespace helios::sql::ast {

struct statement;

struct relation_name {
  std::string catalog, schema, name;
  int position = 0;
};

struct column_def {
  std::string name;
  type_name type;
  int position = 0;
};

enum class join_kind : std::uint8_t { inner, left, right, full, cross };

struct from_item;
using from_ptr = std::unique_ptr<from_item>;

struct from_item {
  enum class kind : std::uint8_t { table, query, function, join } what = kind::table;
  relation_name table;
  std::shared_ptr<const select> query;
  expr_ptr function;
  bool ordinality = false, lateral = false;
  std::vector<column_def> function_columns;

  join_kind join = join_kind::inner;
  bool natural = false;
  from_ptr left, right;
  std::vector<std::string> using_columns;
  expr_ptr on;

  std::string alias;
  std::vector<std::string> column_aliases;
  int position = 0;
};

struct target {
  expr_ptr value;
  std::string name;                   ///< AS, or the column of INSERT/UPDATE
  std::vector<std::string> fields;    ///< INSERT/UPDATE: the field of the column, and of that field, ...
  int position = 0;
  std::shared_ptr<const expr> row;    ///< UPDATE SET (a, b) = ...: shared source
  int row_column = 0;                 ///< 1-based within it; 0: a plain target
};

struct common_table {
  std::string name;
  std::vector<std::string> columns;
  std::shared_ptr<const statement> query;
  int position = 0;
};

enum class lock_strength : std::uint8_t { key_share, share, no_key_update, update };
enum class lock_wait : std::uint8_t { wait, skip, nowait };
struct locking_clause {
  lock_strength strength{};
  lock_wait wait = lock_wait::wait;
  std::vector<relation_name> of;
};

/// An item of GROUP BY: an expression, or sets of further items.
struct grouping_item {
  enum class kind : std::uint8_t { value, list, rollup, cube, sets } what = kind::value;
  expr_ptr value;                     ///< value
  std::vector<grouping_item> items;   ///< the others; `list` is (a, b), and () when it is empty
  int position = 0;
};

enum class set_operation : std::uint8_t { none, union_, intersect, except };

struct select {
  std::vector<common_table> with;
  bool recursive = false;

  set_operation operation = set_operation::none;
  bool all = false;
  std::shared_ptr<const select> left, right;

  std::vector<std::vector<expr_ptr>> values;
  std::vector<target> targets;
  std::vector<from_ptr> from;
  expr_ptr where, having;
  std::vector<grouping_item> group_by;
  bool group_distinct = false;
  std::vector<std::shared_ptr<const window_def>> windows;
  bool distinct = false;
  std::vector<expr_ptr> distinct_on;

  std::vector<sort_item> order_by;
  expr_ptr limit, offset;
  bool with_ties = false;
  std::vector<locking_clause> locking;
};

}  // namespace helios::sql::ast
