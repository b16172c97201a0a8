#pragma once
// Messages of the failover agent: the actor that owns a member of the failover rules (replication/ha).

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <functional>
#include <string>

#include "replication/ha/membership_change.hpp"

namespace helios::actors {

/// Bytes of a message of another member (replication/ha/message_codec.hpp).
struct member_said {
  node_id from;
  std::string bytes;
};
/// The link to a member broke.
struct member_lost {
  node_id peer;
};
struct agent_tick {
  std::uint64_t number = 0;
};

// --- answers of the data plane to the agent's actions ---
struct data_fenced {
  epoch number;
  replication::ha::log_state log;
};
struct data_leads {
  epoch number;
  lsn at;                      ///< end of EPOCH-START and its config, fsynced
};
struct cohort_held {
  replication::ha::config_record config;
};
struct writes_drained {
  lsn end;
};

/// What an operator asks for. `done` gets an empty string, or why it failed; on the agent's thread.
struct agent_command {
  enum class kind : std::uint8_t { switchover, failover, pause, resume, step_down, members } what{};
  node_id target;              ///< of switchover; empty: the agent chooses
  bool accept_data_loss = false;
  replication::ha::member_change change;  ///< of members
  std::chrono::milliseconds timeout{10'000};
  std::function<void(std::string failure)> done;
};
/// Of this node as a standby.
struct own_mode_changed {
  sync_mode mode{};
};
/// The launcher has reaped that process.
struct process_reaped {
  node_id node;
  std::uint64_t incarnation = 0;
};
/// The state of some node shows a list of members.
struct members_shown {
  std::string bytes;           ///< replication/ha/message_codec.hpp
};
struct stop_agent {};

using ha_agent_handle =
    caf::typed_actor<caf::reacts_to<member_said>, caf::reacts_to<member_lost>, caf::reacts_to<agent_tick>, caf::reacts_to<data_fenced>,
                     caf::reacts_to<data_leads>, caf::reacts_to<cohort_held>, caf::reacts_to<writes_drained>,
                     caf::reacts_to<agent_command>, caf::reacts_to<own_mode_changed>, caf::reacts_to<process_reaped>, caf::reacts_to<members_shown>,
                     caf::reacts_to<stop_agent>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::member_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::member_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::agent_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::data_fenced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::data_leads)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::cohort_held)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::writes_drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::agent_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::own_mode_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::process_reaped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::members_shown)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_agent)
