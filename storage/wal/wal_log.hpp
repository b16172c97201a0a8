#pragma once
// The log of one store: appends records, fsyncs, cuts, recycles and reads back. The engine calls the writing part under
// its writer mutex; read(), recycle() and the positions may be used by any thread at the same time.
//
// I1 written() only covers complete records; what a reader gets below it never changes until it is cut.
// I2 After a failed fsync, or a failed write that could not be undone, every further append is refused (errc::io).
// I3 A full disk leaves the log as it was; the append may be tried again.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "storage/engine.hpp"
#include "storage/env/env.hpp"
#include "storage/wal/mark.hpp"
#include "storage/wal/record.hpp"
#include "storage/wal/replay.hpp"
#include "storage/wal/segments.hpp"

namespace helios::storage {

struct wal_options {
  std::filesystem::path directory;
  std::uint64_t segment_bytes = 0;
  std::uint64_t record_bytes_max = 0;
  bool sync_enabled = true;
};

class wal_log {
 public:
  /// An empty log that begins at `first`, durable on return.
  static result<void> create(env& environment, const std::filesystem::path& directory, lsn first);
  /// Checks and replays the records from `replay_from`, cuts a torn tail (or the log at `truncate_to`), and leaves all
  /// of it fsynced. errc::corrupt, with advice, when a record that was durable does not check.
  static result<std::unique_ptr<wal_log>> open(env& environment, wal_options options, lsn replay_from,
                                               std::optional<lsn> truncate_to, replay_target& target);
  ~wal_log();

  lsn written() const { return lsn{written_.load(std::memory_order_acquire)}; }
  lsn flushed() const { return lsn{flushed_.load(std::memory_order_acquire)}; }
  lsn oldest() const { return segments_->oldest(); }
  std::uint64_t fsyncs() const { return fsyncs_.load(std::memory_order_relaxed); }

  // --- writer ---
  /// Whole records that begin at written().
  result<void> append(std::string_view records);
  result<lsn> sync();
  /// What follows is this node's own (false) or received from a primary (true). Durable on return.
  result<void> set_received(bool received);

  // --- any thread ---
  result<wal_chunk_ptr> read(lsn from, std::size_t bytes_max) const;
  result<void> recycle(lsn below) { return segments_->recycle(below); }

 private:
  wal_log(env& environment, wal_options options) : env_(environment), options_(std::move(options)) {}
  result<void> check_usable() const;
  result<void> write_pieces(std::string_view records);
  result<void> roll(lsn first);
  result<void> sync_current();
  /// Undoes a failed append: the log ends at written() again.
  result<void> undo();
  error fail(error why);
  result<void> cut(lsn to);

  env& env_;
  wal_options options_;
  std::unique_ptr<segment_list> segments_;
  std::unique_ptr<durable_mark> mark_;
  std::unique_ptr<file> current_;
  lsn current_first_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> flushed_{0};
  std::atomic<std::uint64_t> fsyncs_{0};
  std::optional<error> failed_;
};

/// "wal/0000000000000000.wal at 4096: checksum mismatch"
std::string describe(const segment_ref& segment, lsn position, std::string_view fault);

}  // namespace helios::storage
