#pragma once
// INSERT, UPDATE and DELETE: analysis of the target, its defaults and checks, ON CONFLICT and RETURNING.

#include "sql/bind/binder.hpp"
#include "sql/exec/modify.hpp"

namespace helios::sql {

class modify_binder {
 public:
  explicit modify_binder(analysis& in) : in_(in), bind_(in) {}

  /// `enclosing`: for a change in WITH, whose common tables come before it.
  bound_query insert(const ast::insert_statement& s, scope* enclosing = nullptr);
  bound_query update(const ast::update_statement& s, scope* enclosing = nullptr);
  bound_query erase(const ast::delete_statement& s, scope* enclosing = nullptr);
  /// INSERT of rows that come in slots, in the order of `columns`: for COPY and CREATE TABLE AS.
  plan_node_ptr insert_rows(const table_def& table, const std::vector<std::int16_t>& columns, plan_node_ptr source,
                            const std::vector<expression_ptr>& values);

 private:
  std::shared_ptr<table_target> target(const table_def& table);
  const table_def& writable(const ast::relation_name& name);
  expression_ptr default_of(const column_def& column);
  expression_ptr stored_expression(const std::string& text, scope& s, type_ref to, const std::string& column);
  std::vector<const column_def*> insert_columns(const ast::insert_statement& s, const table_def& table);
  plan_node_ptr insert_source(const ast::insert_statement& s, scope& outer, const std::vector<const column_def*>& columns,
                              std::vector<expression_ptr>& values);
  plan_node_ptr insert_values(const ast::select& q, scope& outer, const std::vector<const column_def*>& columns,
                              std::vector<expression_ptr>& values);
  conflict_action conflict(const ast::conflict_clause& c, const table_target& t, const std::string& alias);
  std::vector<std::size_t> arbiters(const ast::conflict_clause& c, const table_target& t) const;
  std::vector<assignment> set_list(const std::vector<ast::target>& targets, const table_def& table, scope& s);
  expression_ptr set_value(const ast::target& t, const column_def& column, scope& s);
  storage::lock_mode mode_of(const std::vector<assignment>& set, const table_target& t) const;
  void use_columns(const table_def& table, int base);
  static relation_entry relation_at(const table_def& table, const std::string& alias, int base);

  analysis& in_;
  binder bind_;
};

}  // namespace helios::sql
