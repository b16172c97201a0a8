#pragma once
// A disk that fails on demand, over a real directory: it fails the n-th write or fsync, tears a write, stops the process
// at a named step, and afterwards loses what was not fsynced. For tests; one thread unless said otherwise.
//
// I1 It models inodes and directory entries: content survives by its file's sync(), a name by sync_directory().
// I2 After the stop nothing reaches the disk any more, whatever destructors try.
// I3 Files that others write (LMDB's, which fsyncs them itself) keep the content they had at the stop.

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/env/env.hpp"

namespace helios::storage::test {

/// Thrown by reached() where the process is to end.
struct simulated_crash : std::exception {
  const char* what() const noexcept override { return "simulated crash"; }
};

/// What survives of bytes and names that were not fsynced: the process died alone, or the machine did.
enum class survives { everything, half, nothing };

class fault_env final : public env {
 public:
  /// Only what lies under `root` is watched; what is there already is durable.
  explicit fault_env(std::filesystem::path root);
  ~fault_env() override;

  // --- faults ---
  /// The step after which `steps` more may be reached ends the process.
  void stop_after_steps(std::size_t steps) { steps_left_ = steps; }
  const std::vector<std::string>& steps() const { return steps_; }
  /// Called at each step, before it may end the process.
  std::function<void(std::string_view)> at_step;
  bool stopped() const { return stopped_; }
  /// Builds on the disk what a restart would find, and lives on.
  void restart(survives unsynced);
  /// The write after `writes` more fails with `code`, its first half written.
  void fail_write_after(std::size_t writes, int code) { write_fault_ = fault{writes, code}; }
  /// Of files and directories.
  void fail_sync_after(std::size_t syncs, int code) { sync_fault_ = fault{syncs, code}; }

  // --- env ---
  result<std::unique_ptr<file>> open(const std::filesystem::path& path, open_mode mode) override;
  result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  result<void> make_directory(const std::filesystem::path& path) override;
  result<void> remove(const std::filesystem::path& path) override;
  result<void> remove_tree(const std::filesystem::path& path) override;
  result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  result<void> sync_directory(const std::filesystem::path& path) override;
  bool exists(const std::filesystem::path& path) override { return posix_env().exists(path); }
  result<std::unique_ptr<process_lock>> lock(const std::filesystem::path& path) override;
  void reached(std::string_view step) override;

 private:
  struct inode;
  using inode_ptr = std::shared_ptr<inode>;
  using entries = std::map<std::string, inode_ptr>;
  struct inode {
    bool is_directory = false;
    bool is_foreign = true;  ///< never synced through this env: its content counts as it is
    std::string durable;     ///< of a file
    entries live, kept;      ///< of a directory
  };
  struct fault {
    std::size_t left;
    int code;
  };
  class watched_file;

  inode_ptr scan(const std::filesystem::path& path);
  void rescan(inode& directory, const std::filesystem::path& path);
  inode* find(const std::filesystem::path& path);
  void keep_content(const inode_ptr& what, const std::filesystem::path& path);
  void build(const inode& from, const std::filesystem::path& path, survives unsynced) const;
  static std::optional<int> due(std::optional<fault>& what);
  result<void> check_alive(const std::filesystem::path& path) const;

  std::filesystem::path root_;
  inode_ptr tree_;
  std::vector<std::string> steps_;
  std::optional<std::size_t> steps_left_;
  std::optional<fault> write_fault_, sync_fault_;
  bool stopped_ = false;
};

}  // namespace helios::storage::test
