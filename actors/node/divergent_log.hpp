#pragma once
// What a node had in its log beyond the point where the new primary's log goes another way: set aside before it is cut, so that an
// operator can see what it was. None of it was acknowledged unless somebody accepted data loss. Main thread of the data node.

#include <cstdint>
#include <filesystem>

#include "storage/engine.hpp"

namespace helios::actors {

struct archived_log {
  std::filesystem::path wal;     ///< the records as they were (storage's FORMAT.md)
  std::filesystem::path list;    ///< a line for each transaction: its id, commit time, position and length
  std::uint64_t transactions = 0;
  std::uint64_t bytes = 0;       ///< 0: the log ends at `from`, and no file was written
};

/// Copies the log from `from` (a record boundary) to its end into `directory`, fsynced; what is recycled is left out. A copy that a
/// crash interrupted is made again. errc::io, errc::disk_full.
result<archived_log> archive_log(const storage::engine& store, lsn from, const std::filesystem::path& directory);
/// The same, and says in the log what will be cut.
result<void> set_log_aside(const storage::engine& store, lsn fork, const std::filesystem::path& directory);

}  // namespace helios::actors
