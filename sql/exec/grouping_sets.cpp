// GROUP BY of several sets: one hash over all of them, keyed by the number of the set and the values that it groups.

#include "sql/exec/call_state.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class grouping_sets_node final : public plan_node {
 public:
  grouping_sets_node(plan_node_ptr input, grouping_sets_spec spec, std::vector<aggregate_call> calls)
      : input_(std::move(input)), spec_(std::move(spec)), calls_(std::move(calls)) {}
  operation_ptr make() const override;
  std::string title() const override {
    bool whole = std::any_of(spec_.sets.begin(), spec_.sets.end(), [](auto& s) { return s.empty(); });
    return whole ? "MixedAggregate" : "HashAggregate";
  }
  std::vector<std::string> details() const override {
    std::vector<std::string> out, whole;
    for (auto& set : spec_.sets) {
      std::string keys;
      for (auto i : set) keys += (keys.empty() ? "" : ", ") + text_of(*spec_.values[i]);
      (set.empty() ? whole : out).push_back(set.empty() ? "Group Key: ()" : "Hash Key: " + keys);
    }
    out.insert(out.end(), whole.begin(), whole.end());
    return out;
  }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    for (auto& c : calls_) slots_.push_back(c.slot);
    slots_.insert(slots_.end(), spec_.slots.begin(), spec_.slots.end());
    slots_.push_back(spec_.set_slot);
  }

  plan_node_ptr input_;
  grouping_sets_spec spec_;
  std::vector<aggregate_call> calls_;
};

class grouping_sets_operation final : public operation {
 public:
  explicit grouping_sets_operation(const grouping_sets_node& node) : node_(node), input_(node.input_->make()) {}

  void open(evaluation& in) override {
    std::vector<const type_ops*> types{&get_type(type_oid::int4)};
    for (auto& v : node_.spec_.values) types.push_back(&get_type(v->type().id));
    keys_ = std::make_unique<key_index>(std::move(types));
    first_rows_ = std::make_unique<row_store>(node_.input_->slots());
    states_.clear();
    at_ = 0;
    input_->open(in);
    arena scratch;
    scratch_scope own(in, scratch);
    std::vector<datum> values(node_.spec_.values.size());
    while (input_->next(in)) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = node_.spec_.values[i]->eval(in);
      for (std::size_t set = 0; set < node_.spec_.sets.size(); ++set) add(set, values, in);
      scratch.reset();
    }
    if (first_rows_->size() > 0) return;
    // The set of nothing has a row even of no rows.
    first_rows_->restore_null(in);
    for (std::size_t set = 0; set < node_.spec_.sets.size(); ++set) {
      if (node_.spec_.sets[set].empty()) start(set, values, in);
    }
  }

  bool next(evaluation& in) override {
    if (at_ == keys_->size()) return false;
    memory_.reset();
    scratch_scope own(in, memory_);
    first_rows_->restore(at_, in);
    auto key = keys_->key(at_);
    auto put = [&in](int slot, datum value) { in.slots[static_cast<std::size_t>(slot)] = value; };
    for (std::size_t c = 0; c < node_.calls_.size(); ++c) put(node_.calls_[c].slot, states_[at_ * node_.calls_.size() + c].finish(in));
    for (std::size_t i = 0; i < node_.spec_.slots.size(); ++i) put(node_.spec_.slots[i], key[i + 1]);
    put(node_.spec_.set_slot, key[0]);
    ++at_;
    in.tick();
    return true;
  }

 private:
  std::size_t start(std::size_t set, const std::vector<datum>& values, evaluation& in) {
    key_.assign(1 + values.size(), datum::null());
    key_[0] = datum::of_int(static_cast<std::int64_t>(set));
    for (auto i : node_.spec_.sets[set]) key_[i + 1] = values[i];
    auto [number, fresh] = keys_->insert(key_);
    if (fresh) {
      first_rows_->add(in);
      for (auto& c : node_.calls_) states_.emplace_back(c);
    }
    return number;
  }
  void add(std::size_t set, const std::vector<datum>& values, evaluation& in) {
    auto number = start(set, values, in);
    for (std::size_t c = 0; c < node_.calls_.size(); ++c) states_[number * node_.calls_.size() + c].add(in);
  }

  const grouping_sets_node& node_;
  operation_ptr input_;
  std::unique_ptr<key_index> keys_;
  std::unique_ptr<row_store> first_rows_;
  std::vector<call_state> states_;
  std::vector<datum> key_;
  std::size_t at_ = 0;
  arena memory_;
};
operation_ptr grouping_sets_node::make() const { return std::make_unique<grouping_sets_operation>(*this); }

}  // namespace

plan_node_ptr make_grouping_sets(plan_node_ptr input, grouping_sets_spec spec, std::vector<aggregate_call> calls) {
  return std::make_shared<grouping_sets_node>(std::move(input), std::move(spec), std::move(calls));
}

}  // namespace helios::sql
