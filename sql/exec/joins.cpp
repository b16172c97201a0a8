// Nested loop and hash join. In the nested loop the right side reads the left row from the frame, so that an index scan
// or a lateral query on the right is simply opened anew for each left row.

#include "sql/exec/row_store.hpp"
#include "sql/exec/table_scan.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class nested_loop_node final : public plan_node {
 public:
  nested_loop_node(plan_node_ptr left, plan_node_ptr right, bool left_join)
      : left_(std::move(left)), right_(std::move(right)), left_join_(left_join) {}
  operation_ptr make() const override;
  std::string title() const override { return left_join_ ? "Nested Loop Left Join" : "Nested Loop"; }
  std::vector<plan_node_ptr> inputs() const override { return {left_, right_}; }

  plan_node_ptr left_, right_;
  bool left_join_;
};
class nested_loop_operation final : public operation {
 public:
  explicit nested_loop_operation(const nested_loop_node& node) : node_(node), left_(node.left_->make()), right_(node.right_->make()) {}
  void open(evaluation& in) override {
    left_->open(in);
    on_row_ = false;
  }
  bool next(evaluation& in) override {
    for (;;) {
      if (!on_row_) {
        if (!left_->next(in)) return false;
        right_->open(in);
        on_row_ = true;
        matched_ = false;
      }
      if (right_->next(in)) {
        matched_ = true;
        return true;
      }
      on_row_ = false;
      if (node_.left_join_ && !matched_) {
        for (int s : node_.right_->slots()) in.slots[static_cast<std::size_t>(s)] = datum::null();
        return true;
      }
    }
  }

 private:
  const nested_loop_node& node_;
  operation_ptr left_, right_;
  bool on_row_ = false, matched_ = false;
};
operation_ptr nested_loop_node::make() const { return std::make_unique<nested_loop_operation>(*this); }

class hash_join_node final : public plan_node {
 public:
  explicit hash_join_node(hash_join_spec spec) : spec_(std::move(spec)) {}
  operation_ptr make() const override;
  std::string title() const override {
    if (spec_.keep_left && spec_.keep_right) return "Hash Full Join";
    return spec_.keep_left ? "Hash Left Join" : "Hash Join";
  }
  std::vector<std::string> details() const override;
  std::vector<plan_node_ptr> inputs() const override { return {spec_.left, spec_.right}; }

  hash_join_spec spec_;
};

std::vector<std::string> hash_join_node::details() const {
  std::string cond = "Hash Cond: (";
  for (std::size_t i = 0; i < spec_.left_keys.size(); ++i) {
    cond += (i == 0 ? "" : " AND ") + text_of(*spec_.left_keys[i]) + " = " + text_of(*spec_.right_keys[i]);
  }
  std::vector<std::string> out{cond + ")"};
  if (!spec_.residual.empty()) out.push_back("Join Filter: " + conjunction(spec_.residual));
  return out;
}

class hash_join_operation final : public operation {
 public:
  explicit hash_join_operation(const hash_join_node& node)
      : spec_(node.spec_), left_(spec_.left->make()), right_(spec_.right->make()), keys_(types()), rows_(spec_.right->slots()) {}

  void open(evaluation& in) override {
    build(in);
    left_->open(in);
    on_row_ = false;
    unmatched_ = 0;
    left_done_ = false;
  }

  bool next(evaluation& in) override {
    while (!left_done_) {
      if (!on_row_) {
        if (!left_->next(in)) {
          left_done_ = true;
          for (int s : spec_.left->slots()) in.slots[static_cast<std::size_t>(s)] = datum::null();
          break;
        }
        on_row_ = true;
        matched_ = false;
        candidate_ = first(in);
      }
      while (candidate_ != key_index::none) {
        auto row = candidate_;
        candidate_ = next_[row];
        rows_.restore(row, in);
        if (!passes(in)) continue;
        matched_ = true;
        if (spec_.keep_right) seen_[row] = true;
        return true;
      }
      on_row_ = false;
      if (spec_.keep_left && !matched_) {
        rows_.restore_null(in);
        return true;
      }
    }
    return next_unmatched(in);
  }

 private:
  std::vector<const type_ops*> types() const {
    std::vector<const type_ops*> out;
    for (auto& k : spec_.right_keys) out.push_back(&get_type(k->type().id));
    return out;
  }

  void build(evaluation& in) {
    keys_.clear();
    rows_.clear();
    heads_.clear();
    next_.clear();
    right_->open(in);
    std::vector<datum> key(spec_.right_keys.size());
    arena scratch;
    scratch_scope own(in, scratch);
    while (right_->next(in)) {
      auto row = rows_.add(in);
      next_.push_back(key_index::none);
      if (eval(spec_.right_keys, key, in)) {
        auto [number, fresh] = keys_.insert(key);
        if (fresh) heads_.push_back(key_index::none);
        next_[row] = heads_[number];
        heads_[number] = row;
      }
      scratch.reset();
    }
    seen_.assign(spec_.keep_right ? rows_.size() : 0, false);
  }

  /// False when a part is NULL: it equals nothing.
  static bool eval(const std::vector<expression_ptr>& keys, std::vector<datum>& out, evaluation& in) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      out[i] = keys[i]->eval(in);
      if (out[i].is_null()) return false;
    }
    return true;
  }

  std::size_t first(evaluation& in) {
    probe_.resize(spec_.left_keys.size());
    if (!eval(spec_.left_keys, probe_, in)) return key_index::none;
    auto number = keys_.find(probe_);
    return number == key_index::none ? key_index::none : heads_[number];
  }

  bool passes(evaluation& in) const {
    for (auto& r : spec_.residual) {
      if (!holds(*r, in)) return false;
    }
    return true;
  }

  bool next_unmatched(evaluation& in) {
    if (!spec_.keep_right) return false;
    while (unmatched_ < rows_.size()) {
      auto row = unmatched_++;
      if (seen_[row]) continue;
      rows_.restore(row, in);
      return true;
    }
    return false;
  }

  const hash_join_spec& spec_;
  operation_ptr left_, right_;
  key_index keys_;
  row_store rows_;
  std::vector<std::size_t> heads_, next_;
  std::vector<bool> seen_;
  std::vector<datum> probe_;
  bool on_row_ = false, matched_ = false, left_done_ = false;
  std::size_t candidate_ = key_index::none, unmatched_ = 0;
};
operation_ptr hash_join_node::make() const { return std::make_unique<hash_join_operation>(*this); }

}  // namespace

plan_node_ptr make_nested_loop(plan_node_ptr left, plan_node_ptr right, bool left_join) {
  return std::make_shared<nested_loop_node>(std::move(left), std::move(right), left_join);
}
plan_node_ptr make_hash_join(hash_join_spec spec) { return std::make_shared<hash_join_node>(std::move(spec)); }

}  // namespace helios::sql
