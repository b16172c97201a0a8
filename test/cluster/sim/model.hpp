#pragma once
// The simulator's model of what a cluster keeps and says: log entries (an LSN counts entries), the disk of a node, and the messages
// between nodes, proxy and clients. Plain values.

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "replication/ha/durable_record.hpp"
#include "replication/ha/messages.hpp"
#include "replication/ha/options.hpp"
#include "replication/rejoin.hpp"

namespace helios::sim {

namespace ha = replication::ha;
using true_time = std::int64_t;  ///< nanoseconds since the run began, as no node can see it

struct entry {
  enum class kind : std::uint8_t { epoch_start, config, commit, handover } what{};
  epoch number;                                     ///< in which it was written
  std::uint64_t value = 0;                          ///< of a commit: unique
  std::shared_ptr<const ha::config_record> config;  ///< of a config
  bool same_as(const entry& o) const { return what == o.what && number == o.number && value == o.value; }
};
using entries = std::vector<entry>;

/// What survives a crash, with `log` beyond `durable` being lost in part or whole.
struct disk {
  entries log;
  std::size_t durable = 0;
  ha::durable_record record;
  std::size_t checkpoint = 0;
  bool complete = true;  ///< false while a base backup replaces the store
};

std::vector<replication::epoch_start> history_of(const entries& log);

/// A standby wants the log of the leader of `number`; the leader answers with the shape of its own.
struct stream_request {
  epoch number;
};
struct stream_shape {
  epoch number;
  replication::primary_log log;
};
struct stream_from {
  epoch number;
  std::uint64_t connection = 0;  ///< numbers the standby's streams: what belongs to an ended one is ignored
  std::size_t position = 0;
};
struct backup_request {
  epoch number;
  std::uint64_t request = 0;  ///< the backup repeats it: one that was asked for before the node streamed on is too old
  bool needed = true;  ///< the store is incomplete or too far behind; false: an operator wants it replaced
};
/// The leader's checkpoint; the WAL after it is streamed.
struct backup {
  epoch number;
  std::uint64_t request = 0;
  entries log;
  std::size_t end = 0;  ///< of the leader's log when it was taken
};
struct wal {
  epoch number;
  std::uint64_t connection = 0;
  std::size_t begin = 0;
  entries log;
  std::size_t watermark = 0;
};
struct wal_ack {
  epoch number;
  std::uint64_t connection = 0;
  sync_mode mode{};
  std::size_t flushed = 0;
};

struct client_request {
  std::uint64_t operation = 0;
  bool write = false;
};
struct client_reply {
  std::uint64_t operation = 0;
  bool ok = false;
};
/// Pushed to the proxy.
struct leader_news {
  node_id leader;
  epoch number;
  bool open = false;
};

using payload = std::variant<ha::message, stream_request, stream_shape, stream_from, backup_request, backup, wal, wal_ack, client_request,
                             client_reply, leader_news>;
using payload_ptr = std::shared_ptr<const payload>;

/// What an actor of the simulation is told.
struct event {
  enum class kind : std::uint8_t {
    message,      ///< `from`, `content`
    wake,         ///< a timer
    record_done,  ///< the disk has written a record
    log_done,     ///< the disk has fsynced the log
    peer_lost     ///< the link to `from` was reset
  } what{};
  std::size_t from = 0;
  std::uint64_t incarnation = 0;  ///< of the process it is meant for; 0: any
  std::uint64_t number = 0;
  payload_ptr content;
};
using event_ptr = std::shared_ptr<event>;

/// Rules of the data plane that may be broken on purpose, beside ha::rule.
enum class data_rule : std::uint8_t {
  acks_follow_match,       ///< a standby acknowledges, and a leader counts, only what the two logs were matched for
  lower_wal_is_refused,    ///< a fenced node takes no WAL of a lower epoch
  ack_after_fsync,         ///< a standby acknowledges what is on its disk
  opening_acks_nothing,    ///< nothing is acknowledged before a config of the epoch is in force
  old_and_new_bind,        ///< while a config is proposed, the old one binds, too
  visible_by_rule,         ///< shown is what the commit rule allows, not what is fsynced
  ack_needs_lease,         ///< the lease is checked right before an acknowledgement
  read_needs_lease,        ///< ... and before a strong read
  divergent_tail_is_cut,   ///< a rejoining node cuts its tail at the fork
  backup_marks_store,      ///< a store is marked incomplete before it is replaced
  late_backup_is_dropped,  ///< a base backup that was asked for before the node streamed on replaces nothing
  count
};
const char* to_string(data_rule r);

struct broken {
  ha::broken_rules machine;
  std::bitset<static_cast<std::size_t>(data_rule::count)> data;
  bool breaks(data_rule r) const { return data.test(static_cast<std::size_t>(r)); }
};

}  // namespace helios::sim
