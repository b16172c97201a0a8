#pragma once
// Messages of the actors by which nodes know of each other: the state publisher of a node, and the peer watches that listen
// to it (on data nodes and observers).

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "net/peer_link.hpp"

namespace helios::actors {

// --- publisher ---
/// A node, observer or proxy wants to hear of this node's state.
struct add_watcher {
  net::peer_link_ptr link;
};
struct watcher_closed {
  std::uint64_t number = 0;
};
/// What a watcher has to say: only members of the failover rules do.
struct watcher_frames {
  std::uint64_t number = 0;
  std::vector<wire::repl::decoded_frame> frames;
};
/// Something that watchers route by may have changed.
struct publish_now {};
struct publish_tick {};
/// The node stops: say so to all watchers.
struct stop_publishing {};

using state_publisher_handle =
    caf::typed_actor<caf::reacts_to<add_watcher>, caf::reacts_to<watcher_closed>, caf::reacts_to<watcher_frames>, caf::reacts_to<publish_now>,
                     caf::reacts_to<publish_tick>, caf::reacts_to<stop_publishing>>;

// --- watch ---
struct peer_tick {};
struct peer_dialed {
  std::uint64_t number = 0;
  net::peer_link_ptr link;  ///< null: `why`
  std::string why;
};
struct peer_frames {
  std::uint64_t number = 0;
  std::vector<wire::repl::decoded_frame> frames;
};
struct peer_closed {
  std::uint64_t number = 0;
  std::string why;
};
/// For the member at the other end; dropped while there is no link.
struct tell_peer {
  std::string bytes;
};
struct stop_peer_watch {};

using peer_watch_handle =
    caf::typed_actor<caf::reacts_to<peer_tick>, caf::reacts_to<peer_dialed>, caf::reacts_to<peer_frames>,
                     caf::reacts_to<peer_closed>, caf::reacts_to<tell_peer>, caf::reacts_to<stop_peer_watch>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::add_watcher)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::watcher_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::watcher_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::publish_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::publish_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_publishing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::peer_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::peer_dialed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::peer_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::peer_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::tell_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_peer_watch)
