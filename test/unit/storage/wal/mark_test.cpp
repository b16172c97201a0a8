#include "storage/wal/mark.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <limits>

#include "test/support/fault_env.hpp"
#include "test/unit/storage/storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {
struct marks {
  temporary_directory directory;
  std::filesystem::path visible = directory.path() / "visible.mark";
  std::filesystem::path durable = directory.path() / "durable.mark";

  lsn read_visible(env& environment = posix_env()) const {
    auto opened = visible_mark::open(environment, visible);
    REQUIRE(opened.ok());
    return (*opened)->read();
  }
  mark_state read_durable() const {
    auto opened = durable_mark::open(posix_env(), durable);
    REQUIRE(opened.ok());
    return (*opened)->state();
  }
};
}  // namespace

TEST_CASE("a mark says what was noted last, also after another opening") {
  marks m;
  CHECK(m.read_visible() == lsn{0});
  auto opened = visible_mark::open(posix_env(), m.visible);
  REQUIRE((*opened)->note(lsn{70}).ok());
  CHECK((*opened)->read() == lsn{70});
  CHECK(m.read_visible() == lsn{70});
  REQUIRE((*opened)->set(lsn{40}).ok());
  CHECK(m.read_visible() == lsn{40});
  CHECK(std::filesystem::file_size(m.visible) == 24);
}

TEST_CASE("the durable mark keeps both its numbers, and knows nothing at first") {
  marks m;
  CHECK(m.read_durable().durable == lsn{0});
  CHECK(m.read_durable().received_from == lsn{UINT64_MAX});
  auto opened = durable_mark::open(posix_env(), m.durable);
  REQUIRE((*opened)->set({lsn{90}, lsn{50}}).ok());
  REQUIRE((*opened)->note(lsn{120}).ok());
  CHECK(m.read_durable().durable == lsn{120});
  CHECK(m.read_durable().received_from == lsn{50});
  CHECK(std::filesystem::file_size(m.durable) == 32);
}

TEST_CASE("a mark with any damaged byte, a short one and the other kind's know nothing") {
  marks m;
  {
    auto opened = visible_mark::open(posix_env(), m.visible);
    REQUIRE((*opened)->note(lsn{70}).ok());
  }
  const auto whole = *read_file(posix_env(), m.visible);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    REQUIRE(replace_file(posix_env(), m.visible, damaged).ok());
    CHECK(m.read_visible() == lsn{0});
  }
  REQUIRE(replace_file(posix_env(), m.visible, whole.substr(0, 20)).ok());
  CHECK(m.read_visible() == lsn{0});
  REQUIRE(replace_file(posix_env(), m.durable, whole).ok());
  CHECK(m.read_durable().durable == lsn{0});
}

TEST_CASE("a damaged mark is repaired by the next note, even by one that says what the damaged one reads as") {
  marks m;
  REQUIRE(replace_file(posix_env(), m.visible, "damaged").ok());
  auto opened = visible_mark::open(posix_env(), m.visible);
  REQUIRE((*opened)->note(lsn{0}).ok());
  CHECK(std::filesystem::file_size(m.visible) == 24);
}

TEST_CASE("after a note that failed half-way the mark is written again, whatever it says") {
  marks m;
  fault_env disk(m.directory.path());
  auto opened = visible_mark::open(disk, m.visible);
  REQUIRE((*opened)->note(lsn{70}).ok());
  disk.fail_write_after(0, ENOSPC);
  CHECK((*opened)->note(lsn{std::numeric_limits<std::uint64_t>::max()}).failure().code == errc::disk_full);
  CHECK((*opened)->read() == lsn{70});
  CHECK(m.read_visible() == lsn{0});
  REQUIRE((*opened)->note(lsn{70}).ok());
  CHECK(m.read_visible() == lsn{70});
}
