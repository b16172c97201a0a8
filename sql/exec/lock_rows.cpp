#include "sql/exec/row_lock.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class lock_rows_node final : public plan_node {
 public:
  lock_rows_node(plan_node_ptr input, std::vector<row_lock_spec> locks, condition_list recheck)
      : input_(std::move(input)), recheck_(std::move(recheck)) {
    for (auto& l : locks) locks_.push_back({row_loader(l.source), l.mode, static_cast<row_wait>(l.wait)});
  }
  operation_ptr make() const override;
  std::string title() const override { return "LockRows"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    for (auto& l : locks_) l.row.settle(used);
  }

  struct target {
    row_loader row;
    storage::lock_mode mode;
    row_wait wait;
  };
  plan_node_ptr input_;
  std::vector<target> locks_;
  condition_list recheck_;
};
static_assert(static_cast<int>(row_wait::skip) == static_cast<int>(ast::lock_wait::skip));
static_assert(static_cast<int>(row_wait::nowait) == static_cast<int>(ast::lock_wait::nowait));

class lock_rows_operation final : public operation {
 public:
  explicit lock_rows_operation(const lock_rows_node& node) : node_(node), input_(node.input_->make()) {}
  void open(evaluation& in) override {
    input_->open(in);
    saved_.clear();
  }

  bool next(evaluation& in) override {
    restore(in);
    while (input_->next(in)) {
      if (lock(in)) return true;
      restore(in);
    }
    return false;
  }

 private:
  /// Locks the row of each table; false when one is skipped, gone or no longer meets the conditions.
  bool lock(evaluation& in) {
    bool changed = false;
    for (auto& target : node_.locks_) {
      if (in.slots[static_cast<std::size_t>(target.row.source().row_slot())].is_null()) continue;
      for (int s : target.row.slots()) saved_.emplace_back(s, in.slots[static_cast<std::size_t>(s)]);
      switch (lock_row(in, target.row, target.mode, target.wait)) {
        case row_state::same: break;
        case row_state::changed: changed = true; break;
        default: return false;
      }
    }
    if (!changed) return true;
    for (auto& r : node_.recheck_) {
      if (!holds(*r, in)) return false;
    }
    return true;
  }
  /// The operators below must not see a row that was read again.
  void restore(evaluation& in) {
    for (auto& [slot, value] : saved_) in.slots[static_cast<std::size_t>(slot)] = value;
    saved_.clear();
  }

  const lock_rows_node& node_;
  operation_ptr input_;
  std::vector<std::pair<int, datum>> saved_;
};
operation_ptr lock_rows_node::make() const { return std::make_unique<lock_rows_operation>(*this); }

}  // namespace

plan_node_ptr make_lock_rows(plan_node_ptr input, std::vector<row_lock_spec> locks, condition_list recheck) {
  return std::make_shared<lock_rows_node>(std::move(input), std::move(locks), std::move(recheck));
}

}  // namespace helios::sql
