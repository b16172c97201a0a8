// How a member changes its role: campaigns, leading, following.
#include <fmt/format.h>

#include <algorithm>

#include "replication/ha/member.hpp"

namespace helios::replication::ha {

// --- campaigns ---

bool member::eligible() const {
  const bool whole = log_.complete || options_.breaks(rule::incomplete_covers_nothing);
  if (!whole || options_.own_priority == 0) return false;
  const auto& config = voter_.record().config;
  const auto& last_leader = config.version == 0 ? options_.first_primary : config.leader;
  const auto in_cohort = std::find(config.members.begin(), config.members.end(), options_.self) != config.members.end();
  return mode_ != sync_mode::async || in_cohort || last_leader == options_.self || options_.async_lag_bytes_max.has_value();
}

// All grants of a dead leader end at nearly one time. So that not all candidates ask for the same epoch then, the one that should
// win begins first: most log, then priority, then name. Everybody goes by what was said in heartbeats, of its own log, too: logs
// that grow would else let each think that nobody has more.
duration member::stagger(time_point now) const {
  const auto before = std::count_if(peers_.begin(), peers_.end(), [&](const auto& p) {
    const auto& d = p.second.last.data;
    if (!p.second.last_heard || now - *p.second.last_heard >= options_.suspect_after || p.first == leader_) return false;
    if (!d.data_node || d.mode == sync_mode::async || d.priority == 0) return false;
    return ranks_before(p.first, d);
  });
  return options_.retry_jitter / 3 * before;
}

bool member::ranks_before(const node_id& peer, const data_facts& said) const {
  const std::pair own(said_, options_.own_priority), other(said.log.at, said.priority);
  return other > own || (other == own && peer < options_.self);
}

void member::consider_campaign(time_point now) {
  consider_at_ = time_point::max();
  if (role_ == member_role::witness || leadership_ || campaign_.running() || removed()) return;
  if (options_.mode == failover_mode::manual) return consider_own_lead(now);
  if (paused() || !eligible()) return;
  auto due = std::max(campaign_.not_before(), leader_heard_at_ + options_.suspect_after);
  if (const auto live = voter_.granted(now); live && live->lease.holder != options_.self) due = std::max(due, live->until);
  due += stagger(now);
  if (now < due) {
    consider_at_ = due;
    return;
  }
  campaign::request r;
  r.released = released_;
  if (options_.async_lag_bytes_max) {
    lsn end;
    for (const auto& [id, peer] : peers_)
      if (peer.last.leader == id) end = std::max(end, peer.last.data.log.at.flushed);
    if (end > lsn{}) r.terms.leader_end = end;
  }
  begin_campaign(now, std::move(r));
}

void member::begin_campaign(time_point now, campaign::request r) {
  campaign_.begin(now, std::move(r), std::max(voter_.promised(), highest_seen_));
}

// --- leading ---

void member::won(time_point now, campaign::win w) {
  role_ = member_role::leading;
  leader_ = options_.self;
  leader_epoch_ = w.number;
  leader_heard_at_ = now;
  follow_wanted_ = false;
  handover_.reset();
  end_asking({});
  own_lead_ = may_start_alone_ = false;

  std::map<node_id, data_facts> alive;
  for (const auto& [id, peer] : peers_)
    if (peer.last_heard && now - *peer.last_heard < options_.suspect_after) alive[id] = peer.last.data;
  for (const auto& p : w.promises) alive[p.id] = p.data;
  lead_config_ = opening_config(options_, w.number, w.verdict.latest, alive);

  out_.info("won", fmt::format("leads epoch {} from {} of epoch {}", w.number.value, log_.at.flushed.value, log_.at.last_epoch.value));
  if (!w.verdict.covered) {
    lsn end = log_.at.flushed;
    for (const auto& [id, peer] : peers_) end = std::max(end, peer.last.data.log.at.flushed);
    out_.critical("data_loss", fmt::format("acknowledged commits may be lost: this log ends at {}, another one was heard to reach {}",
                                           log_.at.flushed.value, end.value));
  }
  out_.put(lead{w.number, log_.at.last_epoch, log_.at.flushed, lead_config_, !w.verdict.covered});
  leadership_ = std::make_unique<leadership>(options_, out_, w.number, now);
  if (options_.members_id.version != 0) adopt_members(now, {{w.number, options_.members_id.version + 1}, options_.members});
  send_to_others(new_leader{w.number, options_.incarnation, false});
  if (w.asked.command != 0) out_.put(command_done{w.asked.command, {}});
}

void member::heard_higher(time_point now, epoch number, const node_id& from) {
  const auto why = fmt::format("{} has promised epoch {}", from.value, number.value);
  give_lease_up(now, {}, why);
  // This node's own log holds all it acknowledged: it may lead the next epoch at once.
  campaign_.hurry();
  lose_leader(now);
}

void member::stop_leading_now(const std::string& why) {
  switchover_.abort(why);
  const auto number = leadership_->number();
  leadership_->end(why);
  leadership_.reset();
  out_.warning("stop_leading", fmt::format("leads epoch {} no longer: {}", number.value, why));
  out_.put(stop_leading{number, why});
  role_ = member_role::undetermined;
  leader_ = {};
  if (options_.mode == failover_mode::manual) own_lead_ = true;
  lead_at_ = time_point::max();
}

void member::give_lease_up(time_point now, const node_id& successor, const std::string& why) {
  const auto id = leadership_->held().id();
  if (options_.breaks(rule::released_stays_released)) {
    send_to_others(release{id, successor});
    return;
  }
  stop_leading_now(why);
  if (options_.mode == failover_mode::manual) {
    // Durable first: should this process end now, the next one must not go on with its own lead beside the successor.
    if (successor.value.empty() || !voter_.promise(now, epoch{id.number.value + 1}, successor).yes) return;
    for (const auto& m : options_.members) reply_durably(m.id, release{id, successor});
    return;
  }
  voter_.release(now, id);
  released_ = id;
  send_to_others(release{id, successor});
  if (!successor.value.empty()) campaign_.postpone(now + options_.suspect_after);
}

// --- following ---

bool member::hear_leader(time_point now, const node_id& leader, epoch number) {
  if (const auto v = voter_.accept_leader(number, leader); !v.yes) {
    refuse(leader, number, v);
    return false;
  }
  if (leader == options_.self) return leadership_ != nullptr;
  if (leadership_) stop_leading_now(fmt::format("{} leads epoch {}", leader.value, number.value));
  campaign_.cancel(now, fmt::format("{} leads epoch {}", leader.value, number.value));
  leader_heard_at_ = now;
  own_lead_ = may_start_alone_ = presumed_ = false;
  if (leader_ == leader && leader_epoch_ == number) return true;
  leader_ = leader;
  leader_epoch_ = number;
  handover_.reset();
  out_.info("follows", fmt::format("{} leads epoch {}", leader.value, number.value));
  if (role_ != member_role::witness) follow_when_durable();
  return true;
}

void member::follow_when_durable() {
  role_ = member_role::following;
  persist_changes();
  follow_wanted_ = true;
  follow_token_ = last_token_;
}

void member::stop_following(epoch fence) {
  leader_ = {};
  follow_wanted_ = false;
  handover_.reset();
  if (role_ == member_role::witness) return;
  role_ = member_role::undetermined;
  if (fencing_ >= fence || options_.breaks(rule::promise_after_drain)) return;
  fencing_ = fence;
  out_.put(fence_wal{fence});
}

}  // namespace helios::replication::ha
