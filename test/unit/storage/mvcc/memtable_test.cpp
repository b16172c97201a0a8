#include "storage/mvcc/memtable.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace helios;
using namespace helios::storage;

namespace {
constexpr space_id space{20};
change put(std::string_view key, std::string_view value, space_id in = space) {
  return {change_type::put, in, key, value};
}
std::string walk(const memtable& table, scan_direction direction, lsn at, const key_range& range = {}) {
  std::string out;
  for (auto s = table.scan(space, range, direction, at); s->valid(); s->next()) {
    out += s->current().key;
    out += s->current().erased ? "-" : "=" + std::string(s->current().value);
    out += ' ';
  }
  return out;
}
}  // namespace

TEST_CASE("a read sees the newest version that is not above its position") {
  memtable table;
  table.apply(put("k", "1"), lsn{10});
  table.apply(put("k", "2"), lsn{20});
  table.apply({change_type::erase, space, "k", {}}, lsn{30});
  CHECK(table.find(space, "k", lsn{9}) == nullptr);
  CHECK(table.find(space, "k", lsn{10})->value() == "1");
  CHECK(table.find(space, "k", lsn{29})->value() == "2");
  CHECK(table.find(space, "k", lsn{30})->erased);
  CHECK(table.find(space_id{21}, "k", lsn{30}) == nullptr);
}

TEST_CASE("scans walk one space in both directions within their range") {
  memtable table;
  table.apply(put("z", "below", space_id{19}), lsn{1});
  table.apply(put("a", "above", space_id{21}), lsn{1});
  for (const auto* key : {"d", "b", "a", "c"}) table.apply(put(key, key), lsn{2});
  table.apply({change_type::erase, space, "b", {}}, lsn{3});
  table.apply(put("late", "x"), lsn{9});
  CHECK(walk(table, scan_direction::forward, lsn{5}) == "a=a b- c=c d=d ");
  CHECK(walk(table, scan_direction::backward, lsn{5}) == "d=d c=c b- a=a ");
  CHECK(walk(table, scan_direction::forward, lsn{5}, {"b", "d"}) == "b- c=c ");
  CHECK(walk(table, scan_direction::backward, lsn{2}, {"b", "d"}) == "c=c b=b ");
  CHECK(walk(table, scan_direction::backward, lsn{5}, {"x", std::nullopt}).empty());
  CHECK(*table.largest_key(space) == "late");
  CHECK_FALSE(table.largest_key(space_id{22}));
}

TEST_CASE("a dropped space is dropped from its position on") {
  memtable table;
  CHECK(table.empty());
  table.apply({change_type::drop_space, space, {}, {}}, lsn{7});
  CHECK_FALSE(table.empty());
  CHECK_FALSE(table.dropped(space, lsn{6}));
  CHECK(*table.dropped(space, lsn{7}) == lsn{7});
  CHECK_FALSE(table.dropped(space_id{21}, lsn{7}));
}

TEST_CASE("a memtable holds what a map holds after many random writes") {
  memtable table;
  std::map<std::string, std::string> model;
  std::mt19937 random(42);
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    const auto key = std::to_string(random() % 700);
    const auto value = std::to_string(i);
    table.apply(put(key, value), lsn{i});
    model[key] = value;
  }
  auto at = model.begin();
  table.for_each_newest([&](space_id, std::string_view key, const memtable::version& newest) {
    REQUIRE(at != model.end());
    CHECK(key == at->first);
    CHECK(newest.value() == at->second);
    ++at;
  });
  CHECK(at == model.end());
}

TEST_CASE("keys that come in order in many spaces at once, with others between them, stay in order and are found") {
  memtable table;
  std::map<std::pair<std::uint32_t, std::string>, std::uint64_t> model;
  std::mt19937 random(3);
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    const space_id in{20 + static_cast<std::uint32_t>(random() % 40)};
    // Most lie behind the last one of their space, some far before it.
    const auto key = std::to_string(1'000'000 + (random() % 8 == 0 ? random() % i : i));
    table.apply(put(key, std::to_string(i), in), lsn{i});
    model[{in.value, key}] = i;
  }
  auto at = model.begin();
  table.for_each_newest([&](space_id in, std::string_view key, const memtable::version& newest) {
    REQUIRE(at != model.end());
    CHECK(in.value == at->first.first);
    CHECK(key == at->first.second);
    CHECK(newest.at == lsn{at->second});
    ++at;
  });
  CHECK(at == model.end());
  bool found = true;
  for (const auto& [where, i] : model) {
    const auto* version = table.find(space_id{where.first}, where.second, lsn{UINT64_MAX});
    found &= version != nullptr && version->at == lsn{i};
  }
  CHECK(found);
  CHECK(table.find(space, "1", lsn{UINT64_MAX}) == nullptr);
}

TEST_CASE("a reader finds every key below its position while one thread adds keys") {
  memtable table;
  constexpr std::uint64_t writes = 30'000;
  std::atomic<std::uint64_t> applied{0};
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= writes; ++i) {
      table.apply(put(std::to_string(i * 7919 % 1'000'003), std::to_string(i)), lsn{i});
      applied.store(i, std::memory_order_release);
    }
  });
  bool found = true;
  for (std::uint64_t at = 0; at < writes;) {
    at = applied.load(std::memory_order_acquire);
    for (std::uint64_t i = at > 50 ? at - 50 : 1; i <= at; ++i) {
      const auto* version = table.find(space, std::to_string(i * 7919 % 1'000'003), lsn{at});
      found &= version != nullptr && version->value() == std::to_string(i);
    }
    found &= table.find(space, "none", lsn{at}) == nullptr;
  }
  writer.join();
  CHECK(found);
}

TEST_CASE("a scan finds the first key of its space while keys are added at the end of the one below") {
  memtable table;
  table.apply(put("m", "there"), lsn{1});
  std::atomic<bool> done{false};
  std::thread writer([&] {
    lsn at{2};
    std::string key = "l0000000";
    for (int i = 0; i < 300'000; ++i, ++at.value) {
      for (auto digit = key.rbegin(); ++*digit > '9'; ++digit) *digit = '0';
      table.apply(put(key, "", space_id{space.value - 1}), at);
    }
    done = true;
  });
  std::atomic<int> missed{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        auto scan = table.scan(space, {}, scan_direction::forward, lsn{1});
        if (!scan->valid() || scan->current().key != "m") ++missed;
      }
    });
  }
  writer.join();
  for (auto& reader : readers) reader.join();
  CHECK(missed == 0);
}

TEST_CASE("readers see whole, ordered entries while one thread writes") {
  memtable table;
  constexpr std::uint64_t writes = 4000;
  std::atomic<std::uint64_t> applied{0};
  std::thread writer([&] {
    std::mt19937 random(7);
    for (std::uint64_t i = 1; i <= writes; ++i) {
      const auto key = std::to_string(random() % 500);
      table.apply(put(key, key + ":" + std::to_string(i)), lsn{i});
      applied.store(i, std::memory_order_release);
    }
  });
  bool whole = true, ordered = true;
  for (std::uint64_t at = 0; at < writes;) {
    at = applied.load(std::memory_order_acquire);
    std::string before;
    for (auto s = table.scan(space, {}, scan_direction::forward, lsn{at}); s->valid(); s->next()) {
      const auto& e = s->current();
      whole &= e.version.value <= at && e.value == std::string(e.key) + ":" + std::to_string(e.version.value);
      ordered &= before < e.key;
      before = e.key;
    }
  }
  writer.join();
  CHECK(whole);
  CHECK(ordered);
}
