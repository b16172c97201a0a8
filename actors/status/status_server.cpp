#include "actors/status/status_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "actors/status/members_command.hpp"
#include "actors/status/status_json.hpp"
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

net::http_response failure(int status, std::string why) { return reply(status, {{"error", std::move(why)}}); }

bool authorized(const status_source& source, const net::http_request& request) {
  const auto& token = source.options.api_token;
  return !token.empty() && wire::constant_time_equal(request.authorization, "Bearer " + token);
}

/// "1048576", "16MB"; nothing when it is neither.
std::optional<std::uint64_t> parse_lag(std::string_view text) {
  std::uint64_t value = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{}) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  if (unit.empty() || unit == "B") return value;
  if (unit == "kB") return value << 10;
  if (unit == "MB") return value << 20;
  if (unit == "GB") return value << 30;
  return std::nullopt;
}

bool is_standby(const node_status& n) { return n.state.serving && n.state.role == node_role::standby; }
bool is_primary(const node_status& n) { return n.state.serving && n.state.writable; }

/// Whether the node serves in the role that the path asks for; nothing for any other path.
std::optional<bool> role_answer(const node_status& n, const net::http_request& request) {
  const auto& path = request.path;
  if (path == "/" || path == "/primary" || path == "/read-write" || path == "/leader" || path == "/master") return is_primary(n);
  if (path == "/replica") {
    const auto lag = request.query.find("lag");
    if (lag == request.query.end()) return is_standby(n);
    const auto most = parse_lag(lag->second);
    return is_standby(n) && most && static_cast<std::uint64_t>(n.state.lag_bytes) <= *most;
  }
  if (path == "/read-only") return is_primary(n) || is_standby(n);
  if (path == "/sync" || path == "/synchronous") return is_standby(n) && n.state.mode == "sync";
  if (path == "/async" || path == "/asynchronous") return is_standby(n) && n.state.mode != "sync";
  if (path == "/health" || path == "/readiness") return n.state.serving;
  if (path == "/liveness") return true;
  if (path == "/standby-leader" || path == "/standby_leader") return false;
  return std::nullopt;
}

enum class action { switchover, failover, pause, resume, reload, reinitialize, reaped, mode, add_member, remove_member };

/// Patroni's paths and the specification's.
std::optional<action> action_of(std::string_view path) {
  if (path == "/switchover" || path == "/api/switchover/initiate") return action::switchover;
  if (path == "/failover") return action::failover;
  if (path == "/pause") return action::pause;
  if (path == "/resume") return action::resume;
  if (path == "/reload") return action::reload;
  if (path == "/reinitialize") return action::reinitialize;
  if (path == "/api/ha/reaped") return action::reaped;
  if (path == "/mode") return action::mode;
  if (path == "/members/add") return action::add_member;
  if (path == "/members/remove") return action::remove_member;
  return std::nullopt;
}

net::http_response reload(const status_source& source) {
  const auto done = source.reload();
  return done ? reply(202, {{"result", *done}}) : failure(500, to_string(done.failure()));
}

net::http_response reinitialize(const status_source& source) {
  if (!source.reinitialize()) return failure(409, "only a standby is reinitialized: it takes a base backup from its primary");
  return reply(202, {{"result", "the node takes a new base backup"}});
}

/// {"node": "...", "incarnation": N}, from the launcher of that process. A process of this very node is not believed dead.
net::http_response reaped(const status_source& source, const std::string& text) {
  if (!source.reaped) return failure(409, "failover is manual here (replication.failover): no lease waits for a process");
  const auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) return failure(400, "the body is no JSON object");
  const auto node = body.find("node"), incarnation = body.find("incarnation");
  if (node == body.end() || !node->is_string()) return failure(400, "node must be a node id");
  if (incarnation == body.end() || !incarnation->is_number_unsigned() || incarnation->get<std::uint64_t>() == 0) {
    return failure(400, "incarnation must be a whole number above 0");
  }
  const process_reaped process{node_id{node->get<std::string>()}, incarnation->get<std::uint64_t>()};
  if (process.node == source.options.id) return failure(409, "this is that node, and it lives");
  const auto known = source.peers->find(process.node);
  if (!known || known->pg_port == 0) return failure(409, "no data node is named " + process.node.value);
  source.reaped(process);
  return reply(202, {{"result", "its lease is released"}});
}

/// {"mode": "sync"}: durable, and the node streams anew, when it is answered.
void change_mode(const status_source& source, const std::string& text, net::http_respond respond) {
  if (!source.change_mode) return respond(failure(409, "only a standby has a mode"));
  const auto body = json::parse(text, nullptr, false);
  const auto wanted = body.is_object() ? body.value("mode", json()) : json();
  for (const auto mode : {sync_mode::sync, sync_mode::semi_sync, sync_mode::async}) {
    if (wanted != to_string(mode)) continue;
    return source.change_mode(mode, [respond = std::move(respond)](const std::string& why) {
      respond(why.empty() ? reply(200, {{"result", "done"}}) : failure(500, why));
    });
  }
  respond(failure(400, "mode must be sync, semi-sync or async"));
}

agent_command::kind to_kind(action what) {
  switch (what) {
    case action::failover: return agent_command::kind::failover;
    case action::pause: return agent_command::kind::pause;
    case action::resume: return agent_command::kind::resume;
    case action::add_member:
    case action::remove_member: return agent_command::kind::members;
    default: return agent_command::kind::switchover;
  }
}

/// {"target_node": "...", "accept_data_loss": true}, both optional; Patroni's "candidate" is understood, too. errc::protocol says what
/// is wrong with another body.
result<agent_command> to_command(action what, const std::string& text) {
  agent_command out;
  out.what = to_kind(what);
  const auto body = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!body.is_object()) return error{errc::protocol, "the body is no JSON object"};
  for (const auto* key : {"target_node", "candidate"}) {
    const auto found = body.find(key);
    if (found == body.end()) continue;
    if (!found->is_string()) return error{errc::protocol, std::string(key) + " must be a node id"};
    out.target = node_id{found->get<std::string>()};
  }
  if (const auto found = body.find("accept_data_loss"); found != body.end()) {
    if (!found->is_boolean()) return error{errc::protocol, "accept_data_loss must be true or false"};
    out.accept_data_loss = found->get<bool>();
  }
  return out;
}

/// Why this node is the wrong one to ask.
std::optional<std::string> misdirected(const agent_command& command, const node_status& node) {
  using kind = agent_command::kind;
  const bool for_primary = command.what == kind::switchover || command.what == kind::members;
  if (for_primary && !(node.failover && node.failover->role == replication::ha::member_role::leading)) {
    const auto leader = node.failover ? node.failover->leader.value : "";
    return std::string(command.what == kind::members ? "a change of the members" : "a switchover") + " is asked of the primary" +
           (leader.empty() ? std::string() : ", which is " + leader);
  }
  if (command.what == kind::failover && node.state.role == node_role::observer) return "an observer holds no data and cannot lead";
  if (command.what == kind::failover && !command.target.value.empty() && command.target != node_id{node.state.node_id}) {
    return "a failover by hand is asked of the node that shall lead";
  }
  return std::nullopt;
}

void order_command(const status_source& source, action what, const std::string& body, net::http_respond respond) {
  if (!source.command) return respond(failure(503, "this node is starting"));
  const bool by_hand = source.options.replication.failover == config::failover_policy::manual;
  if (by_hand && (what == action::pause || what == action::resume)) {
    return respond(failure(409, "failover is manual here (replication.failover): nothing begins by itself"));
  }
  auto command = what == action::add_member      ? put_member_command(*source.peers, body)
                 : what == action::remove_member ? remove_member_command(body)
                                                 : to_command(what, body);
  if (!command) return respond(failure(400, command.failure().detail));
  if (const auto why = misdirected(*command, source.look())) return respond(failure(409, *why));
  command->done = [respond = std::move(respond)](const std::string& why) {
    respond(why.empty() ? reply(200, {{"result", "done"}}) : failure(412, why));
  };
  source.command(std::move(*command));
}

void serve_action(const status_source& source, const net::http_request& request, net::http_respond respond) {
  const auto wanted = action_of(request.path);
  if (!wanted) return respond(failure(404, "no such action"));
  if (!authorized(source, request)) return respond(failure(401, "a bearer token is needed for actions"));
  if (*wanted == action::reload) return respond(reload(source));
  if (*wanted == action::reinitialize) return respond(reinitialize(source));
  if (*wanted == action::mode) return change_mode(source, request.body, std::move(respond));
  if (*wanted == action::reaped) return respond(reaped(source, request.body));
  order_command(source, *wanted, request.body, std::move(respond));
}

net::http_response answer_question(const status_source& source, const net::http_request& request) {
  if (request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS") return failure(405, "only GET and POST are allowed here");
  const auto node = source.look();
  if (const auto good = role_answer(node, request)) return reply(*good ? 200 : 503, status_json(source.options, node));
  const auto& path = request.path;
  if (path == "/patroni") return reply(200, status_json(source.options, node));
  if (path == "/cluster") return reply(200, cluster_json(source.options, node));
  if (path == "/members") return reply(200, members_json(node));
  if (path == "/history") return reply(200, history_json(node));
  if (path == "/api/ha/status") return reply(200, ha_status_json(source.options, node));
  if (path == "/api/ha/lsn") return reply(200, lsn_json(node));
  if (path == "/api/ha/lag") return reply(200, lag_json(node));
  if (path == "/api/ha/fencing") return reply(200, fencing_json(node));
  if (path == "/api/ha/election") return reply(200, election_json(source.options, node));
  if (path == "/metrics") {
    net::http_response out;
    out.content_type = "text/plain; version=0.0.4";
    out.body = prometheus_text(node);
    return out;
  }
  return failure(404, "no such endpoint");
}

}  // namespace

void serve_status(const status_source& source, const net::http_request& request, net::http_respond respond) {
  if (request.method == "POST") return serve_action(source, request, std::move(respond));
  respond(answer_question(source, request));
}

std::string prometheus_text(const node_status& node) {
  std::string out;
  const auto gauge = [&out](std::string_view name, std::string_view help, std::int64_t value) {
    out += fmt::format("# HELP helios_{0} {1}\n# TYPE helios_{0} gauge\nhelios_{0} {2}\n", name, help, value);
  };
  gauge("up", "The process answers", 1);
  gauge("serving", "The node answers queries", node.state.serving ? 1 : 0);
  gauge("writable", "The node is the primary and open for writes", node.state.writable ? 1 : 0);
  gauge("degraded", "Fewer sync standbys acknowledge than wanted", node.degraded ? 1 : 0);
  gauge("epoch", "Epoch of the node's log", static_cast<std::int64_t>(node.state.number.value));
  for (const auto& m : node.metrics) {
    const bool counter = m.name.ends_with("_total");
    out += fmt::format("# HELP helios_{0} {1}\n# TYPE helios_{0} {2}\nhelios_{0} {3}\n", m.name, m.description,
                       counter ? "counter" : "gauge", m.value);
  }
  if (node.standbys.empty()) return out;
  out += "# HELP helios_standby_lag_bytes WAL that the standby has not applied\n# TYPE helios_standby_lag_bytes gauge\n";
  for (const auto& s : node.standbys) out += fmt::format("helios_standby_lag_bytes{{standby=\"{}\"}} {}\n", s.node_id, s.lag_bytes);
  out += "# HELP helios_standby_lag_ms Age of the oldest change that the standby has not applied\n# TYPE helios_standby_lag_ms gauge\n";
  for (const auto& s : node.standbys) out += fmt::format("helios_standby_lag_ms{{standby=\"{}\"}} {}\n", s.node_id, s.lag_ms);
  out += "# HELP helios_standby_streaming The standby streams and has caught up\n# TYPE helios_standby_streaming gauge\n";
  for (const auto& s : node.standbys) {
    out += fmt::format("helios_standby_streaming{{standby=\"{}\"}} {}\n", s.node_id, s.state == "streaming" ? 1 : 0);
  }
  return out;
}

}  // namespace helios::actors
