// The operator's command line: asks a node's HTTP interface and prints tables or JSON. Wiring only.

#include <CLI/CLI.hpp>

#include <boost/asio/io_context.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.hpp"

namespace {

using namespace helios;
using nlohmann::json;
using namespace std::chrono_literals;

struct target {
  std::string host = "localhost";
  std::uint16_t port = 8080;
};

struct answer {
  int status = 0;
  json body;
};

/// Says on stderr what went wrong where there is no answer.
std::optional<answer> ask(const target& from, net::http_request request, std::chrono::milliseconds within) {
  boost::asio::io_context io;
  std::optional<answer> out;
  net::http_fetch(io, from.host, from.port, std::move(request), within, [&out, &from](result<net::http_response> got) {
    if (!got) {
      std::fprintf(stderr, "heliosctl: %s:%u: %s\n", from.host.c_str(), unsigned{from.port}, to_string(got.failure()).c_str());
      return;
    }
    auto body = json::parse(got->body, nullptr, false);
    if (body.is_discarded()) std::fprintf(stderr, "heliosctl: the answer is no JSON\n");
    else out = answer{got->status, std::move(body)};
  });
  io.run();
  return out;
}

std::optional<json> fetch(const target& from, const std::string& path) {
  net::http_request request;
  request.method = "GET";
  request.path = path;
  auto got = ask(from, std::move(request), 5000ms);
  return got ? std::optional(std::move(got->body)) : std::nullopt;
}

using table = std::vector<std::vector<std::string>>;

void print(const table& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump(); }

/// "-" where an older node does not say it.
std::string field(const json& object, const char* key) { return text(object.value(key, json())); }

table members_table(const json& cluster) {
  table out{{"MEMBER", "ROLE", "STATE", "EPOCH", "HOST", "LAG BYTES", "LAG MS"}};
  for (const auto& m : cluster.value("members", json::array())) {
    out.push_back({field(m, "name"), field(m, "role"), field(m, "state"), field(m, "timeline"),
                   field(m, "host") + ":" + field(m, "port"), field(m, "lag"), field(m, "lag_ms")});
  }
  if (cluster.value("pause", false)) out.push_back({"Maintenance mode: automatic failover is paused"});
  return out;
}

table voters_table(const json& list) {
  table out{{"MEMBER", "KIND", "VOTES", "STATE", "HOST", "SQL", "REPLICATION", "HTTP"}};
  for (const auto& m : list.value("members", json::array())) {
    out.push_back({field(m, "node_id"), field(m, "kind"), m.value("voter", false) ? "yes" : "no", field(m, "state"), field(m, "host"),
                   field(m, "pg_port"), field(m, "replication_port"), field(m, "http_port")});
  }
  out.push_back({field(list, "voters") + " voters, " + field(list, "quorum") + " are a majority; list " + field(list, "version") + " of epoch " +
                 field(list, "epoch")});
  return out;
}

table fields_table(const json& fields) {
  table out;
  for (const auto& [name, value] : fields.items()) out.push_back({name, text(value)});
  return out;
}

table history_table(const json& rows) {
  table out{{"EPOCH", "ENDED AT", "BECAUSE", "NEXT LEADER"}};
  for (const auto& r : rows) out.push_back({text(r[0]), text(r[1]), text(r[2]), text(r[4])});
  return out;
}

table events_table(const json& election) {
  table out{{"TIME", "EVENT", "WHAT AND WHY"}};
  for (const auto& e : election.value("events", json::array())) {
    const std::time_t seconds = static_cast<std::time_t>(e.value("time_us", std::int64_t{0}) / 1'000'000);
    char time[32];
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &parts);
    out.push_back({time, field(e, "event"), field(e, "text")});
  }
  return out;
}

/// "http://host:port/patroni"; nothing for another text.
std::optional<target> to_target(std::string_view url) {
  const auto scheme = url.find("//");
  const auto colon = url.rfind(':');
  if (scheme == std::string_view::npos || colon == std::string_view::npos || colon < scheme + 3) return std::nullopt;
  target out{std::string(url.substr(scheme + 2, colon - scheme - 2)), 0};
  const auto* const first = url.data() + colon + 1;
  const auto [rest, failed] = std::from_chars(first, url.data() + url.size(), out.port);
  if (failed != std::errc{} || rest == first || (rest != url.data() + url.size() && *rest != '/')) return std::nullopt;
  return out;
}

/// Where a member's HTTP interface is, as the node that is asked knows it. `name` empty: the primary.
std::optional<target> find_member(const target& from, const std::string& name) {
  const auto cluster = fetch(from, "/cluster");
  if (!cluster) return std::nullopt;
  for (const auto& m : cluster->value("members", json::array())) {
    const bool leads = m.value("role", "") == "leader" && m.value("state", "") != "unreachable";
    if (name.empty() ? !leads : m.value("name", "") != name) continue;
    const auto url = m.value("api_url", "");
    if (auto at = to_target(url)) return at;
    std::fprintf(stderr, "heliosctl: %s has no usable api_url: %s\n", m.value("name", "").c_str(), url.c_str());
    return std::nullopt;
  }
  std::fprintf(stderr, "heliosctl: %s\n", name.empty() ? "no primary is known" : ("no member is named " + name).c_str());
  return std::nullopt;
}

int act(const std::optional<target>& at, const std::string& path, const json& body, const std::string& token) {
  if (!at) return 1;
  net::http_request request;
  request.method = "POST";
  request.path = path;
  request.authorization = "Bearer " + token;
  request.body = body.dump();
  const auto got = ask(*at, std::move(request), 60'000ms);
  if (!got) return 1;
  if (got->status / 100 != 2) {
    std::fprintf(stderr, "heliosctl: %s\n", text(got->body.value("error", got->body)).c_str());
    return 1;
  }
  std::cout << text(got->body.value("result", got->body)) << '\n';
  return 0;
}

/// Where the others reach it; of one that is a member already only what changes.
struct new_member {
  std::string host;
  std::uint16_t pg_port = 0, replication_port = 0, http_port = 0;
  bool no_vote = false;

  void describe(CLI::App& command) {
    command.add_option("--node-host", host, "The name or address under which the other nodes reach it");
    command.add_option("--pg-port", pg_port, "Its SQL port; without one it is an observer");
    command.add_option("--replication-port", replication_port, "Its replication port");
    command.add_option("--http-port", http_port, "Its HTTP port");
    command.add_flag("--no-vote", no_vote, "It takes no part in elections; takes the vote from one that has it");
  }
  json body(const std::string& node) const {
    json out = {{"node_id", node}, {"voter", !no_vote}};
    if (!host.empty()) out["host"] = host;
    for (const auto& [key, port] : {std::pair{"pg_port", pg_port}, {"replication_port", replication_port}, {"http_port", http_port}})
      if (port != 0) out[key] = port;
    return out;
  }
};

int show(const target& from, const std::string& path, bool as_json, table (*to_table)(const json&)) {
  const auto body = fetch(from, path);
  if (!body) return 1;
  if (as_json) std::cout << body->dump(2) << '\n';
  else print(to_table(*body));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Looks at a HeliosDB-Lite cluster, and changes its primary, through the HTTP interface of its nodes"};
  target from;
  bool as_json = false;
  app.add_option("--host", from.host, "A node of the cluster")->capture_default_str();
  app.add_option("--port", from.port, "Its HTTP port")->capture_default_str();
  app.add_flag("--json", as_json, "JSON instead of a table");
  app.set_version_flag("--version", std::string("heliosctl ") + HELIOS_VERSION);
  auto* status = app.add_subcommand("status", "The node that is asked");
  auto* topology = app.add_subcommand("topology", "All members, as that node sees them");
  auto* history = app.add_subcommand("history", "The epochs of the cluster");
  auto* events = app.add_subcommand("events", "The failover decisions of the node that is asked");
  std::string to, token;
  bool accept_data_loss = false;
  app.add_option("--token", token, "The cluster's api_token, for commands that change something")->envname("HELIOSDB_API_TOKEN");
  auto* switchover = app.add_subcommand("switchover", "Hands the primary's role over without losing a commit or a client");
  switchover->add_option("--to", to, "The node that shall lead; by default the cluster chooses");
  auto* failover = app.add_subcommand("failover", "Makes a node the primary though the present one does not answer");
  failover->add_option("--to", to, "The node that shall lead")->required();
  failover->add_flag("--accept-data-loss", accept_data_loss, "Also if it may lack acknowledged commits");
  auto* pause = app.add_subcommand("pause", "Maintenance: no failover begins by itself in the cluster; commands by hand work");
  auto* resume = app.add_subcommand("resume", "Ends the maintenance");
  std::string node, mode;
  auto* reinitialize = app.add_subcommand("reinitialize", "A standby drops its store and takes a base backup from its primary");
  reinitialize->add_option("node", node, "The standby")->required();
  auto* change_mode = app.add_subcommand("mode", "Changes how commits wait for a standby; it outlives a restart of the node");
  change_mode->add_option("node", node, "The standby")->required();
  change_mode->add_option("mode", mode, "Its new mode")->required()->check(CLI::IsMember({"sync", "semi-sync", "async"}));
  auto* members = app.add_subcommand("member", "Who belongs to the cluster and votes; changes need a majority of the voters");
  members->require_subcommand(1);
  members->fallthrough();
  auto* list = members->add_subcommand("list", "All members, as the node that is asked knows them");
  new_member fresh;
  auto* add = members->add_subcommand("add", "Adds a node, which votes from when it is heard; again for one that came later than that");
  add->add_option("node", node, "The node's id")->required();
  fresh.describe(*add);
  auto* remove = members->add_subcommand("remove", "Takes a node out: it serves nothing any more");
  remove->add_option("node", node, "The node")->required();
  app.require_subcommand(1);
  app.fallthrough();
  CLI11_PARSE(app, argc, argv);
  if (*status) return show(from, "/api/ha/status", as_json, fields_table);
  if (*topology) return show(from, "/cluster", as_json, members_table);
  if (*history) return show(from, "/history", as_json, history_table);
  if (*events) return show(from, "/api/ha/election", as_json, events_table);
  if (*switchover) return act(find_member(from, {}), "/switchover", to.empty() ? json::object() : json{{"target_node", to}}, token);
  if (*failover) return act(find_member(from, to), "/failover", {{"target_node", to}, {"accept_data_loss", accept_data_loss}}, token);
  if (*reinitialize) return act(find_member(from, node), "/reinitialize", json::object(), token);
  if (*change_mode) return act(find_member(from, node), "/mode", {{"mode", mode}}, token);
  if (*pause) return act(from, "/pause", json::object(), token);
  if (*resume) return act(from, "/resume", json::object(), token);
  if (*list) return show(from, "/members", as_json, voters_table);
  if (*add) return act(find_member(from, {}), "/members/add", fresh.body(node), token);
  if (*remove) return act(find_member(from, {}), "/members/remove", {{"node_id", node}}, token);
  return 1;
}
