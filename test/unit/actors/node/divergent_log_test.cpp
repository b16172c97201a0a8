#include "actors/node/divergent_log.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::actors;

namespace {

struct archive_fixture : storage::test::store_fixture {
  archive_fixture() {
    open();
    REQUIRE(store().begin_epoch(epoch{1}, node_id{"n1"}).ok());
  }

  static std::string read(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
  }
  static std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }
  std::filesystem::path archive() const { return path() / "failover" / "archive"; }
};

}  // namespace

TEST_CASE_FIXTURE(archive_fixture, "nothing is written for a log that ends at the fork") {
  put("a", "1");
  const auto made = archive_log(store(), store().status().written, archive());
  REQUIRE(made.ok());
  CHECK(made->bytes == 0);
  CHECK_FALSE(std::filesystem::exists(archive()));
}

TEST_CASE_FIXTURE(archive_fixture, "what lies beyond the fork is kept byte for byte, with a line for each of its transactions") {
  put("a", "1");
  const auto fork = store().status().written;
  for (int i = 0; i < 3000; ++i) put("k" + std::to_string(i), std::string(1000, 'x'));  // several chunks
  const auto made = archive_log(store(), fork, archive());
  REQUIRE(made.ok());
  CHECK(made->transactions == 3000);
  CHECK(made->bytes == distance(fork, store().status().written));
  const auto bytes = read(made->wal);
  REQUIRE(bytes.size() == made->bytes);
  auto at = fork;
  std::size_t compared = 0;
  while (compared < bytes.size()) {
    const auto chunk = store().read_wal(at, 1u << 20);
    REQUIRE(chunk.ok());
    CHECK(bytes.compare(compared, (*chunk)->bytes.size(), (*chunk)->bytes) == 0);
    compared += (*chunk)->bytes.size();
    at = (*chunk)->end();
  }
  const auto list = read(made->list);
  CHECK(lines(list) == 3000);
  CHECK(list.starts_with("transaction "));
  CHECK(list.find("epoch 1, at " + std::to_string(fork.value)) != std::string::npos);
}

TEST_CASE_FIXTURE(archive_fixture, "an archive that a crash interrupted is made again") {
  put("a", "1");
  const auto fork = store().status().written;
  put("b", "2");
  const auto first = archive_log(store(), fork, archive());
  REQUIRE(first.ok());
  const auto whole = read(first->wal);
  std::ofstream(first->wal, std::ios::binary) << "torn" << std::string(2 * whole.size(), 'y');
  std::filesystem::remove(first->list);
  const auto again = archive_log(store(), fork, archive());
  REQUIRE(again.ok());
  CHECK(again->wal == first->wal);
  CHECK(read(again->wal) == whole);
  CHECK(lines(read(again->list)) == 1);
}
