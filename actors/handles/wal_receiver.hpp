#pragma once
// Messages of the two actors that tie a standby to its primary: the WAL receiver and the reconnect supervisor.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "net/peer_link.hpp"

namespace helios::actors {

// --- receiver ---
/// A fresh link to the primary; `attempt` is shown to it.
struct receiver_link {
  std::uint64_t number = 0;
  std::uint64_t attempt = 0;
  net::peer_link_ptr link;
};
struct receiver_frames {
  std::uint64_t number = 0;
  std::vector<wire::repl::decoded_frame> frames;
};
struct receiver_closed {
  std::uint64_t number = 0;
  std::string why;
};
/// Time for a heartbeat, and to judge the primary's silence.
struct receiver_tick {};
/// This node stops: say goodbye and end.
struct stop_receiver {};

using wal_receiver_handle =
    caf::typed_actor<caf::reacts_to<receiver_link>, caf::reacts_to<receiver_frames>, caf::reacts_to<receiver_closed>,
                     caf::reacts_to<receiver_tick>, caf::reacts_to<stop_receiver>>;

// --- reconnect supervisor ---
/// Dial from now on, and give the links to this receiver.
struct begin_reconnecting {
  wal_receiver_handle receiver;
};
/// Time to dial, unless another attempt has begun since.
struct reconnect_due {
  std::uint64_t number = 0;
};
struct primary_dialed {
  std::uint64_t number = 0;
  net::peer_link_ptr link;  ///< null: `why`
  std::string why;
};
/// The receiver's link with this number has ended.
struct stream_ended {
  std::uint64_t number = 0;
  std::string why;
};
/// The primary was heard from: no need to wait any longer.
struct primary_heard {};
struct stop_reconnecting {};

using reconnect_supervisor_handle =
    caf::typed_actor<caf::reacts_to<begin_reconnecting>, caf::reacts_to<reconnect_due>, caf::reacts_to<primary_dialed>,
                     caf::reacts_to<stream_ended>, caf::reacts_to<primary_heard>, caf::reacts_to<stop_reconnecting>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::receiver_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::receiver_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::receiver_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::receiver_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_receiver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::begin_reconnecting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::reconnect_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::primary_dialed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stream_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::primary_heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_reconnecting)
