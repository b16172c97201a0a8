#pragma once
// What all sessions of a node share, and the edge between sql/ and the actors above it. The actors implement
// `node_facts` (what system views show of replication) and `commit_sink`; sql/ implements everything else.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fiber_host.hpp"
#include "base/types.hpp"
#include "sql/catalog/catalog.hpp"
#include "sql/write_admission.hpp"
#include "storage/engine.hpp"

namespace helios::sql {

/// Rows of the replication views, with the columns that surface.md fixes. Times are microseconds since the Unix epoch.
struct replication_status_row {
  std::string node_id, role, sync_mode;
  bool is_read_only = false;
  lsn current, flush, apply;
  epoch number;
  int standby_count = 0;
  std::string primary_host, listen_addr;
  int replication_port = 0;
  std::int64_t started_at_us = 0;
};
struct replication_standby_row {
  std::string node_id, sync_mode, state;
  lsn flush, apply;
  std::int64_t lag_bytes = 0, lag_ms = 0;
  std::string address;
  lsn sent;
  std::int64_t connected_at_us = 0, last_heartbeat_us = 0;  ///< 0: NULL
  std::int64_t reconnects = 0;
};
struct replication_primary_row {
  std::string node_id, state;
  lsn primary, local;
  std::int64_t lag_bytes = 0, lag_ms = 0;
  std::string address;
  std::int64_t fencing_token = 0;
  std::int64_t connected_at_us = 0, last_heartbeat_us = 0;
  std::int64_t reconnect_attempts = 0;
};
struct metric_row {
  std::string name;
  std::int64_t value = 0;
  std::string description;
};
struct activity_row {
  std::int64_t session = 0;
  std::string user, database, application, client_address, state, query, wait_event;
  int client_port = 0;
  std::int64_t backend_start_us = 0, query_start_us = 0, state_change_us = 0, transaction_start_us = 0;
};

/// Facts of the running node, kept by the actors. Any thread; each call returns a consistent copy.
class node_facts {
 public:
  virtual ~node_facts() = default;
  virtual bool in_recovery() const = 0;  ///< true on a standby
  virtual replication_status_row status() const = 0;
  virtual std::vector<replication_standby_row> standbys() const = 0;      ///< empty on a standby
  virtual std::optional<replication_primary_row> primary() const = 0;     ///< nothing on a primary
  virtual std::vector<metric_row> metrics() const = 0;
  virtual std::vector<activity_row> activity() const = 0;
  /// pg_cancel_backend / pg_terminate_backend; false if there is no such session.
  virtual bool cancel_session(std::int64_t session, bool terminate) = 0;

  // Both ask the failover, which decides and may refuse: the outcome is errc::refused with its reason. nullptr: there is no failover.
  /// That this standby leads, without loss of an acknowledged commit.
  virtual completion_ptr take_over() = 0;
  /// That this primary hands over to `to` (empty: the failover chooses). `session` asks, and gets its answer before the change ends
  /// it. It must wait for the outcome without a cancel.
  virtual completion_ptr hand_over(std::int64_t session, const node_id& to) = 0;
};

class notification_hub;

/// One per node; outlives all sessions. Any thread.
class database {
 public:
  database(storage::engine& engine, storage::commit_sink& sink, node_facts& facts);
  ~database();

  storage::engine& engine() { return engine_; }
  storage::commit_sink& sink() { return sink_; }
  node_facts& facts() { return facts_; }
  /// The catalog as of a snapshot, cached by its catalog version.
  catalog_ptr catalog_at(const storage::snapshot_ptr& at);
  /// The latest visible one.
  catalog_ptr latest_catalog();

  /// Done once the node shows everything up to `position`; nullptr when it already does. For read-your-writes.
  completion_ptr wait_visible(lsn position);
  /// Called by whoever moves the engine's watermark, after it moved: completes the waits that are met. Any thread.
  void visible_advanced();

  /// Every transaction that means to write passes here first.
  write_admission& writes() { return writes_; }
  /// LISTEN and NOTIFY.
  notification_hub& notifications() { return *notifications_; }

  /// How many ACCESS EXCLUSIVE locks sessions hold or wait for: while there are none, reads need no relation lock.
  bool has_exclusive_locks() const { return exclusive_locks_.load(std::memory_order_acquire) > 0; }
  void note_exclusive_locks(int change) { exclusive_locks_.fetch_add(change, std::memory_order_acq_rel); }

  /// Ids for temporary objects and their spaces.
  std::uint32_t next_temporary_oid() { return storage::first_private_space.value + temporary_oids_.fetch_add(1) % 0x1FFF0000u; }

 private:
  storage::engine& engine_;
  storage::commit_sink& sink_;
  node_facts& facts_;
  std::atomic<int> exclusive_locks_{0};
  std::atomic<std::uint32_t> temporary_oids_{0};
  write_admission writes_;
  struct cache;
  std::unique_ptr<cache> cache_;
  std::unique_ptr<notification_hub> notifications_;
};

}  // namespace helios::sql
