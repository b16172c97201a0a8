#include "config/load.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace helios;
using namespace helios::config;
using std::chrono::milliseconds;

namespace {

const std::string primary_yaml = R"(role: primary
node_id: primary
cluster_secret: tutorial-secret
storage:
  directory: /tmp/data
)";

const std::string standby_yaml = R"(role: standby
node_id: standby-sync
cluster_secret: tutorial-secret
primary: primary
storage:
  directory: data
replication:
  mode: sync
peers:
  - {id: primary, host: localhost, pg_port: 15432, replication_port: 15433, http_port: 18080}
)";

node_options accepted(const std::string& text, const environment& variables = {}) {
  auto loaded = parse_options(text, "node.yaml", variables);
  if (!loaded.ok()) FAIL("refused: " << loaded.failure().detail);
  return std::move(loaded).value();
}

std::string refused(const std::string& text, const environment& variables = {}) {
  auto loaded = parse_options(text, "node.yaml", variables);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.failure().code == errc::invalid_argument);
  return loaded.failure().detail;
}

}  // namespace

TEST_CASE("a small primary file gives the defaults for the rest") {
  const auto o = accepted(primary_yaml);
  CHECK(o.role == node_role::primary);
  CHECK(o.id.value == "primary");
  CHECK(o.storage.directory == "/tmp/data");
  CHECK(o.listen.pg_port == 5432);
  CHECK(o.replication.reconnect_base == milliseconds(5000));
  CHECK(o.replication.policy == cohort_policy::available);
  CHECK(o.advertised_host == o.listen.host);
}

TEST_CASE("a standby knows its peers and its mode") {
  const auto o = accepted(standby_yaml);
  CHECK(o.replication.mode == sync_mode::sync);
  CHECK(o.replication.write_routing);
  REQUIRE(o.peers.size() == 1);
  CHECK(o.peers[0].id.value == "primary");
  CHECK(o.peers[0].replication_port == 15433);
  CHECK(o.primary.value == "primary");
}

TEST_CASE("durations and sizes are read with their units") {
  const auto o = accepted(primary_yaml + "  segment_size: 1MB\nreplication:\n  sync_timeout: 2m\n  heartbeat_interval: 50ms\n");
  CHECK(o.storage.segment_bytes == 1u << 20);
  CHECK(o.replication.sync_timeout == milliseconds(120'000));
  CHECK(o.replication.heartbeat_interval == milliseconds(50));
}

TEST_CASE("an unknown key names file, line and the nearest key") {
  CHECK(refused(primary_yaml + "replication:\n  moode: sync\n") ==
        "node.yaml:7: key 'replication.moode': unknown key; did you mean 'replication.mode'?");
}

TEST_CASE("a key in the wrong section is pointed to its own") {
  CHECK(refused(primary_yaml + "write_timeout: 5s\n").find("did you mean 'proxy.write_timeout'?") != std::string::npos);
}

TEST_CASE("a key that resembles nothing gets no suggestion") {
  CHECK(refused(primary_yaml + "zzzzzzzzzzzz: 1\n") == "node.yaml:6: key 'zzzzzzzzzzzz': unknown key");
}

TEST_CASE("a wrong type names file, line and key") {
  CHECK(refused(primary_yaml + "listen:\n  pg_port: many\n") ==
        "node.yaml:7: key 'listen.pg_port': expects a whole number, not \"many\"");
  CHECK(refused(primary_yaml + "listen: 5\n").find("node.yaml:6: key 'listen': is a section") == 0);
  CHECK(refused(primary_yaml + "log_level: [info]\n") == "node.yaml:6: key 'log_level': expects a single value");
  CHECK(refused(primary_yaml + "log_level:\n") == "node.yaml:6: key 'log_level': has no value");
}

TEST_CASE("a value out of bounds names them") {
  CHECK(refused(primary_yaml + "listen:\n  pg_port: 70000\n") ==
        "node.yaml:7: key 'listen.pg_port': must lie between 1 and 65535");
  CHECK(refused(primary_yaml + "  segment_size: 3GB\n").find("must lie between 64kB and 1GB") != std::string::npos);
  CHECK(refused(primary_yaml + "replication:\n  mode: quick\n") ==
        "node.yaml:7: key 'replication.mode': must be one of sync, semi-sync, async; not \"quick\"");
}

TEST_CASE("numbers, durations and sizes that overflow are refused") {
  CHECK(refused(primary_yaml + "replication:\n  sync_timeout: 99999999999999999999s\n").find("expects a duration") != std::string::npos);
  CHECK(refused(primary_yaml + "  segment_size: 99999999999999GB\n").find("expects a size") != std::string::npos);
  CHECK(refused(primary_yaml + "  segment_size: -1\n").find("expects a size") != std::string::npos);
}

TEST_CASE("every mistake is reported at once") {
  const auto text = refused("role: king\nnode_id: a b\nlisten:\n  pg_port: 0\n");
  CHECK(text.find("node.yaml:1: key 'role'") != std::string::npos);
  CHECK(text.find("node.yaml:2: key 'node_id'") != std::string::npos);
  CHECK(text.find("node.yaml:4: key 'listen.pg_port'") != std::string::npos);
}

TEST_CASE("text that is not YAML names the line") {
  CHECK(refused("role: primary\nlisten: {a: \n").find("node.yaml:") == 0);
  CHECK(refused("- a\n- b\n") == "node.yaml:1: expects keys and values at the top level");
}

TEST_CASE("a key given twice is refused") {
  CHECK(refused(primary_yaml + "node_id: other\n") == "node.yaml:6: key 'node_id': stands twice");
}

TEST_CASE("environment variables override the file") {
  const auto o = accepted(standby_yaml, {{"HELIOSDB_REPLICATION_MODE", "semi-sync"}, {"HELIOSDB_LISTEN_PG_PORT", "6000"}});
  CHECK(o.replication.mode == sync_mode::semi_sync);
  CHECK(o.listen.pg_port == 6000);
}

TEST_CASE("a node can be described by the environment alone") {
  const auto o = accepted("", {{"HELIOSDB_ROLE", "proxy"},
                               {"HELIOSDB_NODE_ID", "proxy"},
                               {"HELIOSDB_CLUSTER_SECRET", "tutorial-secret"},
                               {"HELIOSDB_PEERS", "[{id: a, host: h, pg_port: 1, replication_port: 2, http_port: 3}]"}});
  REQUIRE(o.peers.size() == 1);
  CHECK(o.peers[0].host == "h");
}

TEST_CASE("every key of the table has its variable, and each is distinct") {
  std::set<std::string> variables;
  for (const auto& key : all_keys()) {
    std::string name = "HELIOSDB_";
    for (char c : key) name += c == '.' ? '_' : static_cast<char>(std::toupper(c));
    CHECK(variables.insert(name).second);
    const auto text = parse_options(primary_yaml, "node.yaml", {{name, "\x01"}});
    if (!text.ok()) CHECK(text.failure().detail.find("no key has this name") == std::string::npos);
  }
}

TEST_CASE("a wrong variable is named like a key") {
  CHECK(refused(primary_yaml, {{"HELIOSDB_LISTEN_PG_PORT", "x"}}) ==
        "environment HELIOSDB_LISTEN_PG_PORT: key 'listen.pg_port': expects a whole number, not \"x\"");
  CHECK(refused(primary_yaml, {{"HELIOSDB_REPLICATION_MOD", "sync"}}) ==
        "environment HELIOSDB_REPLICATION_MOD: no key has this name; did you mean 'HELIOSDB_REPLICATION_MODE'?");
}

TEST_CASE("variables that orchestrators add are left alone") {
  CHECK(parse_options(primary_yaml, "node.yaml", {{"HELIOSDB_PRIMARY_SERVICE_HOST", "10.0.0.1"},
                                                  {"HELIOSDB_PRIMARY_PORT", "tcp://10.0.0.1:5432"},
                                                  {"OTHER", "x"}})
            .ok());
}

TEST_CASE("a role names what it lacks") {
  CHECK(refused("role: primary\nnode_id: a\ncluster_secret: 12345678\n") ==
        "node.yaml:1: key 'storage.directory': is required for the role primary");
  CHECK(refused("role: proxy\nnode_id: a\ncluster_secret: 12345678\n").find("key 'peers': the role proxy needs") != std::string::npos);
  CHECK(refused("role: standby\nnode_id: a\ncluster_secret: 12345678\nstorage: {directory: d}\n").find("key 'primary': is required") !=
        std::string::npos);
  CHECK(refused("node_id: a\nstorage: {directory: d}\n").find("key 'role': is required") != std::string::npos);
  CHECK(refused("role: primary\nnode_id: a\nstorage: {directory: d}\n").find("key 'cluster_secret': is required") != std::string::npos);
}

TEST_CASE("a standby's primary must be a peer that can be one") {
  auto text = standby_yaml;
  text.replace(text.find("primary: primary"), 16, "primary: elsewhere");
  CHECK(refused(text) == "node.yaml:4: key 'primary': \"elsewhere\" is not among the peers");
  text = standby_yaml;
  text.replace(text.find("primary: primary"), 16, "primary: standby-sync");
  CHECK(refused(text) == "node.yaml:4: key 'primary': names this node itself");
  text = standby_yaml;
  text.replace(text.find("pg_port: 15432, "), 16, "");
  CHECK(refused(text).find("has no pg_port") != std::string::npos);
}

TEST_CASE("peers are checked one by one") {
  CHECK(refused(standby_yaml + "  - {id: primary, host: h, replication_port: 1, http_port: 2}\n") ==
        "node.yaml:11: key 'peers[1].id': \"primary\" stands twice");
  CHECK(refused(standby_yaml + "  - {id: other, hst: h}\n").find("node.yaml:11: key 'peers[1].hst': unknown key; did you mean 'host'?") == 0);
  CHECK(refused(standby_yaml + "  - {id: other, host: h, http_port: 2}\n") ==
        "node.yaml:11: key 'peers[1].replication_port': is required");
}

TEST_CASE("an async standby never forwards writes") {
  auto text = standby_yaml;
  text.replace(text.find("mode: sync"), 10, "mode: async");
  CHECK_FALSE(accepted(text).replication.write_routing);
  text.replace(text.find("mode: async"), 11, "write_routing: true\n  mode: async");
  CHECK(refused(text).find("node.yaml:8: key 'replication.write_routing': an async standby does not forward") == 0);
}

TEST_CASE("times must fit each other") {
  CHECK(refused(primary_yaml + "replication:\n  reconnect_base: 9s\n  reconnect_cap: 2s\n") ==
        "node.yaml:8: key 'replication.reconnect_cap': is below replication.reconnect_base (9s)");
  CHECK(refused(primary_yaml + "replication:\n  peer_timeout: 300ms\n").find("three heartbeat intervals (250ms)") != std::string::npos);
  CHECK(refused(primary_yaml + "replication:\n  sync_timeout: 300ms\n").find("three heartbeat intervals (250ms)") != std::string::npos);
}

TEST_CASE("one port cannot serve two protocols") {
  CHECK(refused(primary_yaml + "listen: {pg_port: 7000, replication_port: 7000}\n").find("is the same as listen.pg_port") != std::string::npos);
  CHECK(refused(primary_yaml + "listen: {pg_port: 7000, http_port: 7000}\n").find("another port of this node") != std::string::npos);
}

TEST_CASE("a secret may come from a file and never shows in an error") {
  const auto path = std::filesystem::temp_directory_path() / ("helios_secret_" + std::to_string(::getpid()));
  const std::string head = "role: primary\nnode_id: a\nstorage: {directory: d}\ncluster_secret_file: " + path.string() + "\n";
  std::ofstream(path) << "long enough\n";
  CHECK(accepted(head).cluster_secret == "long enough");
  CHECK(refused(head + "cluster_secret: 12345678\n").find("excludes 'cluster_secret_file'") != std::string::npos);
  std::ofstream(path) << "short\n";
  const auto text = refused(head);
  CHECK(text.find("key 'cluster_secret_file': must have 8") != std::string::npos);
  CHECK(text.find("short") == std::string::npos);
  std::filesystem::remove(path);
  CHECK(refused(head).find("cannot open") != std::string::npos);
}

TEST_CASE("a file that cannot be read is an io error") {
  const auto loaded = load_options("/nonexistent/node.yaml", {});
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.failure().code == errc::io);
}

TEST_CASE("the reference names every key and its variable") {
  std::ifstream in(HELIOS_SOURCE_DIR "/docs/configuration.md");
  const std::string reference(std::istreambuf_iterator<char>(in), {});
  for (const auto& key : all_keys()) {
    INFO(key);
    CHECK(reference.find("`" + key + "`") != std::string::npos);
  }
}

TEST_CASE("the files of the local cluster are valid") {
  for (const std::string node : {"primary", "standby-sync", "standby-semisync", "standby-async", "observer", "proxy"}) {
    INFO(node);
    const auto loaded = load_options(HELIOS_SOURCE_DIR "/compose/local/" + node + ".yaml", {});
    if (!loaded.ok()) FAIL(loaded.failure().detail);
    CHECK(loaded->id.value == node);
  }
}

TEST_CASE("the docker cluster's file is valid with the variables of its services") {
  const environment standby = {{"HELIOSDB_ROLE", "standby"},
                               {"HELIOSDB_NODE_ID", "standby-async"},
                               {"HELIOSDB_ADVERTISED_HOST", "standby-async"},
                               {"HELIOSDB_PRIMARY", "primary"},
                               {"HELIOSDB_REPLICATION_MODE", "async"},
                               {"HELIOSDB_REPLICATION_WRITE_ROUTING", "false"}};
  const environment proxy = {{"HELIOSDB_ROLE", "proxy"}, {"HELIOSDB_NODE_ID", "proxy"}, {"HELIOSDB_LISTEN_HTTP_PORT", "9090"}};
  for (const auto& variables : {standby, proxy}) {
    const auto loaded = load_options(HELIOS_SOURCE_DIR "/compose/docker/node.yaml", variables);
    if (!loaded.ok()) FAIL(loaded.failure().detail);
    CHECK(loaded->id.value == variables.at("HELIOSDB_NODE_ID"));
  }
}
