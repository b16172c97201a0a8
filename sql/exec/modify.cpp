#include "sql/exec/modify.hpp"

#include <unordered_set>

#include "base/sql_error.hpp"

namespace helios::sql {

namespace {

bool all_hold(const condition_list& conditions, evaluation& in) {
  for (auto& c : conditions) {
    if (!holds(*c, in)) return false;
  }
  return true;
}

/// The slots of a row as they were, put back when the scope ends: the operators below must not see a row that was read
/// again.
class slot_keeper {
 public:
  slot_keeper(evaluation& in, const std::vector<int>& slots) : in_(in), slots_(slots) {
    for (int s : slots) values_.push_back(in.slots[static_cast<std::size_t>(s)]);
  }
  void restore() {
    for (std::size_t i = 0; i < slots_.size(); ++i) in_.slots[static_cast<std::size_t>(slots_[i])] = values_[i];
  }

 private:
  evaluation& in_;
  const std::vector<int>& slots_;
  std::vector<datum> values_;
};

// --- UPDATE ---

class update_node final : public plan_node {
 public:
  explicit update_node(update_spec spec) : spec_(std::move(spec)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Update on " + spec_.target->table->name; }
  std::vector<plan_node_ptr> inputs() const override { return {spec_.source}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    spec_.row.settle(used);
    for (std::size_t i = 0; i < spec_.target->table->columns.size(); ++i) slots_.push_back(spec_.target->base + static_cast<int>(i));
  }

  update_spec spec_;
};

class update_operation final : public operation {
 public:
  explicit update_operation(const update_node& node) : spec_(node.spec_), source_(spec_.source->make()) {}
  void open(evaluation& in) override { source_->open(in); }

  bool next(evaluation& in) override {
    if (changed_) keeper_->restore();
    changed_ = false;
    while (source_->next(in)) {
      if (update(in)) return true;
    }
    in.pending->run(in);
    return false;
  }

 private:
  bool update(evaluation& in) {
    auto row_id = in.slots[static_cast<std::size_t>(spec_.row.source().row_slot())].as_int();
    if (spec_.joined && !touched_.insert(row_id).second) return false;
    keeper_.emplace(in, spec_.row.slots());
    auto state = lock_row(in, spec_.row, spec_.mode, row_wait::wait);
    changed_ = state == row_state::changed;
    if (state == row_state::gone || (changed_ && !all_hold(spec_.recheck, in))) {
      keeper_->restore();
      changed_ = false;
      return false;
    }
    memory_.reset();
    scratch_scope own(in, memory_);
    std::vector<datum> values;
    for (auto& a : spec_.set) values.push_back(a.value->eval(in));
    auto old_base = static_cast<std::size_t>(spec_.row.source().base), new_base = static_cast<std::size_t>(spec_.target->base);
    auto columns = spec_.target->table->columns.size();
    for (std::size_t i = 0; i < columns; ++i) in.slots[new_base + i] = in.slots[old_base + i];
    for (std::size_t i = 0; i < values.size(); ++i) in.slots[new_base + static_cast<std::size_t>(spec_.set[i].column)] = values[i];
    row_writer writer(*spec_.target);
    writer.check(in);
    before_.assign(in.slots.begin() + static_cast<std::ptrdiff_t>(old_base),
                   in.slots.begin() + static_cast<std::ptrdiff_t>(old_base + columns));
    writer.update(in, row_id, before_);
    return true;
  }

  const update_spec& spec_;
  operation_ptr source_;
  std::unordered_set<std::int64_t> touched_;
  std::optional<slot_keeper> keeper_;
  std::vector<datum> before_;
  bool changed_ = false;
  arena memory_;
};
operation_ptr update_node::make() const { return std::make_unique<update_operation>(*this); }

// --- DELETE ---

class delete_node final : public plan_node {
 public:
  explicit delete_node(delete_spec spec) : spec_(std::move(spec)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Delete on " + spec_.target->table->name; }
  std::vector<plan_node_ptr> inputs() const override { return {spec_.source}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    spec_.row.settle(used);
  }

  delete_spec spec_;
};

class delete_operation final : public operation {
 public:
  explicit delete_operation(const delete_node& node) : spec_(node.spec_), source_(spec_.source->make()) {}
  void open(evaluation& in) override { source_->open(in); }

  bool next(evaluation& in) override {
    if (changed_) keeper_->restore();
    changed_ = false;
    while (source_->next(in)) {
      auto& source = spec_.row.source();
      auto row_id = in.slots[static_cast<std::size_t>(source.row_slot())].as_int();
      if (spec_.joined && !touched_.insert(row_id).second) continue;
      keeper_.emplace(in, spec_.row.slots());
      auto state = lock_row(in, spec_.row, storage::lock_mode::row_update, row_wait::wait);
      changed_ = state == row_state::changed;
      if (state == row_state::gone || (changed_ && !all_hold(spec_.recheck, in))) {
        keeper_->restore();
        changed_ = false;
        continue;
      }
      std::span<const datum> before(in.slots.data() + source.base, source.table->columns.size());
      row_writer(*spec_.target).erase(in, row_id, before);
      return true;
    }
    in.pending->run(in);
    return false;
  }

 private:
  const delete_spec& spec_;
  operation_ptr source_;
  std::unordered_set<std::int64_t> touched_;
  std::optional<slot_keeper> keeper_;
  bool changed_ = false;
};
operation_ptr delete_node::make() const { return std::make_unique<delete_operation>(*this); }

}  // namespace

plan_node_ptr make_update(update_spec spec) { return std::make_shared<update_node>(std::move(spec)); }
plan_node_ptr make_delete(delete_spec spec) { return std::make_shared<delete_node>(std::move(spec)); }

}  // namespace helios::sql
