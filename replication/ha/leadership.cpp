#include "replication/ha/leadership.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace helios::replication::ha {

leadership::leadership(const options& o, outbox& out, epoch number, time_point now) : options_(o), out_(out), lease_(o, number) {
  if (o.mode == failover_mode::automatic) renew(now);
}

time_point leadership::acknowledge_until() const {
  if (!open_) return time_point::min();
  if (options_.mode == failover_mode::manual || options_.breaks(rule::open_needs_lease)) return time_point::max();
  return lease_.deadline();
}

void leadership::renew(time_point now) {
  const auto sequence = lease_.renew(now);
  // Also those that do not vote: they may get a vote, and the lease must hold then.
  for (const auto& m : options_.members) out_.send_to(m.id, renewal{lease_.id(), sequence});
  renew_at_ = now + options_.renew_every;
}

void leadership::publish_to_missing(time_point now) {
  for (const auto& m : options_.members)
    if (!stored_by_.contains(m.id)) out_.send_to(m.id, publish{*publishing_});
  publish_at_ = now + options_.heartbeat;
}

void leadership::cohort_holds(time_point now, const config_record& config) {
  if (config.number != number() || !is_later(config, in_force_)) return;
  if (publishing_ && !is_later(config, *publishing_)) return;
  publishing_ = config;
  stored_by_.clear();
  publish_to_missing(now);
  if (options_.breaks(rule::open_needs_publication)) put_in_force(now);
}

// A config that is in force goes along: who decides an election by the new list must know it.
void leadership::members_changed(time_point now) {
  members_stored_ = false;
  stored_by_.clear();
  if (!publishing_ && in_force_.version != 0) publishing_ = in_force_;
  if (publishing_) publish_to_missing(now);
  if (options_.mode == failover_mode::automatic && !lease_.ended()) renew(now);
}

void leadership::reachable(time_point now, const std::set<node_id>& voters) {
  if (options_.mode != failover_mode::manual || options_.strict || !publishing_ || !is_later(*publishing_, in_force_)) return;
  if (std::includes(stored_by_.begin(), stored_by_.end(), voters.begin(), voters.end())) put_in_force(now);
}

void leadership::stored(time_point now, const node_id& by, const published& m) {
  if (!publishing_ || m.number != number() || m.version != publishing_->version || m.members != options_.members_id) return;
  if (options_.find(by) == nullptr) return;
  stored_by_.insert(by);
  const auto voters = std::count_if(options_.members.begin(), options_.members.end(),
                                    [this](const member_entry& member) { return member.voter && stored_by_.contains(member.id); });
  if (static_cast<std::uint32_t>(voters) >= options_.quorum()) {
    members_stored_ = true;
    if (is_later(*publishing_, in_force_)) put_in_force(now);
  }
  if (stored_by_.size() == options_.members.size()) publishing_.reset();
}

void leadership::put_in_force(time_point now) {
  in_force_ = *publishing_;
  const bool exposed = in_force_.acks_needed == 0;
  out_.put(config_in_force{in_force_});
  out_.put(note{exposed ? note::level::warning : note::level::info, "config_in_force",
                fmt::format("config {} of epoch {} is in force: {} of {} standbys acknowledge{}", in_force_.version, number().value,
                            in_force_.acks_needed, in_force_.members.size(),
                            exposed ? "; this node alone holds new commits, no other can take over without loss" : "")});
  open_if_ready(now);
}

void leadership::granted(time_point now, const node_id& by, const renewal_granted& m) {
  if (m.lease != lease_.id()) return;
  lease_.granted(now, by, m.sequence);
  open_if_ready(now);
}

void leadership::open_if_ready(time_point now) {
  if (open_ || lease_.ended() || in_force_.number != number()) return;
  const bool held = options_.mode == failover_mode::manual || lease_.held(now) || options_.breaks(rule::open_needs_lease);
  if (!held) return;
  open_ = true;
  out_.info("open", fmt::format("open for writes in epoch {}", number().value));
  out_.put(open_writes{number()});
  out_.put(announce{options_.self, number(), true});
  for (const auto& m : options_.members)
    if (m.id != options_.self) out_.send_to(m.id, new_leader{number(), options_.incarnation, true});
}

void leadership::close(const std::string& why) {
  if (!std::exchange(open_, false)) return;
  out_.warning("close", fmt::format("closed for writes in epoch {}: {}", number().value, why));
  out_.put(close_writes{number(), why});
  out_.put(announce{options_.self, number(), false});
}

void leadership::tick(time_point now) {
  if (lease_.ended()) return;
  if (options_.mode == failover_mode::automatic) {
    if (open_ && !lease_.held(now) && !options_.breaks(rule::open_needs_lease)) close("the lease could not be renewed in time");
    if (now >= renew_at_) renew(now);
  }
  if (publishing_ && now >= publish_at_) publish_to_missing(now);
}

void leadership::end(const std::string& why) {
  close(why);
  lease_.end();
}

time_point leadership::next_wake_up() const {
  if (lease_.ended()) return time_point::max();
  auto out = time_point::max();
  if (options_.mode == failover_mode::automatic) {
    out = renew_at_;
    if (open_ && !options_.breaks(rule::open_needs_lease)) out = std::min(out, lease_.deadline());
  }
  if (publishing_) out = std::min(out, publish_at_);
  return out;
}

}  // namespace helios::replication::ha
