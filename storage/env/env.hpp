#pragma once
// Files and directories as the store sees them. Every file operation of storage/ except LMDB's own goes through here,
// so that tests can lose unsynced writes, tear them, or fill the disk. Any thread; one file is written by one thread.
//
// I1 Bytes are durable when sync() of their file returned well; names (create, rename, remove) when sync_directory() did.
// I2 Failures carry the path and the reason; a full disk is errc::disk_full, everything else errc::io.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace helios::storage {

class file {
 public:
  virtual ~file() = default;
  /// Writes all of `bytes`; after a failure any prefix of them may be in the file.
  virtual result<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Up to `bytes`; fewer only at the end of the file.
  virtual result<std::size_t> read_at(std::uint64_t offset, std::size_t bytes, char* to) const = 0;
  /// fdatasync.
  virtual result<void> sync() = 0;
  virtual result<void> truncate(std::uint64_t bytes) = 0;
  virtual result<std::uint64_t> size() const = 0;
};

/// Held while it lives; at most one holder per path, over all processes.
class process_lock {
 public:
  virtual ~process_lock() = default;
};

enum class open_mode { read, read_write, create };

class env {
 public:
  virtual ~env() = default;
  /// `create` opens an existing file too.
  virtual result<std::unique_ptr<file>> open(const std::filesystem::path& path, open_mode mode) = 0;
  /// Names in a directory, sorted.
  virtual result<std::vector<std::string>> list(const std::filesystem::path& directory) = 0;
  /// With its parents; no error when it exists.
  virtual result<void> make_directory(const std::filesystem::path& path) = 0;
  /// A file; no error when there is none.
  virtual result<void> remove(const std::filesystem::path& path) = 0;
  virtual result<void> remove_tree(const std::filesystem::path& path) = 0;
  virtual result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual result<void> sync_directory(const std::filesystem::path& path) = 0;
  virtual bool exists(const std::filesystem::path& path) = 0;
  /// errc::busy when another process (or engine) holds it.
  virtual result<std::unique_ptr<process_lock>> lock(const std::filesystem::path& path) = 0;
  /// Names a durable step that begins or ended. Does nothing outside crash tests.
  virtual void reached(std::string_view step) { (void)step; }
};

env& posix_env();

/// The whole file.
result<std::string> read_file(env& environment, const std::filesystem::path& path);
/// Replaces `path` by a file with these bytes: the old content or the new, and durable on return.
result<void> replace_file(env& environment, const std::filesystem::path& path, std::string_view bytes);
/// errc::disk_full for ENOSPC and EDQUOT, else errc::io; "<what> <path>: <strerror>".
error system_error(std::string_view what, const std::filesystem::path& path, int code);

}  // namespace helios::storage
