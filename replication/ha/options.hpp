#pragma once
// Settings of the failover rules, the same on every member of a cluster, and the check of the inequalities between them. Times
// are in the member's own clock. Once a member runs, only its list of members changes.

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "replication/ha/types.hpp"

namespace helios::replication::ha {

/// Rules that a test may break on purpose, to show that the simulator would notice. Never set outside tests.
enum class rule : std::uint8_t {
  promise_is_durable,         ///< a promise is fsynced before its reply
  one_vote_per_epoch,         ///< a voter promises an epoch to one candidate only
  epochs_only_grow,           ///< a lower epoch than promised is refused
  grant_excludes_others,      ///< while a grant lives, no promise and no grant to another (either alone would do)
  deadline_from_send_time,    ///< the lease counts from when a renewal was sent, not from its answer
  deadline_needs_quorum,      ///< the Q-th newest renewal counts, not the newest
  guard_covers_drift,         ///< the guard is subtracted and the voter adds the drift
  rebooted_voter_waits,       ///< a voter with a grant in its record waits one lease after its start
  release_names_incarnation,  ///< a release ends only the lease of the process that it names
  released_stays_released,    ///< a holder that released its lease never renews it
  win_needs_quorum,           ///< promises of Q voters
  win_needs_cover,            ///< |R| >= |S| - K + 1, or the old leader
  win_by_latest_config,       ///< the latest config among the promises decides, ordered by (epoch, version)
  most_log_leads,             ///< nobody leads who holds less than one of R
  epoch_before_length,        ///< logs compare by (epoch, LSN)
  incomplete_covers_nothing,  ///< a store being replaced does not count in R, and its node does not campaign
  promise_after_drain,        ///< the log position is read after the WAL writer is fenced and drained
  open_needs_publication,     ///< writes open only when a config of the epoch is stored by Q voters
  open_needs_lease,           ///< writes open, and are acknowledged, only under a lease
  publish_after_cohort_holds, ///< a config goes to the voters when its own cohort holds its record
  step_down_on_higher_epoch,  ///< a leader that hears of a higher promise closes
  members_change_in_turn,     ///< the members change only when the list before is stored by its own majority, in this epoch
  latest_members_decide,      ///< members, candidates above all, go by the latest list that anybody shows, not only by what a leader sends
  count
};
using broken_rules = std::bitset<static_cast<std::size_t>(rule::count)>;
const char* to_string(rule r);

enum class failover_mode : std::uint8_t {
  manual,     ///< no leases, no campaigns but by command: who led last goes on
  automatic,
};

struct options {
  node_id self;
  std::uint64_t incarnation = 1;              ///< of this process; differs from start to start
  std::string cluster_id;
  std::vector<member_entry> members;          ///< this one included, unless it was removed; what `members_id` names
  membership_id members_id;
  sync_mode own_mode = sync_mode::async;      ///< of this node as a standby; ignored on a witness
  std::uint32_t own_priority = 100;           ///< the greater leads where logs are equal; 0: never by itself
  node_id first_primary;                      ///< leads a cluster that never had a leader
  failover_mode mode = failover_mode::manual;

  std::chrono::milliseconds lease{2'000};     ///< T: 500 ms to 60 s
  std::chrono::milliseconds renew_every{500}; ///< at most T / 4
  std::chrono::milliseconds heartbeat{250};
  std::chrono::milliseconds suspect_after{1'000};
  double drift = 0.001;                       ///< a clock is at most this fraction too fast or too slow; to 0.1
  std::chrono::milliseconds guard{20};        ///< taken off the holder's deadline; at least T * drift
  std::chrono::milliseconds campaign_timeout{1'000};  ///< one attempt, from pre-vote to the answer of the voters
  std::chrono::milliseconds retry_jitter{150};        ///< candidates wait up to this at random, so that they do not collide
  std::chrono::milliseconds start_wait{500};          ///< manual: a starting primary that does not hear everybody listens this long

  bool strict = false;                        ///< cohort policy
  std::uint32_t sync_acks = 1;                ///< K wanted
  /// Lets an async standby take over by itself when it is at most so far behind what it last heard of the leader's log. Loses
  /// acknowledged commits; unset: never.
  std::optional<std::uint64_t> async_lag_bytes_max;

  std::uint64_t seed = 1;                     ///< of the jitter
  broken_rules mutations;                     ///< tests only

  const member_entry* find(const node_id& id) const;
  const member_entry& own() const;            ///< requires a validated `self`, not removed since
  std::uint32_t voters() const;
  std::uint32_t quorum() const { return voters() / 2 + 1; }
  /// How long a voter that granted refuses others: T * (1 + drift), rounded up.
  duration grant_period() const;
  bool breaks(rule r) const { return mutations.test(static_cast<std::size_t>(r)); }
};

/// errc::invalid_argument with the inequality that does not hold, as "lease >= 4 * renew_every: 2000 ms < 4 * 600 ms".
result<void> validate(const options& o);

}  // namespace helios::replication::ha
