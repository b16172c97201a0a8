#pragma once
// The LMDB file of a store: "data" holds the newest checkpointed version of every key, "meta" what the checkpoint is.
// The only user of LMDB. Reads: any thread; a lmdb_read may be used by many threads at once (see lmdb_read). Writes: the
// checkpoint thread.
//
// Layout of "data": key = space (4 bytes, big-endian) + key; value = version (8 bytes), check (4 bytes), the value. LMDB
// takes keys of at most 511 bytes: a key that would be longer than 510 lies in a bucket, whose LMDB key is its first
// 510 bytes and a zero byte, and whose value is the ordered list of such keys with their values (FORMAT.md).
//
// I1 Order holds: a bucket sorts directly after the short key that equals its prefix, as its members do.
// I2 A stored value that does not check ends the process with a message: wrong data is never served.
// I3 The map is an address reservation of fixed size (map_bytes); the file only grows as data does, so that no reader
//    must ever be stopped to enlarge it. When it is used up, checkpoints fail with errc::disk_full.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/engine.hpp"
#include "storage/mvcc/entry_source.hpp"

struct MDB_env;
struct MDB_txn;

namespace helios::storage {

/// What LMDB knows of the log: everything below `checkpoint` is in it.
struct store_meta {
  std::string cluster_id;
  lsn checkpoint;
  lsn catalog_version;
  txn_id last_txn;
  std::vector<epoch_entry> epochs;  ///< that begin below the checkpoint
  cohort_config config;
};

class lmdb_env;

/// One LMDB read transaction, taken from the environment's pool and given back at the end: the state of one checkpoint.
/// All snapshots between two checkpoints share one, so that a snapshot costs no LMDB call. LMDB asks that users of one
/// transaction take turns; what it writes to is the table's cached root, which read() fetches before anyone shares it,
/// and cursors, which belong to one source each. A test reads from many threads under the thread sanitizer.
class lmdb_read {
 public:
  lmdb_read(lmdb_env& owner, MDB_txn* txn) : owner_(&owner), txn_(txn) {}
  lmdb_read(lmdb_read&& other) noexcept : owner_(other.owner_), txn_(std::exchange(other.txn_, nullptr)) {}
  lmdb_read& operator=(lmdb_read&&) = delete;
  ~lmdb_read();

  std::optional<versioned_view> get(space_id space, std::string_view key) const;
  std::unique_ptr<entry_source> scan(space_id space, const key_range& range, scan_direction direction) const;
  std::optional<std::string> largest_key(space_id space) const;
  result<store_meta> meta() const;

 private:
  lmdb_env* owner_;
  MDB_txn* txn_;
};

/// One LMDB write transaction; aborted unless committed. errc::disk_full, errc::io or errc::corrupt.
class lmdb_write {
 public:
  lmdb_write(lmdb_env& owner, MDB_txn* txn) : owner_(&owner), txn_(txn) {}
  lmdb_write(lmdb_write&& other) noexcept : owner_(other.owner_), txn_(std::exchange(other.txn_, nullptr)) {}
  lmdb_write& operator=(lmdb_write&&) = delete;
  ~lmdb_write();

  result<void> put(space_id space, std::string_view key, lsn version, std::string_view value);
  result<void> erase(space_id space, std::string_view key);
  result<void> drop_space(space_id space);
  result<void> put_meta(const store_meta& meta);
  /// Durable on return.
  result<void> commit();

 private:
  /// Without `stored`, the key goes.
  result<void> store(std::string_view full, std::optional<std::string_view> stored);

  lmdb_env* owner_;
  MDB_txn* txn_;
};

struct lmdb_options {
  std::filesystem::path file;
  std::uint64_t map_bytes = 1ull << 40;      ///< halved, down to 1 GiB, where the system does not give so much
  bool create = false;
  bool sync_enabled = true;
  /// For a file that nobody else has open (a backup): no lock file is made, nothing is written.
  bool read_only = false;
};

struct lmdb_usage {
  std::uint64_t map_bytes = 0;
  std::uint64_t used_bytes = 0;
};

class lmdb_env {
 public:
  /// errc::corrupt with advice when the file is not LMDB's, cut off, or lacks what a store must have.
  static result<std::unique_ptr<lmdb_env>> open(lmdb_options options);
  ~lmdb_env();
  lmdb_env(const lmdb_env&) = delete;
  lmdb_env& operator=(const lmdb_env&) = delete;

  /// Begins at the newest committed state.
  result<lmdb_read> read();
  result<lmdb_write> write();
  /// A compacted, consistent copy into a new file, fsynced.
  result<void> copy_to(const std::filesystem::path& file);
  lmdb_usage usage() const;
  const std::filesystem::path& path() const { return options_.file; }

 private:
  friend class lmdb_read;
  friend class lmdb_write;
  explicit lmdb_env(lmdb_options options) : options_(std::move(options)) {}
  result<void> open_env();
  result<void> map_and_open(unsigned flags);
  result<void> open_tables();
  void give_back(MDB_txn* txn);

  lmdb_options options_;
  MDB_env* env_ = nullptr;
  unsigned data_ = 0;
  unsigned meta_ = 0;
  std::mutex mutex_;               ///< guards pool_
  std::vector<MDB_txn*> pool_;     ///< reset, waiting for their next use
};

}  // namespace helios::storage
