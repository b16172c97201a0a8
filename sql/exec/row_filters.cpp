// Operators on one input row at a time: filter, projection, materialization, limit, append.

#include <limits>

#include "base/sql_error.hpp"
#include "sql/exec/row_store.hpp"
#include "sql/exec/table_scan.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

namespace {

class filter_node final : public plan_node {
 public:
  filter_node(plan_node_ptr input, condition_list filter) : input_(std::move(input)), filter_(std::move(filter)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Filter"; }
  std::vector<std::string> details() const override { return {"Filter: " + conjunction(filter_)}; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }

  plan_node_ptr input_;
  condition_list filter_;
};
class filter_operation final : public operation {
 public:
  explicit filter_operation(const filter_node& node) : node_(node), input_(node.input_->make()) {}
  void open(evaluation& in) override { input_->open(in); }
  bool next(evaluation& in) override {
    while (input_->next(in)) {
      bool passes = true;
      for (auto& f : node_.filter_) {
        if (!holds(*f, in)) {
          passes = false;
          break;
        }
      }
      if (passes) return true;
    }
    return false;
  }

 private:
  const filter_node& node_;
  operation_ptr input_;
};
operation_ptr filter_node::make() const { return std::make_unique<filter_operation>(*this); }

class project_node final : public plan_node {
 public:
  project_node(plan_node_ptr input, std::vector<projection> values) : input_(std::move(input)), values_(std::move(values)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Projection"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }
  void settle(const std::vector<bool>& used) override {
    plan_node::settle(used);
    wanted_.clear();
    for (auto& v : values_) {
      if (!used[static_cast<std::size_t>(v.slot)] && is_stable(*v.value)) continue;
      wanted_.push_back(v);
      slots_.push_back(v.slot);
    }
  }

  plan_node_ptr input_;
  std::vector<projection> values_, wanted_;
};
/// Values live in an arena of this operator until its next row (evaluation.hpp, I2).
class project_operation final : public operation {
 public:
  explicit project_operation(const project_node& node) : node_(node), input_(node.input_->make()) {}
  void open(evaluation& in) override { input_->open(in); }
  bool next(evaluation& in) override {
    if (!input_->next(in)) return false;
    memory_.reset();
    scratch_scope own(in, memory_);
    for (auto& v : node_.wanted_) in.slots[static_cast<std::size_t>(v.slot)] = v.value->eval(in);
    return true;
  }

 private:
  const project_node& node_;
  operation_ptr input_;
  arena memory_;
};
operation_ptr project_node::make() const { return std::make_unique<project_operation>(*this); }

class materialize_node final : public plan_node {
 public:
  explicit materialize_node(plan_node_ptr input) : input_(std::move(input)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Materialize"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }

  plan_node_ptr input_;
};
/// Reads its input once, as far as it is asked for; rescans read the kept rows. For inputs that depend on nothing outside.
class materialize_operation final : public operation {
 public:
  explicit materialize_operation(const materialize_node& node) : input_(node.input_->make()), rows_(node.slots()) {}
  void open(evaluation& in) override {
    at_ = 0;
    if (opened_) return;
    opened_ = true;
    input_->open(in);
  }
  bool next(evaluation& in) override {
    if (at_ < rows_.size()) {
      rows_.restore(at_++, in);
      in.tick();
      return true;
    }
    if (ended_ || !input_->next(in)) {
      ended_ = true;
      return false;
    }
    rows_.add(in);
    ++at_;
    return true;
  }

 private:
  operation_ptr input_;
  row_store rows_;
  std::size_t at_ = 0;
  bool opened_ = false, ended_ = false;
};
operation_ptr materialize_node::make() const { return std::make_unique<materialize_operation>(*this); }

class limit_node final : public plan_node {
 public:
  limit_node(plan_node_ptr input, expression_ptr limit, expression_ptr offset, std::vector<sort_key> ties)
      : input_(std::move(input)), limit_(std::move(limit)), offset_(std::move(offset)), ties_(std::move(ties)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Limit"; }
  std::vector<plan_node_ptr> inputs() const override { return {input_}; }

  plan_node_ptr input_;
  expression_ptr limit_, offset_;
  std::vector<sort_key> ties_;
};
class limit_operation final : public operation {
 public:
  explicit limit_operation(const limit_node& node) : node_(node), input_(node.input_->make()) {}
  void open(evaluation& in) override {
    input_->open(in);
    left_ = count(node_.limit_, "LIMIT", "2201W", in).value_or(std::numeric_limits<std::int64_t>::max());
    skip_ = count(node_.offset_, "OFFSET", "2201X", in).value_or(0);
  }
  bool next(evaluation& in) override {
    if (left_ <= 0) return !node_.ties_.empty() && tied(in);
    for (; skip_ > 0; --skip_) {
      if (!input_->next(in)) {
        left_ = 0;
        return false;
      }
    }
    if (!input_->next(in)) return false;
    if (--left_ == 0 && !node_.ties_.empty()) keep(in);
    return true;
  }

 private:
  static std::optional<std::int64_t> count(const expression_ptr& e, const char* name, const char* state, evaluation& in) {
    if (!e) return std::nullopt;
    datum d = e->eval(in);
    if (d.is_null()) return std::nullopt;
    if (d.as_int() < 0) throw sql_error(state, std::string(name) + " must not be negative");
    return d.as_int();
  }
  void keep(evaluation& in) {
    last_.clear();
    for (auto& t : node_.ties_) last_.push_back(memory_.copy(t.value->eval(in)));
  }
  bool tied(evaluation& in) {
    if (last_.empty() || !input_->next(in)) return false;
    for (std::size_t i = 0; i < last_.size(); ++i) {
      datum d = node_.ties_[i].value->eval(in);
      bool same = d.is_null() || last_[i].is_null() ? d.is_null() && last_[i].is_null()
                                                    : get_type(node_.ties_[i].value->type().id).compare(d, last_[i]) == 0;
      if (!same) {
        last_.clear();
        return false;
      }
    }
    return true;
  }

  const limit_node& node_;
  operation_ptr input_;
  std::int64_t left_ = 0, skip_ = 0;
  std::vector<datum> last_;
  arena memory_;
};
operation_ptr limit_node::make() const { return std::make_unique<limit_operation>(*this); }

class append_node final : public plan_node {
 public:
  explicit append_node(std::vector<plan_node_ptr> inputs) : inputs_(std::move(inputs)) {}
  operation_ptr make() const override;
  std::string title() const override { return "Append"; }
  std::vector<plan_node_ptr> inputs() const override { return inputs_; }

  std::vector<plan_node_ptr> inputs_;
};
class append_operation final : public operation {
 public:
  explicit append_operation(const append_node& node) {
    for (auto& i : node.inputs_) inputs_.push_back(i->make());
  }
  void open(evaluation& in) override {
    at_ = 0;
    inputs_[0]->open(in);
  }
  bool next(evaluation& in) override {
    while (at_ < inputs_.size()) {
      if (inputs_[at_]->next(in)) return true;
      if (++at_ < inputs_.size()) inputs_[at_]->open(in);
    }
    return false;
  }

 private:
  std::vector<operation_ptr> inputs_;
  std::size_t at_ = 0;
};
operation_ptr append_node::make() const { return std::make_unique<append_operation>(*this); }

}  // namespace

plan_node_ptr make_filter(plan_node_ptr input, condition_list filter) {
  return std::make_shared<filter_node>(std::move(input), std::move(filter));
}
plan_node_ptr make_project(plan_node_ptr input, std::vector<projection> values) {
  return std::make_shared<project_node>(std::move(input), std::move(values));
}
plan_node_ptr make_materialize(plan_node_ptr input) { return std::make_shared<materialize_node>(std::move(input)); }
plan_node_ptr make_limit(plan_node_ptr input, expression_ptr limit, expression_ptr offset, std::vector<sort_key> ties) {
  return std::make_shared<limit_node>(std::move(input), std::move(limit), std::move(offset), std::move(ties));
}
plan_node_ptr make_append(std::vector<plan_node_ptr> inputs) { return std::make_shared<append_node>(std::move(inputs)); }

}  // namespace helios::sql
