#pragma once
// INSERT, UPDATE and DELETE: analysis of the target, its defaults and checks, ON CONFLICT and RETURNING.

#include "sql/bind/binder.hpp"
#include "sql/exec/modify.hpp"

namespace helios::sql {

/// What INSERT, UPDATE and DELETE change: a table, or the table behind views that are simple enough.
struct change_target {
  struct level {
    const table_def* view = nullptr;
    std::shared_ptr<const ast::select> query;
  };
  const table_def* table = nullptr;
  std::vector<level> views;  ///< the named one first; empty for a table
  oid as = 0;                ///< whose rights on the table count: access_need::as
  const std::string& name() const { return views.empty() ? table->name : views[0].view->name; }
};

/// How a foreign key's action changes a row of its child: a target with all checks, and the defaults that it may set.
struct row_action {
  std::shared_ptr<table_target> target;
  std::vector<expression_ptr> defaults;  ///< of the columns asked for
  std::size_t frame = 0;                 ///< slots that they use
};
row_action bind_row_action(const bind_environment& env, const table_def& table, const std::vector<int>& defaults);

class modify_binder {
 public:
  explicit modify_binder(analysis& in) : in_(in), bind_(in) {}

  /// `enclosing`: for a change in WITH, whose common tables come before it.
  bound_query insert(const ast::insert_statement& s, scope* enclosing = nullptr);
  bound_query update(const ast::update_statement& s, scope* enclosing = nullptr);
  bound_query erase(const ast::delete_statement& s, scope* enclosing = nullptr);
  bound_query merge(const ast::merge_statement& s);
  /// INSERT of rows that come in slots, in the order of `columns`: for COPY and CREATE TABLE AS.
  plan_node_ptr insert_rows(const table_def& table, const std::vector<std::int16_t>& columns, plan_node_ptr source,
                            const std::vector<expression_ptr>& values);
  std::shared_ptr<table_target> target(const table_def& table);
  /// What a row gets in a column that it does not name.
  expression_ptr default_of(const column_def& column);

 private:
  // bind_target.cpp
  change_target writable(const ast::relation_name& name, const char* command);
  void note_change(const change_target& t, const column_def& column, const std::string& name, rights_mask rights);
  /// The row in the slots from `base` on as the statement sees it; with the conditions and the checks of the views, if wanted.
  relation_entry relation_of(const change_target& t, const std::string& alias, int base, std::vector<expression_ptr>* conditions = nullptr,
                             std::vector<table_target::check>* checks = nullptr);
  /// The table's column under a name of the target; throws for what a view computes. `command`: "insert into" or "update".
  const column_def& column_of(const change_target& t, const std::string& name, int position, const char* command);
  expression_ptr stored_expression(const std::string& text, scope& s, type_ref to, const std::string& column);
  std::unique_ptr<binder::join_tree> first_relation(const change_target& changed, const std::string& alias, int position, scope& s,
                                                    table_source& source, std::vector<expression_ptr>& conditions);
  // bind_merge.cpp
  merge_action merge_clause(const ast::merge_clause& c, const change_target& target, const table_target& t, scope& s);
  std::vector<assignment> merge_values(const ast::merge_clause& c, const change_target& target, scope& s);
  std::vector<const column_def*> insert_columns(const ast::insert_statement& s, const change_target& t);
  plan_node_ptr insert_source(const ast::insert_statement& s, scope& outer, const std::vector<const column_def*>& columns,
                              std::vector<expression_ptr>& values);
  plan_node_ptr insert_values(const ast::select& q, scope& outer, const std::vector<const column_def*>& columns,
                              std::vector<expression_ptr>& values);
  conflict_action conflict(const ast::conflict_clause& c, const table_target& t, const std::string& alias);
  std::vector<std::size_t> arbiters(const ast::conflict_clause& c, const table_target& t);
  std::vector<std::size_t> inferred(const ast::conflict_clause& c, const table_target& t);
  std::vector<assignment> set_list(const std::vector<ast::target>& targets, const change_target& t, scope& s);
  void set_field(const ast::target& t, const column_def& column, scope& s, std::vector<assignment>& out);
  expression_ptr set_value(const ast::target& t, const column_def& column, scope& s);
  storage::lock_mode mode_of(const std::vector<assignment>& set, const table_target& t) const;
  void use_columns(const table_def& table, int base);
  static relation_entry relation_at(const table_def& table, const std::string& alias, int base);

  void refuse_explicit(const column_def& column, const char* command) const;
  bool takes_default(const column_def& column) const;

  ast::insert_statement::overriding override_ = ast::insert_statement::overriding::none;
  analysis& in_;
  binder bind_;
};

}  // namespace helios::sql
