#pragma once
// A data node's own mode as a standby: what its YAML says, until an operator changes it at run time. A change is kept in the file `mode` of
// the failover folder, which a replacement of the store leaves alone, together with what the YAML said then: another word in the YAML is the
// later one and counts again. Owned by the data node.

#include <atomic>
#include <filesystem>

#include "base/result.hpp"
#include "config/options.hpp"
#include "storage/env/env.hpp"

namespace helios::actors {

class standby_mode {
 public:
  /// `env` outlives it.
  explicit standby_mode(const config::node_options& options, storage::env& env = storage::posix_env());

  /// Before the first use. errc::corrupt with advice.
  result<void> load();
  /// Any thread.
  sync_mode now() const { return now_; }
  /// Durable when it returns.
  result<void> change(sync_mode to);

 private:
  storage::env& env_;
  sync_mode configured_;
  std::filesystem::path file_;
  std::atomic<sync_mode> now_;
};

}  // namespace helios::actors
