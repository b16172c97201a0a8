#pragma once
// A node of the skip list, as memtable and memtable_loader see it; private to the two.

#include <atomic>
#include <cstdint>
#include <string_view>

#include "storage/mvcc/memtable.hpp"

namespace helios::storage {

// Followed in memory by `height` links and then the key.
struct memtable::node {
  using link = std::atomic<node*>;
  std::atomic<const version*> newest{nullptr};
  space_id space;
  std::uint32_t key_bytes = 0;
  std::uint32_t height = 0;
  std::uint32_t hash_low = 0;  ///< for the index

  link* links() { return reinterpret_cast<link*>(this + 1); }
  const link* links() const { return reinterpret_cast<const link*>(this + 1); }
  node* next(int level) const { return links()[level].load(std::memory_order_acquire); }
  std::string_view key() const { return {reinterpret_cast<const char*>(links() + height), key_bytes}; }
  bool is_before(space_id other_space, std::string_view other_key) const {
    return space != other_space ? space < other_space : key() < other_key;
  }
};

}  // namespace helios::storage
