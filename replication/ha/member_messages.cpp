// What a member does with each kind of message.
#include <fmt/format.h>

#include <algorithm>

#include "replication/ha/member.hpp"

namespace helios::replication::ha {
namespace {

std::int64_t microseconds(duration d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); }

}  // namespace

void member::handle(time_point now, const node_id& from, const heartbeat& m) {
  peers_[from] = {now, m};
  hear_of_leader(m);
  if (m.leader == from) hear_leader(now, from, m.leader_epoch);
}

void member::handle(time_point now, const node_id& from, const new_leader& m) { hear_leader(now, from, m.number); }

void member::handle(time_point now, const node_id& from, const renewal& m) {
  if (m.lease.holder != from || !hear_leader(now, from, m.lease.number)) return;
  if (const auto v = voter_.grant(now, m.lease); !v.yes) return refuse(from, m.lease.number, v);
  reply_durably(from, renewal_granted{m.lease, m.sequence});
}

void member::handle(time_point now, const node_id& from, const renewal_granted& m) {
  if (leadership_) leadership_->granted(now, from, m);
}

void member::handle(time_point now, const node_id& from, const pre_vote& m) {
  learn_release(now, m.released);
  pre_vote_reply out;
  out.round = m.round;
  out.promised = voter_.promised();
  out.config = voter_.record().config;
  out.data = facts();
  const auto grants = voter_.may_promise(now, from);
  if (options_.mode == failover_mode::manual) {
    out.yes = m.by_hand;
    if (!out.yes) out.reason = "failover is manual";
  }
  else if (paused()) out.reason = "automatic failover is paused";
  else if (leadership_ && leadership_->held().held(now)) out.reason = "this node leads";
  else if (!grants.yes) out.reason = grants.reason, out.retry_after_us = microseconds(grants.retry_after);
  else if (leader_heard(now) && leader_ != from) {
    out.reason = fmt::format("{} is heard", leader_.value);
    out.retry_after_us = microseconds(leader_heard_at_ + options_.suspect_after - now);
  } else if (promised_at_ + options_.campaign_timeout / 2 > now && voter_.record().vote != from &&
             (voter_.record().vote != options_.self || campaign_.running())) {
    // Let the one who was promised the last epoch finish: two candidates would take it from each other for ever.
    out.reason = fmt::format("{} is being elected", voter_.record().vote.value);
    out.retry_after_us = microseconds(promised_at_ + options_.campaign_timeout / 2 - now);
  } else if (from != options_.self && campaign_.asking() && !ranks_before(from, peers_[from].last.data)) {
    // Two candidates that ask at one time would both hear yes, ask for the same epoch, and both lose it: one gives way.
    out.reason = fmt::format("{} ranks before it and has asked, too", options_.self.value);
    out.retry_after_us = microseconds(options_.retry_jitter);
  } else {
    out.yes = true;
    if (from != options_.self) campaign_.give_way(now, from);
  }
  out_.send_to(from, out);
}

void member::handle(time_point now, const node_id& from, const pre_vote_reply& m) { campaign_.answered(now, from, m); }

void member::handle(time_point now, const node_id& from, const recruit& m) {
  learn_release(now, m.released);
  if (options_.mode == failover_mode::manual && !m.by_hand) return refuse(from, m.number, {false, {}, "failover is manual", false});
  if (m.number == leader_epoch_ && from == leader_) return;  // an old question of the one who won
  if (const auto v = voter_.promise(now, m.number, from); !v.yes) return refuse(from, m.number, v);
  if (from != options_.self) {
    if (leadership_) stop_leading_now(fmt::format("epoch {} is promised to {}", m.number.value, from.value));
    campaign_.cancel(now, fmt::format("epoch {} is promised to {}", m.number.value, from.value));
  }
  promised_at_ = now;
  stop_following(m.number);
  reply_durably(from, promise{m.number, voter_.record().config, {}}, data_node_);
}

void member::handle(time_point now, const node_id& from, const promise& m) { campaign_.promised(now, from, m); }

void member::handle(time_point now, const node_id& from, const refusal& m) {
  highest_seen_ = std::max(highest_seen_, m.promised);
  if (leadership_ && m.number == leadership_->number() && m.promised > m.number && !options_.breaks(rule::step_down_on_higher_epoch))
    heard_higher(now, m.promised, from);
  campaign_.refused(now, from, m);
}

void member::handle(time_point now, const node_id& from, const publish& m) {
  if (m.config.leader != from || !hear_leader(now, from, m.config.number)) return;
  if (const auto v = voter_.store(m.config); !v.yes) return refuse(from, m.config.number, v);
  reply_durably(from, published{m.config.number, m.config.version, options_.members_id});
}

void member::handle(time_point now, const node_id& from, const published& m) {
  if (leadership_) leadership_->stored(now, from, m);
}

void member::handle(time_point now, const node_id&, const release& m) {
  if (m.lease.holder == options_.self || m.lease.incarnation == 0) return;
  const bool granted_here = voter_.granted(now) && voter_.granted(now)->lease.holder == m.lease.holder;
  learn_release(now, m.lease);
  const bool ended_here = granted_here && !voter_.granted(now);
  const auto& heard = peers_[m.lease.holder];
  const bool dead = m.lease.number == epoch{};
  const bool leads = dead ? heard.last.incarnation == m.lease.incarnation : m.lease.number == leader_epoch_;
  if (m.lease.holder != leader_ || !(leads || ended_here)) return;
  if (dead) peers_[m.lease.holder].last_heard.reset();
  lose_leader(now);
  if (m.successor == options_.self && log_.complete && role_ == member_role::following) {
    campaign_.cancel(now, "a switchover names this node");
    begin_campaign(now, {campaign_reason::switchover, {false, false, std::nullopt, false, m.lease.holder}, m.lease, 0, false});
  } else if (m.successor.value.empty()) {
    campaign_.hurry();
  } else {
    campaign_.postpone(now + options_.suspect_after);
  }
}

void member::handle(time_point now, const node_id& from, const nominate&) {
  if (leader_heard(now) || leadership_ || campaign_.running()) return;
  out_.info("nominated", fmt::format("{} leaves it to this node to lead", from.value));
  campaign_.hurry();
  lose_leader(now);
}

void member::handle(time_point now, const node_id& from, const handover& m) {
  if (from != leader_ || m.number != leader_epoch_ || role_ != member_role::following) return;
  handover_ = m;
  log_moved(now, log_);
}

void member::handle(time_point now, const node_id& from, const handover_ready& m) {
  if (!leadership_ || !switchover_.ready(now, from, m)) return;
  // A record that went into the log after HANDOVER would make the old leader the one with more log.
  if (log_.at.flushed > switchover_.at()) return switchover_.drained(now, leadership_->number(), log_.at.flushed);
  switchover_.done();
  give_lease_up(now, from, fmt::format("switchover to {}", from.value));
}

void member::handle(time_point now, const node_id& from, const maintenance& m) {
  learn_maintenance(now, m.state);
  maintenance_.stored(from, m.state);
}

void member::handle(time_point now, const node_id& from, const take_over& m) {
  constexpr std::chrono::seconds within{10};
  // One that was long under way asks for a lead that is over.
  if (m.number != leader_epoch_) {
    return out_.send_to(from, take_over_refused{fmt::format("epoch {} is asked for, this is epoch {}", m.number.value, leader_epoch_.value)});
  }
  if (auto why = begin_switchover(now, from, within, 0, true); !why.empty()) out_.send_to(from, take_over_refused{std::move(why)});
}

void member::handle(time_point, const node_id& from, const take_over_refused& m) {
  if (asking_ != 0 && from == asked_) end_asking(fmt::format("{} leads and does not hand over: {}", from.value, m.reason));
}

}  // namespace helios::replication::ha
