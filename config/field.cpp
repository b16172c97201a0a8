#include "config/field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "config/value.hpp"

namespace helios::config {
namespace {

using std::chrono::milliseconds;
using setter = std::function<result<void>(node_options&, std::string_view)>;

error outside(std::string_view low, std::string_view high) {
  return {errc::invalid_argument, fmt::format("must lie between {} and {}", low, high)};
}

/// Each maker below takes the place in node_options (`at`) and gives the function that fills it from text.
template <class Place>
setter text(Place at, std::size_t least = 0, std::size_t most = 1024) {
  return [at, least, most](node_options& o, std::string_view value) -> result<void> {
    if (value.size() < least || value.size() > most)
      return error{errc::invalid_argument, fmt::format("must have {} to {} characters", least, most)};
    at(o) = std::string(value);
    return {};
  };
}

bool is_name(std::string_view value) {
  return !value.empty() && value.size() <= 63 && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

result<void> assign_name(node_id& to, std::string_view value) {
  if (!is_name(value))
    return error{errc::invalid_argument, "must have 1 to 63 characters out of letters, digits, '_' and '-'"};
  to.value = std::string(value);
  return {};
}

template <class Place>
setter name(Place at) {
  return [at](node_options& o, std::string_view value) { return assign_name(at(o), value); };
}

template <class Place>
setter number(Place at, std::uint64_t low, std::uint64_t high) {
  return [at, low, high](node_options& o, std::string_view value) -> result<void> {
    auto parsed = parse_whole_number(value);
    if (!parsed) return parsed.failure();
    if (*parsed < low || *parsed > high) return outside(fmt::to_string(low), fmt::to_string(high));
    at(o) = static_cast<std::remove_reference_t<decltype(at(o))>>(*parsed);
    return {};
  };
}

template <class Place>
setter size(Place at, std::uint64_t low, std::uint64_t high) {
  return [at, low, high](node_options& o, std::string_view value) -> result<void> {
    auto parsed = parse_size(value);
    if (!parsed) return parsed.failure();
    if (*parsed < low || *parsed > high) return outside(format_size(low), format_size(high));
    at(o) = static_cast<std::remove_reference_t<decltype(at(o))>>(*parsed);
    return {};
  };
}

template <class Place>
setter duration(Place at, milliseconds low, milliseconds high) {
  return [at, low, high](node_options& o, std::string_view value) -> result<void> {
    auto parsed = parse_duration(value);
    if (!parsed) return parsed.failure();
    if (*parsed < low || *parsed > high) return outside(format_duration(low), format_duration(high));
    at(o) = *parsed;
    return {};
  };
}

template <class Place>
setter fraction(Place at, double low, double high) {
  return [at, low, high](node_options& o, std::string_view value) -> result<void> {
    auto parsed = parse_fraction(value);
    if (!parsed) return parsed.failure();
    if (*parsed < low || *parsed > high) return outside(fmt::to_string(low), fmt::to_string(high));
    at(o) = *parsed;
    return {};
  };
}

template <class Place>
setter on_off(Place at) {
  return [at](node_options& o, std::string_view value) -> result<void> {
    auto parsed = parse_switch(value);
    if (!parsed) return parsed.failure();
    at(o) = *parsed;
    return {};
  };
}

template <class Place, class Enum>
setter choice(Place at, std::vector<std::pair<std::string, Enum>> values) {
  return [at, values = std::move(values)](node_options& o, std::string_view value) -> result<void> {
    std::string names;
    for (const auto& [word, meaning] : values) {
      if (word == value) {
        at(o) = meaning;
        return {};
      }
      names += (names.empty() ? "" : ", ") + word;
    }
    return error{errc::invalid_argument, fmt::format("must be one of {}; not \"{}\"", names, value)};
  };
}

#define HELIOS_AT(member) [](node_options& o) -> auto& { return o.member; }

void add_node_keys(std::vector<field>& out) {
  out.push_back({"role", choice(HELIOS_AT(role), std::vector<std::pair<std::string, node_role>>{
                                                     {"primary", node_role::primary},
                                                     {"standby", node_role::standby},
                                                     {"observer", node_role::observer},
                                                     {"proxy", node_role::proxy}})});
  out.push_back({"node_id", name(HELIOS_AT(id))});
  out.push_back({"cluster_id", text(HELIOS_AT(cluster_id), 1, 63)});
  out.push_back({"cluster_secret", text(HELIOS_AT(cluster_secret), 8)});
  out.push_back({"cluster_secret_file", text(HELIOS_AT(cluster_secret), 8), "cluster_secret"});
  out.push_back({"database", text(HELIOS_AT(database), 1, 63)});
  out.push_back({"superuser", text(HELIOS_AT(superuser), 1, 63)});
  out.push_back({"superuser_password", text(HELIOS_AT(superuser_password), 1)});
  out.push_back({"superuser_password_file", text(HELIOS_AT(superuser_password), 1), "superuser_password"});
  out.push_back({"api_token", text(HELIOS_AT(api_token), 8)});
  out.push_back({"api_token_file", text(HELIOS_AT(api_token), 8), "api_token"});
  out.push_back({"log_level", choice(HELIOS_AT(log_level), std::vector<std::pair<std::string, std::string>>{
                                                               {"debug", "debug"},
                                                               {"info", "info"},
                                                               {"warning", "warning"},
                                                               {"error", "error"}})});
  out.push_back({"advertised_host", text(HELIOS_AT(advertised_host), 1, 253)});
  out.push_back({"primary", name(HELIOS_AT(primary))});
}

void add_listen_keys(std::vector<field>& out) {
  out.push_back({"listen.host", text(HELIOS_AT(listen.host), 1, 253)});
  out.push_back({"listen.pg_port", number(HELIOS_AT(listen.pg_port), 1, 65535)});
  out.push_back({"listen.replication_port", number(HELIOS_AT(listen.replication_port), 1, 65535)});
  out.push_back({"listen.http_port", number(HELIOS_AT(listen.http_port), 1, 65535)});
  out.push_back({"listen.connections_max", number(HELIOS_AT(listen.connections_max), 1, 100'000)});
}

void add_storage_keys(std::vector<field>& out) {
  out.push_back({"storage.directory", text(HELIOS_AT(storage.directory), 1, 4096)});
  out.push_back({"storage.segment_size", size(HELIOS_AT(storage.segment_bytes), 64u << 10, 1u << 30)});
  out.push_back({"storage.memtable_size_max", size(HELIOS_AT(storage.memtable_bytes_max), 1u << 20, 64ull << 30)});
  out.push_back({"storage.checkpoint_wal_size", size(HELIOS_AT(storage.checkpoint_wal_bytes), 1u << 20, 64ull << 30)});
  out.push_back({"storage.checkpoint_interval",
                 duration(HELIOS_AT(storage.checkpoint_interval), milliseconds(100), milliseconds(86'400'000))});
}

void add_replication_keys(std::vector<field>& out) {
  const milliseconds ms1(1), ms10(10), ms100(100), hour(3'600'000);
  out.push_back({"replication.mode", choice(HELIOS_AT(replication.mode), std::vector<std::pair<std::string, sync_mode>>{
                                                                             {"sync", sync_mode::sync},
                                                                             {"semi-sync", sync_mode::semi_sync},
                                                                             {"async", sync_mode::async}})});
  out.push_back({"replication.write_routing", on_off(HELIOS_AT(replication.write_routing))});
  out.push_back({"replication.write_routing_timeout",
                 duration(HELIOS_AT(replication.write_routing_timeout), milliseconds(0), hour)});
  out.push_back({"replication.policy",
                 choice(HELIOS_AT(replication.policy), std::vector<std::pair<std::string, cohort_policy>>{
                                                           {"strict", cohort_policy::strict},
                                                           {"available", cohort_policy::available}})});
  out.push_back({"replication.failover",
                 choice(HELIOS_AT(replication.failover), std::vector<std::pair<std::string, failover_policy>>{
                                                             {"manual", failover_policy::manual},
                                                             {"automatic", failover_policy::automatic}})});
  out.push_back({"replication.lease", duration(HELIOS_AT(replication.lease), milliseconds(500), milliseconds(60'000))});
  out.push_back({"replication.priority", number(HELIOS_AT(replication.priority), 0, 1000)});
  out.push_back({"replication.sync_acks", number(HELIOS_AT(replication.sync_acks), 0, 16)});
  out.push_back({"replication.sync_timeout", duration(HELIOS_AT(replication.sync_timeout), ms100, hour)});
  out.push_back({"replication.heartbeat_interval", duration(HELIOS_AT(replication.heartbeat_interval), ms10, milliseconds(60'000))});
  out.push_back({"replication.peer_timeout", duration(HELIOS_AT(replication.peer_timeout), ms100, hour)});
  out.push_back({"replication.reconnect_base", duration(HELIOS_AT(replication.reconnect_base), ms1, hour)});
  out.push_back({"replication.reconnect_cap", duration(HELIOS_AT(replication.reconnect_cap), ms1, hour)});
  out.push_back({"replication.reconnect_jitter", fraction(HELIOS_AT(replication.reconnect_jitter), 0.0, 0.5)});
  out.push_back({"replication.wal_keep_size_max", size(HELIOS_AT(replication.wal_keep_bytes_max), 1u << 20, 1ull << 44)});
  out.push_back({"replication.in_flight_size_max", size(HELIOS_AT(replication.in_flight_bytes_max), 64u << 10, 1u << 30)});
}

void add_proxy_and_runtime_keys(std::vector<field>& out) {
  const milliseconds hour(3'600'000);
  out.push_back({"proxy.write_timeout", duration(HELIOS_AT(proxy.write_timeout), milliseconds(0), hour)});
  out.push_back({"proxy.health_interval", duration(HELIOS_AT(proxy.health_interval), milliseconds(10), milliseconds(60'000))});
  out.push_back({"proxy.read_lag_max", duration(HELIOS_AT(proxy.read_lag_max), milliseconds(1), hour)});
  out.push_back({"proxy.pool_size_max", number(HELIOS_AT(proxy.pool_size_max), 1, 100'000)});
  out.push_back({"runtime.io_threads", number(HELIOS_AT(runtime.io_threads), 0, 256)});
  out.push_back({"runtime.shutdown_grace", duration(HELIOS_AT(runtime.shutdown_grace), milliseconds(0), milliseconds(600'000))});
}

#undef HELIOS_AT

std::function<result<void>(peer&, std::string_view)> peer_port(std::uint16_t peer::*port) {
  return [port](peer& p, std::string_view value) -> result<void> {
    auto parsed = parse_whole_number(value);
    if (!parsed) return parsed.failure();
    if (*parsed < 1 || *parsed > 65535) return outside("1", "65535");
    p.*port = static_cast<std::uint16_t>(*parsed);
    return {};
  };
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours count one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string_view last_part(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace

const std::vector<field>& fields() {
  static const std::vector<field> table = [] {
    std::vector<field> out;
    add_node_keys(out);
    add_listen_keys(out);
    add_storage_keys(out);
    add_replication_keys(out);
    add_proxy_and_runtime_keys(out);
    return out;
  }();
  return table;
}

const field* find_field(std::string_view key) {
  const auto& table = fields();
  const auto it = std::find_if(table.begin(), table.end(), [key](const field& f) { return f.key == key; });
  return it == table.end() ? nullptr : &*it;
}

bool is_section(std::string_view name) {
  const auto& table = fields();
  return std::any_of(table.begin(), table.end(), [name](const field& f) {
    return f.key.size() > name.size() && f.key.starts_with(name) && f.key[name.size()] == '.';
  });
}

const std::vector<peer_field>& peer_fields() {
  static const std::vector<peer_field> table = {
      {"id", [](peer& p, std::string_view value) { return assign_name(p.id, value); }},
      {"host",
       [](peer& p, std::string_view value) -> result<void> {
         if (value.empty() || value.size() > 253) return error{errc::invalid_argument, "must have 1 to 253 characters"};
         p.host = std::string(value);
         return {};
       }},
      {"pg_port", peer_port(&peer::pg_port)},
      {"replication_port", peer_port(&peer::replication_port)},
      {"http_port", peer_port(&peer::http_port)},
  };
  return table;
}

std::string variable_of(std::string_view key) {
  std::string out = "HELIOSDB_";
  for (char c : key) out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known) {
  for (const auto& candidate : known)  // the right name in the wrong section
    if (last_part(candidate) == last_part(wrong)) return candidate;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, wrong.size() / 4) + 1;
  for (const auto& candidate : known) {
    const auto distance = edit_distance(wrong, candidate);
    if (distance < best_distance) best_distance = distance, best = candidate;
  }
  return best;
}

}  // namespace helios::config
