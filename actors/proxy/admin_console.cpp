#include "actors/proxy/admin_console.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <sstream>

#include "actors/proxy/reports.hpp"

namespace helios::actors {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::string upper;
  for (const char c : text) upper.push_back(c == ';' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  std::istringstream in(upper);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string text_of(std::uint64_t n) { return std::to_string(n); }

constexpr std::uint32_t text_type = 25;
constexpr std::array help_lines{"SHOW POOLS|CLIENTS|SERVERS|STATS|DATABASES|CONFIG|LISTS|VERSION|HELP", "PAUSE", "RESUME", "RECONNECT"};

}  // namespace

void admin_console::query(std::string_view text, wire::pg::backend_encoder& out) {
  const auto words = words_of(text);
  if (words.empty()) return out.empty_query_response();
  if (words[0] == "SHOW" && words.size() >= 2 && show(words[1], out)) return;
  if (words[0] == "PAUSE") {
    services_.gate.pause();
    return out.command_complete("PAUSE");
  }
  if (words[0] == "RESUME") {
    services_.gate.resume();
    return out.command_complete("RESUME");
  }
  if (words[0] == "RECONNECT") {
    services_.pool->close_idle();
    return out.command_complete("RECONNECT");
  }
  out.error_response(make_report(sqlstate::syntax_error, "invalid command '" + std::string(text) + "', use SHOW HELP;"));
}

bool admin_console::show(const std::string& what, wire::pg::backend_encoder& out) {
  table t;
  if (what == "POOLS") t = pools();
  else if (what == "CLIENTS") t = clients();
  else if (what == "SERVERS") t = servers();
  else if (what == "STATS") t = stats();
  else if (what == "DATABASES") t = databases();
  else if (what == "CONFIG") t = settings();
  else if (what == "LISTS") t = lists();
  else if (what == "VERSION") t = {{"version"}, {{"HeliosDB-Lite proxy"}}};
  else if (what == "HELP") t = help();
  else return false;
  std::vector<wire::pg::row_field> fields;
  for (const auto& c : t.columns) {
    wire::pg::row_field f;
    f.name = c;
    f.type = text_type;
    fields.push_back(f);
  }
  out.row_description(fields);
  for (const auto& row : t.rows) {
    out.begin_row(row.size());
    for (const auto& value : row) out.field(value);
    out.end_row();
  }
  out.command_complete("SHOW");
  return true;
}

admin_console::table admin_console::help() {
  table t{{"command"}, {}};
  for (const auto* line : help_lines) t.rows.push_back({line});
  return t;
}

admin_console::table admin_console::pools() const {
  table t{{"database", "user", "cl_active", "cl_waiting", "sv_active", "sv_idle", "pool_mode"}, {}};
  struct counts {
    std::size_t clients = 0, waiting = 0, open = 0, idle = 0;
  };
  std::map<std::pair<std::string, std::string>, counts> pools;
  for (const auto& row : services_.directory.list()) {
    auto& p = pools[{row.database, row.user}];
    ++(row.state == "waiting" ? p.waiting : p.clients);
  }
  for (const auto& [key, n] : services_.pool->open_by_user()) pools[key].open = n;
  for (const auto& u : services_.pool->idle()) pools[{u.key.database, u.key.user}].idle += u.idle;
  for (const auto& [key, n] : pools) {
    t.rows.push_back({key.first, key.second, text_of(n.clients), text_of(n.waiting), text_of(n.open - std::min(n.open, n.idle)),
                      text_of(n.idle), "session"});
  }
  return t;
}

admin_console::table admin_console::clients() const {
  table t{{"type", "user", "database", "state", "addr", "port", "application_name", "query"}, {}};
  for (const auto& row : services_.directory.list()) {
    t.rows.push_back({"C", row.user, row.database, row.state, row.client_address, std::to_string(row.client_port),
                      row.application, row.query});
  }
  return t;
}

admin_console::table admin_console::lists() const {
  std::size_t idle = 0, open = 0;
  for (const auto& u : services_.pool->idle()) idle += u.idle;
  for (const auto& [node, n] : services_.pool->open()) open += n;
  std::set<std::string> users;
  for (const auto& row : services_.directory.list()) users.insert(row.user);
  return {{"list", "items"},
          {{"databases", "1"},
           {"users", text_of(users.size())},
           {"nodes", text_of(services_.board.now()->nodes.size())},
           {"used_clients", text_of(services_.directory.size())},
           {"free_servers", text_of(idle)},
           {"used_servers", text_of(open - std::min(open, idle))}}};
}

admin_console::table admin_console::servers() const {
  table t{{"type", "node", "addr", "port", "role", "state", "in_flight", "backends", "lag_ms"}, {}};
  const auto open = services_.pool->open();
  for (const auto& n : services_.board.detailed().nodes) {
    const auto found = open.find(n.address.id);
    t.rows.push_back({"S", n.address.id.value, n.address.host, std::to_string(n.address.pg_port), to_string(n.state.role),
                      n.usable() ? "active" : n.enabled ? "down" : "disabled", std::to_string(n.counters->in_flight),
                      text_of(found == open.end() ? 0 : found->second), std::to_string(n.counters->lag_ms)});
  }
  return t;
}

admin_console::table admin_console::stats() const {
  const auto& c = services_.counters;
  return {{"reads", "writes", "retried", "waited_for_primary", "failed", "clients", "refused_logins"},
          {{text_of(c.reads), text_of(c.writes), text_of(c.retried), text_of(c.waited_for_primary), text_of(c.failed),
            text_of(c.clients), text_of(c.refused_logins)}}};
}

admin_console::table admin_console::databases() const {
  std::size_t connections = 0;
  for (const auto& [key, n] : services_.pool->open_by_user()) {
    if (key.first == services_.options.database) connections += n;
  }
  return {{"name", "database", "pool_size", "current_connections", "paused"},
          {{services_.options.database, services_.options.database, std::to_string(services_.options.proxy.pool_size_max),
            text_of(connections), services_.gate.paused() ? "1" : "0"}}};
}

admin_console::table admin_console::settings() const {
  const auto& o = services_.options.proxy;
  return {{"key", "value"},
          {{"write_timeout_ms", std::to_string(o.write_timeout.count())},
           {"health_interval_ms", std::to_string(o.health_interval.count())},
           {"read_lag_max_ms", std::to_string(o.read_lag_max.count())},
           {"pool_size_max", std::to_string(o.pool_size_max)},
           {"connections_max", std::to_string(services_.options.listen.connections_max)}}};
}

}  // namespace helios::actors
