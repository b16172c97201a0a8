// Who may log in, and how often: what CREATE ROLE says of it.

#include "test/unit/actors/session/session_client.hpp"

using namespace helios;
using namespace helios::actors;
using namespace helios::actors::test;

namespace {

std::string failure_of(session_client& client, const std::string& role) {
  const auto failure = client.login(role, "secret", database);
  return failure ? failure->sqlstate + " " + failure->message : std::string();
}

}  // namespace

TEST_CASE_FIXTURE(logged_in, "a password is good until its end") {
  client.query("CREATE ROLE late LOGIN PASSWORD 'secret' VALID UNTIL '2001-01-01'");
  client.query("CREATE ROLE early LOGIN PASSWORD 'secret' VALID UNTIL 'infinity'");
  session_client a(port()), b(port()), c(port());
  CHECK(failure_of(a, "late") == "28P01 password authentication failed for user \"late\"");
  CHECK(failure_of(b, "early").empty());
  client.query("ALTER ROLE late VALID UNTIL '2101-01-01'");
  CHECK(failure_of(c, "late").empty());
}

TEST_CASE_FIXTURE(logged_in, "a role has no more sessions than its limit") {
  client.query("CREATE ROLE few LOGIN PASSWORD 'secret' CONNECTION LIMIT 2");
  session_client a(port()), b(port()), c(port()), d(port());
  CHECK(failure_of(a, "few").empty());
  CHECK(failure_of(b, "few").empty());
  CHECK(failure_of(c, "few") == "53300 too many connections for role \"few\"");
  CHECK(client.query("SELECT 1").rows[0] == "1");
  a.socket().close();
  CHECK(eventually([&] {
    session_client again(port());
    return failure_of(again, "few").empty();
  }));
}

TEST_CASE_FIXTURE(logged_in, "a login needs CONNECT on the database") {
  client.query("CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE ROLE guest LOGIN PASSWORD 'secret'");
  client.query("REVOKE CONNECT ON DATABASE heliosdb FROM PUBLIC; GRANT CONNECT ON DATABASE heliosdb TO app");
  session_client a(port()), b(port()), c(port());
  CHECK(failure_of(a, "app").empty());
  CHECK(failure_of(b, "guest") == "42501 permission denied for database \"heliosdb\"");
  CHECK_FALSE(c.login(user, password, database).has_value());
}

TEST_CASE_FIXTURE(logged_in, "a client cannot start as somebody else") {
  client.query("CREATE ROLE app LOGIN PASSWORD 'secret'");
  client.query("CREATE ROLE parent");
  client.query("GRANT parent TO app");
  session_client a(port()), b(port()), c(port());
  const auto refused = a.login("app", "secret", database, {{"role", user}});
  REQUIRE(refused.has_value());
  CHECK(refused->sqlstate == "42501");
  CHECK(b.login("app", "secret", database, {{"session_authorization", user}}).has_value());
  CHECK_FALSE(c.login("app", "secret", database, {{"role", "parent"}}).has_value());
  CHECK(c.query("SELECT current_user").rows[0] == "parent");
  CHECK(c.query("SELECT session_user").rows[0] == "app");
  CHECK(c.query("DISCARD ALL").tags[0] == "DISCARD ALL");
  CHECK(c.query("SELECT current_user").rows[0] == "parent");
}

TEST_CASE_FIXTURE(logged_in, "what another role's session does is not everybody's to see or to end") {
  client.query("CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE ROLE other LOGIN PASSWORD 'secret'; CREATE ROLE watch LOGIN PASSWORD 'secret'");
  client.query("GRANT pg_read_all_stats, pg_signal_backend TO watch");
  session_client app(port()), other(port()), watch(port());
  REQUIRE(failure_of(app, "app").empty());
  REQUIRE(failure_of(other, "other").empty());
  REQUIRE(failure_of(watch, "watch").empty());
  app.query("SELECT 'in the open'");
  const std::string seen = "SELECT query FROM pg_stat_activity WHERE usename = 'app'";
  CHECK(other.query(seen).rows[0] == "<insufficient privilege>");
  CHECK(watch.query(seen).rows[0] == "SELECT 'in the open'");
  CHECK(client.query(seen).rows[0] == "SELECT 'in the open'");
  const std::string end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ";
  CHECK(other.query(end + "'app'").failure->message ==
        "must be a member of the role whose process is being terminated or member of pg_signal_backend");
  CHECK(watch.query(end + "'helios'").failure->message == "must be a superuser to terminate superuser process");
  CHECK(watch.query(end + "'app'").rows[0] == "t");
  CHECK_FALSE(app.next().value_or(wire::pg::backend_message{}).type == 'Z');
}

TEST_CASE_FIXTURE(logged_in, "a dropped role's session may do nothing more") {
  client.query("CREATE ROLE app LOGIN PASSWORD 'secret'");
  client.query("CREATE TABLE t (a int)");
  client.query("GRANT SELECT ON t TO PUBLIC");
  session_client a(port());
  REQUIRE(failure_of(a, "app").empty());
  CHECK(a.query("SELECT count(*) FROM t").rows[0] == "0");
  CHECK(client.query("DROP ROLE app").tags[0] == "DROP ROLE");
  CHECK(a.query("CREATE TABLE u (a int)").failure->sqlstate == "42501");
}
