#include "actors/status/status_server.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace helios;
using namespace helios::actors;
using nlohmann::json;

namespace {

struct source_fixture {
  source_fixture() {
    options.cluster_id = "c";
    options.cluster_secret = "cluster-secret";
    options.superuser_password = "super-secret";
    options.api_token = "token-secret";
    options.id = {"n1"};
    node.state.node_id = "n1";
    node.state.role = node_role::primary;
    node.state.serving = node.state.writable = true;
    node.state.number = epoch{3};
    node.state.written = lsn{500};
  }

  void become_standby(const char* mode, std::int64_t lag_bytes = 0) {
    node.state.role = node_role::standby;
    node.state.writable = false;
    node.state.mode = mode;
    node.state.lag_bytes = lag_bytes;
  }

  net::http_response ask(const std::string& path, std::map<std::string, std::string> query = {}) {
    net::http_request request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    return serve(request);
  }
  int code(const std::string& path, std::map<std::string, std::string> query = {}) { return ask(path, std::move(query)).status; }
  json body(const std::string& path) { return json::parse(ask(path).body); }

  net::http_response post(const std::string& path, const std::string& authorization, const std::string& body = {}) {
    net::http_request request;
    request.method = "POST";
    request.path = path;
    request.authorization = authorization;
    request.body = body;
    return serve(request);
  }

  static net::http_response unanswered() {
    net::http_response out;
    out.status = 0;
    return out;
  }
  net::http_response serve(const net::http_request& request) const {
    auto out = unanswered();
    serve_status(source, request, [&out](net::http_response answer) { out = std::move(answer); });
    return out;
  }

  config::node_options options;
  node_status node;
  int reinitialized = 0;
  std::shared_ptr<peer_book> peers = std::make_shared<peer_book>(std::vector<config::peer>{});
  status_source source{options, peers, [this] { return node; },
                       [this] {
                         if (node.state.role != node_role::standby) return false;
                         ++reinitialized;
                         return true;
                       },
                       [] { return result<std::string>("reloaded"); }, {}};
};

/// A leader under automatic failover, whose agent takes commands.
struct commanded_fixture : source_fixture {
  commanded_fixture() {
    source.command = [this](agent_command command) { ordered = std::move(command); };
    source.reaped = [this](process_reaped process) { dead = std::move(process); };
    source.peers = std::make_shared<peer_book>(
        std::vector<config::peer>{{{"n1"}, "h1", 1, 2, 3}, {{"n2"}, "h2", 1, 2, 3}, {{"watcher"}, "h3", 0, 2, 3}});
    node.failover.emplace();
    node.failover->role = replication::ha::member_role::leading;
  }

  net::http_response serve(const net::http_request& request) {
    late = unanswered();
    serve_status(source, request, [this](net::http_response answer) { late = std::move(answer); });
    return late;
  }
  net::http_response post(const std::string& path, const std::string& authorization, const std::string& body = {}) {
    net::http_request request;
    request.method = "POST";
    request.path = path;
    request.authorization = authorization;
    request.body = body;
    return serve(request);
  }
  /// The agent is done; the status that the client gets.
  int finish(const std::string& why) {
    ordered->done(why);
    return late.status;
  }

  static constexpr const char* token = "Bearer token-secret";
  std::optional<agent_command> ordered;
  std::optional<process_reaped> dead;
  net::http_response late = unanswered();
};

}  // namespace

TEST_CASE_FIXTURE(source_fixture, "a primary that serves answers 200 to the paths of a primary only") {
  for (const char* path : {"/", "/primary", "/leader", "/read-write", "/read-only", "/health", "/readiness", "/liveness"}) {
    CAPTURE(path);
    CHECK(code(path) == 200);
  }
  for (const char* path : {"/replica", "/sync", "/async", "/standby-leader"}) {
    CAPTURE(path);
    CHECK(code(path) == 503);
  }
}

TEST_CASE_FIXTURE(source_fixture, "a standby answers by its mode") {
  become_standby("sync");
  CHECK(code("/primary") == 503);
  CHECK(code("/replica") == 200);
  CHECK(code("/read-only") == 200);
  CHECK(code("/sync") == 200);
  CHECK(code("/async") == 503);
  become_standby("async");
  CHECK(code("/sync") == 503);
  CHECK(code("/async") == 200);
}

TEST_CASE_FIXTURE(source_fixture, "a replica further behind than the asked lag answers 503") {
  become_standby("async", 5000);
  CHECK(code("/replica", {{"lag", "4999"}}) == 503);
  CHECK(code("/replica", {{"lag", "5000"}}) == 200);
  CHECK(code("/replica", {{"lag", "1MB"}}) == 200);
  CHECK(code("/replica", {{"lag", "much"}}) == 503);
}

TEST_CASE_FIXTURE(source_fixture, "a node that does not serve is alive but neither healthy nor ready, and says why") {
  node.state.serving = node.state.writable = false;
  node.trouble = "the tail of the log is not acknowledged yet";
  CHECK(code("/liveness") == 200);
  for (const char* path : {"/health", "/readiness", "/primary", "/read-only"}) CHECK(code(path) == 503);
  const auto health = body("/health");
  CHECK(health["status"] == "unavailable");
  CHECK(health["reason"] == "the tail of the log is not acknowledged yet");
}

TEST_CASE_FIXTURE(source_fixture, "the cluster lists its members with role, state and lag") {
  member standby;
  standby.address = {{"n2"}, "h2", 5432, 5433, 8080};
  standby.connected = true;
  standby.state.role = node_role::standby;
  standby.state.mode = "sync";
  standby.state.serving = true;
  standby.state.lag_bytes = 7;
  member lost = standby;
  lost.address.id = {"n3"};
  lost.connected = false;
  lost.trouble = "nothing heard from it";
  node.members = {standby, lost};
  const auto members = body("/cluster")["members"];
  REQUIRE(members.size() == 2);
  CHECK(members[0]["role"] == "sync_standby");
  CHECK(members[0]["state"] == "streaming");
  CHECK(members[0]["lag"] == 7);
  CHECK(members[1]["state"] == "unreachable");
  CHECK(members[1]["trouble"] == "nothing heard from it");
}

TEST_CASE_FIXTURE(source_fixture, "the history has a row for each epoch that has ended") {
  node.history = {{epoch{1}, epoch{0}, lsn{0}, "n1"}, {epoch{2}, epoch{1}, lsn{100}, "n1"}, {epoch{3}, epoch{2}, lsn{250}, "n2"}};
  const auto rows = body("/history");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0][0] == 1);
  CHECK(rows[0][1] == 100);
  CHECK(rows[1][1] == 250);
  CHECK(rows[1][4] == "n2");
}

TEST_CASE_FIXTURE(source_fixture, "fencing shows the token, and whether a newer one is known") {
  node.highest_epoch = epoch{4};
  node.fenced = true;
  const auto fencing = body("/api/ha/fencing");
  CHECK(fencing["token"] == 3);
  CHECK(fencing["highest_token"] == 4);
  CHECK(fencing["fenced"] == true);
}

TEST_CASE_FIXTURE(source_fixture, "actions need the token") {
  become_standby("sync");
  CHECK(post("/reinitialize", "").status == 401);
  CHECK(post("/reinitialize", "Bearer wrong").status == 401);
  CHECK(reinitialized == 0);
  CHECK(post("/reinitialize", "Bearer token-secret").status == 202);
  CHECK(reinitialized == 1);
  options.api_token.clear();
  CHECK(post("/reinitialize", "Bearer ").status == 401);
}

TEST_CASE_FIXTURE(source_fixture, "an action that does not fit the node, or that nobody knows, is refused") {
  CHECK(post("/reinitialize", "Bearer token-secret").status == 409);
  CHECK(post("/switchover", "Bearer token-secret").status == 503);  // the node is starting
  CHECK(post("/dance", "Bearer token-secret").status == 404);
}

TEST_CASE_FIXTURE(commanded_fixture, "a command needs the token before anything is said of its body") {
  for (const char* path : {"/switchover", "/api/switchover/initiate", "/failover", "/pause", "/resume"}) {
    CAPTURE(path);
    CHECK(post(path, "", "no json").status == 401);
    CHECK(post(path, "Bearer wrong", "{}").status == 401);
  }
  CHECK_FALSE(ordered);
}

TEST_CASE_FIXTURE(commanded_fixture, "a command with a wrong body is refused, and says what is wrong") {
  for (const char* body : {"no json", "[]", "7", R"({"target_node": 7})", R"({"candidate": null})", R"({"accept_data_loss": "yes"})"}) {
    CAPTURE(body);
    const auto answer = post("/failover", token, body);
    CHECK(answer.status == 400);
    CHECK_FALSE(json::parse(answer.body)["error"].get<std::string>().empty());
  }
  CHECK_FALSE(ordered);
}

TEST_CASE_FIXTURE(commanded_fixture, "a command is answered when it is done, and with the reason when it failed") {
  CHECK(post("/switchover", token, R"({"target_node": "n2"})").status == 0);
  REQUIRE(ordered);
  CHECK(ordered->what == agent_command::kind::switchover);
  CHECK(ordered->target == node_id{"n2"});
  CHECK(finish("") == 200);
  CHECK(post("/api/switchover/initiate", token, R"({"candidate": "n3"})").status == 0);
  CHECK(ordered->target == node_id{"n3"});
  CHECK(finish("n3 does not answer") == 412);
  CHECK(post("/switchover", token).status == 0);
  CHECK(ordered->target.value.empty());
  CHECK(post("/failover", token, R"({"target_node": "n1", "accept_data_loss": true})").status == 0);
  CHECK(ordered->what == agent_command::kind::failover);
  CHECK(ordered->accept_data_loss);
  CHECK(post("/pause", token).status == 409);  // failover is manual: there is nothing to pause
  options.replication.failover = config::failover_policy::automatic;
  CHECK(post("/pause", token).status == 0);
  CHECK(ordered->what == agent_command::kind::pause);
  CHECK(post("/resume", token).status == 0);
  CHECK(ordered->what == agent_command::kind::resume);
}

TEST_CASE_FIXTURE(commanded_fixture, "a change of the mode is answered when it is done") {
  std::optional<sync_mode> asked;
  std::function<void(std::string)> done;
  CHECK(post("/mode", token, R"({"mode": "sync"})").status == 409);
  source.change_mode = [&](sync_mode to, std::function<void(std::string)> then) {
    asked = to;
    done = std::move(then);
  };
  CHECK(post("/mode", "", R"({"mode": "sync"})").status == 401);
  for (const char* body : {"", "no json", "{}", R"({"mode": 1})", R"({"mode": "quick"})"}) CHECK(post("/mode", token, body).status == 400);
  CHECK_FALSE(asked);
  CHECK(post("/mode", token, R"({"mode": "semi-sync"})").status == 0);
  CHECK(asked == sync_mode::semi_sync);
  done("");
  CHECK(late.status == 200);
  CHECK(post("/mode", token, R"({"mode": "async"})").status == 0);
  done("the disk is full");
  CHECK(late.status == 500);
}

TEST_CASE_FIXTURE(commanded_fixture, "a paused cluster says so") {
  CHECK(!body("/cluster").contains("pause"));
  CHECK(body("/api/ha/election")["paused"] == false);
  node.failover->paused = true;
  CHECK(body("/cluster")["pause"] == true);
  CHECK(body("/api/ha/election")["paused"] == true);
}

TEST_CASE_FIXTURE(commanded_fixture, "a command to the wrong node names the right one") {
  node.failover->role = replication::ha::member_role::following;
  node.failover->leader = {"n2"};
  const auto answer = post("/switchover", token);
  CHECK(answer.status == 409);
  CHECK(answer.body.find("n2") != std::string::npos);
  CHECK(post("/failover", token, R"({"target_node": "n2"})").status == 409);
  CHECK_FALSE(ordered);
}

TEST_CASE_FIXTURE(commanded_fixture, "a launcher's word that a data node's process is dead goes to the agent") {
  CHECK(post("/api/ha/reaped", token, R"({"node": "n2", "incarnation": 18446744073709551615})").status == 202);
  REQUIRE(dead);
  CHECK(dead->node == node_id{"n2"});
  CHECK(dead->incarnation == 18446744073709551615u);
}

TEST_CASE_FIXTURE(commanded_fixture, "word of a dead process needs the token, a data node that is not this one, and an incarnation") {
  const std::string good = R"({"node": "n2", "incarnation": 7})";
  CHECK(post("/api/ha/reaped", "", good).status == 401);
  for (const char* body : {"", "no json", "[]", R"({"node": "n2"})", R"({"node": "n2", "incarnation": 0})",
                           R"({"node": "n2", "incarnation": -1})", R"({"node": "n2", "incarnation": 1.5})",
                           R"({"node": "n2", "incarnation": "7"})", R"({"node": 2, "incarnation": 7})"}) {
    CAPTURE(body);
    CHECK(post("/api/ha/reaped", token, body).status == 400);
  }
  for (const char* id : {"n1", "n9", "watcher"}) {
    CAPTURE(id);
    CHECK(post("/api/ha/reaped", token, json{{"node", id}, {"incarnation", 7}}.dump()).status == 409);
  }
  source.reaped = {};
  CHECK(post("/api/ha/reaped", token, good).status == 409);  // failover is manual
  CHECK_FALSE(dead);
}

TEST_CASE_FIXTURE(commanded_fixture, "the members are listed with who votes") {
  node.failover->members = {{epoch{3}, 5}, {{{"n1"}, true, true, "h1 1 2 3"}, {{"watcher"}, false, false, ""}}};
  node.failover->voters = node.failover->quorum = 1;
  node.members = {member{{{"n1"}, "h1", 1, 2, 3}, true, {}, {}, {}}};
  net::http_request request;
  request.method = "GET";
  request.path = "/members";
  const auto body = json::parse(serve(request).body);
  CHECK(body["epoch"] == 3);
  CHECK(body["version"] == 5);
  REQUIRE(body["members"].size() == 2);
  CHECK(body["members"][0] == json{{"node_id", "n1"}, {"kind", "data"}, {"voter", true}, {"host", "h1"}, {"pg_port", 1},
                                   {"replication_port", 2}, {"http_port", 3}, {"state", "starting"}});
  CHECK(body["members"][1] == json{{"node_id", "watcher"}, {"kind", "observer"}, {"voter", false}});
}

TEST_CASE_FIXTURE(commanded_fixture, "a new member is put with its address, one that is there with what changes") {
  using kind = replication::ha::member_change::kind;
  post("/members/add", token, R"({"node_id": "n4", "host": "h4", "pg_port": 11, "replication_port": 12, "http_port": 13})");
  REQUIRE(ordered);
  CHECK(ordered->what == agent_command::kind::members);
  CHECK(ordered->change.what == kind::put);
  CHECK(ordered->change.entry == replication::ha::member_entry{{"n4"}, true, true, "h4 11 12 13"});
  post("/members/add", token, R"({"node_id": "o2", "host": "h5", "replication_port": 12, "http_port": 13})");
  CHECK(ordered->change.entry == replication::ha::member_entry{{"o2"}, false, true, "h5 0 12 13"});
  post("/members/add", token, R"({"node_id": "n2", "voter": false})");
  CHECK(ordered->change.entry == replication::ha::member_entry{{"n2"}, true, false, "h2 1 2 3"});
  post("/members/remove", token, R"({"node_id": "n2"})");
  CHECK(ordered->change.what == kind::remove);
  CHECK(ordered->change.entry.id == node_id{"n2"});
}

TEST_CASE_FIXTURE(commanded_fixture, "a change of the members needs the token, the primary and a body that makes sense") {
  const std::string good = R"({"node_id": "n2"})";
  CHECK(post("/members/remove", "", good).status == 401);
  for (const char* body : {"", "[]", "{}", R"({"node_id": 7})", R"({"node_id": ""})", R"({"node_id": "a b"})", R"({"node_id": "a\nb"})"}) {
    CAPTURE(body);
    CHECK(post("/members/add", token, body).status == 400);
    CHECK(post("/members/remove", token, body).status == 400);
  }
  for (const char* more : {R"("voter": 1)", R"("host": 5)", R"("host": "a b")", R"("pg_port": -1)", R"("pg_port": 65536)", R"("http_port": "1")",
                           R"("host": "h")", R"("replication_port": 5)"}) {
    CAPTURE(more);
    CHECK(post("/members/add", token, std::string(R"({"node_id": "n4", )") + more + "}").status == 400);
  }
  node.failover->role = replication::ha::member_role::following;
  node.failover->leader = node_id{"n2"};
  const auto answer = post("/members/remove", token, good);
  CHECK(answer.status == 409);
  CHECK(answer.body.find("a change of the members is asked of the primary, which is n2") != std::string::npos);
  CHECK_FALSE(ordered);
}

TEST_CASE_FIXTURE(source_fixture, "no secret is in any answer") {
  for (const char* path : {"/health", "/cluster", "/members", "/history", "/patroni", "/api/ha/status", "/api/ha/lsn", "/api/ha/lag",
                           "/api/ha/fencing", "/api/ha/election", "/metrics"}) {
    const auto answer = ask(path);
    CAPTURE(path);
    CHECK(answer.status == 200);
    CHECK(answer.body.find("secret") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(source_fixture, "metrics have a help and a type line each, and a line per standby") {
  node.metrics = {{"commits_total", 42, "Commits"}, {"sessions", 3, "Sessions"}};
  sql::replication_standby_row standby;
  standby.node_id = "n2";
  standby.state = "streaming";
  standby.lag_bytes = 9;
  node.standbys = {standby};
  const auto text = ask("/metrics").body;
  CHECK(text.find("# TYPE helios_commits_total counter\nhelios_commits_total 42\n") != std::string::npos);
  CHECK(text.find("# TYPE helios_sessions gauge\nhelios_sessions 3\n") != std::string::npos);
  CHECK(text.find("helios_standby_lag_bytes{standby=\"n2\"} 9\n") != std::string::npos);
  CHECK(text.find("helios_standby_streaming{standby=\"n2\"} 1\n") != std::string::npos);
}
