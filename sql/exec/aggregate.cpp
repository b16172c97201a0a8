// Hash aggregation. Each group keeps its first row, so that grouped expressions are computed again from it, and one
// state per aggregate call.

#include <algorithm>

#include "sql/exec/call_state.hpp"
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
