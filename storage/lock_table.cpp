// One mutex guards the table: its critical sections are short, and wakers run after it is released.
//
// A wait is checked for a cycle when it begins. Later events add no edge that closes one: a grant only moves a request
// that others were behind already, or that they do not conflict with.

#include "storage/lock_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/bytes.hpp"
#include "base/invariant.hpp"

namespace helios::storage {
namespace {

constexpr std::uint16_t bit(lock_mode mode) { return static_cast<std::uint16_t>(1u << static_cast<unsigned>(mode)); }
template <class... Modes>
constexpr std::uint16_t bits(Modes... modes) {
  return static_cast<std::uint16_t>((bit(modes) | ...));
}

constexpr std::array<std::uint16_t, 13> conflict_table = [] {
  using enum lock_mode;
  std::array<std::uint16_t, 13> out{};
  const auto set = [&out](lock_mode mode, std::uint16_t with) { out[static_cast<std::size_t>(mode)] = with; };
  set(access_share, bits(access_exclusive));
  set(row_share, bits(exclusive, access_exclusive));
  set(row_exclusive, bits(share, share_row_exclusive, exclusive, access_exclusive));
  set(share_update_exclusive, bits(share_update_exclusive, share, share_row_exclusive, exclusive, access_exclusive));
  set(share, bits(row_exclusive, share_update_exclusive, share_row_exclusive, exclusive, access_exclusive));
  set(share_row_exclusive,
      bits(row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive, access_exclusive));
  set(exclusive, bits(row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive,
                      access_exclusive));
  set(access_exclusive, bits(access_share, row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive,
                             exclusive, access_exclusive));
  set(row_key_share, bits(row_update));
  set(row_share_lock, bits(row_no_key_update, row_update));
  set(row_no_key_update, bits(row_share_lock, row_no_key_update, row_update));
  set(row_update, bits(row_key_share, row_share_lock, row_no_key_update, row_update));
  return out;
}();

const char* mode_name(lock_mode mode) {
  static constexpr std::array<const char*, 13> names{
      "?",         "AccessShareLock", "RowShareLock",      "RowExclusiveLock", "ShareUpdateExclusiveLock",
      "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock", "ShareLock",
      "ShareLock", "ShareLock",       "ShareLock"};
  return names[static_cast<std::size_t>(mode)];
}

struct tag_hash {
  std::size_t operator()(const lock_tag& tag) const noexcept {
    const auto h = std::hash<std::string_view>{}(tag.key);
    return h ^ ((static_cast<std::size_t>(tag.object) << 8 | static_cast<std::size_t>(tag.kind)) * 0x9E3779B97F4A7C15ull);
  }
};

struct grant {
  txn_id owner;
  lock_mode mode;
  std::uint32_t count;
};
struct waiter {
  txn_id owner;
  lock_mode mode;
  bool upgrade;
  completion_ptr wait;
};
struct lock_state {
  std::vector<grant> granted;
  std::list<waiter> queue;
};
using lock_map = std::unordered_map<lock_tag, lock_state, tag_hash>;
using lock_entry = lock_map::value_type;  // its address is stable

struct owner_state {
  std::vector<lock_entry*> held;
  lock_entry* waits_for = nullptr;
  std::uint64_t process = 0;
};

constexpr int the_database = 5;  // in what a deadlock's detail says, as pg_locks shows it

class shared_lock_table final : public lock_table {
 public:
  lock_outcome acquire(txn_id owner, const lock_tag& tag, lock_mode mode, lock_wait_policy policy,
                       completion_ptr& wait, std::uint64_t process) override;
  bool cancel_wait(txn_id owner) override;
  void release_all(txn_id owner) override;
  bool release(txn_id owner, const lock_tag& tag, lock_mode mode) override;
  void hand_over(txn_id owner, std::span<const lock_tag> tags) override;
  std::vector<lock_view> list() const override;

 private:
  using wakers = std::vector<completion_ptr>;
  struct step {  // one edge of a cycle: `from` waits at `at` for `to`
    txn_id from;
    const lock_entry* at;
    lock_mode mode;
    txn_id to;
  };

  static bool conflicts_with_granted(const lock_state& lock, txn_id owner, lock_mode mode);
  static bool conflicts_with_queue(const lock_state& lock, lock_mode mode);
  void give(lock_entry& entry, txn_id owner, lock_mode mode, std::uint64_t process = 0);
  void take_back(lock_entry& entry, txn_id owner);
  void wake(lock_entry& entry, wakers& out);
  void erase_if_idle(lock_entry& entry);
  std::vector<txn_id> blockers(const lock_entry& entry, const waiter& who) const;
  bool find_cycle(txn_id from, txn_id target, std::vector<step>& path, std::unordered_set<std::uint64_t>& seen) const;
  txn_id waiting_for(txn_id owner) const;
  std::uint64_t process_of(txn_id owner) const;
  void begin_wait(txn_id owner, lock_entry& entry, std::uint64_t process);
  void end_wait(owner_state& owner);
  std::string describe(const std::vector<step>& cycle) const;
  static void run(const wakers& list) {
    for (const auto& c : list) c->complete();
  }

  mutable std::mutex mutex_;
  lock_map locks_;
  std::unordered_map<txn_id, owner_state> owners_;
  std::unordered_map<std::uint64_t, txn_id> waiting_;  ///< by process: its owner that waits
};

bool shared_lock_table::conflicts_with_granted(const lock_state& lock, txn_id owner, lock_mode mode) {
  return std::any_of(lock.granted.begin(), lock.granted.end(),
                     [&](const grant& g) { return g.owner != owner && conflicts(g.mode, mode); });
}

bool shared_lock_table::conflicts_with_queue(const lock_state& lock, lock_mode mode) {
  return std::any_of(lock.queue.begin(), lock.queue.end(), [&](const waiter& w) { return conflicts(w.mode, mode); });
}

void shared_lock_table::give(lock_entry& entry, txn_id owner, lock_mode mode, std::uint64_t process) {
  bool known = false;
  for (auto& g : entry.second.granted) {
    if (g.owner != owner) continue;
    if (g.mode == mode) {
      ++g.count;
      return;
    }
    known = true;
  }
  entry.second.granted.push_back({owner, mode, 1});
  if (known) return;
  auto& state = owners_[owner];
  state.held.push_back(&entry);
  if (process != 0) state.process = process;
}

lock_outcome shared_lock_table::acquire(txn_id owner, const lock_tag& tag, lock_mode mode, lock_wait_policy policy,
                                        completion_ptr& wait, std::uint64_t process) {
  std::lock_guard guard(mutex_);
  auto& entry = *locks_.try_emplace(tag).first;
  auto& lock = entry.second;
  const bool holds = std::any_of(lock.granted.begin(), lock.granted.end(), [&](const grant& g) { return g.owner == owner; });
  const bool blocked_by_grant = conflicts_with_granted(lock, owner, mode);
  if (!blocked_by_grant && (holds || !conflicts_with_queue(lock, mode))) {
    give(entry, owner, mode, process);
    return {};
  }
  if (policy == lock_wait_policy::nowait) return {lock_outcome::kind::not_available, {}};

  HELIOS_INVARIANT(owners_[owner].waits_for == nullptr, "a transaction waits for one lock at a time");
  wait = std::make_shared<completion>();
  auto place = lock.queue.end();
  if (holds) place = std::find_if(lock.queue.begin(), lock.queue.end(), [](const waiter& w) { return !w.upgrade; });
  const auto queued = lock.queue.insert(place, {owner, mode, holds, wait});
  begin_wait(owner, entry, process);

  std::vector<step> cycle;
  std::unordered_set<std::uint64_t> seen;
  if (!find_cycle(owner, owner, cycle, seen)) return {lock_outcome::kind::waiting, {}};
  lock.queue.erase(queued);
  end_wait(owners_[owner]);
  wait = nullptr;
  if (!blocked_by_grant) {
    // Only its place behind other waiters closes the cycle: it goes first instead.
    give(entry, owner, mode, process);
    return {};
  }
  return {lock_outcome::kind::deadlock, describe(cycle)};
}

void shared_lock_table::begin_wait(txn_id owner, lock_entry& entry, std::uint64_t process) {
  auto& state = owners_[owner];
  if (process != 0) state.process = process;
  state.waits_for = &entry;
  if (state.process != 0) waiting_[state.process] = owner;
}

void shared_lock_table::end_wait(owner_state& owner) {
  owner.waits_for = nullptr;
  if (owner.process != 0) waiting_.erase(owner.process);
}

std::uint64_t shared_lock_table::process_of(txn_id owner) const {
  const auto found = owners_.find(owner);
  return found == owners_.end() || found->second.process == 0 ? owner.value : found->second.process;
}

// Which owner of this one's process waits: itself, where it has none.
txn_id shared_lock_table::waiting_for(txn_id owner) const {
  const auto found = owners_.find(owner);
  if (found == owners_.end() || found->second.process == 0) return owner;
  const auto waits = waiting_.find(found->second.process);
  return waits == waiting_.end() ? owner : waits->second;
}

std::vector<txn_id> shared_lock_table::blockers(const lock_entry& entry, const waiter& who) const {
  std::vector<txn_id> out;
  for (const auto& g : entry.second.granted) {
    if (g.owner != who.owner && conflicts(g.mode, who.mode)) out.push_back(g.owner);
  }
  for (const auto& w : entry.second.queue) {
    if (w.owner == who.owner) break;
    if (conflicts(w.mode, who.mode)) out.push_back(w.owner);
  }
  return out;
}

bool shared_lock_table::find_cycle(txn_id from, txn_id target, std::vector<step>& path,
                                   std::unordered_set<std::uint64_t>& seen) const {
  const auto owner = owners_.find(from);
  if (owner == owners_.end() || owner->second.waits_for == nullptr) return false;
  const auto& entry = *owner->second.waits_for;
  const auto me = std::find_if(entry.second.queue.begin(), entry.second.queue.end(),
                               [from](const waiter& w) { return w.owner == from; });
  HELIOS_INVARIANT(me != entry.second.queue.end(), "who waits is in the queue");
  for (const auto blocker : blockers(entry, *me)) {
    const auto next = waiting_for(blocker);
    path.push_back({from, &entry, me->mode, blocker});
    if (next == target) return true;
    if (seen.insert(next.value).second && find_cycle(next, target, path, seen)) return true;
    path.pop_back();
  }
  return false;
}

std::string shared_lock_table::describe(const std::vector<step>& cycle) const {
  std::string out;
  for (const auto& s : cycle) {
    if (!out.empty()) out += '\n';
    const auto& tag = s.at->first;
    std::string what;
    switch (tag.kind) {
      case lock_kind::relation:
        what = fmt::format("{} on relation {} of database {}", mode_name(s.mode), tag.object, the_database);
        break;
      case lock_kind::advisory: {
        const auto key = advisory_key_of(tag);
        what = fmt::format("{} on advisory lock [{},{},{},{}]", mode_name(s.mode), the_database, key.class_id, key.object_id, key.sub_id);
        break;
      }
      case lock_kind::row:
      case lock_kind::unique_key: what = fmt::format("ShareLock on transaction {}", s.to.value); break;
    }
    out += fmt::format("Process {} waits for {}; blocked by process {}.", process_of(s.from), what, process_of(s.to));
  }
  return out;
}

// Grants every waiter that neither a holder nor a waiter before it stands in the way of.
void shared_lock_table::wake(lock_entry& entry, wakers& out) {
  auto& lock = entry.second;
  std::uint16_t ahead = 0;  // modes of those who stay
  for (auto at = lock.queue.begin(); at != lock.queue.end();) {
    const bool waits = (conflict_table[static_cast<std::size_t>(at->mode)] & ahead) != 0 ||
                       conflicts_with_granted(lock, at->owner, at->mode);
    if (waits) {
      ahead = static_cast<std::uint16_t>(ahead | bit(at->mode));
      ++at;
      continue;
    }
    end_wait(owners_[at->owner]);
    give(entry, at->owner, at->mode);
    out.push_back(std::move(at->wait));
    at = lock.queue.erase(at);
  }
}

void shared_lock_table::erase_if_idle(lock_entry& entry) {
  if (!entry.second.granted.empty() || !entry.second.queue.empty()) return;
  const auto at = locks_.find(entry.first);
  HELIOS_INVARIANT(at != locks_.end(), "an entry of the table is found under its own tag");
  locks_.erase(at);
}

bool shared_lock_table::cancel_wait(txn_id owner) {
  wakers woken;
  completion_ptr cancelled;
  {
    std::lock_guard guard(mutex_);
    const auto found = owners_.find(owner);
    if (found == owners_.end() || found->second.waits_for == nullptr) return false;
    auto& entry = *found->second.waits_for;
    end_wait(found->second);
    auto& queue = entry.second.queue;
    const auto me = std::find_if(queue.begin(), queue.end(), [owner](const waiter& w) { return w.owner == owner; });
    HELIOS_INVARIANT(me != queue.end(), "who waits is in the queue");
    cancelled = std::move(me->wait);
    queue.erase(me);
    wake(entry, woken);
    erase_if_idle(entry);
  }
  run(woken);
  cancelled->complete(error{errc::closed, "the wait for a lock was cancelled"});
  return true;
}

void shared_lock_table::take_back(lock_entry& entry, txn_id owner) {
  std::erase_if(entry.second.granted, [owner](const grant& g) { return g.owner == owner; });
}

void shared_lock_table::release_all(txn_id owner) {
  (void)cancel_wait(owner);
  wakers woken;
  {
    std::lock_guard guard(mutex_);
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return;
    const auto held = std::move(found->second.held);
    owners_.erase(found);
    for (auto* entry : held) {
      take_back(*entry, owner);
      if (!entry->second.queue.empty()) wake(*entry, woken);
      erase_if_idle(*entry);
    }
  }
  run(woken);
}

bool shared_lock_table::release(txn_id owner, const lock_tag& tag, lock_mode mode) {
  wakers woken;
  {
    std::lock_guard guard(mutex_);
    const auto found = locks_.find(tag);
    if (found == locks_.end()) return false;
    auto& granted = found->second.granted;
    const auto mine = std::find_if(granted.begin(), granted.end(),
                                   [&](const grant& g) { return g.owner == owner && g.mode == mode; });
    if (mine == granted.end()) return false;
    if (--mine->count > 0) return true;
    granted.erase(mine);
    if (std::none_of(granted.begin(), granted.end(), [&](const grant& g) { return g.owner == owner; }))
      std::erase(owners_[owner].held, &*found);
    wake(*found, woken);
    erase_if_idle(*found);
  }
  run(woken);
  return true;
}

void shared_lock_table::hand_over(txn_id owner, std::span<const lock_tag> tags) {
  wakers woken;
  {
    std::lock_guard guard(mutex_);
    const auto mine = owners_.find(owner);
    if (mine == owners_.end()) return;
    for (const auto& tag : tags) {
      const auto found = locks_.find(tag);
      if (found == locks_.end()) continue;
      auto& granted = found->second.granted;
      std::erase_if(granted, [owner](const grant& g) {
        return g.owner == owner && (g.mode == lock_mode::row_no_key_update || g.mode == lock_mode::row_update);
      });
      if (std::none_of(granted.begin(), granted.end(), [owner](const grant& g) { return g.owner == owner; }))
        std::erase(mine->second.held, &*found);
      if (!found->second.queue.empty()) wake(*found, woken);
      erase_if_idle(*found);
    }
  }
  run(woken);
}

std::vector<lock_view> shared_lock_table::list() const {
  std::lock_guard guard(mutex_);
  std::vector<lock_view> out;
  for (const auto& [tag, lock] : locks_) {
    for (const auto& g : lock.granted) out.push_back({tag, g.mode, g.owner, true, process_of(g.owner)});
    for (const auto& w : lock.queue) out.push_back({tag, w.mode, w.owner, false, process_of(w.owner)});
  }
  return out;
}

}  // namespace

bool conflicts(lock_mode held, lock_mode wanted) {
  return (conflict_table[static_cast<std::size_t>(wanted)] & bit(held)) != 0;
}

lock_tag advisory_tag(const advisory_key& key) {
  std::string bytes;
  put_be(bytes, key.object_id);
  put_be(bytes, key.sub_id);
  return {lock_kind::advisory, key.class_id, std::move(bytes)};
}

advisory_key advisory_key_of(const lock_tag& tag) {
  HELIOS_INVARIANT(tag.key.size() == 6, "an advisory lock's tag is made by advisory_tag");
  return {tag.object, load_be<std::uint32_t>(tag.key.data()), load_be<std::uint16_t>(tag.key.data() + 4)};
}

std::unique_ptr<lock_table> make_lock_table() { return std::make_unique<shared_lock_table>(); }

}  // namespace helios::storage
