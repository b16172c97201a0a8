// The replication views: the rows that the node's actors report, and the same facts in PostgreSQL's own views.
#include <algorithm>
#include <charconv>

#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/support.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

void status_rows(view_rows& out) {
  const auto s = out.hooks.db().facts().status();
  out.row().set("node_id", s.node_id).set("role", s.role).set("sync_mode", s.sync_mode).set("is_read_only", s.is_read_only);
  out.set("current_lsn", s.current.value).set("flush_lsn", s.flush.value).set("apply_lsn", s.apply.value);
  out.set("epoch", s.number.value).set("standby_count", s.standby_count).set_if("primary_host", s.primary_host);
  out.set("listen_addr", s.listen_addr).set("replication_port", s.replication_port).set_time("started_at", s.started_at_us);
  const std::int64_t up_us = clock_time_us() + unix_epoch_us - s.started_at_us;
  out.set("uptime_seconds", std::max<std::int64_t>(0, up_us / us_per_second));
}

void standby_rows(view_rows& out) {
  for (const auto& s : out.hooks.db().facts().standbys()) {
    out.row().set("node_id", s.node_id).set("sync_mode", s.sync_mode).set("state", s.state);
    out.set("flush_lsn", s.flush.value).set("apply_lsn", s.apply.value).set("lag_bytes", s.lag_bytes).set("lag_ms", s.lag_ms);
    out.set_if("address", s.address).set("sent_lsn", s.sent.value).set_time("connected_at", s.connected_at_us);
    out.set_time("last_heartbeat", s.last_heartbeat_us).set("reconnects", s.reconnects);
  }
}

void primary_rows(view_rows& out) {
  const auto p = out.hooks.db().facts().primary();
  if (!p) return;
  out.row().set("node_id", p->node_id).set("state", p->state).set("primary_lsn", p->primary.value);
  out.set("local_lsn", p->local.value).set("lag_bytes", p->lag_bytes).set("lag_ms", p->lag_ms).set_if("address", p->address);
  out.set("fencing_token", p->fencing_token).set_time("connected_at", p->connected_at_us);
  out.set_time("last_heartbeat", p->last_heartbeat_us).set("reconnect_attempts", p->reconnect_attempts);
}

void metric_rows(view_rows& out) {
  for (const auto& m : out.hooks.db().facts().metrics())
    out.row().set("metric_name", m.name).set("metric_value", m.value).set("description", m.description);
}

struct host_and_port {
  std::string host;
  int port = 0;
};
host_and_port split_address(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return {std::string(address), 0};
  host_and_port out{std::string(address.substr(0, colon)), 0};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), out.port);
  return out;
}
bool is_numeric_host(std::string_view host) {
  return !host.empty() && host.find_first_not_of("0123456789abcdefABCDEF.:[]") == std::string_view::npos;
}

void set_peer(view_rows& out, const std::string& address) {
  const auto peer = split_address(address);
  if (peer.host.empty()) return;
  out.set(is_numeric_host(peer.host) ? "client_addr" : "client_hostname", peer.host);
  if (peer.port != 0) out.set("client_port", peer.port);
}

/// PostgreSQL lists a standby only while it is connected.
void postgres_standby_rows(view_rows& out) {
  for (const auto& s : out.hooks.db().facts().standbys()) {
    if (s.state == "disconnected") continue;
    out.row().set("usesysid", bootstrap_role).set("usename", out.role_name(bootstrap_role)).set("application_name", s.node_id);
    set_peer(out, s.address);
    out.set("state", s.state == "connecting" ? "startup" : s.state == "catching_up" ? "catchup" : s.state);
    out.set("sent_lsn", s.sent.value).set("write_lsn", s.flush.value).set("flush_lsn", s.flush.value);
    out.set("replay_lsn", s.apply.value).set("sync_priority", s.sync_mode == "async" ? 0 : 1);
    out.set("sync_state", s.sync_mode == "async" ? "async" : "sync").set_time("backend_start", s.connected_at_us);
    out.set_time("reply_time", s.last_heartbeat_us);
    if (s.lag_ms > 0) out.set("replay_lag", interval{s.lag_ms * 1000, 0, 0}.to_datum(out.memory()));
  }
}

void receiver_rows(view_rows& out) {
  const auto p = out.hooks.db().facts().primary();
  if (!p || p->state == "disconnected") return;
  out.row().set("status", p->state == "catching_up" ? "streaming" : p->state == "connecting" ? "starting" : p->state);
  out.set("written_lsn", p->local.value).set("flushed_lsn", p->local.value).set("latest_end_lsn", p->primary.value);
  out.set_time("last_msg_receipt_time", p->last_heartbeat_us).set_time("latest_end_time", p->last_heartbeat_us);
  out.set("received_tli", p->fencing_token);
  const auto peer = split_address(p->address);
  out.set_if("sender_host", peer.host);
  if (peer.port != 0) out.set("sender_port", peer.port);
}

}  // namespace

void add_replication_rows(row_sources& s) {
  s.emplace("pg_replication_status", status_rows);
  s.emplace("pg_replication_standbys", standby_rows);
  s.emplace("pg_replication_primary", primary_rows);
  s.emplace("pg_replication_metrics", metric_rows);
  s.emplace("pg_stat_replication", postgres_standby_rows);
  s.emplace("pg_stat_wal_receiver", receiver_rows);
}

}  // namespace helios::sql
