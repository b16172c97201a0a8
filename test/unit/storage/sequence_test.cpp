#include "storage/sequence.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "storage_fixture.hpp"

using namespace helios;
using namespace helios::storage;
using namespace helios::storage::test;

namespace {
constexpr std::uint32_t oid = 16400;

std::int64_t next(store_fixture& f, const sequence_rule& rule = {}) {
  direct_commit_sink sink(f.store());
  auto got = f.store().sequences().next(oid, rule, sink);
  REQUIRE(got.ok());
  return *got;
}
}  // namespace

TEST_CASE("values follow each other, with one commit for 32 of them") {
  store_fixture f;
  f.open();
  for (std::int64_t i = 1; i <= 64; ++i) CHECK(next(f) == i);
  CHECK(f.store().status().commits == 2);
}

TEST_CASE("a crash leaves a gap and never repeats a value") {
  store_fixture f;
  f.open();
  std::int64_t last = 0;
  for (int i = 0; i < 5; ++i) last = next(f);
  f.open();
  const auto after = next(f);
  CHECK(after > last);
  CHECK(after <= last + 33);
}

TEST_CASE("a clean shutdown leaves no gap") {
  store_fixture f;
  f.open();
  for (int i = 0; i < 5; ++i) next(f);
  direct_commit_sink sink(f.store());
  f.store().sequences().flush(sink);
  f.open();
  CHECK(f.store().sequences().peek(oid)->last_value == 5);
  CHECK(next(f) == 6);
}

TEST_CASE("set takes effect at once and after a reopening") {
  store_fixture f;
  f.open();
  next(f);
  direct_commit_sink sink(f.store());
  f.store().sequences().set(oid, 100, true, sink);
  CHECK(next(f) == 101);
  f.store().sequences().set(oid, 50, false, sink);
  f.open();
  CHECK(f.store().sequences().peek(oid)->last_value == 50);
  CHECK_FALSE(f.store().sequences().peek(oid)->is_called);
  CHECK(next(f) == 50);
}

TEST_CASE("a sequence ends at its limit, or begins again") {
  store_fixture f;
  f.open();
  const sequence_rule rule{1, 1, 1, 3, false};
  for (int i = 1; i <= 3; ++i) CHECK(next(f, rule) == i);
  direct_commit_sink sink(f.store());
  const auto ended = f.store().sequences().next(oid, rule, sink);
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.failure().code == errc::invalid_argument);
  CHECK(next(f, {1, 1, 1, 3, true}) == 1);
}

TEST_CASE("a descending sequence and one near the end of its type work") {
  store_fixture f;
  f.open();
  CHECK(next(f, {-1, -1, INT64_MIN, -1, false}) == -1);
  CHECK(next(f, {-1, -1, INT64_MIN, -1, false}) == -2);
  direct_commit_sink sink(f.store());
  f.store().sequences().set(oid, INT64_MAX - 1, true, sink);
  CHECK(next(f) == INT64_MAX);
  CHECK_FALSE(f.store().sequences().next(oid, {}, sink).ok());
}

TEST_CASE("a changed increment is reserved anew") {
  store_fixture f;
  f.open();
  CHECK(next(f) == 1);
  CHECK(next(f, {1, 1000, 1, INT64_MAX, false}) == 1001);
  f.open();
  CHECK(next(f, {1, 1000, 1, INT64_MAX, false}) > 1001);
}

TEST_CASE("a sequence that was never used has no state, object ids begin at 16384") {
  store_fixture f;
  f.open();
  CHECK_FALSE(f.store().sequences().peek(oid));
  direct_commit_sink sink(f.store());
  CHECK(f.store().sequences().next_oid(sink) == 16384);
  CHECK(f.store().sequences().next_oid(sink) == 16385);
}

TEST_CASE("threads never get the same value") {
  store_fixture f;
  f.open();
  direct_commit_sink sink(f.store());
  std::vector<std::vector<std::int64_t>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([&f, &sink, &mine] {
      for (int i = 0; i < 200; ++i) mine.push_back(*f.store().sequences().next(oid, {}, sink));
    });
  }
  for (auto& t : threads) t.join();
  std::set<std::int64_t> distinct;
  for (const auto& mine : got) distinct.insert(mine.begin(), mine.end());
  CHECK(distinct.size() == 800);
}
