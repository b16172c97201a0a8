// What the isolation levels promise when another transaction has changed the same rows.

#include "storage/lock_table.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {
struct two_sessions : sql_fixture {
  sql_client second{node};
  two_sessions() { must("create table t (id int primary key, n int, tag text); insert into t values (1, 10, 'a'), (2, 20, 'b')"); }

  /// `blocked` on the second session while the first holds its locks; then `release` on the first.
  outcome across(const std::string& blocked, const std::string& release) {
    outcome out;
    std::thread other([&] { out = second.run(blocked); });
    until_waiting(node);
    must(release);
    other.join();
    return out;
  }
};
}  // namespace

TEST_CASE_FIXTURE(two_sessions, "READ COMMITTED computes on the row's newest version after a wait") {
  must("begin; update t set n = n + 1 where id = 1");
  auto out = across("update t set n = n * 2 where id = 1 returning n", "commit");
  CHECK(out.text() == "22\n");
}

TEST_CASE_FIXTURE(two_sessions, "READ COMMITTED leaves a row alone that no longer meets WHERE after a wait") {
  must("begin; update t set n = 11 where id = 1");
  CHECK(across("update t set tag = 'x' where n = 10", "commit").tag == "UPDATE 0");
  must("begin; update t set n = 12 where id = 1");
  CHECK(across("delete from t where n = 11", "commit").tag == "DELETE 0");
  CHECK(value("select count(*) from t") == "2");
}

TEST_CASE_FIXTURE(two_sessions, "READ COMMITTED skips a row that was deleted while it waited") {
  must("begin; delete from t where id = 1");
  CHECK(across("update t set n = 0", "commit").tag == "UPDATE 1");
}

TEST_CASE_FIXTURE(two_sessions, "SELECT FOR UPDATE returns the version it has locked") {
  must("begin; update t set n = 77 where id = 2");
  CHECK(across("select n from t where id = 2 for update", "commit").text() == "77\n");
}

TEST_CASE_FIXTURE(two_sessions, "REPEATABLE READ keeps its first snapshot and refuses to overwrite newer versions") {
  REQUIRE(!second.run("begin isolation level repeatable read").error);
  CHECK(second.value("select n from t where id = 1") == "10");
  must("update t set n = 11 where id = 1");
  CHECK(second.value("select n from t where id = 1") == "10");
  auto out = second.run("update t set n = n + 1 where id = 1");
  CHECK(out.state() == "40001");
  CHECK(out.error->message == "could not serialize access due to concurrent update");
  second.run("rollback");
  REQUIRE(!second.run("begin isolation level repeatable read").error);
  CHECK(second.value("select count(*) from t") == "2");
  must("delete from t where id = 2");
  out = second.run("delete from t where id = 2");
  CHECK(out.state() == "40001");
  CHECK(out.error->message == "could not serialize access due to concurrent delete");
  second.run("rollback");
}

TEST_CASE_FIXTURE(two_sessions, "REPEATABLE READ refuses DO UPDATE of a row changed since its snapshot, and allows it on its own changes") {
  const std::string upsert = "insert into t values (1, 5, 'x') on conflict (id) do update set n = t.n + excluded.n returning n";
  REQUIRE(!second.run("begin isolation level repeatable read").error);
  CHECK(second.value("select n from t where id = 1") == "10");
  must("update t set n = 11 where id = 1");
  auto out = second.run(upsert);
  CHECK(out.state() == "40001");
  CHECK(out.error->message == "could not serialize access due to concurrent update");
  second.run("rollback");
  REQUIRE(!second.run("begin isolation level repeatable read").error);
  CHECK(second.value(upsert) == "16");
  CHECK(second.value(upsert) == "21");
  // DO NOTHING changes nothing: it is enough that the snapshot shows the row.
  must("update t set n = 30 where id = 2");
  CHECK(second.run("insert into t values (2, 1, 'y') on conflict do nothing").tag == "INSERT 0 0");
  CHECK(!second.run("commit").error);
  CHECK(value("select n from t where id = 1") == "21");
}

TEST_CASE_FIXTURE(two_sessions, "SERIALIZABLE allows no write skew") {
  // Each session checks the sum and takes from another row: together they would go below zero.
  auto take = [](sql_client& c, const char* id) {
    auto all = c.query(std::string("update t set n = n - 25 where id = ") + id + " and (select sum(n) from t) >= 25");
    return all.back();
  };
  must("begin isolation level serializable");
  REQUIRE(!second.run("begin isolation level serializable").error);
  CHECK(value("select sum(n) from t") == "30");
  CHECK(second.value("select sum(n) from t") == "30");
  outcome theirs;
  std::thread other([&] {
    theirs = take(second, "2");
    if (!theirs.error) theirs = second.run("commit");
    else second.run("rollback");
  });
  until_waiting(node);
  auto mine = take(client, "1");
  if (!mine.error) mine = client.run("commit");
  else client.run("rollback");
  other.join();
  CHECK((mine.error.has_value() || theirs.error.has_value()));
  CHECK(mine.state() + theirs.state() == "40001");
  CHECK(value("select sum(n) from t") == "5");
}

TEST_CASE_FIXTURE(two_sessions, "NOWAIT and SKIP LOCKED do not wait") {
  must("begin; update t set n = 0 where id = 1");
  auto out = second.run("select id from t order by id for update nowait");
  CHECK(out.state() == "55P03");
  CHECK(out.error->message == "could not obtain lock on row in relation \"t\"");
  CHECK(second.run("select id from t order by id for update skip locked").text() == "2\n");
  must("rollback");
}

TEST_CASE_FIXTURE(two_sessions, "lock_timeout ends a wait with 55P03") {
  must("begin; update t set n = 0 where id = 1");
  second.run("set lock_timeout = '20ms'");
  auto out = second.run("update t set n = 1 where id = 1");
  CHECK(out.state() == "55P03");
  CHECK(out.error->message == "canceling statement due to lock timeout");
  must("rollback");
  CHECK(second.run("update t set n = 1 where id = 1").tag == "UPDATE 1");
}

TEST_CASE_FIXTURE(two_sessions, "an uncommitted change is seen by its own transaction alone") {
  must("begin; insert into t values (3, 30, 'c'); update t set n = 0; delete from t where id = 1");
  CHECK(value("select count(*) || ',' || sum(n) from t") == "2,0");
  CHECK(second.value("select count(*) || ',' || sum(n) from t") == "2,30");
  must("commit");
  CHECK(second.value("select count(*) || ',' || sum(n) from t") == "2,0");
}
