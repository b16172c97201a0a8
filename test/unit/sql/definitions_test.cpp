// Temporary objects, deferred constraints and MERGE where several sessions or the log are concerned.

#include <string>
#include <thread>

#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

TEST_CASE("temporary tables leave nothing in the log and nothing to other sessions") {
  sql_fixture f;
  const auto before = f.node.db().engine().status().written;
  f.must("create temp table t (id int primary key, v serial); insert into t (id) select generate_series(1, 1000); create index on t (v)");
  f.must("begin; update t set v = v + 1; savepoint s; delete from t; rollback to s; commit");
  CHECK(f.value("select sum(v) from t") == "501500");
  CHECK(f.node.db().engine().status().written == before);
  sql_client other(f.node);
  CHECK(other.run("select * from t").state() == "42P01");
  CHECK(other.run("create temp table t (a text)").tag == "CREATE TABLE");
  CHECK(other.run("insert into t values ('mine')").tag == "INSERT 0 1");
  CHECK(other.value("select * from t") == "mine");
  CHECK(f.value("select count(*) from t") == "1000");
}

TEST_CASE("what a session made temporarily is gone with it") {
  sql_fixture f;
  {
    sql_client first(f.node);
    CHECK(first.run("create temp table t (a int); create temp view v as select * from t; create temp sequence s").tag == "CREATE SEQUENCE");
  }
  sql_client second(f.node);
  CHECK(second.value("select count(*) from pg_class where relpersistence = 't'") == "0");
  CHECK(second.run("select * from t").state() == "42P01");
}

TEST_CASE("a temporary table keeps its rows over a transaction that writes shared tables too, and loses them when it fails") {
  sql_fixture f;
  f.must("create table shared (a int primary key); create temp table t (a int)");
  f.must("begin; insert into shared values (1); insert into t values (1); commit");
  CHECK(f.value("select count(*) from t") == "1");
  f.must("begin; insert into t values (2)");
  CHECK(f.client.run("insert into shared values (1)").state() == "23505");
  f.must("rollback");
  CHECK(f.value("select count(*) from t") == "1");
}

TEST_CASE("of two transactions that leave one key to their commits, the second is refused") {
  sql_fixture f;
  f.must("create table t (k int unique deferrable initially deferred)");
  f.must("begin; insert into t values (1)");
  sql_client other(f.node);
  CHECK(other.run("begin").tag == "BEGIN");
  CHECK(other.run("insert into t values (1)").tag == "INSERT 0 1");
  f.must("commit");
  CHECK(other.run("commit").state() == "23505");
  CHECK(f.value("select count(*) from t") == "1");
}

TEST_CASE("a deferred foreign key holds against a parent that another session deletes meanwhile") {
  sql_fixture f;
  f.must("create table p (id int primary key); create table c (id int references p deferrable initially deferred); insert into p values (1)");
  f.must("begin; insert into c values (1)");
  sql_client other(f.node);
  CHECK(other.run("delete from p").tag == "DELETE 1");
  CHECK(f.client.run("commit").state() == "23503");
  CHECK(f.value("select count(*) from c") == "0");
}

TEST_CASE("MERGE looks again at a row that another session has changed: the clause that fits its newest version runs") {
  sql_fixture f;
  f.must("create table t (id int primary key, v int, note text); insert into t values (1, 10, 'first')");
  f.must("begin; update t set v = 20 where id = 1");
  outcome merged;
  std::thread other([&] {
    sql_client client(f.node);
    merged = client.run("merge into t using (values (1)) x (id) on t.id = x.id "
                        "when matched and t.v = 10 then update set note = 'old' when matched and t.v = 20 then update set note = 'new'");
  });
  until_waiting(f.node);
  f.must("commit");
  other.join();
  CHECK(merged.tag == "MERGE 1");
  CHECK(f.value("select note from t") == "new");
}

TEST_CASE("MERGE inserts when the row that it matched is deleted, or matches no more") {
  sql_fixture f;
  for (auto change : {"delete from t where id = 1", "update t set k = 77 where id = 1"}) {
    f.must("drop table if exists t; create table t (id serial primary key, k int, note text); insert into t (k) values (5)");
    f.must(std::string("begin; ") + change);
    outcome merged;
    std::thread other([&] {
      sql_client client(f.node);
      merged = client.run("merge into t using (values (5)) x (k) on t.k = x.k when matched then update set note = 'old' "
                          "when not matched then insert (k, note) values (x.k, 'fresh')");
    });
    until_waiting(f.node);
    f.must("commit");
    other.join();
    CHECK(merged.tag == "MERGE 1");
    CHECK(f.value("select note from t where k = 5") == "fresh");
  }
}

TEST_CASE("MERGE under REPEATABLE READ refuses a row that has changed") {
  sql_fixture f;
  f.must("create table t (id int primary key, v int); insert into t values (1, 10)");
  f.must("begin isolation level repeatable read; select * from t");
  sql_client other(f.node);
  CHECK(other.run("update t set v = 11").tag == "UPDATE 1");
  CHECK(f.client.run("merge into t using (values (1)) x (id) on t.id = x.id when matched then update set v = 1").state() == "40001");
  f.must("rollback");
}

TEST_CASE("a partial or expression index answers what its table would, through all changes") {
  sql_fixture f;
  f.must("create table t (id int primary key, a int, b text); create index on t (lower(b)) where a > 3; create unique index on t ((a * 1000 + id)) include (b)");
  f.must("insert into t select g, g % 7, 'B' || g % 5 from generate_series(1, 200) g");
  f.must("update t set a = a + 1 where id % 3 = 0; delete from t where id % 11 = 0; update t set b = upper(b) || 'x' where id % 2 = 0");
  for (auto condition : {"lower(b) = 'b3' and a > 3", "lower(b) = 'b4x' and a > 5", "a * 1000 + id = 5017", "lower(b) > 'b2' and a in (4, 6)"}) {
    auto indexed = f.value(std::string("select count(*) || ' ' || coalesce(sum(id), 0) from t where ") + condition);
    auto scanned = f.value(std::string("select count(*) || ' ' || coalesce(sum(id), 0) from t where (") + condition + ") is true");
    CHECK(indexed == scanned);
  }
  auto plan = f.client.run("explain select * from t where lower(b) = 'b3' and a > 3");
  CHECK(plan.rows.at(0).at(0)->find("Index Scan using t_lower_idx") != std::string::npos);
  auto whole = f.client.run("explain select * from t where lower(b) = 'b3' and a > 2");
  CHECK(whole.rows.at(0).at(0)->find("Index Scan") == std::string::npos);
}
