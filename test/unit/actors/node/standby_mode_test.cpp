#include "actors/node/standby_mode.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "test/support/fault_env.hpp"
#include "test/support/temporary_directory.hpp"

using namespace helios;
using actors::standby_mode;

namespace {

struct mode_fixture {
  mode_fixture() {
    options.storage.directory = (directory.path() / "data").string();
    options.replication.mode = sync_mode::sync;
  }
  sync_mode after_restart() {
    standby_mode again(options);
    REQUIRE(again.load().ok());
    return again.now();
  }
  std::filesystem::path file() const { return directory.path() / "data" / "failover" / "mode"; }

  test::temporary_directory directory;
  config::node_options options;
};

}  // namespace

TEST_CASE_FIXTURE(mode_fixture, "the configured mode counts until it is changed, and the changed one after a restart") {
  CHECK(after_restart() == sync_mode::sync);
  {
    standby_mode mode(options);
    REQUIRE(mode.load().ok());
    REQUIRE(mode.change(sync_mode::async).ok());
    CHECK(mode.now() == sync_mode::async);
  }
  CHECK(after_restart() == sync_mode::async);
}

TEST_CASE_FIXTURE(mode_fixture, "a mode that is configured anew is the later word") {
  {
    standby_mode mode(options);
    REQUIRE(mode.change(sync_mode::async).ok());
  }
  options.replication.mode = sync_mode::semi_sync;
  CHECK(after_restart() == sync_mode::semi_sync);
}

TEST_CASE_FIXTURE(mode_fixture, "a damaged file stops the node, with advice") {
  {
    standby_mode mode(options);
    REQUIRE(mode.change(sync_mode::async).ok());
  }
  std::stringstream text;
  text << std::ifstream(file()).rdbuf();
  std::ofstream(file(), std::ios::trunc) << text.str().substr(0, text.str().size() - 2);
  standby_mode mode(options);
  const auto loaded = mode.load();
  REQUIRE(!loaded);
  CHECK(loaded.failure().code == errc::corrupt);
  CHECK(loaded.failure().detail.find("remove it") != std::string::npos);
}

TEST_CASE_FIXTURE(mode_fixture, "a change that cannot be kept does not take place") {
  std::ofstream(options.storage.directory) << "a file where the folder should be";
  standby_mode mode(options);
  CHECK(!mode.change(sync_mode::async));
  CHECK(mode.now() == sync_mode::sync);
}

TEST_CASE_FIXTURE(mode_fixture, "a process that is killed at any step of a change starts with the old mode or the new one") {
  using storage::test::fault_env, storage::test::survives, storage::test::simulated_crash;
  {
    standby_mode mode(options);
    REQUIRE(mode.change(sync_mode::semi_sync).ok());
  }
  int old_seen = 0, new_seen = 0;
  for (const auto unsynced : {survives::everything, survives::half, survives::nothing}) {
    for (std::size_t stop = 0;; ++stop) {
      CAPTURE(stop);
      CAPTURE(static_cast<int>(unsynced));
      const auto before = after_restart();
      const auto wanted = before == sync_mode::async ? sync_mode::semi_sync : sync_mode::async;
      fault_env disk(directory.path());
      disk.stop_after_steps(stop);
      bool done = false;
      try {
        standby_mode mode(options, disk);
        REQUIRE(mode.load().ok());
        done = mode.change(wanted).ok();
      } catch (const simulated_crash&) {
      }
      disk.restart(unsynced);
      const auto after = after_restart();
      if (done) CHECK(after == wanted);
      CHECK((after == before || after == wanted));
      after == wanted ? ++new_seen : ++old_seen;
      if (done) break;
    }
  }
  CHECK(old_seen >= 9);  // not one of the first three steps may have changed anything
  CHECK(new_seen >= 4);
}
