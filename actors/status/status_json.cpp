#include "actors/status/status_json.hpp"

#include <algorithm>

namespace helios::actors {
namespace {

using nlohmann::json;

std::string role_name(const wire::repl::node_state& s) { return to_string(s.role); }

/// Patroni's words: a standby is a replica.
std::string patroni_role(const wire::repl::node_state& s) {
  switch (s.role) {
    case node_role::primary: return "primary";
    case node_role::standby: return "replica";
    case node_role::observer: return "observer";
    case node_role::proxy: return "proxy";
  }
  return "?";
}

std::string cluster_role(const wire::repl::node_state& s) {
  if (s.role == node_role::primary) return "leader";
  if (s.role == node_role::standby) return s.mode == "sync" ? "sync_standby" : "replica";
  return patroni_role(s);
}

json standbys_json(const node_status& node) {
  json out = json::array();
  for (const auto& s : node.standbys) {
    out.push_back({{"node_id", s.node_id}, {"sync_mode", s.sync_mode}, {"state", s.state}, {"address", s.address},
                   {"sent_lsn", s.sent.value}, {"flush_lsn", s.flush.value}, {"apply_lsn", s.apply.value},
                   {"lag_bytes", s.lag_bytes}, {"lag_ms", s.lag_ms}});
  }
  return out;
}

json xlog_json(const wire::repl::node_state& s) {
  if (s.role == node_role::primary) return {{"location", s.written.value}};
  return {{"received_location", s.written.value}, {"replayed_location", s.visible.value}, {"paused", false}};
}

std::string member_state(const member& m) {
  if (!m.connected) return "unreachable";
  if (!m.state.serving) return "starting";
  return m.state.role == node_role::standby ? "streaming" : "running";
}

json member_json(const member& m) {
  json out = {{"name", m.address.id.value}, {"host", m.address.host}, {"port", m.address.pg_port},
              {"api_url", "http://" + m.address.host + ":" + std::to_string(m.address.http_port) + "/patroni"},
              {"role", m.connected || m.state.number.value != 0 ? cluster_role(m.state) : "unknown"},
              {"state", member_state(m)}, {"timeline", m.state.number.value}};
  if (m.state.role == node_role::standby) {
    out["lag"] = m.state.lag_bytes;
    out["lag_ms"] = m.state.lag_ms;
    out["sync_mode"] = m.state.mode;
  }
  if (!m.trouble.empty()) out["trouble"] = m.trouble;
  return out;
}

}  // namespace

json status_json(const config::node_options& options, const node_status& node) {
  const auto& s = node.state;
  json out = {{"status", s.serving ? "ok" : "unavailable"},
              {"state", s.serving ? "running" : "starting"},
              {"role", patroni_role(s)},
              {"node_id", s.node_id},
              {"server_version", 150000},
              {"timeline", s.number.value},
              {"degraded", node.degraded},
              {"patroni", {{"version", "heliosdb-lite"}, {"scope", options.cluster_id}, {"name", s.node_id}}}};
  if (s.role == node_role::primary || s.role == node_role::standby) out["xlog"] = xlog_json(s);
  if (!node.trouble.empty()) out["reason"] = node.trouble;
  if (s.role == node_role::primary) {
    out["commit_rule"] = node.commit_rule;
    out["replication"] = standbys_json(node);
  }
  if (s.role == node_role::standby) out["sync_mode"] = s.mode;
  return out;
}

json cluster_json(const config::node_options& options, const node_status& node) {
  json members = json::array();
  for (const auto& m : node.members) members.push_back(member_json(m));
  json out = {{"scope", options.cluster_id}, {"seen_by", node.state.node_id}, {"highest_epoch", node.highest_epoch.value}, {"members", members}};
  if (node.failover && node.failover->paused) out["pause"] = true;
  return out;
}

json members_json(const node_status& node) {
  json out = {{"epoch", 0}, {"version", 0}, {"members", json::array()}};
  if (!node.failover) return out;
  const auto& list = node.failover->members;
  out["epoch"] = list.id.number.value;
  out["version"] = list.id.version;
  out["voters"] = node.failover->voters;
  out["quorum"] = node.failover->quorum;
  for (const auto& m : list.members) {
    json row = {{"node_id", m.id.value}, {"kind", m.data_node ? "data" : "observer"}, {"voter", m.voter}};
    const auto seen = std::find_if(node.members.begin(), node.members.end(), [&m](const member& s) { return s.address.id == m.id; });
    if (seen != node.members.end()) {
      row["host"] = seen->address.host;
      row["pg_port"] = seen->address.pg_port;
      row["replication_port"] = seen->address.replication_port;
      row["http_port"] = seen->address.http_port;
      row["state"] = member_state(*seen);
    }
    out["members"].push_back(std::move(row));
  }
  return out;
}

/// Patroni's rows: timeline, the position at which it ended, why the next one began, and who leads.
json history_json(const node_status& node) {
  json out = json::array();
  for (std::size_t i = 0; i + 1 < node.history.size(); ++i) {
    const auto& next = node.history[i + 1];
    const bool same = next.leader == node.history[i].leader;
    out.push_back({node.history[i].number.value, next.begin.value, same ? "the primary was started again" : "another node leads",
                   nullptr, next.leader});
  }
  return out;
}

json ha_status_json(const config::node_options& options, const node_status& node) {
  const auto& s = node.state;
  json out = {{"node_id", s.node_id}, {"role", role_name(s)}, {"cluster_id", options.cluster_id}, {"epoch", s.number.value},
              {"lsn", s.written.value}, {"flush_lsn", s.flushed.value}, {"apply_lsn", s.applied.value},
              {"visible_lsn", s.visible.value}, {"is_read_only", !s.writable}, {"serving", s.serving},
              {"degraded", node.degraded}, {"started_at_us", node.started_at_us},
              {"failover", options.replication.failover == config::failover_policy::manual ? "manual" : "automatic"}};
  if (!node.trouble.empty()) out["reason"] = node.trouble;
  if (s.role == node_role::primary) {
    out["commit_rule"] = node.commit_rule;
    out["standbys"] = standbys_json(node);
  }
  if (s.role == node_role::standby) {
    out["sync_mode"] = s.mode;
    out["primary"] = s.primary;
    if (node.primary) out["replication_state"] = node.primary->state;
  }
  return out;
}

json lsn_json(const node_status& node) {
  const auto& s = node.state;
  return {{"node_id", s.node_id}, {"current_lsn", s.written.value}, {"flush_lsn", s.flushed.value},
          {"apply_lsn", s.applied.value}, {"visible_lsn", s.visible.value}};
}

json lag_json(const node_status& node) {
  const auto& s = node.state;
  json out = {{"node_id", s.node_id}, {"lag_bytes", s.lag_bytes}, {"lag_ms", s.lag_ms}};
  if (s.role == node_role::primary) out["standbys"] = standbys_json(node);
  return out;
}

json fencing_json(const node_status& node) {
  json out = {{"node_id", node.state.node_id}, {"fenced", node.fenced}, {"token", node.state.number.value},
              {"highest_token", node.highest_epoch.value}};
  if (const auto& f = node.failover) {
    out["token"] = f->role == replication::ha::member_role::leading ? f->leader_epoch.value : f->promised.value;
    out["promised"] = f->promised.value;
    out["lease_ms"] = f->lease_left.count();
    out["granted_to"] = f->record.grant.holder.value;
  }
  return out;
}

json election_json(const config::node_options& options, const node_status& node) {
  json leader = nullptr;
  if (node.state.role == node_role::primary && node.state.writable) leader = node.state.node_id;
  for (const auto& m : node.members) {
    if (m.connected && m.state.writable && m.state.number == node.highest_epoch) leader = m.address.id.value;
  }
  json out = {{"node_id", node.state.node_id}, {"epoch", node.highest_epoch.value}, {"leader", leader},
              {"failover", options.replication.failover == config::failover_policy::manual ? "manual" : "automatic"}, {"election", "none"}};
  if (const auto& f = node.failover) {
    out["election"] = replication::ha::to_string(f->role);
    out["follows"] = f->leader.value;
    out["leader_epoch"] = f->leader_epoch.value;
    out["promised"] = f->promised.value;
    out["vote"] = f->record.vote.value;
    out["voters"] = f->voters;
    out["quorum"] = f->quorum;
    out["paused"] = f->paused;
    out["maintenance_version"] = f->record.maintenance.version;
    out["config"] = {{"epoch", f->record.config.number.value}, {"version", f->record.config.version},
                     {"leader", f->record.config.leader.value}, {"acks_needed", f->record.config.acks_needed}};
    for (const auto& m : f->record.config.members) out["config"]["members"].push_back(m.value);
    for (const auto& e : node.events) {
      out["events"].push_back({{"time_us", e.time_us}, {"event", e.name}, {"text", e.text}, {"critical", e.critical}});
    }
  }
  return out;
}

}  // namespace helios::actors
