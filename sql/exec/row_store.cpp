#include "sql/exec/row_store.hpp"

namespace helios::sql {

std::uint64_t key_index::hash(std::span<const datum> key) const {
  std::uint64_t out = 0x9E3779B97F4A7C15ULL;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    std::uint64_t h = key[i].is_null() ? 0x51ED270B : types_[i]->hash(key[i]);
    out = (out ^ h) * 0xff51afd7ed558ccdULL;
    out ^= out >> 32;
  }
  return out;
}

std::size_t key_index::find(std::span<const datum> wanted, std::uint64_t hash) const {
  for (auto i = heads_[hash & (heads_.size() - 1)]; i != none; i = next_[i]) {
    if (hashes_[i] != hash) continue;
    auto have = key(i);
    bool same = true;
    for (std::size_t k = 0; same && k < types_.size(); ++k) {
      same = have[k].is_null() || wanted[k].is_null() ? have[k].is_null() && wanted[k].is_null()
                                                      : types_[k]->compare(have[k], wanted[k]) == 0;
    }
    if (same) return i;
  }
  return none;
}

std::pair<std::size_t, bool> key_index::insert(std::span<const datum> wanted) {
  auto h = hash(wanted);
  if (auto found = find(wanted, h); found != none) return {found, false};
  if (hashes_.size() >= heads_.size()) grow();
  auto number = hashes_.size();
  hashes_.push_back(h);
  for (std::size_t k = 0; k < types_.size(); ++k) keys_.push_back(memory_.copy(wanted[k]));
  auto& head = heads_[h & (heads_.size() - 1)];
  next_.push_back(head);
  head = number;
  return {number, true};
}

void key_index::grow() {
  heads_.assign(heads_.size() * 2, none);
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    auto& head = heads_[hashes_[i] & (heads_.size() - 1)];
    next_[i] = head;
    head = i;
  }
}

void key_index::clear() {
  heads_.assign(64, none);
  next_.clear();
  hashes_.clear();
  keys_.clear();
  memory_.reset();
}

}  // namespace helios::sql
