#pragma once
// What others may know of a node's failover agent: whether it may acknowledge now, whom it follows, and what was decided. Written by
// the agent after every input, read by any thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/boot_clock.hpp"
#include "replication/ha/member.hpp"

namespace helios::actors {

/// One decision and its reason.
struct ha_event {
  std::int64_t time_us = 0;   ///< wall clock
  std::string name, text;
  bool critical = false;
};

class ha_facts {
 public:
  struct picture {
    replication::ha::member_role role = replication::ha::member_role::undetermined;
    node_id leader;           ///< empty: undetermined
    epoch leader_epoch, promised;
    bool open = false, paused = false;
    replication::ha::durable_record record;
    std::uint32_t voters = 0, quorum = 0;
    replication::ha::membership members;      ///< version 0: as configured
    bool removed = false;                     ///< this node is no member any more
    std::chrono::milliseconds lease_left{0};  ///< of a leader
  };

  /// Checked at admission and right before each acknowledgement and each strong read (ha_protocol, "Lease").
  bool may_acknowledge() const { return boot_now().time_since_epoch().count() < deadline_.load(std::memory_order_acquire); }
  /// Whether the lease would still hold had it not been given up: what was asked under it may be answered until then, also where this
  /// node has handed over meanwhile. A lease that ran out ends that, too.
  bool may_still_answer() const { return boot_now().time_since_epoch().count() < answer_until_.load(std::memory_order_acquire); }
  /// The epoch that this node takes part in: what its frames carry and below which it refuses.
  epoch taking_part() const { return epoch{taking_part_.load(std::memory_order_acquire)}; }
  bool leads() const { return leads_.load(std::memory_order_acquire); }
  node_id leader() const;
  picture now() const;
  /// The last ones, oldest first.
  std::vector<ha_event> events() const;
  /// How often each kind of decision was taken since the start.
  std::map<std::string, std::uint64_t> counts() const;

  // --- the agent ---
  void update(const replication::ha::member& m);
  void add(ha_event e);

 private:
  static constexpr std::size_t events_kept = 200;

  std::atomic<std::int64_t> deadline_{std::numeric_limits<std::int64_t>::min()};
  std::atomic<std::int64_t> answer_until_{std::numeric_limits<std::int64_t>::min()};  ///< the last deadline that was one
  std::atomic<std::uint64_t> taking_part_{0};
  std::atomic<bool> leads_{false};
  mutable std::mutex mutex_;  ///< guards the rest
  picture picture_;
  std::deque<ha_event> events_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace helios::actors
