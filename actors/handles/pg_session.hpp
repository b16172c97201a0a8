#pragma once
// Messages of a PostgreSQL session actor: one per client connection, or per session that a peer has forwarded here.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "actors/session/session_fiber.hpp"
#include "wire/repl/frame_codec.hpp"

namespace helios::actors {

/// The first message: register, read the client's first bytes.
struct begin_session {};
/// Bytes from the client, after the session asked for them.
struct client_bytes {
  std::string bytes;
};
/// The client's connection is closed.
struct client_closed {};
/// A wait of the session's fiber may go on.
struct wake_fiber {
  std::uint64_t ticket = 0;
};
/// Cancel, terminate, fence.
struct interrupt_session {
  interrupt what{};
};
/// Time to look at the session's deadlines: authentication, statement_timeout, idle_in_transaction_session_timeout.
struct deadline_tick {
  std::chrono::steady_clock::time_point at;
};
/// A notification waits for the client.
struct session_notified {};
/// From the primary, on the link that carries this session's forwarded statements.
struct upstream_frames {
  std::uint64_t link = 0;  ///< which of the session's links, counted from 1
  std::vector<wire::repl::decoded_frame> frames;
};
struct upstream_closed {
  std::uint64_t link = 0;
  std::string why;
};

using pg_session_handle =
    caf::typed_actor<caf::reacts_to<begin_session>, caf::reacts_to<client_bytes>, caf::reacts_to<client_closed>, caf::reacts_to<wake_fiber>,
                     caf::reacts_to<interrupt_session>, caf::reacts_to<deadline_tick>, caf::reacts_to<session_notified>,
                     caf::reacts_to<upstream_frames>, caf::reacts_to<upstream_closed>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::begin_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::client_bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::client_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::wake_fiber)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::interrupt_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::deadline_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::session_notified)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::upstream_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::upstream_closed)
