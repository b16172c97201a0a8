#pragma once
// The state publisher of a node: pushes what the node is and how far it has got to everybody who watches it (proxies,
// observers, other nodes): at once, on every change, and as heartbeat. Detached: queries cannot delay it.

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <string>

#include "actors/handles/peer_watch.hpp"

namespace helios::actors {

struct publisher_environment {
  std::chrono::milliseconds heartbeat_interval{250};
  /// Any thread.
  std::function<wire::repl::node_state()> state;
  /// What a watcher that is a member says (the bytes of a member_message), on the publisher's thread. May be empty: then a watcher
  /// that says anything is closed.
  std::function<void(const node_id& from, std::string bytes)> on_message;
};
state_publisher_handle spawn_state_publisher(caf::actor_system& system, publisher_environment use);

}  // namespace helios::actors
