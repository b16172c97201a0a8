// Expressions that are neither plain functions nor operators: CASE, IN, BETWEEN, IS, subqueries and their kin.

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/types/array.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {

using ast::expr_kind;

namespace {
expression_ptr logic(logic_expression::kind what, std::vector<expression_ptr> arguments) {
  if (arguments.size() == 1 && what != logic_expression::kind::not_) return arguments[0];
  return std::make_shared<logic_expression>(what, std::move(arguments));
}
expression_ptr negate(expression_ptr e) { return logic(logic_expression::kind::not_, {std::move(e)}); }
}  // namespace

expression_ptr binder::form(const ast::expr& e, scope& s) {
  switch (e.kind) {
    case expr_kind::and_: case expr_kind::or_: case expr_kind::not_: {
      auto what = e.kind == expr_kind::and_ ? logic_expression::kind::and_
                  : e.kind == expr_kind::or_ ? logic_expression::kind::or_
                                             : logic_expression::kind::not_;
      const char* clause = e.kind == expr_kind::and_ ? "AND" : e.kind == expr_kind::or_ ? "OR" : "NOT";
      std::vector<expression_ptr> arguments;
      for (auto& a : e.args) arguments.push_back(bind_condition(*a, s, clause));
      return logic(what, std::move(arguments));
    }
    case expr_kind::is_null: {
      if (e.args[0]->kind == expr_kind::row) {
        std::vector<expression_ptr> all;
        for (auto& a : e.args[0]->args) {
          all.push_back(std::make_shared<test_expression>(e.flag ? test_expression::kind::not_null : test_expression::kind::null, bind(*a, s)));
        }
        return logic(logic_expression::kind::and_, std::move(all));
      }
      auto value = settle_unknown(bind(*e.args[0], s));
      if (value->type().id == type_oid::record || is_row_type(value->type().id)) {
        return std::make_shared<row_test_expression>(!e.flag, std::move(value));
      }
      return std::make_shared<test_expression>(e.flag ? test_expression::kind::not_null : test_expression::kind::null, value);
    }
    case expr_kind::is_bool: {
      using kind = test_expression::kind;
      static constexpr kind kinds[] = {kind::true_, kind::not_true, kind::false_, kind::not_false, kind::null, kind::not_null};
      static constexpr const char* clauses[] = {"IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"};
      auto value = bind_condition(*e.args[0], s, clauses[e.number]);
      return std::make_shared<test_expression>(kinds[e.number], value);
    }
    case expr_kind::case_: return case_form(e, s);
    case expr_kind::coalesce: case expr_kind::greatest: case expr_kind::least: return common_form(e, s);
    case expr_kind::null_if: return null_if(e, s);
    case expr_kind::distinct_from: return distinct_from(e, s);
    case expr_kind::in_list: return in_list(e, s);
    case expr_kind::between: return between(e, s);
    case expr_kind::op_any: case expr_kind::op_all: return op_any(e, s);
    case expr_kind::subquery: case expr_kind::exists: case expr_kind::array_subquery: return subquery(e, s);
    case expr_kind::subscript: return subscript(e, s);
    case expr_kind::field: return field(e, s);
    case expr_kind::any_subquery: case expr_kind::all_subquery: return quantified(e, s);
    case expr_kind::current_value: return current_value(e);
    case expr_kind::array: return array(e, s);
    case expr_kind::collate: {
      if (e.names.back() != "C" && e.names.back() != "POSIX" && e.names.back() != "default" && e.names.back() != "ucs_basic") {
        throw sql_error(sqlstate::undefined_object, "collation \"" + e.names.back() + "\" for encoding \"UTF8\" does not exist").at(e.position);
      }
      auto value = settle_unknown(bind(*e.args[0], s));
      const oid type = element_type(value->type().id) != 0 ? element_type(value->type().id) : value->type().id;
      if (get_type(type).category != 'S') {
        throw sql_error(sqlstate::datatype_mismatch, "collations are not supported by type " + format_type({value->type().id, -1})).at(e.position);
      }
      return value;
    }
    case expr_kind::grouping: return grouping_function(e, s);
    case expr_kind::default_:
      throw sql_error(sqlstate::syntax_error, "DEFAULT is not allowed in this context").at(e.position);
    case expr_kind::row: return row(e, s);
    case expr_kind::star: return star_as_row(e, s);
    default: throw sql_error(sqlstate::feature_not_supported, "this kind of expression is not supported").at(e.position);
  }
}

std::vector<expression_ptr> binder::to_common(std::vector<expression_ptr> values, const char* construct, int position,
                                              const std::vector<int>* positions, const char* part) {
  std::vector<oid> types;
  for (auto& v : values) types.push_back(v->type().id);
  // The first that does not go with those before it is named.
  for (std::size_t n = 2; positions != nullptr && n < types.size(); ++n) {
    (void)common_type(std::span(types).first(n), construct, (*positions)[n - 1]);
  }
  if (positions != nullptr && !positions->empty()) position = positions->back();
  type_ref to{common_type(types, construct, position), -1};
  if (to.id == type_oid::unknown) to.id = type_oid::text;
  bool same = true;
  for (auto& v : values) same = same && v->type() == values[0]->type();
  if (same && values[0]->type().id == to.id) return values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& v = values[i];
    auto c = try_coerce(v, to, cast_context::implicit, position);
    if (!c) {
      throw sql_error(sqlstate::cannot_coerce, std::string(part != nullptr ? part : construct) + " could not convert type " +
                                                   format_type({v->type().id, -1}) + " to " + format_type(to))
          .at(positions != nullptr ? (*positions)[i] : position);
    }
    v = std::move(c);
  }
  return values;
}

/// Where an expression begins: casts and operators are known by the place of their sign.
int binder::start_of(const ast::expr& e) {
  const bool sign = e.kind == expr_kind::cast || e.kind == expr_kind::op || e.kind == expr_kind::like || e.kind == expr_kind::field;
  if (!sign || e.args.empty() || !e.args[0]) return e.position;
  if (e.kind == expr_kind::cast && e.args[0]->kind == expr_kind::row) return e.position;  // the cast becomes the row
  const int first = start_of(*e.args[0]);
  return first > 0 && (first < e.position || e.position == 0) ? first : e.position;
}

expression_ptr binder::case_form(const ast::expr& e, scope& s) {
  auto test = e.test ? bind(*e.test, s) : nullptr;
  if (test) test = settle_unknown(test);
  std::vector<expression_ptr> conditions, results;
  std::vector<int> positions;
  for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) {
    conditions.push_back(test ? call_operator("=", test, bind(*e.args[i], s), e.args[i]->position)
                              : bind_condition(*e.args[i], s, "CASE/WHEN"));
    results.push_back(bind(*e.args[i + 1], s));
    positions.push_back(start_of(*e.args[i + 1]));
  }
  // PostgreSQL lets ELSE's type weigh first.
  positions.insert(positions.begin(), e.otherwise ? start_of(*e.otherwise) : 0);
  results.insert(results.begin(), e.otherwise ? bind(*e.otherwise, s)
                                              : std::make_shared<constant_expression>(type_ref{type_oid::unknown, -1}, datum::null()));
  results = to_common(std::move(results), "CASE", e.position, &positions, "CASE/WHEN");
  auto type = results[0]->type();
  expression_ptr otherwise;
  if (e.otherwise) otherwise = results[0];
  else type = results[1]->type();
  results.erase(results.begin());
  std::vector<expression_ptr> branches;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    branches.push_back(conditions[i]);
    branches.push_back(results[i]);
  }
  return std::make_shared<case_expression>(type, std::move(branches), std::move(otherwise));
}

expression_ptr binder::common_form(const ast::expr& e, scope& s) {
  using kind = special_expression::kind;
  auto what = e.kind == expr_kind::coalesce ? kind::coalesce : e.kind == expr_kind::greatest ? kind::greatest : kind::least;
  const char* name = what == kind::coalesce ? "COALESCE" : what == kind::greatest ? "GREATEST" : "LEAST";
  std::vector<expression_ptr> values;
  std::vector<int> positions;
  for (auto& a : e.args) {
    values.push_back(bind(*a, s));
    positions.push_back(start_of(*a));
  }
  values = to_common(std::move(values), name, e.position, &positions);
  auto type = values[0]->type();
  return std::make_shared<special_expression>(what, type, std::move(values));
}

expression_ptr binder::null_if(const ast::expr& e, scope& s) {
  auto left = bind(*e.args[0], s), right = bind(*e.args[1], s);
  auto f = resolve_operator("=", left->type().id, right->type().id, e.position);
  auto original = left->type().id == type_oid::unknown ? coerce(left, {f.argument_types[0], -1}, cast_context::implicit, e.position) : left;
  auto arguments = coerce_arguments({left, right}, f.argument_types, e.position);
  auto type = original->type();
  arguments.push_back(std::move(original));
  return std::make_shared<special_expression>(special_expression::kind::null_if, type, std::move(arguments), f.function);
}

expression_ptr binder::distinct_from(const ast::expr& e, scope& s) {
  auto left = bind(*e.args[0], s), right = bind(*e.args[1], s);
  auto f = resolve_operator("=", left->type().id, right->type().id, e.position);
  auto arguments = coerce_arguments({left, right}, f.argument_types, e.position);
  auto what = e.flag ? special_expression::kind::not_distinct : special_expression::kind::distinct;
  return std::make_shared<special_expression>(what, type_ref{type_oid::boolean, -1}, std::move(arguments), f.function);
}

expression_ptr binder::in_list(const ast::expr& e, scope& s) {
  if (e.args[0]->kind == expr_kind::row) {
    std::vector<expression_ptr> any;
    for (std::size_t i = 1; i < e.args.size(); ++i) any.push_back(row_comparison("=", *e.args[0], *e.args[i], s, e.position));
    auto out = logic(logic_expression::kind::or_, std::move(any));
    return e.flag ? negate(out) : out;
  }
  std::vector<expression_ptr> values;
  for (auto& a : e.args) values.push_back(bind(*a, s));
  if (values.size() == 2) return call_operator(e.text, values[0], values[1], e.position);
  values = to_common(std::move(values), "IN", e.position);
  auto type = values[0]->type().id;
  auto f = resolve_operator(e.text, type, type, e.position);
  values = coerce_arguments(std::move(values), std::vector<oid>(values.size(), f.argument_types[0]), e.position);
  auto value = values[0];
  values.erase(values.begin());
  return std::make_shared<list_expression>(e.flag, f.function, e.text, std::move(value), std::move(values));
}

expression_ptr binder::between(const ast::expr& e, scope& s) {
  auto value = bind(*e.args[0], s), low = bind(*e.args[1], s), high = bind(*e.args[2], s);
  auto inside = [&](const expression_ptr& from, const expression_ptr& to) {
    return logic(logic_expression::kind::and_, {call_operator(">=", value, from, e.position), call_operator("<=", value, to, e.position)});
  };
  auto out = inside(low, high);
  if (e.number == 1) out = logic(logic_expression::kind::or_, {out, inside(high, low)});
  return e.flag ? negate(out) : out;
}

expression_ptr binder::row_comparison(const std::string& op, const ast::expr& left, const ast::expr& right, scope& s, int position) {
  if (right.kind == expr_kind::row && left.args.empty() && right.args.empty()) {
    throw sql_error(sqlstate::feature_not_supported, "cannot compare rows of zero length").at(position);
  }
  if (right.kind != expr_kind::row || left.args.size() != right.args.size()) {
    throw sql_error(sqlstate::syntax_error, "unequal number of entries in row expressions").at(position);
  }
  std::vector<expression_ptr> ls, rs, all;
  for (auto& a : left.args) ls.push_back(bind(*a, s));
  for (auto& a : right.args) rs.push_back(bind(*a, s));
  if (op == "=" || op == "<>") {
    for (std::size_t i = 0; i < ls.size(); ++i) all.push_back(call_operator(op, ls[i], rs[i], position));
    return logic(op == "=" ? logic_expression::kind::and_ : logic_expression::kind::or_, std::move(all));
  }
  if (op != "<" && op != ">" && op != "<=" && op != ">=") {
    throw sql_error(sqlstate::feature_not_supported, "row comparison with operator " + op + " is not supported").at(position);
  }
  // (a, b) < (c, d) is a < c OR (a = c AND b < d).
  std::string strict = op.substr(0, 1);
  auto out = call_operator(op, ls.back(), rs.back(), position);
  for (std::size_t i = ls.size() - 1; i-- > 0;) {
    auto tie = logic(logic_expression::kind::and_, {call_operator("=", ls[i], rs[i], position), out});
    out = logic(logic_expression::kind::or_, {call_operator(strict, ls[i], rs[i], position), tie});
  }
  return out;
}

expression_ptr binder::current_value(const ast::expr& e) {
  std::string name = e.text == "user" || e.text == "current_role" ? "current_user" : e.text == "current_catalog" ? "current_database" : e.text;
  return call_function(name, {}, e.position);
}

namespace {
/// Of defaults, checks and EXECUTE: one value from constants, columns and functions.
void refuse_subquery(const scope& s, int position) {
  std::string_view clause = s.clause;
  if (clause != "check constraints" && clause != "DEFAULT expressions" && clause != "column generation expressions" && clause != "EXECUTE parameters" &&
      clause != "index expressions" && clause != "index predicates") {
    return;
  }
  throw sql_error(sqlstate::feature_not_supported, "cannot use subquery in " + std::string(clause.substr(0, clause.size() - 1))).at(position);
}
}  // namespace

expression_ptr binder::subquery(const ast::expr& e, scope& s) {
  refuse_subquery(s, e.position);
  auto q = bind_query(*e.query, &s);
  subquery_expression::parts p;
  using kind = subquery_expression::kind;
  p.what = e.kind == expr_kind::exists ? kind::exists : e.kind == expr_kind::array_subquery ? kind::array : kind::scalar;
  p.number = in_.add_subquery();
  p.root = q.root;
  p.outer_slots = q.outer_slots;
  in_.side_plans.push_back(q.root);
  type_ref type{type_oid::boolean, -1};
  if (p.what != kind::exists) {
    if (q.outputs.size() != 1) throw sql_error(sqlstate::syntax_error, "subquery must return only one column").at(e.position);
    type = q.outputs[0].value->type();
    if (p.what == kind::array) type = {array_type_of(type.id), -1};
  }
  for (auto& o : q.outputs) p.outputs.push_back(o.value);
  return std::make_shared<subquery_expression>(type, std::move(p));
}

expression_ptr binder::quantified(const ast::expr& e, scope& s) {
  refuse_subquery(s, e.position);
  auto q = bind_query(*e.query, &s);
  subquery_expression::parts p;
  p.what = e.kind == expr_kind::all_subquery ? subquery_expression::kind::all : subquery_expression::kind::any;
  p.number = in_.add_subquery();
  p.root = q.root;
  p.op = e.text;
  p.outer_slots = q.outer_slots;
  in_.side_plans.push_back(q.root);
  std::vector<expression_ptr> left;
  if (e.args[0]->kind == expr_kind::row) {
    for (auto& a : e.args[0]->args) left.push_back(bind(*a, s));
  } else {
    left.push_back(bind(*e.args[0], s));
  }
  if (q.outputs.size() != left.size()) {
    throw sql_error(sqlstate::syntax_error, q.outputs.size() < left.size() ? "subquery has too few columns" : "subquery has too many columns").at(e.position);
  }
  if (left.size() > 1 && e.text != "=" && e.text != "<>") {
    throw sql_error(sqlstate::feature_not_supported, "row comparison with operator " + e.text + " is not supported").at(e.position);
  }
  p.equality = e.text == "=";
  for (std::size_t i = 0; i < left.size(); ++i) {
    auto f = resolve_operator(e.text, left[i]->type().id, q.outputs[i].value->type().id, e.position);
    p.functions.push_back(f.function);
    p.tests.push_back(coerce(left[i], {f.argument_types[0], -1}, cast_context::implicit, e.position));
    p.outputs.push_back(coerce(q.outputs[i].value, {f.argument_types[1], -1}, cast_context::implicit, e.position));
    p.equality = p.equality && f.argument_types[0] == f.argument_types[1];
  }
  return std::make_shared<subquery_expression>(type_ref{type_oid::boolean, -1}, std::move(p));
}

}  // namespace helios::sql
