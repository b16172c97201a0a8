// DISTINCT, INTERSECT and EXCEPT, and the shared rows of common tables.

#include "sql/exec/row_store.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class distinct_node final : public plan_node {
 public:
  distinct_node(plan_node_ptr input, std::vector<expression_ptr> keys) : input_(std::move(input)), keys_(std::move(keys)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Unique"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }

  plan_node_ptr input_;
  std::vector<expression_ptr> keys_;
};
class distinct_operation final : public operation {
 public:
  explicit distinct_operation(const distinct_node& node) : node_(node), input_(node.input_->make()) {}
  void open(evaluation& in) override {
    std::vector<const type_ops*> types;
    for (auto& k : node_.keys_) types.push_back(&get_type(k->type().id));
    seen_ = std::make_unique<key_index>(std::move(types));
    input_->open(in);
  }
  bool next(evaluation& in) override {
    std::vector<datum> key(node_.keys_.size());
    while (input_->next(in)) {
      for (std::size_t i = 0; i < key.size(); ++i) key[i] = node_.keys_[i]->eval(in);
      if (seen_->insert(key).second) return true;
    }
    return false;
  }

 private:
  const distinct_node& node_;
  operation_ptr input_;
  std::unique_ptr<key_index> seen_;
};
operation_ptr distinct_node::make() const { return std::make_unique<distinct_operation>(*this); }

class set_operation_node final : public plan_node {
 public:
  set_operation_node(plan_node_ptr left, plan_node_ptr right, bool except, bool all, std::vector<int> slots, std::vector<type_ref> types)
      : left_(std::move(left)), right_(std::move(right)), except_(except), all_(all), row_(std::move(slots)), types_(std::move(types)) {}
  operation_ptr make() const override;
  std::string title() const override {
    return std::string("HashSetOp ") + (except_ ? "Except" : "Intersect") + (all_ ? " All" : "");
  }
  std::vector<plan_node_ptr> inputs() const override { return {left_, right_}; }

  plan_node_ptr left_, right_;
  bool except_, all_;
  std::vector<int> row_;
  std::vector<type_ref> types_;
};
/// Counts the right side's rows first; then each left row uses one up (ALL) or is asked for once.
class set_operation final : public operation {
 public:
  explicit set_operation(const set_operation_node& node) : node_(node), left_(node.left_->make()), right_(node.right_->make()) {}
  void open(evaluation& in) override {
    std::vector<const type_ops*> types;
    for (auto& t : node_.types_) types.push_back(&get_type(t.id));
    keys_ = std::make_unique<key_index>(types);
    counts_.clear();
    given_.clear();
    arena scratch;
    scratch_scope own(in, scratch);
    right_->open(in);
    while (right_->next(in)) {
      ++counts_[number(in)];
      scratch.reset();
    }
    left_->open(in);
  }
  bool next(evaluation& in) override {
    while (left_->next(in)) {
      auto n = number(in);
      bool in_right = counts_[n] > 0;
      if (node_.all_) {
        if (in_right) --counts_[n];
        if (in_right != node_.except_) return true;
      } else if (in_right != node_.except_ && !given_[n]) {
        given_[n] = true;
        return true;
      }
    }
    return false;
  }

 private:
  std::size_t number(evaluation& in) {
    key_.resize(node_.row_.size());
    for (std::size_t i = 0; i < key_.size(); ++i) key_[i] = in.slots[static_cast<std::size_t>(node_.row_[i])];
    auto [n, fresh] = keys_->insert(key_);
    if (fresh) {
      counts_.push_back(0);
      given_.push_back(false);
    }
    return n;
  }

  const set_operation_node& node_;
  operation_ptr left_, right_;
  std::unique_ptr<key_index> keys_;
  std::vector<std::size_t> counts_;
  std::vector<bool> given_;
  std::vector<datum> key_;
};
operation_ptr set_operation_node::make() const { return std::make_unique<set_operation>(*this); }

/// The rows of one common table in one execution.
struct shared_rows {
  explicit shared_rows(std::vector<int> slots) : rows(std::move(slots)) {}
  row_store rows;
};

class shared_scan_node final : public plan_node {
 public:
  shared_scan_node(plan_node_ptr table, int number, std::string name, std::vector<int> from, std::vector<int> to)
      : table_(std::move(table)), number_(number), name_(std::move(name)), from_(std::move(from)), to_(std::move(to)) {}
  operation_ptr make() const override;
  std::string title() const override { return "CTE Scan on " + name_; }
  void settle(const std::vector<bool>&) override { slots_ = to_; }

  plan_node_ptr table_;
  int number_;
  std::string name_;
  std::vector<int> from_, to_;
};
class shared_scan_operation final : public operation {
 public:
  explicit shared_scan_operation(const shared_scan_node& node) : node_(node) {}
  void open(evaluation& in) override {
    at_ = 0;
    auto& place = in.shared[static_cast<std::size_t>(node_.number_)];
    if (place == nullptr) {
      auto fresh = std::make_shared<shared_rows>(node_.from_);
      arena scratch;
      scratch_scope own(in, scratch);
      auto source = node_.table_->make();
      source->open(in);
      while (source->next(in)) {
        fresh->rows.add(in);
        scratch.reset();
      }
      place = fresh;
    }
    rows_ = static_cast<shared_rows*>(place.get());
  }
  bool next(evaluation& in) override {
    if (at_ == rows_->rows.size()) return false;
    auto row = rows_->rows.row(at_++);
    for (std::size_t i = 0; i < row.size(); ++i) in.slots[static_cast<std::size_t>(node_.to_[i])] = row[i];
    in.tick();
    return true;
  }

 private:
  const shared_scan_node& node_;
  shared_rows* rows_ = nullptr;
  std::size_t at_ = 0;
};
operation_ptr shared_scan_node::make() const { return std::make_unique<shared_scan_operation>(*this); }

class working_scan_node final : public plan_node {
 public:
  working_scan_node(int number, std::string name, std::vector<int> to) : number_(number), name_(std::move(name)), to_(std::move(to)) {}
  operation_ptr make() const override;
  std::string title() const override { return "WorkTable Scan on " + name_; }
  void settle(const std::vector<bool>&) override { slots_ = to_; }

  int number_;
  std::string name_;
  std::vector<int> to_;
};
class working_scan_operation final : public operation {
 public:
  explicit working_scan_operation(const working_scan_node& node) : node_(node) {}
  void open(evaluation& in) override {
    at_ = 0;
    rows_ = static_cast<shared_rows*>(in.shared[static_cast<std::size_t>(node_.number_)].get());
  }
  bool next(evaluation& in) override {
    if (rows_ == nullptr || at_ == rows_->rows.size()) return false;
    auto row = rows_->rows.row(at_++);
    for (std::size_t i = 0; i < row.size(); ++i) in.slots[static_cast<std::size_t>(node_.to_[i])] = row[i];
    in.tick();
    return true;
  }

 private:
  const working_scan_node& node_;
  shared_rows* rows_ = nullptr;
  std::size_t at_ = 0;
};
operation_ptr working_scan_node::make() const { return std::make_unique<working_scan_operation>(*this); }

class recursive_node final : public plan_node {
 public:
  recursive_node(plan_node_ptr start, plan_node_ptr step, int number, bool distinct, std::vector<int> slots, std::vector<type_ref> types)
      : start_(std::move(start)), step_(std::move(step)), number_(number), distinct_(distinct), row_(std::move(slots)), types_(std::move(types)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Recursive Union"; }
  std::vector<plan_node_ptr> inputs() const override { return {start_, step_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    slots_ = row_;
  }

  plan_node_ptr start_, step_;
  int number_;
  bool distinct_;
  std::vector<int> row_;
  std::vector<type_ref> types_;
};
/// Gives the rows of one round while it collects them as the input of the next.
class recursive_operation final : public operation {
 public:
  explicit recursive_operation(const recursive_node& node) : node_(node), start_(node.start_->make()), step_(node.step_->make()) {}
  void open(evaluation& in) override {
    std::vector<const type_ops*> types;
    for (auto& t : node_.types_) types.push_back(&get_type(t.id));
    seen_ = std::make_unique<key_index>(types);
    next_round_ = std::make_shared<shared_rows>(node_.row_);
    current_ = start_.get();
    current_->open(in);
  }
  bool next(evaluation& in) override {
    for (;;) {
      while (current_->next(in)) {
        if (node_.distinct_ && !fresh(in)) continue;
        next_round_->rows.add(in);
        return true;
      }
      if (next_round_->rows.size() == 0) return false;
      in.shared[static_cast<std::size_t>(node_.number_)] = next_round_;
      next_round_ = std::make_shared<shared_rows>(node_.row_);
      current_ = step_.get();
      current_->open(in);
    }
  }

 private:
  bool fresh(evaluation& in) {
    std::vector<datum> key;
    for (int s : node_.row_) key.push_back(in.slots[static_cast<std::size_t>(s)]);
    return seen_->insert(key).second;
  }

  const recursive_node& node_;
  operation_ptr start_, step_;
  operation* current_ = nullptr;
  std::unique_ptr<key_index> seen_;
  std::shared_ptr<shared_rows> next_round_;
};
operation_ptr recursive_node::make() const { return std::make_unique<recursive_operation>(*this); }

class with_changes_node final : public plan_node {
 public:
  with_changes_node(plan_node_ptr input, std::vector<plan_node_ptr> changes) : input_(std::move(input)), changes_(std::move(changes)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Result"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }

  plan_node_ptr input_;
  std::vector<plan_node_ptr> changes_;
};
class with_changes_operation final : public operation {
 public:
  explicit with_changes_operation(const with_changes_node& node) : node_(node), input_(node.input_->make()) {}
  void open(evaluation& in) override { input_->open(in); }
  bool next(evaluation& in) override {
    if (input_->next(in)) return true;
    for (auto& c : node_.changes_) c->make()->open(in);
    return false;
  }

 private:
  const with_changes_node& node_;
  operation_ptr input_;
};
operation_ptr with_changes_node::make() const { return std::make_unique<with_changes_operation>(*this); }

}  // namespace

plan_node_ptr make_with_changes(plan_node_ptr input, std::vector<plan_node_ptr> changes) {
  return std::make_shared<with_changes_node>(std::move(input), std::move(changes));
}
plan_node_ptr make_distinct(plan_node_ptr input, std::vector<expression_ptr> keys) {
  return std::make_shared<distinct_node>(std::move(input), std::move(keys));
}
plan_node_ptr make_set_operation(plan_node_ptr left, plan_node_ptr right, bool except, bool all, std::vector<int> slots,
                                 std::vector<type_ref> types) {
  return std::make_shared<set_operation_node>(std::move(left), std::move(right), except, all, std::move(slots), std::move(types));
}
plan_node_ptr make_shared_scan(plan_node_ptr table, int number, std::string name, std::vector<int> from, std::vector<int> to) {
  return std::make_shared<shared_scan_node>(std::move(table), number, std::move(name), std::move(from), std::move(to));
}
plan_node_ptr make_recursive(plan_node_ptr start, plan_node_ptr step, int number, bool distinct, std::vector<int> slots,
                             std::vector<type_ref> types) {
  return std::make_shared<recursive_node>(std::move(start), std::move(step), number, distinct, std::move(slots), std::move(types));
}
plan_node_ptr make_working_scan(int number, std::string name, std::vector<int> to) {
  return std::make_shared<working_scan_node>(number, std::move(name), std::move(to));
}

}  // namespace helios::sql
