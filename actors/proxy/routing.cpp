#include "actors/proxy/routing.hpp"

#include <algorithm>

namespace helios::actors {

namespace {

bool may_read(const node_view& n, const read_rule& rule) {
  return n.usable() && n.state.role == node_role::standby && !rule.excluded.contains(n.address.id) &&
         n.counters->visible >= rule.floor.value;
}

const node_view* least_behind(const topology& nodes, const read_rule& rule) {
  const node_view* best = nullptr;
  for (const auto& n : nodes.nodes) {
    if (may_read(n, rule) && (best == nullptr || n.counters->visible > best->counters->visible)) best = &n;
  }
  return best;
}

}  // namespace

const node_view* choose_reader(const topology& nodes, const read_rule& rule, std::uint64_t turn) {
  std::vector<const node_view*> best;
  std::int64_t least = 0;
  for (const auto& n : nodes.nodes) {
    if (!may_read(n, rule) || n.counters->lag_ms > rule.lag_max.count()) continue;
    const auto load = n.counters->in_flight.load();
    if (!best.empty() && load > least) continue;
    if (best.empty() || load < least) best.clear();
    least = load;
    best.push_back(&n);
  }
  if (!best.empty()) return best[turn % best.size()];
  const auto* primary = nodes.primary();
  if (primary == nullptr) return least_behind(nodes, rule);
  return rule.excluded.contains(primary->address.id) ? nullptr : primary;
}

}  // namespace helios::actors
