#pragma once
// Where PostgreSQL sessions come from: the client port, and forward links that peers open. Used by the node supervisor.

#include <boost/asio/io_context.hpp>
#include <caf/fwd.hpp>
#include <memory>

#include "actors/session/session_services.hpp"
#include "net/connection.hpp"
#include "net/peer_link.hpp"

namespace helios::actors {

/// Accepts clients on options.listen.host:pg_port, each with a session actor of its own. `services` outlives the sessions
/// (session_directory::wait_empty). errc::io with the address when it cannot bind.
result<std::unique_ptr<net::listener>> open_pg_listener(caf::actor_system& system, boost::asio::io_context& io,
                                                        session_services_ptr services, const net::tls_files& tls = {});

/// Serves an accepted link with purpose `forward`: reads open_session, then runs a session as its user. A standby refuses
/// ("role") who wants to write. The link is closed when the session ends, and the other way round. `io` runs on one thread.
void accept_forward_session(caf::actor_system& system, boost::asio::io_context& io, session_services_ptr services,
                            net::peer_link_ptr link);

}  // namespace helios::actors
