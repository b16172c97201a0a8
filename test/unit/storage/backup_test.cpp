#include <doctest/doctest.h>

#include <fstream>

#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

TEST_CASE("a base backup and the WAL from its checkpoint on make a second store of equal content") {
  store_fixture f, standby;
  f.open();
  REQUIRE(f.store().begin_epoch(epoch{2}, node_id{"a"}).ok());
  for (int i = 0; i < 50; ++i) f.put("k" + std::to_string(i), "v");
  REQUIRE(f.store().checkpoint().ok());
  const auto checkpoint = f.store().status().checkpoint;
  f.put("later", "1");
  auto backup = f.store().make_base_backup();
  REQUIRE(backup.ok());
  CHECK((*backup)->checkpoint == checkpoint);
  CHECK((*backup)->bytes == std::filesystem::file_size((*backup)->file));
  const auto received = standby.path() / "received.mdb";
  std::filesystem::copy_file((*backup)->file, received);
  REQUIRE(engine::install_base_backup(standby.options.directory, received).ok());
  standby.open();
  CHECK(standby.store().status().written == checkpoint);
  CHECK(standby.all().size() == 50);
  CHECK(standby.store().epoch_history().size() == 1);
  auto chunk = f.store().read_wal(checkpoint, 1u << 20);
  REQUIRE(chunk.ok());
  REQUIRE(standby.store().append_replicated(checkpoint, (*chunk)->bytes).ok());
  REQUIRE(standby.store().sync().ok());
  standby.store().advance_visible(f.store().status().visible);
  CHECK(standby.all() == f.all());
}

TEST_CASE("a used backup's file is removed") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  std::filesystem::path file;
  {
    auto backup = f.store().make_base_backup();
    REQUIRE(backup.ok());
    CHECK((*backup)->checkpoint == lsn{0});
    file = (*backup)->file;
    CHECK(std::filesystem::exists(file));
  }
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("a backup that was under way when the node died is removed by the next opening") {
  store_fixture f;
  f.open();
  f.close();
  const auto left = f.options.directory / "backup-3.mdb";
  std::ofstream(left, std::ios::binary) << "half a backup";
  f.open();
  CHECK_FALSE(std::filesystem::exists(left));
}

TEST_CASE("a damaged base backup is refused and the old store stays") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  f.close();
  const auto file = f.path() / "received.mdb";
  std::ofstream(file, std::ios::binary) << std::string(20000, 'x');
  const auto refused = engine::install_base_backup(f.options.directory, file);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::corrupt);
  f.open();
  CHECK(f.all().size() == 1);
}

TEST_CASE("a base backup is not installed under an open store") {
  store_fixture f;
  f.open();
  auto backup = f.store().make_base_backup();
  REQUIRE(backup.ok());
  const auto copy = f.path() / "copy.mdb";
  std::filesystem::copy_file((*backup)->file, copy);
  CHECK(engine::install_base_backup(f.options.directory, copy).failure().code == errc::busy);
}
