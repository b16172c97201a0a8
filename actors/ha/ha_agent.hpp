#pragma once
// The failover agent of a data node or observer: the shell around one member of the failover rules (replication/ha/member.hpp). It owns
// the durable record's file, gives the member time and messages, and passes its actions on. Detached: queries cannot delay it.
//
// I1 The record is fsynced before the agent takes the next action: what depends on it leaves afterwards.
// I2 A record that cannot be written ends the node: a promise that might be lost is none. On a full disk the node lives on without the
// promise, and tries again: nothing was said yet that depends on it.

#include <caf/fwd.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "actors/ha/ha_facts.hpp"
#include "actors/handles/ha_agent.hpp"
#include "base/result.hpp"
#include "config/options.hpp"
#include "replication/ha/actions.hpp"
#include "replication/ha/options.hpp"
#include "storage/env/env.hpp"

namespace helios::actors {

struct agent_environment {
  replication::ha::options rules;
  std::filesystem::path record_file;
  replication::ha::durable_record record;       ///< as read from it
  std::shared_ptr<ha_facts> facts;
  /// All of these on the agent's thread; none may block.
  std::function<void(const node_id& to, std::string bytes)> send;
  /// Of a data node: where its log ends now, fsynced. Empty on a witness.
  std::function<replication::ha::log_state()> log_now;
  /// The actions of the data plane: fence_wal, follow, lead, config_in_force, open_writes, close_writes, stop_leading, hold_writes,
  /// resume_writes, announce.
  std::function<void(replication::ha::action)> act;
  std::function<void(std::string why)> fatal;
  storage::env* env = &storage::posix_env();    ///< of the record; outlives the agent
};

/// Reads the record of `file`; a missing one is a new member's. errc::corrupt with advice, errc::refused for another cluster's.
result<replication::ha::durable_record> read_record(const std::filesystem::path& file, const std::string& cluster_id);

/// The rules of this node from its configuration. `incarnation`: how the node's launcher names this process; 0: one is drawn, so that
/// every process has another. errc::invalid_argument names the inequality that does not hold.
result<replication::ha::options> make_rules(const config::node_options& options, std::uint64_t incarnation);

ha_agent_handle spawn_ha_agent(caf::actor_system& system, agent_environment use);

}  // namespace helios::actors
