#pragma once
// A transaction's own, not yet committed changes, and the reads that see them. Owned by one session; used by one thread
// at a time. It takes no snapshot itself: READ COMMITTED reads each statement on a new one, REPEATABLE READ on its first.
//
// I1 Every write has a sequence number; a read names the number below which it sees own writes, so that a statement
//    never sees what it wrote itself (no Halloween problem), and a savepoint is a number to roll back to.
// I2 Locks are held until release() or destruction; the owner calls release() after the commit is acknowledged. Only those on
//    written rows pass on earlier, when the commit has its place in the WAL (commit_unit::handed_over).
// I3 Writes to private spaces (engine.hpp) are read and rolled back like others; keep_private() is their commit.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/engine.hpp"
#include "storage/lock_table.hpp"

namespace helios::storage {

using write_seq = std::uint64_t;

/// What private spaces hold between transactions. Owned by one session; changed by keep_private() alone.
struct private_spaces {
  std::map<space_id, std::map<std::string, std::string, std::less<>>> rows;
};

class transaction {
 public:
  virtual ~transaction() = default;

  virtual txn_id id() const = 0;
  /// Number that the next write will get.
  virtual write_seq next_seq() const = 0;

  virtual void put(space_id space, std::string_view key, std::string_view value) = 0;
  virtual void erase(space_id space, std::string_view key) = 0;
  /// The whole space disappears when this commits (DROP TABLE, TRUNCATE's old space). Its id is never used again.
  virtual void drop_space(space_id space) = 0;

  /// `at` merged with own writes whose number is below `before`.
  virtual std::optional<versioned_view> get(const snapshot& at, space_id space, std::string_view key,
                                            write_seq before) const = 0;
  virtual std::unique_ptr<cursor> scan(const snapshot_ptr& at, space_id space, const key_range& range,
                                       scan_direction direction, write_seq before) const = 0;

  /// Forgets all writes with a number of at least `to` (ROLLBACK TO SAVEPOINT, failed statement). Locks stay.
  virtual void rollback_to(write_seq to) = 0;
  /// Not counting private ones.
  virtual bool has_writes() const = 0;
  virtual std::uint64_t bytes() const = 0;

  /// Encodes the final changes. Call once, with has_writes(); the unit's `acknowledged` is set by this.
  virtual commit_unit_ptr seal(std::int64_t commit_time_us) = 0;

  /// Before the first read or write of a private space; it outlives the transaction.
  virtual void use_private(private_spaces& spaces) = 0;
  virtual bool has_private_writes() const = 0;
  /// Moves the private writes into the spaces.
  virtual void keep_private() = 0;

  /// See lock_table::acquire; the transaction is the owner.
  virtual lock_outcome lock(const lock_tag& tag, lock_mode mode, lock_wait_policy policy, completion_ptr& wait) = 0;
  virtual void release() = 0;
  /// Its locks are this process's, as pg_locks and a deadlock's detail show it (lock_table::acquire). Before its first lock.
  virtual void act_for(std::uint64_t process) = 0;
};

}  // namespace helios::storage
