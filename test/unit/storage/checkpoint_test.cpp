#include <doctest/doctest.h>

#include <thread>

#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {
commit_unit_ptr append_hidden(store_fixture& f, std::string_view key) {
  auto txn = f.store().begin();
  txn->put(table, key, "hidden");
  auto unit = txn->seal(1);
  REQUIRE(f.store().append({&unit, 1}).ok());
  REQUIRE(f.store().sync().ok());
  return unit;
}
}  // namespace

TEST_CASE("a checkpoint does not write what is not visible, and its memtable is tried again") {
  store_fixture f;
  f.options.checkpoint_wait = std::chrono::milliseconds(1);
  f.open();
  f.put("a", "1");
  const auto unit = append_hidden(f, "b");
  const auto refused = f.store().checkpoint();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::timeout);
  CHECK(f.store().status().checkpoint == lsn{0});
  CHECK(f.all() == rows{{"a", "1"}});
  // Commits go on meanwhile, and read through the frozen memtable.
  const auto later = append_hidden(f, "c");
  CHECK(f.store().newest_version(table, "b")->version == unit->end);
  f.store().advance_visible(unit->end);
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.store().status().checkpoint == unit->end);
  CHECK(f.all() == rows{{"a", "1"}, {"b", "hidden"}});
  f.store().advance_visible(later->end);
  CHECK(f.all().size() == 3);
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.store().status().checkpoint == later->end);
}

TEST_CASE("a waiting checkpoint goes on when the watermark passes") {
  store_fixture f;
  f.options.checkpoint_wait = std::chrono::minutes(1);
  f.open();
  const auto unit = append_hidden(f, "a");
  result<void> outcome;
  std::thread checkpointer([&] { outcome = f.store().checkpoint(); });
  // Frozen memtables show as an empty active one.
  while (f.store().checkpoint_due()) std::this_thread::yield();
  f.store().advance_visible(unit->end);
  checkpointer.join();
  CHECK(outcome.ok());
  CHECK(f.store().status().checkpoint == unit->end);
}

TEST_CASE("shutdown ends a waiting checkpoint and refuses later ones") {
  store_fixture f;
  f.options.checkpoint_wait = std::chrono::minutes(1);
  f.open();
  append_hidden(f, "a");
  result<void> outcome;
  std::thread checkpointer([&] { outcome = f.store().checkpoint(); });
  f.store().stop_checkpoints();
  checkpointer.join();
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.failure().code == errc::closed);
  CHECK(f.store().checkpoint().failure().code == errc::closed);
  f.open();
  CHECK(f.all().size() == 1);
}

TEST_CASE("a checkpoint is due by the memtable's size or by the WAL's") {
  store_fixture f;
  f.options.checkpoint_wal_bytes = 5000;
  f.open();
  CHECK_FALSE(f.store().checkpoint_due());
  f.put("a", std::string(6000, 'v'));
  CHECK(f.store().checkpoint_due());
  REQUIRE(f.store().checkpoint().ok());
  CHECK_FALSE(f.store().checkpoint_due());
  f.options.checkpoint_wal_bytes = 1u << 30;
  f.options.memtable_bytes_max = 5000;
  f.open();
  f.put("a", std::string(6000, 'v'));
  CHECK(f.store().checkpoint_due());
}

TEST_CASE("a checkpoint without news writes nothing") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  REQUIRE(f.store().checkpoint().ok());
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.store().status().checkpoints == 1);
}

TEST_CASE("a full map fails the checkpoint, not the store") {
  store_fixture f;
  f.options.map_bytes = 1u << 20;
  f.open();
  for (int i = 0; i < 20; ++i) f.put("k" + std::to_string(i), std::string(100'000, 'v'));
  const auto refused = f.store().checkpoint();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::disk_full);
  CHECK(f.all().size() == 20);
  f.put("more", "1");
  f.options.map_bytes = 1u << 30;
  f.open();
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.all().size() == 21);
}
