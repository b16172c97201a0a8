#include "replication/ha/campaign.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/invariant.hpp"

namespace helios::replication::ha {
namespace {

std::uint64_t mixed(const std::string& name, std::uint64_t seed) { return std::hash<std::string>{}(name) * 0x9e3779b97f4a7c15ULL + seed; }

/// A primary that was cut off may be started again where nobody hears of it, and begin an epoch each time. The one that took its place by
/// hand must stay above these: where the two meet, the higher epoch leads. So many starts are safe. As much again at random, so that two
/// nodes that are forced on both sides of a partition do not lead one epoch.
constexpr std::uint64_t lonely_starts = 1000;

bool is_voter(const options& o, const node_id& id) {
  const auto* m = o.find(id);
  return m != nullptr && m->voter;
}

}  // namespace

campaign::campaign(const options& o, outbox& out) : options_(o), out_(out), random_(mixed(o.self.value, o.seed)) {}

duration campaign::jitter() {
  const auto most = std::max<duration::rep>(duration(options_.retry_jitter).count(), 1);
  return duration(static_cast<duration::rep>(random_() % static_cast<std::uint64_t>(most)));
}

void campaign::begin(time_point now, request r, epoch above) {
  HELIOS_INVARIANT(!running(), "one campaign at a time");
  request_ = std::move(r);
  above_ = above;
  begun_ = true;
  answers_.clear();
  required_.clear();
  if (request_.reason != campaign_reason::automatic && !surveys()) return begin_recruit(now);
  stage_ = stage::pre_vote;
  ++round_;
  deadline_ = now + (surveys() ? options_.campaign_timeout / 2 : options_.campaign_timeout);
  ask(pre_vote{round_, request_.released, surveys()});
  resend_at_ = now + options_.heartbeat / 2;
}

void campaign::give_way(time_point now, const node_id& to) {
  if (asking()) lose(now, fmt::format("{} asks, too, and ranks before this node", to.value), options_.retry_jitter);
}

bool campaign::surveys() const {
  return options_.mode == failover_mode::manual && request_.reason == campaign_reason::by_hand && !request_.alone;
}

std::vector<recruited> campaign::willing() const {
  std::vector<recruited> out;
  for (const auto& [id, a] : answers_)
    if (a.yes) out.push_back({id, a.config, a.data});
  return out;
}

void campaign::end_survey(time_point now) {
  const auto there = willing();
  const auto verdict = judge_promises(options_, there, request_.terms);
  if (verdict.what != win_verdict::kind::won) return lose(now, verdict.reason, duration(0));
  for (const auto& r : there) required_.insert(r.id);
  const auto& leader = last_leader(verdict.latest, options_);
  if (!required_.contains(leader)) leave_gap();
  begin_recruit(now);
}

void campaign::leave_gap() { above_ = epoch{above_.value + lonely_starts + random_() % lonely_starts}; }

void campaign::begin_recruit(time_point now) {
  stage_ = stage::recruiting;
  number_ = epoch{above_.value + 1};
  promises_.clear();
  refusals_.clear();
  // By hand nobody hurries: a primary that is asked to promise closes first, which takes a while.
  deadline_ = now + options_.campaign_timeout * (options_.mode == failover_mode::manual ? 5 : 1);
  out_.info("recruit", fmt::format("asks for the promise of epoch {}", number_.value));
  ask(recruit{number_, request_.released, request_.reason != campaign_reason::automatic});
  resend_at_ = now + options_.heartbeat / 2;
}

void campaign::ask(const message_body& body) {
  const bool pre = stage_ == stage::pre_vote;
  for (const auto& m : options_.members) {
    if (request_.alone && m.id != options_.self) continue;
    if (pre ? !answers_.contains(m.id) : !promises_.contains(m.id)) out_.send_to(m.id, body);
  }
}

void campaign::answered(time_point now, const node_id& from, const pre_vote_reply& m) {
  if (stage_ != stage::pre_vote || m.round != round_) return;
  above_ = std::max(above_, m.promised);
  answers_[from] = m;
  if (!surveys()) return judge_answers(now);
  if (answers_.size() >= options_.members.size()) end_survey(now);
}

// The new epoch costs the others their stream, so it is asked for only where the answers say that it can be won.
void campaign::judge_answers(time_point now) {
  const auto agreed = willing();
  std::vector<duration> waits;
  std::uint32_t yes = 0;
  for (const auto& [id, a] : answers_) {
    if (!is_voter(options_, id)) continue;
    if (a.yes) ++yes;
    else waits.push_back(std::chrono::microseconds(a.retry_after_us));
  }
  const auto verdict = judge_promises(options_, agreed, request_.terms);
  if (verdict.what == win_verdict::kind::outdone) {
    out_.send_to(verdict.better, nominate{});
    return lose(now, verdict.reason, options_.heartbeat * 2);
  }
  if (verdict.what == win_verdict::kind::won) {
    if (!defers(now, agreed)) begin_recruit(now);
    return;
  }
  const auto missing = options_.quorum() - std::min(yes, options_.quorum());
  const auto silent = options_.voters() - yes - static_cast<std::uint32_t>(waits.size());
  if (missing > silent) {
    const auto nth = waits.begin() + static_cast<std::ptrdiff_t>(missing - silent - 1);
    std::nth_element(waits.begin(), nth, waits.end());
    return lose(now, "voters say no", *nth);
  }
  if (answers_.size() >= options_.members.size()) lose(now, verdict.reason, options_.suspect_after);
}

// Ties go by priority: the one with less lets the other go first, once.
bool campaign::defers(time_point now, const std::vector<recruited>& answers) {
  if (std::exchange(deferred_, true)) return false;
  const auto self = std::find_if(answers.begin(), answers.end(), [this](const recruited& r) { return r.id == options_.self; });
  for (const auto& a : answers) {
    if (!a.data.data_node || a.data.mode == sync_mode::async || !a.data.log.complete) continue;
    if (a.data.log.at < self->data.log.at || a.data.priority <= self->data.priority) continue;
    out_.send_to(a.id, nominate{});
    lose(now, fmt::format("{} has as much log and a higher priority", a.id.value), options_.heartbeat * 2);
    return true;
  }
  return false;
}

void campaign::promised(time_point now, const node_id& from, const promise& m) {
  if (stage_ != stage::recruiting || m.number != number_) return;
  promises_[from] = {from, m.config, m.data};
  const auto promised = [this](const node_id& id) { return promises_.contains(id); };
  if (std::all_of(required_.begin(), required_.end(), promised)) judge(now);
}

void campaign::judge(time_point now) {
  std::vector<recruited> all;
  for (const auto& [id, p] : promises_) all.push_back(p);
  auto verdict = judge_promises(options_, all, request_.terms);
  if (verdict.what == win_verdict::kind::undecided) return;
  if (verdict.what == win_verdict::kind::outdone) {
    out_.send_to(verdict.better, nominate{number_});
    return lose(now, verdict.reason, options_.heartbeat * 2);
  }
  stage_ = stage::idle;
  deferred_ = false;
  win_ = win{number_, request_, std::move(verdict), std::move(all)};
}

void campaign::refused(time_point now, const node_id& from, const refusal& m) {
  if (stage_ != stage::recruiting || m.number != number_) return;
  if (m.promised >= number_) {
    above_ = std::max(above_, m.promised);
    return lose(now, fmt::format("{} promised epoch {}", from.value, m.promised.value), duration(0));
  }
  refusals_.insert(from);
  const auto refused = std::count_if(refusals_.begin(), refusals_.end(), [this](const node_id& id) { return is_voter(options_, id); });
  if (options_.voters() - static_cast<std::uint32_t>(refused) < options_.quorum())
    lose(now, m.reason, std::chrono::microseconds(m.retry_after_us));
}

void campaign::lose(time_point now, const std::string& why, duration retry_after) {
  const bool recruiting = stage_ == stage::recruiting;
  stage_ = stage::idle;
  not_before_ = std::max(not_before_, now + std::max(retry_after, duration(std::chrono::milliseconds(1))) + jitter());
  if (recruiting) out_.info("campaign_lost", fmt::format("does not lead epoch {}: {}", number_.value, why));
  else if (surveys()) out_.info("survey_lost", "does not ask for a new epoch: " + why);
  if (request_.command != 0) out_.put(command_done{std::exchange(request_.command, 0), why});
}

void campaign::cancel(time_point now, const std::string& why) {
  if (running()) lose(now, why, duration(0));
}

void campaign::tick(time_point now) {
  if (!running()) return;
  if (now >= deadline_ && stage_ == stage::pre_vote && surveys()) return end_survey(now);
  if (now >= deadline_ && surveys() && request_.terms.accept_data_loss && !required_.empty()) {
    // One that answers and cannot close, on a disk that hangs: it is left behind as if it had not answered.
    above_ = std::max(above_, number_);
    leave_gap();
    required_.clear();
    return begin_recruit(now);
  }
  if (now >= deadline_) {
    std::vector<recruited> all;
    for (const auto& [id, p] : promises_) all.push_back(p);
    const auto why = stage_ == stage::recruiting ? judge_promises(options_, all, request_.terms).reason : "too few answers";
    return lose(now, "no decision in time: " + why, duration(0));
  }
  if (now < resend_at_) return;
  if (stage_ == stage::pre_vote) ask(pre_vote{round_, request_.released, surveys()});
  else ask(recruit{number_, request_.released, request_.reason != campaign_reason::automatic});
  resend_at_ = now + options_.heartbeat / 2;
}

time_point campaign::next_wake_up() const { return running() ? std::min(deadline_, resend_at_) : time_point::max(); }

std::optional<campaign::win> campaign::take_win() { return std::exchange(win_, std::nullopt); }

}  // namespace helios::replication::ha
