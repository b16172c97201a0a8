#pragma once
// Turns PostgreSQL's parse nodes into our own AST. Lives for one parse call; the nodes belong to the parser's memory
// context, nothing of them is kept.
//
// I1 Recursion is bounded by depth_max: hostile input must not overflow a fiber's stack, here or in any later stage.

#include "sql/ast/statement.hpp"
#include "sql/parse/pg_headers.hpp"

namespace helios::sql::parsing {

inline constexpr int depth_max = 250;

class transformer {
 public:
  explicit transformer(std::string_view source);

  /// 1-based character position of a byte offset; 0 for a negative one.
  int position(int offset) const;

  ast::statement statement(const Node* node);
  ast::expr_ptr expression(const Node* node);
  std::shared_ptr<const ast::select> query(const Node* node);

 private:
  class nesting;

  // statements
  ast::statement_ptr nested(const Node* node);
  bool query_statement(const Node* node, ast::statement& out);
  bool definition_statement(const Node* node, ast::statement& out);
  bool upkeep_statement(const Node* node, ast::statement& out);
  bool session_statement(const Node* node, ast::statement& out);
  bool type_statement(const Node* node, ast::statement& out);
  ast::create_domain_statement create_domain(const CreateDomainStmt* node);
  ast::alter_domain_statement alter_domain(const AlterDomainStmt* node);
  void named_type(const TypeName* node, ast::drop_statement& out);
  bool access_statement(const Node* node, ast::statement& out);
  ast::role_name role(const RoleSpec* node);
  std::vector<ast::role_name> roles(const List* list);
  ast::role_statement role_statement(const List* list);
  ast::grant_statement grant(const GrantStmt* node);
  ast::grant_role_statement grant_role(const GrantRoleStmt* node);
  ast::grant_statement default_rights(const AlterDefaultPrivilegesStmt* node);
  ast::create_table_as_statement select_into(const IntoClause& into, ast::statement query);
  ast::insert_statement insert(const InsertStmt* node);
  ast::update_statement update(const UpdateStmt* node);
  ast::delete_statement erase(const DeleteStmt* node);
  ast::merge_statement merge(const MergeStmt* node);
  ast::merge_clause merge_clause(const MergeWhenClause* node);
  ast::index_element index_element(const IndexElem* node);
  ast::conflict_clause conflict(const OnConflictClause* node);
  ast::copy_statement copy(const CopyStmt* node);
  ast::create_table_statement create_table(const CreateStmt* node);
  ast::statement create_table_as(const CreateTableAsStmt* node);
  ast::create_view_statement create_view(const ViewStmt* node);
  ast::comment_statement comment(const CommentStmt* node);
  ast::like_clause like(const TableLikeClause* node);
  ast::create_index_statement create_index(const IndexStmt* node);
  ast::statement drop(const DropStmt* node);
  ast::alter_table_statement alter_table(const AlterTableStmt* node);
  ast::alter_table_command alter_command(const AlterTableCmd* node);
  ast::statement rename(const RenameStmt* node);
  ast::set_statement set(const VariableSetStmt* node);
  ast::transaction_statement transaction(const TransactionStmt* node);
  ast::fetch_statement fetch(const FetchStmt* node);
  ast::channel_statement channel(const Node* node);
  ast::constraint constraint(const Constraint* node);
  ast::table_column column(const ColumnDef* node);
  ast::options option_list(const List* list);

  // queries
  void simple_select(const SelectStmt* node, ast::select& out);
  ast::from_ptr from(const Node* node);
  ast::from_ptr join(const JoinExpr* node);
  ast::from_ptr function(const RangeFunction* node);
  ast::relation_name relation(const RangeVar* node) const;
  ast::relation_name qualified(const List* names) const;
  std::vector<ast::target> targets(const List* list);
  std::vector<ast::sort_item> sort_items(const List* list);
  std::vector<ast::common_table> with(const WithClause* node);
  std::vector<ast::expr_ptr> expressions(const List* list);
  std::shared_ptr<const ast::window_def> window(const WindowDef* node);
  ast::grouping_item grouping_item(const Node* node);

  // expressions
  ast::expr_ptr constant(const A_Const* node);
  ast::expr_ptr column_reference(const ColumnRef* node);
  ast::expr_ptr operation(const A_Expr* node);
  ast::expr_ptr call(const FuncCall* node);
  ast::expr_ptr sub_link(const SubLink* node);
  ast::expr_ptr case_expression(const CaseExpr* node);
  ast::expr_ptr indirection(const A_Indirection* node);
  ast::expr_ptr value_function(const SQLValueFunction* node);
  ast::expr_ptr other_expression(const Node* node);
  ast::type_name type(const TypeName* node);

  std::string_view text_;
  bool ascii_;
  int depth_ = 0;
};

std::string text_of(const char* s);
/// 'p' preserve rows, 'd' delete rows, 'D' drop.
char on_commit_of(OnCommitAction action);
std::vector<std::string> strings(const List* list);
/// The n-th element of a list as a node of type T.
template <class T>
const T* element(const ListCell* cell) {
  return static_cast<const T*>(cell->ptr_value);
}
/// Calls f(const T*) for each element.
template <class T, class F>
void each(const List* list, F f) {
  for (int i = 0; list != nullptr && i < list->length; ++i) f(static_cast<const T*>(list->elements[i].ptr_value));
}
/// Throws 0A000 for something the grammar knows and we do not.
[[noreturn]] void not_supported(const std::string& what, int position = 0);

class transformer::nesting {
 public:
  explicit nesting(transformer& owner);
  ~nesting() { --owner_.depth_; }
  nesting(const nesting&) = delete;
  nesting& operator=(const nesting&) = delete;

 private:
  transformer& owner_;
};

}  // namespace helios::sql::parsing
