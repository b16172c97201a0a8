// The file of a member's promises, as a starting node finds it.

#include <doctest/doctest.h>

#include <fstream>

#include "actors/ha/ha_agent.hpp"
#include "storage/env/env.hpp"
#include "test/support/fault_env.hpp"
#include "test/support/temporary_directory.hpp"

using namespace helios;
using namespace helios::actors;
namespace ha = helios::replication::ha;

namespace {

struct record_fixture {
  helios::test::temporary_directory directory;
  std::filesystem::path file = directory.path() / "failover" / "record";

  void write(const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(record_fixture, "a member without a file is new, and has a folder for it") {
  const auto record = read_record(file, "c");
  REQUIRE(record.ok());
  CHECK(record->cluster_id == "c");
  CHECK(record->promised == epoch{0});
  CHECK(std::filesystem::is_directory(file.parent_path()));
}

TEST_CASE_FIXTURE(record_fixture, "what was written is read") {
  ha::durable_record written;
  written.cluster_id = "c";
  written.promised = epoch{7};
  written.vote = {"n2"};
  write(ha::encode(written));
  const auto record = read_record(file, "c");
  REQUIRE(record.ok());
  CHECK(*record == written);
}

TEST_CASE_FIXTURE(record_fixture, "another cluster's record is refused: its promises are not ours") {
  ha::durable_record written;
  written.cluster_id = "theirs";
  write(ha::encode(written));
  const auto record = read_record(file, "ours");
  REQUIRE_FALSE(record.ok());
  CHECK(record.failure().code == errc::refused);
}

TEST_CASE_FIXTURE(record_fixture, "a damaged record stops the node, for a promise may be lost: cut anywhere, or with any bit flipped") {
  ha::durable_record written;
  written.cluster_id = "c";
  written.promised = epoch{7};
  written.vote = {"n2"};
  const auto whole = ha::encode(written);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    write(whole.substr(0, length));
    const auto record = read_record(file, "c");
    REQUIRE_FALSE(record.ok());
    CHECK(record.failure().code == errc::corrupt);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    auto text = whole;
    text[at] = static_cast<char>(text[at] ^ 1);
    write(text);
    CHECK_FALSE(read_record(file, "c").ok());
  }
}

TEST_CASE_FIXTURE(record_fixture, "a process that is killed at any step of a pause starts with the old record or the paused one") {
  using storage::test::fault_env, storage::test::survives, storage::test::simulated_crash;
  ha::durable_record before;
  before.cluster_id = "c";
  before.promised = epoch{7};
  auto paused = before;
  paused.maintenance = {3, true};
  for (const auto unsynced : {survives::everything, survives::half, survives::nothing}) {
    int old_seen = 0;
    bool done = false;
    for (std::size_t stop = 0; !done; ++stop) {
      CAPTURE(stop);
      CAPTURE(static_cast<int>(unsynced));
      write(ha::encode(before));
      fault_env disk(directory.path());
      disk.stop_after_steps(stop);
      try {
        done = storage::replace_file(disk, file, ha::encode(paused)).ok();
      } catch (const simulated_crash&) {
      }
      disk.restart(unsynced);
      const auto found = read_record(file, "c");
      REQUIRE(found.ok());
      if (done) CHECK(*found == paused);
      CHECK((*found == before || *found == paused));
      old_seen += *found == before;
    }
    CHECK(old_seen >= 3);
  }
}
