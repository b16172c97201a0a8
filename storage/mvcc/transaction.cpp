#include "storage/transaction.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include "base/invariant.hpp"
#include "storage/engine_core.hpp"
#include "storage/mvcc/arena.hpp"
#include "storage/mvcc/merged_cursor.hpp"
#include "storage/wal/change.hpp"

namespace helios::storage {
namespace {

constexpr lsn own_version{UINT64_MAX};

struct own_key {
  space_id space;
  std::string_view key;
  friend auto operator<=>(const own_key&, const own_key&) = default;
};

// One write of a key; the older ones stay, for ROLLBACK TO and for reads below its number. Its address is stable, so
// that views into its value hold while the key is written again. Followed in memory by the value.
struct own_write {
  write_seq seq = 0;
  own_write* older = nullptr;
  std::uint32_t value_bytes = 0;
  bool erased = false;
  std::string_view value() const { return {reinterpret_cast<const char*>(this + 1), value_bytes}; }
};

// Takes from an arena and gives nothing back.
template <class T>
struct arena_allocator {
  using value_type = T;
  arena* memory;
  explicit arena_allocator(arena& from) : memory(&from) {}
  template <class U>
  arena_allocator(const arena_allocator<U>& other) : memory(other.memory) {}
  T* allocate(std::size_t count) {
    static_assert(alignof(T) <= 8, "an arena aligns to 8 bytes");
    return reinterpret_cast<T*>(memory->allocate(count * sizeof(T)));
  }
  void deallocate(T*, std::size_t) {}
  template <class U>
  bool operator==(const arena_allocator<U>& other) const { return memory == other.memory; }
};
using own_writes = std::map<own_key, own_write*, std::less<>, arena_allocator<std::pair<const own_key, own_write*>>>;

const own_write* newest_below(const own_write* w, write_seq before) {
  while (w != nullptr && w->seq >= before) w = w->older;
  return w;
}

// The writes, all in one arena: what a rollback undoes is only given back with the rest. That is cheaper by far than an
// allocation and a release per row, key and value. For the same reason the map is never destroyed: nothing of it lies
// outside the arena.
struct own_state {
  own_state() : writes(arena_allocator<own_writes::value_type>(memory)) { forget_recent(); }
  own_state(const own_state&) = delete;
  own_state& operator=(const own_state&) = delete;
  ~own_state() {}

  /// As writes.lower_bound, which it spares where keys come in order.
  own_writes::const_iterator lower_bound(const own_key& wanted) const {
    return const_cast<own_state*>(this)->lower_bound(wanted);
  }
  own_writes::iterator lower_bound(const own_key& wanted) {
    const auto recent = recent_of(wanted.space);
    if (recent != writes.end() && recent->first < wanted) {
      const auto next = std::next(recent);
      if (next == writes.end() || next->first >= wanted) return next;
    }
    return writes.lower_bound(wanted);
  }
  void remember(own_writes::iterator at) { recent_[at->first.space.value % recent_.size()] = at; }
  void forget_recent() { recent_.fill(writes.end()); }

  std::string_view copy(std::string_view bytes) {
    char* to = memory.allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }
  own_write* make_write(std::string_view value) {
    auto* made = ::new (memory.allocate(sizeof(own_write) + value.size())) own_write;
    made->value_bytes = static_cast<std::uint32_t>(value.size());
    if (!value.empty()) std::memcpy(reinterpret_cast<char*>(made + 1), value.data(), value.size());
    return made;
  }

  arena memory;
  union {
    own_writes writes;
  };
  std::uint64_t rollbacks = 0;  ///< each invalidates the iterators of open sources, which then seek again

 private:
  own_writes::iterator recent_of(space_id space) const { return recent_[space.value % recent_.size()]; }
  std::array<own_writes::iterator, 8> recent_;  ///< the last write, by space
};

class own_source final : public entry_source {
 public:
  own_source(const own_state& state, space_id space, const key_range& range, scan_direction direction, write_seq before)
      : state_(state), space_(space), range_(range), direction_(direction), before_(before) {
    if (forward()) {
      at_ = state.writes.lower_bound({space, range.lower});
    } else {
      at_ = range.upper ? state.writes.lower_bound({space, *range.upper})
                        : state.writes.lower_bound({space_id{space.value + 1}, {}});
      if (!range.upper && space.value == UINT32_MAX) at_ = state.writes.end();
      step_back();
    }
    settle();
  }

  bool valid() const override { return valid_; }
  const entry& current() const override { return entry_; }

  void next() override {
    step();
    settle();
  }

 private:
  bool forward() const { return direction_ == scan_direction::forward; }

  void step() {
    if (seen_rollbacks_ != state_.rollbacks) {
      seen_rollbacks_ = state_.rollbacks;
      at_ = forward() ? state_.writes.upper_bound({space_, last_}) : state_.writes.lower_bound({space_, last_});
      if (!forward()) step_back();
      return;
    }
    if (forward()) ++at_; else step_back();
  }

  void step_back() {
    if (at_ == state_.writes.begin()) at_ = state_.writes.end();
    else --at_;
  }

  void settle() {
    valid_ = false;
    for (; at_ != state_.writes.end(); forward() ? void(++at_) : step_back()) {
      if (at_->first.space != space_ || !within(range_, direction_, at_->first.key)) return;
      if (const auto* w = newest_below(at_->second, before_)) {
        last_ = at_->first.key;
        entry_ = {last_, w->value(), own_version, w->erased};
        valid_ = true;
        return;
      }
    }
  }

  const own_state& state_;
  space_id space_;
  key_range range_;
  scan_direction direction_;
  write_seq before_;
  own_writes::const_iterator at_;
  std::uint64_t seen_rollbacks_ = state_.rollbacks;
  std::string_view last_;  ///< lives as long as the transaction, also when it is rolled back
  bool valid_ = false;
  entry entry_;
};

/// The rows of a private space from before the transaction.
class private_source final : public entry_source {
 public:
  using row_map = std::map<std::string, std::string, std::less<>>;
  private_source(const row_map& rows, const key_range& range, scan_direction direction) : forward_(direction == scan_direction::forward) {
    begin_ = at_ = rows.lower_bound(range.lower);
    end_ = range.upper && *range.upper > range.lower ? rows.lower_bound(*range.upper) : range.upper ? begin_ : rows.end();
    if (!forward_) at_ = end_;
    valid_ = begin_ != end_;
    if (valid_ && !forward_) --at_;
    fill();
  }
  bool valid() const override { return valid_; }
  const entry& current() const override { return entry_; }
  void next() override {
    if (forward_) {
      valid_ = ++at_ != end_;
    } else {
      valid_ = at_ != begin_;
      if (valid_) --at_;
    }
    fill();
  }

 private:
  void fill() {
    if (valid_) entry_ = {at_->first, at_->second, own_version, false};
  }
  bool forward_, valid_ = false;
  row_map::const_iterator begin_, at_, end_;
  entry entry_;
};

class own_transaction final : public transaction {
 public:
  own_transaction(txn_id id, lock_table& locks) : id_(id), locks_(locks) {}
  ~own_transaction() override { release(); }

  txn_id id() const override { return id_; }
  write_seq next_seq() const override { return next_seq_; }

  void put(space_id space, std::string_view key, std::string_view value) override { write(space, key, value, false); }
  void erase(space_id space, std::string_view key) override { write(space, key, {}, true); }
  void drop_space(space_id space) override { drops_.push_back({space, next_seq_++}); }

  std::optional<versioned_view> get(const snapshot& at, space_id space, std::string_view key,
                                    write_seq before) const override {
    if (dropped(space, before)) return std::nullopt;
    if (!state_.writes.empty()) {
      const own_key wanted{space, key};
      const auto found = state_.lower_bound(wanted);
      if (found != state_.writes.end() && found->first == wanted) {
        if (const auto* w = newest_below(found->second, before)) {
          if (w->erased) return std::nullopt;
          return versioned_view{own_version, w->value()};
        }
      }
    }
    return is_private(space) ? get_private(space, key) : at.get(space, key);
  }

  std::unique_ptr<cursor> scan(const snapshot_ptr& at, space_id space, const key_range& range,
                               scan_direction direction, write_seq before) const override {
    std::vector<std::unique_ptr<entry_source>> sources;
    if (dropped(space, before)) return merge(std::move(sources), direction, at);
    if (is_private(space)) {
      sources.push_back(std::make_unique<own_source>(state_, space, range, direction, before));
      if (const auto* rows = private_rows(space)) sources.push_back(std::make_unique<private_source>(*rows, range, direction));
      return merge(std::move(sources), direction, at);
    }
    auto below = at->scan(space, range, direction);
    // Writes to come do not show either, so without any now there is nothing to merge.
    if (state_.writes.empty() && before <= next_seq_) return below;
    sources.push_back(std::make_unique<own_source>(state_, space, range, direction, before));
    sources.push_back(as_source(std::move(below)));
    return merge(std::move(sources), direction, at);
  }

  void rollback_to(write_seq to) override {
    while (!drops_.empty() && drops_.back().seq >= to) drops_.pop_back();
    if (log_.empty() || log_.back()->second->seq < to) return;
    ++state_.rollbacks;
    state_.forget_recent();
    for (; !log_.empty(); log_.pop_back()) {
      const auto at = log_.back();
      if (at->second->seq < to) break;
      bytes_ -= at->second->value_bytes + overhead_bytes;
      if (!is_private(at->first.space)) --shared_writes_;
      if (auto* older = at->second->older) {
        at->second = older;
      } else {
        bytes_ -= at->first.key.size();
        state_.writes.erase(at);
      }
    }
  }

  bool has_writes() const override {
    return shared_writes_ > 0 ||
           std::any_of(drops_.begin(), drops_.end(), [](const drop& d) { return !is_private(d.space); });
  }
  std::uint64_t bytes() const override { return bytes_; }

  commit_unit_ptr seal(std::int64_t commit_time_us) override {
    HELIOS_INVARIANT(!sealed_ && has_writes(), "a transaction with writes is sealed once");
    sealed_ = true;
    auto out = std::make_shared<commit_unit>();
    out->txn = id_;
    out->commit_time_us = commit_time_us;
    out->acknowledged = std::make_shared<completion>();
    out->body.reserve(static_cast<std::size_t>(bytes_));
    for (const auto& [where, newest] : state_.writes) {
      if (is_private(where.space) || dropped(where.space, UINT64_MAX)) continue;
      out->changes_catalog |= is_catalog(where.space);
      if (newest->erased) encode_erase(out->body, where.space, where.key);
      else encode_put(out->body, where.space, where.key, newest->value());
    }
    for (const auto& dropped_space : drops_) {
      if (is_private(dropped_space.space)) continue;
      out->changes_catalog |= is_catalog(dropped_space.space);
      encode_drop_space(out->body, dropped_space.space);
    }
    if (!out->changes_catalog) out->handed_over = written_rows();
    return out;
  }

  void use_private(private_spaces& spaces) override { private_ = &spaces; }

  bool has_private_writes() const override {
    // Keys are in order of their spaces, the private ones at the end.
    return (!state_.writes.empty() && is_private(state_.writes.rbegin()->first.space)) ||
           std::any_of(drops_.begin(), drops_.end(), [](const drop& d) { return is_private(d.space); });
  }

  void keep_private() override {
    if (!has_private_writes()) return;
    HELIOS_INVARIANT(private_ != nullptr, "private writes have a place to go");
    for (auto at = state_.writes.lower_bound(own_key{first_private_space, {}}); at != state_.writes.end(); ++at) {
      auto& rows = private_->rows[at->first.space];
      if (at->second->erased) rows.erase(std::string(at->first.key));
      else rows.insert_or_assign(std::string(at->first.key), std::string(at->second->value()));
    }
    for (const auto& d : drops_) {
      if (is_private(d.space)) private_->rows.erase(d.space);
    }
  }

  lock_outcome lock(const lock_tag& tag, lock_mode mode, lock_wait_policy policy, completion_ptr& wait) override {
    has_locks_ = true;
    if ((mode == lock_mode::row_no_key_update || mode == lock_mode::row_update) && changing_.size() <= handed_over_max)
      changing_.push_back(tag);
    return locks_.acquire(id_, tag, mode, policy, wait, process_);
  }

  void release() override {
    if (std::exchange(has_locks_, false)) locks_.release_all(id_);
  }

  void act_for(std::uint64_t process) override { process_ = process; }

 private:
  struct drop {
    space_id space;
    write_seq seq;
  };
  static constexpr std::uint64_t overhead_bytes = 16;
  /// More rows than a transaction changes that others queue behind; passing on costs the WAL writer's time.
  static constexpr std::size_t handed_over_max = 64;

  const private_source::row_map* private_rows(space_id space) const {
    if (private_ == nullptr) return nullptr;
    const auto found = private_->rows.find(space);
    return found == private_->rows.end() ? nullptr : &found->second;
  }
  std::optional<versioned_view> get_private(space_id space, std::string_view key) const {
    const auto* rows = private_rows(space);
    if (rows == nullptr) return std::nullopt;
    const auto found = rows->find(key);
    if (found == rows->end()) return std::nullopt;
    return versioned_view{own_version, found->second};
  }

  // What was locked and not written stays locked: its next holder would find nothing that tells it of this commit.
  std::vector<lock_tag> written_rows() {
    std::vector<lock_tag> out;
    if (changing_.size() > handed_over_max) return out;
    for (auto& tag : changing_) {
      if (state_.writes.contains(own_key{space_id{tag.object}, tag.key})) out.push_back(std::move(tag));
    }
    return out;
  }

  void write(space_id space, std::string_view key, std::string_view value, bool erased) {
    const own_key wanted{space, key};
    auto at = state_.lower_bound(wanted);
    if (at == state_.writes.end() || at->first != wanted) {
      at = state_.writes.emplace_hint(at, own_key{space, state_.copy(key)}, nullptr);
      bytes_ += key.size();
    }
    auto* made = state_.make_write(value);
    made->seq = next_seq_++;
    made->erased = erased;
    made->older = at->second;
    at->second = made;
    state_.remember(at);
    log_.push_back(at);
    if (!is_private(space)) ++shared_writes_;
    bytes_ += value.size() + overhead_bytes;
  }

  bool dropped(space_id space, write_seq before) const {
    for (const auto& d : drops_) {
      if (d.space == space && d.seq < before) return true;
    }
    return false;
  }

  txn_id id_;
  lock_table& locks_;
  std::uint64_t process_ = 0;
  own_state state_;
  std::vector<own_writes::iterator> log_;  ///< in order of their numbers
  std::vector<drop> drops_;
  std::vector<lock_tag> changing_;  ///< row locks for changes; complete up to handed_over_max
  private_spaces* private_ = nullptr;
  write_seq next_seq_ = 1;  ///< 0 sees no own write
  std::uint64_t bytes_ = 0, shared_writes_ = 0;
  bool sealed_ = false;
  bool has_locks_ = false;
};

}  // namespace

std::unique_ptr<transaction> make_transaction(txn_id id, lock_table& locks) {
  return std::make_unique<own_transaction>(id, locks);
}

}  // namespace helios::storage
