#include "replication/cohort_planner.hpp"

#include <algorithm>

namespace helios::replication {
namespace {

const standby_view* find(const std::vector<standby_view>& standbys, const node_id& id) {
  const auto it = std::find_if(standbys.begin(), standbys.end(), [&id](const standby_view& s) { return s.id == id; });
  return it == standbys.end() ? nullptr : &*it;
}

class planner {
 public:
  planner(const cluster_view& view, const planner_options& options) : view_(view), options_(options) {}

  cohort next() const {
    cohort out;
    if (options_.sync_acks == 0) return out;
    out.members = wanted(sync_mode::sync);
    if (!out.members.empty()) {
      out.acks_needed = options_.sync_acks;
      // Strict keeps K and so blocks while there are fewer members; available asks for what there is.
      if (!options_.strict) out.acks_needed = std::min(options_.sync_acks, static_cast<std::uint32_t>(out.members.size()));
      return out;
    }
    if (!options_.strict || !knows_sync_standby()) out.members = wanted(sync_mode::semi_sync);
    if (!out.members.empty()) out.acks_needed = 1;
    else out.acks_needed = options_.strict ? options_.sync_acks : 0;
    return out;
  }

 private:
  /// Members that stay and standbys that may join, of one mode, in a fixed order.
  std::vector<node_id> wanted(sync_mode mode) const {
    std::vector<node_id> out;
    for (const auto& member : view_.current.members)
      if (mode_of(member) == mode && stays(member)) out.push_back(member);
    for (const auto& s : view_.standbys)
      if (s.mode == mode && !is_member(s.id) && may_join(s)) out.push_back(s.id);
    std::sort(out.begin(), out.end());
    return out;
  }

  bool is_member(const node_id& id) const {
    const auto& m = view_.current.members;
    return std::find(m.begin(), m.end(), id) != m.end();
  }
  /// A member named by the log that has not reported since this node leads counts as sync: the safe guess.
  sync_mode mode_of(const node_id& id) const {
    const auto* s = find(view_.standbys, id);
    return s == nullptr ? sync_mode::sync : s->mode;
  }
  bool stays(const node_id& id) const {
    if (std::find(view_.gone.begin(), view_.gone.end(), id) != view_.gone.end()) return false;
    if (options_.strict) return true;
    const auto* s = find(view_.standbys, id);
    if (s == nullptr) return view_.now - view_.started < options_.sync_timeout;
    return !s->left && view_.now - s->last_heard < options_.sync_timeout;
  }
  bool may_join(const standby_view& s) const {
    return s.streaming && !s.left && s.flushed >= view_.current_since && view_.now - s.last_heard < options_.sync_timeout;
  }
  bool knows_sync_standby() const {
    return std::any_of(view_.standbys.begin(), view_.standbys.end(),
                       [](const standby_view& s) { return s.mode == sync_mode::sync; });
  }

  const cluster_view& view_;
  const planner_options& options_;
};

}  // namespace

std::optional<cohort> plan_cohort(const cluster_view& view, const planner_options& options) {
  auto next = planner(view, options).next();
  auto current = view.current.members;
  std::sort(current.begin(), current.end());
  // Version 0 means that the log has no config record yet: the first one is always written.
  const bool same = next.members == current && next.acks_needed == view.current.acks_needed && view.current.version != 0;
  if (same) return std::nullopt;
  next.version = view.current.version + 1;
  return next;
}

bool is_degraded(const cohort& current, const std::vector<standby_view>& standbys, const planner_options& options) {
  if (options.sync_acks == 0) return false;
  const auto live_sync = std::count_if(current.members.begin(), current.members.end(), [&standbys](const node_id& id) {
    const auto* s = find(standbys, id);
    return s != nullptr && s->mode == sync_mode::sync && !s->left;
  });
  const bool wants_sync = std::any_of(standbys.begin(), standbys.end(), [](const standby_view& s) { return s.mode == sync_mode::sync; });
  if (wants_sync) return static_cast<std::uint32_t>(live_sync) < options.sync_acks;
  return current.acks_needed == 0 || current.acks_needed > current.members.size();
}

}  // namespace helios::replication
