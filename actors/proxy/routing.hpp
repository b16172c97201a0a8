#pragma once
// Which node gets a statement. Pure rules over a topology snapshot.

#include <chrono>
#include <set>

#include "actors/proxy/topology.hpp"

namespace helios::actors {

/// What a unit of work (a query, or a pipeline up to its Sync) asks of its node.
enum class need : std::uint8_t {
  reader,  ///< only reads: a standby will do
  any,     ///< settings of the session: wherever a node is at hand
  writer   ///< the primary
};

struct read_rule {
  lsn floor;                             ///< the session has written, or was shown, what lies below: it must not see less
  std::chrono::milliseconds lag_max{0};
  std::set<node_id> excluded;            ///< tried for this statement already
};

/// The least loaded standby that is healthy and fresh enough; among equals the `turn`-th. The primary if there is no such
/// standby. Without a primary the standby that is least behind, however far: it is as fresh as answers can be then.
/// Null if none shows `floor`.
const node_view* choose_reader(const topology& nodes, const read_rule& rule, std::uint64_t turn);

}  // namespace helios::actors
