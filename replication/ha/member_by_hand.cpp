// Manual mode: a node goes on with the role that it had, and only a command gives it another.
#include <fmt/format.h>

#include <algorithm>

#include "replication/ha/member.hpp"

namespace helios::replication::ha {
namespace {

constexpr std::chrono::seconds hand_over_within{12};

}  // namespace

/// An epoch that is in the log and was voted for this node, this node has led.
bool member::led_its_vote() const {
  const auto& r = voter_.record();
  return r.vote == options_.self && log_.at.last_epoch == r.promised;
}

/// As this node knows it. The promise outlives restarts and is raised to every epoch that is heard, so it counts for more than the YAML.
node_id member::led_last() const {
  const auto& r = voter_.record();
  const auto& published = last_leader(r.config, options_);
  auto out = r.vote.value.empty() || (r.vote == options_.self && !led_its_vote()) ? published : r.vote;
  const auto* entry = options_.find(out);
  return entry != nullptr && entry->data_node ? out : options_.first_primary;
}

void member::begin_by_hand(time_point now) {
  if (role_ == member_role::witness) return;
  const auto leader = led_last();
  if (leader != options_.self) return presume(leader, voter_.promised());
  own_lead_ = may_start_alone_ = true;
  lead_at_ = now + options_.start_wait;
}

// A standby serves and tries to connect though its primary is not there. What it presumes it tells nobody.
void member::presume(const node_id& leader, epoch number) {
  leader_ = leader;
  leader_epoch_ = number;
  presumed_ = true;
  own_lead_ = may_start_alone_ = false;
  out_.info("presumes", fmt::format("{} is taken for the primary until another is heard", leader.value));
  follow_when_durable();
}

void member::hear_of_leader(const heartbeat& m) {
  if (options_.mode == failover_mode::automatic || role_ == member_role::witness || leadership_ || campaign_.running()) return;
  const auto* leader = options_.find(m.leader);
  if (leader == nullptr || !leader->data_node || m.leader == options_.self || m.leader_epoch < voter_.promised()) return;
  if (!leader_.value.empty() && m.leader_epoch <= leader_epoch_) return;
  // Durable before WAL of that epoch comes: the next start must not take an epoch of its own for the last one.
  if (voter_.accept_leader(m.leader_epoch, m.leader).yes) presume(m.leader, m.leader_epoch);
}

// The primary goes on after a restart, and when the one for whom it had stopped does not come. It listens first: a higher promise means
// that another node may lead, and then it needs the others' word that none has.
void member::consider_own_lead(time_point now) {
  if (!own_lead_ || !leader_.value.empty() || !log_.complete) return;
  const auto patience = 6 * duration(options_.campaign_timeout);
  if (lead_at_ == time_point::max()) lead_at_ = now + patience;
  const bool all_heard = std::all_of(options_.members.begin(), options_.members.end(), [this](const member_entry& m) {
    const auto peer = peers_.find(m.id);
    return m.id == options_.self || (peer != peers_.end() && peer->second.last_heard);
  });
  if (now < lead_at_ && !(all_heard && may_start_alone_)) {
    consider_at_ = lead_at_;
    return;
  }
  lead_at_ = now + patience;
  const bool published = last_leader(voter_.record().config, options_) == options_.self;
  // After an attempt that was not won it knows less: others may have heard of a leader meanwhile. Without a vote the promise comes from
  // the log, whose last epoch another led, but before there were records.
  const auto& r = voter_.record();
  const bool led_it = led_its_vote() || (r.vote.value.empty() && r.config.version == 0);
  const bool leads_still = led_it && highest_seen_ <= r.promised;
  const bool alone = may_start_alone_ && published && leads_still;
  may_start_alone_ = false;
  begin_campaign(now, {campaign_reason::by_hand, {alone, alone, std::nullopt, published}, {}, 0, alone});
}

/// False: no leader is heard that could.
bool member::ask_leader_to_hand_over(time_point now, std::uint64_t command) {
  if (options_.mode == failover_mode::automatic || !heard_lately(now, leader_) || !peers_[leader_].last.open) return false;
  end_asking("another command came after it");
  asking_ = command;
  asked_ = leader_;
  asking_until_ = now + hand_over_within;
  out_.send_to(leader_, take_over{leader_epoch_});
  return true;
}

// A primary that is lost meanwhile hands nothing over.
void member::look_after_asking(time_point now) {
  if (asking_ == 0) return;
  if (now >= asking_until_) return end_asking(fmt::format("{} did not hand over in time", asked_.value));
  if (leadership_ || campaign_.running() || heard_lately(now, asked_)) return;
  begin_campaign(now, {campaign_reason::by_hand, {}, {}, std::exchange(asking_, 0), false});
}

void member::end_asking(std::string failure) {
  if (asking_ != 0) out_.put(command_done{std::exchange(asking_, 0), std::move(failure)});
}

std::set<node_id> member::voters_heard(time_point now) const {
  std::set<node_id> out;
  for (const auto& m : options_.members)
    if (m.voter && heard_lately(now, m.id)) out.insert(m.id);
  return out;
}

}  // namespace helios::replication::ha
