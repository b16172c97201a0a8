#include "replication/ha/voter.hpp"

#include <fmt/format.h>

#include <utility>

namespace helios::replication::ha {
namespace {

bool names(const lease_id& over, const lease_id& lease, bool any_incarnation) {
  if (over.incarnation == 0 || over.holder != lease.holder) return false;
  return any_incarnation || (over.incarnation == lease.incarnation && (over.number == epoch{} || over.number == lease.number));
}

}  // namespace

voter::voter(const options& o, durable_record record, time_point started)
    : options_(o), record_(std::move(record)), granted_until_(time_point::min()) {
  if (record_.grant.incarnation != 0 && !o.breaks(rule::rebooted_voter_waits)) granted_until_ = started + o.grant_period();
}

std::optional<voter::live_grant> voter::granted(time_point now) const {
  if (options_.mode == failover_mode::manual || now >= granted_until_) return std::nullopt;
  return live_grant{record_.grant, granted_until_};
}

voter::verdict voter::may_promise(time_point now, const node_id& candidate) const {
  const auto live = granted(now);
  if (!live || live->lease.holder == candidate || options_.breaks(rule::grant_excludes_others)) return {true, {}, {}, false};
  return {false, live->until - now, fmt::format("{} holds a lease granted here", live->lease.holder.value), false};
}

voter::verdict voter::promise(time_point now, epoch number, const node_id& candidate) {
  if (number < record_.promised && !options_.breaks(rule::epochs_only_grow))
    return {false, {}, fmt::format("epoch {} is promised", record_.promised.value), false};
  if (number == record_.promised && record_.vote != candidate && !options_.breaks(rule::one_vote_per_epoch))
    return {false, {}, fmt::format("epoch {} is promised to {}", number.value, record_.vote.value), false};
  if (auto v = may_promise(now, candidate); !v.yes) return v;
  if (number != record_.promised || record_.vote != candidate) set_promise(number, candidate);
  return {true, {}, {}, false};
}

voter::verdict voter::accept_leader(epoch number, const node_id& leader) {
  if (number < record_.promised && !options_.breaks(rule::epochs_only_grow))
    return {false, {}, fmt::format("epoch {} is promised", record_.promised.value), false};
  if (number == leader_epoch_ && leader_ != leader)
    return {false, {}, fmt::format("epoch {} is led by {}", number.value, leader_.value), true};
  leader_epoch_ = number;
  leader_ = leader;
  // A vote for a candidate that lost this epoch stays: the leader has the promises of Q others.
  if (number > record_.promised) set_promise(number, leader);
  return {true, {}, {}, false};
}

voter::verdict voter::grant(time_point now, const lease_id& lease) {
  if (auto v = accept_leader(lease.number, lease.holder); !v.yes) return v;
  if (names(released_, lease, false)) return {false, {}, "this lease has been released", false};
  const auto live = granted(now);
  if (live && live->lease.holder != lease.holder && !options_.breaks(rule::grant_excludes_others))
    return {false, live->until - now, fmt::format("{} holds a lease granted here", live->lease.holder.value), false};
  granted_until_ = now + options_.grant_period();
  if (record_.grant != lease) {
    record_.grant = lease;
    ++changes_;
  }
  return {true, {}, {}, false};
}

voter::verdict voter::store(const config_record& config) {
  if (auto v = accept_leader(config.number, config.leader); !v.yes) return v;
  if (is_later(config, record_.config)) {
    record_.config = config;
    ++changes_;
  }
  return {true, {}, {}, false};
}

bool voter::store(const maintenance_state& state) {
  if (state <= record_.maintenance) return false;
  record_.maintenance = state;
  ++changes_;
  return true;
}

bool voter::store(const membership& members) {
  if (members.id <= record_.members.id) return false;
  record_.members = members;
  ++changes_;
  return true;
}

bool voter::release(time_point now, const lease_id& lease) {
  if (lease.incarnation == 0) return false;
  released_ = lease;
  const auto live = granted(now);
  if (!live || !names(lease, live->lease, options_.breaks(rule::release_names_incarnation))) return false;
  granted_until_ = time_point::min();
  return true;
}

void voter::raise_to_log(epoch number) {
  if (number > record_.promised) set_promise(number, {});
}

void voter::set_promise(epoch number, const node_id& to) {
  record_.promised = number;
  record_.vote = to;
  ++changes_;
}

}  // namespace helios::replication::ha
