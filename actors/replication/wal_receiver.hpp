#pragma once
// The WAL receiver of a standby: the engine's writer thread there. It tells the primary where its log ends, follows the plan
// that comes back, and then appends, fsyncs, acknowledges and shows what the primary sends. Detached: it blocks in fdatasync.
//
// I1 An acknowledgement is sent after the fsync of what it names; what is in the log is in the memtable then, too.
// I2 Nothing is shown above the primary's watermark.
// I3 It is not restarted: after a failed write or fsync the process ends and recovers.

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/handles/wal_receiver.hpp"
#include "actors/replication/primary_board.hpp"
#include "config/options.hpp"
#include "sql/database.hpp"

namespace helios::actors {

/// What only the data node's main thread can do: begin another generation, open or end.
struct node_order {
  enum class kind : std::uint8_t { open, truncate_log, install_backup, reinitialize, errand, stop, fail } what = kind::stop;
  lsn position;         ///< of truncate_log; of install_backup: the fork, from where what the old store had is lost
  std::string detail;   ///< of install_backup: the file; of fail: why
  std::uint64_t stream = 0;  ///< of a receiver's order: the stream it is about; void once the node follows otherwise. 0: always
  std::function<result<void>()> run = {};  ///< of errand: something to do on the node's main thread; a failure ends the node
};

struct receiver_environment {
  storage::engine* engine = nullptr;  ///< null while the node has no store: only a base backup is accepted then
  sql::database* db = nullptr;        ///< with the engine
  const config::node_options& options;
  std::shared_ptr<primary_board> primary;
  reconnect_supervisor_handle supervisor;
  /// Remembers the highest epoch heard of. Any thread.
  std::function<void(epoch)> heard_epoch;
  std::function<epoch()> epoch_now;
  /// This node has fsynced all that the primary had when the stream began. The receiver's thread; may fsync.
  std::function<void()> caught_up;
  /// The stream began or ended: watchers want to know.
  std::function<void()> changed;
  /// At most one order is given. Any thread; must not block.
  std::function<void(node_order)> order;
  /// This standby's mode from the next stream on. Any thread.
  std::function<sync_mode()> mode;
};

wal_receiver_handle spawn_wal_receiver(caf::actor_system& system, receiver_environment use);

/// Where a base backup is received, in the data directory.
inline constexpr const char incoming_backup_name[] = "incoming.backup";

}  // namespace helios::actors
