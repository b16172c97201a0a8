#pragma once
// One run of the simulator from its seed: builds a cluster, lets it suffer, heals it, and says what was violated.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "model.hpp"
#include "world.hpp"

namespace helios::sim {

struct outcome {
  std::optional<std::string> violated;
  std::deque<std::string> history;       ///< of a traced run
  std::string cluster;                   ///< its shape in words
  std::uint64_t steps = 0, acknowledged = 0;
};

/// Under manual failover the policy is `strict`, and an operator makes another node the primary when there is none: the invariants are the
/// same but for those about leases.
outcome run_seed(actor_host& host, std::uint64_t seed, const broken& rules, bool trace, ha::failover_mode mode);

}  // namespace helios::sim
