#pragma once
// The state of one aggregate call in one group while it runs. Used by the operators that aggregate.

#include <algorithm>
#include <compare>
#include <memory>
#include <vector>

#include "sql/bind/analysis.hpp"
#include "sql/exec/row_store.hpp"

namespace helios::sql {

/// How two rows of sort key values are ordered, with the directions and NULL rules of `keys`.
std::strong_ordering compare_keys(const std::vector<sort_key>& keys, const datum* a, const datum* b);

/// The result of a call with WITHIN GROUP over the rows' sort key values, which lie one row after the other in `kept`.
/// Its bytes are in `in.call.mem`.
datum ordered_set_result(const aggregate_call& call, const std::vector<datum>& kept, evaluation& in);

/// One call's state in one group: the function's own, what DISTINCT has seen, and the rows that ORDER BY waits for.
class call_state {
 public:
  explicit call_state(const aggregate_call& call) : call_(call) {
    if (call.function->start != nullptr) state_ = call.function->start();
    if (call.distinct) seen_ = std::make_unique<key_index>(types_of(call.arguments));
  }

  void add(evaluation& in) {
    if (call_.filter && !holds(*call_.filter, in)) return;
    if (!state_) {
      keep_key(in);
      return;
    }
    datum few[4];
    std::vector<datum> many;
    auto count = call_.arguments.size();
    if (count > 4) many.resize(count);
    std::span<datum> arguments(count > 4 ? many.data() : few, count);
    for (std::size_t i = 0; i < count; ++i) {
      arguments[i] = call_.arguments[i]->eval(in);
      if (arguments[i].is_null() && call_.function->strict) return;
    }
    if (seen_ && !seen_->insert(arguments).second) return;
    if (call_.order.empty()) {
      state_->add(in.call, arguments);
      return;
    }
    if (!memory_) memory_ = std::make_unique<arena>();
    for (auto& o : call_.order) kept_.push_back(memory_->copy(o.value->eval(in)));
    for (auto& a : arguments) kept_.push_back(memory_->copy(a));
  }

  datum finish(evaluation& in) {
    if (!state_) return ordered_set_result(call_, kept_, in);
    if (!kept_.empty()) add_in_order(in);
    return state_->finish(in.call);
  }

 private:
  static std::vector<const type_ops*> types_of(const std::vector<expression_ptr>& values) {
    std::vector<const type_ops*> out;
    for (auto& v : values) out.push_back(&get_type(v->type().id));
    return out;
  }

  /// WITHIN GROUP: only hypothetical sets count rows with NULL.
  void keep_key(evaluation& in) {
    auto before = kept_.size();
    if (!memory_) memory_ = std::make_unique<arena>();
    for (auto& o : call_.order) {
      datum value = o.value->eval(in);
      if (value.is_null() && !call_.function->hypothetical()) {
        kept_.resize(before);
        return;
      }
      kept_.push_back(memory_->copy(value));
    }
  }

  void add_in_order(evaluation& in) {
    auto keys = call_.order.size(), width = keys + call_.arguments.size();
    std::vector<std::size_t> rows(kept_.size() / width);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
    std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
      auto c = compare_keys(call_.order, kept_.data() + a * width, kept_.data() + b * width);
      return c != 0 ? c < 0 : a < b;
    });
    for (auto r : rows) state_->add(in.call, std::span<const datum>(kept_.data() + r * width + keys, width - keys));
  }

  const aggregate_call& call_;
  std::unique_ptr<aggregate_state> state_;
  std::unique_ptr<key_index> seen_;
  std::unique_ptr<arena> memory_;
  std::vector<datum> kept_;
};

}  // namespace helios::sql
