#pragma once
// The proxy session actor: one client, from the first byte to the last. It owns the connection, the fiber and the
// conversation, and ends itself when the client is gone. Not supervised: a session that fails ends alone.

#include <caf/fwd.hpp>

#include <memory>

#include "actors/handles/proxy_session.hpp"
#include "actors/proxy/proxy_services.hpp"

namespace helios::actors {

/// A client that does not authenticate within this is disconnected.
inline constexpr std::chrono::seconds login_time_max{60};

/// Starts the session, or tells the client that there are too many.
void spawn_proxy_session(caf::actor_system& system, net::connection_ptr client, std::shared_ptr<proxy_services> services);

}  // namespace helios::actors
