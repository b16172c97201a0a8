// The mark of a store that is being replaced: it says "incomplete" from before the first change until the store is whole, whenever the
// process ends.

#include "actors/ha/failover_member.hpp"

#include <doctest/doctest.h>

#include <caf/scoped_actor.hpp>

#include "actors/runtime/actor_runtime.hpp"
#include "test/support/temporary_directory.hpp"

using namespace helios;
using namespace helios::actors;

namespace {

struct member_fixture {
  member_fixture() {
    options.role = node_role::standby;
    options.id = {"n2"};
    options.cluster_id = "c";
    options.storage.directory = (directory.path() / "data").string();
    options.replication.failover = config::failover_policy::automatic;
    options.peers = {{{"n1"}, "127.0.0.1", 5432, 5433, 8080}, {{"n3"}, "127.0.0.1", 5432, 5433, 8080}};
    options.primary = {"n1"};
  }

  /// A process of this node: what it finds, and its end.
  bool incomplete_after_start() {
    failover_member member(runtime.system(), options, 1);
    const auto started = member.start({[](const node_id&, std::string) {}, [] { return replication::ha::log_state{}; },
                                       [](replication::ha::action) {}, [](const std::string&) {}});
    REQUIRE_MESSAGE(started.ok(), (started ? "" : to_string(started.failure())));
    const bool out = member.store_incomplete();
    caf::scoped_actor self{runtime.system()};
    if (auto agent = member.stop()) {
      self->monitor(agent);
      self->receive([](const caf::down_msg&) {});
    }
    return out;
  }

  helios::test::temporary_directory directory;
  config::node_options options;
  actor_runtime runtime{1};
};

}  // namespace

TEST_CASE_FIXTURE(member_fixture, "a store counts as whole until its replacement begins") { CHECK_FALSE(incomplete_after_start()); }

TEST_CASE_FIXTURE(member_fixture, "a process that ends while it replaces its store starts with an incomplete one") {
  {
    failover_member member(runtime.system(), options, 1);
    CHECK_FALSE(member.store_incomplete());
    REQUIRE(member.begin_replacing_store().ok());
    CHECK(member.store_incomplete());
  }
  CHECK(incomplete_after_start());
  CHECK(incomplete_after_start());  // and goes on to, start after start
}

TEST_CASE_FIXTURE(member_fixture, "a store that is whole again stays so over restarts") {
  {
    failover_member member(runtime.system(), options, 1);
    REQUIRE(member.begin_replacing_store().ok());
    REQUIRE(member.store_is_whole().ok());
    CHECK_FALSE(member.store_incomplete());
    REQUIRE(member.store_is_whole().ok());  // said again with each connection
  }
  CHECK_FALSE(incomplete_after_start());
}
