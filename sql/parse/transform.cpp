#include "sql/parse/transform.hpp"

#include <algorithm>

#include "base/sql_error.hpp"

namespace helios::sql::parsing {

transformer::transformer(std::string_view source)
    : text_(source), ascii_(std::none_of(source.begin(), source.end(), [](char c) { return (c & 0x80) != 0; })) {}

int transformer::position(int offset) const {
  if (offset < 0) return 0;
  if (ascii_) return offset + 1;
  auto end = std::min(text_.size(), static_cast<std::size_t>(offset));
  auto starts = std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end),
                              [](char c) { return (c & 0xC0) != 0x80; });
  return static_cast<int>(starts) + 1;
}

transformer::nesting::nesting(transformer& owner) : owner_(owner) {
  if (++owner_.depth_ > depth_max) {
    --owner_.depth_;
    throw sql_error(sqlstate::statement_too_complex, "stack depth limit exceeded")
        .hint("The statement is nested too deeply.");
  }
}

std::string text_of(const char* s) { return s == nullptr ? std::string() : std::string(s); }

std::vector<std::string> strings(const List* list) {
  std::vector<std::string> out;
  each<Node>(list, [&out](const Node* n) {
    if (nodeTag(n) == T_String) out.push_back(text_of(reinterpret_cast<const String*>(n)->sval));
    else if (nodeTag(n) == T_A_Star) out.emplace_back("*");
  });
  return out;
}

void not_supported(const std::string& what, int position) {
  throw sql_error(sqlstate::feature_not_supported, what + " is not supported").at(position);
}

ast::statement_ptr transformer::nested(const Node* node) {
  nesting guard(*this);
  return std::make_shared<const ast::statement>(statement(node));
}

ast::statement transformer::statement(const Node* node) {
  ast::statement out;
  if (query_statement(node, out) || definition_statement(node, out) || type_statement(node, out) || session_statement(node, out) ||
      access_statement(node, out)) {
    return out;
  }
  switch (nodeTag(node)) {
    case T_ListenStmt: case T_UnlistenStmt: case T_NotifyStmt: out.node = channel(node); break;
    case T_CreateFunctionStmt: out.node = ast::unsupported_statement{"CREATE FUNCTION", true}; break;
    case T_CreateTrigStmt: out.node = ast::unsupported_statement{"CREATE TRIGGER", true}; break;
    case T_DoStmt: out.node = ast::unsupported_statement{"DO", true}; break;
    case T_CallStmt: out.node = ast::unsupported_statement{"CALL", true}; break;
    case T_CreatedbStmt: out.node = ast::unsupported_statement{"CREATE DATABASE", true}; break;
    case T_DropdbStmt: out.node = ast::unsupported_statement{"DROP DATABASE", true}; break;
    case T_CreateExtensionStmt: out.node = ast::unsupported_statement{"CREATE EXTENSION", true}; break;
    case T_DefineStmt:
      out.node = ast::unsupported_statement{"CREATE TYPE", true};
      break;
    case T_ClusterStmt: out.node = ast::unsupported_statement{"CLUSTER", true}; break;
    default: out.node = ast::unsupported_statement{"this statement", true};
  }
  return out;
}

bool transformer::query_statement(const Node* node, ast::statement& out) {
  switch (nodeTag(node)) {
    case T_SelectStmt: {
      auto* select = reinterpret_cast<const SelectStmt*>(node);
      const SelectStmt* leaf = select;
      while (leaf->op != SETOP_NONE) leaf = leaf->larg;
      out.node = ast::select_statement{query(node)};
      if (leaf->intoClause != nullptr) out.node = select_into(*leaf->intoClause, std::move(out));
      return true;
    }
    case T_InsertStmt: out.node = insert(reinterpret_cast<const InsertStmt*>(node)); return true;
    case T_UpdateStmt: out.node = update(reinterpret_cast<const UpdateStmt*>(node)); return true;
    case T_DeleteStmt: out.node = erase(reinterpret_cast<const DeleteStmt*>(node)); return true;
    case T_MergeStmt: out.node = merge(reinterpret_cast<const MergeStmt*>(node)); return true;
    case T_CopyStmt: out.node = copy(reinterpret_cast<const CopyStmt*>(node)); return true;
    case T_ExplainStmt: {
      auto* explain = reinterpret_cast<const ExplainStmt*>(node);
      out.node = ast::explain_statement{nested(explain->query), option_list(explain->options)};
      return true;
    }
    default: return false;
  }
}

/// SELECT INTO is CREATE TABLE AS.
ast::create_table_as_statement transformer::select_into(const IntoClause& into, ast::statement query) {
  ast::create_table_as_statement out;
  out.table = relation(into.rel);
  out.columns = strings(into.colNames);
  out.persistence = into.rel->relpersistence;
  out.on_commit = on_commit_of(into.onCommit);
  out.on_commit_given = into.onCommit != ONCOMMIT_NOOP;
  out.query = std::make_shared<const ast::statement>(std::move(query));
  return out;
}

ast::insert_statement transformer::insert(const InsertStmt* node) {
  ast::insert_statement out;
  out.with = with(node->withClause);
  out.table = relation(node->relation);
  if (node->relation->alias != nullptr) out.alias = text_of(node->relation->alias->aliasname);
  out.columns = targets(node->cols);
  if (node->selectStmt != nullptr) out.source = query(node->selectStmt);
  if (node->onConflictClause != nullptr) out.conflict = conflict(node->onConflictClause);
  out.returning = targets(node->returningList);
  if (node->override == OVERRIDING_USER_VALUE) out.override_kind = ast::insert_statement::overriding::user;
  if (node->override == OVERRIDING_SYSTEM_VALUE) out.override_kind = ast::insert_statement::overriding::system;
  return out;
}

ast::conflict_clause transformer::conflict(const OnConflictClause* node) {
  ast::conflict_clause out;
  out.update = node->action == ONCONFLICT_UPDATE;
  out.position = position(node->location);
  if (node->infer != nullptr) {
    out.constraint = text_of(node->infer->conname);
    out.position = position(node->infer->location);
    each<IndexElem>(node->infer->indexElems, [this, &out](const IndexElem* e) {
      if (e->name != nullptr) out.columns.push_back(text_of(e->name));
      else out.expressions.push_back(expression(e->expr));
    });
    out.infer_where = expression(node->infer->whereClause);
  }
  out.set = targets(node->targetList);
  out.where = expression(node->whereClause);
  return out;
}

ast::update_statement transformer::update(const UpdateStmt* node) {
  ast::update_statement out;
  out.with = with(node->withClause);
  out.table = relation(node->relation);
  if (node->relation->alias != nullptr) out.alias = text_of(node->relation->alias->aliasname);
  out.set = targets(node->targetList);
  each<Node>(node->fromClause, [this, &out](const Node* n) { out.from.push_back(from(n)); });
  out.where = expression(node->whereClause);
  out.returning = targets(node->returningList);
  return out;
}

ast::delete_statement transformer::erase(const DeleteStmt* node) {
  ast::delete_statement out;
  out.with = with(node->withClause);
  out.table = relation(node->relation);
  if (node->relation->alias != nullptr) out.alias = text_of(node->relation->alias->aliasname);
  each<Node>(node->usingClause, [this, &out](const Node* n) { out.using_items.push_back(from(n)); });
  out.where = expression(node->whereClause);
  out.returning = targets(node->returningList);
  return out;
}

ast::merge_clause transformer::merge_clause(const MergeWhenClause* node) {
  ast::merge_clause out;
  using action = ast::merge_clause::action;
  switch (node->commandType) {
    case CMD_INSERT: out.what = action::insert; break;
    case CMD_UPDATE: out.what = action::update; break;
    case CMD_DELETE: out.what = action::erase; break;
    default: out.what = action::nothing;
  }
  out.matched = node->matched;
  out.condition = expression(node->condition);
  out.targets = targets(node->targetList);
  out.values = expressions(node->values);
  out.has_values = node->values != nullptr;
  if (node->override == OVERRIDING_USER_VALUE) out.override_kind = ast::insert_statement::overriding::user;
  if (node->override == OVERRIDING_SYSTEM_VALUE) out.override_kind = ast::insert_statement::overriding::system;
  return out;
}

ast::merge_statement transformer::merge(const MergeStmt* node) {
  ast::merge_statement out;
  out.with = with(node->withClause);
  if (node->withClause != nullptr && node->withClause->recursive) {
    throw sql_error(sqlstate::syntax_error, "WITH RECURSIVE is not supported for MERGE statement");
  }
  out.table = relation(node->relation);
  if (node->relation->alias != nullptr) out.alias = text_of(node->relation->alias->aliasname);
  out.source.push_back(from(node->sourceRelation));
  out.on = expression(node->joinCondition);
  each<MergeWhenClause>(node->mergeWhenClauses, [this, &out](const MergeWhenClause* c) { out.clauses.push_back(merge_clause(c)); });
  return out;
}

ast::copy_statement transformer::copy(const CopyStmt* node) {
  ast::copy_statement out;
  if (node->relation != nullptr) out.table = relation(node->relation);
  if (node->query != nullptr) out.query = nested(node->query);
  out.columns = strings(node->attlist);
  out.from = node->is_from;
  out.file_or_program = node->filename != nullptr;
  out.settings = option_list(node->options);
  out.where = expression(node->whereClause);
  return out;
}

ast::options transformer::option_list(const List* list) {
  ast::options out;
  each<DefElem>(list, [this, &out](const DefElem* e) {
    ast::expr_ptr value;
    if (e->arg != nullptr) value = expression(e->arg);
    out.emplace_back(text_of(e->defname), std::move(value));
  });
  return out;
}

}  // namespace helios::sql::parsing
