#pragma once
// Decides who belongs to the sync cohort: a standby joins once it streams and has flushed past the last config record; under
// the policy `available` one that stays silent leaves it, so that writes go on degraded, and returns when it has caught up.
// Under `strict` nobody leaves by silence. Pure; asked by the owner of the commit rule on every tick and every change.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/types.hpp"
#include "replication/commit_rule.hpp"

namespace helios::replication {

struct planner_options {
  bool strict = false;              ///< policy strict; otherwise available
  std::uint32_t sync_acks = 1;      ///< K wanted
  std::chrono::milliseconds sync_timeout{5'000};
};

/// What the primary knows of one standby, connected or not.
struct standby_view {
  node_id id;
  sync_mode mode{};
  bool streaming = false;           ///< past catch-up
  bool left = false;                ///< said goodbye: no grace period
  lsn flushed;
  std::chrono::steady_clock::time_point last_heard{};
};

struct cluster_view {
  cohort current;                   ///< the newest, in force or proposed
  lsn current_since;                ///< end of its record
  std::chrono::steady_clock::time_point started;  ///< when this node began to lead: counts as heard for members not met yet
  std::chrono::steady_clock::time_point now;
  std::vector<standby_view> standbys;
  std::vector<node_id> gone = {};   ///< no members of the cluster any more: they leave, whatever the policy
};

/// The cohort to propose next (version + 1), or nothing when the current one is right.
std::optional<cohort> plan_cohort(const cluster_view& view, const planner_options& options);

/// True when commits wait for fewer sync standbys than wanted: shown in views, /health, metrics and the log.
bool is_degraded(const cohort& current, const std::vector<standby_view>& standbys, const planner_options& options);

}  // namespace helios::replication
