#include "actors/node/await_end.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/after.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>

namespace helios::actors {

bool await_end(caf::actor_system& system, const std::vector<caf::strong_actor_ptr>& actors, std::chrono::milliseconds within) {
  caf::scoped_actor self{system};
  std::size_t left = 0;
  for (const auto& a : actors) {
    if (!a) continue;
    self->monitor(a);
    ++left;
  }
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (left > 0) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    self->receive([&left](const caf::down_msg&) { --left; }, caf::after(deadline - now) >> [] {});
  }
  return true;
}

}  // namespace helios::actors
