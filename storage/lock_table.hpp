#pragma once
// Heavyweight locks: relations, rows, unique keys and advisory locks, with PostgreSQL's modes and conflicts
// (explicit-locking.html), FIFO queues and deadlock detection. Any thread.
//
// I1 A waiter is granted in queue order unless it already holds a mode on the same tag (upgrade goes first).
// I2 A wait that would close a cycle fails at once for the requester, with the cycle in the outcome's detail. Owners of one process
//    (a session has one for each transaction, and one for its advisory locks) count as one there: it waits for one lock at a time.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fiber_host.hpp"
#include "base/types.hpp"

namespace helios::storage {

enum class lock_kind : std::uint8_t { relation, row, unique_key, advisory };

struct lock_tag {
  lock_kind kind = lock_kind::row;
  std::uint32_t object = 0;  ///< relation oid or space id
  std::string key;           ///< row key, index key or advisory key; empty for relations
  friend bool operator==(const lock_tag&, const lock_tag&) = default;
};

/// Relation modes 1..8 as PostgreSQL numbers them; then the four row modes. unique_key uses access_exclusive (exclusive) and
/// access_share (shared), advisory `exclusive` and `share`.
enum class lock_mode : std::uint8_t {
  access_share = 1, row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive,
  access_exclusive,
  row_key_share, row_share_lock, row_no_key_update, row_update
};

enum class lock_wait_policy : std::uint8_t { wait, nowait };

/// An advisory lock as pg_locks shows it. From one bigint: its halves and 1; from two integers: these and 2.
struct advisory_key {
  std::uint32_t class_id = 0, object_id = 0;
  std::uint16_t sub_id = 1;
};
lock_tag advisory_tag(const advisory_key& key);
advisory_key advisory_key_of(const lock_tag& tag);

struct lock_outcome {
  enum class kind : std::uint8_t { granted, waiting, not_available, deadlock } what = kind::granted;
  /// True when the lock had to wait or another transaction held a conflicting lock: the caller re-reads the row.
  std::string detail;  ///< for a deadlock, who waits for whom, as PostgreSQL's DETAIL
};

struct lock_view {  ///< one row of pg_locks
  lock_tag tag;
  lock_mode mode;
  txn_id owner;
  bool granted;
  std::uint64_t process = 0;
};

class lock_table {
 public:
  virtual ~lock_table() = default;
  /// Grants, or queues and sets `wait` (completed on grant; with errc::busy and the cycle in its detail when a deadlock is
  /// found later; with errc::closed when cancelled). A caller that gives up waiting calls cancel_wait. `process`: whose owner
  /// this is; 0: of nobody else's.
  virtual lock_outcome acquire(txn_id owner, const lock_tag& tag, lock_mode mode, lock_wait_policy policy,
                               completion_ptr& wait, std::uint64_t process = 0) = 0;
  /// Leaves the queue. False when the lock was granted meanwhile (then it is held).
  virtual bool cancel_wait(txn_id owner) = 0;
  virtual void release_all(txn_id owner) = 0;
  virtual bool release(txn_id owner, const lock_tag& tag, lock_mode mode) = 0;
  /// Gives up the owner's changing modes (row_no_key_update, row_update) on the tags; its other locks stay.
  virtual void hand_over(txn_id owner, std::span<const lock_tag> tags) = 0;
  virtual std::vector<lock_view> list() const = 0;
};

/// PostgreSQL's conflict table.
bool conflicts(lock_mode held, lock_mode wanted);
std::unique_ptr<lock_table> make_lock_table();

}  // namespace helios::storage
