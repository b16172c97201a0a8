#include "storage/lock_table.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace helios;
using namespace helios::storage;
using enum helios::storage::lock_mode;

namespace {
using kind = lock_outcome::kind;
const lock_tag row{lock_kind::row, 20, "k"};
const lock_tag other_row{lock_kind::row, 20, "m"};
const lock_tag relation{lock_kind::relation, 16400, {}};

struct locks {
  std::unique_ptr<lock_table> table = make_lock_table();
  lock_outcome last;
  completion_ptr get(std::uint64_t owner, const lock_tag& tag, lock_mode mode) {
    completion_ptr wait;
    last = table->acquire(txn_id{owner}, tag, mode, lock_wait_policy::wait, wait);
    return wait;
  }
  bool granted(std::uint64_t owner, const lock_tag& tag, lock_mode mode) {
    get(owner, tag, mode);
    return last.what == kind::granted;
  }
  void release(std::uint64_t owner) { table->release_all(txn_id{owner}); }
};
}  // namespace

TEST_CASE("the conflict table is PostgreSQL's") {
  // One row per wanted mode, one column per held mode, in the order of the enumeration; # conflicts.
  const std::vector<std::string> relation_modes{".......#", "......##", "....####", "...#####",
                                                "..##.###", "..######", ".#######", "########"};
  for (unsigned wanted = 1; wanted <= 8; ++wanted) {
    for (unsigned held = 1; held <= 8; ++held)
      CHECK(conflicts(static_cast<lock_mode>(held), static_cast<lock_mode>(wanted)) ==
            (relation_modes[wanted - 1][held - 1] == '#'));
  }
  const std::vector<std::string> row_modes{"...#", "..##", ".###", "####"};
  for (unsigned wanted = 0; wanted < 4; ++wanted) {
    for (unsigned held = 0; held < 4; ++held)
      CHECK(conflicts(static_cast<lock_mode>(9 + held), static_cast<lock_mode>(9 + wanted)) ==
            (row_modes[wanted][held] == '#'));
  }
}

TEST_CASE("waiters are granted in the order in which they came") {
  locks l;
  CHECK(l.granted(1, row, row_update));
  auto second = l.get(2, row, row_update);
  auto third = l.get(3, row, row_update);
  REQUIRE((second && third));
  l.release(1);
  CHECK(second->done());
  CHECK(second->outcome().ok());
  CHECK_FALSE(third->done());
  l.release(2);
  CHECK(third->done());
  l.release(3);
  CHECK(l.table->list().empty());
}

TEST_CASE("a newcomer does not overtake a waiter it conflicts with") {
  locks l;
  CHECK(l.granted(1, relation, access_share));
  auto exclusive = l.get(2, relation, access_exclusive);
  auto share = l.get(3, relation, access_share);
  CHECK(l.last.what == kind::waiting);
  l.release(1);
  CHECK(exclusive->done());
  CHECK_FALSE(share->done());
  l.release(2);
  CHECK(share->done());
}

TEST_CASE("waiters that do not conflict are granted together") {
  locks l;
  CHECK(l.granted(1, relation, access_exclusive));
  auto a = l.get(2, relation, access_share);
  auto b = l.get(3, relation, row_exclusive);
  auto c = l.get(4, relation, share);
  l.release(1);
  CHECK(a->done());
  CHECK(b->done());
  CHECK_FALSE(c->done());
}

TEST_CASE("who holds a lock upgrades it before those who wait") {
  locks l;
  CHECK(l.granted(1, row, row_share_lock));
  CHECK(l.granted(2, row, row_share_lock));
  auto stranger = l.get(3, row, row_update);
  auto upgrade = l.get(1, row, row_update);
  REQUIRE(upgrade);
  l.release(2);
  CHECK(upgrade->done());
  CHECK_FALSE(stranger->done());
  // A lock held alone is upgraded at once, whoever waits.
  locks alone;
  CHECK(alone.granted(1, row, row_key_share));
  auto waiting = alone.get(2, row, row_update);
  CHECK(alone.granted(1, row, row_no_key_update));
}

TEST_CASE("changing modes that are handed over wake the next in the queue, and the owner's other locks stay") {
  locks l;
  CHECK(l.granted(1, row, row_update));
  CHECK(l.granted(1, other_row, row_key_share));
  CHECK(l.granted(1, relation, row_exclusive));
  auto next = l.get(2, row, row_update);
  REQUIRE(next);
  const std::vector<lock_tag> tags{row, other_row};
  l.table->hand_over(txn_id{1}, tags);
  CHECK(next->done());
  CHECK(!l.granted(3, other_row, row_update));
  CHECK(!l.granted(4, relation, access_exclusive));
  l.release(1);
  CHECK(l.table->list().size() == 3);  // 2's row, what 3 and 4 waited for
}

TEST_CASE("a mode that does not change the row is kept when the changing one is handed over") {
  locks l;
  CHECK(l.granted(1, row, row_key_share));
  CHECK(l.granted(1, row, row_no_key_update));
  auto writer = l.get(2, row, row_no_key_update);
  auto deleter = l.get(3, row, row_update);
  REQUIRE((writer && deleter));
  l.table->hand_over(txn_id{1}, {&row, 1});
  CHECK(writer->done());
  l.release(2);
  CHECK(!deleter->done());
  l.release(1);
  CHECK(deleter->done());
}

TEST_CASE("nowait refuses instead of waiting") {
  locks l;
  CHECK(l.granted(1, row, row_update));
  completion_ptr wait;
  CHECK(l.table->acquire(txn_id{2}, row, row_update, lock_wait_policy::nowait, wait).what == kind::not_available);
  CHECK(wait == nullptr);
  CHECK(l.table->list().size() == 1);
}

TEST_CASE("a cycle of two is refused to the one who closes it, with PostgreSQL's detail") {
  locks l;
  CHECK(l.granted(1, row, row_update));
  CHECK(l.granted(2, other_row, row_update));
  auto wait = l.get(1, other_row, row_update);
  CHECK(l.get(2, row, row_update) == nullptr);
  CHECK(l.last.what == kind::deadlock);
  CHECK(l.last.detail ==
        "Process 2 waits for ShareLock on transaction 1; blocked by process 1.\n"
        "Process 1 waits for ShareLock on transaction 2; blocked by process 2.");
  l.release(2);
  CHECK(wait->done());
}

TEST_CASE("a cycle of three over relations and rows is found") {
  locks l;
  CHECK(l.granted(1, row, row_update));
  CHECK(l.granted(2, relation, share));
  CHECK(l.granted(3, other_row, row_update));
  auto a = l.get(1, relation, row_exclusive);
  auto b = l.get(2, other_row, row_update);
  l.get(3, row, row_update);
  CHECK(l.last.what == kind::deadlock);
  CHECK(l.last.detail.find("Process 1 waits for RowExclusiveLock on relation 16400") != std::string::npos);
  CHECK_FALSE(a->done());
  CHECK_FALSE(b->done());
}

TEST_CASE("two upgrades of one shared lock are a deadlock") {
  locks l;
  CHECK(l.granted(1, row, row_share_lock));
  CHECK(l.granted(2, row, row_share_lock));
  auto first = l.get(1, row, row_update);
  l.get(2, row, row_update);
  CHECK(l.last.what == kind::deadlock);
  l.release(2);
  CHECK(first->done());
}

TEST_CASE("a cycle that only the place in the queue closes is avoided by going first") {
  locks l;
  CHECK(l.granted(1, row, row_update));         // 1 holds the row
  CHECK(l.granted(3, relation, access_share));  // 3 shares the relation
  auto exclusive = l.get(2, relation, access_exclusive);  // 2 waits for 3
  auto row_wait = l.get(3, row, row_update);              // 3 waits for 1
  CHECK(l.granted(1, relation, access_share));  // behind 2 it would close the cycle
  CHECK_FALSE(exclusive->done());
}

TEST_CASE("a cancelled wait leaves the queue and lets those behind it go on") {
  locks l;
  CHECK(l.granted(1, relation, access_share));
  auto exclusive = l.get(2, relation, access_exclusive);
  auto share = l.get(3, relation, access_share);
  CHECK(l.table->cancel_wait(txn_id{2}));
  CHECK(exclusive->done());
  CHECK(exclusive->outcome().failure().code == errc::closed);
  CHECK(share->done());
  CHECK_FALSE(l.table->cancel_wait(txn_id{2}));
  CHECK_FALSE(l.table->cancel_wait(txn_id{3}));
}

TEST_CASE("a lock taken twice is released twice") {
  locks l;
  const auto advisory = advisory_tag({0, 42, 1});
  CHECK(l.granted(1, advisory, exclusive));
  CHECK(l.granted(1, advisory, exclusive));
  auto wait = l.get(2, advisory, exclusive);
  CHECK(l.table->release(txn_id{1}, advisory, exclusive));
  CHECK_FALSE(wait->done());
  CHECK(l.table->release(txn_id{1}, advisory, exclusive));
  CHECK(wait->done());
  CHECK_FALSE(l.table->release(txn_id{1}, advisory, exclusive));
}

TEST_CASE("owners of one process are one in a deadlock") {
  locks l;
  const auto advisory = advisory_tag({1, 2, 2});
  completion_ptr wait;
  const auto acquire = [&](std::uint64_t owner, std::uint64_t process, const lock_tag& tag, lock_mode mode) {
    return l.table->acquire(txn_id{owner}, tag, mode, lock_wait_policy::wait, wait, process);
  };
  // Process 7: session 100 and transaction 1. Process 8: session 200 and transaction 2.
  CHECK(acquire(100, 7, advisory, exclusive).what == kind::granted);
  CHECK(acquire(2, 8, row, row_update).what == kind::granted);
  CHECK(acquire(1, 7, row, row_update).what == kind::waiting);
  const auto last = acquire(200, 8, advisory, share);
  CHECK(last.what == kind::deadlock);
  CHECK(last.detail ==
        "Process 8 waits for ShareLock on advisory lock [5,1,2,2]; blocked by process 7.\n"
        "Process 7 waits for ShareLock on transaction 2; blocked by process 8.");
  l.release(2);
  CHECK(l.table->cancel_wait(txn_id{1}) == false);  // granted
}

TEST_CASE("the list shows who holds and who waits") {
  locks l;
  CHECK(l.granted(1, relation, share));
  auto wait = l.get(2, relation, row_exclusive);
  const auto list = l.table->list();
  REQUIRE(list.size() == 2);
  CHECK(list[0].granted);
  CHECK(list[0].owner == txn_id{1});
  CHECK_FALSE(list[1].granted);
  CHECK(list[1].mode == row_exclusive);
}

TEST_CASE("threads that lock in one order all get through, one at a time") {
  auto table = make_lock_table();
  int shared = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&table, &shared, t] {
      blocking_host host;
      for (std::uint64_t i = 0; i < 300; ++i) {
        const txn_id owner{t * 1000 + i + 1};
        completion_ptr wait;
        if (table->acquire(owner, row, row_update, lock_wait_policy::wait, wait).what == kind::waiting) host.await(wait);
        ++shared;
        table->release_all(owner);
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(shared == 1200);
  CHECK(table->list().empty());
}
