#pragma once
// Finds a memtable's node by the hash of its key: one miss of the cache instead of one per level of the skip list. One
// thread inserts; any number look up without locks. `Node` has a member `hash_low`, the lower half of its hash, and lives
// as long as the arena.
//
// The table is cut into partitions by the upper bits of the hash, and each grows by itself: the writer never stops for
// longer than it takes to copy one of them (some thousand slots).
//
// I1 A slot, once filled, does not change; a table that was replaced by a larger one stays readable in the arena. A
//    lookup that began before an insertion may miss it: its snapshot is older than what is inserted.

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>

#include "base/invariant.hpp"
#include "storage/mvcc/arena.hpp"

namespace helios::storage {

template <class Node>
class key_index {
 public:
  explicit key_index(arena& memory) : memory_(memory) {}

  /// The node of this hash for which `equals(node)`; null when there is none.
  template <class Equals>
  Node* find(std::uint64_t hash, Equals&& equals) const;
  /// Of a node that is not in the index, and whose links and key are complete.
  void insert(std::uint64_t hash, Node* made);
  /// For the inserting thread alone, ahead of find(): fetches the slot of this hash into the cache.
  void prefetch(std::uint64_t hash) const;
  /// The same thread: the node in that slot, most probably the one of this hash, if there is one. Null when it is free.
  Node* first_guess(std::uint64_t hash) const;

 private:
  // The upper 16 bits are a part of the hash, so that most other nodes need not be looked at; the rest is the address.
  using slot = std::atomic<std::uint64_t>;
  static_assert(sizeof(void*) == sizeof(std::uint64_t));
  static constexpr unsigned partition_bits = 8, address_bits = 48, first_capacity = 16;
  static constexpr std::uint64_t address_mask = (std::uint64_t{1} << address_bits) - 1;
  struct table {
    std::uint64_t mask;
    slot* slots() { return reinterpret_cast<slot*>(this + 1); }
  };
  struct partition {
    std::atomic<table*> current{nullptr};
    slot* slots = nullptr;  ///< of the current table, with its mask: the writer's copy saves it a cache miss
    std::uint64_t mask = 0;
    std::uint64_t used = 0;
  };

  static std::size_t partition_of(std::uint64_t hash) { return hash >> (64 - partition_bits); }
  static std::uint64_t tag_of(std::uint64_t hash) { return (hash << partition_bits) & ~address_mask; }
  static Node* node_of(std::uint64_t slot_value) { return reinterpret_cast<Node*>(slot_value & address_mask); }
  table* make_table(std::uint64_t capacity);
  void grow(partition& in);
  static void place(table& in, std::uint64_t hash_low, std::uint64_t value);

  arena& memory_;
  std::array<partition, 1u << partition_bits> partitions_;
};

template <class Node>
template <class Equals>
Node* key_index<Node>::find(std::uint64_t hash, Equals&& equals) const {
  table* in = partitions_[partition_of(hash)].current.load(std::memory_order_acquire);
  if (in == nullptr) return nullptr;
  for (std::uint64_t at = hash;; ++at) {
    const auto value = in->slots()[at & in->mask].load(std::memory_order_acquire);
    if (value == 0) return nullptr;
    if ((value & ~address_mask) == tag_of(hash) && equals(*node_of(value))) return node_of(value);
  }
}

template <class Node>
void key_index<Node>::insert(std::uint64_t hash, Node* made) {
  auto& in = partitions_[partition_of(hash)];
  table* to = in.current.load(std::memory_order_relaxed);
  if (to == nullptr || (in.used + 1) * 3 > (to->mask + 1) * 2) {
    grow(in);
    to = in.current.load(std::memory_order_relaxed);
  }
  const auto address = reinterpret_cast<std::uint64_t>(made);
  HELIOS_INVARIANT((address & ~address_mask) == 0, "addresses of a process have 48 bits");
  HELIOS_INVARIANT(to->mask <= UINT32_MAX, "the lower half of a hash says where a node goes");
  place(*to, hash, address | tag_of(hash));
  ++in.used;
}

template <class Node>
void key_index<Node>::place(table& in, std::uint64_t hash_low, std::uint64_t value) {
  std::uint64_t at = hash_low;
  while (in.slots()[at & in.mask].load(std::memory_order_relaxed) != 0) ++at;
  in.slots()[at & in.mask].store(value, std::memory_order_release);
}

template <class Node>
typename key_index<Node>::table* key_index<Node>::make_table(std::uint64_t capacity) {
  const std::size_t slot_bytes = capacity * sizeof(slot);
  char* memory = memory_.allocate(sizeof(table) + slot_bytes);
  auto* made = ::new (memory) table{capacity - 1};
  for (std::uint64_t i = 0; i < capacity; ++i) ::new (made->slots() + i) slot(0);
  return made;
}

template <class Node>
void key_index<Node>::grow(partition& in) {
  table* old = in.current.load(std::memory_order_relaxed);
  table* larger = make_table(old == nullptr ? first_capacity : (old->mask + 1) * 2);
  constexpr std::uint64_t ahead = 16;
  for (std::uint64_t i = 0; old != nullptr && i <= old->mask; ++i) {
    __builtin_prefetch(node_of(old->slots()[(i + ahead) & old->mask].load(std::memory_order_relaxed)));
    const auto value = old->slots()[i].load(std::memory_order_relaxed);
    if (value != 0) place(*larger, node_of(value)->hash_low, value);
  }
  in.slots = larger->slots();
  in.mask = larger->mask;
  in.current.store(larger, std::memory_order_release);
}

template <class Node>
void key_index<Node>::prefetch(std::uint64_t hash) const {
  const auto& in = partitions_[partition_of(hash)];
  if (in.slots != nullptr) __builtin_prefetch(&in.slots[hash & in.mask]);
}

template <class Node>
Node* key_index<Node>::first_guess(std::uint64_t hash) const {
  const auto& in = partitions_[partition_of(hash)];
  return in.slots == nullptr ? nullptr : node_of(in.slots[hash & in.mask].load(std::memory_order_relaxed));
}

}  // namespace helios::storage
