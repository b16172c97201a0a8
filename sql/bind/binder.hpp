#pragma once
// Names, types and overloads of one statement's expressions and queries: AST in, expressions and plans out. Throws
// PostgreSQL's errors with their positions.

#include <span>

#include "sql/bind/analysis.hpp"

namespace helios::sql {

struct row_lock_spec;
class grouping;

class binder {
 public:
  explicit binder(analysis& in) : in_(in) {}

  // --- expressions (bind_expression*.cpp) ---
  expression_ptr bind(const ast::expr& e, scope& s);
  /// Coerced to boolean, with PostgreSQL's "argument of WHERE must be type boolean".
  expression_ptr bind_condition(const ast::expr& e, scope& s, const char* clause);
  type_ref resolve_type(const ast::type_name& name) const;
  /// Without its modifier and array bounds; nullptr when there is none.
  const type_ops* find_type_named(const ast::type_name& name) const;
  /// Assignment to a column, with PostgreSQL's "column "x" is of type integer but expression is of type text".
  expression_ptr assign(expression_ptr value, type_ref to, const std::string& column, int position);
  /// nullptr when there is no such cast in this context.
  expression_ptr try_coerce(const expression_ptr& value, type_ref to, cast_context context, int position);
  expression_ptr coerce(const expression_ptr& value, type_ref to, cast_context context, int position);
  expression_ptr call_operator(const std::string& name, expression_ptr left, expression_ptr right, int position);
  expression_ptr call_function(const std::string& name, std::vector<expression_ptr> arguments, int position);
  /// Unknown literals and parameters become text.
  expression_ptr settle_unknown(const expression_ptr& value);
  /// "?column?", a column's or a function's name.
  static std::string column_name(const ast::expr& e);

  // --- queries (bind_select.cpp, bind_from.cpp) ---
  /// `keep_unknown`: literals of unknown type stay so, for the caller to coerce.
  bound_query bind_query(const ast::select& q, scope* outer, bool keep_unknown = false);
  std::vector<output_column> bind_targets(const std::vector<ast::target>& targets, scope& s, bool keep_unknown = false);
  void bind_change(const ast::common_table& t, common_table_entry& entry, scope& s);
  void bind_common_tables(const std::vector<ast::common_table>& tables, bool recursive, scope& s);
  /// A base table as the only or first relation of `s`, with its column slots.
  relation_entry& add_table(const table_def& table, const std::string& alias, scope& s, int position);
  const table_def& find_table(const ast::relation_name& name) const;
  /// A view's query, parsed; `keep` holds what it points into.
  static std::shared_ptr<const ast::select> view_query(const table_def& view);

  struct join_tree;
  std::unique_ptr<join_tree> bind_from(const std::vector<ast::from_ptr>& items, scope& s);
  std::vector<sort_key> bind_order(const std::vector<ast::sort_item>& items, const std::vector<output_column>& outputs,
                                   const std::vector<ast::target>* targets, scope& s, bool only_outputs);
  expression_ptr bind_limit(const ast::expr_ptr& e, scope& s, const char* clause);
  analysis& state() { return in_; }
  /// What a column holds when one of its fields gets a value: `row` is what it held, `path` the names from the column's field on.
  expression_ptr store_field(const expression_ptr& row, std::span<const std::string> path, const ast::expr& value, const std::string& column,
                             int position, scope& s);
  /// Where an expression begins in the text.
  static int start_of(const ast::expr& e);

 private:
  // bind_expression.cpp
  expression_ptr bind_as_written(const ast::expr& e, scope& s);
  expression_ptr add_aggregate(aggregate_call call, oid type, const std::string& name, scope& s);
  expression_ptr constant(const ast::expr& e);
  expression_ptr column(const ast::expr& e, scope& s);
  expression_ptr whole_row(const relation_entry& relation, int position, scope& from, scope* to);
  expression_ptr parameter(const ast::expr& e);
  expression_ptr operation(const ast::expr& e, scope& s);
  expression_ptr call(const ast::expr& e, scope& s);
  expression_ptr aggregate(const ast::expr& e, std::vector<expression_ptr> arguments, const resolved_function& f, scope& s);
  expression_ptr set_function(const ast::expr& e, std::vector<expression_ptr> arguments, const resolved_function& f, scope& s);
  expression_ptr fold(expression_ptr e);
  // bind_window.cpp
  expression_ptr window_function(const ast::expr& e, scope& s);
  expression_ptr within_group(const ast::expr& e, scope& s);
  const bound_window& named_window(window_list& list, std::size_t number, scope& s);
  bound_window bind_window(window_list& list, const ast::window_def& w, std::size_t known, scope& s);
  void bind_named_windows(window_list& list, scope& s);
  void bind_frame(const ast::window_def& w, bound_window& out, scope& s);
  expression_ptr frame_offset(const ast::expr& e, const bound_window& w, scope& s);
  plan_node_ptr plan_windows(plan_node_ptr input, window_list list, const std::vector<sort_key>& order);
  // grouping_sets.cpp
  expression_ptr grouping_function(const ast::expr& e, scope& s);
  void bind_grouping_sets(const ast::select& q, const std::vector<std::vector<const ast::expr*>>& sets, scope& s, grouping_slots& out,
                          std::vector<expression_ptr>& values, grouping& groups);
  std::vector<expression_ptr> coerce_arguments(std::vector<expression_ptr> arguments, const std::vector<oid>& types,
                                               int position);
  // bind_forms.cpp
  expression_ptr form(const ast::expr& e, scope& s);
  expression_ptr case_form(const ast::expr& e, scope& s);
  expression_ptr common_form(const ast::expr& e, scope& s);
  expression_ptr null_if(const ast::expr& e, scope& s);
  expression_ptr distinct_from(const ast::expr& e, scope& s);
  expression_ptr in_list(const ast::expr& e, scope& s);
  expression_ptr between(const ast::expr& e, scope& s);
  expression_ptr row_comparison(const std::string& op, const ast::expr& left, const ast::expr& right, scope& s, int position);
  expression_ptr op_any(const ast::expr& e, scope& s);
  expression_ptr subquery(const ast::expr& e, scope& s);
  expression_ptr quantified(const ast::expr& e, scope& s);
  expression_ptr current_value(const ast::expr& e);
  // coerce_types.cpp
  expression_ptr coerce_defined(const expression_ptr& value, type_ref to, cast_context context, int position);
  expression_ptr to_domain(const expression_ptr& value, const type_ops& domain, cast_context context, int position);
  expression_ptr to_row(const row_expression& row, const type_ops& type, cast_context context, int position);
  expression_ptr to_array(const expression_ptr& value, type_ref to, cast_context context, int position);
  // bind_rows.cpp
  expression_ptr array_of_defined(const ast::expr& e, type_ref to, scope& s);
  expression_ptr star_as_row(const ast::expr& e, scope& s);
  expression_ptr field(const ast::expr& e, scope& s);
  std::size_t field_number(type_ref type, const std::string& field, const std::string& column, int position) const;
  void expand_row(const ast::expr& e, scope& s, std::vector<output_column>& out);
  // bind_arrays.cpp
  expression_ptr array(const ast::expr& e, scope& s);
  expression_ptr array_test(const ast::expr& e, scope& s);
  expression_ptr subscript(const ast::expr& e, scope& s);
  expression_ptr json_subscript(const ast::expr& e, expression_ptr value, scope& s);
  expression_ptr row(const ast::expr& e, scope& s);
  /// `positions` of the values, for errors; `part` is what these call the construct, if not the same.
  std::vector<expression_ptr> to_common(std::vector<expression_ptr> values, const char* construct, int position,
                                        const std::vector<int>* positions = nullptr, const char* part = nullptr);


  // bind_select.cpp
  bound_query set_operation(const ast::select& q, scope& s, bool keep_unknown);
  bound_query values_query(const ast::select& q, scope& s, bool keep_unknown);
  struct select_parts;
  expression_ptr group_value(const ast::expr& g, const std::vector<output_column>& outputs, scope& s);
  void bind_lists(const ast::select& q, scope& s, bool keep_unknown, select_parts& p);
  static void check_grouping(const grouping& groups, const select_parts& p, const scope& s);
  void plan_groups(select_parts& p);
  bound_query simple_select(const ast::select& q, scope& s, bool keep_unknown);
  void finish_query(const ast::select& q, scope& s, bound_query& out, std::vector<sort_key> order, bool sorted);
  void project(bound_query& q, bool all);
  void project_with_order(bound_query& out, std::vector<sort_key>& order);
  void distinct_first(const ast::select& q, bound_query& out, const std::vector<expression_ptr>& on,
                      const std::vector<sort_key>& order, bool sorted);
  void distinct_rows(const ast::select& q, bound_query& out, std::vector<sort_key>& order);
  static const char* lock_clause(ast::lock_strength strength);
  std::vector<row_lock_spec> bind_locking(const std::vector<ast::locking_clause>& clauses, scope& s);
  // bind_from.cpp
  std::unique_ptr<join_tree> from_item(const ast::from_item& item, scope& s);
  std::unique_ptr<join_tree> from_table(const ast::from_item& item, scope& s);
  std::unique_ptr<join_tree> from_view(const ast::from_item& item, const table_def& view, scope& s);
  std::unique_ptr<join_tree> merged_view(const ast::from_item& item, const table_def& view, const ast::select& q, scope& s, oid as);
  void note_read(const scope& at, const visible_column& found);
  void note_read(const relation_entry& r, std::size_t column);
  void note_column(const ast::expr& e, const scope& at, const visible_column& found);
  void note_star(const ast::expr& e, const scope& s, const std::vector<visible_column>& columns);
  std::unique_ptr<join_tree> from_query(const ast::from_item& item, scope& s);
  std::unique_ptr<join_tree> from_function(const ast::from_item& item, scope& s);
  std::unique_ptr<join_tree> from_join(const ast::from_item& item, scope& s);
  std::unique_ptr<join_tree> from_common_table(const ast::from_item& item, common_table_entry& table, scope& s);
  void add_relation(scope& s, relation_entry relation, const std::vector<std::string>& aliases);

  analysis& in_;
};

}  // namespace helios::sql
