#pragma once
// Where a data node's transactions send their commits: to the WAL writer while the node leads; on a standby they are refused. The SQL
// database keeps one reference to it across a promotion. Any thread.

#include <atomic>

#include "storage/engine.hpp"

namespace helios::actors {

class role_sink final : public storage::commit_sink {
 public:
  void submit(storage::commit_unit_ptr unit) override {
    if (auto* to = target_.load(std::memory_order_acquire)) return to->submit(std::move(unit));
    if (unit->acknowledged) unit->acknowledged->complete(error{errc::refused, "a standby takes no commits of its own"});
  }
  /// The node leads. `to` outlives the sessions.
  void lead_with(storage::commit_sink& to) { target_.store(&to, std::memory_order_release); }

 private:
  std::atomic<storage::commit_sink*> target_{nullptr};
};

}  // namespace helios::actors
