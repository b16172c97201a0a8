// Sources without a table: one empty row, VALUES, set-returning functions, virtual relations.

#include "sql/catalog/virtual_relation.hpp"
#include "sql/plan/nodes.hpp"
#include "sql/types/array.hpp"

namespace helios::sql {

namespace {

class one_row_node final : public plan_node {
 public:
  operation_ptr make() const override;
  std::string title() const override { return "Result"; }
};
class one_row_operation final : public operation {
 public:
  void open(evaluation&) override { done_ = false; }
  bool next(evaluation&) override { return !std::exchange(done_, true); }

 private:
  bool done_ = false;
};
operation_ptr one_row_node::make() const { return std::make_unique<one_row_operation>(); }

class values_node final : public plan_node {
 public:
  values_node(std::vector<std::vector<expression_ptr>> rows, std::vector<int> slots) : rows_(std::move(rows)), targets_(std::move(slots)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Values Scan on \"*VALUES*\""; }
  void settle(const std::vector<bool>&) override { slots_ = targets_; }

  std::vector<std::vector<expression_ptr>> rows_;
  std::vector<int> targets_;
};
class values_operation final : public operation {
 public:
  explicit values_operation(const values_node& node) : node_(node) {}
  void open(evaluation&) override { at_ = 0; }
  bool next(evaluation& in) override {
    if (at_ == node_.rows_.size()) return false;
    memory_.reset();
    scratch_scope own(in, memory_);
    auto& row = node_.rows_[at_++];
    for (std::size_t i = 0; i < row.size(); ++i) in.slots[static_cast<std::size_t>(node_.targets_[i])] = row[i]->eval(in);
    in.tick();
    return true;
  }

 private:
  const values_node& node_;
  std::size_t at_ = 0;
  arena memory_;
};
operation_ptr values_node::make() const { return std::make_unique<values_operation>(*this); }

class function_scan_node final : public plan_node {
 public:
  function_scan_node(const function_def* function, std::vector<expression_ptr> arguments, std::vector<record_column> columns, int slot, int ordinality)
      : function_(function), arguments_(std::move(arguments)), columns_(std::move(columns)), slot_(slot), ordinality_(ordinality) {
    for (auto& a : arguments_) types_.push_back(a->type().id);
  }
  operation_ptr make() const override;
  std::string title() const override { return std::string("Function Scan on ") + function_->name; }
  void settle(const std::vector<bool>&) override {
    slots_.clear();
    for (int s = slot_; s <= ordinality_; ++s) slots_.push_back(s);
  }

  /// Whether its results are records to be shown column by column: its own, the query's, or of a row type.
  bool expands() const { return function_->result == type_oid::record || function_->columns.empty(); }

  const function_def* function_;
  std::vector<expression_ptr> arguments_;
  std::vector<record_column> columns_;
  std::vector<oid> types_;
  int slot_, ordinality_;
};
class function_scan_operation final : public operation {
 public:
  explicit function_scan_operation(const function_scan_node& node) : node_(node) {}
  void open(evaluation& in) override {
    at_ = 0;
    rows_.clear();
    memory_.reset();
    scratch_scope own(in, memory_);
    std::vector<datum> arguments;
    for (auto& a : node_.arguments_) {
      arguments.push_back(a->eval(in));
      if (arguments.back().is_null() && node_.function_->strict) return;
    }
    in.call.argument_types = node_.types_;
    in.call.result_columns = node_.columns_;
    node_.function_->call_set(in.call, arguments, rows_);
    in.call.result_columns = {};
  }
  bool next(evaluation& in) override {
    if (at_ == rows_.size()) return false;
    const auto slot = static_cast<std::size_t>(node_.slot_);
    const datum row = rows_[at_++];
    if (node_.columns_.empty() || !node_.expands()) in.slots[slot] = row;
    else expand(in, row);
    in.slots[static_cast<std::size_t>(node_.ordinality_)] = datum::of_int(static_cast<std::int64_t>(at_));
    in.tick();
    return true;
  }

 private:
  /// A NULL row, and one that was stored before its type got more columns, have NULL in them.
  void expand(evaluation& in, datum row) {
    const auto fields = row.is_null() ? std::vector<record_field>() : read_record(row);
    for (std::size_t i = 0; i < node_.columns_.size(); ++i) {
      in.slots[static_cast<std::size_t>(node_.slot_) + i] = i < fields.size() ? fields[i].value : datum::null();
    }
  }

  const function_scan_node& node_;
  std::vector<datum> rows_;
  std::size_t at_ = 0;
  arena memory_;
};
operation_ptr function_scan_node::make() const { return std::make_unique<function_scan_operation>(*this); }

class virtual_scan_node final : public plan_node {
 public:
  virtual_scan_node(const virtual_relation& relation, int base) : relation_(relation), base_(base) {}
  operation_ptr make() const override;
  std::string title() const override { return "Seq Scan on " + relation_.name; }
  void settle(const std::vector<bool>&) override {
    slots_.clear();
    for (std::size_t i = 0; i < relation_.columns.size(); ++i) slots_.push_back(base_ + static_cast<int>(i));
  }

  const virtual_relation& relation_;
  int base_;
};
/// Computes the rows once per execution; a rescan walks them again.
class virtual_scan_operation final : public operation {
 public:
  explicit virtual_scan_operation(const virtual_scan_node& node) : node_(node) {}
  void open(evaluation& in) override {
    at_ = 0;
    if (loaded_) return;
    loaded_ = true;
    node_.relation_.rows(in.call, memory_, rows_);
  }
  bool next(evaluation& in) override {
    auto width = node_.relation_.columns.size();
    if (at_ + width > rows_.size()) return false;
    for (std::size_t i = 0; i < width; ++i) in.slots[static_cast<std::size_t>(node_.base_) + i] = rows_[at_ + i];
    at_ += width;
    in.tick();
    return true;
  }

 private:
  const virtual_scan_node& node_;
  bool loaded_ = false;
  std::vector<datum> rows_;
  std::size_t at_ = 0;
  arena memory_;
};
operation_ptr virtual_scan_node::make() const { return std::make_unique<virtual_scan_operation>(*this); }

}  // namespace

plan_node_ptr make_one_row() { return std::make_shared<one_row_node>(); }
plan_node_ptr make_values(std::vector<std::vector<expression_ptr>> rows, std::vector<int> slots) {
  return std::make_shared<values_node>(std::move(rows), std::move(slots));
}
plan_node_ptr make_function_scan(const function_def* function, std::vector<expression_ptr> arguments,
                                 std::vector<record_column> columns, int slot, int ordinality_slot) {
  return std::make_shared<function_scan_node>(function, std::move(arguments), std::move(columns), slot, ordinality_slot);
}
plan_node_ptr make_virtual_scan(const virtual_relation& relation, int base) {
  return std::make_shared<virtual_scan_node>(relation, base);
}

}  // namespace helios::sql
