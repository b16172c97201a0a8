#include "storage/mvcc/arena.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>

using namespace helios::storage;

TEST_CASE("pieces of all sizes are aligned, apart from each other, and keep what was written to them") {
  struct piece {
    char* at;
    std::size_t bytes;
    char filling;
  };
  arena memory;
  std::vector<piece> pieces;
  std::mt19937 random(1);
  // From the first small block to many of the largest kind, with values that get a block of their own between.
  while (memory.bytes() < (64u << 20)) {
    std::size_t bytes = 1 + random() % 4000;
    if (random() % 500 == 0) bytes = random() % (9u << 20);
    piece made{memory.allocate(bytes), bytes, static_cast<char>(random())};
    CHECK(reinterpret_cast<std::uintptr_t>(made.at) % 8 == 0);
    std::memset(made.at, made.filling, bytes);
    pieces.push_back(made);
  }
  bool whole = true;
  std::uint64_t used = 0;
  for (const auto& p : pieces) {
    whole &= std::all_of(p.at, p.at + p.bytes, [&p](char c) { return c == p.filling; });
    used += p.bytes;
  }
  CHECK(whole);
  CHECK(memory.bytes() >= used);
  CHECK(memory.bytes() < used + used / 3);
  std::sort(pieces.begin(), pieces.end(), [](const piece& a, const piece& b) { return a.at < b.at; });
  for (std::size_t i = 1; i < pieces.size(); ++i) REQUIRE(pieces[i - 1].at + pieces[i - 1].bytes <= pieces[i].at);
}

TEST_CASE("an arena of a few small pieces stays small") {
  arena memory;
  for (int i = 0; i < 100; ++i) memory.allocate(100);
  CHECK(memory.bytes() <= (32u << 10));
}
