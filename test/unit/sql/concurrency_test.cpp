// Several sessions on threads of their own: what they do together must look as if they had done it one after the other.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "storage/lock_table.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

TEST_CASE("concurrent increments of one row add up") {
  sql_fixture f;
  f.must("create table counter (id int primary key, n int); insert into counter values (1, 0)");
  std::atomic<int> failed{0};
  on_threads(4, [&](int) {
    sql_client client(f.node);
    for (int i = 0; i < 100; ++i) {
      if (client.run("update counter set n = n + 1 where id = 1").tag != "UPDATE 1") ++failed;
    }
  });
  CHECK(failed == 0);
  CHECK(f.value("select n from counter") == "400");
}

TEST_CASE("of concurrent inserts of one key exactly one wins, and the others get 23505") {
  sql_fixture f;
  f.must("create table claim (k int primary key, who int)");
  constexpr int keys = 40;
  std::atomic<int> won{0}, refused{0}, other{0};
  on_threads(4, [&](int me) {
    sql_client client(f.node);
    for (int k = 0; k < keys; ++k) {
      auto out = client.run("insert into claim values (" + std::to_string(k) + ", " + std::to_string(me) + ")");
      if (!out.error) ++won;
      else if (out.state() == "23505") ++refused;
      else ++other;
    }
  });
  CHECK(won == keys);
  CHECK(refused == 3 * keys);
  CHECK(other == 0);
  CHECK(f.value("select count(*) from claim") == std::to_string(keys));
}

TEST_CASE("an insert waits for the key's holder, and goes through when that rolls back") {
  sql_fixture f;
  f.must("create table t (k int primary key)");
  f.must("begin; insert into t values (1)");
  outcome second;
  std::thread other([&] {
    sql_client client(f.node);
    second = client.run("insert into t values (1)");
  });
  until_waiting(f.node);
  f.must("rollback");
  other.join();
  CHECK(second.tag == "INSERT 0 1");
  CHECK(f.value("select count(*) from t") == "1");
}

TEST_CASE("concurrent upserts of one key neither fail nor lose a count") {
  sql_fixture f;
  f.must("create table hits (page text primary key, n int)");
  std::atomic<int> failed{0};
  on_threads(4, [&](int) {
    sql_client client(f.node);
    for (int i = 0; i < 50; ++i) {
      auto out = client.run("insert into hits values ('home', 1) on conflict (page) do update set n = hits.n + excluded.n");
      if (out.tag != "INSERT 0 1") ++failed;
    }
  });
  CHECK(failed == 0);
  CHECK(f.value("select n from hits") == "200");
}

TEST_CASE("concurrent transfers keep the total, also over deadlocks") {
  sql_fixture f;
  f.must("create table account (id int primary key, balance int)");
  f.must("insert into account select g, 100 from generate_series(1, 10) g");
  f.must("create table journal (who int, amount int, account int references account)");
  std::atomic<int> done{0}, deadlocks{0}, other{0};
  on_threads(4, [&](int me) {
    sql_client client(f.node);
    unsigned seed = static_cast<unsigned>(me) * 7919u + 1u;
    auto random = [&seed](unsigned n) { return static_cast<int>((seed = seed * 1664525u + 1013904223u) >> 16) % static_cast<int>(n); };
    for (int i = 0; i < 60; ++i) {
      auto from = std::to_string(random(10) + 1), to = std::to_string(random(10) + 1), amount = std::to_string(random(50));
      auto all = client.query("begin; update account set balance = balance - " + amount + " where id = " + from +
                              "; update account set balance = balance + " + amount + " where id = " + to +
                              "; insert into journal values (" + std::to_string(me) + ", " + amount + ", " + to + "); commit");
      if (!all.back().error) {
        ++done;
        continue;
      }
      (all.back().state() == "40P01" ? deadlocks : other)++;
      client.run("rollback");
    }
  });
  CHECK(other == 0);
  CHECK(done + deadlocks == 240);
  CHECK(f.value("select sum(balance) from account") == "1000");
  CHECK(f.value("select count(*) from journal") == std::to_string(done));
}

TEST_CASE("two transactions that wait for each other: one gets 40P01, the other goes on") {
  sql_fixture f;
  f.must("create table t (id int primary key, n int); insert into t values (1, 0), (2, 0)");
  f.must("begin; update t set n = 1 where id = 1");
  outcome other_first, other_second;
  std::atomic<bool> holds{false};
  std::thread other([&] {
    sql_client client(f.node);
    client.run("begin");
    other_first = client.run("update t set n = 2 where id = 2");
    holds = true;
    other_second = client.run("update t set n = 2 where id = 1");
    client.run(other_second.error ? "rollback" : "commit");
  });
  while (!holds) std::this_thread::yield();
  until_waiting(f.node);
  auto mine = f.client.run("update t set n = 1 where id = 2");
  f.client.run(mine.error ? "rollback" : "commit");
  other.join();
  CHECK(!other_first.error);
  CHECK(mine.state() + other_second.state() == "40P01");
  auto& loser = mine.error ? *mine.error : *other_second.error;
  CHECK(loser.message == "deadlock detected");
  CHECK(!loser.detail.empty());
}

TEST_CASE("a child row and the deletion of its parent never both succeed") {
  sql_fixture f;
  f.must("create table parent (id int primary key); create table child (id int references parent)");
  for (int round = 0; round < 30; ++round) {
    f.must("truncate parent, child; insert into parent values (1)");
    outcome child, parent;
    on_threads(2, [&](int i) {
      sql_client client(f.node);
      if (i == 0) child = client.run("insert into child values (1)");
      else parent = client.run("delete from parent where id = 1");
    });
    auto orphans = f.value("select count(*) from child c where not exists (select 1 from parent p where p.id = c.id)");
    CHECK(orphans == "0");
    CHECK((child.error.has_value() != parent.error.has_value()));
    if (child.error) CHECK(child.state() == "23503");
    if (parent.error) CHECK(parent.state() == "23503");
  }
}

TEST_CASE("readers see whole transactions while writers work") {
  sql_fixture f;
  f.must("create table pair (id int primary key, n int); insert into pair values (1, 0), (2, 0)");
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::thread writer([&] {
    sql_client client(f.node);
    for (int i = 1; i <= 150; ++i) client.run("update pair set n = " + std::to_string(i));
    stop = true;
  });
  sql_client reader(f.node);
  while (!stop) {
    auto out = reader.run("select min(n) = max(n), count(*) from pair");
    if (out.text() != "t|2\n") ++torn;
  }
  writer.join();
  CHECK(torn == 0);
}

TEST_CASE("tables made and dropped beside running queries never break them") {
  sql_fixture f;
  f.must("create table steady (id int primary key); insert into steady select generate_series(1, 50)");
  std::atomic<bool> stop{false};
  std::vector<std::string> maker_wrong, reader_wrong;
  const auto note = [](std::vector<std::string>& list, const outcome& out) {
    if (out.error) list.push_back(out.error->sqlstate + " " + out.error->message);
  };
  std::thread maker([&] {
    sql_client client(f.node);
    for (int i = 0; i < 40; ++i) {
      auto name = "t" + std::to_string(i);
      note(maker_wrong, client.run("create table " + name + " (a serial primary key, b text unique)"));
      note(maker_wrong, client.run("insert into " + name + " (b) values ('x'), ('y')"));
      note(maker_wrong, client.run("drop table " + name));
    }
    stop = true;
  });
  sql_client reader(f.node);
  while (!stop) {
    auto out = reader.run("select count(*) from steady");
    note(reader_wrong, out);
    if (!out.error && out.text() != "50\n") reader_wrong.push_back(out.text());
  }
  maker.join();
  for (const auto* list : {&maker_wrong, &reader_wrong}) {
    const auto first = list->empty() ? std::string() : list->front();
    CHECK(first == "");
  }
}

TEST_CASE("DROP TABLE waits for the transaction that reads the table") {
  sql_fixture f;
  f.must("create table t (a int); insert into t values (1)");
  f.must("begin; select * from t");
  outcome dropped;
  std::thread other([&] {
    sql_client client(f.node);
    dropped = client.run("drop table t");
  });
  until_waiting(f.node);
  CHECK(f.value("select count(*) from t") == "1");
  f.must("commit");
  other.join();
  CHECK(dropped.tag == "DROP TABLE");
  CHECK(f.client.run("select * from t").state() == "42P01");
}

TEST_CASE("sequences give each value once across sessions") {
  sql_fixture f;
  f.must("create sequence s; create table got (v bigint primary key)");
  std::atomic<int> failed{0};
  on_threads(4, [&](int) {
    sql_client client(f.node);
    for (int i = 0; i < 50; ++i) {
      if (client.run("insert into got values (nextval('s'))").error) ++failed;
    }
  });
  CHECK(failed == 0);
  CHECK(f.value("select count(*) from got") == "200");
}
