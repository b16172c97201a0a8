#include <unordered_set>

#include "base/sql_error.hpp"
#include "sql/exec/modify.hpp"

namespace helios::sql {

namespace {

class insert_node final : public plan_node {
 public:
  explicit insert_node(insert_spec spec) : spec_(std::move(spec)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Insert on " + spec_.target->table->name; }
  std::vector<std::string> details() const override {
    if (!spec_.conflict) return {};
    return {std::string("Conflict Resolution: ") + (spec_.conflict->update ? "UPDATE" : "NOTHING")};
  }
  std::vector<plan_node_ptr> inputs() const override { return {spec_.source}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    if (spec_.conflict && spec_.conflict->existing) spec_.conflict->existing->settle(used);
    for (std::size_t i = 0; i < spec_.target->table->columns.size(); ++i) slots_.push_back(spec_.target->base + static_cast<int>(i));
  }

  insert_spec spec_;
};

class insert_operation final : public operation {
 public:
  explicit insert_operation(const insert_node& node) : spec_(node.spec_), source_(spec_.source->make()), writer_(*spec_.target) {}
  void open(evaluation& in) override { source_->open(in); }

  bool next(evaluation& in) override {
    while (source_->next(in)) {
      memory_.reset();
      scratch_scope own(in, memory_);
      auto base = static_cast<std::size_t>(spec_.target->base);
      for (std::size_t i = 0; i < spec_.target->table->columns.size(); ++i) in.slots[base + i] = datum::null();
      for (auto& v : spec_.values) in.slots[base + static_cast<std::size_t>(v.column)] = v.value->eval(in);
      writer_.check(in);
      if (!spec_.conflict || !meets_conflict(in)) {
        auto row_id = writer_.insert(in);
        if (spec_.conflict && spec_.conflict->update) touched_.insert(row_id);
        return true;
      }
      if (spec_.conflict->update && update_existing(in)) return true;
    }
    in.pending->run(in);
    return false;
  }

 private:
  /// Locks the row's unique keys; true when another row holds one of them (then it is `existing_`).
  bool meets_conflict(evaluation& in) {
    std::vector<datum> memory;
    auto row = with_terms(spec_.target->terms, spec_.target->row(in), memory, in);
    auto& indexes = spec_.target->indexes;
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      auto& arbiters = spec_.conflict->arbiters;
      bool listed = arbiters.empty() || std::find(arbiters.begin(), arbiters.end(), i) != arbiters.end();
      if (!listed || !indexes[i].index().unique || !indexes[i].has(row) || indexes[i].differs_from_all(row)) continue;
      auto found = row_writer::holder(in, indexes[i], indexes[i].prefix(row));
      if (!found) continue;
      existing_ = *found;
      refuse_invisible(in);
      return true;
    }
    return false;
  }

  /// The stricter levels may not act on a row that their snapshot does not show.
  void refuse_invisible(evaluation& in) const {
    auto& transaction = *in.transaction;
    if (!transaction.repeatable() || touched_.count(existing_) > 0) return;
    read_view mine{transaction.snapshot(), &transaction.writer(), ~storage::write_seq{0}};
    if (mine.get(spec_.target->table->space, row_key(existing_))) return;
    throw sql_error(sqlstate::serialization_failure, "could not serialize access due to concurrent update");
  }

  /// Nor may they change one that another transaction has changed since.
  void refuse_newer(evaluation& in, lsn newest) const {
    auto& transaction = *in.transaction;
    if (!transaction.repeatable()) return;
    read_view mine{transaction.snapshot(), &transaction.writer(), ~storage::write_seq{0}};
    const auto shown = mine.get(spec_.target->table->space, row_key(existing_));
    if (shown && shown->version == newest) return;
    throw sql_error(sqlstate::serialization_failure, "could not serialize access due to concurrent update");
  }

  /// False when DO UPDATE's WHERE says no.
  bool update_existing(evaluation& in) {
    auto& conflict = *spec_.conflict;
    auto& table = *spec_.target->table;
    if (touched_.count(existing_) > 0) {
      throw sql_error("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time")
          .hint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.");
    }
    auto columns = table.columns.size();
    auto base = static_cast<std::size_t>(spec_.target->base), excluded = static_cast<std::size_t>(conflict.excluded_base);
    for (std::size_t i = 0; i < columns; ++i) in.slots[excluded + i] = in.slots[base + i];
    auto view = in.transaction->newest_view();
    auto found = view.get(table.space, row_key(existing_));
    if (!found) throw sql_error(sqlstate::internal_error, "the row of a unique key is missing");
    refuse_newer(in, found->version);
    in.kept_views.push_back(view.at);
    auto& row = *conflict.existing;
    row.load(found->value, existing_, found->version, in);
    if (lock_row(in, row, conflict.mode, row_wait::wait) == row_state::gone) {
      throw sql_error(sqlstate::internal_error, "the row of a locked unique key has gone");
    }
    for (auto& f : conflict.filter) {
      if (!holds(*f, in)) return false;
    }
    std::vector<datum> values;
    for (auto& a : conflict.set) values.push_back(a.value->eval(in));
    auto old_base = static_cast<std::size_t>(row.source().base);
    for (std::size_t i = 0; i < columns; ++i) in.slots[base + i] = in.slots[old_base + i];
    for (std::size_t i = 0; i < values.size(); ++i) in.slots[base + static_cast<std::size_t>(conflict.set[i].column)] = values[i];
    writer_.check(in);
    std::vector<datum> before(in.slots.begin() + static_cast<std::ptrdiff_t>(old_base),
                              in.slots.begin() + static_cast<std::ptrdiff_t>(old_base + columns));
    writer_.update(in, existing_, before);
    touched_.insert(existing_);
    return true;
  }

  const insert_spec& spec_;
  operation_ptr source_;
  row_writer writer_;
  std::unordered_set<std::int64_t> touched_;
  std::int64_t existing_ = 0;
  arena memory_;
};
operation_ptr insert_node::make() const { return std::make_unique<insert_operation>(*this); }

}  // namespace

plan_node_ptr make_insert(insert_spec spec) { return std::make_shared<insert_node>(std::move(spec)); }

}  // namespace helios::sql
