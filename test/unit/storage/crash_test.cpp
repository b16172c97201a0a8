// Goal: whatever step a crash happens at, and whatever the disk keeps of what was not fsynced, the store opens again and
// holds every acknowledged commit, in order, and nothing that was never written. Method: a workload is run once to count
// its named steps; then once per step and kind of disk, stopped there, restarted and checked.

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "storage_fixture.hpp"
#include "test/support/fault_env.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {

engine_options small_store(const std::filesystem::path& root) {
  engine_options out;
  out.directory = root / "store";
  out.segment_bytes = 4096;
  out.map_bytes = 1ull << 30;
  out.cluster_id = "test";
  return out;
}

struct progress {
  int attempted = 0;
  int acknowledged = 0;
  survives unsynced = survives::everything;  ///< what the crash left, for the check
  lsn shown, noted;                          ///< of those cases that look at the visible mark
};

// Not REQUIRE around the call itself: it would swallow the crash.
template <class T>
void must(const result<T>& done) {
  REQUIRE_MESSAGE(done.ok(), (done ? "" : to_string(done.failure())));
}

std::string key_of(int i) { return "k" + std::to_string(1000 + i); }

void commit_next(engine_core& store, progress& done) {
  auto txn = store.begin();
  txn->put(table, key_of(done.attempted), std::string(300, static_cast<char>('a' + done.attempted % 26)));
  txn->put(table, "last", std::to_string(done.attempted));
  ++done.attempted;
  direct_commit_sink sink(store);
  auto unit = txn->seal(done.attempted);
  sink.submit(unit);
  if (unit->acknowledged->outcome().ok()) done.acknowledged = done.attempted;
}

void workload(env& environment, const std::filesystem::path& root, progress& done) {
  auto opened = engine_core::open(small_store(root), environment);
  must(opened);
  auto& store = **opened;
  must(store.begin_epoch(epoch{store.last_epoch().value + 1}, node_id{"n"}));
  for (int i = 0; i < 16; ++i) commit_next(store, done);
  must(store.checkpoint());
  for (int i = 0; i < 16; ++i) commit_next(store, done);
  must(store.checkpoint());
  for (int i = 0; i < 3; ++i) commit_next(store, done);
}

void check_state(env& environment, const std::filesystem::path& root, const progress& done) {
  auto opened = engine_core::open(small_store(root), environment);
  must(opened);
  auto& store = **opened;
  store.advance_visible(store.status().applied);
  const auto at = store.take_snapshot();
  int found = 0;
  while (at->get(table, key_of(found))) ++found;
  CHECK(found >= done.acknowledged);
  CHECK(found <= done.attempted);
  if (found > 0) CHECK(at->get(table, "last")->value == std::to_string(found - 1));
  CHECK_FALSE(at->get(table, key_of(found + 1)));
  // And it goes on.
  must(store.begin_epoch(epoch{store.last_epoch().value + 1}, node_id{"n"}));
  progress more;
  more.attempted = more.acknowledged = found;
  commit_next(store, more);
  CHECK(more.acknowledged == found + 1);
  must(store.checkpoint());
}

// Runs `action` once to its end, then stopped at each of its steps; after each restart `check`.
void at_every_step(const std::function<void(const std::filesystem::path&)>& prepare,
                   const std::function<void(env&, const std::filesystem::path&, progress&)>& action,
                   const std::function<void(env&, const std::filesystem::path&, const progress&)>& check,
                   std::size_t steps_least) {
  std::vector<std::string> steps;
  {
    temporary_directory root;
    prepare(root.path());
    fault_env disk(root.path());
    progress done;
    action(disk, root.path(), done);
    steps = disk.steps();
    REQUIRE(steps.size() >= steps_least);
  }
  for (const auto unsynced : {survives::everything, survives::half, survives::nothing}) {
    for (std::size_t stop = 0; stop < steps.size(); ++stop) {
      CAPTURE(stop);
      CAPTURE(steps[stop]);
      CAPTURE(static_cast<int>(unsynced));
      temporary_directory root;
      prepare(root.path());
      fault_env disk(root.path());
      progress done;
      disk.stop_after_steps(stop);
      CHECK_THROWS_AS(action(disk, root.path(), done), simulated_crash);
      disk.restart(unsynced);
      done.unsynced = unsynced;
      check(disk, root.path(), done);
    }
  }
}

}  // namespace

TEST_CASE("a crash at any step of commits, rolls, checkpoints and recycling loses no acknowledged commit") {
  at_every_step([](const auto&) {}, workload, check_state, 60);
}

namespace {

// Store A of 5 commits; beside it a backup of another store of 9.
void two_stores(const std::filesystem::path& root) {
  auto other = small_store(root);
  other.directory = root / "other";
  {
    auto opened = engine_core::open(other, posix_env());
    REQUIRE(opened.ok());
    progress done;
    for (int i = 0; i < 9; ++i) commit_next(**opened, done);
    REQUIRE((*opened)->checkpoint().ok());
    auto backup = (*opened)->make_base_backup();
    REQUIRE(backup.ok());
    std::filesystem::rename((*backup)->file, root / "received.mdb");
  }
  std::filesystem::remove_all(other.directory);
  auto opened = engine_core::open(small_store(root), posix_env());
  REQUIRE(opened.ok());
  progress done;
  for (int i = 0; i < 5; ++i) commit_next(**opened, done);
}

int rows_of(env& environment, const std::filesystem::path& root) {
  auto opened = engine_core::open(small_store(root), environment);
  must(opened);
  (*opened)->advance_visible((*opened)->status().applied);
  const auto at = (*opened)->take_snapshot();
  int found = 0;
  while (at->get(table, key_of(found))) ++found;
  return found;
}

}  // namespace

TEST_CASE("a crash at any step of a base backup's installation leaves the old store or the new one") {
  at_every_step(
      two_stores,
      [](env& environment, const std::filesystem::path& root, progress&) {
        must(install_base_backup_on(environment, root / "store", root / "received.mdb"));
        const int found = rows_of(environment, root);
        CHECK(found == 9);
      },
      [](env& environment, const std::filesystem::path& root, const progress&) {
        const int found = rows_of(environment, root);
        CHECK((found == 5 || found == 9));
      },
      6);
}

namespace {

// Durable, and not visible yet.
lsn append_next(engine_core& store, int number, std::string_view prefix) {
  auto txn = store.begin();
  txn->put(table, std::string(prefix) + std::to_string(1000 + number), std::string(300, 'v'));
  txn->put(table, "last", std::to_string(number));
  auto unit = txn->seal(number);
  must(store.append({&unit, 1}));
  must(store.sync());
  return unit->end;
}

int count_of(engine_core& store, std::string_view prefix) {
  const auto at = store.take_snapshot();
  int found = 0;
  while (at->get(table, std::string(prefix) + std::to_string(1000 + found))) ++found;
  return found;
}

// Shows every second commit, and notes it.
void show_and_note(env& environment, const std::filesystem::path& root, progress& done) {
  auto opened = engine_core::open(small_store(root), environment);
  must(opened);
  auto& store = **opened;
  must(store.begin_epoch(epoch{store.last_epoch().value + 1}, node_id{"n"}));
  for (int i = 0; i < 20; ++i) {
    const lsn end = append_next(store, i, "k");
    if (i % 2 == 0) continue;
    done.shown = end;
    store.advance_visible(end);
    must(store.note_visible());
    done.noted = end;
    if (i == 11) must(store.checkpoint());
  }
}

}  // namespace

TEST_CASE("a crash at any step around the visible mark shows again what was noted, and never what was not visible") {
  at_every_step(
      [](const auto&) {}, show_and_note,
      [](env& environment, const std::filesystem::path& root, const progress& done) {
        auto opened = engine_core::open(small_store(root), environment);
        must(opened);
        auto& store = **opened;
        CHECK(store.status().visible <= done.shown);
        if (done.unsynced == survives::everything) CHECK(store.status().visible >= done.noted);
        const int found = count_of(store, "k");
        CHECK(found % 2 == 0);
        if (found > 0) CHECK(store.take_snapshot()->get(table, "last")->value == std::to_string(found - 1));
      },
      100);
}

// Goal: what a mark promised of a log that was cut since is never shown of the records that came in their place. Method: a
// store that has shown six commits is cut behind its fourth, and goes on with others that nobody acknowledged.
TEST_CASE("a crash at any step of cutting the log below the visible mark shows the old log or its cut one, and nothing new") {
  lsn cut;
  const auto six_shown = [&cut](const std::filesystem::path& root) {
    auto opened = engine_core::open(small_store(root), posix_env());
    must(opened);
    auto& store = **opened;
    must(store.begin_epoch(epoch{1}, node_id{"n"}));
    for (int i = 0; i < 6; ++i) {
      store.advance_visible(append_next(store, i, "k"));
      if (i == 3) cut = store.status().written;
    }
    must(store.note_visible());
  };
  const auto cut_and_append = [&cut](env& environment, const std::filesystem::path& root, progress&) {
    auto options = small_store(root);
    options.truncate_to = cut;
    auto opened = engine_core::open(options, environment);
    must(opened);
    auto& store = **opened;
    CHECK(store.status().visible == cut);
    must(store.begin_epoch(epoch{2}, node_id{"n"}));
    for (int i = 0; i < 6; ++i) append_next(store, i, "new");
    must(store.note_visible());
  };
  at_every_step(
      six_shown, cut_and_append,
      [](env& environment, const std::filesystem::path& root, const progress&) {
        auto opened = engine_core::open(small_store(root), environment);
        must(opened);
        const int found = count_of(**opened, "k");
        CHECK((found == 4 || found == 6));
        CHECK(count_of(**opened, "new") == 0);
      },
      25);
}
