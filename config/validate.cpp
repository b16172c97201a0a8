#include "config/validate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/value.hpp"

namespace helios::config {
namespace {

class checker {
 public:
  checker(node_options& options, const std::set<std::string>& given) : o_(options), given_(given) {}

  std::vector<breach> run() {
    check_identity();
    check_peers();
    check_standby();
    check_listen();
    check_times();
    complete();
    return std::move(out_);
  }

 private:
  bool given(const std::string& key) const { return given_.contains(key); }
  void refuse(std::string key, std::string reason) { out_.push_back({std::move(key), std::move(reason)}); }
  bool is_data_node() const { return o_.role == node_role::primary || o_.role == node_role::standby; }

  void check_identity() {
    for (const auto* key : {"role", "node_id"})
      if (!given(key)) refuse(key, "is required");
    if (!given("cluster_secret") && !given("cluster_secret_file"))
      refuse("cluster_secret", "is required (or cluster_secret_file)");
    if (o_.role != node_role::proxy && !given("storage.directory"))
      refuse("storage.directory", fmt::format("is required for the role {}", to_string(o_.role)));
  }

  void check_peers() {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < o_.peers.size(); ++i) {
      const auto& p = o_.peers[i];
      const auto place = fmt::format("peers[{}]", i);
      if (p.id.value.empty()) refuse(place + ".id", "is required");
      else if (!seen.insert(p.id.value).second) refuse(place + ".id", fmt::format("\"{}\" stands twice", p.id.value));
      if (p.host.empty()) refuse(place + ".host", "is required");
      if (p.replication_port == 0) refuse(place + ".replication_port", "is required");
      if (p.http_port == 0) refuse(place + ".http_port", "is required");
    }
    const bool knows_data_node = std::any_of(o_.peers.begin(), o_.peers.end(), [this](const peer& p) {
      return p.pg_port != 0 && p.id != o_.id;
    });
    if (!is_data_node() && !knows_data_node)
      refuse("peers", fmt::format("the role {} needs at least one data node (a peer with pg_port)", to_string(o_.role)));
  }

  const peer* find_peer(const node_id& id) const {
    const auto it = std::find_if(o_.peers.begin(), o_.peers.end(), [&id](const peer& p) { return p.id == id; });
    return it == o_.peers.end() ? nullptr : &*it;
  }

  void check_standby() {
    if (o_.role != node_role::standby) return;
    if (!given("primary")) {
      refuse("primary", "is required for the role standby: the node_id of the peer to follow");
    } else if (o_.primary == o_.id) {
      refuse("primary", "names this node itself");
    } else if (const auto* leader = find_peer(o_.primary); leader == nullptr) {
      refuse("primary", fmt::format("\"{}\" is not among the peers", o_.primary.value));
    } else if (leader->pg_port == 0) {
      refuse("primary", fmt::format("the peer \"{}\" has no pg_port: it cannot be a primary", o_.primary.value));
    }
    if (o_.replication.mode == sync_mode::async && o_.replication.write_routing && given("replication.write_routing"))
      refuse("replication.write_routing", "an async standby does not forward writes: set mode to sync or semi-sync, or this to false");
  }

  void check_listen() {
    const auto& l = o_.listen;
    const bool has_pg = o_.role != node_role::observer;
    const bool has_replication = o_.role != node_role::proxy;
    if (has_pg && has_replication && l.pg_port == l.replication_port)
      refuse("listen.replication_port", "is the same as listen.pg_port");
    if ((has_pg && l.http_port == l.pg_port) || (has_replication && l.http_port == l.replication_port))
      refuse("listen.http_port", "is the same as another port of this node");
  }

  void check_times() {
    const auto& r = o_.replication;
    if (r.reconnect_cap < r.reconnect_base)
      refuse("replication.reconnect_cap", fmt::format("is below replication.reconnect_base ({})", format_duration(r.reconnect_base)));
    if (r.peer_timeout < 3 * r.heartbeat_interval)
      refuse("replication.peer_timeout", fmt::format("must be at least three heartbeat intervals ({})", format_duration(r.heartbeat_interval)));
    if (r.sync_timeout < 3 * r.heartbeat_interval)
      refuse("replication.sync_timeout", fmt::format("must be at least three heartbeat intervals ({})", format_duration(r.heartbeat_interval)));
    if (r.wal_keep_bytes_max < o_.storage.segment_bytes)
      refuse("replication.wal_keep_size_max", fmt::format("is below storage.segment_size ({})", format_size(o_.storage.segment_bytes)));
  }

  void complete() {
    if (o_.role == node_role::standby && o_.replication.mode == sync_mode::async) o_.replication.write_routing = false;
    if (o_.advertised_host.empty()) o_.advertised_host = o_.listen.host;
  }

  node_options& o_;
  const std::set<std::string>& given_;
  std::vector<breach> out_;
};

}  // namespace

std::vector<breach> complete_and_validate(node_options& options, const std::set<std::string>& given) {
  return checker(options, given).run();
}

}  // namespace helios::config
