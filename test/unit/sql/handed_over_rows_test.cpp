// A row may be changed again as soon as its last change has its place in the WAL. What follows from that: nobody is told
// of a change that is not visible yet, and nothing is missed that PostgreSQL's lock wait would have shown.

#include <atomic>
#include <chrono>

#include "storage/transaction.hpp"
#include "test/unit/sql/sql_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

/// A first transaction whose commit stands in the WAL and is not acknowledged.
struct unacknowledged : sql_fixture {
  sql_client second{node};
  std::thread first;
  std::atomic<bool> released{false};

  unacknowledged() {
    must("create table t (id int primary key, n int, tag text); insert into t values (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c');"
         "create table parent (id int primary key); insert into parent values (1), (2);"
         "create table child (id int primary key, parent int references parent on delete cascade); insert into child values (1, 2)");
  }
  ~unacknowledged() {
    release();
  }

  void commit_first(const std::string& text) {
    node.sink().hold();
    first = std::thread([this, text] { must(text); });
    while (node.sink().held() == 0) std::this_thread::yield();
  }

  void release() {
    if (released.exchange(true)) return;
    node.sink().release();
    if (first.joinable()) first.join();
  }

  /// Runs on the second session while the first one's commit is held back, and checks that the answer comes after it.
  outcome told_later(const std::string& text) {
    outcome out;
    bool told_early = false;
    std::thread other([&] {
      out = second.run(text);
      told_early = !released;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // for the answer that shall not come
    release();
    other.join();
    CHECK(!told_early);
    return out;
  }
};

}  // namespace

TEST_CASE_FIXTURE(unacknowledged, "the next writer of a row goes on before the last one is acknowledged, on its version") {
  commit_first("update t set n = n + 1 where id = 1");
  CHECK(second.run("begin").tag == "BEGIN");
  CHECK(second.run("update t set n = n * 2 where id = 1").tag == "UPDATE 1");
  CHECK(!released);
  CHECK(told_later("commit").tag == "COMMIT");
  CHECK(value("select n from t where id = 1") == "22");
}

TEST_CASE_FIXTURE(unacknowledged, "rows that come from a change are sent when it is visible") {
  CHECK(second.run("begin").tag == "BEGIN");
  commit_first("update t set n = 11 where id = 1");
  CHECK(told_later("update t set n = n + 1 where id = 1 returning n").text() == "12\n");
}

TEST_CASE_FIXTURE(unacknowledged, "SELECT FOR UPDATE gives a row out when its last change is visible") {
  CHECK(second.run("begin").tag == "BEGIN");
  commit_first("update t set n = 11 where id = 1");
  CHECK(told_later("select n from t where id = 1 for update").text() == "11\n");
}

TEST_CASE_FIXTURE(unacknowledged, "that a query finds nothing is told when the change that says so is visible") {
  CHECK(second.run("begin").tag == "BEGIN");
  commit_first("update t set n = 11 where id = 1");
  CHECK(told_later("select n from t where n = 10 for update").tag == "SELECT 0");
}

TEST_CASE_FIXTURE(unacknowledged, "a transaction that has written nothing waits at its end for what it has met") {
  commit_first("update t set n = 11 where id = 1");
  CHECK(told_later("update t set tag = 'x' where n = 10").tag == "UPDATE 0");
}

TEST_CASE_FIXTURE(unacknowledged, "later statements see everything that the last writer of a row has changed") {
  commit_first("begin; update t set n = 11 where id = 1; update t set n = 21 where id = 2; commit");
  CHECK(second.run("begin").tag == "BEGIN");
  CHECK(second.run("update t set tag = 'x' where id = 1").tag == "UPDATE 1");
  CHECK(second.run("insert into t select 4, n, 'copy' from t where id = 2").tag == "INSERT 0 1");
  CHECK(!released);
  CHECK(told_later("select n from t where id = 4").text() == "21\n");
  CHECK(second.run("commit").tag == "COMMIT");
}

TEST_CASE_FIXTURE(unacknowledged, "an error that a change causes is told when it is visible") {
  REQUIRE(!second.run("begin isolation level repeatable read").error);
  REQUIRE(second.value("select n from t where id = 1") == "10");
  commit_first("update t set n = 11 where id = 1");
  CHECK(told_later("update t set n = n + 1 where id = 1").state() == "40001");
}

TEST_CASE_FIXTURE(unacknowledged, "a row that was locked and not written stays locked until the acknowledgement") {
  commit_first("begin; select 1 from t where id = 1 for update; update t set n = 0 where id = 2; commit");
  CHECK(second.run("select n from t where id = 1 for update nowait").state() == "55P03");
  CHECK(second.run("begin").tag == "BEGIN");
  CHECK(second.run("update t set n = n - 1 where id = 2").tag == "UPDATE 1");
  CHECK(told_later("commit").tag == "COMMIT");
  CHECK(value("select n from t where id = 2") == "-1");
}

TEST_CASE_FIXTURE(unacknowledged, "a parent is not deleted while a child's insert is not visible") {
  commit_first("insert into child values (2, 1)");
  CHECK(told_later("delete from parent where id = 1").tag == "DELETE 1");
  CHECK(value("select count(*) from child where parent = 1") == "0");
}

TEST_CASE_FIXTURE(unacknowledged, "a child finds no parent whose delete is not visible") {
  CHECK(second.run("begin").tag == "BEGIN");
  commit_first("delete from parent where id = 1");
  CHECK(told_later("insert into child values (2, 1)").state() == "23503");
}

TEST_CASE_FIXTURE(unacknowledged, "a cascade passes over a child whose delete is not visible") {
  commit_first("delete from child where id = 1");
  CHECK(second.run("begin").tag == "BEGIN");
  CHECK(second.run("delete from parent where id = 2").tag == "DELETE 1");
  CHECK(told_later("commit").tag == "COMMIT");
  CHECK(value("select count(*) from child") == "0");
}

TEST_CASE_FIXTURE(unacknowledged, "of a key whose delete is not visible nobody inserts another") {
  commit_first("delete from t where id = 1");
  CHECK(told_later("insert into t values (1, 1, 'new')").tag == "INSERT 0 1");
}

TEST_CASE("many changed rows stay locked, as do those of a transaction that changes definitions") {
  sql_fixture f;
  const auto handed_over = [&f](int rows, storage::space_id also) {
    auto transaction = f.node.engine().begin();
    for (int i = 0; i < rows; ++i) {
      const auto key = std::to_string(i);
      completion_ptr wait;
      (void)transaction->lock({storage::lock_kind::row, 100, key}, storage::lock_mode::row_update, storage::lock_wait_policy::wait, wait);
      transaction->put(storage::space_id{100}, key, "value");
    }
    transaction->put(also, "key", "value");
    return transaction->seal(0)->handed_over.size();
  };
  CHECK(handed_over(64, storage::space_id{101}) == 64);
  CHECK(handed_over(65, storage::space_id{101}) == 0);
  CHECK(handed_over(1, storage::catalog_space) == 0);
}
