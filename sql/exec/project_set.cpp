// Set-returning functions in a select list.

#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class project_set_node final : public plan_node {
 public:
  project_set_node(plan_node_ptr input, std::vector<set_call> calls) : input_(std::move(input)), calls_(std::move(calls)) {
    for (auto& c : calls_) {
      auto& types = types_.emplace_back();
      for (auto& a : c.arguments) types.push_back(a->type().id);
    }
  }
  operation_ptr make() const override;
  std::string title() const override { return "ProjectSet"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    for (auto& c : calls_) slots_.push_back(c.slot);
  }

  plan_node_ptr input_;
  std::vector<set_call> calls_;
  std::vector<std::vector<oid>> types_;
};

class project_set_operation final : public operation {
 public:
  explicit project_set_operation(const project_set_node& node) : node_(node), input_(node.input_->make()), rows_(node.calls_.size()) {}
  void open(evaluation& in) override {
    input_->open(in);
    at_ = length_ = 0;
  }
  bool next(evaluation& in) override {
    while (at_ == length_) {
      if (!input_->next(in)) return false;
      start(in);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      in.slots[static_cast<std::size_t>(node_.calls_[i].slot)] = at_ < rows_[i].size() ? rows_[i][at_] : datum::null();
    }
    ++at_;
    in.tick();
    return true;
  }

 private:
  void start(evaluation& in) {
    memory_.reset();
    scratch_scope own(in, memory_);
    at_ = length_ = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      auto& call = node_.calls_[i];
      rows_[i].clear();
      std::vector<datum> arguments;
      bool skip = false;
      for (auto& a : call.arguments) {
        arguments.push_back(a->eval(in));
        skip = skip || (arguments.back().is_null() && call.function->strict);
      }
      in.call.argument_types = node_.types_[i];
      if (!skip) call.function->call_set(in.call, arguments, rows_[i]);
      length_ = std::max(length_, rows_[i].size());
    }
  }

  const project_set_node& node_;
  operation_ptr input_;
  std::vector<std::vector<datum>> rows_;
  std::size_t at_ = 0, length_ = 0;
  arena memory_;
};
operation_ptr project_set_node::make() const { return std::make_unique<project_set_operation>(*this); }

}  // namespace

plan_node_ptr make_project_set(plan_node_ptr input, std::vector<set_call> calls) {
  return std::make_shared<project_set_node>(std::move(input), std::move(calls));
}

}  // namespace helios::sql
