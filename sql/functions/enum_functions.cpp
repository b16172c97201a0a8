// Functions and aggregates of enums. Their values are the keys of labels, whose bytes order as the labels do.
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/enum_type.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_enum_functions(registry&);

namespace {

using args_t = std::span<const datum>;

const type_ops& enum_of(const call_context& c) { return get_type(argument_type(c, 0)); }

template <bool First>
datum end_of(call_context& c, args_t) {
  const type_ops& type = enum_of(c);
  const auto& labels = labels_of(type);
  if (labels.empty()) {
    throw sql_error(sqlstate::object_not_in_prerequisite_state, "enum " + format_type({type.id, -1}) + " contains no values");
  }
  const enum_label& label = First ? labels.front() : labels.back();
  check_usable_label(type, label);
  return enum_datum(label);
}

/// From the first argument to the second; NULL leaves that end open.
datum range_of(call_context& c, datum from, datum to) {
  const type_ops& type = enum_of(c);
  std::vector<datum> values;
  for (const auto& label : labels_of(type)) {
    const datum v = enum_datum(label);
    if (!from.is_null() && type.compare(v, from) < 0) continue;
    if (!to.is_null() && type.compare(v, to) > 0) break;
    check_usable_label(type, label);
    values.push_back(v);
  }
  return array_value::of(type.storage().id, std::move(values)).to_datum(*c.mem);
}
datum whole_range(call_context& c, args_t) { return range_of(c, datum::null(), datum::null()); }
datum part_of_range(call_context& c, args_t a) { return range_of(c, a[0], a[1]); }

template <bool Greatest>
class extreme final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const auto v = a[0].as_bytes();
    if (!any_ || (Greatest ? v > std::string_view(best_) : v < std::string_view(best_))) best_ = v;
    any_ = true;
  }
  datum finish(call_context& c) override { return any_ ? text_result(c, best_) : datum::null(); }

 private:
  bool any_ = false;
  std::string best_;
};

/// array_agg of whatever has no state of its own: the values come as records that tell their type.
class collected final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const auto field = read_record(a[0]).at(0);
    type_ = field.type;
    values_.push_back(memory_.copy(field.value));
  }
  datum finish(call_context& c) override {
    return values_.empty() ? datum::null() : array_value::of(type_, values_).to_datum(*c.mem);
  }

 private:
  arena memory_;
  oid type_ = 0;
  std::vector<datum> values_;
};

template <class State>
std::unique_ptr<aggregate_state> start() { return std::make_unique<State>(); }

}  // namespace

void add_enum_functions(registry& r) {
  constexpr oid e = type_oid::any_enum;
  constexpr unsigned flags = takes_null | typed | stable;
  r.add("enum_first", {e}, e, end_of<true>, flags);
  r.add("enum_last", {e}, e, end_of<false>, flags);
  r.add("enum_range", {e}, sig::arr, whole_range, flags);
  r.add("enum_range", {e, e}, sig::arr, part_of_range, flags);
  r.aggregate("min", {e}, e, start<extreme<false>>);
  r.aggregate("max", {e}, e, start<extreme<true>>);
  r.aggregate("array_agg", {type_oid::anynonarray}, sig::arr, start<collected>, false, true);
}

}  // namespace helios::sql
