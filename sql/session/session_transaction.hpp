#pragma once
// The transaction of one session: isolation level, snapshots, locks, savepoints and the commit. On the session's fiber.
//
// I1 READ COMMITTED reads each statement on a new snapshot; REPEATABLE READ all of them on the first. SERIALIZABLE locks
//    the tables it reads against writers (two-phase locking) before it takes a statement's snapshot.
// I2 A commit returns when its record meets the commit rule and is visible; only then are its locks released, but for those
//    on rows that it wrote.
// I3 Such a row may be changed before its last change is visible. From then on this transaction reads the log up to that
//    change, and what it reads is told to nobody before that is visible: settle() waits for it.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fiber_host.hpp"
#include "sql/database.hpp"
#include "sql/exec/evaluation.hpp"
#include "sql/exec/pending_checks.hpp"
#include "sql/session/advisory_locks.hpp"
#include "sql/session/channel_work.hpp"
#include "storage/lock_table.hpp"
#include "storage/transaction.hpp"

namespace helios::sql {

enum class isolation_level : std::uint8_t { read_committed, repeatable_read, serializable };
const char* to_string(isolation_level level);

struct transaction_modes {
  isolation_level isolation = isolation_level::read_committed;
  bool read_only = false;
  bool deferrable = false;
};

enum class row_wait : std::uint8_t { wait, skip, nowait };

class session_transaction {
 public:
  /// `process`: the session's number, which pg_locks and notifications show.
  session_transaction(database& db, fiber_host& host, bool node_read_only, std::uint64_t process);
  ~session_transaction();
  session_transaction(const session_transaction&) = delete;
  session_transaction& operator=(const session_transaction&) = delete;

  // --- life ---
  bool active() const { return active_; }
  void begin(transaction_modes modes);
  /// Returns the LSN after the commit; 0 when nothing was written. Throws 08007 when its fate is unknown.
  lsn commit();
  void rollback();
  transaction_modes& modes() { return modes_; }
  const transaction_modes& modes() const { return modes_; }
  /// True once a statement has read or written: then the isolation level is fixed.
  bool has_snapshot() const { return fixed_ != nullptr || statements_ > 0; }

  struct savepoint {
    std::string name;
    storage::write_seq at = 0;
    channel_work::mark channels = {};
    std::size_t advisory = 0;
    std::size_t locks = 0;
    deferred_checks::modes constraint_modes;
  };
  void set_savepoint(const std::string& name);
  /// False when there is no such savepoint.
  bool release_savepoint(const std::string& name);
  bool rollback_to_savepoint(const std::string& name);
  /// After an error in a transaction block: what it did since its last savepoint, or since its begin, is undone at once, and nobody
  /// waits for it any more.
  void abandon();

  // --- statements ---
  /// Before each statement: its snapshot, after the read floor is visible. With `lock_first` the locks are taken before.
  void begin_statement();
  read_view view() const;
  const storage::snapshot_ptr& snapshot() const { return snapshot_; }
  /// Undoes what the running statement wrote.
  void undo_statement();
  /// What is committed and visible now, with all own writes. `at_least`: a version that it must show, visible or not.
  read_view newest_view(lsn at_least = {});
  /// This transaction depends on a commit that may not be visible yet.
  void note_unseen(lsn version) { unseen_ = std::max(unseen_, version); }
  bool has_unseen() const { return unseen_.value != 0; }
  /// Before anything that it has read leaves the node. Throws 57014 or 57P01 when the wait is given up.
  void settle() {
    if (has_unseen()) await_unseen();
  }
  /// Constraints that are checked at the end of the transaction.
  deferred_checks& deferred() { return deferred_; }
  const deferred_checks& deferred() const { return deferred_; }
  /// What private spaces hold: temporary tables and their definitions.
  storage::private_spaces& private_rows() { return private_; }
  void set_read_floor(lsn floor) { floor_ = std::max(floor_, floor); }

  // --- locks ---
  /// False when not available and the policy is not to wait; throws 40P01, 55P03, 57014.
  bool lock(const storage::lock_tag& tag, storage::lock_mode mode, row_wait policy, const std::function<std::string()>& what);
  void lock_relation(oid id, storage::lock_mode mode, const std::string& name);
  /// Until `wait`, of a lock that `owner` is queued for, is granted.
  void await_lock(const completion_ptr& wait, txn_id owner);
  advisory_locks& advisory() { return advisory_; }
  channel_work& channels() { return channels_; }
  const channel_work& channels() const { return channels_; }
  /// Whether a wait has happened since the last call; then the catalog may have changed.
  bool take_waited() { return std::exchange(waited_, false); }
  std::chrono::milliseconds lock_timeout{0};
  std::chrono::milliseconds deadlock_timeout{1000};

  // --- writes ---
  /// Before the transaction's first write or BEGIN for writing: waits while the primary's role is handed over (57P03, FATAL, if it is).
  void admit_write();
  bool admitted() const { return admitted_; }
  storage::transaction& writer();
  /// Catalog changes of this transaction so far; 0: none.
  std::uint64_t definitions_changed() const { return definitions_changed_; }
  void note_definition_change() { ++definitions_changed_; }
  bool owns(lsn version) const { return version.value == 0 || version.value == ~0ull; }

  storage::engine& engine() { return db_.engine(); }
  database& db() { return db_; }
  fiber_host& host() { return host_; }
  bool node_read_only() const { return node_read_only_; }
  /// Between transactions.
  void set_node_read_only(bool read_only) { node_read_only_ = read_only; }
  bool repeatable() const { return modes_.isolation != isolation_level::read_committed; }
  std::uint64_t id();
  std::int64_t started_us() const { return started_us_; }
  /// Rows that the running statement has written, for what may not touch a row twice.
  std::uint64_t generation() const { return generation_; }

 private:
  void note_lock(const storage::lock_tag& tag, storage::lock_mode mode);
  void release_locks(std::size_t beyond);
  void undo_to(const savepoint& at);
  void await_visible(lsn position);
  void await_unseen();
  storage::snapshot_ptr fresh_snapshot();
  void end();
  bool reads_own() const;

  database& db_;
  fiber_host& host_;
  bool node_read_only_;
  std::uint64_t process_;
  advisory_locks advisory_;
  channel_work channels_;
  bool active_ = false, waited_ = false, admitted_ = false;
  transaction_modes modes_;
  std::unique_ptr<storage::transaction> writer_;
  storage::snapshot_ptr snapshot_, fixed_;
  storage::write_seq statement_start_ = 0;
  std::uint64_t statements_ = 0, definitions_changed_ = 0, generation_ = 0;
  std::vector<savepoint> savepoints_;
  std::unordered_map<oid, storage::lock_mode> relation_locks_;
  struct taken_lock {
    storage::lock_tag tag;
    storage::lock_mode mode;
    storage::lock_mode held_before;  ///< of a relation: in relation_locks_
  };
  std::vector<taken_lock> since_savepoint_;  ///< since the first savepoint: what rolling back to one gives up
  int exclusive_locks_ = 0;
  deferred_checks deferred_;
  storage::private_spaces private_;
  lsn floor_;
  lsn unseen_;  ///< of commits whose rows this transaction has taken over before they were visible; 0: none
  std::int64_t started_us_ = 0;
};

}  // namespace helios::sql
