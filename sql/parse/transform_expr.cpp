#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

using ast::expr;
using ast::expr_kind;
using ast::expr_ptr;

std::vector<expr_ptr> transformer::expressions(const List* list) {
  std::vector<expr_ptr> out;
  each<Node>(list, [this, &out](const Node* n) { out.push_back(expression(n)); });
  return out;
}

expr_ptr transformer::expression(const Node* node) {
  if (node == nullptr) return nullptr;
  nesting guard(*this);
  switch (nodeTag(node)) {
    case T_A_Const: return constant(reinterpret_cast<const A_Const*>(node));
    case T_ColumnRef: return column_reference(reinterpret_cast<const ColumnRef*>(node));
    case T_A_Expr: return operation(reinterpret_cast<const A_Expr*>(node));
    case T_FuncCall: return call(reinterpret_cast<const FuncCall*>(node));
    case T_SubLink: return sub_link(reinterpret_cast<const SubLink*>(node));
    case T_CaseExpr: return case_expression(reinterpret_cast<const CaseExpr*>(node));
    case T_A_Indirection: return indirection(reinterpret_cast<const A_Indirection*>(node));
    case T_SQLValueFunction: return value_function(reinterpret_cast<const SQLValueFunction*>(node));
    case T_ParamRef: {
      auto* p = reinterpret_cast<const ParamRef*>(node);
      auto out = std::make_unique<expr>(expr_kind::parameter, position(p->location));
      out->number = p->number;
      return out;
    }
    case T_TypeCast: {
      auto* c = reinterpret_cast<const TypeCast*>(node);
      auto out = std::make_unique<expr>(expr_kind::cast, position(c->location));
      out->args.push_back(expression(c->arg));
      out->type = type(c->typeName);
      return out;
    }
    case T_BoolExpr: {
      auto* b = reinterpret_cast<const BoolExpr*>(node);
      auto kind = b->boolop == AND_EXPR ? expr_kind::and_ : b->boolop == OR_EXPR ? expr_kind::or_ : expr_kind::not_;
      auto out = std::make_unique<expr>(kind, position(b->location));
      out->args = expressions(b->args);
      return out;
    }
    case T_GroupingFunc: {
      auto* g = reinterpret_cast<const GroupingFunc*>(node);
      auto out = std::make_unique<expr>(expr_kind::grouping, position(g->location));
      out->args = expressions(g->args);
      return out;
    }
    default: return other_expression(node);
  }
}

namespace {
expr_ptr with_text(expr_kind kind, const char* text) {
  auto out = std::make_unique<expr>(kind);
  out->text = text_of(text);
  return out;
}
}  // namespace

expr_ptr transformer::other_expression(const Node* node) {
  switch (nodeTag(node)) {
    case T_NullTest: {
      auto* n = reinterpret_cast<const NullTest*>(node);
      auto out = std::make_unique<expr>(expr_kind::is_null, position(n->location));
      out->flag = n->nulltesttype == IS_NOT_NULL;
      out->args.push_back(expression(reinterpret_cast<const Node*>(n->arg)));
      return out;
    }
    case T_BooleanTest: {
      auto* b = reinterpret_cast<const BooleanTest*>(node);
      auto out = std::make_unique<expr>(expr_kind::is_bool, position(b->location));
      out->number = static_cast<int>(b->booltesttype);
      out->args.push_back(expression(reinterpret_cast<const Node*>(b->arg)));
      return out;
    }
    case T_CoalesceExpr: {
      auto* c = reinterpret_cast<const CoalesceExpr*>(node);
      auto out = std::make_unique<expr>(expr_kind::coalesce, position(c->location));
      out->args = expressions(c->args);
      return out;
    }
    case T_MinMaxExpr: {
      auto* m = reinterpret_cast<const MinMaxExpr*>(node);
      auto out = std::make_unique<expr>(m->op == IS_GREATEST ? expr_kind::greatest : expr_kind::least,
                                        position(m->location));
      out->args = expressions(m->args);
      return out;
    }
    case T_A_ArrayExpr: {
      auto* a = reinterpret_cast<const A_ArrayExpr*>(node);
      auto out = std::make_unique<expr>(expr_kind::array, position(a->location));
      out->args = expressions(a->elements);
      return out;
    }
    case T_RowExpr: {
      auto* r = reinterpret_cast<const RowExpr*>(node);
      auto out = std::make_unique<expr>(expr_kind::row, position(r->location));
      out->args = expressions(r->args);
      return out;
    }
    case T_SetToDefault:
      return std::make_unique<expr>(expr_kind::default_,
                                    position(reinterpret_cast<const SetToDefault*>(node)->location));
    case T_CollateClause: {
      auto* c = reinterpret_cast<const CollateClause*>(node);
      auto out = std::make_unique<expr>(expr_kind::collate, position(c->location));
      out->names = strings(c->collname);
      out->args.push_back(expression(c->arg));
      return out;
    }
    // Values of options (DefElem) come as bare nodes.
    case T_Integer: {
      auto out = std::make_unique<expr>(expr_kind::integer);
      out->text = std::to_string(reinterpret_cast<const Integer*>(node)->ival);
      return out;
    }
    case T_Float: return with_text(expr_kind::number, reinterpret_cast<const Float*>(node)->fval);
    case T_Boolean: {
      auto out = std::make_unique<expr>(expr_kind::boolean);
      out->flag = reinterpret_cast<const Boolean*>(node)->boolval;
      return out;
    }
    case T_String: return with_text(expr_kind::string, reinterpret_cast<const String*>(node)->sval);
    case T_BitString: return with_text(expr_kind::bit_string, reinterpret_cast<const BitString*>(node)->bsval);
    case T_TypeName: {
      auto out = std::make_unique<expr>(expr_kind::string);
      out->type = type(reinterpret_cast<const TypeName*>(node));
      out->text = out->type.names.empty() ? std::string() : out->type.names.back();
      return out;
    }
    case T_A_Star: return std::make_unique<expr>(expr_kind::star);
    case T_List: {
      auto out = std::make_unique<expr>(expr_kind::row);
      auto* list = reinterpret_cast<const List*>(node);
      out->names = strings(list);
      out->args = expressions(list);
      return out;
    }
    case T_CurrentOfExpr: not_supported("WHERE CURRENT OF");
    case T_NamedArgExpr: not_supported("named argument notation");
    case T_XmlExpr: case T_XmlSerialize: not_supported("XML");
    default: not_supported("this kind of expression");
  }
}

expr_ptr transformer::constant(const A_Const* node) {
  int at = position(node->location);
  if (node->isnull) return std::make_unique<expr>(expr_kind::null, at);
  auto out = expression(&node->val.node);
  out->position = at;
  return out;
}

expr_ptr transformer::column_reference(const ColumnRef* node) {
  auto names = strings(node->fields);
  bool star = !names.empty() && names.back() == "*" &&
              nodeTag(static_cast<const Node*>(node->fields->elements[node->fields->length - 1].ptr_value)) == T_A_Star;
  if (star) names.pop_back();
  auto out = std::make_unique<expr>(star ? expr_kind::star : expr_kind::column, position(node->location));
  out->names = std::move(names);
  return out;
}

namespace {
expr_kind kind_of(A_Expr_Kind kind) {
  switch (kind) {
    case AEXPR_OP_ANY: return expr_kind::op_any;
    case AEXPR_OP_ALL: return expr_kind::op_all;
    case AEXPR_DISTINCT: case AEXPR_NOT_DISTINCT: return expr_kind::distinct_from;
    case AEXPR_NULLIF: return expr_kind::null_if;
    case AEXPR_IN: return expr_kind::in_list;
    case AEXPR_LIKE: case AEXPR_ILIKE: case AEXPR_SIMILAR: return expr_kind::like;
    case AEXPR_BETWEEN: case AEXPR_NOT_BETWEEN: case AEXPR_BETWEEN_SYM: case AEXPR_NOT_BETWEEN_SYM:
      return expr_kind::between;
    default: return expr_kind::op;
  }
}
}  // namespace

expr_ptr transformer::operation(const A_Expr* node) {
  auto out = std::make_unique<expr>(kind_of(node->kind), position(node->location));
  out->names = strings(node->name);
  out->text = out->names.empty() ? std::string() : out->names.back();
  out->flag = node->kind == AEXPR_NOT_DISTINCT || (node->kind == AEXPR_IN && out->text == "<>") ||
              node->kind == AEXPR_NOT_BETWEEN || node->kind == AEXPR_NOT_BETWEEN_SYM;
  if (node->kind == AEXPR_BETWEEN_SYM || node->kind == AEXPR_NOT_BETWEEN_SYM) out->number = 1;
  if (node->lexpr != nullptr) out->args.push_back(expression(node->lexpr));
  if (node->rexpr != nullptr && nodeTag(node->rexpr) == T_List) {
    for (auto& e : expressions(reinterpret_cast<const List*>(node->rexpr))) out->args.push_back(std::move(e));
  } else if (node->rexpr != nullptr) {
    out->args.push_back(expression(node->rexpr));
  }
  return out;
}

expr_ptr transformer::call(const FuncCall* node) {
  auto out = std::make_unique<expr>(expr_kind::call, position(node->location));
  out->names = strings(node->funcname);
  out->args = expressions(node->args);
  out->star = node->agg_star;
  out->distinct = node->agg_distinct;
  out->variadic = node->func_variadic;
  out->within_group = node->agg_within_group;
  if (node->over != nullptr) out->over = window(node->over);
  out->filter = expression(node->agg_filter);
  out->order = sort_items(node->agg_order);
  return out;
}

expr_ptr transformer::sub_link(const SubLink* node) {
  auto kind = expr_kind::subquery;
  switch (node->subLinkType) {
    case EXISTS_SUBLINK: kind = expr_kind::exists; break;
    case ALL_SUBLINK: kind = expr_kind::all_subquery; break;
    case ANY_SUBLINK: kind = expr_kind::any_subquery; break;
    case ARRAY_SUBLINK: kind = expr_kind::array_subquery; break;
    default: break;
  }
  auto out = std::make_unique<expr>(kind, position(node->location));
  auto names = strings(node->operName);
  out->text = names.empty() ? "=" : names.back();
  if (node->testexpr != nullptr) out->args.push_back(expression(node->testexpr));
  out->query = query(node->subselect);
  return out;
}

expr_ptr transformer::case_expression(const CaseExpr* node) {
  auto out = std::make_unique<expr>(expr_kind::case_, position(node->location));
  out->test = expression(reinterpret_cast<const Node*>(node->arg));
  each<CaseWhen>(node->args, [this, &out](const CaseWhen* w) {
    out->args.push_back(expression(reinterpret_cast<const Node*>(w->expr)));
    out->args.push_back(expression(reinterpret_cast<const Node*>(w->result)));
  });
  out->otherwise = expression(reinterpret_cast<const Node*>(node->defresult));
  return out;
}

expr_ptr transformer::indirection(const A_Indirection* node) {
  auto out = expression(node->arg);
  each<Node>(node->indirection, [this, &out](const Node* n) {
    expr_ptr outer;
    if (nodeTag(n) == T_A_Indices) {
      auto* i = reinterpret_cast<const A_Indices*>(n);
      if (i->is_slice) not_supported("array slice", out->position);
      outer = std::make_unique<expr>(expr_kind::subscript, out->position);
      outer->args.push_back(std::move(out));
      outer->args.push_back(expression(i->uidx));
    } else if (nodeTag(n) == T_String) {
      outer = std::make_unique<expr>(expr_kind::field, out->position);
      outer->names.push_back(text_of(reinterpret_cast<const String*>(n)->sval));
      outer->args.push_back(std::move(out));
    } else {
      outer = std::make_unique<expr>(expr_kind::star, out->position);
      outer->args.push_back(std::move(out));
    }
    out = std::move(outer);
  });
  return out;
}

expr_ptr transformer::value_function(const SQLValueFunction* node) {
  auto out = std::make_unique<expr>(expr_kind::current_value, position(node->location));
  switch (node->op) {
    case SVFOP_CURRENT_DATE: out->text = "current_date"; break;
    case SVFOP_CURRENT_TIME: case SVFOP_CURRENT_TIME_N: out->text = "current_time"; break;
    case SVFOP_CURRENT_TIMESTAMP: case SVFOP_CURRENT_TIMESTAMP_N: out->text = "current_timestamp"; break;
    case SVFOP_LOCALTIME: case SVFOP_LOCALTIME_N: out->text = "localtime"; break;
    case SVFOP_LOCALTIMESTAMP: case SVFOP_LOCALTIMESTAMP_N: out->text = "localtimestamp"; break;
    case SVFOP_CURRENT_ROLE: out->text = "current_role"; break;
    case SVFOP_CURRENT_USER: out->text = "current_user"; break;
    case SVFOP_USER: out->text = "user"; break;
    case SVFOP_SESSION_USER: out->text = "session_user"; break;
    case SVFOP_CURRENT_CATALOG: out->text = "current_catalog"; break;
    case SVFOP_CURRENT_SCHEMA: out->text = "current_schema"; break;
  }
  out->number = node->typmod;
  return out;
}

ast::type_name transformer::type(const TypeName* node) {
  ast::type_name out;
  out.position = position(node->location);
  if (node->pct_type) not_supported("%TYPE", out.position);
  out.names = strings(node->names);
  out.set_of = node->setof;
  out.array_dimensions = node->arrayBounds == nullptr ? 0 : node->arrayBounds->length;
  each<Node>(node->typmods, [&out](const Node* n) {
    auto* c = reinterpret_cast<const A_Const*>(n);
    if (nodeTag(n) != T_A_Const || c->isnull || nodeTag(&c->val.node) != T_Integer) {
      throw sql_error(sqlstate::syntax_error, "type modifiers must be simple constants or identifiers")
          .at(out.position);
    }
    out.modifiers.push_back(c->val.ival.ival);
  });
  return out;
}

}  // namespace helios::sql::parsing
