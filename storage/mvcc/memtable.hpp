#pragma once
// Commits that are not in LMDB yet: (space, key) -> versions, newest first, in a skip list for order and an index by hash
// for single keys. One thread writes (under the engine's writer mutex); any number read without locks. After freezing
// nobody writes any more. Recovery fills a table by a memtable_loader.
//
// I1 A node, once linked, stays; a version, once linked, does not change. Readers need no lock while they hold the table.
// I2 Versions of one key are added with growing LSNs, so the newest is the head of its chain.
// I3 A node is in the skip list before it is in the index: what one thread found by its key it also finds by walking.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "storage/mvcc/arena.hpp"
#include "storage/mvcc/entry_source.hpp"
#include "storage/mvcc/key_index.hpp"
#include "storage/wal/change.hpp"

namespace helios::storage {

class memtable {
 public:
  struct version {
    lsn at;
    const version* older = nullptr;
    std::uint32_t value_bytes = 0;
    bool erased = false;
    std::string_view value() const { return {reinterpret_cast<const char*>(this + 1), value_bytes}; }
    /// Its value follows it in memory: there must be room.
    void set(const change& what, lsn position);
    entry as_entry(std::string_view key) const { return {key, value(), at, erased}; }
  };
  struct node;

  memtable();
  memtable(const memtable&) = delete;
  memtable& operator=(const memtable&) = delete;

  // --- the writer ---
  void apply(const change& what, lsn at);

  // --- any thread ---
  /// The newest version not above `at`; null when there is none.
  const version* find(space_id space, std::string_view key, lsn at) const;
  /// The space was dropped here, not above `at`: older levels and lower versions do not count.
  std::optional<lsn> dropped(space_id space, lsn at) const;
  /// The largest key of a space, visible or not.
  std::optional<std::string_view> largest_key(space_id space) const;
  std::unique_ptr<entry_source> scan(space_id space, const key_range& range, scan_direction direction, lsn at) const;
  bool empty() const;
  std::uint64_t bytes() const { return arena_.bytes(); }

  /// In order of (space, key), the newest version of each key: fn(space, key, version). For the checkpoint.
  template <class Function>
  void for_each_newest(Function&& fn) const;
  /// fn(space, lsn) for each dropped space.
  template <class Function>
  void for_each_drop(Function&& fn) const;

  // --- for sources ---
  const node* lower_bound(space_id space, std::string_view key) const;
  /// The last node before (space, key); null when there is none.
  const node* before(space_id space, std::string_view key) const;
  /// The last node of a space or of one below it.
  const node* last_of(space_id space) const;

  static const node* following(const node* n);
  static space_id space_of(const node* n);
  static std::string_view key_of(const node* n);
  static const version* newest_of(const node* n);
  static const version* visible_of(const node* n, lsn at);

 private:
  friend class memtable_loader;
  static constexpr int height_max = 16;
  /// The last node before a place, per level; head_ where there is none.
  using path = std::array<node*, height_max>;
  struct drop_mark {
    space_id space;
    lsn at;
    const drop_mark* older;
  };

  struct bytes_of_node {
    space_id space;
    std::string_view key;
    std::uint64_t hash;
  };
  node* make_node(const bytes_of_node& what, int height);
  version* make_version(const change& what, lsn at);
  void add_drop(space_id space, lsn at);
  node* exact(std::uint64_t hash, space_id space, std::string_view key) const;
  static void push_version(node& to, version* added);
  void insert(const bytes_of_node& what, const version* first);
  void find_path(space_id space, std::string_view key, path& out) const;
  int random_height();
  path& recent_of(space_id space) { return recent_[space.value % recent_.size()]; }
  std::atomic<const drop_mark*>& drops_of(space_id space) { return drops_[space.value % drops_.size()]; }
  const std::atomic<const drop_mark*>& drops_of(space_id space) const { return drops_[space.value % drops_.size()]; }

  arena arena_;
  node* head_;
  std::atomic<int> height_{1};
  key_index<node> index_{arena_};
  /// By space: the path to its last insertion, from where the next one is near when rows come in the order of their keys.
  std::array<path, 16> recent_;
  /// By space: every read asks, and there may be thousands between two checkpoints (TRUNCATE, temporary tables).
  std::array<std::atomic<const drop_mark*>, 256> drops_{};
  std::uint64_t random_ = 0x9E3779B97F4A7C15;
};

template <class Function>
void memtable::for_each_newest(Function&& fn) const {
  for (const node* n = lower_bound(space_id{0}, {}); n != nullptr; n = following(n)) {
    fn(space_of(n), key_of(n), *newest_of(n));
  }
}

template <class Function>
void memtable::for_each_drop(Function&& fn) const {
  for (const auto& newest : drops_) {
    for (auto* d = newest.load(std::memory_order_acquire); d != nullptr; d = d->older) fn(d->space, d->at);
  }
}

}  // namespace helios::storage
