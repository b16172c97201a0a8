// Window functions and aggregates WITHIN GROUP: calls, the WINDOW clause, frames, and the plan of a query's windows.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/exec/window_frame.hpp"
#include "sql/functions/registry.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

constexpr const char windowing_error[] = "42P20";

void check_window_call(const ast::expr& e, const resolved_function& f) {
  auto& name = e.names.back();
  auto refuse = [&e](const char* state, std::string message) { throw sql_error(state, std::move(message)).at(e.position); };
  if (f.function != nullptr && !f.function->window) {
    refuse("42809", "OVER specified, but " + name + " is not a window function nor an aggregate function");
  }
  if (f.aggregate != nullptr && f.aggregate->ordered != ordered_set::none) {
    refuse("42809", "WITHIN GROUP is required for ordered-set aggregate " + name);
  }
  if (e.distinct) refuse(sqlstate::feature_not_supported, "DISTINCT is not implemented for window functions");
  if (!e.order.empty()) refuse(sqlstate::feature_not_supported, "aggregate ORDER BY is not implemented for window functions");
  if (f.aggregate == nullptr && e.filter) {
    refuse(sqlstate::feature_not_supported, "FILTER is not implemented for non-aggregate window functions");
  }
}

/// Runs `bind` where neither windows nor (unless `aggregates`) aggregates are allowed.
template <class F>
auto restricted(scope& s, const char* clause, bool aggregates, F bind) {
  auto* windows = s.windows;
  auto* calls = s.aggregates;
  auto* before = s.clause;
  s.windows = nullptr;
  if (!aggregates) s.aggregates = nullptr;
  s.clause = clause;
  auto out = bind();
  s.windows = windows;
  s.aggregates = calls;
  s.clause = before;
  return out;
}

std::string order_text(const std::vector<sort_key>& order) {
  std::string out;
  for (auto& o : order) out += key_of(*o.value) + (o.descending ? "d" : "a") + (o.nulls_first ? "f," : "l,");
  return out;
}

std::string window_text(const bound_window& w) {
  std::string out;
  for (auto& p : w.partition) out += key_of(*p) + ",";
  out += "/" + order_text(w.order) + "/";
  auto& f = w.frame;
  for (int part : {static_cast<int>(f.mode), static_cast<int>(f.start), static_cast<int>(f.end), static_cast<int>(f.exclusion)}) {
    out += std::to_string(part) + ",";
  }
  if (f.start_offset) out += key_of(*f.start_offset);
  out += "/";
  if (f.end_offset) out += key_of(*f.end_offset);
  return out;
}

}  // namespace

std::size_t window_list::add(const bound_window& w) {
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (windows[i].key == w.key) return i;
  }
  windows.push_back(w);
  return windows.size() - 1;
}

expression_ptr binder::window_function(const ast::expr& e, scope& s) {
  const std::string& name = e.names.back();
  if (s.in_aggregate) {
    throw sql_error(sqlstate::grouping_error, "aggregate function calls cannot contain window function calls").at(e.position);
  }
  if (s.in_window) throw sql_error(windowing_error, "window function calls cannot be nested").at(e.position);
  if (e.within_group) {
    throw sql_error(sqlstate::feature_not_supported, "OVER is not supported for ordered-set aggregate " + name).at(e.position);
  }
  s.in_window = true;
  std::vector<expression_ptr> arguments;
  for (auto& a : e.args) arguments.push_back(bind(*a, s));
  s.in_window = false;
  if ((name == "lag" || name == "lead") && arguments.size() == 3) {
    auto both = to_common({arguments[0], arguments[2]}, name.c_str(), e.position);
    arguments[0] = both[0];
    arguments[2] = both[1];
  }
  std::vector<oid> types;
  for (auto& a : arguments) types.push_back(a->type().id);
  auto f = resolve_function(name, types, e.star, e.position);
  check_window_call(e, f);
  if (s.windows == nullptr) {
    throw sql_error(windowing_error, "window functions are not allowed in " + std::string(s.clause)).at(e.position);
  }
  window_call call;
  call.function = f.function;
  call.aggregate = f.aggregate;
  call.arguments = coerce_arguments(std::move(arguments), f.argument_types, e.position);
  if (f.aggregate != nullptr) call.arguments = arguments_for(*f.aggregate, std::move(call.arguments));
  if (e.filter) call.filter = restricted(s, "FILTER", true, [&] { return bind_condition(*e.filter, s, "FILTER"); });
  auto& list = *s.windows;
  if (!e.over->name.empty()) {
    auto known = std::find_if(list.names.begin(), list.names.end(), [&](auto& n) { return n.definition->name == e.over->name; });
    if (known == list.names.end()) {
      throw sql_error(sqlstate::undefined_object, "window \"" + e.over->name + "\" does not exist").at(e.over->position);
    }
    call.window = list.add(named_window(list, static_cast<std::size_t>(known - list.names.begin()), s));
  } else {
    call.window = list.add(bind_window(list, *e.over, list.names.size(), s));
  }
  call.key = name + "/" + std::to_string(call.window) + "(";
  for (auto& a : call.arguments) call.key += key_of(*a) + ",";
  if (call.filter) call.key += "f" + key_of(*call.filter);
  for (auto& known : list.calls) {
    if (known.key == call.key) return std::make_shared<slot_expression>(type_ref{f.result_type, -1}, known.slot, name);
  }
  call.slot = in_.add_slots(1);
  in_.use(call.slot);
  int slot = call.slot;
  list.calls.push_back(std::move(call));
  return std::make_shared<slot_expression>(type_ref{f.result_type, -1}, slot, name);
}

const bound_window& binder::named_window(window_list& list, std::size_t number, scope& s) {
  if (!list.names[number].bound) {
    list.names[number].window = bind_window(list, *list.names[number].definition, number, s);
    list.names[number].bound = true;
  }
  return list.names[number].window;
}

void binder::bind_named_windows(window_list& list, scope& s) {
  for (std::size_t i = 0; i < list.names.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (list.names[i].definition->name != list.names[k].definition->name) continue;
      throw sql_error(windowing_error, "window \"" + list.names[i].definition->name + "\" is already defined")
          .at(list.names[i].definition->position);
    }
    named_window(list, i, s);
  }
}

/// A window sees the first `known` names of the WINDOW clause.
bound_window binder::bind_window(window_list& list, const ast::window_def& w, std::size_t known, scope& s) {
  bound_window out;
  if (!w.base.empty()) {
    std::size_t at = 0;
    while (at < known && list.names[at].definition->name != w.base) ++at;
    auto refuse = [&w](const char* why, const char* end = "") {
      return sql_error(windowing_error, std::string(why) + " window \"" + w.base + "\"" + end).at(w.position);
    };
    if (at == known) throw sql_error(sqlstate::undefined_object, "window \"" + w.base + "\" does not exist").at(w.position);
    auto base = named_window(list, at, s);
    if (!w.partition.empty()) throw refuse("cannot override PARTITION BY clause of");
    if (!w.order.empty() && !base.order.empty()) throw refuse("cannot override ORDER BY clause of");
    if (!list.names[at].definition->default_frame) {
      auto error = refuse("cannot copy", " because it has a frame clause");
      if (w.order.empty() && w.default_frame) throw std::move(error).hint("Omit the parentheses in this OVER clause.");
      throw error;
    }
    out.partition = base.partition;
    out.order = base.order;
  }
  auto order = restricted(s, "window definitions", true, [&] { return bind_order(w.order, {}, nullptr, s, false); });
  if (!order.empty()) out.order = std::move(order);
  if (!w.partition.empty()) {
    out.partition = restricted(s, "window definitions", true, [&] {
      std::vector<expression_ptr> values;
      for (auto& p : w.partition) values.push_back(settle_unknown(bind(*p, s)));
      return values;
    });
  }
  for (std::size_t i = 0; i < w.partition.size(); ++i) {
    if (get_type(out.partition[i]->type().id).comparable()) continue;
    throw sql_error(sqlstate::undefined_function, "could not identify an ordering operator for type " +
                                                      format_type({out.partition[i]->type().id, -1})).at(w.partition[i]->position);
  }
  bind_frame(w, out, s);
  out.key = window_text(out);
  return out;
}

void binder::bind_frame(const ast::window_def& w, bound_window& out, scope& s) {
  out.frame.mode = w.mode;
  out.frame.start = w.start;
  out.frame.end = w.end;
  out.frame.exclusion = w.exclusion;
  if (w.mode == ast::frame_mode::range && (w.start_offset || w.end_offset) && out.order.size() != 1) {
    throw sql_error(windowing_error, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column").at(w.position);
  }
  if (w.mode == ast::frame_mode::groups && out.order.empty()) {
    throw sql_error(windowing_error, "GROUPS mode requires an ORDER BY clause").at(w.position);
  }
  if (w.start_offset) out.frame.start_offset = frame_offset(*w.start_offset, out, s);
  if (w.end_offset) out.frame.end_offset = frame_offset(*w.end_offset, out, s);
}

expression_ptr binder::frame_offset(const ast::expr& e, const bound_window& w, scope& s) {
  const char* clause = w.frame.mode == ast::frame_mode::rows ? "ROWS" : w.frame.mode == ast::frame_mode::groups ? "GROUPS" : "RANGE";
  const char* place = w.frame.mode == ast::frame_mode::rows     ? "window ROWS"
                      : w.frame.mode == ast::frame_mode::groups ? "window GROUPS"
                                                                : "window RANGE";
  auto value = restricted(s, place, false, [&] { return bind(e, s); });
  int at = e.kind == ast::expr_kind::cast ? e.args[0]->position : e.position;
  oid to = type_oid::int8;
  if (w.frame.mode == ast::frame_mode::range) {
    auto key = w.order[0].value->type().id, offset = value->type().id;
    auto types = range_offset_types(key);
    std::string about = "RANGE with offset PRECEDING/FOLLOWING ";
    if (types.empty()) {
      throw sql_error(sqlstate::feature_not_supported, about + "is not supported for column type " + format_type({key, -1})).at(at);
    }
    oid preferred = offset == type_oid::unknown ? key : offset;
    to = 0;
    int matches = 0;
    for (oid t : types) {
      if (t == preferred) {
        to = t;
        matches = 1;
        break;
      }
      if (offset != type_oid::unknown && find_cast(offset, t, cast_context::implicit) == nullptr) continue;
      to = t;
      ++matches;
    }
    auto both = "for column type " + format_type({key, -1}) + " and offset type " + format_type({offset, -1});
    if (matches == 0) {
      throw sql_error(sqlstate::feature_not_supported, about + "is not supported " + both)
          .hint("Cast the offset value to an appropriate type.").at(at);
    }
    if (matches > 1) {
      throw sql_error(sqlstate::feature_not_supported, about + "has multiple interpretations " + both)
          .hint("Cast the offset value to the exact intended type.").at(at);
    }
  }
  auto out = try_coerce(value, {to, -1}, w.frame.mode == ast::frame_mode::range ? cast_context::implicit : cast_context::assignment, at);
  if (!out) {
    throw sql_error(sqlstate::datatype_mismatch, "argument of " + std::string(clause) + " must be type bigint, not type " +
                                                     format_type({value->type().id, -1})).at(at);
  }
  std::vector<int> read;
  collect_slots(*out, read);
  for (int slot : read) {
    if (std::find(s.outer_slots.begin(), s.outer_slots.end(), slot) != s.outer_slots.end()) continue;
    throw sql_error(sqlstate::invalid_column_reference, "argument of " + std::string(clause) + " must not contain variables").at(at);
  }
  return out;
}

namespace {

/// What a window wants its rows sorted by: the partition, then the order.
std::vector<sort_key> wanted_order(const bound_window& w) {
  std::vector<sort_key> out;
  auto add = [&out](const sort_key& k) {
    auto same = [&k](auto& o) {
      return key_of(*o.value) == key_of(*k.value) && o.descending == k.descending && o.nulls_first == k.nulls_first;
    };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(k);
  };
  for (auto& p : w.partition) add({p, false, false});
  for (auto& o : w.order) add(o);
  return out;
}

/// Numbers expressions in the order in which PostgreSQL meets them; its order of windows depends on that.
class key_numbers {
 public:
  void add(const std::vector<sort_key>& order) {
    for (auto& o : order) numbers_.emplace(key_of(*o.value), numbers_.size() + 1);
  }
  std::size_t of(const expression_ptr& e) const { return numbers_.at(key_of(*e)); }

 private:
  std::map<std::string, std::size_t> numbers_;
};

bool comes_first(const std::vector<sort_key>& a, const std::vector<sort_key>& b, const key_numbers& numbers) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    auto x = numbers.of(a[i].value), y = numbers.of(b[i].value);
    if (x != y) return x > y;
    if (a[i].descending != b[i].descending) return a[i].descending;
    if (a[i].nulls_first != b[i].nulls_first) return a[i].nulls_first;
  }
  return a.size() > b.size();
}

bool is_prefix(const std::vector<sort_key>& wanted, const std::vector<sort_key>& have) {
  return order_text(have).starts_with(order_text(wanted));
}

/// Makes slots of the keys, each computed once.
plan_node_ptr key_slots(analysis& in, plan_node_ptr input, window_list& list) {
  std::vector<projection> values;
  std::map<std::string, expression_ptr> known;
  auto settle = [&](expression_ptr& e) {
    if (as_slot(e) != nullptr) return;
    auto& slot = known[key_of(*e)];
    if (!slot) {
      int number = in.add_slots(1);
      in.use(number);
      values.push_back({number, e});
      slot = std::make_shared<slot_expression>(e->type(), number, text_of(*e));
    }
    e = slot;
  };
  for (auto& w : list.windows) {
    for (auto& p : w.partition) settle(p);
    for (auto& o : w.order) settle(o.value);
  }
  return values.empty() ? input : make_project(std::move(input), std::move(values));
}

}  // namespace

plan_node_ptr binder::plan_windows(plan_node_ptr input, window_list list, const std::vector<sort_key>& order) {
  key_numbers numbers;
  input = key_slots(in_, std::move(input), list);
  numbers.add(order);
  struct step {
    std::size_t window = 0;
    std::vector<sort_key> order;
  };
  std::vector<step> steps;
  for (std::size_t i = 0; i < list.windows.size(); ++i) {
    auto& w = list.windows[i];
    numbers.add(w.order);
    for (auto& p : w.partition) numbers.add({{p, false, false}});
    steps.push_back({i, wanted_order(w)});
  }
  std::stable_sort(steps.begin(), steps.end(), [&](auto& a, auto& b) { return comes_first(a.order, b.order, numbers); });
  std::vector<sort_key> have;
  for (auto& s : steps) {
    if (!is_prefix(s.order, have)) {
      input = make_sort(std::move(input), s.order, nullptr, nullptr);
      have = s.order;
    }
    std::vector<window_call> calls;
    for (auto& c : list.calls) {
      if (c.window == s.window) calls.push_back(c);
    }
    input = make_window(std::move(input), list.windows[s.window], std::move(calls));
  }
  return input;
}

expression_ptr binder::within_group(const ast::expr& e, scope& s) {
  const std::string& name = e.names.back();
  const aggregate_def* known = nullptr;
  for (auto* a : builtins().aggregates(name)) {
    if (a->ordered != ordered_set::none) known = a;
  }
  if (s.in_aggregate) throw sql_error(sqlstate::grouping_error, "aggregate function calls cannot be nested").at(e.position);
  aggregate_call call;
  auto before = s.aggregates == nullptr ? 0 : s.aggregates->size();
  for (auto& a : e.args) {
    call.arguments.push_back(bind(*a, s));
    if (s.aggregates == nullptr || s.aggregates->size() == before) continue;
    throw sql_error(sqlstate::grouping_error, "aggregate function calls cannot be nested").at(a->position);
  }
  s.in_aggregate = true;
  call.order = restricted(s, s.clause, true, [&] { return bind_order(e.order, {}, nullptr, s, false); });
  std::vector<oid> types;
  for (auto& a : call.arguments) types.push_back(a->type().id);
  for (auto& o : call.order) types.push_back(o.value->type().id);
  oid result = 0;
  if (known != nullptr && known->hypothetical()) {
    auto direct = call.arguments.size(), sorted = call.order.size();
    if (direct != sorted) {
      std::string shown;
      for (oid t : types) shown += (shown.empty() ? "" : ", ") + format_type({t, -1});
      throw sql_error(sqlstate::undefined_function, "function " + name + "(" + shown + ") does not exist")
          .hint("To use the hypothetical-set aggregate " + name + ", the number of hypothetical direct arguments (here " +
                std::to_string(direct) + ") must match the number of ordering columns (here " + std::to_string(sorted) + ").")
          .at(e.position);
    }
    for (std::size_t i = 0; i < sorted; ++i) {
      auto both = to_common({call.order[i].value, call.arguments[i]}, "WITHIN GROUP", e.args[i]->position);
      call.order[i].value = both[0];
      call.arguments[i] = both[1];
    }
    call.function = known;
    result = known->result;
  } else {
    auto f = resolve_function(name, types, false, e.position);
    if (f.aggregate == nullptr) {
      throw sql_error("42809", "WITHIN GROUP specified, but " + name + " is not an aggregate function").at(e.position);
    }
    if (f.aggregate->ordered == ordered_set::none) {
      throw sql_error("42809", name + " is not an ordered-set aggregate, so it cannot have WITHIN GROUP").at(e.position);
    }
    auto direct = call.arguments.size();
    for (std::size_t i = 0; i < types.size(); ++i) {
      auto& value = i < direct ? call.arguments[i] : call.order[i - direct].value;
      value = coerce(value, {f.argument_types[i], -1}, cast_context::implicit, e.position);
    }
    call.function = f.aggregate;
    result = f.result_type;
  }
  if (e.filter) call.filter = restricted(s, "FILTER", true, [&] { return bind_condition(*e.filter, s, "FILTER"); });
  s.in_aggregate = false;
  if (s.aggregates == nullptr) {
    throw sql_error(sqlstate::grouping_error, "aggregate functions are not allowed in " + std::string(s.clause)).at(e.position);
  }
  return add_aggregate(std::move(call), result, name, s);
}

}  // namespace helios::sql
