#pragma once
// One life of a data node's store: the engine, the SQL database and the actors on top of them, from opening to closing. Owned
// by data_node; used by its main thread, but what says otherwise.
//
// I1 Everything that uses the engine has ended when stop() returns; then the engine is closed.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/ha/ha_facts.hpp"
#include "actors/ha/peer_book.hpp"
#include "actors/handles/checkpointer.hpp"
#include "actors/node/data_facts.hpp"
#include "actors/node/node_status.hpp"
#include "actors/node/role_sink.hpp"
#include "actors/runtime/actor_runtime.hpp"
#include "actors/session/session_services.hpp"

namespace helios::actors {

class generation {
 public:
  struct environment {
    actor_runtime& runtime;
    const config::node_options& options;
    net::local_node self;
    std::int64_t started_at_us = 0;
    std::function<void(epoch)> heard_epoch;
    std::function<epoch()> highest_epoch;
    std::function<void()> changed;            ///< any thread
    std::function<void(node_order)> order;    ///< any thread
    std::function<node_id()> current_primary; ///< any thread; whom writes are forwarded to
    /// What the failover agent knows, and whom to tell that a cohort holds its own record.
    std::shared_ptr<const ha_facts> ha;
    std::shared_ptr<const peer_book> peers;
    std::function<void(replication::ha::config_record)> cohort_held;
    std::function<void()> caught_up;          ///< as of the WAL receiver
    std::function<sync_mode()> mode;          ///< of this node as a standby; any thread
    std::function<void(agent_command)> command;  ///< to the agent, any thread
  };
  /// `truncate_to`: cut the log there first. The node then waits for follow() or take_lead(). errc::corrupt and others, with advice.
  static result<std::unique_ptr<generation>> start(environment use, std::optional<lsn> truncate_to);
  ~generation();

  /// Opens the PostgreSQL port, once.
  result<void> open();
  /// Streams from this primary from now on, whomever it followed before. Sessions stay.
  void follow(const node_id& primary);
  /// The number of the stream that follow() began; 0 when it follows nobody.
  std::uint64_t stream() const { return stream_; }
  /// Follows nobody: when it returns, nothing more is received and the log stands still. Not while leading.
  void halt();
  /// Leads from now on, not yet open for writes; sessions that read stay. Gives the end of the record of `opening`.
  result<lsn> take_lead(epoch number, storage::cohort_config opening);
  const storage::engine* store() const { return engine_.get(); }
  /// May take writes now.
  void open_writes();
  /// New write transactions wait until resume_writes(); watchers are told that this node takes no writes. `drained` is called
  /// when the last running one has ended (any thread): drained_at() then says where the log ends, unless writes were resumed meanwhile.
  void hold_writes(std::function<void()> drained);
  void resume_writes();
  std::optional<lsn> drained_at() const;
  /// Ends the sessions within `grace`, then everything else, and closes the engine. Blocks.
  void stop(std::chrono::milliseconds grace);

  // --- any thread, while it lives ---
  /// Takes no writes from here on, and ends the sessions that are there; open_writes() may follow.
  void close_writes(const std::string& why);
  void rule_published_as(std::uint64_t version);
  /// Where the log ends, fsynced, for the failover rules.
  replication::ha::log_state log_now() const;
  bool is_open() const { return open_; }
  /// False on a standby, and on a primary that may not take writes (yet, or any more).
  bool writable() const;
  void accept_standby(net::peer_link_ptr link);
  void accept_forwarded(net::peer_link_ptr link);
  void primary_heard();
  /// What the generation knows of itself.
  void describe(node_status& out) const;

 private:
  explicit generation(environment use);
  result<void> open_store(std::optional<lsn> truncate_to);
  result<void> start_lead(epoch number, storage::cohort_config opening);
  result<void> bootstrap();
  std::optional<std::string> not_accepting() const;
  void await_last_sessions(bool deposed);
  void make_services();
  void start_checkpointer();
  upstream_target upstream() const;

  environment use_;
  node_supervisor_handle supervisor_;
  std::unique_ptr<storage::engine> engine_;      ///< null on a standby that has no store yet
  std::unique_ptr<role_sink> sink_;
  std::shared_ptr<session_directory> sessions_;
  std::unique_ptr<data_facts> facts_;
  std::unique_ptr<primary_lead> lead_;
  std::unique_ptr<sql::database> db_;
  mutable std::mutex follow_mutex_;              ///< guards the pointer
  std::shared_ptr<standby_follow> follow_;
  std::uint64_t stream_ = 0;
  session_services_ptr services_;
  checkpointer_handle checkpointer_;
  std::unique_ptr<net::listener> clients_;
  std::atomic<bool> open_{false}, leads_{false};
  /// Between open_writes() and close_writes().
  std::atomic<bool> writes_open_{false};
  std::atomic<bool> was_open_{false};    ///< since then clients are answered under the lease only
  std::atomic<bool> held_{false};
  bool stopped_ = false;
};

}  // namespace helios::actors
