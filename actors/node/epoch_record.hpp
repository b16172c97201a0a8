#pragma once
// The highest epoch that an observer has heard of, as a small file: "epoch N". Durable before anybody is told of it. Any
// thread (one mutex, held while the file is written).

#include <filesystem>
#include <memory>
#include <mutex>

#include "base/result.hpp"
#include "base/types.hpp"

namespace helios::actors {

class epoch_record {
 public:
  /// A missing file is epoch 0; one that is not understood is errc::corrupt, with what to do.
  static result<std::unique_ptr<epoch_record>> open(const std::filesystem::path& directory);

  /// The highest, durable one.
  epoch highest() const;
  /// Raises it; a lower number changes nothing.
  result<void> raise(epoch to);

 private:
  explicit epoch_record(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  mutable std::mutex mutex_;
  epoch highest_;
};

}  // namespace helios::actors
