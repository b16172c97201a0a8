#pragma once
// The engine's one implementation, private to storage/ (and its tests, which open it on an env of their own). Its parts
// lie by subject in engine_open.cpp, engine_recovery.cpp, engine_append.cpp, engine_read.cpp, engine_checkpoint.cpp and
// engine_backup.cpp.
//
// Locks, in the order in which they may be taken: writer_mutex_, view_mutex_, each of the small ones below. None is held
// while waiting for a disk, but writer_mutex_ during the WAL's write.
//
// I5 A commit is in the memtable before applied_ covers it, and applied_ covers it before visible_ does. A snapshot takes
//    its view and visible_ in one critical section of view_mutex_, under which views change: it misses nothing that it
//    may see, and its LMDB state holds nothing that it may not see (I2).
// I6 A view is immutable. What a snapshot reads lives as long as its view.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "storage/checkpoint/lmdb_env.hpp"
#include "storage/engine.hpp"
#include "storage/env/env.hpp"
#include "storage/mvcc/memtable.hpp"
#include "storage/mvcc/snapshot_view.hpp"
#include "storage/wal/commit_times.hpp"
#include "storage/wal/mark.hpp"
#include "storage/wal/wal_log.hpp"

namespace helios::storage {

/// Where the parts of a store lie in its directory.
struct store_paths {
  std::filesystem::path directory;
  std::filesystem::path data() const { return directory / "data.mdb"; }
  std::filesystem::path wal() const { return directory / "wal"; }
  std::filesystem::path lock() const { return directory / "lock"; }
  std::filesystem::path incoming() const { return directory / "incoming"; }         ///< a store being made
  std::filesystem::path marker() const { return directory / "incoming.complete"; }  ///< it is whole: move it in
};

/// The directory and every parent that it lacks, all durable.
result<void> make_durable_directory(env& environment, const std::filesystem::path& path);
/// Makes the store in `incoming` the one of the directory, if its marker says that it is whole; else removes it. Done
/// before every open: what a crash left half-way is finished or forgotten.
result<void> settle_incoming(env& environment, const store_paths& paths);
/// Completes `incoming`, which holds a data.mdb, by an empty log from `checkpoint` on, and moves it in. Crash-safe.
result<void> adopt_incoming(env& environment, const store_paths& paths, lsn checkpoint);

/// engine::install_base_backup on this env.
result<void> install_base_backup_on(env& environment, const std::filesystem::path& directory,
                                    const std::filesystem::path& file);

class engine_core final : public engine {
 public:
  static result<std::unique_ptr<engine_core>> open(engine_options options, env& environment);
  ~engine_core() override;

  result<wal_chunk_ptr> begin_epoch(epoch number, const node_id& leader) override;
  result<wal_chunk_ptr> append_config(const cohort_config& config) override;
  result<wal_chunk_ptr> append(std::span<const commit_unit_ptr> units) override;
  result<lsn> sync() override;
  result<void> append_replicated(lsn begin, std::string_view bytes) override;

  void advance_visible(lsn to) override;
  result<void> note_visible() override;
  snapshot_ptr take_snapshot() override;
  snapshot_ptr take_snapshot_ahead(lsn to) override;
  std::optional<newest> newest_version(space_id space, std::string_view key) override;
  std::unique_ptr<transaction> begin() override;
  std::uint64_t next_row_id(space_id space) override;
  lock_table& locks() override { return *locks_; }
  sequence_table& sequences() override { return *sequences_; }
  engine_status status() const override;
  log_positions positions() const override;
  std::vector<epoch_entry> epoch_history() const override;
  cohort_config latest_config() const override;
  epoch last_epoch() const override { return epoch{epoch_.load(std::memory_order_acquire)}; }
  result<wal_chunk_ptr> read_wal(lsn from, std::size_t bytes_max) const override;
  void keep_wal_from(lsn position) override { keep_from_.store(position.value, std::memory_order_relaxed); }
  std::optional<std::int64_t> first_commit_time_after(lsn position) const override;

  bool checkpoint_due() const override;
  result<void> checkpoint() override;
  void stop_checkpoints() override;
  result<std::unique_ptr<base_backup>> make_base_backup() override;

  /// The newest value of a key, visible or not.
  std::optional<std::string> newest_value(space_id space, std::string_view key) const;
  /// Grows when the node turns from primary to standby or back: what was cached about the store's tail is void.
  std::uint64_t role_changes() const { return role_changes_.load(std::memory_order_acquire); }
  txn_id next_txn() { return txn_id{next_txn_.fetch_add(1, std::memory_order_relaxed)}; }

 private:
  engine_core(engine_options options, env& environment);

  // --- opening ---
  static result<void> create(env& environment, const store_paths& paths, const engine_options& options);
  result<void> open_base();
  result<void> open_log();
  result<void> show_again(std::unique_ptr<visible_mark> mark);
  class replayer;

  // --- appending, under writer_mutex_ ---
  record_header next_header(record_type type, lsn position) const;
  void apply_record(const record_view& record);
  void apply_commit(const record_view& record);
  void count_commit(const record_header& header, lsn end, bool changes_catalog);
  void apply_epoch_start(const record_view& record);
  void apply_config(const record_view& record);
  result<wal_chunk_ptr> append_own(record_header header, std::string_view body);
  result<wal_chunk_ptr> append_units(std::span<const commit_unit_ptr> units);
  result<void> become(bool receiver);
  struct verified {
    lsn end;
    epoch number;
  };
  result<verified> verify_replicated(lsn begin, std::string_view bytes) const;
  void set_applied(lsn to) { applied_.store(to.value, std::memory_order_release); }
  std::string encode_units(std::span<const commit_unit_ptr> units, lsn begin) const;

  // --- reading ---
  view_ptr current_view() const;
  std::uint64_t largest_row_id(space_id space) const;

  // --- checkpoint thread ---
  result<void> freeze();
  bool frozen_is_ready() const;
  result<void> wait_until_ready();
  result<void> write_frozen();
  result<void> recycle();
  void wake_checkpoint();

  engine_options options_;
  env& env_;
  store_paths paths_;
  std::unique_ptr<process_lock> process_lock_;  ///< until open_base takes it into base_
  std::shared_ptr<lmdb_env> base_;   ///< with the process lock; shared with the views, whose snapshots may outlive the engine
  std::unique_ptr<wal_log> log_;
  std::unique_ptr<visible_mark> shown_;
  std::unique_ptr<lock_table> locks_;
  std::unique_ptr<sequence_table> sequences_;

  std::mutex writer_mutex_;                 ///< guards the next four
  std::shared_ptr<memtable> active_;        ///< the one written to
  lsn catalog_version_;
  txn_id last_txn_;
  std::optional<bool> is_receiver_;         ///< what the log's mark says; unknown after opening

  mutable std::mutex history_mutex_;        ///< guards the next two
  std::vector<epoch_entry> epochs_;
  cohort_config config_;

  mutable std::mutex view_mutex_;           ///< guards the next two
  view_ptr view_;
  std::deque<lsn> catalog_versions_;        ///< ascending; the first is the newest that is visible

  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> visible_{0};
  std::atomic<std::uint64_t> checkpoint_{0};
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<std::uint64_t> next_txn_{1};
  std::atomic<std::uint64_t> role_changes_{0};
  std::atomic<std::uint64_t> keep_from_{UINT64_MAX};
  std::atomic<std::uint64_t> checkpoints_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> active_bytes_{0};
  std::atomic<std::uint64_t> frozen_bytes_{0};

  commit_times times_;

  std::shared_mutex row_ids_mutex_;         ///< guards the map; the counters are atomic
  std::unordered_map<space_id, std::unique_ptr<std::atomic<std::uint64_t>>> row_ids_;

  std::mutex checkpoint_mutex_;             ///< one checkpoint at a time; guards frozen_
  struct frozen_table {
    std::shared_ptr<const memtable> table;
    store_meta meta;                        ///< as of the end of the table
  };
  std::optional<frozen_table> frozen_;
  std::mutex wait_mutex_;                   ///< of ready_
  std::condition_variable ready_;
  std::atomic<int> waiters_{0};             ///< checkpoints that wait
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> backups_{0};
};

std::unique_ptr<transaction> make_transaction(txn_id id, lock_table& locks);
std::unique_ptr<sequence_table> make_sequence_table(engine_core& owner);

}  // namespace helios::storage
