#include <doctest/doctest.h>

#include <cerrno>

#include "storage_fixture.hpp"
#include "test/support/fault_env.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {
struct faulty_store {
  temporary_directory root;
  fault_env disk{root.path()};
  store_fixture f{disk};
  faulty_store() {
    f.options.directory = root.path() / "store";
    f.options.segment_bytes = 4096;
    f.open();
    f.put("a", "1");
  }
};
}  // namespace

TEST_CASE("a full disk refuses the commit, and the next one succeeds when there is room again") {
  faulty_store s;
  s.disk.fail_write_after(0, ENOSPC);
  const auto end = s.f.store().status().written;
  CHECK(s.f.try_put("b", "2").failure().code == errc::disk_full);
  CHECK(s.f.store().status().written == end);
  CHECK(s.f.store().status().applied == end);
  REQUIRE(s.f.try_put("c", "3").ok());
  CHECK(s.f.all() == rows{{"a", "1"}, {"c", "3"}});
  s.f.open();
  CHECK(s.f.all() == rows{{"a", "1"}, {"c", "3"}});
}

TEST_CASE("a full disk in the middle of a group that rolls segments leaves nothing of it") {
  faulty_store s;
  std::vector<commit_unit_ptr> units;
  for (int i = 0; i < 20; ++i) {
    auto txn = s.f.store().begin();
    txn->put(table, "k" + std::to_string(i), std::string(1000, 'v'));
    units.push_back(txn->seal(1));
  }
  s.disk.fail_write_after(2, ENOSPC);
  CHECK(s.f.store().append(units).failure().code == errc::disk_full);
  REQUIRE(s.f.try_put("c", "3").ok());
  REQUIRE(s.f.store().append(units).ok());
  REQUIRE(s.f.store().sync().ok());
  s.f.open();
  CHECK(s.f.all().size() == 22);
}

TEST_CASE("after a failed fsync nothing is appended any more, and the restart decides") {
  faulty_store s;
  s.disk.fail_sync_after(0, EIO);
  CHECK(s.f.try_put("b", "2").failure().code == errc::io);
  CHECK_FALSE(s.f.get("b"));
  const auto refused = s.f.try_put("c", "3");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::io);
  CHECK(refused.failure().detail.find("failed earlier") != std::string::npos);
  s.f.close();
  s.disk.restart(survives::nothing);
  s.f.open();
  CHECK(s.f.all().size() == 1);
  CHECK(s.f.get("a") == "1");
  CHECK_FALSE(s.f.get("b"));
}

TEST_CASE("a failed write that is not a full disk ends appending") {
  faulty_store s;
  s.disk.fail_write_after(0, EIO);
  CHECK(s.f.try_put("b", "2").failure().code == errc::io);
  CHECK(s.f.try_put("c", "3").failure().code == errc::io);
  CHECK(s.f.all() == rows{{"a", "1"}});
  s.f.open();
  CHECK(s.f.all() == rows{{"a", "1"}});
}

TEST_CASE("a full disk while a segment is begun leaves no trace that a later recovery stumbles over") {
  faulty_store s;
  const auto segments = [&s] {
    int found = 0;
    for (const auto& f : std::filesystem::directory_iterator(s.f.options.directory / "wal"))
      found += f.path().extension() == ".wal";
    return found;
  };
  s.f.put("large", std::string(3000, 'v'));
  s.disk.fail_sync_after(1, ENOSPC);  // the old segment's comes first
  CHECK(s.f.try_put("b", std::string(3000, 'v')).failure().code == errc::disk_full);
  CHECK(segments() == 1);
  REQUIRE(s.f.try_put("small", "1").ok());
  REQUIRE(s.f.try_put("c", std::string(3000, 'v')).ok());
  CHECK(segments() == 2);
  s.f.open();
  CHECK(s.f.all().size() == 4);
}

TEST_CASE("a checkpoint that is under way when the store is to be closed ends at once, and changes nothing") {
  faulty_store s;
  for (int i = 0; i < 100; ++i) s.f.put("k" + std::to_string(i), "v");
  s.disk.at_step = [&s](std::string_view step) {
    if (step == "before lmdb writes") s.f.store().stop_checkpoints();
  };
  const auto stopped = s.f.store().checkpoint();
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.failure().code == errc::closed);
  CHECK(s.f.store().status().checkpoint == lsn{0});
  CHECK(s.f.all().size() == 101);
  s.disk.at_step = nullptr;
  s.f.open();
  CHECK(s.f.all().size() == 101);
  REQUIRE(s.f.store().checkpoint().ok());
  CHECK(s.f.all().size() == 101);
}
