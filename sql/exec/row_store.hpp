#pragma once
// Rows that an operator keeps: the values of some slots, with their bytes in an arena of its own. And a hash index over
// rows by the values of some expressions, in which NULL equals NULL. Used by one operator.

#include <cstdint>
#include <span>
#include <vector>

#include "sql/exec/evaluation.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

class row_store {
 public:
  explicit row_store(std::vector<int> slots) : slots_(std::move(slots)) {}

  std::size_t size() const { return count_; }
  /// Copies the slots' present values.
  std::size_t add(const evaluation& in) {
    for (int s : slots_) values_.push_back(memory_.copy(in.slots[static_cast<std::size_t>(s)]));
    return count_++;
  }
  /// Puts row `i` back into the slots.
  void restore(std::size_t i, evaluation& in) const {
    const datum* row = values_.data() + i * slots_.size();
    for (std::size_t k = 0; k < slots_.size(); ++k) in.slots[static_cast<std::size_t>(slots_[k])] = row[k];
  }
  void restore_null(evaluation& in) const {
    for (int s : slots_) in.slots[static_cast<std::size_t>(s)] = datum::null();
  }
  std::span<const datum> row(std::size_t i) const { return {values_.data() + i * slots_.size(), slots_.size()}; }
  void clear() {
    values_.clear();
    memory_.reset();
    count_ = 0;
  }
  const std::vector<int>& slots() const { return slots_; }

 private:
  std::vector<int> slots_;
  std::vector<datum> values_;
  arena memory_;
  std::size_t count_ = 0;
};

/// Distinct keys, numbered from 0 in the order of their first appearance.
class key_index {
 public:
  explicit key_index(std::vector<const type_ops*> types) : types_(std::move(types)), heads_(64, none) {}

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t find(std::span<const datum> key) const { return find(key, hash(key)); }
  /// The key's number, and whether it is new.
  std::pair<std::size_t, bool> insert(std::span<const datum> key);
  std::size_t size() const { return hashes_.size(); }
  std::span<const datum> key(std::size_t i) const { return {keys_.data() + i * types_.size(), types_.size()}; }
  void clear();

 private:
  std::uint64_t hash(std::span<const datum> key) const;
  std::size_t find(std::span<const datum> key, std::uint64_t hash) const;
  void grow();

  std::vector<const type_ops*> types_;
  std::vector<std::size_t> heads_, next_;
  std::vector<std::uint64_t> hashes_;
  std::vector<datum> keys_;
  arena memory_;
};

}  // namespace helios::sql
