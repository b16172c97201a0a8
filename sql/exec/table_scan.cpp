#include "sql/exec/table_scan.hpp"

namespace helios::sql {

std::string conjunction(const condition_list& filter) {
  if (filter.size() == 1) return text_of(*filter[0]);
  std::string out = "(";
  for (auto& f : filter) out += (out.size() == 1 ? "" : " AND ") + text_of(*f);
  return out + ")";
}

void table_scan_base::settle(const std::vector<bool>& used) {
  slots_.clear();
  wanted_.clear();
  for (std::size_t i = 0; i < source_.table->columns.size(); ++i) {
    int slot = source_.base + static_cast<int>(i);
    if (!used[static_cast<std::size_t>(slot)] || source_.table->columns[i].dropped) continue;
    wanted_.push_back(static_cast<int>(i));
    slots_.push_back(slot);
  }
  for (int hidden : {source_.row_slot(), source_.version_slot()}) {
    if (used[static_cast<std::size_t>(hidden)]) slots_.push_back(hidden);
  }
}

std::string table_scan_base::name() const {
  return source_.alias.empty() || source_.alias == source_.table->name ? source_.table->name : source_.table->name + " " + source_.alias;
}

std::string table_scan_base::filter_text() const { return "Filter: " + conjunction(filter_); }

namespace {

class table_scan_node final : public table_scan_base {
 public:
  using table_scan_base::table_scan_base;
  operation_ptr make() const override;
  std::string title() const override { return "Seq Scan on " + name(); }
  std::vector<std::string> details() const override {
    return filter_.empty() ? std::vector<std::string>{} : std::vector<std::string>{filter_text()};
  }
};

class table_scan_operation final : public operation {
 public:
  explicit table_scan_operation(const table_scan_node& node) : node_(node) {}
  void open(evaluation& in) override {
    cursor_ = in.view.scan(node_.source().table->space, {}, storage::scan_direction::forward);
    fresh_ = true;
  }
  bool next(evaluation& in) override {
    for (;;) {
      if (!fresh_ && cursor_->valid()) cursor_->next();
      fresh_ = false;
      if (!cursor_->valid()) return false;
      in.tick();
      node_.load(cursor_->value(), row_id_of(cursor_->key()), cursor_->version(), in);
      if (node_.passes(in)) return true;
    }
  }

 private:
  const table_scan_node& node_;
  std::unique_ptr<storage::cursor> cursor_;
  bool fresh_ = true;
};
operation_ptr table_scan_node::make() const { return std::make_unique<table_scan_operation>(*this); }

}  // namespace

plan_node_ptr make_table_scan(table_source source, condition_list filter) {
  return std::make_shared<table_scan_node>(std::move(source), std::move(filter));
}

}  // namespace helios::sql
