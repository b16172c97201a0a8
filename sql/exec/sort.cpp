#include <algorithm>
#include <limits>

#include "sql/exec/row_store.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class sort_node final : public plan_node {
 public:
  sort_node(plan_node_ptr input, std::vector<sort_key> keys, expression_ptr limit, expression_ptr offset)
      : input_(std::move(input)), keys_(std::move(keys)), limit_(std::move(limit)), offset_(std::move(offset)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Sort"; }
  std::vector<std::string> details() const override;
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }

  plan_node_ptr input_;
  std::vector<sort_key> keys_;
  expression_ptr limit_, offset_;
};

std::vector<std::string> sort_node::details() const {
  std::string out = "Sort Key: ";
  for (auto& k : keys_) {
    if (&k != &keys_[0]) out += ", ";
    out += text_of(*k.value);
    if (k.descending) out += " DESC";
    if (k.nulls_first != k.descending) out += k.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return {out};
}

/// Keeps all rows, or with a known LIMIT at most twice as many as are wanted at a time.
class sort_operation final : public operation {
 public:
  explicit sort_operation(const sort_node& node) : node_(node), input_(node.input_->make()), rows_(node.input_->slots()) {
    for (auto& k : node.keys_) types_.push_back(&get_type(k.value->type().id));
  }

  void open(evaluation& in) override {
    rows_.clear();
    reset_keys();
    at_ = 0;
    auto wanted = rows_wanted(in);
    input_->open(in);
    arena scratch;
    scratch_scope own(in, scratch);
    while (input_->next(in)) {
      add(in);
      scratch.reset();
      if (wanted < rows_.size() / 2) shrink(wanted, in);
    }
    order(std::min<std::size_t>(wanted, rows_.size()));
  }

  bool next(evaluation& in) override {
    if (at_ == order_.size()) return false;
    rows_.restore(order_[at_++], in);
    return true;
  }

 private:
  std::size_t rows_wanted(evaluation& in) const {
    constexpr auto all = std::numeric_limits<std::size_t>::max();
    if (!node_.limit_) return all;
    datum limit = node_.limit_->eval(in);
    datum offset = node_.offset_ ? node_.offset_->eval(in) : datum::of_int(0);
    if (limit.is_null() || limit.as_int() < 0) return all;
    auto skip = offset.is_null() || offset.as_int() < 0 ? 0 : offset.as_int();
    auto sum = static_cast<std::uint64_t>(limit.as_int()) + static_cast<std::uint64_t>(skip);
    return sum < 16 ? 16 : static_cast<std::size_t>(sum);
  }

  void add(evaluation& in) {
    rows_.add(in);
    for (auto& k : node_.keys_) keys_.push_back(memory_->copy(k.value->eval(in)));
  }

  void reset_keys() {
    keys_.clear();
    memory_ = std::make_unique<arena>();
  }

  bool before(std::size_t a, std::size_t b) const {
    auto width = types_.size();
    for (std::size_t k = 0; k < width; ++k) {
      datum x = keys_[a * width + k], y = keys_[b * width + k];
      auto& key = node_.keys_[k];
      if (x.is_null() || y.is_null()) {
        if (x.is_null() && y.is_null()) continue;
        return x.is_null() == key.nulls_first;
      }
      auto c = types_[k]->compare(x, y);
      if (c != 0) return key.descending ? c > 0 : c < 0;
    }
    return a < b;  // rows that tie keep their order
  }

  void order(std::size_t count) {
    order_.resize(rows_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    auto less = [this](std::size_t a, std::size_t b) { return before(a, b); };
    if (count < order_.size()) {
      std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(count), order_.end(), less);
      order_.resize(count);
    } else {
      std::sort(order_.begin(), order_.end(), less);
    }
  }

  /// Throws away all but the best `count` rows.
  void shrink(std::size_t count, evaluation& in) {
    order(count);
    row_store kept(rows_.slots());
    auto old_keys = std::move(keys_);
    auto old_memory = std::move(memory_);
    reset_keys();
    for (auto i : order_) {
      rows_.restore(i, in);
      kept.add(in);
      for (std::size_t k = 0; k < types_.size(); ++k) keys_.push_back(memory_->copy(old_keys[i * types_.size() + k]));
    }
    rows_.clear();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      kept.restore(i, in);
      rows_.add(in);
    }
  }

  const sort_node& node_;
  operation_ptr input_;
  row_store rows_;
  std::vector<const type_ops*> types_;
  std::vector<datum> keys_;
  std::unique_ptr<arena> memory_ = std::make_unique<arena>();
  std::vector<std::size_t> order_;
  std::size_t at_ = 0;
};
operation_ptr sort_node::make() const { return std::make_unique<sort_operation>(*this); }

}  // namespace

plan_node_ptr make_sort(plan_node_ptr input, std::vector<sort_key> keys, expression_ptr limit, expression_ptr offset) {
  return std::make_shared<sort_node>(std::move(input), std::move(keys), std::move(limit), std::move(offset));
}

}  // namespace helios::sql
