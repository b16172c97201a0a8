// Hash aggregation. Each group keeps its first row, so that grouped expressions are computed again from it, and one
// state per aggregate call.

#include <algorithm>

#include "sql/exec/row_store.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class aggregate_node final : public plan_node {
 public:
  aggregate_node(plan_node_ptr input, std::vector<expression_ptr> groups, std::vector<aggregate_call> calls)
      : input_(std::move(input)), groups_(std::move(groups)), calls_(std::move(calls)) {}
  operation_ptr make() const override;
  std::string title() const override { return groups_.empty() ? "Aggregate" : "HashAggregate"; }
  std::vector<std::string> details() const override {
    if (groups_.empty()) return {};
    std::string out = "Group Key: ";
    for (auto& g : groups_) out += (&g == &groups_[0] ? "" : ", ") + text_of(*g);
    return {out};
  }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    for (auto& c : calls_) slots_.push_back(c.slot);
  }

  plan_node_ptr input_;
  std::vector<expression_ptr> groups_;
  std::vector<aggregate_call> calls_;
};

/// One call's state in one group: the function's own, what DISTINCT has seen, and the rows that ORDER BY waits for.
class call_state {
 public:
  explicit call_state(const aggregate_call& call) : call_(call), state_(call.function->start()) {
    if (call.distinct) seen_ = std::make_unique<key_index>(types_of(call.arguments));
  }

  void add(evaluation& in) {
    if (call_.filter && !holds(*call_.filter, in)) return;
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
    if (!kept_.empty()) add_in_order(in);
    return state_->finish(in.call);
  }

 private:
  static std::vector<const type_ops*> types_of(const std::vector<expression_ptr>& values) {
    std::vector<const type_ops*> out;
    for (auto& v : values) out.push_back(&get_type(v->type().id));
    return out;
  }

  void add_in_order(evaluation& in) {
    auto keys = call_.order.size(), width = keys + call_.arguments.size();
    std::vector<std::size_t> rows(kept_.size() / width);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
    auto less = [&](std::size_t a, std::size_t b) {
      for (std::size_t k = 0; k < keys; ++k) {
        datum x = kept_[a * width + k], y = kept_[b * width + k];
        if (x.is_null() || y.is_null()) {
          if (x.is_null() && y.is_null()) continue;
          return x.is_null() == call_.order[k].nulls_first;
        }
        auto c = get_type(call_.order[k].value->type().id).compare(x, y);
        if (c != 0) return call_.order[k].descending ? c > 0 : c < 0;
      }
      return a < b;
    };
    std::sort(rows.begin(), rows.end(), less);
    for (auto r : rows) state_->add(in.call, std::span<const datum>(kept_.data() + r * width + keys, width - keys));
  }

  const aggregate_call& call_;
  std::unique_ptr<aggregate_state> state_;
  std::unique_ptr<key_index> seen_;
  std::unique_ptr<arena> memory_;
  std::vector<datum> kept_;
};

class aggregate_operation final : public operation {
 public:
  explicit aggregate_operation(const aggregate_node& node) : node_(node), input_(node.input_->make()) {}

  void open(evaluation& in) override {
    std::vector<const type_ops*> types;
    for (auto& g : node_.groups_) types.push_back(&get_type(g->type().id));
    keys_ = std::make_unique<key_index>(std::move(types));
    first_rows_ = std::make_unique<row_store>(node_.input_->slots());
    states_.clear();
    at_ = 0;
    input_->open(in);
    arena scratch;
    scratch_scope own(in, scratch);
    std::vector<datum> key(node_.groups_.size());
    while (input_->next(in)) {
      for (std::size_t i = 0; i < key.size(); ++i) key[i] = node_.groups_[i]->eval(in);
      auto [number, fresh] = keys_->insert(key);
      if (fresh) start(in);
      for (std::size_t c = 0; c < node_.calls_.size(); ++c) states_[number * node_.calls_.size() + c].add(in);
      scratch.reset();
    }
    groups_ = keys_->size();
    if (groups_ == 0 && node_.groups_.empty()) {  // without GROUP BY there is one row, even of nothing
      first_rows_->restore_null(in);
      start(in);
      groups_ = 1;
    }
  }

  bool next(evaluation& in) override {
    if (at_ == groups_) return false;
    memory_.reset();
    scratch_scope own(in, memory_);
    first_rows_->restore(at_, in);
    for (std::size_t c = 0; c < node_.calls_.size(); ++c) {
      in.slots[static_cast<std::size_t>(node_.calls_[c].slot)] = states_[at_ * node_.calls_.size() + c].finish(in);
    }
    ++at_;
    in.tick();
    return true;
  }

 private:
  void start(evaluation& in) {
    first_rows_->add(in);
    for (auto& c : node_.calls_) states_.emplace_back(c);
  }

  const aggregate_node& node_;
  operation_ptr input_;
  std::unique_ptr<key_index> keys_;
  std::unique_ptr<row_store> first_rows_;
  std::vector<call_state> states_;
  std::size_t groups_ = 0, at_ = 0;
  arena memory_;
};
operation_ptr aggregate_node::make() const { return std::make_unique<aggregate_operation>(*this); }

}  // namespace

plan_node_ptr make_aggregate(plan_node_ptr input, std::vector<expression_ptr> groups, std::vector<aggregate_call> calls) {
  return std::make_shared<aggregate_node>(std::move(input), std::move(groups), std::move(calls));
}

}  // namespace helios::sql
