// MERGE as an operator: each next() changes one row of the target.

#include <unordered_set>

#include "base/sql_error.hpp"
#include "sql/exec/modify.hpp"

namespace helios::sql {

using action = ast::merge_clause::action;

namespace {

class merge_node final : public plan_node {
 public:
  explicit merge_node(merge_spec spec) : spec_(std::move(spec)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Merge on " + spec_.target->table->name; }
  std::vector<plan_node_ptr> inputs() const override { return {spec_.source}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    spec_.row.settle(used);
  }

  merge_spec spec_;
};

class merge_operation final : public operation {
 public:
  explicit merge_operation(const merge_node& node) : spec_(node.spec_), source_(spec_.source->make()), writer_(*spec_.target) {}
  void open(evaluation& in) override { source_->open(in); }

  bool next(evaluation& in) override {
    while (source_->next(in)) {
      memory_.reset();
      scratch_scope own(in, memory_);
      keep_slots(in);
      bool changed = one(in);
      put_slots_back(in);
      if (changed) return true;
    }
    in.pending->run(in);
    return false;
  }

 private:
  datum& slot(evaluation& in, int number) const { return in.slots[static_cast<std::size_t>(number)]; }

  /// The operators below must not see a row that was read again.
  void keep_slots(evaluation& in) {
    kept_.clear();
    for (int s : spec_.row.slots()) kept_.push_back(slot(in, s));
  }
  void put_slots_back(evaluation& in) {
    auto& slots = spec_.row.slots();
    for (std::size_t i = 0; i < slots.size(); ++i) slot(in, slots[i]) = kept_[i];
  }

  static bool all_hold(const condition_list& conditions, evaluation& in) {
    for (auto& c : conditions) {
      if (!holds(*c, in)) return false;
    }
    return true;
  }
  static const merge_action* pick(const std::vector<merge_action>& clauses, evaluation& in) {
    for (auto& c : clauses) {
      if (all_hold(c.condition, in)) return &c;
    }
    return nullptr;
  }

  /// One row of the source. True when it changed something.
  bool one(evaluation& in) {
    if (slot(in, spec_.row.source().row_slot()).is_null()) return insert(in);
    for (;;) {
      auto* clause = pick(spec_.matched, in);
      if (clause == nullptr || clause->what == action::nothing) return false;
      auto row_id = slot(in, spec_.row.source().row_slot()).as_int();
      if (touched_.count(row_id) > 0) {
        throw sql_error("21000", "MERGE command cannot affect row a second time")
            .hint("Ensure that not more than one source row matches any one target row.");
      }
      auto state = lock_row(in, spec_.row, clause->mode, row_wait::wait);
      // Another transaction has changed the row: it may not match any more, and another clause may be the one.
      if (state == row_state::gone || (state == row_state::changed && !all_hold(spec_.on, in))) return insert(in);
      if (state == row_state::changed) continue;
      touched_.insert(row_id);
      change(*clause, row_id, in);
      return true;
    }
  }

  bool insert(evaluation& in) {
    auto* clause = pick(spec_.unmatched, in);
    if (clause == nullptr || clause->what == action::nothing) return false;
    set(*clause, in, [&](std::size_t) { return datum::null(); });
    writer_.check(in);
    // A later row of the source cannot match it: the statement does not see what it wrote.
    (void)writer_.insert(in);
    return true;
  }

  template <class Old>
  void set(const merge_action& clause, evaluation& in, const Old& old) {
    std::vector<datum> values;
    for (auto& a : clause.set) values.push_back(a.value->eval(in));
    auto base = static_cast<std::size_t>(spec_.target->base);
    for (std::size_t i = 0; i < spec_.target->table->columns.size(); ++i) in.slots[base + i] = old(i);
    for (std::size_t i = 0; i < values.size(); ++i) in.slots[base + static_cast<std::size_t>(clause.set[i].column)] = values[i];
  }

  void change(const merge_action& clause, std::int64_t row_id, evaluation& in) {
    auto old_base = static_cast<std::size_t>(spec_.row.source().base);
    auto begin = in.slots.begin() + static_cast<std::ptrdiff_t>(old_base);
    before_.assign(begin, begin + static_cast<std::ptrdiff_t>(spec_.target->table->columns.size()));
    if (clause.what == action::erase) {
      writer_.erase(in, row_id, before_);
      return;
    }
    set(clause, in, [this](std::size_t i) { return before_[i]; });
    writer_.check(in);
    writer_.update(in, row_id, before_);
  }

  const merge_spec& spec_;
  operation_ptr source_;
  row_writer writer_;
  std::unordered_set<std::int64_t> touched_;
  std::vector<datum> kept_, before_;
  arena memory_;
};
operation_ptr merge_node::make() const { return std::make_unique<merge_operation>(*this); }

}  // namespace

plan_node_ptr make_merge(merge_spec spec) { return std::make_shared<merge_node>(std::move(spec)); }

}  // namespace helios::sql
