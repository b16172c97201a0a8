#include "sql/bind/expression.hpp"

#include "base/sql_error.hpp"
#include "sql/session.hpp"

namespace helios::sql {

namespace {
constexpr std::size_t few_arguments = 6;

datum call_strict(const function_def& f, evaluation& in, std::span<const datum> args) {
  if (f.strict) {
    for (const datum& d : args) {
      if (d.is_null()) return datum::null();
    }
  }
  return f.call(in.call, args);
}

datum of_three_valued(bool value, bool unknown) { return unknown ? datum::null() : datum::of_bool(value); }
}  // namespace

constant_expression::constant_expression(type_ref type, datum value, int position)
    : expression(type), value_(value), position_(position) {
  if (value.has_bytes()) {
    bytes_ = std::string(value.as_bytes());
    value_ = datum::of_bytes(bytes_);
  }
}

datum call_expression::eval(evaluation& in) const {
  if (arguments_.size() <= few_arguments) {
    datum args[few_arguments];
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      args[i] = arguments_[i]->eval(in);
      if (function_->strict && args[i].is_null()) return datum::null();
    }
    if (function_->needs_types) in.call.argument_types = types_;
    return function_->call(in.call, std::span<const datum>(args, arguments_.size()));
  }
  std::vector<datum> args;
  args.reserve(arguments_.size());
  for (auto& a : arguments_) args.push_back(a->eval(in));
  if (function_->needs_types) in.call.argument_types = types_;
  return call_strict(*function_, in, args);
}

void call_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  for (auto& a : arguments_) visit(a);
}

datum cast_expression::eval(evaluation& in) const {
  datum value = value_->eval(in);
  if (value.is_null() || relabel()) return value;
  return cast_->call(in.call, value, type().modifier, explicit_);
}

datum logic_expression::eval(evaluation& in) const {
  if (what_ == kind::not_) {
    datum d = arguments_[0]->eval(in);
    return d.is_null() ? d : datum::of_bool(!d.as_bool());
  }
  bool decides = what_ == kind::or_;  // TRUE decides OR, FALSE decides AND
  bool unknown = false;
  for (auto& a : arguments_) {
    datum d = a->eval(in);
    if (d.is_null()) unknown = true;
    else if (d.as_bool() == decides) return datum::of_bool(decides);
  }
  return of_three_valued(!decides, unknown);
}

void logic_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  for (auto& a : arguments_) visit(a);
}

datum test_expression::eval(evaluation& in) const {
  datum d = value_->eval(in);
  bool is_true = !d.is_null() && d.as_bool();
  bool is_false = !d.is_null() && !d.as_bool();
  switch (what_) {
    case kind::null: return datum::of_bool(d.is_null());
    case kind::not_null: return datum::of_bool(!d.is_null());
    case kind::true_: return datum::of_bool(is_true);
    case kind::not_true: return datum::of_bool(!is_true);
    case kind::false_: return datum::of_bool(is_false);
    case kind::not_false: return datum::of_bool(!is_false);
  }
  return datum::null();
}

datum case_expression::eval(evaluation& in) const {
  for (std::size_t i = 0; i + 1 < branches_.size(); i += 2) {
    if (holds(*branches_[i], in)) return branches_[i + 1]->eval(in);
  }
  return otherwise_ ? otherwise_->eval(in) : datum::null();
}

void case_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  for (auto& b : branches_) visit(b);
  if (otherwise_) visit(otherwise_);
}

datum special_expression::extreme(evaluation& in) const {
  const auto& ops = get_type(type().id);
  datum best;
  for (auto& a : arguments_) {
    datum d = a->eval(in);
    if (d.is_null()) continue;
    if (best.is_null()) {
      best = d;
      continue;
    }
    auto order = ops.compare(d, best);
    if (what_ == kind::greatest ? order > 0 : order < 0) best = d;
  }
  return best;
}

datum special_expression::eval(evaluation& in) const {
  switch (what_) {
    case kind::coalesce:
      for (auto& a : arguments_) {
        if (datum d = a->eval(in); !d.is_null()) return d;
      }
      return datum::null();
    case kind::greatest:
    case kind::least: return extreme(in);
    default: break;
  }
  datum args[2] = {arguments_[0]->eval(in), arguments_[1]->eval(in)};
  bool same = args[0].is_null() || args[1].is_null() ? args[0].is_null() && args[1].is_null()
                                                     : equal_->call(in.call, std::span<const datum>(args, 2)).as_bool();
  if (what_ == kind::distinct) return datum::of_bool(!same);
  if (what_ == kind::not_distinct) return datum::of_bool(same);
  // NULLIF gives its first argument, in the type it had before the comparison.
  return same && !args[0].is_null() ? datum::null() : arguments_.back()->eval(in);
}

void special_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  for (auto& a : arguments_) visit(a);
}

datum list_expression::eval(evaluation& in) const {
  datum args[2] = {value_->eval(in), {}};
  if (args[0].is_null() && function_->strict) return members_.empty() ? datum::of_bool(all_) : datum::null();
  bool unknown = false;
  for (auto& m : members_) {
    args[1] = m->eval(in);
    datum d = call_strict(*function_, in, std::span<const datum>(args, 2));
    if (d.is_null()) unknown = true;
    else if (d.as_bool() != all_) return datum::of_bool(!all_);
  }
  return of_three_valued(all_, unknown);
}

void list_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  visit(value_);
  for (auto& m : members_) visit(m);
}

void subquery_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  for (auto& t : parts_.tests) visit(t);
}

void subquery_expression::own_slots(std::vector<int>& out) const {
  out.insert(out.end(), parts_.outer_slots.begin(), parts_.outer_slots.end());
}

void collect_slots(const expression& e, std::vector<int>& out) {
  e.own_slots(out);
  e.children([&out](const expression_ptr& child) { collect_slots(*child, out); });
}

bool is_stable(const expression& e) {
  bool stable = e.stable();
  e.children([&stable](const expression_ptr& child) { stable = stable && is_stable(*child); });
  return stable;
}

bool contains_subquery(const expression& e) {
  bool found = dynamic_cast<const subquery_expression*>(&e) != nullptr;
  e.children([&found](const expression_ptr& child) { found = found || contains_subquery(*child); });
  return found;
}

std::string key_of(const expression& e) {
  std::string out;
  e.describe(out, true);
  return out;
}

std::string text_of(const expression& e) {
  std::string out;
  e.describe(out, false);
  return out;
}

const constant_expression* as_constant(const expression_ptr& e) {
  return dynamic_cast<const constant_expression*>(e.get());
}
const slot_expression* as_slot(const expression_ptr& e) { return dynamic_cast<const slot_expression*>(e.get()); }

}  // namespace helios::sql
