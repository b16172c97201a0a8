#include "replication/ha/lease.hpp"

#include <algorithm>
#include <functional>

namespace helios::replication::ha {

std::uint64_t lease::renew(time_point now) {
  std::erase_if(sent_, [this, now](const auto& s) { return s.second + options_.lease < now; });
  sent_.emplace(++sequence_, now);
  return sequence_;
}

void lease::granted(time_point now, const node_id& by, std::uint64_t sequence) {
  const auto found = sent_.find(sequence);
  if (found == sent_.end()) return;
  const auto from = options_.breaks(rule::deadline_from_send_time) ? now : found->second;
  auto& newest = newest_.try_emplace(by, from).first->second;
  newest = std::max(newest, from);
}

time_point lease::deadline_with(const std::vector<member_entry>& members) const {
  std::vector<time_point> times;
  std::size_t voters = 0;
  for (const auto& m : members) {
    const auto sent = newest_.find(m.id);
    voters += m.voter ? 1 : 0;
    if (m.voter && sent != newest_.end()) times.push_back(sent->second);
  }
  const std::size_t needed = options_.breaks(rule::deadline_needs_quorum) ? 1 : voters / 2 + 1;
  if (ended_ || times.size() < needed) return time_point::min();
  const auto nth = times.begin() + static_cast<std::ptrdiff_t>(needed - 1);
  std::nth_element(times.begin(), nth, times.end(), std::greater<>());
  const duration guard = options_.breaks(rule::guard_covers_drift) ? duration(0) : options_.guard;
  return *nth + options_.lease - guard;
}

}  // namespace helios::replication::ha
