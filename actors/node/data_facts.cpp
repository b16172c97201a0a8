#include "actors/node/data_facts.hpp"

#include <algorithm>

#include "base/wall_clock.hpp"
#include "replication/lag.hpp"

namespace helios::actors {
namespace {

std::int64_t number(std::uint64_t v) { return static_cast<std::int64_t>(v); }

}  // namespace

data_facts::data_facts(storage::engine& engine, const config::node_options& options, std::shared_ptr<const peer_book> peers,
                       session_directory& sessions, std::int64_t started_at_us, std::function<sync_mode()> mode, std::function<void(agent_command)> command)
    : engine_(engine), options_(options), peers_(std::move(peers)), sessions_(sessions), started_at_us_(started_at_us), mode_(std::move(mode)), command_(std::move(command)) {}

sql::replication_status_row data_facts::status() const {
  const auto* leading = lead();
  const auto s = engine_.status();
  sql::replication_status_row out;
  out.node_id = options_.id.value;
  out.role = to_string(leading != nullptr ? node_role::primary : node_role::standby);
  out.sync_mode = leading != nullptr ? "" : to_string(mode_());
  out.is_read_only = leading == nullptr;
  out.current = s.written;
  out.flush = s.flushed;
  out.apply = s.visible;
  out.number = engine_.last_epoch();
  out.listen_addr = options_.listen.host + ":" + std::to_string(options_.listen.pg_port);
  out.replication_port = options_.listen.replication_port;
  out.started_at_us = started_at_us_;
  if (leading != nullptr) {
    for (const auto& e : leading->standbys().all()) out.standby_count += e.state == standby_state::streaming ? 1 : 0;
  } else if (const auto followed = followed_.load()) {
    if (const auto at = peers_->find(followed->read().id)) out.primary_host = at->host;
  }
  return out;
}

std::vector<sql::replication_standby_row> data_facts::standbys() const {
  std::vector<sql::replication_standby_row> out;
  const auto* leading = lead();
  if (leading == nullptr) return out;
  const auto status = engine_.status();
  const auto now = wall_clock_us();
  for (const auto& e : leading->standbys().all()) {
    const auto oldest = e.applied < status.written ? engine_.first_commit_time_after(e.applied) : std::nullopt;
    const auto lag = replication::measure_lag(e.applied, status.written, oldest, now);
    sql::replication_standby_row row;
    row.node_id = e.id.value;
    row.sync_mode = to_string(e.mode);
    row.state = to_string(e.state);
    row.flush = e.flushed;
    row.apply = e.applied;
    row.lag_bytes = number(lag.bytes);
    row.lag_ms = lag.ms;
    row.address = e.address;
    row.sent = e.sent;
    row.connected_at_us = e.connected_at_us;
    row.last_heartbeat_us = e.last_heartbeat_us;
    row.reconnects = std::max<std::int64_t>(0, e.connections - 1);
    out.push_back(std::move(row));
  }
  return out;
}

std::optional<sql::replication_primary_row> data_facts::primary() const {
  const auto followed = followed_.load();
  if (!followed || lead() != nullptr) return std::nullopt;
  const auto p = followed->read();
  const auto status = engine_.status();
  sql::replication_primary_row row;
  row.node_id = p.id.value;
  row.state = to_string(p.state);
  row.primary = std::max(p.written, status.written);
  row.local = status.applied;
  const std::optional<std::int64_t> oldest = p.oldest_unapplied_us > 0 ? std::optional(p.oldest_unapplied_us) : std::nullopt;
  const auto lag = replication::measure_lag(status.applied, row.primary, oldest, wall_clock_us());
  row.lag_bytes = number(lag.bytes);
  row.lag_ms = lag.ms;
  row.address = p.address;
  row.fencing_token = number(engine_.last_epoch().value);
  row.connected_at_us = p.connected_at_us;
  row.last_heartbeat_us = p.last_heartbeat_us;
  row.reconnect_attempts = p.attempts;
  return row;
}

std::vector<sql::metric_row> data_facts::metrics() const {
  const auto s = engine_.status();
  std::vector<sql::metric_row> out = {
      {"wal_written_bytes", number(s.written.value), "End of the WAL on this node"},
      {"wal_flushed_bytes", number(s.flushed.value), "End of what is fsynced"},
      {"wal_applied_bytes", number(s.applied.value), "End of what is in the memtable"},
      {"wal_visible_bytes", number(s.visible.value), "End of what queries see"},
      {"wal_checkpoint_bytes", number(s.checkpoint.value), "Recovery begins here"},
      {"wal_on_disk_bytes", number(s.wal_bytes_on_disk), "Size of the WAL files"},
      {"wal_fsyncs_total", number(s.fsyncs), "Fsyncs of the WAL since the start"},
      {"commits_total", number(s.commits), "Commits written to the WAL since the start"},
      {"checkpoints_total", number(s.checkpoints), "Checkpoints since the start"},
      {"memtable_bytes", number(s.memtable_bytes), "Memory of the memtables"},
      {"lmdb_used_bytes", number(s.lmdb_used_bytes), "Bytes of the durable pages in use"},
      {"lmdb_map_bytes", number(s.lmdb_map_bytes), "Address space reserved for the durable pages"},
      {"sessions", number(sessions_.size()), "Client sessions now"},
      {"current_epoch", number(engine_.last_epoch().value), "Epoch of the last record in the WAL"},
      {"uptime_seconds", (wall_clock_us() - started_at_us_) / 1'000'000, "Since the process started"},
  };
  if (const auto* leading = lead()) add_primary_metrics(*leading, out);
  if (const auto row = primary()) add_standby_metrics(*row, out);
  return out;
}

void data_facts::add_primary_metrics(const primary_lead& lead, std::vector<sql::metric_row>& out) const {
  const auto& gate = lead.gate();
  std::int64_t streaming = 0;
  for (const auto& e : lead.standbys().all()) streaming += e.state == standby_state::streaming ? 1 : 0;
  out.push_back({"commits_acknowledged_total", number(gate.acknowledged), "Commits that met the commit rule since the start"});
  out.push_back({"commits_waiting", number(gate.waiting), "Commits written and not yet acknowledged"});
  out.push_back({"standbys_streaming", streaming, "Standbys that stream and have caught up"});
  out.push_back({"cohort_version", number(gate.cohort_version), "Version of the commit rule in force"});
}

void data_facts::add_standby_metrics(const sql::replication_primary_row& row, std::vector<sql::metric_row>& out) {
  out.push_back({"replication_lag_bytes", row.lag_bytes, "WAL of the primary that is not applied here"});
  out.push_back({"replication_lag_ms", row.lag_ms, "Age of the oldest change that is not applied here"});
  out.push_back({"replication_streaming", row.state == "streaming" ? 1 : 0, "The stream from the primary is established"});
  out.push_back({"reconnect_attempts_total", row.reconnect_attempts, "Attempts to connect to the primary since the start"});
}

std::vector<sql::activity_row> data_facts::activity() const { return sessions_.list(); }

bool data_facts::cancel_session(std::int64_t session, bool terminate) {
  const session_id id{static_cast<std::uint64_t>(session)};
  return sessions_.interrupt_one(id, terminate ? interrupt::terminate : interrupt::cancel);
}

completion_ptr data_facts::order(agent_command command) const {
  auto out = std::make_shared<completion>();
  command.done = [out](const std::string& why) { out->complete(why.empty() ? result<void>() : error{errc::refused, why}); };
  command_(std::move(command));
  return out;
}

completion_ptr data_facts::take_over() {
  if (!command_) return nullptr;
  agent_command command;
  command.what = agent_command::kind::failover;
  return order(std::move(command));
}

completion_ptr data_facts::hand_over(std::int64_t session, const node_id& to) {
  if (!command_) return nullptr;
  sessions_.answer_first(session_id{static_cast<std::uint64_t>(session)});
  agent_command command;
  command.what = agent_command::kind::switchover;
  command.target = to;
  return order(std::move(command));
}

}  // namespace helios::actors
