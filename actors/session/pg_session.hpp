#pragma once
// The pg session actor: one client, from the first byte to the last. It owns the connection, the fiber and the SQL session,
// and ends itself when the client is gone. Not supervised: a session that fails ends alone.

#include <caf/fwd.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/handles/pg_session.hpp"
#include "actors/session/session_services.hpp"

namespace helios::actors {

/// A session that a peer forwards: already authenticated by the cluster's secret.
struct forwarded_client {
  std::string user, database, client_address;
  std::uint16_t client_port = 0;
  std::vector<std::pair<std::string, std::string>> settings;
  /// Tells the peer what the session has committed or seen (wire::repl::session_position), before the ReadyForQuery that follows it. On
  /// the session's fiber.
  std::function<void(lsn)> announce_position;
  /// The session is open under this cancel key.
  std::function<void(std::uint32_t process_id, std::uint32_t secret)> opened;
  /// The link's own entry in the directory, until the session has one.
  std::shared_ptr<void> opening;
};

/// Starts the session; it reads its first message itself. It ends at once when the directory takes no sessions any more.
pg_session_handle spawn_pg_session(caf::actor_system& system, net::connection_ptr client, session_services_ptr services,
                                   std::optional<forwarded_client> forwarded = std::nullopt);

}  // namespace helios::actors
