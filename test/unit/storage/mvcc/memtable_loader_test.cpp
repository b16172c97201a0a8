#include "storage/mvcc/memtable_loader.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace helios;
using namespace helios::storage;

namespace {

struct write {
  change_type type;
  space_id space;
  std::string key, value;
  change view() const { return {type, space, key, value}; }
};

space_id some_space(std::size_t number) { return space_id{20 + static_cast<std::uint32_t>(number % 3)}; }

// Row ids in order, keys in no order of all lengths from 0, updates of all sizes, erasures and drops.
std::vector<write> random_writes(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<write> out;
  for (std::uint32_t i = 0; i < 6000; ++i) {
    const auto kind = random() % 100;
    if (kind < 20) out.push_back({change_type::put, space_id{30}, std::to_string(100'000 + i), "history"});
    else if (kind < 30) out.push_back({change_type::erase, some_space(random()), std::to_string(random() % 400), {}});
    else if (kind < 31) out.push_back({change_type::drop_space, some_space(random()), {}, {}});
    else if (kind < 60) {
      const std::string key(random() % 12, static_cast<char>('a' + random() % 2));
      out.push_back({change_type::put, space_id{21}, key, std::string(random() % 40, 'v') + std::to_string(i)});
    } else {
      const auto key = std::to_string(random() % 400);
      out.push_back({change_type::put, some_space(random()), key, std::string(random() % 60, 'v') + std::to_string(i)});
    }
  }
  return out;
}

constexpr space_id spaces[] = {space_id{20}, space_id{21}, space_id{22}, space_id{30}, space_id{31}};

std::string walk(const memtable& table, space_id space, scan_direction direction, lsn at) {
  std::string out;
  for (auto s = table.scan(space, {}, direction, at); s->valid(); s->next()) {
    const auto& e = s->current();
    out += std::string(e.key) + "@" + std::to_string(e.version.value) + (e.erased ? "-" : "=" + std::string(e.value)) + ' ';
  }
  return out;
}

// Applied one by one, and loaded; the views that the loader got are gone afterwards.
struct both {
  memtable applied, loaded;
  both(const std::vector<write>& writes, lsn shown) {
    memtable_loader loader(loaded, shown);
    for (std::size_t i = 0; i < writes.size(); i += 50) {
      const auto part = std::vector(writes.begin() + static_cast<std::ptrdiff_t>(i),
                                    writes.begin() + static_cast<std::ptrdiff_t>(std::min(i + 50, writes.size())));
      for (std::size_t j = 0; j < part.size(); ++j) loader.add(part[j].view(), lsn{i + j + 1});
      loader.flush();
    }
    loader.finish();
    for (std::size_t i = 0; i < writes.size(); ++i) applied.apply(writes[i].view(), lsn{i + 1});
  }
};

}  // namespace

TEST_CASE("a loaded memtable shows what one shows that was filled step by step, at every position from the shown one on") {
  const auto writes = random_writes(11);
  for (const std::uint64_t shown : {std::uint64_t{0}, std::uint64_t{2500}, std::uint64_t{writes.size()}}) {
    CAPTURE(shown);
    both tables(writes, lsn{shown});
    for (auto at = std::max<std::uint64_t>(shown, 1); at <= writes.size(); at += 487) {
      CAPTURE(at);
      for (const auto space : spaces) {
        for (const auto direction : {scan_direction::forward, scan_direction::backward})
          CHECK(walk(tables.loaded, space, direction, lsn{at}) == walk(tables.applied, space, direction, lsn{at}));
        CHECK(tables.loaded.dropped(space, lsn{at}) == tables.applied.dropped(space, lsn{at}));
        CHECK(tables.loaded.largest_key(space) == tables.applied.largest_key(space));
      }
      for (const auto& w : writes) {
        if (w.type == change_type::drop_space) continue;
        const auto* got = tables.loaded.find(w.space, w.key, lsn{at});
        const auto* wanted = tables.applied.find(w.space, w.key, lsn{at});
        REQUIRE((got == nullptr) == (wanted == nullptr));
        if (wanted == nullptr) continue;
        CHECK(got->at == wanted->at);
        CHECK(got->value() == wanted->value());
      }
    }
  }
}

TEST_CASE("a loaded memtable takes further writes, between its keys and behind them") {
  const auto writes = random_writes(12);
  both tables(writes, lsn{writes.size()});
  const auto more = random_writes(13);
  for (std::size_t i = 0; i < more.size(); ++i) {
    const lsn at{writes.size() + i + 1};
    tables.applied.apply(more[i].view(), at);
    tables.loaded.apply(more[i].view(), at);
  }
  const lsn end{writes.size() + more.size()};
  for (const auto space : spaces)
    CHECK(walk(tables.loaded, space, scan_direction::forward, end) == walk(tables.applied, space, scan_direction::forward, end));
}

TEST_CASE("updates of one row that were shown take no memory") {
  memtable table;
  memtable_loader loader(table, lsn{1'000'000});
  const std::string value(1000, 'v');
  for (std::uint64_t i = 1; i <= 20'000; ++i) loader.add({change_type::put, space_id{20}, "row", value}, lsn{i});
  loader.finish();
  CHECK(table.bytes() < 100'000);
  CHECK(table.find(space_id{20}, "row", lsn{UINT64_MAX})->at == lsn{20'000});
  CHECK(table.find(space_id{20}, "row", lsn{UINT64_MAX})->value() == value);
}

TEST_CASE("a memtable without a log is loaded as an empty one") {
  memtable table;
  memtable_loader loader(table, lsn{0});
  loader.finish();
  CHECK(table.empty());
  table.apply({change_type::put, space_id{20}, "k", "v"}, lsn{1});
  CHECK(table.find(space_id{20}, "k", lsn{1})->value() == "v");
}
