// ARRAY[...], subscripts, op ANY / ALL over arrays, and ROW(...).

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/types/array.hpp"

namespace helios::sql {

using ast::expr_kind;

namespace {
/// The element type of arrays and of the two vector types of the catalog; 0 for what is no array.
oid element_of(oid type) {
  if (type == type_oid::int2vector) return type_oid::int2;
  if (type == type_oid::oidvector) return type_oid::oid;
  return element_type(type);
}
}  // namespace

expression_ptr binder::op_any(const ast::expr& e, scope& s) {
  bool all = e.kind == expr_kind::op_all;
  auto& right = *e.args[1];
  if (right.kind != expr_kind::array || right.args.empty()) return array_test(e, s);
  std::vector<expression_ptr> values{bind(*e.args[0], s)};
  for (auto& a : right.args) values.push_back(bind(*a, s));
  values = to_common(std::move(values), "ARRAY", e.position);
  auto type = values[0]->type().id;
  auto f = resolve_operator(e.text, type, type, e.position);
  values = coerce_arguments(std::move(values), std::vector<oid>(values.size(), f.argument_types[0]), e.position);
  auto value = values[0];
  values.erase(values.begin());
  return std::make_shared<list_expression>(all, f.function, e.text, std::move(value), std::move(values));
}

expression_ptr binder::array_test(const ast::expr& e, scope& s) {
  auto left = bind(*e.args[0], s), right = bind(*e.args[1], s);
  oid type = right->type().id;
  oid element = type == type_oid::unknown ? oid{type_oid::unknown} : element_of(type);
  if (element == 0) throw sql_error("42809", "op ANY/ALL (array) requires array on right side").at(e.position);
  auto f = resolve_operator(e.text, left->type().id, element, e.position);
  if (f.result_type != type_oid::boolean) throw sql_error("42809", "op ANY/ALL (array) requires operator to yield boolean").at(e.position);
  const cast_def* cast = nullptr;
  if (type == type_oid::unknown) right = coerce(right, {array_type_of(f.argument_types[1]), -1}, cast_context::implicit, e.position);
  else if (f.argument_types[1] != element) cast = find_cast(element, f.argument_types[1], cast_context::implicit);
  left = coerce(left, {f.argument_types[0], -1}, cast_context::implicit, e.position);
  return std::make_shared<array_test_expression>(e.kind == expr_kind::op_all, f.function, e.text, std::move(left), std::move(right), cast);
}

expression_ptr binder::array(const ast::expr& e, scope& s) {
  std::vector<expression_ptr> items;
  std::vector<int> positions;
  bool nested = false;
  for (auto& a : e.args) {
    items.push_back(bind(*a, s));
    positions.push_back(start_of(*a));
    nested = nested || element_type(items.back()->type().id) != 0;
  }
  if (items.empty()) {
    throw sql_error(sqlstate::indeterminate_datatype, "cannot determine type of empty array")
        .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").at(e.position);
  }
  items = to_common(std::move(items), "ARRAY", e.position, &positions);
  for (auto& i : items) i = settle_unknown(i);
  auto type = items[0]->type();
  oid element = nested ? element_type(type.id) : type.id;
  oid array_type = nested ? type.id : array_type_of(type.id);
  return fold(std::make_shared<array_expression>(type_ref{array_type, type.modifier}, element, nested, std::move(items)));
}

expression_ptr binder::subscript(const ast::expr& e, scope& s) {
  // a[1][2] comes as a subscript of a subscript: one access with two indexes.
  std::vector<expression_ptr> indexes;
  const ast::expr* base = &e;
  while (base->kind == expr_kind::subscript) base = base->args[0].get();
  auto array = bind(*base, s);
  if (array->type().id == type_oid::jsonb) return json_subscript(e, std::move(array), s);
  base = &e;
  while (base->kind == expr_kind::subscript) {
    auto index = bind(*base->args[1], s);
    auto number = try_coerce(index, {type_oid::int4, -1}, cast_context::assignment, base->args[1]->position);
    if (!number) throw sql_error(sqlstate::datatype_mismatch, "array subscript must have type integer").at(base->args[1]->position);
    indexes.insert(indexes.begin(), std::move(number));
    base = base->args[0].get();
  }
  oid element = element_of(array->type().id);
  if (element == 0) {
    throw sql_error(sqlstate::datatype_mismatch, "cannot subscript type " + format_type({array->type().id, -1}) +
                                                     " because it does not support subscripting").at(base->position);
  }
  return std::make_shared<subscript_expression>(type_ref{element, -1}, std::move(array), std::move(indexes));
}

/// jsonb['a'][0]: what the operator #> gives for the path of its subscripts.
expression_ptr binder::json_subscript(const ast::expr& e, expression_ptr value, scope& s) {
  std::vector<expression_ptr> path;
  for (auto* at = &e; at->kind == expr_kind::subscript; at = at->args[0].get()) {
    auto index = bind(*at->args[1], s);
    const oid type = index->type().id;
    auto step = try_coerce(index, {type == type_oid::int2 || type == type_oid::int4 ? oid{type_oid::int4} : oid{type_oid::text}, -1},
                           cast_context::implicit, at->args[1]->position);
    if (!step) {
      throw sql_error(sqlstate::datatype_mismatch, "subscript type " + format_type({type, -1}) + " is not supported")
          .hint("jsonb subscript must be coercible to either integer or text.").at(at->args[1]->position);
    }
    path.insert(path.begin(), coerce(step, {type_oid::text, -1}, cast_context::assignment, at->args[1]->position));
  }
  auto steps = std::make_shared<array_expression>(type_ref{type_oid::text_array, -1}, type_oid::text, false, std::move(path));
  return call_operator("#>", std::move(value), fold(std::move(steps)), e.position);
}

expression_ptr binder::row(const ast::expr& e, scope& s) {
  std::vector<expression_ptr> written, fields;
  for (auto& a : e.args) {
    if (a->kind == expr_kind::star) {
      std::vector<output_column> columns;
      if (a->names.empty() && a->args.empty()) throw sql_error(sqlstate::syntax_error, "row expansion via \"*\" is not supported here").at(a->position);
      expand_row(*a, s, columns);
      for (auto& c : columns) written.push_back(c.value);
      for (auto& c : columns) fields.push_back(c.value);
      continue;
    }
    written.push_back(bind(*a, s));
    fields.push_back(settle_unknown(written.back()));
  }
  auto out = std::make_shared<row_expression>(std::move(fields));
  out->as_written = std::move(written);
  return out;
}

}  // namespace helios::sql
