// The extended protocol's side of a session: parameters, plans that stay, portals read in parts.

#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {
struct rows_seen final : sql::row_sink {
  std::vector<std::int64_t> first;
  void columns(std::span<const sql::result_column>) override {}
  void row(std::span<const sql::datum> values) override { first.push_back(values[0].as_int()); }
};
struct no_copy final : sql::copy_channel {
  void begin_in(int, int) override {}
  void begin_out(int, int) override {}
  std::optional<std::string_view> read() override { return std::nullopt; }
  void write(std::string_view) override {}
  void end_out() override {}
};
}  // namespace

TEST_CASE_FIXTURE(sql_fixture, "parameters take their types from where they stand") {
  must("create table t (a bigint primary key, b text, c numeric(6,2))");
  auto s = client.prepare("insert into t values ($1, $2, $3) returning c");
  CHECK(s->parameter_types() == std::vector<sql::oid>{sql::type_oid::int8, sql::type_oid::text, sql::type_oid::numeric});
  CHECK(client.execute(s, {"1", "x", "1.005"}).text() == "1.01\n");
  CHECK(client.execute(s, {"2", std::nullopt, std::nullopt}).text() == "\n");
  auto bad = client.execute(s, {"x", "y", "1"});
  CHECK(bad.state() == "22P02");
  CHECK(client.extended("select a from t where a = $1", {"2"}).text() == "2\n");
  CHECK(client.extended("select $1 || 'x'", {"y"}).text() == "yx\n");
  CHECK(client.extended("select $1", {"y"}).text() == "y\n");
  CHECK(client.extended("select $1 + $2", {"1", "2"}).state() == "42725");
  CHECK(client.extended("select a from t limit $1 offset $2", {"1", "1"}).text() == "2\n");
}

TEST_CASE_FIXTURE(sql_fixture, "a prepared statement survives changes of its table that keep its columns") {
  must("create table t (a int primary key, b int); insert into t values (1, 2)");
  auto s = client.prepare("select b from t where a = $1");
  CHECK(client.execute(s, {"1"}).text() == "2\n");
  must("create index on t (b)");
  CHECK(client.execute(s, {"1"}).text() == "2\n");
  must("alter table t add column c int");
  CHECK(client.execute(s, {"1"}).text() == "2\n");
  must("truncate t; insert into t values (1, 3)");
  CHECK(client.execute(s, {"1"}).text() == "3\n");
  must("alter table t alter column b type text");
  auto changed = client.execute(s, {"1"});
  CHECK(changed.state() == "0A000");
  CHECK(changed.error->message == "cached plan must not change result type");
  must("drop table t");
  CHECK(client.execute(s, {"1"}).state() == "42P01");
}

TEST_CASE_FIXTURE(sql_fixture, "a portal gives its rows in parts, on one snapshot") {
  must("create table t (a int); insert into t select generate_series(1, 5)");
  must("begin");
  auto portal = client.session().bind(client.prepare("select a from t order by a"), {});
  rows_seen seen;
  no_copy copy;
  CHECK(portal->execute(2, seen, copy).suspended);
  CHECK(seen.first == std::vector<std::int64_t>{1, 2});
  sql_client(node).run("delete from t");
  must("insert into t values (9)");
  CHECK(portal->execute(2, seen, copy).suspended);
  auto last = portal->execute(0, seen, copy);
  CHECK(!last.suspended);
  CHECK(seen.first == std::vector<std::int64_t>{1, 2, 3, 4, 5});
  must("commit");
}

TEST_CASE_FIXTURE(sql_fixture, "a change through a portal happens once, whatever part of its rows is read") {
  must("create table t (a int primary key)");
  must("begin");
  auto portal = client.session().bind(client.prepare("insert into t select generate_series(1, 4) returning a"), {});
  rows_seen seen;
  no_copy copy;
  CHECK(portal->execute(1, seen, copy).suspended);
  CHECK(value("select count(*) from t") == "4");
  auto last = portal->execute(0, seen, copy);
  CHECK(last.command_tag == "INSERT 0 4");
  CHECK(seen.first.size() == 4);
  must("commit");
}

TEST_CASE_FIXTURE(sql_fixture, "a portal ends with its transaction") {
  must("begin");
  auto portal = client.session().bind(client.prepare("select generate_series(1, 3)"), {});
  rows_seen seen;
  no_copy copy;
  CHECK(portal->execute(1, seen, copy).suspended);
  must("commit");
  must("begin");
  CHECK_THROWS_AS(portal->execute(1, seen, copy), sql_error);
  must("rollback");
}

TEST_CASE_FIXTURE(sql_fixture, "point statements read by the primary key") {
  must("create table t (id int primary key, v int)");
  for (auto* q : {"select v from t where id = 5", "update t set v = v + 1 where id = 5", "delete from t where id = 5"}) {
    CHECK(client.run(std::string("explain ") + q).text().find("Index Scan using t_pkey on t") != std::string::npos);
  }
  CHECK(client.run("explain select v from t where v = 5").text().find("Seq Scan on t") != std::string::npos);
}

TEST_CASE_FIXTURE(sql_fixture, "what a session was told of its settings follows SET and ROLLBACK") {
  must("set application_name = 'one'");
  must("begin; set application_name = 'two'; rollback");
  CHECK(client.session().setting("application_name") == "one");
  auto changed = client.session().changed_settings();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].second == "one");
  client.session().reset();
  CHECK(client.session().changed_settings().empty());
}
