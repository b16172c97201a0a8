#pragma once
// The commit gate of a primary: owns the commit rule (docs/protocol.md). It hears what is written and fsynced here and what
// the standbys hold, moves the watermark, tells the standbys of it, and then answers the commits below it. It also plans the
// cohort and decides how much WAL is kept. Detached: queries cannot delay it.
//
// I1 The watermark goes to the kernel's socket buffers of the standbys before the client's answer does: a kill of this process
//    right after an acknowledgement leaves a standby that shows the commit.
// I2 It is not restarted: without it no commit has an owner, and the process ends.

#include <caf/fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/ha/peer_book.hpp"
#include "actors/handles/commit_gate.hpp"
#include "actors/replication/standby_board.hpp"
#include "config/options.hpp"
#include "sql/database.hpp"

namespace helios::actors {

/// What others may know of the gate. Any thread.
class gate_facts {
 public:
  /// Every commit that this primary found in its log at its start has met the rule: it may serve.
  std::atomic<bool> open{false};
  std::atomic<bool> degraded{false};
  std::atomic<std::uint64_t> acknowledged{0};      ///< commits answered
  std::atomic<std::uint64_t> waiting{0};           ///< commits written and not yet answered
  std::atomic<std::uint64_t> cohort_version{0};
  /// "2 members, 1 acknowledgement: standby-sync"
  std::string cohort() const;
  void set_cohort(std::string text);

 private:
  mutable std::mutex mutex_;
  std::string cohort_;
};

/// What the primary's lead rests on (docs/protocol.md): its cohorts are in force once voters have stored them, and under automatic
/// failover it acknowledges with a lease only.
struct elected_terms {
  storage::cohort_config opening;   ///< its record follows EPOCH-START in the log
  lsn opening_end;
  /// This node and the cohort itself hold the record: the voters may store it. Said again until rule_published. Must not block.
  std::function<void(const storage::cohort_config&)> cohort_held;
  /// Right before each acknowledgement. Any thread.
  std::function<bool()> may_acknowledge;
  /// False from the moment the lead is given up: the log ends where the successor has it, and takes no config any more.
  std::function<bool()> leads;
};

struct gate_environment {
  storage::engine& engine;
  sql::database& db;
  const config::node_options& options;
  std::shared_ptr<const peer_book> peers;
  std::shared_ptr<standby_board> standbys;
  std::shared_ptr<gate_facts> facts;
  wal_writer_handle writer;
  /// Where the log ended when this primary began to lead, its own EPOCH-START included.
  lsn led_from;
  /// The node opened, or the cohort changed: watchers want to know. Any thread.
  std::function<void()> changed;
  elected_terms elected;
};

/// Follows the writer by itself. The environment's references outlive the actor.
commit_gate_handle spawn_commit_gate(caf::actor_system& system, gate_environment use);

}  // namespace helios::actors
