#include "replication/ha/win_rule.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace helios::replication::ha {
namespace {

bool contains(const std::vector<node_id>& ids, const node_id& id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

const recruited* find(const std::vector<recruited>& promises, const node_id& id) {
  const auto it = std::find_if(promises.begin(), promises.end(), [&id](const recruited& r) { return r.id == id; });
  return it == promises.end() ? nullptr : &*it;
}

bool holds_data(const recruited& r, const options& o) {
  return r.data.data_node && (r.data.log.complete || o.breaks(rule::incomplete_covers_nothing));
}

/// R and the old leader: those whose logs decide who may lead.
bool counts(const recruited& r, const config_record& latest, const options& o) {
  return holds_data(r, o) && (contains(latest.members, r.id) || r.id == last_leader(latest, o));
}

bool has_more(const log_position& a, const log_position& b, const options& o) {
  return o.breaks(rule::epoch_before_length) ? a.flushed > b.flushed : a > b;
}

config_record latest_of(const std::vector<recruited>& promises, const options& o) {
  config_record out;
  for (const auto& p : promises)
    if (p.config.version != 0 && (out.version == 0 || is_later(p.config, out) != o.breaks(rule::win_by_latest_config))) out = p.config;
  return out;
}

std::uint32_t count_voters(const std::vector<recruited>& promises, const options& o) {
  return static_cast<std::uint32_t>(std::count_if(promises.begin(), promises.end(), [&o](const recruited& r) {
    const auto* m = o.find(r.id);
    return m != nullptr && m->voter;
  }));
}

/// How many voters have to promise. Without leases nobody but the operator ends the lead of a primary that is not there: in manual mode
/// all the others suffice, also where they are no majority (a primary with one standby). But not under the policy `available`: such a
/// primary may have left its cohort and acknowledged alone, and only it would know.
std::uint32_t promises_needed(const options& o, const std::vector<recruited>& promises, const config_record& latest) {
  const auto needed = o.breaks(rule::win_needs_quorum) ? std::max(1U, o.quorum() - 1) : o.quorum();
  if (o.mode == failover_mode::automatic || !o.strict) return needed;
  const auto* leader = o.find(last_leader(latest, o));
  const bool lost = leader != nullptr && leader->voter && find(promises, leader->id) == nullptr;
  return std::min(needed, o.voters() - (lost ? 1 : 0));
}

bool within_lag(const options& o, const recruited& self, const win_terms& terms) {
  return terms.leader_end && o.async_lag_bytes_max &&
         distance(self.data.log.at.flushed, *terms.leader_end) <= *o.async_lag_bytes_max;
}

std::string uncovered(const config_record& latest, const options& o) {
  std::string names;
  for (const auto& m : latest.members) names += (names.empty() ? "" : ", ") + m.value;
  return fmt::format("acknowledged commits may be missing: the cohort [{}] with K = {} is not covered, and {} is not here", names,
                     latest.acks_needed, last_leader(latest, o).value);
}

}  // namespace

const node_id& last_leader(const config_record& latest, const options& o) { return latest.version == 0 ? o.first_primary : latest.leader; }

bool covers(const config_record& latest, const std::vector<recruited>& promises, const options& o) {
  const auto* leader = find(promises, last_leader(latest, o));
  if (leader != nullptr && holds_data(*leader, o)) return true;
  if (latest.version == 0 || latest.acks_needed == 0) return false;
  const auto members = latest.members.size();
  const auto needed = members >= latest.acks_needed ? members - latest.acks_needed + 1 : 1;
  const auto there = std::count_if(promises.begin(), promises.end(), [&](const recruited& r) {
    return holds_data(r, o) && contains(latest.members, r.id);
  });
  return static_cast<std::size_t>(there) >= needed;
}

win_verdict judge_promises(const options& o, const std::vector<recruited>& promises, const win_terms& terms) {
  using kind = win_verdict::kind;
  win_verdict out;
  const auto* self = find(promises, o.self);
  const auto voters = count_voters(promises, o);
  out.latest = latest_of(promises, o);
  const auto needed = promises_needed(o, promises, out.latest);
  out.reason = fmt::format("{} of {} promises, {} needed", voters, o.voters(), needed);
  if (self == nullptr) return out;
  if (terms.last_leader_only && last_leader(out.latest, o) != o.self) {
    out.reason = fmt::format("{} has led since", last_leader(out.latest, o).value);
    return out;
  }
  const bool waived = terms.waive_quorum || find(promises, terms.handed_over_by) != nullptr;
  if (voters < needed && !(waived && o.mode == failover_mode::manual)) return out;

  out.covered = covers(out.latest, promises, o);
  const bool may_lack = terms.accept_data_loss || within_lag(o, *self, terms) || o.breaks(rule::win_needs_cover);
  if (!out.covered && !may_lack) {
    out.reason = uncovered(out.latest, o);
    return out;
  }
  for (const auto& p : promises) {
    const auto* most = out.better.value.empty() ? self : find(promises, out.better);
    if (counts(p, out.latest, o) && has_more(p.data.log.at, most->data.log.at, o)) out.better = p.id;
  }
  if (!out.better.value.empty()) {
    // Whoever leads with less log than one of R may lack what R was recruited for.
    out.covered = false;
    if (!terms.accept_data_loss && !o.breaks(rule::most_log_leads)) {
      out.what = kind::outdone;
      out.reason = fmt::format("{} has more log", out.better.value);
      return out;
    }
  }
  out.what = kind::won;
  return out;
}

config_record opening_config(const options& o, epoch number, const config_record& latest, const std::map<node_id, data_facts>& alive) {
  config_record out{number, latest.version + 1, o.self, {}, 0};
  if (o.sync_acks == 0) return out;
  const auto add = [&](sync_mode mode) {
    for (const auto& [id, data] : alive)
      if (data.data_node && data.mode == mode && data.log.complete && id != o.self && !contains(out.members, id)) out.members.push_back(id);
  };
  add(sync_mode::sync);
  if (o.strict) {
    for (const auto& m : latest.members)
      if (m != o.self && o.find(m) != nullptr && !contains(out.members, m)) out.members.push_back(m);
  }
  const bool stand_in = out.members.empty();
  if (stand_in) add(sync_mode::semi_sync);
  std::sort(out.members.begin(), out.members.end());
  const auto there = static_cast<std::uint32_t>(out.members.size());
  out.acks_needed = o.strict ? o.sync_acks : std::min(o.sync_acks, there);
  if (stand_in && there > 0) out.acks_needed = 1;
  return out;
}

}  // namespace helios::replication::ha
