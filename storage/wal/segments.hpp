#pragma once
// The segment files of a log: `<first LSN, 16 hex digits>.wal`. File offset = LSN - first; there is no file header.
// The list is guarded by its own mutex: the writer adds, the checkpoint thread recycles, senders look up.
//
// I1 Segments are contiguous: each begins where the one before it ends. Only the last one is written to.
// I2 A segment is fsynced before its successor is created: all but the last are durable.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/types.hpp"
#include "storage/env/env.hpp"

namespace helios::storage {

struct segment_ref {
  lsn first;
  std::filesystem::path path;
};

class segment_list {
 public:
  static result<std::unique_ptr<segment_list>> open(env& environment, const std::filesystem::path& directory);

  std::vector<segment_ref> all() const;
  bool empty() const;
  lsn oldest() const;
  /// The segment that holds `position`, and where the next one begins (nothing for the last).
  struct found {
    segment_ref segment;
    std::optional<lsn> next;
  };
  std::optional<found> find(lsn position) const;

  /// Creates the file and makes its name durable.
  result<std::unique_ptr<file>> create(lsn first);
  result<std::unique_ptr<file>> open_last();
  /// Removes the last segments that begin at or after `from`, newest first.
  result<void> remove_from(lsn from);
  /// Removes the oldest segments that end at or before `below`, oldest first; never the last one.
  result<void> recycle(lsn below);

 private:
  segment_list(env& environment, std::filesystem::path directory)
      : env_(environment), directory_(std::move(directory)) {}
  std::filesystem::path path_of(lsn first) const;

  env& env_;
  std::filesystem::path directory_;
  mutable std::mutex mutex_;
  std::vector<lsn> firsts_;  ///< ascending
};

}  // namespace helios::storage
