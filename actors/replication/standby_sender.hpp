#pragma once
// The standby sender: gives one standby of this primary the log, from where that standby's ends. It answers the standby's
// start_stream with a plan (docs/protocol.md), sends a base backup or catches it up from the WAL files, and then passes on
// what the WAL writer writes. Detached: it reads files. It ends with its link; the standby dials again.
//
// I1 At most in_flight_bytes_max of WAL is sent and not yet acknowledged, or one chunk where that is larger.
// I2 What is sent was written, not necessarily fsynced: streaming goes on beside the local fsync, the commit needs both.

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

#include "actors/handles/commit_gate.hpp"
#include "actors/handles/standby_sender.hpp"
#include "actors/replication/standby_board.hpp"
#include "config/options.hpp"
#include "storage/engine.hpp"

namespace helios::actors {

/// One wal_data frame carries at most this much; a longer record spans several.
inline constexpr std::size_t wal_frame_bytes_max = 4u << 20;
/// Read from the WAL files at a time while a standby catches up.
inline constexpr std::size_t catch_up_bytes = 1u << 20;
inline constexpr std::size_t backup_frame_bytes = 1u << 20;

struct sender_environment {
  storage::engine& engine;
  const config::node_options& options;
  std::shared_ptr<standby_board> standbys;
  commit_gate_handle gate;
  wal_writer_handle writer;
  /// False while another node's store may be the only one that covers acknowledged commits (docs/protocol.md). Any thread.
  std::function<bool()> may_replace_stores;
};

/// `link`: authenticated, asked for a WAL stream, and not read from yet.
standby_sender_handle spawn_standby_sender(caf::actor_system& system, sender_environment use, net::peer_link_ptr link);

}  // namespace helios::actors
