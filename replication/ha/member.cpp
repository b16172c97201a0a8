#include "replication/ha/member.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/invariant.hpp"

namespace helios::replication::ha {
namespace {

/// A successor's log is a round trip behind: writes are held meanwhile.
constexpr std::chrono::milliseconds handover_look_every{5};

}  // namespace

const char* to_string(member_role r) {
  switch (r) {
    case member_role::witness: return "witness";
    case member_role::undetermined: return "undetermined";
    case member_role::following: return "following";
    case member_role::leading: return "leading";
  }
  return "?";
}

member::member(options o, durable_record record, log_state log, time_point now)
    : options_(std::move(o)),
      out_(options_.self),
      voter_(options_, std::move(record), now),
      campaign_(options_, out_),
      switchover_(options_, out_),
      maintenance_(options_, out_),
      membership_(out_),
      data_node_(options_.own().data_node),
      log_(log),
      mode_(options_.own_mode),
      started_(now),
      beat_at_(now),
      leader_heard_at_(now) {
  if (!data_node_) role_ = member_role::witness;
  if (const auto& changed = voter_.record().members; changed.id.version != 0) {
    options_.members = changed.members;
    options_.members_id = changed.id;
    out_.set_members(changed);
    out_.put(members_changed{changed});
  }
  voter_.raise_to_log(log_.at.last_epoch);
  // Whoever led last may go on at once; others first listen for a leader.
  const auto& config = voter_.record().config;
  if ((config.version == 0 ? options_.first_primary : config.leader) == options_.self) leader_heard_at_ = time_point::min();
  persist_changes();
  if (removed()) leave(now);
  else if (options_.mode == failover_mode::manual) begin_by_hand(now);
}

// --- inputs ---

void member::tick(time_point now) {
  if (handover_ && now >= handover_look_at_) handover_look_at_ = now + handover_look_every;
  if (leadership_) leadership_->tick(now);
  if (switchover_.running() && !open_for_writes()) switchover_.abort("this node is no longer open for writes");
  switchover_.tick(now);
  maintenance_.tick(now);
  membership_.tick(now);
  campaign_.tick(now);
  look_after_asking(now);
  if (now >= beat_at_) beat(now);
  settle(now);
}

void member::receive(time_point now, const node_id& from, const message& m) {
  if (from == options_.self) return;
  // A list of members is of a leader: one of a higher epoch ends this lead before it says who votes.
  const auto highest = std::max(m.highest, m.members.id.number);
  const bool known = options_.find(from) != nullptr;
  if (known || m.members.id > options_.members_id) {
    highest_seen_ = std::max(highest_seen_, highest);
    if (leadership_ && highest > leadership_->number() && !options_.breaks(rule::step_down_on_higher_epoch))
      heard_higher(now, highest, from);
  }
  const bool counts = std::holds_alternative<promise>(m.body) || std::holds_alternative<pre_vote_reply>(m.body);
  if (!options_.breaks(rule::latest_members_decide) || std::holds_alternative<publish>(m.body)) learn_members(now, m.members, counts);
  if (!removed() && options_.find(from) != nullptr) deliver(now, from, m.body);
  settle(now);
}

void member::deliver(time_point now, const node_id& from, const message_body& body) {
  std::visit([&](const auto& m) { handle(now, from, m); }, body);
}

void member::recorded(time_point now, std::uint64_t token) {
  HELIOS_INVARIANT(token <= last_token_, "only what was given to the disk becomes durable");
  durable_token_ = std::max(durable_token_, token);
  settle(now);
}

void member::peer_lost(time_point now, const node_id& peer) {
  peers_[peer].last_heard.reset();
  if (peer == leader_ && leader_ != options_.self) lose_leader(now);
  settle(now);
}

void member::fenced(time_point now, epoch number, log_state log) {
  fenced_to_ = std::max(fenced_to_, number);
  log_ = log;
  settle(now);
}

void member::log_moved(time_point now, log_state log) {
  log_ = log;
  const bool caught_up = handover_ && log_.complete && log_.at.last_epoch == handover_->number && log_.at.flushed >= handover_->at;
  if (caught_up) {
    out_.send_to(leader_, handover_ready{handover_->number, handover_->at});
    handover_.reset();
  }
  handover_look_at_ = now + handover_look_every;
  settle(now);
}

void member::epoch_started(time_point now, epoch number, lsn at) {
  if (!leadership_ || leadership_->number() != number) return;
  log_.at = {number, at};
  out_.info("epoch_started", fmt::format("epoch {} is in the log up to {}", number.value, at.value));
  if (options_.breaks(rule::publish_after_cohort_holds)) leadership_->cohort_holds(now, lead_config_);
  settle(now);
}

void member::cohort_holds(time_point now, const config_record& config) {
  if (leadership_) leadership_->cohort_holds(now, config);
  settle(now);
}

void member::drained(time_point now, lsn handover_end) {
  if (leadership_) switchover_.drained(now, leadership_->number(), handover_end);
  settle(now);
}

// --- after each input ---

void member::settle(time_point now) {
  for (;;) {
    out_.set_highest(voter_.promised());
    advance_members(now);
    persist_changes();
    release_replies();
    if (follow_wanted_ && durable_token_ >= follow_token_) {
      follow_wanted_ = false;
      out_.put(follow{leader_, leader_epoch_});
    }
    auto own = out_.take_own();
    auto win = campaign_.take_win();
    if (own.empty() && !win) {
      if (leadership_ && options_.mode == failover_mode::manual) leadership_->reachable(now, voters_heard(now));
      consider_campaign(now);
      if (!campaign_.just_begun()) return;
    }
    for (const auto& body : own) deliver(now, options_.self, body);
    if (win) won(now, std::move(*win));
  }
}

void member::persist_changes() {
  if (voter_.changes() == persisted_changes_) return;
  persisted_changes_ = voter_.changes();
  out_.set_highest(voter_.promised());
  out_.put(persist{++last_token_, voter_.record()});
}

void member::reply_durably(const node_id& to, message_body body, bool after_fence) {
  persist_changes();
  if (options_.breaks(rule::promise_after_drain)) after_fence = false;
  held_.push_back({options_.breaks(rule::promise_is_durable) ? 0 : last_token_, to, std::move(body), after_fence});
}

void member::release_replies() {
  for (auto& h : held_) {
    auto* promised = std::get_if<promise>(&h.body);
    if (h.token > durable_token_ || (h.after_fence && fenced_to_ < promised->number)) continue;
    if (promised != nullptr) promised->data = facts();
    out_.send_to(std::exchange(h.to, {}), std::move(h.body));
  }
  std::erase_if(held_, [](const held_reply& h) { return h.to.value.empty(); });
}

void member::refuse(const node_id& to, epoch number, const voter::verdict& v) {
  if (v.two_leaders)
    out_.critical("two_leaders", fmt::format("{} claims to lead epoch {}: {}", to.value, number.value, v.reason));
  const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(v.retry_after).count();
  out_.send_to(to, refusal{number, voter_.promised(), wait, v.reason});
}

void member::send_to_others(const message_body& body) {
  for (const auto& m : options_.members)
    if (m.id != options_.self) out_.send_to(m.id, body);
}

void member::beat(time_point now) {
  const bool open = open_for_writes();
  said_ = log_.at;
  const bool presumed = role_ == member_role::following && presumed_;
  send_to_others(heartbeat{options_.incarnation, presumed ? node_id{} : leader_, leader_epoch_, open, facts()});
  if (voter_.record().maintenance.version != 0) say_maintenance();
  beat_at_ = now + options_.heartbeat;
}

data_facts member::facts() const {
  if (role_ == member_role::witness) return {};
  return {true, mode_, options_.own_priority, log_};
}

bool member::leader_heard(time_point now) const {
  return !leader_.value.empty() && leader_ != options_.self && leader_heard_at_ + options_.suspect_after > now;
}

void member::learn_release(time_point now, const lease_id& lease) {
  if (lease.incarnation == 0 || lease.holder == options_.self) return;
  released_ = lease;
  if (voter_.release(now, lease)) out_.info("lease_released", fmt::format("the lease of {} is over", lease.holder.value));
}

// Other members must not hear of it before it is durable here: what they hear, counts as stored.
void member::say_maintenance() {
  for (const auto& m : options_.members) reply_durably(m.id, maintenance{voter_.record().maintenance});
}

void member::learn_maintenance(time_point now, const maintenance_state& state) {
  const bool before = paused();
  if (!voter_.store(state)) return;
  if (paused() && campaign_.running() && campaign_.asked().reason == campaign_reason::automatic)
    campaign_.cancel(now, "automatic failover is paused");
  // At the end of a pause the others hear of it before they are asked: a no would cost the whole attempt.
  if (before && !paused()) campaign_.postpone(now + options_.heartbeat);
  if (paused() != before) out_.warning("maintenance", paused() ? "automatic failover is paused" : "automatic failover goes on");
  say_maintenance();
}

// --- commands ---

/// Why it cannot take over now; empty: it can.
std::string member::unfit(time_point now, const node_id& successor) const {
  const auto peer = peers_.find(successor);
  if (peer == peers_.end() || !heard_lately(now, successor)) return fmt::format("{} is not connected", successor.value);
  const auto& last = peer->second.last;
  if (!last.data.data_node || !last.data.log.complete || last.leader != options_.self)
    return fmt::format("{} does not stream from this node", successor.value);
  return {};
}

/// Empty: nobody is fit. An async standby is chosen only by name.
node_id member::best_successor(time_point now) const {
  const auto merit = [](const peer_state& p) { return std::pair(p.last.data.log.at, p.last.data.priority); };
  const std::pair<const node_id, peer_state>* best = nullptr;
  for (const auto& p : peers_) {
    const auto& data = p.second.last.data;
    if (data.mode == sync_mode::async || data.priority == 0 || !unfit(now, p.first).empty()) continue;
    if (best == nullptr || merit(p.second) > merit(best->second)) best = &p;
  }
  return best == nullptr ? node_id{} : best->first;
}

void member::command_switchover(time_point now, std::uint64_t command, const node_id& wanted, duration timeout) {
  auto why = wanted == options_.self && open_for_writes() ? std::string() : begin_switchover(now, wanted, timeout, command, false);
  if (wanted == options_.self || !why.empty()) out_.put(command_done{command, std::move(why)});
  settle(now);
}

/// Of a command that only an open leader takes.
std::string member::whom_to_ask() const {
  return leader_.value.empty() || leader_ == options_.self ? "no node is open for writes" : fmt::format("ask {}, which leads", leader_.value);
}

/// Empty: it has begun. Otherwise why not.
std::string member::begin_switchover(time_point now, const node_id& wanted, duration timeout, std::uint64_t command,
                                     bool asked_by_successor) {
  if (!open_for_writes()) return whom_to_ask();
  if (switchover_.running()) return fmt::format("a switchover to {} is running", switchover_.successor().value);
  const auto to = wanted.value.empty() ? best_successor(now) : wanted;
  if (to.value.empty()) return "no sync or semi-sync standby streams from this node";
  if (auto why = unfit(now, to); !why.empty()) return why;
  switchover_.begin(now, to, timeout, command, asked_by_successor);
  return {};
}

void member::command_failover(time_point now, std::uint64_t command, failover_terms terms) {
  std::string why;
  if (role_ == member_role::witness) why = "a witness cannot lead";
  else if (!log_.complete) why = "the store of this node is incomplete: a base backup is not finished";
  if (leadership_ || !why.empty()) {
    out_.put(command_done{command, why});
  } else if (terms.accept_data_loss || !ask_leader_to_hand_over(now, command)) {
    campaign_.cancel(now, "a failover by hand replaces it");
    begin_campaign(now, {campaign_reason::by_hand, {terms.accept_data_loss, terms.waive_quorum, std::nullopt, false}, {}, command, false});
  }
  settle(now);
}

void member::command_pause(time_point now, std::uint64_t command, bool paused) {
  const maintenance_state wanted{voter_.record().maintenance.version + 1, paused};
  maintenance_.begin(now, wanted, command);
  learn_maintenance(now, wanted);
  settle(now);
}

void member::set_mode(time_point now, sync_mode mode) {
  mode_ = mode;
  settle(now);
}

void member::command_step_down(time_point now, std::uint64_t command, const std::string& why) {
  if (leadership_) give_lease_up(now, {}, why);
  campaign_.postpone(now + options_.lease);
  out_.put(command_done{command, {}});
  settle(now);
}

void member::process_ended(time_point now, const lease_id& process) {
  const auto* of = options_.find(process.holder);
  if (of == nullptr || !of->data_node || process.holder == options_.self) return;
  out_.warning("process_ended", fmt::format("the process of {} has ended: its lease is released", process.holder.value));
  send_to_others(release{process, {}});
  handle(now, options_.self, release{process, {}});
  settle(now);
}

// --- queries ---

time_point member::lease_deadline() const { return leadership_ ? leadership_->acknowledge_until() : time_point::min(); }
time_point member::lease_held_until() const { return leadership_ ? leadership_->held().deadline() : time_point::min(); }

time_point member::next_wake_up() const {
  auto out = std::min({beat_at_, campaign_.next_wake_up(), switchover_.next_wake_up(), maintenance_.next_wake_up(),
                      membership_.next_wake_up(), consider_at_});
  if (leadership_) out = std::min(out, leadership_->next_wake_up());
  if (handover_) out = std::min(out, handover_look_at_);
  if (asking_ != 0) out = std::min(out, asking_until_);
  return out;
}

}  // namespace helios::replication::ha
