// Writes that a standby forwards to its primary over a real link, in every protocol; what happens when the link is lost.

#include "test/unit/actors/session/session_client.hpp"

using namespace helios;
using namespace helios::actors;
using namespace helios::actors::test;
using namespace std::chrono_literals;

namespace {

fixture_options two_nodes() {
  fixture_options options;
  options.with_standby = true;
  return options;
}

struct routed : session_fixture {
  explicit routed(const fixture_options& options = two_nodes()) : session_fixture(options) {
    logged_in::log_in(client);
    logged_in::log_in(at_primary);
    at_primary.query("CREATE TABLE t (k int PRIMARY KEY, v text)");
  }
  /// The primary's sessions end; new ones are refused.
  void lose_primary() {
    primary->links->stop();
    primary->directory->interrupt_all(interrupt::terminate);
    REQUIRE(primary->directory->wait_empty(10s));
  }
  session_client client{standby_port()};
  session_client at_primary{port()};
};

struct hasty : routed {
  static fixture_options options() {
    auto out = two_nodes();
    out.write_routing_timeout = 200ms;
    return out;
  }
  hasty() : routed(options()) {}
};

}  // namespace

TEST_CASE_FIXTURE(routed, "a write on the standby has the primary's exact reply, and is read there at once") {
  CHECK(client.query("SHOW transaction_read_only").rows[0] == "on");
  const auto a = client.query("INSERT INTO t VALUES (1, 'one') RETURNING v");
  CHECK(a.types == "TDCZ");
  CHECK(a.tags[0] == "INSERT 0 1");
  CHECK(client.query("SELECT v FROM t").rows[0] == "one");
  const auto b = client.query("INSERT INTO t VALUES (1, 'again')");
  CHECK(b.failure->sqlstate == "23505");
  CHECK(b.failure->constraint == "t_pkey");
  CHECK(b.status == 'I');
  CHECK(client.query("INSERT INTO nowhere VALUES (1)").failure->position == 13);
  CHECK(client.query("CREATE TABLE u (k serial PRIMARY KEY)").tags[0] == "CREATE TABLE");
  client.query("INSERT INTO u DEFAULT VALUES");
  CHECK(client.query("SELECT currval('u_k_seq'), lastval()").rows[0] == "1");
  CHECK(client.query("SELECT nextval('u_k_seq')").rows[0] == "2");
}

TEST_CASE_FIXTURE(routed, "a session with a temporary table reads on the primary until it discards it, and others do not see it") {
  CHECK(client.query("CREATE TEMP TABLE mine (k int, v text)").tags[0] == "CREATE TABLE");
  CHECK(client.query("INSERT INTO mine VALUES (1, 'one'), (2, 'two')").tags[0] == "INSERT 0 2");
  CHECK(client.query("SELECT count(*) FROM mine").rows[0] == "2");
  client.run_unnamed("SELECT v FROM mine WHERE k = 2");
  CHECK(client.finish().rows[0] == "two");
  client.query("BEGIN READ ONLY");
  CHECK(client.query("SELECT count(*) FROM mine").rows[0] == "2");
  client.query("COMMIT");
  client.query("PREPARE p AS SELECT v FROM mine WHERE k = 1");
  CHECK(client.query("EXECUTE p").rows[0] == "one");
  client.query("DEALLOCATE p");
  CHECK(client.query("SELECT count(*) FROM mine").rows[0] == "2");
  CHECK(at_primary.query("SELECT * FROM mine").failure->sqlstate == "42P01");
  session_client second(standby_port());
  logged_in::log_in(second);
  CHECK(second.query("SELECT * FROM mine").failure->sqlstate == "42P01");
  client.query("DISCARD ALL");
  CHECK(client.query("SELECT * FROM mine").failure->sqlstate == "42P01");
}

TEST_CASE_FIXTURE(routed, "reads stay on the standby") {
  client.query("SELECT 1");
  client.run_unnamed("SELECT count(*) FROM t");
  client.finish();
  client.query("BEGIN READ ONLY; SELECT 1; COMMIT");
  CHECK(primary->links_accepted == 0);
}

TEST_CASE_FIXTURE(routed, "a transaction is on the primary from BEGIN to its end, and reads its own writes") {
  CHECK(client.query("BEGIN").status == 'T');
  client.query("INSERT INTO t VALUES (1, 'one')");
  CHECK(client.query("SELECT v FROM t").rows[0] == "one");
  CHECK(at_primary.query("SELECT count(*) FROM t").rows[0] == "0");
  CHECK(client.query("SELECT nothing").status == 'E');
  CHECK(client.query("SELECT 1").failure->sqlstate == "25P02");
  CHECK(client.query("COMMIT").tags[0] == "ROLLBACK");
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "0");

  client.query("BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1, 'gone'); ROLLBACK TO s");
  client.query("INSERT INTO t VALUES (2, 'two')");
  CHECK(client.query("COMMIT").status == 'I');
  CHECK(client.query("SELECT v FROM t").rows == std::vector<std::string>{"two"});
  CHECK(primary->links_accepted == 1);
}

TEST_CASE_FIXTURE(routed, "a write inside of a read-only transaction is refused with 25006") {
  client.query("BEGIN READ ONLY");
  const auto a = client.query("INSERT INTO t VALUES (1, 'one')");
  CHECK(a.failure->sqlstate == "25006");
  CHECK(a.status == 'E');
  CHECK(client.query("ROLLBACK").status == 'I');
}

TEST_CASE_FIXTURE(routed, "the extended protocol is forwarded with exact replies") {
  auto e = client.encoder();
  e.parse("ins", "INSERT INTO t VALUES ($1, $2) RETURNING k", {});
  e.describe('S', "ins");
  client.bind("", "ins", {"1", "one"});
  e.describe('P', "");
  e.execute("", 0);
  const auto a = client.finish();
  CHECK(a.types == "1tT2TDCZ");
  CHECK(a.rows[0] == "1");

  client.bind("", "ins", {"1", "again"});
  e.execute("", 0);
  client.bind("", "ins", {"2", "skipped"});
  e.execute("", 0);
  const auto b = client.finish();
  CHECK(b.types == "2EZ");
  CHECK(b.failure->sqlstate == "23505");
  client.bind("", "ins", {"3", "three"});
  e.execute("", 0);
  e.close('S', "ins");
  CHECK(client.finish().types == "2DC3Z");
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "2");
}

TEST_CASE_FIXTURE(routed, "a read and a write in one pipeline answer in order") {
  client.run_unnamed("SELECT 'before'");
  client.run_unnamed("INSERT INTO t VALUES (1, 'one') RETURNING v");
  client.run_unnamed("SELECT v || ' after' FROM t");
  const auto a = client.finish();
  CHECK(a.types == "12DC12DC12DCZ");
  CHECK(a.rows == std::vector<std::string>{"before", "one", "one after"});
}

TEST_CASE_FIXTURE(routed, "a statement prepared before the transaction is prepared again on the primary") {
  auto e = client.encoder();
  e.parse("sel", "SELECT v FROM t WHERE k = $1", {});
  CHECK(client.finish().types == "1Z");
  client.query("BEGIN");
  client.query("INSERT INTO t VALUES (7, 'seven')");
  client.bind("", "sel", {"7"});
  e.execute("", 0);
  const auto a = client.finish();
  CHECK(a.types == "2DCZ");
  CHECK(a.rows[0] == "seven");
  e.parse("sel", "SELECT 2", {});
  CHECK(client.finish().failure->sqlstate == "42P05");
  client.query("ROLLBACK");
  client.bind("", "sel", {"7"});
  e.execute("", 0);
  CHECK(client.finish().types == "2CZ");
  e.close('S', "sel");
  e.parse("sel", "SELECT k FROM t", {});
  CHECK(client.finish().types == "31Z");
  client.query("BEGIN; INSERT INTO t VALUES (8, 'eight')");
  client.bind("", "sel", {});
  e.execute("", 0);
  CHECK(client.finish().rows[0] == "8");
  client.query("COMMIT");
}

TEST_CASE_FIXTURE(routed, "SQL's PREPARE and EXECUTE reach the primary") {
  client.query("PREPARE ins (int) AS INSERT INTO t VALUES ($1, 'prepared')");
  CHECK(client.query("EXECUTE ins(5)").tags[0] == "INSERT 0 1");
  CHECK(client.query("SELECT v FROM t WHERE k = 5").rows[0] == "prepared");
}

TEST_CASE_FIXTURE(routed, "settings of the session hold for what the primary runs, and the other way round") {
  client.query("SET TimeZone = 'Asia/Tokyo'");
  client.query("SET DateStyle = 'German'");
  client.query("INSERT INTO t VALUES (1, current_setting('TimeZone') || ' ' || current_setting('DateStyle'))");
  CHECK(client.query("SELECT v FROM t").rows[0] == "Asia/Tokyo German, DMY");
  client.query("RESET TimeZone");
  client.query("UPDATE t SET v = current_setting('TimeZone')");
  CHECK(client.query("SELECT v = current_setting('TimeZone') FROM t").rows[0] == "t");
  client.query("BEGIN");
  CHECK(client.query("SET TimeZone = 'Asia/Tokyo'").types.find('S') != std::string::npos);
  client.query("COMMIT");
  CHECK(client.query("SHOW TimeZone").rows[0] == "Asia/Tokyo");
}

TEST_CASE_FIXTURE(routed, "COPY FROM STDIN goes to the primary in both protocols, and fails as there") {
  auto e = client.encoder();
  e.query("COPY t FROM STDIN");
  client.send();
  CHECK(client.read_answer().types == "G");
  for (int i = 0; i < 1000; ++i) e.copy_data(std::to_string(i) + "\tvalue\n");
  e.copy_done();
  client.send();
  CHECK(client.read_answer().tags[0] == "COPY 1000");
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "1000");

  client.run_unnamed("COPY t FROM STDIN");
  e.sync();
  client.send();
  CHECK(client.read_answer().types == "12G");
  e.copy_data("2000\tx\n");
  e.copy_done();
  CHECK(client.finish().types == "CZ");

  client.run_unnamed("COPY t FROM STDIN");
  e.sync();
  client.send();
  CHECK(client.read_answer().types == "12G");
  for (int i = 0; i < 100; ++i) e.copy_data("not a number\tx\n");
  e.copy_done();
  const auto a = client.finish();
  CHECK(a.types == "EZ");
  CHECK(a.failure->sqlstate == "22P02");
  CHECK(client.query("DELETE FROM t").tags[0] == "DELETE 1001");
}

TEST_CASE_FIXTURE(routed, "a cancel request reaches the statement on the primary") {
  at_primary.query("INSERT INTO t VALUES (1, 'one')");
  at_primary.query("BEGIN; UPDATE t SET v = 'locked'");
  client.encoder().query("UPDATE t SET v = 'waits'");
  client.send();
  REQUIRE(eventually([&] {
    const auto rows = primary->directory->list();
    return rows.size() == 2 && rows[1].state == "active";
  }));
  session_client canceller(standby_port());
  canceller.encoder().cancel_request(client.key);
  canceller.send();
  const auto a = client.read_answer();
  CHECK(a.failure->sqlstate == "57014");
  CHECK(a.status == 'I');
  at_primary.query("ROLLBACK");
  CHECK(client.query("UPDATE t SET v = 'works'").tags[0] == "UPDATE 1");
}

TEST_CASE_FIXTURE(routed, "statement_timeout of a forwarded statement is kept by the primary") {
  at_primary.query("INSERT INTO t VALUES (1, 'one')");
  at_primary.query("BEGIN; UPDATE t SET v = 'locked'");
  client.query("SET statement_timeout = '60ms'");
  const auto a = client.query("UPDATE t SET v = 'waits'");
  CHECK(a.failure->message == "canceling statement due to statement timeout");
  CHECK(client.query("SELECT 1").rows[0] == "1");
}

TEST_CASE_FIXTURE(routed, "the session on the primary ends with the client's") {
  client.query("BEGIN; INSERT INTO t VALUES (1, 'one')");
  CHECK(primary->directory->size() == 2);
  client.encoder().terminate();
  client.send();
  CHECK(eventually([&] { return primary->directory->size() == 1; }));
  CHECK(at_primary.query("INSERT INTO t VALUES (1, 'free')").tags[0] == "INSERT 0 1");
}

TEST_CASE_FIXTURE(hasty, "without a primary a write fails with 08006 naming it, reads go on, and writes later too") {
  lose_primary();
  for (int i = 0; i < 2; ++i) {
    const auto a = client.query("INSERT INTO t VALUES (1, 'one')");
    REQUIRE(a.failure);
    CHECK(a.failure->sqlstate == "08006");
    CHECK(a.failure->message.find("\"primary\"") != std::string::npos);
    CHECK(a.failure->severity == "ERROR");
    CHECK(a.status == 'I');
    CHECK(client.query("SELECT count(*) FROM t").rows[0] == "0");
    client.run_unnamed("INSERT INTO t VALUES (1, 'one')");
    const auto b = client.finish();
    CHECK(b.types == "EZ");
    CHECK(b.failure->sqlstate == "08006");
  }
}

TEST_CASE_FIXTURE(hasty, "a transaction whose primary is lost takes only its end") {
  client.query("BEGIN; INSERT INTO t VALUES (1, 'one')");
  lose_primary();
  const auto a = client.query("INSERT INTO t VALUES (2, 'two')");
  CHECK(a.failure->sqlstate == "08006");
  CHECK(a.status == 'E');
  CHECK(client.query("SELECT 1").failure->sqlstate == "25P02");
  const auto b = client.query("COMMIT");
  CHECK(b.tags[0] == "ROLLBACK");
  CHECK(b.status == 'I');
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "0");
}

TEST_CASE_FIXTURE(hasty, "a transaction whose primary is lost ends in the extended protocol too") {
  client.query("BEGIN; INSERT INTO t VALUES (1, 'one')");
  lose_primary();
  client.run_unnamed("INSERT INTO t VALUES (2, 'two')");
  CHECK(client.finish().status == 'E');
  client.run_unnamed("COMMIT");
  const auto a = client.finish();
  CHECK(a.tags == std::vector<std::string>{"ROLLBACK"});
  CHECK(a.status == 'I');
}

TEST_CASE_FIXTURE(hasty, "a commit whose link is lost before the answer has the fate 08007") {
  at_primary.query("INSERT INTO t VALUES (1, 'one')");
  at_primary.query("BEGIN; UPDATE t SET v = 'locked'");
  client.encoder().query("UPDATE t SET v = 'waits'");
  client.send();
  REQUIRE(eventually([&] {
    const auto rows = primary->directory->list();
    return rows.size() == 2 && rows[1].state == "active";
  }));
  primary->cut_links();
  const auto a = client.read_answer();
  REQUIRE(a.failure);
  CHECK(a.failure->sqlstate == "08007");
  CHECK(a.status == 'I');
  CHECK(client.query("SELECT v FROM t").rows[0] == "one");
}

TEST_CASE_FIXTURE(hasty, "a write that an end of its session on the primary interrupts has failed, and the session goes on") {
  at_primary.query("INSERT INTO t VALUES (1, 'one')");
  at_primary.query("BEGIN; UPDATE t SET v = 'locked'");
  client.encoder().query("UPDATE t SET v = 'waits'");
  client.send();
  std::int64_t forwarded = 0;
  REQUIRE(eventually([&] {
    const auto rows = primary->directory->list();
    if (rows.size() == 2 && rows[1].state == "active") forwarded = rows[1].session;
    return forwarded != 0;
  }));
  primary->facts.cancel_session(forwarded, true);
  const auto a = client.read_answer();
  REQUIRE(a.failure);
  CHECK(a.failure->sqlstate == "08006");
  CHECK(a.failure->severity == "ERROR");
  CHECK(client.query("SELECT v FROM t").rows[0] == "one");
}

TEST_CASE_FIXTURE(routed, "a primary that falls silent is given up after statement_timeout, with an unknown fate") {
  std::vector<net::peer_link_ptr> kept;
  auto silent = net::listener::open(runtime.control_io(), "127.0.0.1", 0, {}, [&](net::connection_ptr from) {
    net::accept_peer(runtime.control_io(), primary->services->self, std::move(from), 5s, [&](result<net::accepted_peer> peer) {
      peer->link->send(wire::repl::session_opened{1, 1});
      kept.push_back(peer->link);
    });
  });
  REQUIRE(silent);
  standby->services->current_primary = [port = (*silent)->port()] {
    return upstream_target{node_id{"primary"}, "127.0.0.1", port, 0};
  };
  client.query("SET statement_timeout = '50ms'");
  const auto a = client.query("INSERT INTO t VALUES (1, 'one')");
  REQUIRE(a.failure);
  CHECK(a.failure->sqlstate == "08007");
  CHECK(a.status == 'I');
  CHECK(client.query("SELECT 1").rows[0] == "1");
  (*silent)->stop();
  for (const auto& link : kept) link->close();
}

TEST_CASE("a standby that does not route refuses writes with 25006 and says where to connect") {
  auto options = two_nodes();
  options.write_routing = false;
  routed f(options);
  const auto a = f.client.query("INSERT INTO t VALUES (1, 'one')");
  REQUIRE(a.failure);
  CHECK(a.failure->sqlstate == "25006");
  CHECK(a.failure->message == "cannot execute INSERT in a read-only transaction");
  CHECK(a.failure->hint.find("127.0.0.1:" + std::to_string(f.port())) != std::string::npos);
}

TEST_CASE_FIXTURE(routed, "after a promotion the sessions of the standby write there, with what they had prepared and set") {
  client.query("SET DateStyle = 'German'");
  client.encoder().parse("add", "INSERT INTO t VALUES ($1, $2)", {});
  client.bind("", "add", {"1", "forwarded"});
  client.encoder().execute("", 0);
  CHECK(client.finish().tags[0] == "INSERT 0 1");
  primary->links->stop();
  primary->cut_links();
  standby->promoted = true;
  client.bind("", "add", {"2", "here"});
  client.encoder().execute("", 0);
  const auto a = client.finish();
  CHECK_FALSE(a.failure);
  CHECK(a.status == 'I');
  CHECK(client.query("INSERT INTO t VALUES (3, 'here')").tags[0] == "INSERT 0 1");
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "3");
  CHECK(client.query("SHOW transaction_read_only").rows[0] == "off");
  CHECK(client.query("SHOW DateStyle").rows[0] == "German, DMY");
  CHECK(primary->links_accepted == 1);
}

TEST_CASE_FIXTURE(routed, "a transaction that was begun before the promotion ends as it began") {
  client.query("BEGIN READ ONLY");
  standby->promoted = true;
  CHECK(client.query("INSERT INTO t VALUES (1, 'one')").failure->sqlstate == "25006");
  CHECK(client.query("ROLLBACK").status == 'I');
  CHECK(client.query("INSERT INTO t VALUES (1, 'one')").tags[0] == "INSERT 0 1");
}
