// Notifications on their way to clients: idle ones hear at once, busy ones after their transaction, and those of a standby from
// the primary, where they listen.

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

struct listening : session_fixture {
  listening() : session_fixture(two_nodes()) {
    logged_in::log_in(listener);
    logged_in::log_in(sender);
    logged_in::log_in(at_standby);
  }
  /// The next message, which must be a notification: "channel payload".
  static std::string heard(session_client& client) {
    const auto m = client.next();
    REQUIRE(m.has_value());
    REQUIRE(m->type == 'A');
    const auto body = m->body.substr(4);
    const auto end = body.find('\0');
    return std::string(body.substr(0, end)) + " " + std::string(body.substr(end + 1, body.size() - end - 2));
  }
  session_client listener{port()};
  session_client sender{port()};
  session_client at_standby{standby_port()};
};

}  // namespace

TEST_CASE_FIXTURE(listening, "an idle listener hears at once") {
  CHECK(listener.query("LISTEN news").tags[0] == "LISTEN");
  const auto before = std::chrono::steady_clock::now();
  CHECK(sender.query("NOTIFY news, 'one'").types == "CZ");
  CHECK(heard(listener) == "news one");
  CHECK(std::chrono::steady_clock::now() - before < 2s);
}

TEST_CASE_FIXTURE(listening, "a listener in a transaction hears before the ReadyForQuery of its end") {
  listener.query("LISTEN news");
  listener.query("BEGIN");
  sender.query("NOTIFY news, 'one'");
  sender.query("NOTIFY news, 'two'");
  CHECK(listener.query("SELECT 1").types == "TDCZ");
  CHECK(listener.query("COMMIT").types == "CAAZ");
}

TEST_CASE_FIXTURE(listening, "a session hears itself before its ReadyForQuery, in the extended protocol too") {
  listener.query("LISTEN news");
  CHECK(listener.query("NOTIFY news").types == "CAZ");
  listener.run_unnamed("SELECT pg_notify('news', 'x')");
  CHECK(listener.finish().types == "12DCAZ");
}

TEST_CASE_FIXTURE(listening, "many notifications come in their order") {
  listener.query("LISTEN news");
  sender.query("CREATE TABLE t (k int)");
  for (int i = 0; i < 200; ++i) sender.query("BEGIN; INSERT INTO t VALUES (1); NOTIFY news, '" + std::to_string(i) + "'; COMMIT");
  for (int i = 0; i < 200; ++i) CHECK(heard(listener) == "news " + std::to_string(i));
}

TEST_CASE_FIXTURE(listening, "a standby's session listens on the primary") {
  CHECK(at_standby.query("LISTEN news").tags[0] == "LISTEN");
  CHECK(at_standby.query("SELECT * FROM pg_listening_channels()").rows[0] == "news");
  sender.query("NOTIFY news, 'from the primary'");
  CHECK(heard(at_standby) == "news from the primary");
  CHECK(at_standby.query("NOTIFY news, 'mine'").types == "CAZ");
  listener.query("LISTEN news");
  at_standby.query("SELECT pg_notify('news', 'from the standby')");
  CHECK(heard(listener) == "news from the standby");
}

TEST_CASE_FIXTURE(listening, "a standby's session ends when the primary, where it listens, is lost") {
  at_standby.query("LISTEN news");
  primary->cut_links();
  const auto last = at_standby.next();
  REQUIRE(last.has_value());
  CHECK(last->type == 'E');
  CHECK(wire::pg::parse_error_report(last->body)->sqlstate == "57P01");
  CHECK_FALSE(at_standby.next().has_value());
}

TEST_CASE_FIXTURE(listening, "advisory locks exclude each other across the nodes, and a lost session gives them back") {
  CHECK(at_standby.query("SELECT pg_advisory_lock(1)").tags[0] == "SELECT 1");
  CHECK(sender.query("SELECT pg_try_advisory_lock(1)").rows[0] == "f");
  CHECK(at_standby.query("BEGIN READ ONLY").tags[0] == "BEGIN");
  CHECK(at_standby.query("SELECT pg_try_advisory_lock(2)").failure->sqlstate == "25006");
  CHECK(at_standby.query("ROLLBACK").tags[0] == "ROLLBACK");
  at_standby.socket().close();
  CHECK(eventually([&] { return sender.query("SELECT pg_try_advisory_lock(1)").rows[0] == "t"; }));
}
