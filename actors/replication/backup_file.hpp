#pragma once
// The file into which a standby receives a base backup. One thread. Durable, with its name, when finish() returned well;
// an unfinished file is removed by the destructor, and overwritten by the next attempt.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "storage/env/env.hpp"

namespace helios::actors {

class backup_file {
 public:
  static result<std::unique_ptr<backup_file>> create(const std::filesystem::path& path, std::uint64_t bytes);
  ~backup_file();

  /// errc::protocol when `offset` is not where the file ends, or the bytes exceed what was announced.
  result<void> append(std::uint64_t offset, std::string_view bytes);
  result<void> finish();
  const std::filesystem::path& path() const { return path_; }

 private:
  backup_file(std::filesystem::path path, std::unique_ptr<storage::file> file, std::uint64_t bytes)
      : path_(std::move(path)), file_(std::move(file)), expected_(bytes) {}

  std::filesystem::path path_;
  std::unique_ptr<storage::file> file_;
  std::uint64_t expected_, written_ = 0;
  bool finished_ = false;
};

}  // namespace helios::actors
