// Start-up, the simple and the extended protocol, as messages on a socket.

#include "test/unit/actors/session/session_client.hpp"

using namespace helios;
using namespace helios::actors;
using namespace helios::actors::test;

TEST_CASE_FIXTURE(logged_in, "a client logs in with SCRAM-SHA-256 and is told the settings that drivers need") {
  CHECK(client.parameters["server_encoding"] == "UTF8");
  CHECK(client.parameters["client_encoding"] == "UTF8");
  CHECK(client.parameters["standard_conforming_strings"] == "on");
  CHECK(client.parameters["integer_datetimes"] == "on");
  CHECK(client.parameters["server_version"].starts_with("15"));
  CHECK(client.key.process_id != 0);
}

TEST_CASE_FIXTURE(logged_in, "a changed setting is reported, also one that a failed transaction takes back") {
  CHECK(client.query("SET application_name = 'a test'").types == "SCZ");
  client.query("BEGIN");
  CHECK(client.query("SET TimeZone = 'Asia/Tokyo'").types == "SCZ");
  CHECK(client.query("ROLLBACK").types.find('S') != std::string::npos);
}

TEST_CASE_FIXTURE(logged_in, "a simple query gives its rows, its tag and the transaction's state") {
  const auto a = client.query("SELECT 1 AS one");
  CHECK(a.types == "TDCZ");
  CHECK(a.rows == std::vector<std::string>{"1"});
  CHECK(a.tags == std::vector<std::string>{"SELECT 1"});
  CHECK(a.status == 'I');
  CHECK(client.query("").types == "IZ");
  CHECK(client.query("BEGIN").status == 'T');
  CHECK(client.query("SELECT * FROM nowhere").status == 'E');
  CHECK(client.query("SELECT 1").failure->sqlstate == "25P02");
  CHECK(client.query("ROLLBACK").status == 'I');
}

TEST_CASE_FIXTURE(logged_in, "all statements of one query string are one transaction") {
  client.query("CREATE TABLE t (k int PRIMARY KEY)");
  const auto a = client.query("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)");
  CHECK(a.types == "CCEZ");
  CHECK(a.failure->sqlstate == "23505");
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "0");
  const auto b = client.query("INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); SELECT nothing");
  CHECK(b.failure->sqlstate == "42703");
  CHECK(client.query("SELECT k FROM t").rows == std::vector<std::string>{"1"});
}

TEST_CASE_FIXTURE(logged_in, "an error names its position, and a notice comes before the tag") {
  const auto a = client.query("SELECT 1 FROM nowhere");
  CHECK(a.failure->sqlstate == "42P01");
  CHECK(a.failure->position == 15);
  CHECK(client.query("DROP TABLE IF EXISTS nowhere").types == "NCZ");
}

// --- extended protocol ---

TEST_CASE_FIXTURE(logged_in, "Parse, Bind, Describe and Execute answer in order, in one pipeline with a single Sync") {
  auto e = client.encoder();
  e.parse("s", "SELECT $1::int + 1 AS sum", {});
  e.describe('S', "s");
  client.bind("", "s", {"41"});
  e.describe('P', "");
  e.execute("", 0);
  client.bind("", "s", {"1"});
  e.execute("", 0);
  e.close('S', "s");
  const auto a = client.finish();
  CHECK(a.types == "1tT2TDC2DC3Z");
  CHECK(a.rows == std::vector<std::string>{"42", "2"});
}

TEST_CASE_FIXTURE(logged_in, "parameters and results go in binary where the client asks for it") {
  auto e = client.encoder();
  e.parse("", "SELECT $1::int4, $2::text", {});
  wire::pg::bind_message b;
  b.parameter_formats = {1, 0};
  b.parameters = {std::string_view("\0\0\1\2", 4), "text"};
  b.result_formats = {1};
  e.bind(b);
  e.execute("", 0);
  const auto a = client.finish();
  CHECK(a.types == "12DCZ");
  CHECK(a.rows[0] == std::string("\0\0\1\2", 4));
}

TEST_CASE_FIXTURE(logged_in, "a row limit suspends the portal, and Execute goes on where it stopped") {
  auto e = client.encoder();
  e.parse("", "SELECT generate_series(1, 5)", {});
  client.bind("p", "", {});
  for (int i = 0; i < 3; ++i) e.execute("p", 2);
  const auto a = client.finish();
  CHECK(a.types == "12DDsDDsDCZ");
  CHECK(a.rows == std::vector<std::string>{"1", "2", "3", "4", "5"});
  e.execute("p", 2);  // its transaction has ended with the Sync
  CHECK(client.finish().failure->sqlstate == "34000");
}

TEST_CASE_FIXTURE(logged_in, "a portal lives to the end of its transaction block, over Syncs") {
  client.query("BEGIN");
  auto e = client.encoder();
  e.parse("", "SELECT generate_series(1, 4)", {});
  client.bind("p", "", {});
  e.execute("p", 2);
  CHECK(client.finish().rows.size() == 2);
  e.execute("p", 0);
  CHECK(client.finish().rows == std::vector<std::string>{"3", "4"});
  client.query("COMMIT");
  e.execute("p", 0);
  CHECK(client.finish().failure->sqlstate == "34000");
}

TEST_CASE_FIXTURE(logged_in, "after an error everything up to Sync is skipped, and the series is rolled back") {
  client.query("CREATE TABLE t (k int PRIMARY KEY)");
  client.run_unnamed("INSERT INTO t VALUES (1)");
  client.run_unnamed("INSERT INTO t VALUES (1)");
  client.run_unnamed("INSERT INTO t VALUES (2)");
  const auto a = client.finish();
  CHECK(a.types == "12C12EZ");
  CHECK(a.failure->sqlstate == "23505");
  CHECK(a.status == 'I');
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "0");
}

TEST_CASE_FIXTURE(logged_in, "an empty statement is parsed, described, bound and executed") {
  auto e = client.encoder();
  e.parse("", "", {});
  e.describe('S', "");
  client.bind("", "", {});
  e.describe('P', "");
  e.execute("", 0);
  CHECK(client.finish().types == "1tn2nIZ");
}

TEST_CASE_FIXTURE(logged_in, "statements and portals that are wrong have PostgreSQL's SQLSTATEs") {
  auto e = client.encoder();
  e.parse("s", "SELECT 1", {});
  e.parse("s", "SELECT 2", {});
  CHECK(client.finish().failure->sqlstate == "42P05");
  client.bind("", "nothing", {});
  CHECK(client.finish().failure->sqlstate == "26000");
  e.execute("nothing", 0);
  CHECK(client.finish().failure->sqlstate == "34000");
  e.parse("", "SELECT 1; SELECT 2", {});
  CHECK(client.finish().failure->sqlstate == "42601");
  e.parse("p", "SELECT $1::int", {});
  client.bind("", "p", {});
  CHECK(client.finish().failure->sqlstate == "08P01");
  client.bind("", "p", {"not a number"});
  CHECK(client.finish().failure->sqlstate == "22P02");
  e.close('S', "never there");
  CHECK(client.finish().types == "3Z");
}

TEST_CASE_FIXTURE(logged_in, "Flush sends what is ready without ending the series") {
  auto e = client.encoder();
  e.parse("", "SELECT 1", {});
  e.flush();
  client.send();
  CHECK(client.next()->type == '1');
  client.bind("", "", {});
  e.execute("", 0);
  CHECK(client.finish().types == "2DCZ");
}

TEST_CASE_FIXTURE(logged_in, "a failed transaction block takes only its end") {
  client.query("BEGIN");
  client.query("SELECT nothing");
  client.run_unnamed("SELECT 1");
  CHECK(client.finish().failure->sqlstate == "25P02");
  client.run_unnamed("COMMIT");
  const auto a = client.finish();
  CHECK(a.tags == std::vector<std::string>{"ROLLBACK"});
  CHECK(a.status == 'I');
}

// --- COPY ---

TEST_CASE_FIXTURE(logged_in, "COPY goes in and out in both protocols") {
  client.query("CREATE TABLE t (k int PRIMARY KEY, v text)");
  auto e = client.encoder();
  e.query("COPY t FROM STDIN");
  client.send();
  CHECK(client.read_answer().types == "G");
  e.copy_data("1\to");
  e.copy_data("ne\n2\ttwo\n");
  e.copy_done();
  client.send();
  CHECK(client.read_answer().tags == std::vector<std::string>{"COPY 2"});

  client.run_unnamed("COPY t FROM STDIN");
  e.sync();  // as libpq sends it, before it knows of the COPY
  client.send();
  CHECK(client.read_answer().types == "12G");
  e.copy_data("3\tthree\n");
  e.copy_done();
  CHECK(client.finish().types == "CZ");

  CHECK(client.query("COPY t TO STDOUT").types == "HdddcCZ");
  client.run_unnamed("COPY t TO STDOUT");
  CHECK(client.finish().types == "12HdddcCZ");
}

TEST_CASE_FIXTURE(logged_in, "a COPY that fails in the middle reads over the rest of its data") {
  client.query("CREATE TABLE t (k int PRIMARY KEY)");
  auto e = client.encoder();
  e.query("COPY t FROM STDIN");
  client.send();
  CHECK(client.read_answer().types == "G");
  for (int i = 0; i < 100; ++i) e.copy_data("not a number\n");
  e.copy_done();
  client.send();
  CHECK(client.read_answer().failure->sqlstate == "22P02");
  CHECK(client.query("SELECT 1").rows[0] == "1");

  client.run_unnamed("COPY t FROM STDIN");
  e.sync();
  client.send();
  CHECK(client.read_answer().types == "12G");
  for (int i = 0; i < 100; ++i) e.copy_data("not a number\n");
  e.copy_done();
  CHECK(client.finish().types == "EZ");

  e.query("COPY t FROM STDIN");
  client.send();
  client.read_answer();
  e.copy_fail("the client has changed its mind");
  client.send();
  const auto a = client.read_answer();
  CHECK(a.failure->sqlstate == "57014");
  CHECK(a.status == 'I');
  CHECK(client.query("SELECT count(*) FROM t").rows[0] == "0");
}
