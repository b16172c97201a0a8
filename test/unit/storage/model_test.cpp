#include <doctest/doctest.h>

#include <map>
#include <random>

#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

// Goal: through random puts, erases, checkpoints and reopenings the store holds what a std::map holds, in both
// directions, in any range and by point reads. Keys share long prefixes, so that many lie in LMDB's buckets.
TEST_CASE("a store holds what a map holds through random changes, checkpoints and reopenings") {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    store_fixture f;
    f.options.sync_enabled = false;
    f.options.segment_bytes = 16u << 10;
    f.open();
    std::map<std::string, std::string> model;
    const auto random_key = [&random] {
      std::string key(random() % 3 == 0 ? 0 : 503 + random() % 5, 'p');
      for (auto n = random() % 6; n > 0; --n) key += static_cast<char>(random() % 4 == 0 ? 0 : 'a' + random() % 3);
      return key.empty() ? std::string("-") : key;
    };
    for (int step = 0; step < 120; ++step) {
      auto txn = f.store().begin();
      for (auto n = 1 + random() % 6; n > 0; --n) {
        const auto key = random_key();
        if (random() % 3 == 0) {
          txn->erase(table, key);
          model.erase(key);
        } else {
          const auto value = std::to_string(random()) + std::string(random() % 40, 'v');
          txn->put(table, key, value);
          model[key] = value;
        }
      }
      REQUIRE(f.try_commit(*txn).ok());
      if (step % 15 == 7) REQUIRE(f.store().checkpoint().ok());
      if (step % 40 == 20) f.open();
      if (step % 5 != 0) continue;
      rows expected(model.begin(), model.end());
      CHECK(f.all() == expected);
      key_range range{random_key(), random_key()};
      if (*range.upper < range.lower) std::swap(range.lower, *range.upper);
      expected.assign(model.lower_bound(range.lower), model.lower_bound(*range.upper));
      CHECK(f.all(table, scan_direction::forward, range) == expected);
      std::reverse(expected.begin(), expected.end());
      CHECK(f.all(table, scan_direction::backward, range) == expected);
      for (int i = 0; i < 20; ++i) {
        const auto key = random_key();
        const auto found = model.find(key);
        CHECK(f.get(key) == (found == model.end() ? std::nullopt : std::optional(found->second)));
      }
    }
  }
}
