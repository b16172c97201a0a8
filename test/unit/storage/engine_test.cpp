#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

TEST_CASE("what is committed is read, after a reopening and after checkpoints too") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  f.put("b", "2");
  f.put("a", "3");
  const rows expected{{"a", "3"}, {"b", "2"}};
  CHECK(f.all() == expected);
  f.open();
  CHECK(f.all() == expected);
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.all() == expected);
  f.put("c", "4");
  f.erase("b");
  const rows after{{"a", "3"}, {"c", "4"}};
  CHECK(f.all() == after);
  f.open();
  CHECK(f.all() == after);
  REQUIRE(f.store().checkpoint().ok());
  f.open();
  CHECK(f.all() == after);
  CHECK(f.store().status().checkpoint == f.store().status().written);
}

TEST_CASE("nothing shows before the watermark passes it, and the watermark neither goes back nor beyond the log") {
  store_fixture f;
  auto& store = f.open();
  auto txn = store.begin();
  txn->put(table, "a", "1");
  auto unit = txn->seal(1);
  auto chunk = store.append({&unit, 1});
  REQUIRE(chunk.ok());
  CHECK((*chunk)->end() == unit->end);
  CHECK((*chunk)->last_commit_time_us == 1);
  CHECK(f.all().empty());
  CHECK(store.newest_version(table, "a")->version == unit->end);
  store.advance_visible(lsn{unit->end.value - 1});
  CHECK(f.all().empty());
  const auto before = store.take_snapshot();
  store.advance_visible(lsn{UINT64_MAX});
  CHECK(store.status().visible == unit->end);
  store.advance_visible(lsn{0});
  CHECK(f.all() == rows{{"a", "1"}});
  CHECK_FALSE(before->get(table, "a"));
}

TEST_CASE("a snapshot ahead shows the log up to its position, and leaves what others see as it is") {
  store_fixture f;
  auto& store = f.open();
  std::vector<commit_unit_ptr> units;
  for (const auto* value : {"1", "2", "3"}) {
    auto txn = store.begin();
    txn->put(table, "a", value);
    units.push_back(txn->seal(1));
  }
  auto definition = store.begin();
  definition->put(catalog_space, "t", "definition");
  units.push_back(definition->seal(1));
  REQUIRE(store.append(units).ok());
  store.advance_visible(units[0]->end);
  const auto catalog_before = store.take_snapshot()->catalog_version();
  const auto ahead = store.take_snapshot_ahead(units[1]->end);
  CHECK(ahead->at() == units[1]->end);
  CHECK(ahead->get(table, "a")->value == "2");
  CHECK(ahead->catalog_version() == catalog_before);
  CHECK(store.take_snapshot_ahead(units[3]->end)->catalog_version() == units[3]->end);
  CHECK(f.all() == rows{{"a", "1"}});
  CHECK(store.take_snapshot()->catalog_version() == catalog_before);
  store.advance_visible(units[3]->end);
  CHECK(store.take_snapshot_ahead(units[1]->end)->at() == units[3]->end);
  CHECK(ahead->get(table, "a")->value == "2");
}

TEST_CASE("a reopened store hides the tail that was never shown until it is told to") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  auto txn = f.store().begin();
  txn->put(table, "b", "2");
  auto unit = txn->seal(2);
  REQUIRE(f.store().append({&unit, 1}).ok());
  REQUIRE(f.store().sync().ok());
  REQUIRE(f.try_open().ok());
  CHECK(f.all() == rows{{"a", "1"}});
  f.store().advance_visible(f.store().status().applied);
  CHECK(f.all() == rows{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("a snapshot stays as it was, through later commits and checkpoints") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  f.put("b", "1");
  REQUIRE(f.store().checkpoint().ok());
  f.put("c", "1");
  const auto at = f.store().take_snapshot();
  const auto open_scan = at->scan(table, {});
  f.put("a", "2");
  f.erase("b");
  REQUIRE(f.store().checkpoint().ok());
  f.put("a", "3");
  REQUIRE(f.store().checkpoint().ok());
  const rows then{{"a", "1"}, {"b", "1"}, {"c", "1"}};
  CHECK(read_all(*open_scan) == then);
  CHECK(read_all(*at->scan(table, {})) == then);
  CHECK(at->get(table, "b")->value == "1");
  CHECK(f.all() == rows{{"a", "3"}, {"c", "1"}});
}

TEST_CASE("the catalog version is the newest visible commit that changed the catalog") {
  store_fixture f;
  f.open();
  CHECK(f.store().take_snapshot()->catalog_version() == lsn{0});
  f.put("t", "1", catalog_space);
  const auto first = f.store().status().visible;
  f.put("row", "1");
  f.put("s", "1", sequence_space);
  auto before = f.store().take_snapshot();
  CHECK(before->catalog_version() == first);
  f.put("t", "2", catalog_space);
  const auto second = f.store().status().visible;
  CHECK(f.store().take_snapshot()->catalog_version() == second);
  CHECK(before->catalog_version() == first);
  before.reset();
  f.open();
  CHECK(f.store().take_snapshot()->catalog_version() == second);
  REQUIRE(f.store().checkpoint().ok());
  f.open();
  CHECK(f.store().take_snapshot()->catalog_version() == second);
}

TEST_CASE("a dropped space is gone at once, after a checkpoint, and after a reopening") {
  store_fixture f;
  f.open();
  for (int i = 0; i < 500; ++i) f.put("k" + std::to_string(i), std::string(100, 'v'));
  f.put("other", "1", space_id{21});
  f.put("before", "1", space_id{19});
  REQUIRE(f.store().checkpoint().ok());
  f.put("late", "1");
  auto at = f.store().take_snapshot();
  auto txn = f.store().begin();
  txn->drop_space(table);
  REQUIRE(f.try_commit(*txn).ok());
  const auto check = [&f] {
    CHECK(f.all().empty());
    CHECK_FALSE(f.get("late"));
    CHECK(f.all(space_id{21}).size() == 1);
    CHECK(f.all(space_id{19}).size() == 1);
  };
  check();
  CHECK(read_all(*at->scan(table, {})).size() == 501);
  at.reset();
  f.open();
  check();
  REQUIRE(f.store().checkpoint().ok());
  check();
  f.open();
  check();
}

TEST_CASE("row ids begin above what is in the space, also after a reopening") {
  store_fixture f;
  f.open();
  CHECK(f.store().next_row_id(table) == 1);
  CHECK(f.store().next_row_id(table) == 2);
  const auto key = [](std::uint64_t id) {
    std::string out;
    put_be(out, id);
    return out;
  };
  f.put(key(500), "x", space_id{30});
  CHECK(f.store().next_row_id(space_id{30}) == 501);
  REQUIRE(f.store().checkpoint().ok());
  f.open();
  CHECK(f.store().next_row_id(space_id{30}) == 501);
  CHECK(f.store().next_row_id(space_id{29}) == 1);
}

TEST_CASE("newest_version tells an erased key from one that never was") {
  store_fixture f;
  f.open();
  CHECK_FALSE(f.store().newest_version(table, "a"));
  f.put("a", "1");
  const auto first = f.store().newest_version(table, "a");
  REQUIRE(first);
  CHECK_FALSE(first->deleted);
  f.erase("a");
  CHECK(f.store().newest_version(table, "a")->deleted);
  CHECK(f.store().newest_version(table, "a")->version > first->version);
}

TEST_CASE("a store of another cluster, a second opener and senseless options are refused") {
  store_fixture f;
  f.open();
  CHECK(engine_core::open(f.options, posix_env()).failure().code == errc::busy);
  f.close();
  f.options.cluster_id = "other";
  CHECK(f.try_open().failure().code == errc::refused);
  f.options.segment_bytes = 100;
  CHECK(f.try_open().failure().code == errc::invalid_argument);
}

TEST_CASE("exists tells whether a directory holds a store") {
  store_fixture f;
  CHECK_FALSE(engine::exists(f.options.directory));
  f.open();
  CHECK(engine::exists(f.options.directory));
}

TEST_CASE("epochs and the cohort config survive checkpoints and the recycling of their records") {
  store_fixture f;
  f.options.segment_bytes = 4096;
  f.open();
  REQUIRE(f.store().begin_epoch(epoch{1}, node_id{"a"}).ok());
  REQUIRE(f.store().append_config({7, epoch{1}, "a", {"b", "c"}, 1}).ok());
  for (int i = 0; i < 30; ++i) f.put("k" + std::to_string(i), std::string(300, 'v'));
  const auto fork = f.store().status().written;
  auto started = f.store().begin_epoch(epoch{4}, node_id{"b"});
  REQUIRE(started.ok());
  CHECK((*started)->begin == fork);
  CHECK(f.store().begin_epoch(epoch{4}, node_id{"c"}).failure().code == errc::refused);
  for (int i = 0; i < 30; ++i) f.put("k" + std::to_string(i), std::string(300, 'w'));
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.store().status().oldest > fork);
  f.open();
  const auto history = f.store().epoch_history();
  REQUIRE(history.size() == 2);
  CHECK(history[0].leader == "a");
  CHECK(history[1].number == epoch{4});
  CHECK(history[1].parent == epoch{1});
  CHECK(history[1].begin == fork);
  CHECK(f.store().last_epoch() == epoch{4});
  CHECK(f.store().latest_config().version == 7);
  CHECK(f.store().latest_config().members == std::vector<std::string>{"b", "c"});
}

TEST_CASE("truncate_to cuts the log at a record's border, but not below the checkpoint") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  const auto border = f.store().status().written;
  f.put("b", "2");
  f.put("c", "3");
  f.close();
  f.options.truncate_to = lsn{border.value + 1};
  CHECK(f.try_open().failure().code == errc::invalid_argument);
  f.options.truncate_to = border;
  f.open();
  CHECK(f.store().status().written == border);
  CHECK(f.all() == rows{{"a", "1"}});
  f.options.truncate_to.reset();
  f.open();
  CHECK(f.all() == rows{{"a", "1"}});
  f.put("d", "4");
  REQUIRE(f.store().checkpoint().ok());
  f.close();
  f.options.truncate_to = border;
  CHECK(f.try_open().failure().code == errc::refused);
}

TEST_CASE("a transaction that does not fit into a record is refused alone") {
  store_fixture f;
  f.options.record_bytes_max = 1000;
  f.open();
  std::vector<commit_unit_ptr> units;
  for (const std::size_t bytes : {10u, 2000u, 20u}) {
    auto txn = f.store().begin();
    txn->put(table, std::to_string(bytes), std::string(bytes, 'v'));
    units.push_back(txn->seal(1));
  }
  REQUIRE(f.store().append(units).ok());
  REQUIRE(units[1]->acknowledged->done());
  CHECK(units[1]->acknowledged->outcome().failure().code == errc::invalid_argument);
  CHECK_FALSE(units[0]->acknowledged->done());
  f.store().advance_visible(units[2]->end);
  CHECK(f.all().size() == 2);
  CHECK(f.try_put("big", std::string(2000, 'v')).failure().code == errc::invalid_argument);
  f.open();
  CHECK(f.all().size() == 2);
}

TEST_CASE("the time of the first commit after a position is known, from memory and from the WAL") {
  store_fixture f;
  f.open();
  f.clock_us = 100;
  REQUIRE(f.store().begin_epoch(epoch{1}, node_id{"a"}).ok());
  f.put("a", "1");
  const auto middle = f.store().status().written;
  f.put("b", "1");
  const auto end = f.store().status().written;
  const auto check = [&] {
    CHECK(f.store().first_commit_time_after(lsn{0}) == 101);
    CHECK(f.store().first_commit_time_after(middle) == 102);
    CHECK_FALSE(f.store().first_commit_time_after(end));
  };
  check();
  REQUIRE(f.store().checkpoint().ok());
  f.open();
  check();
}

TEST_CASE("transaction ids go on after a reopening") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  const auto last = f.store().begin()->id();
  f.put("b", "1");
  f.open();
  CHECK(f.store().begin()->id() > last);
  REQUIRE(f.store().checkpoint().ok());
  f.open();
  CHECK(f.store().begin()->id() > last);
}

TEST_CASE("a snapshot that outlives its engine still reads, and keeps the store locked") {
  store_fixture f;
  f.open();
  f.put("a", "1");
  REQUIRE(f.store().checkpoint().ok());
  f.put("b", "2");
  auto at = f.store().take_snapshot();
  f.close();
  CHECK(read_all(*at->scan(table, {})).size() == 2);
  CHECK(f.try_open().failure().code == errc::busy);
  at.reset();
  f.open();
  CHECK(f.all().size() == 2);
}
