#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

using ast::from_item;

namespace {
/// The library numbers its limit options default, count, with ties: otherwise than the server's headers.
constexpr int parsed_with_ties = 2;
}  // namespace

std::shared_ptr<const ast::select> transformer::query(const Node* node) {
  nesting guard(*this);
  if (nodeTag(node) != T_SelectStmt) not_supported("this statement as a query");
  auto* s = reinterpret_cast<const SelectStmt*>(node);
  auto out = std::make_shared<ast::select>();
  out->with = with(s->withClause);
  out->recursive = s->withClause != nullptr && s->withClause->recursive;
  if (s->op != SETOP_NONE) {
    out->operation = s->op == SETOP_UNION       ? ast::set_operation::union_
                     : s->op == SETOP_INTERSECT ? ast::set_operation::intersect
                                                : ast::set_operation::except;
    out->all = s->all;
    out->left = query(reinterpret_cast<const Node*>(s->larg));
    out->right = query(reinterpret_cast<const Node*>(s->rarg));
  } else {
    simple_select(s, *out);
  }
  out->order_by = sort_items(s->sortClause);
  out->limit = expression(s->limitCount);
  out->offset = expression(s->limitOffset);
  out->with_ties = static_cast<int>(s->limitOption) == parsed_with_ties;
  each<LockingClause>(s->lockingClause, [this, &out](const LockingClause* c) {
    ast::locking_clause lock;
    lock.strength = static_cast<ast::lock_strength>(static_cast<int>(c->strength) - LCS_FORKEYSHARE);
    lock.wait = c->waitPolicy == LockWaitSkip    ? ast::lock_wait::skip
                : c->waitPolicy == LockWaitError ? ast::lock_wait::nowait
                                                 : ast::lock_wait::wait;
    each<RangeVar>(c->lockedRels, [this, &lock](const RangeVar* r) { lock.of.push_back(relation(r)); });
    out->locking.push_back(std::move(lock));
  });
  return out;
}

void transformer::simple_select(const SelectStmt* s, ast::select& out) {
  each<List>(s->valuesLists, [this, &out](const List* row) { out.values.push_back(expressions(row)); });
  out.targets = targets(s->targetList);
  each<Node>(s->fromClause, [this, &out](const Node* n) { out.from.push_back(from(n)); });
  out.where = expression(s->whereClause);
  out.having = expression(s->havingClause);
  each<Node>(s->groupClause, [this, &out](const Node* n) { out.group_by.push_back(grouping_item(n)); });
  out.group_distinct = s->groupDistinct;
  each<WindowDef>(s->windowClause, [this, &out](const WindowDef* w) { out.windows.push_back(window(w)); });
  if (s->distinctClause != nullptr) {
    out.distinct = true;
    // Plain DISTINCT is a list of one null pointer.
    if (s->distinctClause->elements[0].ptr_value != nullptr) out.distinct_on = expressions(s->distinctClause);
  }
}

std::vector<ast::target> transformer::targets(const List* list) {
  std::vector<ast::target> out;
  std::shared_ptr<const ast::expr> row;
  const Node* row_source = nullptr;
  each<ResTarget>(list, [&](const ResTarget* t) {
    ast::target item;
    item.name = text_of(t->name);
    item.position = position(t->location);
    each<Node>(t->indirection, [&item](const Node* n) {
      if (nodeTag(n) != T_String) not_supported("assignment to part of a column", item.position);
      item.fields.push_back(text_of(reinterpret_cast<const String*>(n)->sval));
    });
    if (t->val != nullptr && nodeTag(t->val) == T_MultiAssignRef) {
      auto* m = reinterpret_cast<const MultiAssignRef*>(t->val);
      if (m->source != row_source) {
        row_source = m->source;
        row = expression(m->source);
      }
      item.row = row;
      item.row_column = m->colno;
    } else {
      item.value = expression(t->val);
    }
    out.push_back(std::move(item));
  });
  return out;
}

std::vector<ast::sort_item> transformer::sort_items(const List* list) {
  std::vector<ast::sort_item> out;
  each<SortBy>(list, [this, &out](const SortBy* s) {
    ast::sort_item item;
    item.value = expression(s->node);
    item.position = item.value->position;
    if (s->sortby_dir == SORTBY_USING) not_supported("ORDER BY USING", position(s->location));
    if (s->sortby_dir == SORTBY_ASC) item.order = ast::sort_item::direction::ascending;
    if (s->sortby_dir == SORTBY_DESC) item.order = ast::sort_item::direction::descending;
    if (s->sortby_nulls == SORTBY_NULLS_FIRST) item.null_order = ast::sort_item::nulls::first;
    if (s->sortby_nulls == SORTBY_NULLS_LAST) item.null_order = ast::sort_item::nulls::last;
    out.push_back(std::move(item));
  });
  return out;
}

std::vector<ast::common_table> transformer::with(const WithClause* node) {
  std::vector<ast::common_table> out;
  if (node == nullptr) return out;
  each<CommonTableExpr>(node->ctes, [this, &out](const CommonTableExpr* c) {
    ast::common_table table;
    table.name = text_of(c->ctename);
    table.columns = strings(c->aliascolnames);
    table.query = nested(c->ctequery);
    table.position = position(c->location);
    out.push_back(std::move(table));
  });
  return out;
}

ast::relation_name transformer::relation(const RangeVar* node) const {
  return {text_of(node->catalogname), text_of(node->schemaname), text_of(node->relname), position(node->location)};
}

ast::relation_name transformer::qualified(const List* names) const {
  auto parts = strings(names);
  ast::relation_name out;
  if (!parts.empty()) out.name = parts.back();
  if (parts.size() > 1) out.schema = parts[parts.size() - 2];
  if (parts.size() > 2) out.catalog = parts[parts.size() - 3];
  return out;
}

namespace {
void set_alias(from_item& item, const Alias* alias) {
  if (alias == nullptr) return;
  item.alias = text_of(alias->aliasname);
  item.column_aliases = strings(alias->colnames);
}
}  // namespace

ast::from_ptr transformer::from(const Node* node) {
  nesting guard(*this);
  auto out = std::make_unique<from_item>();
  switch (nodeTag(node)) {
    case T_RangeVar: {
      auto* r = reinterpret_cast<const RangeVar*>(node);
      out->what = from_item::kind::table;
      out->table = relation(r);
      out->position = out->table.position;
      set_alias(*out, r->alias);
      return out;
    }
    case T_RangeSubselect: {
      auto* r = reinterpret_cast<const RangeSubselect*>(node);
      out->what = from_item::kind::query;
      out->query = query(r->subquery);
      out->lateral = r->lateral;
      if (r->alias == nullptr) {
        throw sql_error(sqlstate::syntax_error, "subquery in FROM must have an alias")
            .hint("For example, FROM (SELECT ...) [AS] foo.");
      }
      set_alias(*out, r->alias);
      return out;
    }
    case T_JoinExpr: return join(reinterpret_cast<const JoinExpr*>(node));
    case T_RangeFunction: return function(reinterpret_cast<const RangeFunction*>(node));
    case T_RangeTableSample: not_supported("TABLESAMPLE");
    default: not_supported("this kind of FROM item");
  }
}

ast::from_ptr transformer::join(const JoinExpr* node) {
  auto out = std::make_unique<from_item>();
  out->what = from_item::kind::join;
  switch (node->jointype) {
    case JOIN_LEFT: out->join = ast::join_kind::left; break;
    case JOIN_RIGHT: out->join = ast::join_kind::right; break;
    case JOIN_FULL: out->join = ast::join_kind::full; break;
    default: out->join = ast::join_kind::inner;
  }
  out->natural = node->isNatural;
  out->left = from(node->larg);
  out->right = from(node->rarg);
  out->using_columns = strings(node->usingClause);
  out->on = expression(node->quals);
  if (out->join == ast::join_kind::inner && !out->on && out->using_columns.empty() && !out->natural) {
    out->join = ast::join_kind::cross;
  }
  set_alias(*out, node->alias);
  return out;
}

ast::from_ptr transformer::function(const RangeFunction* node) {
  auto out = std::make_unique<from_item>();
  out->what = from_item::kind::function;
  if (node->is_rowsfrom) not_supported("ROWS FROM");
  auto* pair = static_cast<const List*>(node->functions->elements[0].ptr_value);
  out->function = expression(static_cast<const Node*>(pair->elements[0].ptr_value));
  out->position = out->function->position;
  out->ordinality = node->ordinality;
  out->lateral = node->lateral;
  each<ColumnDef>(node->coldeflist, [this, &out](const ColumnDef* c) {
    out->function_columns.push_back({text_of(c->colname), type(c->typeName), position(c->location)});
  });
  set_alias(*out, node->alias);
  return out;
}

}  // namespace helios::sql::parsing
