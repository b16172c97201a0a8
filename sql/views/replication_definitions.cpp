// Columns of the four views of replication that PostgreSQL does not have. Their oids are our own.
#include "sql/views/relation_definitions.hpp"

namespace helios::sql {
namespace {

constexpr relation_definition definitions[] = {
    {12901, 'v', "pg_replication_status",
     "node_id:text role:text sync_mode:text is_read_only:bool current_lsn:int8 flush_lsn:int8 apply_lsn:int8 epoch:int8 "
     "standby_count:int4 primary_host:text listen_addr:text replication_port:int4 started_at:timestamptz "
     "uptime_seconds:int8"},
    {12902, 'v', "pg_replication_standbys",
     "node_id:text sync_mode:text state:text flush_lsn:int8 apply_lsn:int8 lag_bytes:int8 lag_ms:int8 address:text "
     "sent_lsn:int8 connected_at:timestamptz last_heartbeat:timestamptz reconnects:int8"},
    {12903, 'v', "pg_replication_primary",
     "node_id:text state:text primary_lsn:int8 local_lsn:int8 lag_bytes:int8 lag_ms:int8 address:text "
     "fencing_token:int8 connected_at:timestamptz last_heartbeat:timestamptz reconnect_attempts:int8"},
    {12904, 'v', "pg_replication_metrics", "metric_name:text metric_value:int8 description:text"},
};

}  // namespace

std::span<const relation_definition> replication_views() { return definitions; }

}  // namespace helios::sql
