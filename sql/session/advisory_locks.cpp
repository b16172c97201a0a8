#include "sql/session/advisory_locks.hpp"

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/session/session_transaction.hpp"

namespace helios::sql {

using storage::lock_mode;
using storage::lock_outcome;

namespace {
lock_mode mode_of(bool shared) { return shared ? lock_mode::share : lock_mode::exclusive; }
// Transactions are numbered from 1 on; no node reaches this one.
constexpr std::uint64_t session_owners = 1ull << 63;
}  // namespace

advisory_locks::advisory_locks(session_transaction& work, std::uint64_t process)
    : work_(work), process_(process), owner_{session_owners | process} {}

advisory_locks::~advisory_locks() {
  if (!of_session_.empty() || !of_transaction_.empty()) work_.engine().locks().release_all(owner_);
}

advisory_locks::by_session* advisory_locks::find(const storage::lock_tag& tag, lock_mode mode) {
  const auto at = std::find_if(of_session_.begin(), of_session_.end(),
                               [&](const by_session& h) { return h.lock.mode == mode && h.lock.tag == tag; });
  return at == of_session_.end() ? nullptr : &*at;
}

bool advisory_locks::acquire(const storage::advisory_key& key, bool shared, lock_scope scope, bool wait) {
  const auto tag = storage::advisory_tag(key);
  const auto mode = mode_of(shared);
  completion_ptr granted;
  const auto how = wait ? storage::lock_wait_policy::wait : storage::lock_wait_policy::nowait;
  const auto outcome = work_.engine().locks().acquire(owner_, tag, mode, how, granted, process_);
  switch (outcome.what) {
    case lock_outcome::kind::not_available: return false;
    case lock_outcome::kind::deadlock:
      throw sql_error(sqlstate::deadlock_detected, "deadlock detected").detail(outcome.detail).hint("See server log for query details.");
    case lock_outcome::kind::waiting: {
      // The grant may come while the wait is given up. The owner waits for no mode that it has already.
      struct guard {
        storage::lock_table& locks;
        txn_id owner;
        const storage::lock_tag& tag;
        lock_mode mode;
        bool armed = true;
        ~guard() {
          if (armed) (void)locks.release(owner, tag, mode);
        }
      } leave{work_.engine().locks(), owner_, tag, mode};
      work_.await_lock(granted, owner_);
      leave.armed = false;
      break;
    }
    case lock_outcome::kind::granted: break;
  }
  if (scope == lock_scope::transaction) {
    of_transaction_.push_back({tag, mode});
    return true;
  }
  if (auto* known = find(tag, mode)) ++known->count;
  else of_session_.push_back({{tag, mode}, 1});
  return true;
}

bool advisory_locks::release(const storage::advisory_key& key, bool shared) {
  const auto tag = storage::advisory_tag(key);
  auto* known = find(tag, mode_of(shared));
  if (known == nullptr) return false;
  (void)work_.engine().locks().release(owner_, tag, known->lock.mode);
  if (--known->count == 0) of_session_.erase(of_session_.begin() + (known - of_session_.data()));
  return true;
}

void advisory_locks::release_session() {
  for (const auto& h : of_session_) {
    for (auto n = h.count; n > 0; --n) (void)work_.engine().locks().release(owner_, h.lock.tag, h.lock.mode);
  }
  of_session_.clear();
}

void advisory_locks::release_transaction(std::size_t beyond) {
  while (of_transaction_.size() > beyond) {
    const auto& last = of_transaction_.back();
    (void)work_.engine().locks().release(owner_, last.tag, last.mode);
    of_transaction_.pop_back();
  }
}

}  // namespace helios::sql
