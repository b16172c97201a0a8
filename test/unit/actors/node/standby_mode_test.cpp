#include "actors/node/standby_mode.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

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
