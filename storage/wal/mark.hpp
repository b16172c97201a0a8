#pragma once
// The two marks of a log: small files beside its segments that say how far this node had come. Each is written now and
// then, without an fsync of its own: what it says is always true and may be old.
//
// The durable mark says how far the log was fsynced, and is written after each fsync. With it a bad record below the mark
// is known to be damage and not a torn tail. It also remembers from where on the log was received from a primary: there
// the `durable` field of a record speaks of the primary's disk and not of this one. Owned by wal_log; writer thread.
//
// The visible mark says how far the log was shown to queries. What was shown had met the commit rule, so a restarted node
// may show it again at once, before any peer has answered. Owned by the engine; one thread at a time.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "storage/env/env.hpp"

namespace helios::storage {

/// What both are: a magic, some numbers and a checksum, written in one piece.
class mark_file {
 public:
  /// A missing or damaged file holds what `numbers` says.
  static result<mark_file> open(env& environment, const std::filesystem::path& path, std::string_view magic,
                                std::vector<std::uint64_t> numbers);
  std::uint64_t operator[](std::size_t index) const { return numbers_[index]; }
  /// Written, not synced; does nothing when the file holds them already. After a failure the old numbers count.
  result<void> write(std::vector<std::uint64_t> numbers);
  result<void> sync() { return file_->sync(); }

 private:
  mark_file(std::unique_ptr<file> opened, std::string_view magic, std::vector<std::uint64_t> numbers)
      : file_(std::move(opened)), magic_(magic), numbers_(std::move(numbers)) {}

  std::unique_ptr<file> file_;
  std::string_view magic_;
  std::vector<std::uint64_t> numbers_;
  bool as_written_ = false;  ///< the file is known to hold the numbers
};

struct mark_state {
  lsn durable;
  lsn received_from = lsn{UINT64_MAX};  ///< first byte of the received part; the maximum when this node wrote all of it
};

class durable_mark {
 public:
  static result<std::unique_ptr<durable_mark>> open(env& environment, const std::filesystem::path& path);
  mark_state state() const { return {lsn{file_[0]}, lsn{file_[1]}}; }
  /// Written, not synced.
  result<void> note(lsn durable) { return file_.write({durable.value, file_[1]}); }
  /// Written and synced: before the log is cut, and when the role changes.
  result<void> set(mark_state state);

 private:
  explicit durable_mark(mark_file opened) : file_(std::move(opened)) {}

  mark_file file_;
};

class visible_mark {
 public:
  static result<std::unique_ptr<visible_mark>> open(env& environment, const std::filesystem::path& path);
  lsn read() const { return lsn{file_[0]}; }
  /// Written, not synced.
  result<void> note(lsn visible) { return file_.write({visible.value}); }
  /// Written and synced: where the log was cut, an older mark may promise what is no longer there.
  result<void> set(lsn visible);

 private:
  explicit visible_mark(mark_file opened) : file_(std::move(opened)) {}

  mark_file file_;
};

}  // namespace helios::storage
