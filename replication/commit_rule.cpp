#include "replication/commit_rule.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/invariant.hpp"

namespace helios::replication {

commit_rule::commit_rule(recorded in_force, lsn visible) : in_force_(std::move(in_force)), watermark_(visible) {}

void commit_rule::propose(recorded next) {
  HELIOS_INVARIANT(next.rule.version > newest().rule.version, "config versions grow");
  HELIOS_INVARIANT(next.end >= newest().end, "config records follow each other in the WAL");
  proposed_.push_back(std::move(next));
}

lsn commit_rule::leader_flushed(lsn to) {
  leader_flushed_ = std::max(leader_flushed_, to);
  return advance();
}

lsn commit_rule::acknowledged(const node_id& standby, const position& at) {
  positions_[standby] = at;
  return advance();
}

lsn commit_rule::held_by(const node_id& member) const {
  const auto it = positions_.find(member);
  if (it == positions_.end()) return lsn{};
  switch (it->second.mode) {
    case sync_mode::sync: return std::min(it->second.flushed, it->second.applied);
    case sync_mode::semi_sync: return it->second.flushed;
    case sync_mode::async: return lsn{};
  }
  return lsn{};
}

lsn commit_rule::satisfied_by(const cohort& rule) const {
  if (rule.acks_needed == 0) return leader_flushed_;
  if (rule.acks_needed > rule.members.size()) return lsn{};
  std::vector<lsn> held;
  held.reserve(rule.members.size());
  for (const auto& member : rule.members) held.push_back(held_by(member));
  const auto kth = held.begin() + static_cast<std::ptrdiff_t>(rule.acks_needed - 1);
  std::nth_element(held.begin(), kth, held.end(), std::greater<>());
  return std::min(leader_flushed_, *kth);
}

commit_rule commit_rule::opening(lsn visible) {
  // One acknowledgement of nobody: satisfied by nothing.
  commit_rule out({{0, {}, 1}, lsn{}}, visible);
  out.needs_voters_ = true;
  return out;
}

const commit_rule::recorded* commit_rule::held_proposal() const {
  const auto held = [this](const recorded& p) { return satisfied_by(p.rule) >= p.end; };
  const auto newest_held = std::find_if(proposed_.rbegin(), proposed_.rend(), held);
  return newest_held == proposed_.rend() ? nullptr : &*newest_held;
}

lsn commit_rule::published(std::uint64_t version) {
  const auto found = std::find_if(proposed_.begin(), proposed_.end(), [version](const recorded& p) { return p.rule.version == version; });
  if (found != proposed_.end()) {
    put_in_force(static_cast<std::size_t>(found - proposed_.begin()));
    // It was published because its cohort held the end of its record. A standby that has said less since (it connects anew, or
    // replaces its store) does not undo that.
    watermark_ = std::max(watermark_, std::min(in_force_.end, leader_flushed_));
  }
  return advance();
}

void commit_rule::put_in_force(std::size_t proposal) {
  const auto at = proposed_.begin() + static_cast<std::ptrdiff_t>(proposal);
  in_force_ = std::move(*at);
  proposed_.erase(proposed_.begin(), at + 1);
}

lsn commit_rule::advance() {
  // The newest that is met wins: what it replaces, met or not, no longer binds.
  if (const auto* held = needs_voters_ ? nullptr : held_proposal()) put_in_force(static_cast<std::size_t>(held - proposed_.data()));
  lsn allowed = satisfied_by(in_force_.rule);
  for (const auto& p : proposed_) allowed = std::min(allowed, satisfied_by(p.rule));
  watermark_ = std::max(watermark_, allowed);
  return watermark_;
}

}  // namespace helios::replication
