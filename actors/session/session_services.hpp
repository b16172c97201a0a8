#pragma once
// What every session of a data node uses. The node ends what is referred to here when the directory is empty: only who is in the
// directory may touch anything but the directory itself. A listener and a client on its way in therefore share the services.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/session/session_directory.hpp"
#include "config/options.hpp"
#include "net/peer_link.hpp"
#include "sql/database.hpp"

namespace helios::actors {

/// Where a standby forwards writes to.
struct upstream_target {
  node_id primary;
  std::string host;
  std::uint16_t replication_port = 0;
  std::uint16_t pg_port = 0;
};

struct session_services {
  sql::database& db;
  const config::node_options& options;
  std::shared_ptr<session_directory> directory;
  boost::asio::io_context& control_io;
  net::local_node self;
  std::function<bool()> read_only;                    ///< true on a standby; any thread. A promotion changes it
  bool tls = false;                                   ///< SSLRequest is answered 'S'
  std::function<upstream_target()> current_primary;   ///< any thread; of a standby
  /// Why no new session is accepted ("the database system is starting up"), if so. Any thread; may be empty.
  std::function<std::optional<std::string>()> not_accepting;
  /// False when an answer could be stale: of an elected primary whose lease has ended. What was `asked_in_time`, under the lease, is answered
  /// until the lease would have run out, also where it was given up meanwhile. Any thread; empty: always true.
  std::function<bool(bool asked_in_time)> may_answer = {};
  /// Of this node as a standby, where it may change at run time; empty: as configured.
  std::function<sync_mode()> mode = {};
};

using session_services_ptr = std::shared_ptr<session_services>;

}  // namespace helios::actors
