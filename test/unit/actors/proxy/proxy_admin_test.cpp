// The operator's view of the proxy: HTTP and the console.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "proxy_fixture.hpp"

using namespace helios;
using namespace helios::actors::test;
using nlohmann::json;

TEST_CASE("health is ok with a primary, degraded without, unavailable without any node") {
  proxy_fixture f;
  f.connect();
  CHECK(f.eventually([&] { return json::parse(f.fetch("/health").body)["status"] == "ok"; }));
  f.primary.kill();
  CHECK(f.eventually([&] { return json::parse(f.fetch("/health").body)["status"] == "degraded"; }));
  CHECK(f.fetch("/health").status == 200);
  f.first.kill();
  f.second.kill();
  CHECK(f.eventually([&] { return f.fetch("/health").status == 503; }));
  CHECK(f.fetch("/health/live").status == 200);
}

TEST_CASE("nodes, sessions, pools, topology and metrics are shown") {
  proxy_fixture f;
  auto c = f.connect();
  c->query("INSERT 1");
  const auto nodes = json::parse(f.fetch("/nodes").body);
  CHECK(nodes.size() == 3);
  CHECK(json::parse(f.fetch("/nodes/standby-1").body)["role"] == "standby");
  CHECK(f.fetch("/nodes/none").status == 404);
  CHECK(json::parse(f.fetch("/topology").body)["primary"] == "primary");
  const auto sessions = json::parse(f.fetch("/sessions").body);
  REQUIRE(sessions.size() == 1);
  CHECK(sessions[0]["user"] == "helios");
  CHECK(json::parse(f.fetch("/pools").body)["open"]["primary"].get<int>() >= 1);
  CHECK(f.fetch("/metrics").body.find("helios_proxy_writes_total 1") != std::string::npos);
  CHECK(f.fetch("/version").status == 200);
  CHECK(f.fetch("/nowhere").status == 404);
}

TEST_CASE("the configuration is shown without secrets") {
  proxy_fixture f;
  const auto text = f.fetch("/config").body;
  CHECK(text.find("write_timeout_ms") != std::string::npos);
  CHECK(text.find(f.options.cluster_secret) == std::string::npos);
  CHECK(text.find("password") == std::string::npos);
  CHECK(text.find("\"token\"") == std::string::npos);
}

TEST_CASE("a node is taken out and put back by those who have the token") {
  proxy_fixture f;
  auto c = f.connect();
  CHECK(f.fetch("/nodes/standby-1/disable", "POST").status == 401);
  CHECK(f.fetch("/nodes/standby-1/disable", "GET").status == 405);
  CHECK(f.fetch("/nodes/standby-1/disable", "POST", "Bearer token").status == 200);
  for (int i = 0; i < 4; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "standby-2");
  CHECK(f.fetch("/nodes/standby-1/enable", "POST", "Bearer token").status == 200);
  CHECK(f.eventually([&] { return c->query("SELECT 1").rows.at(0) == "standby-1"; }));
}

TEST_CASE("the console shows pools and nodes, pauses and resumes") {
  proxy_fixture f;
  auto c = f.connect();
  auto console = f.connect("pgbouncer");
  CHECK(console->query("SHOW SERVERS").tags == std::vector<std::string>{"SHOW"});
  CHECK(console->query("show pools;").types.starts_with("TD"));
  CHECK(console->query("SHOW STATS").rows.size() == 1);
  for (const auto* what : {"CLIENTS", "DATABASES", "CONFIG", "LISTS", "VERSION", "HELP"}) {
    CHECK_FALSE(console->query(std::string("SHOW ") + what).rows.empty());
  }
  CHECK(console->query("NONSENSE").state() == "42601");
  CHECK(console->query("PAUSE").tags.at(0) == "PAUSE");
  wire::pg::frontend_encoder(c->out).query("INSERT held");
  c->send();
  CHECK(console->query("SHOW CLIENTS").status == 'I');
  CHECK_FALSE(f.primary.ran("INSERT held"));
  CHECK(console->query("RESUME").tags.at(0) == "RESUME");
  CHECK_FALSE(c->read_answer().failure);
  CHECK(f.primary.ran("INSERT held"));
}
