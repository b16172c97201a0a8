#include "actors/replication/backup_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "test/support/temporary_directory.hpp"

using namespace helios;
using actors::backup_file;

TEST_CASE("a backup that arrives whole is on the disk") {
  test::temporary_directory directory;
  const auto path = directory.path() / "data" / "incoming.backup";
  {
    auto file = backup_file::create(path, 6);
    REQUIRE(file.ok());
    REQUIRE((*file)->append(0, "abc").ok());
    REQUIRE((*file)->append(3, "def").ok());
    REQUIRE((*file)->finish().ok());
  }
  CHECK(*storage::read_file(storage::posix_env(), path) == "abcdef");
}

TEST_CASE("an unfinished backup leaves no file behind") {
  test::temporary_directory directory;
  const auto path = directory.path() / "incoming.backup";
  {
    auto file = backup_file::create(path, 6);
    REQUIRE((*file)->append(0, "abc").ok());
    CHECK(!(*file)->finish().ok());
  }
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("pieces out of order, or beyond what was announced, are refused") {
  test::temporary_directory directory;
  auto file = backup_file::create(directory.path() / "incoming.backup", 4);
  REQUIRE((*file)->append(0, "ab").ok());
  CHECK((*file)->append(0, "ab").failure().code == errc::protocol);
  CHECK((*file)->append(3, "d").failure().code == errc::protocol);
  CHECK((*file)->append(2, "cde").failure().code == errc::protocol);
  CHECK((*file)->append(2, "cd").ok());
}
