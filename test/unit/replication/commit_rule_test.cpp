// The commit rule and the planner of the cohort: examples first, then random histories checked against the rule in its
// plainest form.
#include "replication/commit_rule.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "replication/cohort_planner.hpp"

using namespace helios;
using namespace helios::replication;
using std::chrono::milliseconds;
using time_point = std::chrono::steady_clock::time_point;

namespace {

const node_id a{"a"}, b{"b"}, c{"c"};

commit_rule::position has(sync_mode mode, std::uint64_t flushed, std::uint64_t applied) {
  return {mode, lsn{flushed}, lsn{applied}};
}
commit_rule::recorded config(std::uint64_t version, std::vector<node_id> members, std::uint32_t acks, std::uint64_t end) {
  return {{version, std::move(members), acks}, lsn{end}};
}

}  // namespace

TEST_CASE("without acknowledgements needed the leader's fsync commits") {
  commit_rule rule(config(1, {}, 0, 10), lsn{10});
  CHECK(rule.watermark() == lsn{10});
  CHECK(rule.leader_flushed(lsn{50}) == lsn{50});
}

TEST_CASE("a sync standby must have flushed and applied, a semi-sync one only flushed, an async one never counts") {
  commit_rule rule(config(1, {a}, 1, 0), lsn{0});
  rule.leader_flushed(lsn{100});
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 90, 40)) == lsn{40});
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 90, 90)) == lsn{90});

  commit_rule semi(config(1, {a}, 1, 0), lsn{0});
  semi.leader_flushed(lsn{100});
  CHECK(semi.acknowledged(a, has(sync_mode::semi_sync, 90, 0)) == lsn{90});
  CHECK(semi.acknowledged(b, has(sync_mode::sync, 100, 100)) == lsn{90});

  commit_rule async(config(1, {a}, 1, 0), lsn{0});
  async.leader_flushed(lsn{100});
  CHECK(async.acknowledged(a, has(sync_mode::async, 90, 90)) == lsn{0});
}

TEST_CASE("the leader's own fsync is always needed") {
  commit_rule rule(config(1, {a}, 1, 0), lsn{0});
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 500, 500)) == lsn{0});
  CHECK(rule.leader_flushed(lsn{300}) == lsn{300});
}

TEST_CASE("K of S: the Kth best member decides") {
  commit_rule rule(config(1, {a, b, c}, 2, 0), lsn{0});
  rule.leader_flushed(lsn{1000});
  rule.acknowledged(a, has(sync_mode::sync, 300, 300));
  CHECK(rule.watermark() == lsn{0});
  CHECK(rule.acknowledged(b, has(sync_mode::sync, 200, 200)) == lsn{200});
  CHECK(rule.acknowledged(c, has(sync_mode::sync, 250, 250)) == lsn{250});
}

TEST_CASE("more acknowledgements than members block") {
  commit_rule rule(config(1, {a}, 2, 0), lsn{0});
  rule.leader_flushed(lsn{100});
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 100, 100)) == lsn{0});
}

TEST_CASE("degrading releases what waited, once the leader has flushed the config record") {
  commit_rule rule(config(1, {a}, 1, 0), lsn{0});
  rule.leader_flushed(lsn{100});
  CHECK(rule.watermark() == lsn{0});
  rule.propose(config(2, {}, 0, 120));
  CHECK(rule.leader_flushed(lsn{110}) == lsn{0});
  CHECK(rule.pending());
  CHECK(rule.leader_flushed(lsn{120}) == lsn{120});
  CHECK_FALSE(rule.pending());
}

TEST_CASE("a joining standby binds from the proposal on, and is in force once it holds its own config record") {
  commit_rule rule(config(1, {}, 0, 0), lsn{0});
  rule.leader_flushed(lsn{100});
  rule.acknowledged(a, has(sync_mode::sync, 80, 80));
  rule.propose(config(2, {a}, 1, 120));
  CHECK(rule.leader_flushed(lsn{150}) == lsn{100});
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 110, 110)) == lsn{110});
  CHECK(rule.pending());
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 120, 120)) == lsn{120});
  CHECK(rule.in_force().rule.version == 2);
}

TEST_CASE("a proposal that cannot be met is replaced by the next one") {
  commit_rule rule(config(1, {}, 0, 0), lsn{0});
  rule.leader_flushed(lsn{100});
  rule.propose(config(2, {a}, 1, 110));
  CHECK(rule.leader_flushed(lsn{200}) == lsn{100});
  rule.propose(config(3, {}, 0, 210));
  CHECK(rule.leader_flushed(lsn{210}) == lsn{210});
  CHECK(rule.in_force().rule.version == 3);
  CHECK_FALSE(rule.pending());
}

TEST_CASE("the watermark stays within the rule and never falls, in random histories") {
  // Each step is a random piece of news. After it the watermark is compared with the definition, spelled out per LSN:
  // either it did not move, or the LSN it moved to satisfies the cohort in force and every proposed one.
  const std::vector<node_id> nodes = {a, b, c};
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    auto pick = [&random](std::uint64_t below) { return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random); };
    commit_rule rule(config(1, {}, 0, 0), lsn{0});
    std::uint64_t version = 1, written = 1, flushed = 0;
    struct copy { sync_mode mode{}; std::uint64_t flushed = 0, applied = 0; };
    std::vector<copy> copies(3);
    for (auto& each : copies) each.mode = static_cast<sync_mode>(pick(3));
    for (int step = 0; step < 60; ++step) {
      const lsn before = rule.watermark();
      const auto who = pick(3);
      auto& it = copies[who];
      switch (pick(4)) {
        case 0:
          written += pick(20);
          break;
        case 1:
          flushed += pick(written - flushed + 1);
          rule.leader_flushed(lsn{flushed});
          break;
        case 2:
          it.flushed += pick(written - it.flushed + 1);
          it.applied += pick(written - it.applied + 1);
          if (pick(20) == 0) it.applied = pick(it.applied + 1);  // restarted: replays
          rule.acknowledged(nodes[who], {it.mode, lsn{it.flushed}, lsn{it.applied}});
          break;
        case 3: {
          std::vector<node_id> members;
          for (const auto& n : nodes)
            if (pick(3) != 0) members.push_back(n);
          written += 5;
          rule.propose({{++version, members, static_cast<std::uint32_t>(pick(4))}, lsn{written}});
          break;
        }
      }
      const lsn now = rule.watermark();
      REQUIRE_MESSAGE(now >= before, "seed " << seed);
      if (now == before) continue;
      REQUIRE_MESSAGE(now <= lsn{flushed}, "seed " << seed);
      auto held_enough = [&](const cohort& rule_of) {
        std::uint32_t count = 0;
        for (const auto& member : rule_of.members) {
          const auto& m = copies[member == a ? 0u : member == b ? 1u : 2u];
          const bool flushed_it = lsn{m.flushed} >= now, applied_it = lsn{m.applied} >= now;
          if (m.mode == sync_mode::sync) count += flushed_it && applied_it;
          if (m.mode == sync_mode::semi_sync) count += flushed_it;
        }
        return count >= rule_of.acks_needed;
      };
      REQUIRE_MESSAGE(held_enough(rule.in_force().rule), "seed " << seed);
      if (rule.pending()) REQUIRE_MESSAGE(held_enough(rule.newest().rule), "seed " << seed);
    }
  }
}

namespace {

struct scene {
  cluster_view view;
  planner_options options;

  explicit scene(bool strict, std::uint32_t acks = 1) {
    options.strict = strict;
    options.sync_acks = acks;
    view.current = {1, {}, 0};
    if (strict) view.current.acks_needed = acks;
    view.now = view.started = time_point(milliseconds(100'000));
  }
  standby_view& add(const node_id& id, sync_mode mode) {
    view.standbys.push_back({id, mode, true, false, lsn{1000}, view.now});
    return view.standbys.back();
  }
  /// Plans until nothing changes and gives the cohort reached.
  cohort settle() {
    for (int i = 0; i < 10; ++i) {
      auto next = plan_cohort(view, options);
      if (!next) return view.current;
      CHECK(next->version == view.current.version + 1);
      view.current = *next;
    }
    FAIL("the plan does not settle");
    return view.current;
  }
};

}  // namespace

TEST_CASE("the first config record is always written") {
  scene s(false);
  s.view.current = {};
  CHECK(plan_cohort(s.view, s.options)->version == 1);
}

TEST_CASE("a streaming sync standby joins, and alone makes the cohort even with semi-sync ones about") {
  scene s(false);
  s.add(a, sync_mode::sync);
  s.add(b, sync_mode::semi_sync);
  s.add(c, sync_mode::async);
  const auto reached = s.settle();
  CHECK(reached.members == std::vector<node_id>{a});
  CHECK(reached.acks_needed == 1);
}

TEST_CASE("a standby that has not flushed past the config record, or still catches up, does not join") {
  scene s(false);
  s.view.current_since = lsn{2000};
  s.add(a, sync_mode::sync);
  CHECK_FALSE(plan_cohort(s.view, s.options));
  s.view.standbys[0].flushed = lsn{2000};
  s.view.standbys[0].streaming = false;
  CHECK_FALSE(plan_cohort(s.view, s.options));
  s.view.standbys[0].streaming = true;
  CHECK(plan_cohort(s.view, s.options));
}

TEST_CASE("available: a silent sync standby leaves after the timeout, a semi-sync one takes over, and it returns") {
  scene s(false);
  s.add(a, sync_mode::sync);
  s.add(b, sync_mode::semi_sync);
  s.settle();
  s.view.now += s.options.sync_timeout - milliseconds(1);
  s.view.standbys[1].last_heard = s.view.now;
  CHECK_FALSE(plan_cohort(s.view, s.options));
  CHECK_FALSE(is_degraded(s.view.current, s.view.standbys, s.options));
  s.view.now += milliseconds(1);
  auto reached = s.settle();
  CHECK(reached.members == std::vector<node_id>{b});
  CHECK(reached.acks_needed == 1);
  CHECK(is_degraded(reached, s.view.standbys, s.options));
  s.view.now += s.options.sync_timeout;
  reached = s.settle();
  CHECK(reached.members.empty());
  CHECK(reached.acks_needed == 0);
  s.view.standbys[0].last_heard = s.view.now;
  reached = s.settle();
  CHECK(reached.members == std::vector<node_id>{a});
  CHECK_FALSE(is_degraded(reached, s.view.standbys, s.options));
}

TEST_CASE("available: a goodbye needs no timeout") {
  scene s(false);
  s.add(a, sync_mode::sync);
  s.settle();
  s.view.standbys[0].left = true;
  CHECK(s.settle().acks_needed == 0);
}

TEST_CASE("available: a restarted primary waits the timeout for the members that its log names") {
  scene s(false);
  s.view.current = {7, {a}, 1};
  CHECK_FALSE(plan_cohort(s.view, s.options));
  s.view.now += s.options.sync_timeout;
  CHECK(s.settle().acks_needed == 0);
}

TEST_CASE("strict: silence changes nothing, and semi-sync ones do not stand in for a sync one") {
  scene s(true);
  s.add(a, sync_mode::sync);
  s.add(b, sync_mode::semi_sync);
  CHECK(s.settle().members == std::vector<node_id>{a});
  s.view.standbys[0].left = true;
  s.view.now += milliseconds(3'600'000);
  s.view.standbys[1].last_heard = s.view.now;
  CHECK_FALSE(plan_cohort(s.view, s.options));
  s.view.standbys.erase(s.view.standbys.begin());  // a restarted primary has not met it yet
  CHECK_FALSE(plan_cohort(s.view, s.options));
}

TEST_CASE("who is no member of the cluster any more leaves, whatever the policy") {
  for (const bool strict : {false, true}) {
    scene s(strict);
    s.add(a, sync_mode::sync);
    s.add(b, sync_mode::sync);
    CHECK(s.settle().members == std::vector<node_id>{a, b});
    s.view.gone = {a};
    s.view.standbys.erase(s.view.standbys.begin());
    CHECK(s.settle().members == std::vector<node_id>{b});
  }
}

TEST_CASE("strict: with no standby at all writes block, with only semi-sync ones a flush counts") {
  scene s(true);
  s.view.current = {};
  auto first = s.settle();
  CHECK(first.members.empty());
  CHECK(first.acks_needed == 1);
  s.add(b, sync_mode::semi_sync);
  const auto reached = s.settle();
  CHECK(reached.members == std::vector<node_id>{b});
  CHECK(reached.acks_needed == 1);
}

TEST_CASE("available asks for as many acknowledgements as there are members, strict for all") {
  scene s(false, 2);
  s.add(a, sync_mode::sync);
  CHECK(s.settle().acks_needed == 1);
  CHECK(is_degraded(s.view.current, s.view.standbys, s.options));
  s.add(b, sync_mode::sync);
  CHECK(s.settle().acks_needed == 2);
  scene t(true, 2);
  t.add(a, sync_mode::sync);
  CHECK(t.settle().acks_needed == 2);
}

TEST_CASE("sync_acks 0 never waits for anyone") {
  scene s(false, 0);
  s.add(a, sync_mode::sync);
  CHECK_FALSE(plan_cohort(s.view, s.options));
  CHECK_FALSE(is_degraded(s.view.current, s.view.standbys, s.options));
}

TEST_CASE("any state of the cluster leads to a plan that settles, in random scenes") {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    std::mt19937 random(seed);
    auto pick = [&random](int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); };
    scene s(pick(2) == 0, static_cast<std::uint32_t>(pick(3)));
    for (const auto& id : {a, b, c}) {
      if (pick(4) == 0) continue;
      auto& added = s.add(id, static_cast<sync_mode>(pick(3)));
      added.streaming = pick(2) == 0;
      added.left = pick(3) == 0;
      added.last_heard = s.view.now - milliseconds(pick(10'000));
      if (pick(2) == 0) s.view.current.members.push_back(id);
    }
    const auto reached = s.settle();
    if (s.options.strict) CHECK(reached.acks_needed >= std::min(1u, s.options.sync_acks));
    else CHECK(reached.acks_needed <= reached.members.size());
  }
}

TEST_CASE("an opening rule acknowledges nothing before a cohort of its epoch is published") {
  // Otherwise a node could acknowledge the old tail without holding the new epoch's start, and lose to a third log.
  auto rule = commit_rule::opening(lsn{40});
  rule.leader_flushed(lsn{100});
  rule.propose(config(5, {a}, 1, 100));
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 90, 90)) == lsn{40});
  CHECK(rule.held_proposal() == nullptr);
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 100, 100)) == lsn{40});
  REQUIRE(rule.held_proposal() != nullptr);
  CHECK(rule.held_proposal()->rule.version == 5);
  CHECK(rule.published(4) == lsn{40});
  CHECK(rule.published(5) == lsn{100});
  CHECK(!rule.pending());
}

TEST_CASE("with voters a held cohort binds together with the old one until it is published") {
  commit_rule rule(config(1, {a}, 1, 10), lsn{10});
  rule.require_voters();
  rule.leader_flushed(lsn{100});
  rule.propose(config(2, {b}, 1, 20));
  rule.acknowledged(b, has(sync_mode::sync, 100, 100));
  CHECK(rule.in_force().rule.version == 1);
  CHECK(rule.acknowledged(a, has(sync_mode::sync, 60, 60)) == lsn{60});
  CHECK(rule.published(2) == lsn{100});
}

TEST_CASE("a published cohort carries the watermark to its record's end, whatever its members say since") {
  // Regression: a standby connected anew between the publication and the voters' answers, and the new leader opened showing less
  // than its predecessor had acknowledged.
  auto rule = commit_rule::opening(lsn{4});
  rule.leader_flushed(lsn{10});
  rule.propose(config(2, {a}, 1, 10));
  rule.acknowledged(a, has(sync_mode::semi_sync, 10, 10));
  REQUIRE(rule.held_proposal() != nullptr);
  rule.acknowledged(a, has(sync_mode::async, 10, 10));
  CHECK(rule.published(2) == lsn{10});
}
