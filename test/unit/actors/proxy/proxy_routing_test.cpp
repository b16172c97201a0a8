// The proxy's behaviour as clients see it, against fake nodes that keep a journal.

#include <doctest/doctest.h>

#include "net/http.hpp"
#include "proxy_fixture.hpp"

using namespace helios;
using namespace helios::actors::test;

TEST_CASE("reads go to the standbys in turn, writes to the primary") {
  proxy_fixture f;
  auto c = f.connect();
  std::set<std::string> readers;
  for (int i = 0; i < 8; ++i) readers.insert(c->query("SELECT 1").rows.at(0));
  CHECK(readers == std::set<std::string>{"standby-1", "standby-2"});
  const auto written = c->query("INSERT 1");
  CHECK(written.tags == std::vector<std::string>{"INSERT 0 1"});
  CHECK(f.primary.ran("INSERT 1"));
  CHECK_FALSE(f.first.ran("INSERT 1"));
}

TEST_CASE("a session reads what it has written, from the primary until a standby shows it") {
  proxy_fixture f;
  auto c = f.connect();
  c->query("INSERT 1");
  for (int i = 0; i < 4; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "primary");
  f.first.change([&](wire::repl::node_state& s) { s.visible = lsn{f.cluster.log_end}; });
  CHECK(f.eventually([&] { return c->query("SELECT 1").rows.at(0) == "standby-1"; }));
  for (int i = 0; i < 4; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "standby-1");
  CHECK(f.connect()->query("SELECT 1").rows.at(0) != "primary");  // others have written nothing
}

TEST_CASE("a session that has read from one standby reads from no other that shows less") {
  proxy_fixture f;
  const auto ahead = lsn{f.cluster.log_end + 500};
  f.first.change([&](wire::repl::node_state& s) { s.visible = ahead; });
  auto c = f.connect();
  REQUIRE(f.eventually([&] { return c->query("SELECT 1").rows.at(0) == "standby-1"; }));
  for (int i = 0; i < 8; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "standby-1");
  f.first.kill();  // the primary shows everything, standby-2 less
  for (int i = 0; i < 4; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "primary");
  f.second.change([&](wire::repl::node_state& s) { s.visible = ahead; });
  CHECK(f.eventually([&] { return c->query("SELECT 1").rows.at(0) == "standby-2"; }));
}

TEST_CASE("a session that takes over a backend keeps to what that backend shows") {
  proxy_fixture f;
  f.second.kill();
  f.first.change([&](wire::repl::node_state& s) { s.visible = lsn{f.cluster.log_end + 500}; });
  {
    auto before = f.connect();
    REQUIRE(f.eventually([&] { return before->query("SELECT 1").rows.at(0) == "standby-1"; }));
  }
  REQUIRE(f.eventually([&] { return f.first.ran("DISCARD ALL"); }));
  auto c = f.connect();
  REQUIRE(f.eventually([&] { return c->query("SELECT 1").rows.at(0) == "standby-1"; }));
  f.second.restart();
  for (int i = 0; i < 8; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "standby-1");
}

TEST_CASE("a transaction stays on the primary from BEGIN to its end") {
  proxy_fixture f;
  auto c = f.connect();
  CHECK(c->query("BEGIN").status == 'T');
  CHECK(c->query("SELECT 1").rows.at(0) == "primary");
  CHECK(c->query("INSERT 1").status == 'T');
  CHECK(c->query("COMMIT").status == 'I');
  CHECK(f.primary.journal().size() >= 4);
}

TEST_CASE("a function that writes is taken to the primary when the standby refuses it") {
  proxy_fixture f;
  auto c = f.connect();
  const auto a = c->query("SELECT write()");
  CHECK_FALSE(a.failure);
  CHECK(a.rows == std::vector<std::string>{"primary"});
  c->extended("", "SELECT write()");
  c->sync();
  c->send();
  const auto b = c->read_answer();
  CHECK(b.types == "12DCZ");
  CHECK(b.rows == std::vector<std::string>{"primary"});
}

TEST_CASE("settings are replayed on each backend, once") {
  proxy_fixture f;
  auto c = f.connect();
  CHECK(c->query("SET a=1").tags.at(0) == "SET");
  CHECK(c->query("SET a=2").tags.at(0) == "SET");
  for (int i = 0; i < 6; ++i) c->query("SELECT 1");
  for (auto* n : {&f.first, &f.second}) {
    const auto all = n->journal();
    CHECK(std::count(all.begin(), all.end(), "SET a=2") == 1);
    CHECK(std::count(all.begin(), all.end(), "SET a=1") == 0);  // replaced before it was needed there
  }
}

TEST_CASE("settings of a transaction that rolled back are not replayed") {
  proxy_fixture f;
  auto c = f.connect();
  c->query("BEGIN");
  c->query("SET a=1");
  c->query("ROLLBACK");
  for (int i = 0; i < 4; ++i) c->query("SELECT 1");
  CHECK_FALSE(f.first.ran("SET a=1"));
  CHECK_FALSE(f.second.ran("SET a=1"));
}

TEST_CASE("a session with a temporary table stays on the primary until DISCARD ALL") {
  proxy_fixture f;
  auto c = f.connect();
  c->query("INSERT temp");
  f.first.change([&](wire::repl::node_state& s) { s.visible = lsn{1'000'000}; });
  f.second.change([&](wire::repl::node_state& s) { s.visible = lsn{1'000'000}; });
  for (int i = 0; i < 4; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "primary");
  c->query("DISCARD ALL");
  CHECK(f.eventually([&] { return c->query("SELECT 1").rows.at(0) != "primary"; }));
}

TEST_CASE("a prepared statement runs on whichever backend, prepared there when it is needed") {
  proxy_fixture f;
  auto c = f.connect();
  c->extended("s", "SELECT 1");
  c->sync();
  c->send();
  CHECK(c->read_answer().types == "12DCZ");
  std::set<std::string> readers;
  for (int i = 0; i < 6; ++i) {
    c->bind_execute("s");
    c->sync();
    c->send();
    const auto a = c->read_answer();
    CHECK(a.types == "2DCZ");
    readers.insert(a.rows.at(0));
  }
  CHECK(readers.size() == 2);
  for (auto* n : {&f.first, &f.second}) {
    const auto all = n->journal();
    CHECK(std::count(all.begin(), all.end(), "parse s: SELECT 1") == 1);
  }
}

TEST_CASE("a pipeline that writes goes to the primary as a whole") {
  proxy_fixture f;
  auto c = f.connect();
  c->extended("", "SELECT 1");
  c->extended("", "INSERT 1");
  c->sync();
  c->send();
  const auto a = c->read_answer();
  CHECK(a.types == "12DC12CZ");
  CHECK(a.rows == std::vector<std::string>{"primary"});
}

TEST_CASE("Flush brings the answers so far, and the pipeline goes on where it began") {
  proxy_fixture f;
  auto c = f.connect();
  wire::pg::frontend_encoder e(c->out);
  e.parse("q", "SELECT 1", {});
  e.describe('S', "q");
  e.flush();
  c->send();
  std::string types;
  for (int i = 0; i < 3; ++i) types.push_back(c->next()->type);
  CHECK(types == "1tT");
  c->bind_execute("q");
  c->sync();
  c->send();
  CHECK(c->read_answer().types == "2DCZ");
}

TEST_CASE("after an error a pipeline is skipped up to its Sync, and the next one works") {
  proxy_fixture f;
  auto c = f.connect();
  c->extended("", "INSERT fail");
  c->extended("", "INSERT never");
  c->sync();
  c->extended("", "SELECT 1");
  c->sync();
  c->send();
  const auto a = c->read_answer();
  CHECK(a.types == "12EZ");
  CHECK(a.state() == "23505");
  CHECK(c->read_answer().types == "12DCZ");
  CHECK_FALSE(f.primary.ran("INSERT never"));
}

TEST_CASE("names that were never prepared, or are prepared twice, are the errors they are without a proxy") {
  proxy_fixture f;
  auto c = f.connect();
  c->bind_execute("nothing");
  c->sync();
  c->send();
  CHECK(c->read_answer().state() == "26000");
  for (int i = 0; i < 2; ++i) {
    c->extended("twice", "SELECT 1");
    c->sync();
    c->send();
  }
  CHECK_FALSE(c->read_answer().failure);
  CHECK(c->read_answer().state() == "42P05");
  wire::pg::frontend_encoder(c->out).close('S', "twice");
  c->extended("twice", "SELECT 2");
  c->sync();
  c->send();
  CHECK(c->read_answer().types == "312DCZ");
}

TEST_CASE("COPY moves its data to the primary, in both protocols") {
  proxy_fixture f;
  auto c = f.connect();
  const auto data = [&](bool sync) {
    wire::pg::frontend_encoder e(c->out);
    for (int i = 0; i < 1000; ++i) e.copy_data("row\n");
    e.copy_done();
    if (sync) e.sync();
    c->send();
  };
  CHECK(c->query("COPY t FROM STDIN").types == "G");
  data(false);
  CHECK(c->read_answer().tags == std::vector<std::string>{"COPY 1000"});
  c->extended("", "COPY t FROM STDIN");
  c->sync();
  c->send();
  CHECK(c->read_answer().types == "12G");
  data(true);
  const auto a = c->read_answer();
  CHECK(a.types == "CZ");
  CHECK(a.tags == std::vector<std::string>{"COPY 1000"});
  CHECK(c->query("SELECT 1").status == 'I');
}

TEST_CASE("a COPY that the client gives up is an error, and the session goes on") {
  proxy_fixture f;
  auto c = f.connect();
  c->query("COPY t FROM STDIN");
  wire::pg::frontend_encoder(c->out).copy_fail("enough");
  c->send();
  CHECK(c->read_answer().types == "EZ");
  CHECK_FALSE(c->query("SELECT 1").failure);
}

TEST_CASE("a cancel request reaches the statement where it runs") {
  proxy_fixture f;
  auto c = f.connect();
  wire::pg::frontend_encoder(c->out).query("SELECT hang");
  c->send();
  CHECK(f.eventually([&] { return f.first.ran("SELECT hang") || f.second.ran("SELECT hang"); }));
  pg_client other(f.routing->pg_port());
  wire::pg::frontend_encoder(other.out).cancel_request({c->key.process_id, c->key.secret + 1});
  other.send();
  CHECK_FALSE(other.next());  // a wrong key: nothing is told, nothing happens
  pg_client right(f.routing->pg_port());
  wire::pg::frontend_encoder(right.out).cancel_request(c->key);
  right.send();
  const auto a = c->read_answer();
  CHECK(a.state() == "57014");
  CHECK(a.status == 'I');
}

TEST_CASE("a wrong password, an unknown database and a syntax error are refused as by a server") {
  proxy_fixture f;
  pg_client wrong(f.routing->pg_port());
  CHECK(wrong.login("helios", "nonsense", "heliosdb")->sqlstate == "28P01");
  pg_client nodb(f.routing->pg_port());
  CHECK(nodb.login("helios", "helios", "nodb")->sqlstate == "3D000");
  const auto a = f.connect()->query("SYNTAX");
  CHECK(a.state() == "42601");
  CHECK(a.status == 'I');
}

TEST_CASE("clients are greeted with the cluster's own parameters") {
  proxy_fixture f;
  auto c = f.connect();
  CHECK(c->parameters.at("server_version") == "value of server_version");
  CHECK(c->parameters.at("session_authorization") == "helios");
  CHECK(c->key.secret != 0);
}

TEST_CASE("the empty query, Sync alone and a refused function call keep the session in step") {
  proxy_fixture f;
  auto c = f.connect();
  CHECK(c->query("").types == "IZ");
  c->sync();
  c->send();
  CHECK(c->read_answer().types == "Z");
  c->out += std::string("F\0\0\0\4", 5);
  c->send();
  CHECK(c->read_answer().types == "EZ");
}

TEST_CASE("a malformed message ends that connection alone") {
  proxy_fixture f;
  auto good = f.connect();
  auto bad = f.connect();
  bad->out = std::string("\x01\0\0\0\4", 5);
  bad->send();
  CHECK(bad->read_answer().state() == "08P01");
  CHECK_FALSE(bad->next());
  CHECK_FALSE(good->query("SELECT 1").failure);
}

TEST_CASE("backends are used again by later clients, cleaned in between") {
  proxy_fixture f;
  for (int i = 0; i < 20; ++i) {
    auto c = f.connect();
    c->query("SET a=1");
    c->query("INSERT 1");
  }
  CHECK(f.primary.sessions() <= 6);
  CHECK(f.primary.ran("DISCARD ALL"));
}

TEST_CASE("when a node's backends are all in use, idle sessions give theirs to those who wait") {
  proxy_fixture f(std::chrono::seconds(10), 2);
  std::vector<std::unique_ptr<pg_client>> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(f.connect());
    CHECK_FALSE(clients.back()->query("INSERT 1").failure);
  }
  auto third = f.connect();
  wire::pg::frontend_encoder(third->out).query("INSERT third");
  third->send();
  // The others' next statements end the wait.
  CHECK(f.eventually([&] {
    for (auto& c : clients) c->query("SELECT 1");
    return f.primary.ran("INSERT third");
  }));
  CHECK_FALSE(third->read_answer().failure);
}
