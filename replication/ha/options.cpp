#include "replication/ha/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace helios::replication::ha {
namespace {

error invalid(std::string text) { return {errc::invalid_argument, std::move(text)}; }

result<void> validate_members(const options& o) {
  std::set<node_id> names;
  for (const auto& m : o.members) {
    if (m.id.value.empty()) return invalid("a member without a name");
    if (!names.insert(m.id).second) return invalid(fmt::format("member {} is listed twice", m.id.value));
    if (!m.data_node && !m.voter) return invalid(fmt::format("witness {} does not vote", m.id.value));
  }
  if (o.find(o.self) == nullptr) return invalid(fmt::format("this node, {}, is not among the members", o.self.value));
  if (o.voters() == 0) return invalid("no member is a voter");
  const auto* first = o.find(o.first_primary);
  if (first == nullptr || !first->data_node) return invalid("first_primary must be a data node of the members");
  if (o.cluster_id.empty()) return invalid("the cluster id is empty");
  if (o.incarnation == 0) return invalid("incarnation 0 names no process");
  return {};
}

result<void> validate_times(const options& o) {
  using std::chrono::milliseconds;
  const auto ms = [](milliseconds m) { return m.count(); };
  if (o.heartbeat < milliseconds(1)) return invalid("heartbeat >= 1 ms");
  if (o.drift < 0 || o.drift > 0.1) return invalid(fmt::format("0 <= drift <= 0.1: {}", o.drift));
  if (o.mode == failover_mode::manual) return {};
  if (o.lease < milliseconds(500) || o.lease > milliseconds(60'000))
    return invalid(fmt::format("500 ms <= lease <= 60000 ms: {} ms", ms(o.lease)));
  if (o.renew_every < milliseconds(1) || o.lease < 4 * o.renew_every)
    return invalid(fmt::format("lease >= 4 * renew_every: {} ms < 4 * {} ms", ms(o.lease), ms(o.renew_every)));
  if (o.suspect_after < 2 * o.heartbeat)
    return invalid(fmt::format("suspect_after >= 2 * heartbeat: {} ms < 2 * {} ms", ms(o.suspect_after), ms(o.heartbeat)));
  if (o.suspect_after > o.lease)
    return invalid(fmt::format("suspect_after <= lease: {} ms > {} ms", ms(o.suspect_after), ms(o.lease)));
  const double drifted = static_cast<double>(ms(o.lease)) * o.drift;
  if (static_cast<double>(ms(o.guard)) < drifted)
    return invalid(fmt::format("guard >= lease * drift: {} ms < {} ms * {}", ms(o.guard), ms(o.lease), o.drift));
  if (o.guard + o.renew_every > o.lease / 2)
    return invalid(fmt::format("guard + renew_every <= lease / 2: {} ms + {} ms > {} ms", ms(o.guard), ms(o.renew_every), ms(o.lease) / 2));
  if (o.campaign_timeout < o.heartbeat)
    return invalid(fmt::format("campaign_timeout >= heartbeat: {} ms < {} ms", ms(o.campaign_timeout), ms(o.heartbeat)));
  return {};
}

}  // namespace

const char* to_string(rule r) {
  switch (r) {
    case rule::promise_is_durable: return "promise_is_durable";
    case rule::one_vote_per_epoch: return "one_vote_per_epoch";
    case rule::epochs_only_grow: return "epochs_only_grow";
    case rule::grant_excludes_others: return "grant_excludes_others";
    case rule::deadline_from_send_time: return "deadline_from_send_time";
    case rule::deadline_needs_quorum: return "deadline_needs_quorum";
    case rule::guard_covers_drift: return "guard_covers_drift";
    case rule::rebooted_voter_waits: return "rebooted_voter_waits";
    case rule::release_names_incarnation: return "release_names_incarnation";
    case rule::released_stays_released: return "released_stays_released";
    case rule::win_needs_quorum: return "win_needs_quorum";
    case rule::win_needs_cover: return "win_needs_cover";
    case rule::win_by_latest_config: return "win_by_latest_config";
    case rule::most_log_leads: return "most_log_leads";
    case rule::epoch_before_length: return "epoch_before_length";
    case rule::incomplete_covers_nothing: return "incomplete_covers_nothing";
    case rule::promise_after_drain: return "promise_after_drain";
    case rule::open_needs_publication: return "open_needs_publication";
    case rule::open_needs_lease: return "open_needs_lease";
    case rule::publish_after_cohort_holds: return "publish_after_cohort_holds";
    case rule::step_down_on_higher_epoch: return "step_down_on_higher_epoch";
    case rule::members_change_in_turn: return "members_change_in_turn";
    case rule::latest_members_decide: return "latest_members_decide";
    case rule::count: break;
  }
  return "?";
}

const member_entry* options::find(const node_id& id) const {
  const auto it = std::find_if(members.begin(), members.end(), [&id](const member_entry& m) { return m.id == id; });
  return it == members.end() ? nullptr : &*it;
}

const member_entry& options::own() const {
  const auto* found = find(self);
  HELIOS_INVARIANT(found != nullptr, "a member knows itself");
  return *found;
}

std::uint32_t options::voters() const {
  return static_cast<std::uint32_t>(std::count_if(members.begin(), members.end(), [](const member_entry& m) { return m.voter; }));
}

duration options::grant_period() const {
  if (breaks(rule::guard_covers_drift)) return lease;
  const double ns = static_cast<double>(duration(lease).count()) * (1.0 + drift);
  return duration(static_cast<duration::rep>(std::ceil(ns)));
}

result<void> validate(const options& o) {
  if (auto ok = validate_members(o); !ok) return ok;
  return validate_times(o);
}

}  // namespace helios::replication::ha
