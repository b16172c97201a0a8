#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

// Goal: a snapshot shows all of each commit or nothing of it, never goes back in time, and never loses a row, while
// commits, visibility and checkpoints go on in threads of their own. Method: each commit writes its number to every one
// of 8 keys; a reader must find 8 equal numbers, none below the last it saw.
TEST_CASE("snapshots are whole while a writer, a watermark, a checkpointer and readers run") {
  store_fixture f;
  f.options.sync_enabled = false;
  f.options.segment_bytes = 16u << 10;
  f.open();
  constexpr int keys = 8, commits = 1500;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> appended{0};
  std::atomic<int> faults{0};

  std::thread writer([&] {
    for (int i = 1; i <= commits; ++i) {
      auto txn = f.store().begin();
      for (int k = 0; k < keys; ++k) txn->put(table, std::to_string(k), std::to_string(i));
      txn->put(table, "log" + std::to_string(i % 100), std::to_string(i));
      auto unit = txn->seal(i);
      faults += !f.store().append({&unit, 1}).ok();
      faults += !f.store().sync().ok();
      appended.store(unit->end.value, std::memory_order_release);
    }
    done = true;
  });
  std::thread watermark([&] {
    while (!done) {
      f.store().advance_visible(lsn{appended.load(std::memory_order_acquire)});
      std::this_thread::yield();
    }
    f.store().advance_visible(lsn{appended});
  });
  std::thread checkpointer([&] {
    while (!done) faults += !f.store().checkpoint().ok();
  });
  const auto read = [&] {
    int last = 0;
    while (!done) {
      const auto at = f.store().take_snapshot();
      const auto first = at->get(table, "0");
      const int seen = first ? std::stoi(std::string(first->value)) : 0;
      faults += seen < last;
      last = seen;
      int found = 0;
      for (auto c = at->scan(table, {"0", "8"}, scan_direction::backward); c->valid(); c->next(), ++found)
        faults += std::stoi(std::string(c->value())) != seen;
      faults += found != (seen > 0 ? keys : 0);
      faults += f.store().status().visible < at->at();
      (void)f.store().newest_version(table, "3");
    }
  };
  std::thread reader_a(read), reader_b(read);
  for (auto* t : {&writer, &watermark, &checkpointer, &reader_a, &reader_b}) t->join();
  CHECK(faults == 0);
  CHECK(f.store().status().checkpoints > 0);
  REQUIRE(f.store().checkpoint().ok());
  CHECK(f.get("0") == std::to_string(commits));
}
