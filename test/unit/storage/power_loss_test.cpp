// Goal: random power losses, one after the other on the same store, lose no acknowledged commit and show none in part. Method:
// a seed gives a workload of commits in groups, segment rolls and checkpoints; it is run once to count its named steps, and
// once more to a random one of them, where the machine dies. What was not fsynced survives, is torn, or is gone.
// HELIOS_POWER_LOSSES says how many; the suite's own number is small.

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "storage_fixture.hpp"
#include "test/support/fault_env.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {

// Not REQUIRE around the call itself: it would swallow the crash.
template <class T>
void must(const result<T>& done) {
  REQUIRE_MESSAGE(done.ok(), (done ? "" : to_string(done.failure())));
}

int losses_wanted() {
  const char* given = std::getenv("HELIOS_POWER_LOSSES");
  return given == nullptr ? 150 : std::atoi(given);
}

/// What the commits so far have made of the keys, after each of them: the store must show one of these states.
struct journal {
  std::vector<std::map<std::string, std::string>> states{{}};  ///< states[i]: after i commits
  std::size_t acknowledged = 0;
};

class random_load {
 public:
  random_load(std::uint64_t seed, const std::filesystem::path& root) : rng_(seed) {
    options_.directory = root / "store";
    options_.segment_bytes = 4096u << pick(3);
    options_.map_bytes = 1ull << 30;
    options_.cluster_id = "test";
  }

  /// Opens the store and changes it. `log` ends as the steps that were reached leave it.
  void run(env& environment, journal& log) {
    auto opened = engine_core::open(options_, environment);
    must(opened);
    auto& store = **opened;
    store.advance_visible(store.status().applied);
    must(store.begin_epoch(epoch{store.last_epoch().value + 1}, node_id{"n"}));
    const auto rounds = 3 + pick(12);
    for (std::size_t i = 0; i < rounds; ++i) {
      commit_group(store, log);
      if (pick(5) == 0) must(store.checkpoint());
    }
  }

  /// Finds which state the store shows; it is the journal's last one from then on.
  void check(env& environment, journal& log) {
    auto opened = engine_core::open(options_, environment);
    must(opened);
    auto& store = **opened;
    store.advance_visible(store.status().applied);
    const auto at = store.take_snapshot();
    std::map<std::string, std::string> found;
    for (auto cursor = at->scan(table, {}); cursor->valid(); cursor->next()) found.emplace(cursor->key(), cursor->value());
    std::size_t state = log.states.size();
    while (state > 0 && log.states[state - 1] != found) --state;
    REQUIRE_MESSAGE(state > 0, "the store shows what no sequence of whole commits gives");
    CHECK(state - 1 >= log.acknowledged);
    log.states.resize(state);
    log.acknowledged = state - 1;
  }

 private:
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(rng_); }

  void commit_group(engine_core& store, journal& log) {
    std::vector<commit_unit_ptr> units;
    const auto count = 1 + pick(4);
    for (std::size_t i = 0; i < count; ++i) {
      auto state = log.states.back();
      auto txn = store.begin();
      const auto changes = 1 + pick(4);
      for (std::size_t c = 0; c < changes; ++c) {
        const auto key = "k" + std::to_string(pick(40));
        if (pick(4) == 0) {
          txn->erase(table, key);
          state.erase(key);
        } else {
          // The commit's number makes every state differ from every other.
          auto value = std::to_string(log.states.size()) + std::string(pick(1500), 'v');
          txn->put(table, key, value);
          state[key] = value;
        }
      }
      txn->put(table, "last", std::to_string(log.states.size()));
      state["last"] = std::to_string(log.states.size());
      units.push_back(txn->seal(1));
      log.states.push_back(std::move(state));
    }
    must(store.append(units));
    must(store.sync());
    store.advance_visible(units.back()->end);
    log.acknowledged = log.states.size() - 1;
  }

  std::mt19937_64 rng_;
  engine_options options_;
};

}  // namespace

TEST_CASE("random power losses leave a store of whole commits with every acknowledged one") {
  constexpr int losses_in_a_row = 4;
  const auto wanted = losses_wanted();
  std::mt19937_64 rng(20'260'729);
  for (int done = 0; done < wanted; done += losses_in_a_row) {
    CAPTURE(done);
    temporary_directory root;
    journal log;
    for (int loss = 0; loss < losses_in_a_row; ++loss) {
      CAPTURE(loss);
      const auto seed = rng();
      std::size_t steps = 0;
      {
        // On a copy, to count the steps of this workload on this store.
        temporary_directory copy;
        std::filesystem::copy(root.path(), copy.path(), std::filesystem::copy_options::recursive);
        fault_env disk(copy.path());
        journal ignored = log;
        random_load(seed, copy.path()).run(disk, ignored);
        steps = disk.steps().size();
      }
      fault_env disk(root.path());
      disk.stop_after_steps(std::uniform_int_distribution<std::size_t>(0, steps - 1)(rng));
      random_load load(seed, root.path());
      CHECK_THROWS_AS(load.run(disk, log), simulated_crash);
      disk.restart(std::array{survives::everything, survives::half, survives::nothing}[rng() % 3]);
      load.check(disk, log);
    }
  }
}
