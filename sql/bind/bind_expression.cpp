#include <algorithm>
#include <charconv>

#include "base/sql_error.hpp"
#include "sql/bind/row_target.hpp"
#include "sql/bind/suggest.hpp"
#include "sql/types/array.hpp"

namespace helios::sql {

using ast::expr_kind;

void analysis::use(const expression& e) {
  std::vector<int> slots;
  collect_slots(e, slots);
  for (int s : slots) use(s);
}

expression_ptr binder::bind(const ast::expr& e, scope& s) {
  auto out = bind_as_written(e, s);
  if (s.grouping == nullptr || s.in_aggregate) return out;
  auto grouped = s.grouping->by_key.find(key_of(*out));
  return grouped == s.grouping->by_key.end() ? out : grouped->second;
}

expression_ptr binder::bind_as_written(const ast::expr& e, scope& s) {
  switch (e.kind) {
    case expr_kind::column: return column(e, s);
    case expr_kind::integer: case expr_kind::number: case expr_kind::string: case expr_kind::boolean:
    case expr_kind::null: case expr_kind::bit_string: return constant(e);
    case expr_kind::parameter: return parameter(e);
    case expr_kind::op: case expr_kind::like: return operation(e, s);
    case expr_kind::call: return call(e, s);
    case expr_kind::cast: {
      auto to = resolve_type(e.type);
      // ARRAY[] takes its type from the cast around it.
      if (const oid element = element_type(to.id); element != 0 && e.args[0]->kind == expr_kind::array && e.args[0]->args.empty()) {
        return std::make_shared<constant_expression>(to, array_value::of(element, {}).to_datum(in_.memory()), e.args[0]->position);
      }
      if (auto list = array_of_defined(*e.args[0], to, s)) return list;
      if (auto row = bind_row_as(*this, *e.args[0], to, cast_context::explicit_, s, e.position)) return row;
      auto value = bind(*e.args[0], s);
      auto out = try_coerce(value, to, cast_context::explicit_, start_of(e));
      if (!out) {
        throw sql_error(sqlstate::cannot_coerce, "cannot cast type " + format_type({value->type().id, -1}) + " to " +
                                                     format_type({to.id, -1})).at(e.position);
      }
      return out;
    }
    default: return form(e, s);
  }
}

/// ARRAY[...]::t[] where the catalog defines t: its literals are of type t from the beginning. nullptr for anything else.
expression_ptr binder::array_of_defined(const ast::expr& e, type_ref to, scope& s) {
  const oid element = element_type(to.id);
  if (e.kind != expr_kind::array || element < first_defined_oid || get_type(to.id).kind == 'd') return nullptr;
  std::vector<expression_ptr> items;
  for (auto& a : e.args) {
    if (a->kind == expr_kind::array) return nullptr;
    auto item = bind(*a, s);
    if (element_type(item->type().id) != 0) return nullptr;
    items.push_back(coerce(item, {element, to.modifier}, cast_context::explicit_, start_of(*a)));
  }
  return std::make_shared<array_expression>(to, element, false, std::move(items));
}

expression_ptr binder::bind_condition(const ast::expr& e, scope& s, const char* clause) {
  auto value = bind(e, s);
  auto out = try_coerce(value, {type_oid::boolean, -1}, cast_context::assignment, e.position);
  if (!out) {
    throw sql_error(sqlstate::datatype_mismatch, "argument of " + std::string(clause) + " must be type boolean, not type " +
                                                     format_type({value->type().id, -1})).at(e.position);
  }
  return out;
}

expression_ptr binder::constant(const ast::expr& e) {
  auto make = [&e](oid type, datum value) -> expression_ptr {
    return std::make_shared<constant_expression>(type_ref{type, -1}, value, e.position);
  };
  switch (e.kind) {
    case expr_kind::null: return make(type_oid::unknown, datum::null());
    case expr_kind::boolean: return make(type_oid::boolean, datum::of_bool(e.flag));
    case expr_kind::string: return make(type_oid::unknown, datum::of_bytes(e.text));
    case expr_kind::integer: return make(type_oid::int4, datum::of_int(std::stoll(e.text)));
    case expr_kind::number: break;
    default: {
      try {
        return make(type_oid::bit, get_type(type_oid::bit).parse_text(e.text, -1, *in_.env().formats, in_.memory()));
      } catch (sql_error& error) {
        error.report().position = e.position;
        throw;
      }
    }
  }
  // Whole numbers take the narrowest of int4, int8 and numeric that holds them. "-2147483648" comes as one number.
  std::int64_t whole = 0;
  auto [end, failed] = std::from_chars(e.text.data(), e.text.data() + e.text.size(), whole);
  if (failed == std::errc() && end == e.text.data() + e.text.size()) {
    bool small = whole >= INT32_MIN && whole <= INT32_MAX;
    return make(small ? type_oid::int4 : type_oid::int8, datum::of_int(whole));
  }
  auto& type = get_type(type_oid::numeric);
  return make(type_oid::numeric, type.parse_text(e.text, -1, *in_.env().formats, in_.memory()));
}

expression_ptr binder::parameter(const ast::expr& e) {
  bool beyond = in_.env().fixed_parameters && static_cast<std::size_t>(e.number) > in_.parameter_types.size();
  if (e.number < 1 || e.number > 65535 || beyond) {
    throw sql_error(sqlstate::undefined_parameter, "there is no parameter $" + std::to_string(e.number)).at(e.position);
  }
  auto n = static_cast<std::size_t>(e.number);
  if (in_.parameter_types.size() < n) in_.parameter_types.resize(n, 0);
  oid known = in_.parameter_types[n - 1];
  return std::make_shared<parameter_expression>(type_ref{known == 0 ? type_oid::unknown : known, -1}, e.number, e.position);
}

namespace {
const visible_column* find_visible(const scope& s, const std::string& name, int position) {
  const visible_column* found = nullptr;
  for (auto& c : s.visible) {
    if (c.name != name) continue;
    if (found != nullptr) {
      throw sql_error(sqlstate::ambiguous_column, "column reference \"" + name + "\" is ambiguous").at(position);
    }
    found = &c;
  }
  return found;
}

const relation_entry* find_relation(const scope& s, const std::vector<std::string>& qualifier) {
  for (auto& r : s.relations) {
    if (r.alias != qualifier.back()) continue;
    if (qualifier.size() > 1 && r.schema != qualifier[qualifier.size() - 2]) continue;
    return &r;
  }
  return nullptr;
}

const visible_column* find_qualified(const scope& s, const relation_entry& r, const std::vector<std::string>& names, int position) {
  const visible_column* found = nullptr;
  for (auto& c : r.columns) {
    if (c.name != names.back()) continue;
    if (found != nullptr) {
      throw sql_error(sqlstate::ambiguous_column, "column reference \"" + names.back() + "\" is ambiguous").at(position);
    }
    found = &c;
  }
  if (found == nullptr) {
    throw sql_error(sqlstate::undefined_column, "column " + names[names.size() - 2] + "." + names.back() + " does not exist")
        .hint(suggest_column(s, r.alias, names.back())).at(position);
  }
  return found;
}

/// relation.tableoid: which relation a row is of. nullptr where an outer join may have none, and for what is no relation.
expression_ptr table_oid(const relation_entry& r, const std::string& name) {
  if (name != "tableoid" || r.nullable || r.view || r.columns.empty()) return nullptr;
  for (auto& c : r.columns) {
    if (c.name == name) return nullptr;
  }
  auto* slot = as_slot(r.columns[0].value);
  if (slot == nullptr || slot->table() == 0) return nullptr;
  return std::make_shared<constant_expression>(type_ref{type_oid::oid, -1}, datum::of_int(slot->table()));
}

/// The columns of slots that a scope hands to the queries inside it are outer slots of all scopes between.
void cross(scope& from, const scope* to, const expression& value) {
  for (scope* s = &from; s != to; s = s->outer) collect_slots(value, s->outer_slots);
}
}  // namespace

namespace {
/// The system column tableoid of a relation: a constant, NULL where an outer join has no row. Null for what is no table.
expression_ptr table_oid(const relation_entry& r) {
  auto* slot = r.columns.empty() || r.view ? nullptr : as_slot(r.columns.front().value);
  oid id = r.table != nullptr ? r.table->id : slot != nullptr ? slot->table() : 0;
  if (id == 0) return nullptr;
  type_ref type{type_oid::oid, -1};
  auto value = std::make_shared<constant_expression>(type, datum::of_int(id));
  if (!r.nullable) return value;
  if (r.table == nullptr) return nullptr;
  auto row = std::make_shared<slot_expression>(type_ref{type_oid::int8, -1}, r.base + static_cast<int>(r.table->columns.size()), "row");
  auto present = std::make_shared<test_expression>(test_expression::kind::not_null, row);
  return std::make_shared<case_expression>(type, std::vector<expression_ptr>{present, value}, nullptr);
}

/// A reference that names tableoid, where no column has that name.
expression_ptr system_column(analysis& in, const ast::expr& e, const std::vector<std::string>& qualifier, scope& from, scope& at) {
  if (e.names.back() != "tableoid") return nullptr;
  expression_ptr out;
  for (auto& r : at.relations) {
    bool meant = qualifier.empty() || &r == find_relation(at, qualifier);
    if (!meant || std::any_of(r.columns.begin(), r.columns.end(), [](auto& c) { return c.name == "tableoid"; })) continue;
    auto one = table_oid(r);
    if (one && out) throw sql_error(sqlstate::ambiguous_column, "column reference \"tableoid\" is ambiguous").at(e.position);
    if (one) out = one;
  }
  if (!out) return nullptr;
  in.use(*out);
  cross(from, &at, *out);
  return out;
}
}  // namespace

expression_ptr binder::column(const ast::expr& e, scope& s) {
  std::vector<std::string> qualifier(e.names.begin(), e.names.end() - 1);
  for (scope* at = &s; at != nullptr; at = at->outer) {
    if (auto system = system_column(in_, e, qualifier, s, *at); system) return system;
    const visible_column* found = nullptr;
    if (qualifier.empty()) {
      found = find_visible(*at, e.names.back(), e.position);
    } else if (auto* r = find_relation(*at, qualifier); r != nullptr) {
      if (auto id = table_oid(*r, e.names.back())) return id;
      found = find_qualified(*at, *r, e.names, e.position);
    }
    if (found == nullptr) continue;
    note_read(*at, *found);
    if (in_.record != nullptr) note_column(e, *at, *found);
    if (at->grouping != nullptr && !at->in_aggregate) {
      if (auto grouped = at->grouping->by_key.find(key_of(*found->value)); grouped != at->grouping->by_key.end()) {
        cross(s, at, *grouped->second);
        return grouped->second;
      }
    }
    in_.use(*found->value);
    if (auto* slot = as_slot(found->value); slot != nullptr && !s.in_aggregate) at->references.emplace(slot->slot(), e.position);
    cross(s, at, *found->value);
    return found->value;
  }
  if (!qualifier.empty()) {
    no_such_relation(s, qualifier.back(), e.position);
  }
  for (scope* at = &s; at != nullptr; at = at->outer) {
    if (auto* r = find_relation(*at, e.names); r != nullptr) return whole_row(*r, e.position, s, at);
  }
  throw sql_error(sqlstate::undefined_column, "column \"" + e.names.back() + "\" does not exist")
      .hint(suggest_column(s, {}, e.names.back())).at(e.position);
}

/// t.* where a value stands: the row of t. (x).* is x.
expression_ptr binder::star_as_row(const ast::expr& e, scope& s) {
  if (!e.args.empty()) return bind(*e.args[0], s);
  if (e.names.empty()) throw sql_error(sqlstate::syntax_error, "row expansion via \"*\" is not supported here").at(e.position);
  for (scope* at = &s; at != nullptr; at = at->outer) {
    if (auto* r = find_relation(*at, e.names); r != nullptr) return whole_row(*r, e.position, s, at);
  }
  no_such_relation(s, e.names.back(), e.position);
}

/// The columns of a relation as one record. Of a scalar function's relation it is that value itself.
expression_ptr binder::whole_row(const relation_entry& relation, int position, scope& from, scope* to) {
  std::vector<expression_ptr> fields;
  std::vector<std::string> names;
  for (auto& c : relation.columns) {
    note_read(relation, static_cast<std::size_t>(&c - relation.columns.data()));
    in_.use(*c.value);
    if (auto* slot = as_slot(c.value); slot != nullptr && !from.in_aggregate) to->references.emplace(slot->slot(), position);
    cross(from, to, *c.value);
    fields.push_back(c.value);
    names.push_back(c.name);
  }
  const oid type = relation.row_type != 0 ? relation.row_type : oid{type_oid::record};
  return std::make_shared<row_expression>(std::move(fields), std::move(names), relation.nullable, type);
}

expression_ptr binder::operation(const ast::expr& e, scope& s) {
  if (e.args.size() == 2 && e.args[0]->kind == expr_kind::row && e.args[1]->kind == expr_kind::row) {
    return row_comparison(e.text, *e.args[0], *e.args[1], s, e.position);
  }
  auto left = e.args.size() == 2 ? bind(*e.args[0], s) : nullptr;
  auto right = bind(*e.args.back(), s);
  return call_operator(e.text, std::move(left), std::move(right), e.position);
}

expression_ptr binder::call_operator(const std::string& name, expression_ptr left, expression_ptr right, int position) {
  auto f = resolve_operator(name, left ? left->type().id : 0, right->type().id, position);
  std::vector<expression_ptr> arguments;
  if (left) arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  arguments = coerce_arguments(std::move(arguments), f.argument_types, position);
  return fold(std::make_shared<call_expression>(type_ref{f.result_type, -1}, f.function, std::move(arguments), name));
}

expression_ptr binder::call_function(const std::string& name, std::vector<expression_ptr> arguments, int position) {
  std::vector<oid> types;
  for (auto& a : arguments) types.push_back(a->type().id);
  auto f = resolve_function(name, types, false, position);
  arguments = coerce_arguments(std::move(arguments), f.argument_types, position);
  return fold(std::make_shared<call_expression>(type_ref{f.result_type, -1}, f.function, std::move(arguments)));
}

std::vector<expression_ptr> binder::coerce_arguments(std::vector<expression_ptr> arguments, const std::vector<oid>& types,
                                                     int position) {
  for (std::size_t i = 0; i < arguments.size() && i < types.size(); ++i) {
    arguments[i] = coerce(arguments[i], {types[i], -1}, cast_context::implicit, position);
  }
  return arguments;
}

expression_ptr binder::fold(expression_ptr e) {
  if (auto* f = dynamic_cast<const call_expression*>(e.get()); f != nullptr) {
    if (f->function().stability != volatility::immutable || f->function().call == nullptr) return e;
  }
  bool constant = true;
  e->children([&constant](const expression_ptr& child) { constant = constant && as_constant(child) != nullptr; });
  if (!constant) return e;
  try {
    evaluation scratch;
    scratch.call = in_.call();
    return std::make_shared<constant_expression>(e->type(), e->eval(scratch));
  } catch (const sql_error&) {
    return e;  // reported when, and if, it is evaluated
  }
}

expression_ptr binder::call(const ast::expr& e, scope& s) {
  if (e.over) return window_function(e, s);
  if (e.within_group) return within_group(e, s);
  const std::string& name = e.names.back();
  bool is_aggregate_call = e.star || is_aggregate(name);
  if (is_aggregate_call && s.in_aggregate) {
    throw sql_error(sqlstate::grouping_error, "aggregate function calls cannot be nested").at(e.position);
  }
  if (is_aggregate_call) s.in_aggregate = true;
  std::vector<expression_ptr> arguments;
  for (auto& a : e.args) arguments.push_back(bind(*a, s));
  if (is_aggregate_call) s.in_aggregate = false;
  std::vector<oid> types;
  for (auto& a : arguments) types.push_back(a->type().id);
  auto f = resolve_function(name, types, e.star, e.position);
  arguments = coerce_arguments(std::move(arguments), f.argument_types, e.position);
  if (f.aggregate != nullptr) return aggregate(e, std::move(arguments), f, s);
  if (f.function->window) {
    throw sql_error("42809", "window function " + name + " requires an OVER clause").at(e.position);
  }
  if (e.distinct || e.filter || !e.order.empty()) {
    throw sql_error("42809", (e.distinct ? "DISTINCT" : e.filter ? "FILTER" : "ORDER BY") + std::string(" specified, but ") +
                                 name + " is not an aggregate function").at(e.position);
  }
  if (f.function->returns_set) return set_function(e, std::move(arguments), f, s);
  return fold(std::make_shared<call_expression>(type_ref{f.result_type, -1}, f.function, std::move(arguments)));
}

expression_ptr binder::set_function(const ast::expr& e, std::vector<expression_ptr> arguments, const resolved_function& f, scope& s) {
  if (s.sets == nullptr) {
    throw sql_error(sqlstate::feature_not_supported, "set-returning functions are not allowed in " + std::string(s.clause)).at(e.position);
  }
  int slot = in_.add_slots(1);
  in_.use(slot);
  for (auto& a : arguments) in_.use(*a);
  s.sets->push_back({f.function, std::move(arguments), slot});
  return std::make_shared<slot_expression>(type_ref{f.result_type, -1}, slot, e.names.back());
}

namespace {
/// DISTINCT sorts its values: what collects them shows it. ORDER BY may only use them.
void order_distinct(const ast::expr& e, aggregate_call& call) {
  for (std::size_t i = 0; i < call.order.size(); ++i) {
    auto key = key_of(*call.order[i].value);
    bool listed = std::any_of(call.arguments.begin(), call.arguments.end(), [&](auto& a) { return key_of(*a) == key; });
    if (listed) continue;
    throw sql_error(sqlstate::invalid_column_reference, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
        .at(e.order[i].position);
  }
  std::string_view name = call.function->name;
  if (!name.ends_with("_agg")) return;
  for (auto& a : call.arguments) {
    bool sorted = std::any_of(call.order.begin(), call.order.end(), [&](auto& o) { return key_of(*o.value) == key_of(*a); });
    if (!sorted && get_type(a->type().id).comparable()) call.order.push_back({a, false, false});
  }
}
}  // namespace

expression_ptr binder::aggregate(const ast::expr& e, std::vector<expression_ptr> arguments, const resolved_function& f,
                                 scope& s) {
  if (f.aggregate->ordered != ordered_set::none && !e.within_group) {
    throw sql_error("42809", "WITHIN GROUP is required for ordered-set aggregate " + e.names.back()).at(e.position);
  }
  if (s.aggregates == nullptr) {
    throw sql_error(sqlstate::grouping_error, "aggregate functions are not allowed in " + std::string(s.clause)).at(e.position);
  }
  s.in_aggregate = true;
  aggregate_call call;
  call.function = f.aggregate;
  call.arguments = std::move(arguments);
  call.distinct = e.distinct;
  if (e.filter) call.filter = bind_condition(*e.filter, s, "FILTER");
  call.order = bind_order(e.order, {}, nullptr, s, false);
  s.in_aggregate = false;
  if (call.distinct) order_distinct(e, call);
  call.arguments = arguments_for(*f.aggregate, std::move(call.arguments));
  return add_aggregate(std::move(call), f.result_type, e.names.back(), s);
}

expression_ptr binder::add_aggregate(aggregate_call call, oid type, const std::string& name, scope& s) {
  call.key = name + "/" + std::to_string(call.function->id) + (call.distinct ? "d(" : "(");
  for (auto& a : call.arguments) call.key += key_of(*a) + ",";
  for (auto& o : call.order) call.key += "o" + key_of(*o.value) + (o.descending ? "d" : "a");
  if (call.filter) call.key += "f" + key_of(*call.filter);
  for (auto& known : *s.aggregates) {
    if (known.key == call.key) {
      return std::make_shared<slot_expression>(type_ref{type, -1}, known.slot, name);
    }
  }
  call.slot = in_.add_slots(1);
  in_.use(call.slot);
  int slot = call.slot;
  s.aggregates->push_back(std::move(call));
  return std::make_shared<slot_expression>(type_ref{type, -1}, slot, name);
}

namespace {
/// The name of a column of the select list, and how sure it is: 2 from a name, 1 from a type, 0 none.
struct name_guess {
  std::string name;
  int strength = 0;
};

name_guess guess_name(const ast::expr& e) {
  switch (e.kind) {
    case expr_kind::column: case expr_kind::field: case expr_kind::call: return {e.names.back(), 2};
    case expr_kind::cast: {
      auto inner = guess_name(*e.args[0]);
      return inner.strength > 1 ? inner : name_guess{e.type.names.back(), 1};
    }
    case expr_kind::star: return e.names.empty() ? name_guess{} : name_guess{e.names.back(), 2};
    case expr_kind::case_: {
      auto inner = e.otherwise ? guess_name(*e.otherwise) : name_guess{};
      return inner.strength > 1 ? inner : name_guess{"case", 1};
    }
    case expr_kind::coalesce: return {"coalesce", 2};
    case expr_kind::greatest: return {"greatest", 2};
    case expr_kind::least: return {"least", 2};
    case expr_kind::null_if: return {"nullif", 2};
    case expr_kind::grouping: return {"grouping", 2};
    case expr_kind::exists: return {"exists", 2};
    case expr_kind::array: case expr_kind::array_subquery: return {"array", 2};
    case expr_kind::row: return {"row", 2};
    case expr_kind::current_value: return {e.text, 2};
    case expr_kind::collate: case expr_kind::subscript: return guess_name(*e.args[0]);
    case expr_kind::subquery: {
      if (!e.query || e.query->targets.empty()) return {};
      auto& t = e.query->targets[0];
      return t.name.empty() ? guess_name(*t.value) : name_guess{t.name, 2};
    }
    default: return {};
  }
}
}  // namespace

std::string binder::column_name(const ast::expr& e) {
  auto guess = guess_name(e);
  return guess.strength == 0 ? "?column?" : guess.name;
}

}  // namespace helios::sql
