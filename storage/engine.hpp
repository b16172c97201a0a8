#pragma once
// The storage engine: an ordered key space (space id, key) -> value, versioned by LSN, made durable by the WAL and
// checkpointed into LMDB. This is the only storage header that sql/ and actors/ include besides lock_table.hpp,
// sequence.hpp and transaction.hpp.
//
// Threads. One *writer thread* calls append/sync/append_replicated (the WAL writer actor on a primary, the WAL
// receiver on a standby); one *checkpoint thread* calls checkpoint (LMDB write transactions belong to it); any thread
// takes snapshots, reads, and locks. advance_visible is called by whoever applies the commit rule, in WAL order.
//
// I1 visible() only grows, and only to LSNs that are appended. A snapshot never shows a version above visible().
// I2 What LMDB holds was visible when it was written there: only WAL that meets the commit rule is checkpointed.
// I3 A WAL byte position means the same bytes on every node of the cluster.
// I4 After a failed write or fsync of the WAL the engine refuses every further append: the process must end.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fiber_host.hpp"
#include "base/result.hpp"
#include "base/types.hpp"
#include "storage/lock_table.hpp"

namespace helios::storage {

using space_id = strong_id<struct space_tag, std::uint32_t>;
/// Spaces below this one hold the catalog and sequences; a commit that touches one below `first_data_space`, other
/// than `sequence_space`, begins a new catalog version.
inline constexpr space_id catalog_space{1};
inline constexpr space_id sequence_space{2};
inline constexpr space_id first_data_space{16};
/// Spaces from here on are private: what a transaction writes there goes into its private_spaces and never into the WAL.
/// The two highest bits are free for the ids of types that sql/ derives from them.
inline constexpr space_id first_private_space{0x20000000}, last_private_space{0x3FFFFFFF};
constexpr bool is_private(space_id space) { return space.value >= first_private_space.value && space.value <= last_private_space.value; }

class sequence_table;
class transaction;

/// A value and the LSN of the commit that wrote it. The view lives as long as the snapshot it came from.
struct versioned_view {
  lsn version;
  std::string_view value;
};

/// Keys in [lower, upper); without upper, to the end of the space.
struct key_range {
  std::string lower;
  std::optional<std::string> upper;
};
enum class scan_direction { forward, backward };

/// Walks live keys (no tombstones) in byte order. Views are valid until the next call of next() or the end of the
/// snapshot. Starts on the first key of its direction.
class cursor {
 public:
  virtual ~cursor() = default;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual lsn version() const = 0;
  virtual void next() = 0;
};

/// A consistent view of all spaces at one LSN: memtables, an LMDB read transaction and the LSN. Cheap; never blocks
/// writers. Used by one thread at a time; may move between threads. Long-lived snapshots keep memory and LMDB pages.
class snapshot {
 public:
  virtual ~snapshot() = default;
  virtual lsn at() const = 0;
  /// LSN of the newest commit that changed the catalog and is not above at().
  virtual lsn catalog_version() const = 0;
  virtual std::optional<versioned_view> get(space_id space, std::string_view key) const = 0;
  virtual std::unique_ptr<cursor> scan(space_id space, const key_range& range,
                                       scan_direction direction = scan_direction::forward) const = 0;
};
using snapshot_ptr = std::shared_ptr<const snapshot>;

/// One commit on its way into the WAL: its encoded changes, and who waits for it. Made by transaction::seal().
struct commit_unit {
  txn_id txn;
  std::int64_t commit_time_us = 0;  ///< microseconds since the Unix epoch, shown in lag_ms
  std::string body;                 ///< encoded changes (FORMAT.md)
  bool changes_catalog = false;
  /// The owner's locks on rows that it writes. They pass on once the record has its place in the WAL: whoever changes such a row next
  /// comes later in the WAL, and can never be durable without this commit.
  std::vector<lock_tag> handed_over;
  lsn end;                          ///< set by append(): the position after the record; durable when the log is, up to here
  completion_ptr acknowledged;      ///< completed when the commit rule is met and the commit is visible; may be null
};
using commit_unit_ptr = std::shared_ptr<commit_unit>;

/// Where transactions send their commits. On a node, the WAL writer actor; in tests, direct_commit_sink.
class commit_sink {
 public:
  virtual ~commit_sink() = default;
  /// Any thread. Order of submission by one thread is order in the WAL.
  virtual void submit(commit_unit_ptr unit) = 0;
};

/// A run of WAL bytes as written, shared with the senders. Begins and ends on record boundaries.
struct wal_chunk {
  lsn begin;
  std::string bytes;
  std::int64_t last_commit_time_us = 0;  ///< of the newest commit in it; 0 if it has none
  lsn end() const { return begin + bytes.size(); }
};
using wal_chunk_ptr = std::shared_ptr<const wal_chunk>;

/// One EPOCH-START record of the log: the epoch, where it begins (the fork LSN of its parent) and its parent.
struct epoch_entry {
  epoch number;
  epoch parent;
  lsn begin;
  std::string leader;  ///< node id
};

/// Published by a primary in the WAL: which standbys are the sync cohort S, and how many acknowledgements K a commit
/// needs (ha_protocol.md, "Commit rule"). Versions grow within a cluster.
struct cohort_config {
  std::uint64_t version = 0;
  epoch number;
  std::string leader;
  std::vector<std::string> members;
  std::uint32_t acks_needed = 0;
};

struct engine_options {
  std::filesystem::path directory;
  std::uint64_t segment_bytes = 16u << 20;       ///< 64 KiB to 1 GiB
  std::uint64_t memtable_bytes_max = 256u << 20; ///< a checkpoint is due when the active memtable reaches this
  std::uint64_t checkpoint_wal_bytes = 256u << 20;
  std::uint64_t map_bytes = 1ull << 40;          ///< address space reserved for LMDB: the most that its file can grow to
  std::uint64_t record_bytes_max = 256u << 20;   ///< a larger WAL record is refused as corrupt
  std::string cluster_id;                        ///< recorded at creation; a mismatch refuses to open
  /// Cut the log here before replay (rejoin). Refused when it lies before the checkpoint.
  std::optional<lsn> truncate_to;
  std::chrono::milliseconds checkpoint_wait{10'000};  ///< how long a checkpoint waits for its memtable to be visible
  bool sync_enabled = true;                      ///< false only in tests that do not check durability
};

/// How far the log has come. The meaning is engine_status's.
struct log_positions {
  lsn written, flushed, applied, visible;
  epoch current_epoch;
};

struct engine_status {
  lsn written;      ///< end of what is written to the WAL file
  lsn flushed;      ///< end of what is fsynced
  lsn applied;      ///< end of what is in the memtable
  lsn visible;
  lsn checkpoint;   ///< recovery starts here
  lsn oldest;       ///< first byte of WAL still on disk
  epoch current_epoch;
  std::uint64_t memtable_bytes = 0;
  std::uint64_t wal_bytes_on_disk = 0;
  std::uint64_t lmdb_map_bytes = 0;
  std::uint64_t lmdb_used_bytes = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t fsyncs = 0;
  std::uint64_t commits = 0;
};

/// The files of a base backup, made from one LMDB read transaction: a compacted copy and its checkpoint LSN.
struct base_backup {
  std::filesystem::path file;   ///< in the engine's directory; removed by the destructor
  std::uint64_t bytes = 0;
  lsn checkpoint;               ///< stream WAL from here
  base_backup() = default;
  base_backup(const base_backup&) = delete;
  base_backup& operator=(const base_backup&) = delete;
  ~base_backup();
};

class engine {
 public:
  virtual ~engine() = default;

  /// Opens or creates the store, repairs a torn WAL tail (logged), replays WAL from the checkpoint. `errc::corrupt`
  /// with advice when a record that was durable does not check, or LMDB does not open. After open, visible() is what
  /// note_visible last wrote, at least the checkpoint LSN: the caller decides with advance_visible when the tail may show.
  static result<std::unique_ptr<engine>> open(engine_options options);
  /// True when `directory` holds a store.
  static bool exists(const std::filesystem::path& directory);
  /// Replaces the store in `directory` by a base backup file: crash-safe (the old store or the new one, never a mix). No
  /// engine may be open there. The file is checked first; then it is moved into the store.
  static result<void> install_base_backup(const std::filesystem::path& directory, const std::filesystem::path& file);

  // --- writer thread, primary ---
  /// Writes the EPOCH-START record and makes `number` the epoch of all further records. `number` must be above the
  /// current one.
  virtual result<wal_chunk_ptr> begin_epoch(epoch number, const node_id& leader) = 0;
  /// Writes a cohort config record.
  virtual result<wal_chunk_ptr> append_config(const cohort_config& config) = 0;
  /// Writes the units as records (one write), inserts them into the memtable (not yet visible) and sets unit->end. A unit
  /// that does not fit into a record is left out, its `acknowledged` completed with errc::invalid_argument. Then passes the
  /// units' `handed_over` locks on.
  virtual result<wal_chunk_ptr> append(std::span<const commit_unit_ptr> units) = 0;
  /// One fdatasync of everything written; returns the flushed LSN.
  virtual result<lsn> sync() = 0;

  // --- writer thread, standby ---
  /// Verifies and writes bytes received from the primary at `begin` (must be the end of the log), and inserts their
  /// commits into the memtable. A torn or wrong record: errc::protocol or errc::corrupt, and nothing of it is written.
  virtual result<void> append_replicated(lsn begin, std::string_view bytes) = 0;

  // --- any thread ---
  /// Moves the watermark; lower values than the present one are ignored, higher ones than applied are clamped.
  virtual void advance_visible(lsn to) = 0;
  /// Writes down, without an fsync, how far the log is visible, so that the next open shows as much. One thread at a time.
  virtual result<void> note_visible() = 0;
  virtual snapshot_ptr take_snapshot() = 0;
  /// One that also shows what is not visible yet, up to `to` (at most applied): for a transaction that follows such a commit in
  /// the WAL. What it reads may be told to nobody before visible() has reached `to`.
  virtual snapshot_ptr take_snapshot_ahead(lsn to) = 0;
  /// The newest version of a key in the memtables or LMDB, visible or not: for REPEATABLE READ's conflict check and
  /// row-id recovery. Nothing if it never existed; `deleted` if the newest version is a tombstone.
  struct newest { lsn version; bool deleted = false; };
  virtual std::optional<newest> newest_version(space_id space, std::string_view key) = 0;
  virtual std::unique_ptr<transaction> begin() = 0;
  /// The next free 64-bit row id of a table's space: above every row id ever present in it (keys are big-endian).
  virtual std::uint64_t next_row_id(space_id space) = 0;  // "ever": since the store was opened; before that, still in it
  virtual lock_table& locks() = 0;
  virtual sequence_table& sequences() = 0;
  virtual engine_status status() const = 0;
  /// Of status() what costs no lock and no look at LMDB.
  virtual log_positions positions() const = 0;
  /// All epochs in the log, oldest first (kept in LMDB's meta data across WAL recycling).
  virtual std::vector<epoch_entry> epoch_history() const = 0;
  virtual cohort_config latest_config() const = 0;
  /// Epoch of the last record in the log.
  virtual epoch last_epoch() const = 0;
  /// Up to `bytes_max` of WAL from `from` (a record boundary), whole records only; empty at the end. errc::not_found when recycled.
  virtual result<wal_chunk_ptr> read_wal(lsn from, std::size_t bytes_max) const = 0;
  /// WAL from here on is kept for standbys. Lower values keep more; the caller enforces its bound.
  virtual void keep_wal_from(lsn position) = 0;
  /// Commit time (us) of the first commit record that ends after `position`; nothing if there is none. For lag_ms.
  virtual std::optional<std::int64_t> first_commit_time_after(lsn position) const = 0;

  // --- checkpoint thread ---
  /// True when a checkpoint is due by size.
  virtual bool checkpoint_due() const = 0;
  /// Freezes the memtable, waits until it is visible and fsynced, writes it to LMDB in one synced transaction, recycles
  /// WAL. errc::timeout when it does not become visible within engine_options::checkpoint_wait (the next call goes on with
  /// the same memtable), errc::disk_full when LMDB has no room (may be tried again), errc::closed after stop_checkpoints.
  virtual result<void> checkpoint() = 0;
  /// Any thread, at shutdown: a checkpoint that waits gives up, and later ones are refused.
  virtual void stop_checkpoints() = 0;
  /// Any thread but the writer's; slow.
  virtual result<std::unique_ptr<base_backup>> make_base_backup() = 0;
};

/// Appends, syncs and makes visible at once, on the caller's thread: a node of its own. For tests and tools.
class direct_commit_sink final : public commit_sink {
 public:
  explicit direct_commit_sink(engine& target) : engine_(target) {}
  void submit(commit_unit_ptr unit) override;

 private:
  engine& engine_;
  std::mutex mutex_;
};

}  // namespace helios::storage
