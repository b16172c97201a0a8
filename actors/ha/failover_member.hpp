#pragma once
// A node's part in failover: its agent, what others may know of it, and the files that the rules must not forget, in the folder
// `failover` of the storage directory, which a replacement of the store leaves alone. Data nodes and observers have one,
// also where only commands change the primary. Used by the node's main thread, but what says otherwise.

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "actors/ha/ha_agent.hpp"
#include "actors/ha/peer_book.hpp"

namespace helios::actors {

class failover_member {
 public:
  /// In the storage directory.
  static constexpr const char* directory_name = "failover";

  /// `incarnation`: as of make_rules.
  failover_member(caf::actor_system& system, const config::node_options& options, std::uint64_t incarnation);

  struct environment {
    /// As of agent_environment.
    std::function<void(const node_id& to, std::string bytes)> send;
    std::function<replication::ha::log_state()> log_now;
    std::function<void(replication::ha::action)> act;
    std::function<void(std::string why)> fatal;
    /// Of a data node as a standby; unset: as configured.
    std::optional<sync_mode> mode = {};
  };
  /// Reads the record and spawns the agent. errc::corrupt and errc::refused of the record, errc::invalid_argument of the rules.
  result<void> start(environment use);
  /// Gives a lease back first, so that the others need not wait for its end: blocks, for a second at most. Whom to wait for; null if
  /// it was not started.
  caf::strong_actor_ptr stop();

  /// Where a log is set aside before it is cut.
  std::filesystem::path archive() const { return directory_ / "archive"; }

  // --- any thread ---
  const std::shared_ptr<ha_facts>& facts() const { return facts_; }
  /// Changed by the node, when the agent says so.
  const std::shared_ptr<peer_book>& peers() const { return peers_; }
  bool started() const { return started_; }
  /// To the agent; what comes before start() is lost, as messages may be.
  template <class Message>
  void tell(Message message) const {
    if (started_) caf::anon_send(agent_, std::move(message));
  }

  /// Between these two the store is incomplete: it covers no commits in an election. Durable when they return.
  result<void> begin_replacing_store();
  result<void> store_is_whole();
  bool store_incomplete() const { return incomplete_; }

 private:
  std::filesystem::path mark() const { return directory_ / "incomplete"; }

  caf::actor_system& system_;
  const config::node_options& options_;
  std::uint64_t incarnation_;
  std::filesystem::path directory_;
  std::shared_ptr<ha_facts> facts_ = std::make_shared<ha_facts>();
  std::shared_ptr<peer_book> peers_;
  ha_agent_handle agent_;
  std::atomic<bool> started_{false}, incomplete_{false};
};

/// Empties a storage directory but for what the failover must not forget.
result<void> remove_store(const std::filesystem::path& storage_directory);

}  // namespace helios::actors
