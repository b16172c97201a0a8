#include "replication/ha/campaign.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/invariant.hpp"

namespace helios::replication::ha {
namespace {

std::uint64_t mixed(const std::string& name, std::uint64_t seed) { return std::hash<std::string>{}(name) * 0x9e3779b97f4a7c15ULL + seed; }

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
  if (request_.reason != campaign_reason::automatic) return begin_recruit(now);
  stage_ = stage::pre_vote;
  ++round_;
  deadline_ = now + options_.campaign_timeout;
  ask(pre_vote{round_, request_.released});
  resend_at_ = now + options_.heartbeat / 2;
}

void campaign::give_way(time_point now, const node_id& to) {
  if (asking()) lose(now, fmt::format("{} asks, too, and ranks before this node", to.value), options_.retry_jitter);
}

void campaign::begin_recruit(time_point now) {
  stage_ = stage::recruiting;
  number_ = epoch{above_.value + 1};
  promises_.clear();
  refusals_.clear();
  deadline_ = now + options_.campaign_timeout;
  out_.info("recruit", fmt::format("asks for the promise of epoch {}", number_.value));
  ask(recruit{number_, request_.released, request_.reason != campaign_reason::automatic});
  resend_at_ = now + options_.heartbeat / 2;
}

void campaign::ask(const message_body& body) {
  const bool pre = stage_ == stage::pre_vote;
  for (const auto& m : options_.members)
    if (pre ? !answers_.contains(m.id) : !promises_.contains(m.id)) out_.send_to(m.id, body);
}

void campaign::answered(time_point now, const node_id& from, const pre_vote_reply& m) {
  if (stage_ != stage::pre_vote || m.round != round_) return;
  above_ = std::max(above_, m.promised);
  answers_[from] = m;
  judge_answers(now);
}

// The new epoch costs the others their stream, so it is asked for only where the answers say that it can be won.
void campaign::judge_answers(time_point now) {
  std::vector<recruited> willing;
  std::vector<duration> waits;
  std::uint32_t yes = 0;
  for (const auto& [id, a] : answers_) {
    if (a.yes) willing.push_back({id, a.config, a.data});
    if (!is_voter(options_, id)) continue;
    if (a.yes) ++yes;
    else waits.push_back(std::chrono::microseconds(a.retry_after_us));
  }
  const auto verdict = judge_promises(options_, willing, request_.terms);
  if (verdict.what == win_verdict::kind::outdone) {
    out_.send_to(verdict.better, nominate{});
    return lose(now, verdict.reason, options_.heartbeat * 2);
  }
  if (verdict.what == win_verdict::kind::won) {
    if (!defers(now, willing)) begin_recruit(now);
    return;
  }
  const auto missing = options_.quorum() - std::min(yes, options_.quorum());
  const auto silent = options_.voters() - yes - static_cast<std::uint32_t>(waits.size());
  if (missing > silent) {
    const auto nth = waits.begin() + static_cast<std::ptrdiff_t>(missing - silent - 1);
    std::nth_element(waits.begin(), nth, waits.end());
    return lose(now, "voters say no", *nth);
  }
  if (answers_.size() == options_.members.size()) lose(now, verdict.reason, options_.suspect_after);
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
  judge(now);
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
  if (is_voter(options_, from)) refusals_.insert(from);
  if (options_.voters() - refusals_.size() < options_.quorum())
    lose(now, m.reason, std::chrono::microseconds(m.retry_after_us));
}

void campaign::lose(time_point now, const std::string& why, duration retry_after) {
  const bool recruiting = stage_ == stage::recruiting;
  stage_ = stage::idle;
  not_before_ = std::max(not_before_, now + std::max(retry_after, duration(std::chrono::milliseconds(1))) + jitter());
  if (recruiting) out_.info("campaign_lost", fmt::format("does not lead epoch {}: {}", number_.value, why));
  if (request_.command != 0) out_.put(command_done{std::exchange(request_.command, 0), why});
}

void campaign::cancel(time_point now, const std::string& why) {
  if (running()) lose(now, why, duration(0));
}

void campaign::tick(time_point now) {
  if (!running()) return;
  if (now >= deadline_) {
    std::vector<recruited> all;
    for (const auto& [id, p] : promises_) all.push_back(p);
    const auto why = stage_ == stage::recruiting ? judge_promises(options_, all, request_.terms).reason : "too few answers";
    return lose(now, "no decision in time: " + why, duration(0));
  }
  if (now < resend_at_) return;
  if (stage_ == stage::pre_vote) ask(pre_vote{round_, request_.released});
  else ask(recruit{number_, request_.released, request_.reason != campaign_reason::automatic});
  resend_at_ = now + options_.heartbeat / 2;
}

time_point campaign::next_wake_up() const { return running() ? std::min(deadline_, resend_at_) : time_point::max(); }

std::optional<campaign::win> campaign::take_win() { return std::exchange(win_, std::nullopt); }

}  // namespace helios::replication::ha
