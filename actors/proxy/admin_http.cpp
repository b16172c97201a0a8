#include "actors/proxy/admin_http.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "wire/crypto.hpp"

namespace helios::actors {
namespace {

using nlohmann::json;

net::http_response reply(int status, const json& body) {
  net::http_response out;
  out.status = status;
  out.body = body.dump() + "\n";
  return out;
}

json to_json(const node_view& n) {
  return {{"node_id", n.address.id.value},
          {"address", n.address.host + ":" + std::to_string(n.address.pg_port)},
          {"role", n.connected ? to_string(n.state.role) : "unknown"},
          {"sync_mode", n.state.mode},
          {"connected", n.connected},
          {"enabled", n.enabled},
          {"serving", n.connected && n.state.serving},
          {"writable", n.connected && n.state.writable},
          {"epoch", n.state.number.value},
          {"visible_lsn", n.state.visible.value},
          {"flushed_lsn", n.state.flushed.value},
          {"lag_ms", n.state.lag_ms},
          {"lag_bytes", n.state.lag_bytes},
          {"in_flight", n.counters->in_flight.load()},
          {"reads", n.counters->reads.load()},
          {"writes", n.counters->writes.load()},
          {"lost", n.counters->lost.load()},
          {"trouble", n.trouble}};
}

json health(const topology& nodes) {
  int usable = 0;
  for (const auto& n : nodes.nodes) usable += n.usable() ? 1 : 0;
  const auto* primary = nodes.primary();
  return {{"status", usable == 0 ? "unavailable" : primary != nullptr ? "ok" : "degraded"},
          {"healthy_nodes", usable},
          {"nodes", nodes.nodes.size()},
          {"primary", primary != nullptr ? json(primary->address.id.value) : json(nullptr)}};
}

/// By node id, or by host:port of its PostgreSQL listener.
const node_view* find_node(const topology& nodes, const std::string& name) {
  for (const auto& n : nodes.nodes) {
    if (n.address.id.value == name || n.address.host + ":" + std::to_string(n.address.pg_port) == name) return &n;
  }
  return nullptr;
}

bool authorized(const proxy_services& services, const net::http_request& request) {
  const auto& token = services.options.api_token;
  return !token.empty() && wire::constant_time_equal(request.authorization, "Bearer " + token);
}

net::http_response node_action(proxy_services& services, const net::http_request& request, const node_view& node, bool enable) {
  if (!authorized(services, request)) return reply(401, {{"error", "a bearer token is needed for actions"}});
  services.board.update(node.address.id, [enable](node_view& n) { n.enabled = enable; });
  if (!enable) services.pool->close_idle(node.address.id);
  return reply(200, {{"node_id", node.address.id.value}, {"enabled", enable}});
}

net::http_response answer_node(proxy_services& services, const net::http_request& request) {
  const auto nodes = services.board.detailed();
  std::string name = request.path.substr(std::string_view("/nodes/").size());
  const auto slash = name.rfind('/');
  const std::string action = slash == std::string::npos ? "" : name.substr(slash + 1);
  if (slash != std::string::npos) name.resize(slash);
  const auto* node = find_node(nodes, name);
  if (node == nullptr) return reply(404, {{"error", "no such node"}});
  if (action.empty()) return reply(200, to_json(*node));
  if (request.method != "POST") return reply(405, {{"error", "POST is needed for actions"}});
  if (action != "enable" && action != "disable") return reply(404, {{"error", "no such action"}});
  return node_action(services, request, *node, action == "enable");
}

json all_nodes(const topology& nodes) {
  json out = json::array();
  for (const auto& n : nodes.nodes) out.push_back(to_json(n));
  return out;
}

json sessions(const proxy_services& services) {
  json out = json::array();
  for (const auto& row : services.directory.list()) {
    out.push_back({{"session", row.session},
                   {"user", row.user},
                   {"database", row.database},
                   {"application_name", row.application},
                   {"client", row.client_address + ":" + std::to_string(row.client_port)},
                   {"state", row.state},
                   {"connected_at_us", row.backend_start_us}});
  }
  return out;
}

json pools(const proxy_services& services) {
  json idle = json::array(), open = json::object();
  for (const auto& u : services.pool->idle()) {
    idle.push_back({{"node_id", u.key.node.value}, {"user", u.key.user}, {"database", u.key.database}, {"idle", u.idle}});
  }
  for (const auto& [node, count] : services.pool->open()) open[node.value] = count;
  return {{"open", open}, {"idle", idle}, {"max_per_node", services.options.proxy.pool_size_max}};
}

/// Everything but passwords, secrets and tokens.
json configuration(const config::node_options& o) {
  json peers = json::array();
  for (const auto& p : o.peers) {
    peers.push_back({{"node_id", p.id.value}, {"host", p.host}, {"pg_port", p.pg_port},
                     {"replication_port", p.replication_port}, {"http_port", p.http_port}});
  }
  return {{"node_id", o.id.value},
          {"cluster_id", o.cluster_id},
          {"listen", {{"host", o.listen.host}, {"pg_port", o.listen.pg_port}, {"http_port", o.listen.http_port},
                      {"connections_max", o.listen.connections_max}}},
          {"proxy", {{"write_timeout_ms", o.proxy.write_timeout.count()},
                     {"health_interval_ms", o.proxy.health_interval.count()},
                     {"read_lag_max_ms", o.proxy.read_lag_max.count()},
                     {"pool_size_max", o.proxy.pool_size_max}}},
          {"peers", peers}};
}

std::string metrics(const proxy_services& services) {
  const auto& c = services.counters;
  std::string out;
  const auto counter = [&out](const char* name, const char* help, const char* type, std::uint64_t value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
  };
  counter("helios_proxy_clients", "Client sessions now", "gauge", services.directory.size());
  counter("helios_proxy_clients_total", "Client sessions since the start", "counter", c.clients);
  counter("helios_proxy_logins_refused_total", "Logins refused", "counter", c.refused_logins);
  counter("helios_proxy_reads_total", "Units of work sent as reads", "counter", c.reads);
  counter("helios_proxy_writes_total", "Units of work sent as writes", "counter", c.writes);
  counter("helios_proxy_retried_total", "Units of work sent again to another node", "counter", c.retried);
  counter("helios_proxy_waited_total", "Units of work that waited for a node", "counter", c.waited_for_primary);
  counter("helios_proxy_failed_total", "Statements that ended in an error", "counter", c.failed);
  out += "# HELP helios_proxy_node_up Whether the node is heard from and serves\n# TYPE helios_proxy_node_up gauge\n";
  const auto nodes = services.board.detailed();
  for (const auto& n : nodes.nodes) {
    out += fmt::format("helios_proxy_node_up{{node=\"{}\"}} {}\n", n.address.id.value, n.usable() ? 1 : 0);
  }
  out += "# HELP helios_proxy_node_in_flight Statements that run on the node\n# TYPE helios_proxy_node_in_flight gauge\n";
  for (const auto& n : nodes.nodes) {
    out += fmt::format("helios_proxy_node_in_flight{{node=\"{}\"}} {}\n", n.address.id.value, n.counters->in_flight.load());
  }
  return out;
}

}  // namespace

net::http_response answer_admin(proxy_services& services, const net::http_request& request) {
  const auto& path = request.path;
  if (path.starts_with("/nodes/")) return answer_node(services, request);
  if (request.method != "GET") return reply(405, {{"error", "only GET is allowed here"}});
  const auto nodes = services.board.detailed();
  if (path == "/health" || path == "/health/ready") {
    const auto body = health(nodes);
    return reply(body["healthy_nodes"] == 0 ? 503 : 200, body);
  }
  if (path == "/health/live") return reply(200, {{"status", "ok"}});
  if (path == "/nodes") return reply(200, all_nodes(nodes));
  if (path == "/topology") {
    auto body = health(nodes);
    body["epoch"] = nodes.highest_epoch().value;
    body["members"] = all_nodes(nodes);
    return reply(200, body);
  }
  if (path == "/sessions") return reply(200, sessions(services));
  if (path == "/pools") return reply(200, pools(services));
  if (path == "/config") return reply(200, configuration(services.options));
  if (path == "/version") return reply(200, {{"name", "HeliosDB-Lite proxy"}, {"version", "0.1.0"}, {"protocol", "3.0"}});
  if (path == "/metrics") {
    net::http_response out;
    out.content_type = "text/plain; version=0.0.4";
    out.body = metrics(services);
    return out;
  }
  return reply(404, {{"error", "no such endpoint"}});
}

}  // namespace helios::actors
