#pragma once
// Waiting for actors to end, from a thread that is not one (main). Blocks.

#include <caf/fwd.hpp>

#include <chrono>
#include <vector>

namespace helios::actors {

/// False when not all have ended within `within`.
bool await_end(caf::actor_system& system, const std::vector<caf::strong_actor_ptr>& actors, std::chrono::milliseconds within);

}  // namespace helios::actors
