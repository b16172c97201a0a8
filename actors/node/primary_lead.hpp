#pragma once
// Leading: the actors that a primary has on top of its engine, and their order of start and stop. Owned by the data node; used
// by its main thread, but accept_standby(), which any thread may call.

#include <caf/actor_system.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/handles/node_supervisor.hpp"
#include "actors/replication/commit_gate.hpp"
#include "actors/replication/standby_sender.hpp"
#include "actors/replication/wal_writer.hpp"

namespace helios::actors {

class primary_lead {
 public:
  struct environment {
    caf::actor_system& system;
    storage::engine& engine;
    const config::node_options& options;
    std::shared_ptr<const peer_book> peers;
    node_supervisor_handle supervisor;
    std::function<void()> changed;
    /// The commit gate's terms. `opening` and `opening_end` are set by start().
    elected_terms elected;
  };
  /// Begins this primary's epoch, durable on return, and starts the WAL writer. `opening`: the cohort that it begins
  /// with; its record follows EPOCH-START. errc::io, errc::disk_full.
  static result<std::unique_ptr<primary_lead>> start(environment use, epoch number, storage::cohort_config opening);
  ~primary_lead();

  storage::commit_sink& sink() { return sink_; }
  const gate_facts& gate() const { return *gate_facts_; }
  const standby_board& standbys() const { return *standbys_; }
  /// From here on commits are answered. `db` stands on the same engine.
  void open_gate(sql::database& db);
  void accept_standby(net::peer_link_ptr link);
  /// The voters have stored this cohort. Version 0: only look again, the lease may be there now.
  void rule_published_as(std::uint64_t version);
  /// End of the log when this primary began: EPOCH-START and the opening cohort's record.
  lsn led_from() const { return led_from_; }
  /// After the sessions have ended: writes what waits, lets the standbys acknowledge it, says goodbye to them. Blocks.
  void stop(std::chrono::milliseconds within);

 private:
  explicit primary_lead(environment use);
  void await_acknowledged(std::chrono::steady_clock::time_point until);

  environment use_;
  wal_writer_handle writer_;
  wal_commit_sink sink_;
  commit_gate_handle gate_;
  std::shared_ptr<standby_board> standbys_ = std::make_shared<standby_board>();
  std::shared_ptr<gate_facts> gate_facts_ = std::make_shared<gate_facts>();
  lsn led_from_;
  std::mutex mutex_;  ///< guards the two below
  std::vector<standby_sender_handle> senders_;
  bool accepting_ = false;
};

}  // namespace helios::actors
