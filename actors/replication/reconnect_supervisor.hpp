#pragma once
// The reconnect supervisor of a standby: dials the primary, hands the link to the WAL receiver, and dials again when that link
// has ended: at once the first time, then with exponential back-off (replication/backoff.hpp). The primary's name is resolved
// on each attempt. When the primary itself is heard from meanwhile, the wait is cut short.

#include <boost/asio/io_context.hpp>
#include <caf/fwd.hpp>

#include <memory>

#include "actors/ha/peer_book.hpp"
#include "actors/handles/wal_receiver.hpp"
#include "actors/replication/primary_board.hpp"
#include "config/options.hpp"
#include "net/peer_link.hpp"

namespace helios::actors {

struct reconnect_environment {
  const config::node_options& options;
  net::local_node self;
  boost::asio::io_context& control_io;
  std::shared_ptr<primary_board> primary;
  std::shared_ptr<const peer_book> peers;
};

/// Dials once begin_reconnecting has told it of the receiver.
reconnect_supervisor_handle spawn_reconnect_supervisor(caf::actor_system& system, reconnect_environment use);

}  // namespace helios::actors
