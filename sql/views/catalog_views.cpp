// Columns of the system views of pg_catalog, as clients know them from PostgreSQL 15.
#include "sql/views/relation_definitions.hpp"

namespace helios::sql {
namespace {

constexpr relation_definition definitions[] = {
    {12085, 'v', "pg_available_extension_versions",
     "name:name version:text installed:bool superuser:bool trusted:bool relocatable:bool schema:name "
     "requires:name[] comment:text"},
    {12081, 'v', "pg_available_extensions",
     "name:name default_version:text installed_version:text comment:text"},
    {12010, 'v', "pg_group",
     "groname:name grosysid:oid grolist:oid[]"},
    {12043, 'v', "pg_indexes",
     "schemaname:name tablename:name indexname:name tablespace:name indexdef:text"},
    {12073, 'v', "pg_locks",
     "locktype:text database:oid relation:oid page:int4 tuple:int2 virtualxid:text transactionid:xid classid:oid "
     "objid:oid objsubid:int2 virtualtransaction:text pid:int4 mode:text granted:bool fastpath:bool "
     "waitstart:timestamptz"},
    {12038, 'v', "pg_matviews",
     "schemaname:name matviewname:name matviewowner:name tablespace:name hasindexes:bool ispopulated:bool "
     "definition:text"},
    {12018, 'v', "pg_policies",
     "schemaname:name tablename:name policyname:name permissive:text roles:name[] cmd:text qual:text "
     "with_check:text"},
    {12090, 'v', "pg_prepared_xacts",
     "transaction:xid gid:text prepared:timestamptz owner:name database:name"},
    {12068, 'v', "pg_publication_tables",
     "pubname:name schemaname:name tablename:name attnames:name[] rowfilter:text"},
    {12257, 'v', "pg_replication_slots",
     "slot_name:name plugin:name slot_type:text datoid:oid database:name temporary:bool active:bool "
     "active_pid:int4 xmin:xid catalog_xmin:xid restart_lsn:pg_lsn confirmed_flush_lsn:pg_lsn wal_status:text "
     "safe_wal_size:int8 two_phase:bool"},
    {12000, 'v', "pg_roles",
     "rolname:name rolsuper:bool rolinherit:bool rolcreaterole:bool rolcreatedb:bool rolcanlogin:bool "
     "rolreplication:bool rolconnlimit:int4 rolpassword:text rolvaliduntil:timestamptz rolbypassrls:bool "
     "rolconfig:text[] oid:oid"},
    {12023, 'v', "pg_rules",
     "schemaname:name tablename:name rulename:name definition:text"},
    {12099, 'v', "pg_seclabels",
     "objoid:oid classoid:oid objsubid:int4 objtype:text objnamespace:oid objname:text provider:text label:text"},
    {12048, 'v', "pg_sequences",
     "schemaname:name sequencename:name sequenceowner:name data_type:regtype start_value:int8 min_value:int8 "
     "max_value:int8 increment_by:int8 cycle:bool cache_size:int8 last_value:int8"},
    {12104, 'v', "pg_settings",
     "name:text setting:text unit:text category:text short_desc:text extra_desc:text context:text vartype:text "
     "source:text min_val:text max_val:text enumvals:text[] boot_val:text reset_val:text sourcefile:text "
     "sourceline:int4 pending_restart:bool"},
    {12005, 'v', "pg_shadow",
     "usename:name usesysid:oid usecreatedb:bool usesuper:bool userepl:bool usebypassrls:bool passwd:text "
     "valuntil:timestamptz useconfig:text[]"},
    {12222, 'v', "pg_stat_activity",
     "datid:oid datname:name pid:int4 leader_pid:int4 usesysid:oid usename:name application_name:text "
     "client_addr:inet client_hostname:text client_port:int4 backend_start:timestamptz xact_start:timestamptz "
     "query_start:timestamptz state_change:timestamptz wait_event_type:text wait_event:text state:text "
     "backend_xid:xid backend_xmin:xid query_id:int8 query:text backend_type:text"},
    {12183, 'v', "pg_stat_all_indexes",
     "relid:oid indexrelid:oid schemaname:name relname:name indexrelname:name idx_scan:int8 idx_tup_read:int8 "
     "idx_tup_fetch:int8"},
    {12142, 'v', "pg_stat_all_tables",
     "relid:oid schemaname:name relname:name seq_scan:int8 seq_tup_read:int8 idx_scan:int8 idx_tup_fetch:int8 "
     "n_tup_ins:int8 n_tup_upd:int8 n_tup_del:int8 n_tup_hot_upd:int8 n_live_tup:int8 n_dead_tup:int8 "
     "n_mod_since_analyze:int8 n_ins_since_vacuum:int8 last_vacuum:timestamptz last_autovacuum:timestamptz "
     "last_analyze:timestamptz last_autoanalyze:timestamptz vacuum_count:int8 autovacuum_count:int8 "
     "analyze_count:int8 autoanalyze_count:int8"},
    {12266, 'v', "pg_stat_database",
     "datid:oid datname:name numbackends:int4 xact_commit:int8 xact_rollback:int8 blks_read:int8 blks_hit:int8 "
     "tup_returned:int8 tup_fetched:int8 tup_inserted:int8 tup_updated:int8 tup_deleted:int8 conflicts:int8 "
     "temp_files:int8 temp_bytes:int8 deadlocks:int8 checksum_failures:int8 checksum_last_failure:timestamptz "
     "blk_read_time:float8 blk_write_time:float8 session_time:float8 active_time:float8 "
     "idle_in_transaction_time:float8 sessions:int8 sessions_abandoned:int8 sessions_fatal:int8 "
     "sessions_killed:int8 stats_reset:timestamptz"},
    {12297, 'v', "pg_stat_progress_analyze",
     "pid:int4 datid:oid datname:name relid:oid phase:text sample_blks_total:int8 sample_blks_scanned:int8 "
     "ext_stats_total:int8 ext_stats_computed:int8 child_tables_total:int8 child_tables_done:int8 "
     "current_child_table_relid:oid"},
    {12317, 'v', "pg_stat_progress_basebackup",
     "pid:int4 phase:text backup_total:int8 backup_streamed:int8 tablespaces_total:int8 "
     "tablespaces_streamed:int8"},
    {12307, 'v', "pg_stat_progress_cluster",
     "pid:int4 datid:oid datname:name relid:oid command:text phase:text cluster_index_relid:oid "
     "heap_tuples_scanned:int8 heap_tuples_written:int8 heap_blks_total:int8 heap_blks_scanned:int8 "
     "index_rebuild_count:int8"},
    {12322, 'v', "pg_stat_progress_copy",
     "pid:int4 datid:oid datname:name relid:oid command:text type:text bytes_processed:int8 bytes_total:int8 "
     "tuples_processed:int8 tuples_excluded:int8"},
    {12312, 'v', "pg_stat_progress_create_index",
     "pid:int4 datid:oid datname:name relid:oid index_relid:oid command:text phase:text lockers_total:int8 "
     "lockers_done:int8 current_locker_pid:int8 blocks_total:int8 blocks_done:int8 tuples_total:int8 "
     "tuples_done:int8 partitions_total:int8 partitions_done:int8"},
    {12302, 'v', "pg_stat_progress_vacuum",
     "pid:int4 datid:oid datname:name relid:oid phase:text heap_blks_total:int8 heap_blks_scanned:int8 "
     "heap_blks_vacuumed:int8 index_vacuum_count:int8 max_dead_tuples:int8 num_dead_tuples:int8"},
    {12227, 'v', "pg_stat_replication",
     "pid:int4 usesysid:oid usename:name application_name:text client_addr:inet client_hostname:text "
     "client_port:int4 backend_start:timestamptz backend_xmin:xid state:text sent_lsn:pg_lsn write_lsn:pg_lsn "
     "flush_lsn:pg_lsn replay_lsn:pg_lsn write_lag:interval flush_lag:interval replay_lag:interval "
     "sync_priority:int4 sync_state:text reply_time:timestamptz"},
    {12244, 'v', "pg_stat_subscription",
     "subid:oid subname:name pid:int4 relid:oid received_lsn:pg_lsn last_msg_send_time:timestamptz "
     "last_msg_receipt_time:timestamptz latest_end_lsn:pg_lsn latest_end_time:timestamptz"},
    {12188, 'v', "pg_stat_sys_indexes",
     "relid:oid indexrelid:oid schemaname:name relname:name indexrelname:name idx_scan:int8 idx_tup_read:int8 "
     "idx_tup_fetch:int8"},
    {12152, 'v', "pg_stat_sys_tables",
     "relid:oid schemaname:name relname:name seq_scan:int8 seq_tup_read:int8 idx_scan:int8 idx_tup_fetch:int8 "
     "n_tup_ins:int8 n_tup_upd:int8 n_tup_del:int8 n_tup_hot_upd:int8 n_live_tup:int8 n_dead_tup:int8 "
     "n_mod_since_analyze:int8 n_ins_since_vacuum:int8 last_vacuum:timestamptz last_autovacuum:timestamptz "
     "last_analyze:timestamptz last_autoanalyze:timestamptz vacuum_count:int8 autovacuum_count:int8 "
     "analyze_count:int8 autoanalyze_count:int8"},
    {12275, 'v', "pg_stat_user_functions",
     "funcid:oid schemaname:name funcname:name calls:int8 total_time:float8 self_time:float8"},
    {12192, 'v', "pg_stat_user_indexes",
     "relid:oid indexrelid:oid schemaname:name relname:name indexrelname:name idx_scan:int8 idx_tup_read:int8 "
     "idx_tup_fetch:int8"},
    {12161, 'v', "pg_stat_user_tables",
     "relid:oid schemaname:name relname:name seq_scan:int8 seq_tup_read:int8 idx_scan:int8 idx_tup_fetch:int8 "
     "n_tup_ins:int8 n_tup_upd:int8 n_tup_del:int8 n_tup_hot_upd:int8 n_live_tup:int8 n_dead_tup:int8 "
     "n_mod_since_analyze:int8 n_ins_since_vacuum:int8 last_vacuum:timestamptz last_autovacuum:timestamptz "
     "last_analyze:timestamptz last_autoanalyze:timestamptz vacuum_count:int8 autovacuum_count:int8 "
     "analyze_count:int8 autoanalyze_count:int8"},
    {12236, 'v', "pg_stat_wal_receiver",
     "pid:int4 status:text receive_start_lsn:pg_lsn receive_start_tli:int4 written_lsn:pg_lsn flushed_lsn:pg_lsn "
     "received_tli:int4 last_msg_send_time:timestamptz last_msg_receipt_time:timestamptz latest_end_lsn:pg_lsn "
     "latest_end_time:timestamptz slot_name:text sender_host:text sender_port:int4 conninfo:text"},
    {12053, 'v', "pg_stats",
     "schemaname:name tablename:name attname:name inherited:bool null_frac:float4 avg_width:int4 "
     "n_distinct:float4 most_common_vals:anyarray most_common_freqs:float4[] histogram_bounds:anyarray "
     "correlation:float4 most_common_elems:anyarray most_common_elem_freqs:float4[] "
     "elem_count_histogram:float4[]"},
    {12033, 'v', "pg_tables",
     "schemaname:name tablename:name tableowner:name tablespace:name hasindexes:bool hasrules:bool "
     "hastriggers:bool rowsecurity:bool"},
    {12014, 'v', "pg_user",
     "usename:name usesysid:oid usecreatedb:bool usesuper:bool userepl:bool usebypassrls:bool passwd:text "
     "valuntil:timestamptz useconfig:text[]"},
    {12327, 'v', "pg_user_mappings",
     "umid:oid srvid:oid srvname:name umuser:oid usename:name umoptions:text[]"},
    {12028, 'v', "pg_views",
     "schemaname:name viewname:name viewowner:name definition:text"},
};

}  // namespace

std::span<const relation_definition> catalog_views() { return definitions; }

}  // namespace helios::sql
