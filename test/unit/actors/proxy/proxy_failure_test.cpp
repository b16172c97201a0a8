// What clients see when nodes die, hang or change roles.

#include <doctest/doctest.h>

#include "net/http.hpp"
#include "proxy_fixture.hpp"

using namespace helios;
using namespace helios::actors::test;

TEST_CASE("a read whose node dies before it answers is answered by another") {
  proxy_fixture f;
  auto c = f.connect();
  // Every standby dies on it, and so does the primary: the read must have been tried on each.
  const auto a = c->query("SELECT die");
  CHECK(a.state() == "08006");
  CHECK(a.status == 'I');
  CHECK(f.first.ran("SELECT die"));
  CHECK(f.second.ran("SELECT die"));
  CHECK(f.primary.ran("SELECT die"));
  CHECK_FALSE(c->query("SELECT 1").failure);
}

TEST_CASE("reads go on when standbys are killed, without an error") {
  proxy_fixture f;
  auto c = f.connect();
  for (int i = 0; i < 4; ++i) c->query("SELECT 1");
  f.first.kill();
  for (int i = 0; i < 6; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "standby-2");
  f.second.kill();
  for (int i = 0; i < 4; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "primary");
  f.first.restart();
  CHECK(f.eventually([&] { return c->query("SELECT 1").rows.at(0) == "standby-1"; }));
}

TEST_CASE("a read that a paused node holds is answered by another") {
  proxy_fixture f;
  auto c = f.connect();
  for (int i = 0; i < 4; ++i) c->query("SELECT 1");
  f.first.pause(true);
  for (int i = 0; i < 6; ++i) CHECK(c->query("SELECT 1").rows.at(0) == "standby-2");
  f.first.pause(false);
}

TEST_CASE("a read of which the client has seen a part ends in an error, and the session goes on") {
  proxy_fixture f;
  auto c = f.connect();
  const auto a = c->query("SELECT partial");
  CHECK(a.state() == "08006");
  CHECK(a.rows.size() > 0);
  CHECK_FALSE(c->query("SELECT 1").failure);
}

TEST_CASE("a write whose node dies is not sent again: its fate is unknown") {
  proxy_fixture f;
  auto c = f.connect();
  const auto a = c->query("INSERT die");
  CHECK(a.state() == "08007");
  CHECK(a.status == 'I');
  const auto all = f.primary.journal();
  CHECK(std::count(all.begin(), all.end(), "INSERT die") == 1);
  CHECK_FALSE(c->query("INSERT 1").failure);
}

TEST_CASE("a write that a leaving primary refuses is that error, and the session goes on") {
  proxy_fixture f;
  auto c = f.connect();
  const auto a = c->query("INSERT fatal");
  CHECK(a.state() == "57P01");
  CHECK(a.failure->severity == "ERROR");
  CHECK(a.status == 'I');
  CHECK_FALSE(c->query("INSERT 1").failure);
}

TEST_CASE("a transaction whose node dies is aborted, and its end is accepted") {
  proxy_fixture f;
  auto c = f.connect();
  SUBCASE("inside a statement") {
    c->query("BEGIN");
    const auto a = c->query("INSERT die");
    CHECK(a.state() == "08006");
    CHECK(a.status == 'E');
  }
  SUBCASE("between statements") {
    c->query("BEGIN");
    f.primary.kill();
    f.primary.restart();
    CHECK(f.eventually([&] { return c->query("INSERT 1").status == 'E'; }));
  }
  CHECK(c->query("SELECT 1").state() == "25P02");
  c->extended("", "SELECT 1");
  c->sync();
  c->send();
  CHECK(c->read_answer().state() == "25P02");
  const auto end = c->query("COMMIT");
  CHECK(end.tags == std::vector<std::string>{"ROLLBACK"});
  CHECK(end.status == 'I');
  CHECK_FALSE(c->query("INSERT 1").failure);
}

TEST_CASE("without a primary a write waits its time, then fails cleanly, while reads go on") {
  proxy_fixture f(std::chrono::seconds(1));
  auto c = f.connect();
  f.primary.kill();
  const auto begin = std::chrono::steady_clock::now();
  const auto a = c->query("INSERT 1");
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(950));
  CHECK(a.state() == "08006");
  CHECK(a.status == 'I');
  CHECK_FALSE(c->query("SELECT 1").failure);
  c->extended("", "INSERT 1");
  c->sync();
  c->send();
  CHECK(c->read_answer().types == "EZ");
  CHECK(f.connect()->query("SELECT 1").failure == std::nullopt);  // new clients, too
  f.primary.restart();
  CHECK(f.eventually([&] { return !c->query("INSERT 2").failure; }));
}

TEST_CASE("a write that waits is done as soon as a primary is there") {
  proxy_fixture f(std::chrono::seconds(20));
  auto c = f.connect();
  f.primary.kill();
  wire::pg::frontend_encoder(c->out).query("INSERT held");
  c->send();
  SUBCASE("the old one") { f.primary.restart(); }
  SUBCASE("a promoted one") {
    f.first.change([](wire::repl::node_state& s) {
      s.role = node_role::primary;
      s.writable = true;
      s.number = epoch{2};
    });
  }
  const auto a = c->read_answer();
  CHECK_FALSE(a.failure);
  CHECK(a.tags == std::vector<std::string>{"INSERT 0 1"});
}

TEST_CASE("of two nodes that both say they are the primary the one of the higher epoch is") {
  proxy_fixture f;
  auto c = f.connect();
  f.second.change([](wire::repl::node_state& s) {
    s.role = node_role::primary;
    s.writable = true;
    s.number = epoch{9};
  });
  CHECK(f.eventually([&] { return c->query("INSERT 1").failure == std::nullopt && f.second.ran("INSERT 1"); }));
}

TEST_CASE("a write that waits can be cancelled") {
  proxy_fixture f(std::chrono::seconds(20));
  auto c = f.connect();
  f.primary.kill();
  wire::pg::frontend_encoder(c->out).query("INSERT held");
  c->send();
  for (;;) {
    pg_client right(f.routing->pg_port());
    wire::pg::frontend_encoder(right.out).cancel_request(c->key);
    right.send();
    right.next();
    c->socket().non_blocking(true);
    boost::system::error_code nothing_yet;
    char peek = 0;
    c->socket().receive(boost::asio::buffer(&peek, 1), boost::asio::socket_base::message_peek, nothing_yet);
    c->socket().non_blocking(false);
    if (!nothing_yet) break;
  }
  const auto a = c->read_answer();
  CHECK(a.state() == "57014");
  CHECK(a.status == 'I');
}

TEST_CASE("a lagging standby gets no reads") {
  proxy_fixture f;
  auto c = f.connect();
  f.first.change([](wire::repl::node_state& s) { s.lag_ms = 60'000; });
  CHECK(f.eventually([&] {
    bool only_second = true;
    for (int i = 0; i < 4; ++i) only_second = c->query("SELECT 1").rows.at(0) == "standby-2" && only_second;
    return only_second;
  }));
}

TEST_CASE("a login works from memory while no node is reachable, and waits for one") {
  proxy_fixture f(std::chrono::seconds(1));
  f.connect();
  f.primary.kill();
  f.first.kill();
  f.second.kill();
  pg_client late(f.routing->pg_port());
  CHECK(late.login("helios", "helios", "heliosdb")->sqlstate == "08006");
  pg_client wrong(f.routing->pg_port());
  CHECK(wrong.login("helios", "wrong", "heliosdb")->sqlstate == "28P01");
}

TEST_CASE("stopping the proxy tells its clients") {
  proxy_fixture f;
  auto c = f.connect();
  f.routing->stop(std::chrono::seconds(5));
  const auto a = c->read_answer();
  REQUIRE(a.failure);
  CHECK(a.state() == "57P01");
  CHECK_FALSE(c->next());
}

TEST_CASE("a proxy that stops closes the backends that are being cleaned, too") {
  proxy_fixture f;
  f.primary.hold_cleaning();
  {
    auto c = f.connect();
    CHECK_FALSE(c->query("INSERT 1").failure);
  }
  REQUIRE(f.eventually([&] { return f.primary.ran("DISCARD ALL"); }));
  f.routing->stop(std::chrono::seconds(5));
  CHECK(f.eventually([&] { return f.primary.sessions() == 0; }));
}
