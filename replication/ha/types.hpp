#pragma once
// The values that the rules of automatic failover talk about. Trivial values without owner; docs/protocol.md explains them.

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace helios::replication::ha {

/// A clock that goes on while the machine sleeps (CLOCK_BOOTTIME), at most `options::drift` off true speed. Never wall time.
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

/// Where a log ends: the epoch of its last record, and its fsynced end. The order says who holds more: epoch first.
struct log_position {
  epoch last_epoch;
  lsn flushed;
  friend auto operator<=>(const log_position&, const log_position&) = default;
};

/// What a data node knows of its own log.
struct log_state {
  log_position at;
  /// False from the moment a base backup begins to replace the store until it is installed and has caught up with the position
  /// at which it was taken. Such a node votes, but what it acknowledged before is gone: it covers no commits in an election.
  bool complete = true;
  friend bool operator==(const log_state&, const log_state&) = default;
};

/// What a member says of itself as a holder of data. A witness says nothing but its name.
struct data_facts {
  bool data_node = false;
  sync_mode mode = sync_mode::async;  ///< as a standby
  std::uint32_t priority = 0;     ///< the greater leads where logs are equal; 0: never by itself
  log_state log;
  friend bool operator==(const data_facts&, const data_facts&) = default;
};

/// Config C of an epoch: the sync cohort S (`members`) and the acknowledgements K that a commit needs. Totally ordered by
/// (number, version); the version grows across epochs, too.
struct config_record {
  epoch number;                   ///< of the leader that wrote it
  std::uint64_t version = 0;      ///< 0: none yet
  node_id leader;
  std::vector<node_id> members;
  std::uint32_t acks_needed = 0;
  friend bool operator==(const config_record&, const config_record&) = default;
};
inline bool is_later(const config_record& a, const config_record& b) {
  return a.number != b.number ? a.number > b.number : a.version > b.version;
}

/// Whether the operators have paused automatic failover. Ordered by version; of two commands with one version the pause is the later.
struct maintenance_state {
  std::uint64_t version = 0;      ///< 0: never paused
  bool paused = false;
  friend auto operator<=>(const maintenance_state&, const maintenance_state&) = default;
};

/// Names one lease: a process of a node that leads an epoch. Incarnations of a node differ from start to start (never 0).
struct lease_id {
  node_id holder;
  std::uint64_t incarnation = 0;
  epoch number;                   ///< 0 in a launcher's release: whatever that process held
  friend bool operator==(const lease_id&, const lease_id&) = default;
};

/// A member of the cluster.
struct member_entry {
  node_id id;
  bool data_node = true;          ///< false: a witness, which votes and holds no data
  bool voter = true;
  std::string contact = {};       ///< what the shell needs to reach it; the rules only carry it. No line breaks
  friend bool operator==(const member_entry&, const member_entry&) = default;
};

/// Which list of members is meant. Totally ordered.
struct membership_id {
  epoch number;                   ///< of the leader that wrote it
  std::uint64_t version = 0;      ///< grows across epochs, too; 0: as configured, nobody has changed it yet
  friend auto operator<=>(const membership_id&, const membership_id&) = default;
};

inline constexpr std::size_t members_max = 1000;

/// The members from some change on.
struct membership {
  membership_id id;
  std::vector<member_entry> members;
  friend bool operator==(const membership&, const membership&) = default;
};

}  // namespace helios::replication::ha
