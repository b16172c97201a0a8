#pragma once
// Messages of a node watch: the proxy's ear at one data node.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "net/peer_link.hpp"

namespace helios::actors {

/// Time to look at the clock: dial again, or call the node lost.
struct watch_tick {};
/// How the dial with this number ended; no link: `why`.
struct watch_dialed {
  std::uint64_t attempt = 0;
  net::peer_link_ptr link;
  std::string why;
};
struct watch_frames {
  std::uint64_t attempt = 0;
  std::vector<wire::repl::decoded_frame> frames;
};
struct watch_closed {
  std::uint64_t attempt = 0;
  std::string why;
};
/// The proxy ends.
struct stop_watch {};

using node_watch_handle =
    caf::typed_actor<caf::reacts_to<watch_tick>, caf::reacts_to<watch_dialed>, caf::reacts_to<watch_frames>,
                     caf::reacts_to<watch_closed>, caf::reacts_to<stop_watch>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::watch_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::watch_dialed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::watch_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::watch_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_watch)
