#include "actors/replication/wal_writer.hpp"

#include <doctest/doctest.h>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/runtime/actor_runtime.hpp"
#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::actors;
using namespace std::chrono_literals;

namespace {

struct writer_fixture : storage::test::store_fixture {
  writer_fixture() {
    REQUIRE(store().begin_epoch(epoch{1}, node_id{"primary"}).ok());
  }

  storage::commit_unit_ptr commit(const char* key) {
    auto txn = store().begin();
    txn->put(storage::test::table, key, "value");
    auto unit = txn->seal(1);
    txn->release();
    sink.submit(unit);
    return unit;
  }

  static bool answered(const storage::commit_unit_ptr& unit) {
    blocking_host host;
    return host.await_until(unit->acknowledged, std::chrono::steady_clock::now() + 5s);
  }

  actor_runtime runtime{1};
  wal_writer_handle writer = spawn_wal_writer(runtime.system(), open());
  wal_commit_sink sink{writer};
};

}  // namespace

TEST_CASE_FIXTURE(writer_fixture, "who begins to follow the log is told how far it is fsynced: no later fsync may come") {
  auto unit = commit("before");
  while (store().positions().flushed < store().positions().written || unit->end.value == 0) std::this_thread::yield();
  struct news {
    completion told;
    lsn flushed;
  };
  auto heard = std::make_shared<news>();
  const auto listen = [](wal_follower_handle::pointer, std::shared_ptr<news> to) -> wal_follower_handle::behavior_type {
    return {[](wal_written&) {},
            [to](wal_flushed m) {
              to->flushed = m.to;
              to->told.complete();
            }};
  };
  auto follower = runtime.system().spawn(listen, heard);
  caf::anon_send(writer, follow_wal{follower});
  blocking_host host;
  REQUIRE(host.await_until(completion_ptr(heard, &heard->told), std::chrono::steady_clock::now() + 5s));
  CHECK(heard->flushed == store().positions().flushed);
  unit->acknowledged->complete(error{errc::closed, "nobody acknowledges here"});
}

TEST_CASE_FIXTURE(writer_fixture, "a commit that comes after the writer's end is answered: its session does not wait for ever") {
  caf::scoped_actor self{runtime.system()};
  caf::anon_send(writer, drain_wal{});
  self->wait_for(writer);
  const auto late = commit("late");
  REQUIRE(answered(late));
  CHECK(late->acknowledged->outcome().failure().code == errc::closed);
}

TEST_CASE_FIXTURE(writer_fixture, "commits that are written while the writer ends are answered") {
  caf::scoped_actor self{runtime.system()};
  std::vector<storage::commit_unit_ptr> units;
  for (int i = 0; i < 50; ++i) units.push_back(commit(std::to_string(i).c_str()));
  caf::anon_send(writer, drain_wal{});
  for (int i = 50; i < 100; ++i) units.push_back(commit(std::to_string(i).c_str()));
  self->wait_for(writer);
  // Nobody follows this log, so none of them is acknowledged.
  for (const auto& unit : units) {
    REQUIRE(answered(unit));
    CHECK_FALSE(unit->acknowledged->outcome().ok());
  }
}
