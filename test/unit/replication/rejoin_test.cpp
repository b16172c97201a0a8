#include "replication/rejoin.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace helios;
using namespace helios::replication;
using kind = rejoin_plan::kind;

namespace {

epoch_start begins(std::uint64_t number, std::uint64_t at) { return {epoch{number}, lsn{at}}; }

const std::vector<epoch_start> history = {begins(1, 0), begins(2, 1000), begins(4, 2000)};
const primary_log leader_log{history, lsn{500}, lsn{3000}};

/// Of a standby that has the leader's first `epochs` epochs and ends at `end`.
rejoin_plan plan(std::uint64_t end, std::size_t epochs, const primary_log& leader = leader_log) {
  return plan_rejoin({{history.begin(), history.begin() + static_cast<std::ptrdiff_t>(epochs)}, lsn{end}, lsn{0}, true}, leader);
}

}  // namespace

TEST_CASE("a prefix of the leader's log is streamed on from its end") {
  const auto p = plan_rejoin({{begins(1, 0)}, lsn{50}, lsn{20}, true}, {{begins(1, 0), begins(2, 80)}, lsn{0}, lsn{100}});
  CHECK(p.what == kind::stream);
  CHECK(p.cut_at == lsn{50});
}

TEST_CASE("an empty log streams from the beginning, or needs a backup where that is recycled") {
  const primary_log leader{{begins(1, 0)}, lsn{0}, lsn{100}};
  CHECK(plan_rejoin({{}, lsn{0}, lsn{0}, true}, leader).what == kind::stream);
  CHECK(plan_rejoin({{}, lsn{0}, lsn{0}, true}, {{begins(1, 0)}, lsn{10}, lsn{100}}).what == kind::base_backup);
}

TEST_CASE("an old leader's tail is cut where the new epoch begins") {
  const auto p = plan_rejoin({{begins(1, 0)}, lsn{95}, lsn{40}, true}, {{begins(1, 0), begins(2, 80)}, lsn{0}, lsn{200}});
  CHECK(p.what == kind::cut);
  CHECK(p.cut_at == lsn{80});
}

TEST_CASE("the log of a leader that nobody followed is cut, though its epoch is unknown to the next") {
  // Epoch 2 began at 80 and was lost; epoch 3 began at 90 on another node.
  const auto p = plan_rejoin({{begins(1, 0), begins(2, 80)}, lsn{85}, lsn{40}, true}, {{begins(1, 0), begins(3, 90)}, lsn{0}, lsn{200}});
  CHECK(p.what == kind::cut);
  CHECK(p.cut_at == lsn{80});
}

TEST_CASE("a checkpoint beyond the fork, recycled WAL and an unfinished backup need a base backup") {
  const primary_log leader{{begins(1, 0), begins(2, 80)}, lsn{60}, lsn{200}};
  CHECK(plan_rejoin({{begins(1, 0)}, lsn{95}, lsn{90}, true}, leader).what == kind::base_backup);
  CHECK(plan_rejoin({{begins(1, 0)}, lsn{50}, lsn{20}, true}, leader).what == kind::base_backup);
  CHECK(plan_rejoin({{begins(1, 0)}, lsn{70}, lsn{20}, false}, leader).what == kind::base_backup);
  CHECK(plan_rejoin({{begins(7, 0)}, lsn{70}, lsn{20}, true}, {{begins(8, 0)}, lsn{0}, lsn{9}}).what == kind::base_backup);
}

TEST_CASE("a leader whose log is behind in epochs is a stale one") {
  CHECK(plan_rejoin({{begins(1, 0), begins(4, 80)}, lsn{95}, lsn{0}, true}, {{begins(1, 0), begins(2, 80)}, lsn{0}, lsn{200}}).what ==
        kind::refuse);
}

TEST_CASE("random histories: the fork is where the bytes part") {
  // Goal: compare with logs kept byte for byte. Method: two logs share a random prefix of epochs and go on apart.
  std::mt19937 random(11);
  for (int run = 0; run < 2000; ++run) {
    std::vector<std::uint64_t> one, two;  // each byte is the epoch that wrote it
    std::uint64_t next = 1;
    const auto write = [&](std::vector<std::uint64_t>& log) { log.insert(log.end(), 1 + random() % 5, next++); };
    for (auto i = random() % 4; i > 0; --i) write(one);
    two = one;
    if (!one.empty() && random() % 2) two.resize(1 + random() % one.size());
    for (auto i = random() % 3; i > 0; --i) write(one);
    for (auto i = random() % 3; i > 0; --i) write(two);
    const auto history = [](const std::vector<std::uint64_t>& log) {
      std::vector<epoch_start> out;
      for (std::size_t i = 0; i < log.size(); ++i)
        if (i == 0 || log[i] != log[i - 1]) out.push_back(begins(log[i], i));
      return out;
    };
    std::size_t common = 0;
    while (common < std::min(one.size(), two.size()) && one[common] == two[common]) ++common;
    CHECK(fork_of(history(one), lsn{one.size()}, history(two), lsn{two.size()}) == lsn{common});
  }
}

TEST_CASE("a standby whose log is a prefix streams on from its end, in whatever epoch it ends") {
  CHECK(plan(3000, 3).what == kind::stream);
  CHECK(plan(2500, 3).cut_at == lsn{2500});
  CHECK(plan(1800, 2).what == kind::stream);
  CHECK(plan(2000, 2).what == kind::stream);
}

TEST_CASE("a tail beyond the fork is cut to the fork") {
  const auto p = plan(2100, 2);
  CHECK(p.what == kind::cut);
  CHECK(p.cut_at == lsn{2000});
}

TEST_CASE("WAL that is gone means a base backup") {
  CHECK(plan(400, 1).what == kind::base_backup);
  CHECK(plan(500, 1).what == kind::stream);
  CHECK(plan(600, 1, {history, lsn{2500}, lsn{3000}}).what == kind::base_backup);
  // Its fork itself has been recycled.
  CHECK(plan(1200, 1, {history, lsn{1500}, lsn{3000}}).what == kind::base_backup);
}

TEST_CASE("a node without a store takes a base backup, and so does one whose log has no epoch") {
  CHECK(plan_rejoin({{}, {}, {}, false}, leader_log).what == kind::base_backup);
  CHECK(plan_rejoin({{}, lsn{100}, {}, true}, leader_log).what == kind::base_backup);
}

TEST_CASE("a standby from a newer epoch is refused: this primary is stale") {
  CHECK(plan_rejoin({{begins(1, 0), begins(5, 3200)}, lsn{3500}, {}, true}, leader_log).what == kind::refuse);
  CHECK(plan_rejoin({{begins(1, 0)}, lsn{10}, {}, true}, {{}, lsn{0}, lsn{0}}).what == kind::refuse);
}

TEST_CASE("logs that cannot be the leader's take a base backup") {
  CHECK(plan(3001, 3).what == kind::base_backup);  // ahead of the only writer of its epoch
  CHECK(plan(900, 2).what == kind::base_backup);   // ends before its last epoch begins
}
