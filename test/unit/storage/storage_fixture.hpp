#pragma once
// A store in a directory of its own, gone with the fixture, and short words for what tests do to it.

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/engine_core.hpp"
#include "storage/lock_table.hpp"
#include "storage/sequence.hpp"
#include "storage/transaction.hpp"

namespace helios::storage::test {

class temporary_directory {
 public:
  temporary_directory() {
    // In memory where there is such a place: the tests fsync thousands of times.
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
    std::string name = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "helios-storage-XXXXXX").string();
    HELIOS_INVARIANT(::mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
    path_ = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline constexpr space_id table{20};

using rows = std::vector<std::pair<std::string, std::string>>;

inline rows read_all(cursor& from) {
  rows out;
  for (; from.valid(); from.next()) out.emplace_back(from.key(), from.value());
  return out;
}

class store_fixture {
 public:
  explicit store_fixture(env& environment = posix_env()) : env_(environment) {
    options.directory = directory_.path() / "store";
    options.map_bytes = 1ull << 30;
    options.cluster_id = "test";
  }

  result<void> try_open() {
    engine_.reset();
    auto opened = engine_core::open(options, env_);
    if (!opened) return opened.failure();
    engine_ = std::move(*opened);
    return {};
  }
  /// Opens (again) and shows all of the log.
  engine_core& open() {
    auto opened = try_open();
    HELIOS_INVARIANT(opened.ok(), opened ? "" : to_string(opened.failure()).c_str());
    engine_->advance_visible(engine_->status().applied);
    return *engine_;
  }
  void close() { engine_.reset(); }
  engine_core& store() { return *engine_; }
  bool is_open() const { return engine_ != nullptr; }
  std::filesystem::path path() const { return directory_.path(); }

  result<void> try_commit(transaction& txn) {
    direct_commit_sink sink(*engine_);
    auto unit = txn.seal(++clock_us);
    sink.submit(unit);
    return unit->acknowledged->outcome();
  }
  result<void> try_put(std::string_view key, std::string_view value, space_id space = table) {
    auto txn = engine_->begin();
    txn->put(space, key, value);
    return try_commit(*txn);
  }
  void put(std::string_view key, std::string_view value, space_id space = table) {
    const auto done = try_put(key, value, space);
    HELIOS_INVARIANT(done.ok(), done ? "" : to_string(done.failure()).c_str());
  }
  void erase(std::string_view key, space_id space = table) {
    auto txn = engine_->begin();
    txn->erase(space, key);
    const auto done = try_commit(*txn);
    HELIOS_INVARIANT(done.ok(), "an erase commits");
  }
  std::optional<std::string> get(std::string_view key, space_id space = table) {
    const auto at = engine_->take_snapshot();
    const auto found = at->get(space, key);
    if (!found) return std::nullopt;
    return std::string(found->value);
  }
  rows all(space_id space = table, scan_direction direction = scan_direction::forward, const key_range& range = {}) {
    const auto at = engine_->take_snapshot();
    return read_all(*at->scan(space, range, direction));
  }

  engine_options options;
  std::int64_t clock_us = 1'000'000;

 private:
  env& env_;
  temporary_directory directory_;
  std::unique_ptr<engine_core> engine_;
};

}  // namespace helios::storage::test
