#include "replication/ha/voter.hpp"

#include <doctest/doctest.h>

#include <random>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

const ha::lease_id lease_of_a{a, 5, epoch{1}};

ha::durable_record blank() {
  ha::durable_record r;
  r.cluster_id = "test";
  return r;
}

}  // namespace

TEST_CASE("an epoch is promised to one candidate, a lower one to nobody") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.promise(at(0ms), epoch{3}, a).yes);
  CHECK(v.promise(at(0ms), epoch{3}, a).yes);
  CHECK(!v.promise(at(0ms), epoch{3}, b).yes);
  CHECK(!v.promise(at(0ms), epoch{2}, b).yes);
  CHECK(v.promise(at(0ms), epoch{4}, b).yes);
  CHECK(v.record().vote == b);
}

TEST_CASE("a grant excludes others for its period, and not its holder") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.grant(at(0ms), lease_of_a).yes);
  const auto no = v.promise(at(500ms), epoch{2}, b);
  CHECK(!no.yes);
  CHECK(no.retry_after == 1502ms);
  CHECK(!v.may_promise(at(2001ms), b).yes);
  CHECK(v.may_promise(at(2001ms), a).yes);
  CHECK(v.may_promise(at(2002ms), b).yes);
  CHECK(!v.grant(at(1000ms), {b, 1, epoch{2}}).yes);
  CHECK(v.promised() == epoch{2});  // b was elected by others: its epoch is believed, its lease is not granted
  CHECK(v.grant(at(2002ms), {b, 1, epoch{2}}).yes);
}

TEST_CASE("a renewal of a lower epoch than promised is refused") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.promise(at(0ms), epoch{2}, b).yes);
  CHECK(!v.grant(at(0ms), lease_of_a).yes);
}

TEST_CASE("a release ends the grant of the process and epoch that it names") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.grant(at(0ms), lease_of_a).yes);
  CHECK(!v.release(at(1ms), {a, 4, epoch{}}));
  CHECK(!v.release(at(1ms), {a, 5, epoch{2}}));
  CHECK(!v.may_promise(at(1ms), b).yes);
  CHECK(v.release(at(1ms), {a, 5, epoch{}}));
  CHECK(v.may_promise(at(1ms), b).yes);
}

TEST_CASE("a late renewal of a released lease is refused") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.grant(at(0ms), lease_of_a).yes);
  CHECK(v.release(at(1ms), lease_of_a));
  CHECK(!v.grant(at(2ms), lease_of_a).yes);
  CHECK(v.may_promise(at(3ms), b).yes);
}

TEST_CASE("a restarted voter honours the grant in its record for a whole period") {
  const auto o = two_and_witness(w);
  auto record = blank();
  record.grant = lease_of_a;
  ha::voter v(o, record, at(0ms));
  CHECK(!v.promise(at(2001ms), epoch{2}, b).yes);
  CHECK(v.promise(at(2002ms), epoch{2}, b).yes);
  ha::voter fresh(o, blank(), at(0ms));
  CHECK(fresh.promise(at(0ms), epoch{2}, b).yes);
}

TEST_CASE("two leaders of one epoch are told apart from an ordinary no") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.accept_leader(epoch{2}, a).yes);
  const auto no = v.accept_leader(epoch{2}, b);
  CHECK(!no.yes);
  CHECK(no.two_leaders);
  CHECK(!v.accept_leader(epoch{1}, b).two_leaders);
}

TEST_CASE("a voter that voted for the loser of an epoch accepts the winner") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.promise(at(0ms), epoch{2}, b).yes);
  CHECK(v.grant(at(1ms), {a, 5, epoch{2}}).yes);
}

TEST_CASE("the stored config only becomes later, by epoch and then by version") {
  const auto o = two_and_witness(w);
  ha::voter v(o, blank(), at(0ms));
  CHECK(v.store({epoch{1}, 9, a, {b}, 1}).yes);
  CHECK(v.store({epoch{1}, 8, a, {}, 0}).yes);
  CHECK(v.record().config.version == 9);
  CHECK(v.store({epoch{2}, 1, b, {}, 0}).yes);
  CHECK(v.record().config.number == epoch{2});
  CHECK(!v.store({epoch{1}, 10, a, {b}, 1}).yes);
}

TEST_CASE("in random histories the promise never decreases and nobody is promised beside a live grant") {
  const auto o = two_and_witness(w);
  std::mt19937 random(7);
  for (int run = 0; run < 200; ++run) {
    ha::voter v(o, blank(), at(0ms));
    auto now = at(0ms);
    epoch highest;
    for (int step = 0; step < 100; ++step) {
      now += std::chrono::milliseconds(random() % 700);
      const auto& who = random() % 2 ? a : b;
      const epoch number{1 + random() % 12};
      const auto live = v.granted(now);
      switch (random() % 4) {
        case 0:
          if (v.promise(now, number, who).yes && live) CHECK(live->lease.holder == who);
          break;
        case 1:
          if (v.grant(now, {who, 1, number}).yes && live) CHECK(live->lease.holder == who);
          break;
        case 2: v.release(now, {who, 1, number}); break;
        default: (void)v.store({number, random() % 5, who, {}, 0}); break;
      }
      CHECK(v.promised() >= highest);
      highest = v.promised();
    }
  }
}
