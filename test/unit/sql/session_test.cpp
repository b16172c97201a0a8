// A session as its protocol sees it: implicit transactions, errors, restarts and read-only nodes.

#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

TEST_CASE_FIXTURE(sql_fixture, "the statements of one Query message stand or fall together") {
  must("create table t (a int primary key)");
  auto all = client.query("insert into t values (1); insert into t values (1); insert into t values (2)");
  CHECK(all.size() == 2);
  CHECK(all.back().state() == "23505");
  CHECK(value("select count(*) from t") == "0");
  CHECK(client.session().status() == sql::transaction_status::idle);
}

TEST_CASE_FIXTURE(sql_fixture, "after an error a transaction block takes nothing but its end") {
  must("create table t (a int)");
  must("begin; insert into t values (1)");
  CHECK(client.run("select 1/0").state() == "22012");
  CHECK(client.session().status() == sql::transaction_status::failed);
  CHECK(client.run("select 1").state() == "25P02");
  CHECK(client.extended("select 1").state() == "25P02");
  CHECK(client.run("commit").tag == "ROLLBACK");
  CHECK(value("select count(*) from t") == "0");
}

TEST_CASE_FIXTURE(sql_fixture, "a failed statement leaves nothing behind for the statements after ROLLBACK TO") {
  must("create table t (a int primary key)");
  must("begin; savepoint s");
  CHECK(client.run("insert into t select g % 3 from generate_series(1, 5) g").state() == "23505");
  must("rollback to s; insert into t values (7); commit");
  CHECK(client.run("select a from t").text() == "7\n");
}

TEST_CASE("committed data, definitions and sequences are there after a restart") {
  sql_node node;
  {
    sql_client client(node);
    REQUIRE(!client.run("create table t (id serial primary key, v text unique); insert into t (v) values ('a'), ('b')").error);
    REQUIRE(!client.run("begin; insert into t (v) values ('lost')").error);
  }
  node.restart();
  sql_client client(node);
  CHECK(client.run("select id, v from t order by id").text() == "1|a\n2|b\n");
  CHECK(client.run("insert into t (v) values ('a')").state() == "23505");
  auto next = client.run("insert into t (v) values ('c') returning id > 2");
  CHECK(next.text() == "t\n");
}

TEST_CASE("a read-only node refuses changes with 25006 and tells where to go") {
  sql_node node;
  sql_client writer(node);
  REQUIRE(!writer.run("create table t (a int); insert into t values (1); create sequence s").error);
  sql::session_options options;
  options.read_only = true;
  options.read_only_hint = "Connect to the primary.";
  sql_client reader(node, options);
  CHECK(reader.value("select a from t") == "1");
  for (auto* text : {"insert into t values (2)", "update t set a = 2", "delete from t", "truncate t", "create table u (a int)", "drop table t",
                     "with w as (insert into t values (3) returning a) select * from w", "select nextval('s')", "create index on t (a)",
                     "alter table t add column b int", "select * from t for update"}) {
    auto out = reader.run(text);
    INFO(text);
    CHECK(out.state() == "25006");
    if (out.error) CHECK(out.error->hint == "Connect to the primary.");
  }
  CHECK(writer.value("select count(*) from t") == "1");
}

TEST_CASE("a session needs its database and role") {
  sql_node node;
  sql::session_options options;
  options.database = "nope";
  try {
    sql_client client(node, options);
    FAIL("opened");
  } catch (const sql_error& e) {
    CHECK(e.report().sqlstate == "3D000");
    CHECK(e.report().severity == "FATAL");
    CHECK(e.report().message == "database \"nope\" does not exist");
  }
  options.database = "heliosdb";
  options.user = "nobody";
  CHECK_THROWS_AS(sql_client(node, options), sql_error);
}

TEST_CASE("deep nesting is refused, not a crash") {
  sql_fixture f;
  std::string deep(20000, '(');
  CHECK(f.client.run("select " + deep).state() == "54001");
  std::string nots;
  for (int i = 0; i < 5000; ++i) nots += "not ";
  auto out = f.client.run("select " + nots + "true");
  CHECK((out.state() == "54001" || out.text() == "t\n"));
  std::string sum = "select 1";
  for (int i = 0; i < 20000; ++i) sum += "+1";
  auto added = f.client.run(sum);
  CHECK((added.state() == "54001" || added.text() == "20001\n"));
}

TEST_CASE("classification tells a standby what may run there") {
  using sql::statement_class;
  auto of = [](const char* text) { return sql::classify(*sql::parse(text).at(0)); };
  CHECK(of("select 1") == statement_class::read);
  CHECK(of("select * from t for update") == statement_class::write);
  CHECK(of("select nextval('s')") == statement_class::write);
  CHECK(of("with w as (delete from t returning *) select * from w") == statement_class::write);
  CHECK(of("explain select 1") == statement_class::read);
  CHECK(of("copy t to stdout") == statement_class::read);
  CHECK(of("copy t from stdin") == statement_class::write);
  CHECK(of("begin") == statement_class::begin);
  CHECK(of("begin read only") == statement_class::begin_read_only);
  CHECK(of("commit") == statement_class::end);
  CHECK(of("savepoint s") == statement_class::savepoint);
  CHECK(of("set search_path = x") == statement_class::session);
  CHECK(of("create table t (a int)") == statement_class::write);
}

TEST_CASE_FIXTURE(sql_fixture, "a commit that found no room, or is too large, has failed; of any other failure nobody knows") {
  must("create table t (a int)");
  const auto commit_with = [&](errc code) {
    node.sink().failure = error{code, "what happened"};
    const auto out = client.run("insert into t values (1)");
    node.sink().failure.reset();
    return out;
  };
  const auto full = commit_with(errc::disk_full);
  CHECK(full.state() == "53100");
  CHECK(full.error->detail == "what happened");
  CHECK(commit_with(errc::invalid_argument).state() == "54000");
  CHECK(commit_with(errc::closed).state() == "08007");
  CHECK(client.session().status() == sql::transaction_status::idle);
  CHECK(value("select count(*) from t") == "0");
  must("insert into t values (2)");
}
