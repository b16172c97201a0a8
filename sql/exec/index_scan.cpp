#include <algorithm>
#include <limits>

#include "sql/exec/table_scan.hpp"
#include "sql/functions/definition_text.hpp"

namespace helios::sql {

namespace {

class index_scan_node final : public table_scan_base {
 public:
  index_scan_node(table_source source, index_range range, condition_list filter)
      : table_scan_base(std::move(source), std::move(filter)), range_(std::move(range)), keys_(*range_.index, *source_.table) {}
  operation_ptr make() const override;
  std::string title() const override {
    return std::string("Index Scan ") + (range_.backward ? "Backward " : "") + "using " + range_.index->name + " on " + name();
  }
  std::vector<std::string> details() const override;
  const index_range& range() const { return range_; }
  const index_codec& keys() const { return keys_; }
  oid key_type(std::size_t i) const { return keys_.key_type(i); }

 private:
  index_range range_;
  index_codec keys_;
};

std::vector<std::string> index_scan_node::details() const {
  std::vector<std::string> out;
  std::string cond;
  auto add = [&](std::size_t key, const std::string& op, const expression_ptr& value) {
    auto shown = index_key_text(*source_.table, range_.index->keys[key]);
    cond += (cond.empty() ? "" : " AND ") + ("(" + shown + " " + op + " ") + (value ? text_of(*value) : "ANY (...)") + ")";
  };
  for (std::size_t i = 0; i < range_.equal.size(); ++i) add(i, "=", range_.equal[i]);
  if (range_.low) add(range_.equal.size(), range_.low->inclusive ? ">=" : ">", range_.low->value);
  if (range_.high) add(range_.equal.size(), range_.high->inclusive ? "<=" : "<", range_.high->value);
  if (!cond.empty()) out.push_back("Index Cond: " + cond);
  if (!filter_.empty()) out.push_back(filter_text());
  return out;
}

/// How a value of a wider integer type compares with all values of the key's type.
enum class fit { inside, below, above };
fit fit_of(oid type, datum value) {
  std::int64_t low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
  if (type == type_oid::int2) low = -32768, high = 32767;
  if (type == type_oid::int4) low = std::numeric_limits<std::int32_t>::min(), high = std::numeric_limits<std::int32_t>::max();
  if (type != type_oid::int2 && type != type_oid::int4) return fit::inside;
  return value.as_int() < low ? fit::below : value.as_int() > high ? fit::above : fit::inside;
}

/// The first key after all keys that begin with `prefix`; nothing when there is none.
std::optional<std::string> after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

class index_scan_operation final : public operation {
 public:
  explicit index_scan_operation(const index_scan_node& node) : node_(node) {}

  void open(evaluation& in) override {
    prefixes_.clear();
    at_ = 0;
    cursor_.reset();
    auto& range = node_.range();
    std::string prefix;
    bool many = !range.any_of.empty();
    for (std::size_t i = 0; i + (many ? 1 : 0) < range.equal.size(); ++i) {
      if (!append(i, range.equal[i]->eval(in), prefix)) return;
    }
    if (!many) {
      prefixes_.push_back(std::move(prefix));
      return;
    }
    for (auto& m : range.any_of) {
      auto one = prefix;
      if (append(range.equal.size() - 1, m->eval(in), one)) prefixes_.push_back(std::move(one));
    }
    std::sort(prefixes_.begin(), prefixes_.end());
    prefixes_.erase(std::unique(prefixes_.begin(), prefixes_.end()), prefixes_.end());
  }

  bool next(evaluation& in) override {
    for (;;) {
      if (cursor_ == nullptr) {
        if (at_ == prefixes_.size()) return false;
        auto& prefix = prefixes_[at_++];
        if (is_point()) {
          if (point(prefix, in)) return true;
          continue;
        }
        if (!start(prefix, in)) continue;
      } else {
        cursor_->next();
      }
      if (!cursor_->valid()) {
        cursor_.reset();
        continue;
      }
      in.tick();
      if (fetch(index_codec::row_id(cursor_->key(), cursor_->value()), in)) return true;
    }
  }

 private:
  bool is_point() const {
    auto& range = node_.range();
    return range.index->keeps_keys_apart() && range.equal.size() == range.index->keys.size();
  }

  /// False when no row can have this key.
  bool append(std::size_t key, datum value, std::string& out) const {
    if (value.is_null() || fit_of(node_.key_type(key), value) != fit::inside) return false;
    node_.keys().append_part(key, value, out);
    return true;
  }

  bool point(const std::string& key, evaluation& in) {
    in.tick();
    auto found = in.view.get(node_.range().index->space, key);
    return found && fetch(row_id_of(found->value), in);
  }

  bool fetch(std::int64_t row_id, evaluation& in) {
    auto row = in.view.get(node_.source().table->space, row_key(row_id));
    if (!row) return false;
    node_.load(row->value, row_id, row->version, in);
    return node_.passes(in);
  }

  /// Opens the cursor on the range below `prefix`. False when it is empty.
  bool start(const std::string& prefix, evaluation& in) {
    auto& range = node_.range();
    auto key = range.equal.size();
    storage::key_range keys{prefix, after_prefix(prefix)};
    if (range.low || range.high) {
      auto low = range.low, high = range.high;
      // In a descending key the larger value comes first.
      if (range.index->keys[key].descending) std::swap(low, high);
      bool flipped = range.index->keys[key].descending;
      // NULL never meets a comparison: stay within the values.
      keys.lower = prefix + '\1';
      keys.upper = prefix + '\2';
      if (low && !bound(key, *low, flipped, true, prefix, keys, in)) return false;
      if (high && !bound(key, *high, flipped, false, prefix, keys, in)) return false;
      if (keys.upper && keys.lower >= *keys.upper) return false;
    }
    auto direction = range.backward ? storage::scan_direction::backward : storage::scan_direction::forward;
    cursor_ = in.view.scan(range.index->space, keys, direction);
    return true;
  }

  bool bound(std::size_t key, const index_bound& b, bool flipped, bool is_lower, const std::string& prefix, storage::key_range& keys,
             evaluation& in) const {
    datum value = b.value->eval(in);
    if (value.is_null()) return false;
    auto f = fit_of(node_.key_type(key), value);
    if (f != fit::inside) {
      // Outside the type's range the bound either excludes everything or nothing.
      bool excludes_all = (is_lower != flipped) ? f == fit::above : f == fit::below;
      return !excludes_all;
    }
    auto bytes = prefix;
    node_.keys().append_part(key, value, bytes);
    if (is_lower) {
      if (b.inclusive) {
        keys.lower = bytes;
      } else {
        auto after = after_prefix(bytes);
        if (!after) return false;
        keys.lower = *after;
      }
    } else {
      keys.upper = b.inclusive ? after_prefix(bytes) : std::optional<std::string>(bytes);
    }
    return true;
  }

  const index_scan_node& node_;
  std::vector<std::string> prefixes_;
  std::size_t at_ = 0;
  std::unique_ptr<storage::cursor> cursor_;
};

operation_ptr index_scan_node::make() const { return std::make_unique<index_scan_operation>(*this); }

}  // namespace

plan_node_ptr make_index_scan(table_source source, index_range range, condition_list filter) {
  return std::make_shared<index_scan_node>(std::move(source), std::move(range), std::move(filter));
}

}  // namespace helios::sql
