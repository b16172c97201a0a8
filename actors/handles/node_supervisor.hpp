#pragma once
// The node supervisor: monitors the long-lived actors of a node. One whose loss the node survives is started again, with a
// growing pause; the loss of any other ends the node, which recovers from its log when it is started again.
//
// I1 An actor that ends because it was told to is not started again.

#include <caf/actor_addr.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <string>

namespace helios::actors {

/// Look after this actor. `restart` spawns a new one and returns it; empty: the node cannot go on without it.
struct look_after {
  std::string name;
  caf::strong_actor_ptr child;
  std::function<caf::strong_actor_ptr()> restart;
};
/// Time to start the child with this number again.
struct restart_child {
  std::uint64_t number = 0;
};
/// From now on every end is meant.
struct stop_supervising {};

using node_supervisor_handle =
    caf::typed_actor<caf::reacts_to<look_after>, caf::reacts_to<restart_child>, caf::reacts_to<stop_supervising>>;

/// `fatal` is called once, on the supervisor's thread, with what was lost.
node_supervisor_handle spawn_node_supervisor(caf::actor_system& system, std::function<void(std::string)> fatal);

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::look_after)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::restart_child)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_supervising)
