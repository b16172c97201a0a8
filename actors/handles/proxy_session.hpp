#pragma once
// Messages of a proxy session actor: one per client of the proxy. Its client and its links speak as those of a pg session do.

#include "actors/handles/pg_session.hpp"

namespace helios::actors {

/// The node of this link is no longer heard from.
struct upstream_suspect {
  std::uint64_t link = 0;
};
/// The client has had its time to authenticate.
struct login_deadline {};

using proxy_session_handle =
    caf::typed_actor<caf::reacts_to<client_bytes>, caf::reacts_to<client_closed>, caf::reacts_to<wake_fiber>,
                     caf::reacts_to<interrupt_session>, caf::reacts_to<login_deadline>, caf::reacts_to<upstream_frames>,
                     caf::reacts_to<upstream_closed>, caf::reacts_to<upstream_suspect>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::upstream_suspect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::login_deadline)
