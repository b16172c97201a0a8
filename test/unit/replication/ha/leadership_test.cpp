#include "replication/ha/leadership.hpp"

#include <doctest/doctest.h>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

const ha::config_record first_config{epoch{3}, 1, a, {b}, 1};

struct fixture {
  ha::options o = two_and_witness(a);
  ha::outbox out{a};
  ha::leadership l{o, out, epoch{3}, at(0ms)};

  void grant(ha::time_point now, std::uint64_t sequence) {
    l.granted(now, a, {l.held().id(), sequence});
    l.granted(now, w, {l.held().id(), sequence});
  }
  void publish(ha::time_point now) {
    l.cohort_holds(now, first_config);
    l.stored(now, a, {epoch{3}, 1});
    l.stored(now, w, {epoch{3}, 1});
  }
};

}  // namespace

TEST_CASE("a leader opens only with a lease and a published config of its epoch, in either order") {
  fixture f;
  f.grant(at(1ms), 1);
  CHECK(!f.l.open());
  f.l.cohort_holds(at(2ms), first_config);
  f.l.stored(at(3ms), a, {epoch{3}, 1});
  f.l.stored(at(3ms), a, {epoch{3}, 1});
  CHECK(!f.l.open());
  CHECK(f.l.acknowledge_until() == ha::time_point::min());
  f.l.stored(at(4ms), w, {epoch{3}, 1});
  CHECK(f.l.open());
  CHECK(f.l.acknowledge_until() == at(1980ms));

  fixture g;
  g.publish(at(1ms));
  CHECK(!g.l.open());
  g.grant(at(2ms), 1);
  CHECK(g.l.open());
}

TEST_CASE("configs of other epochs and answers to other versions count for nothing") {
  fixture f;
  f.grant(at(1ms), 1);
  f.l.cohort_holds(at(1ms), {epoch{2}, 9, a, {b}, 1});
  f.l.cohort_holds(at(1ms), first_config);
  f.l.stored(at(1ms), a, {epoch{2}, 9});
  f.l.stored(at(1ms), w, {epoch{3}, 2});
  CHECK(!f.l.open());
}

TEST_CASE("a leader closes when its lease runs out and opens again in the same epoch when it is renewed") {
  fixture f;
  f.grant(at(1ms), 1);
  f.publish(at(1ms));
  (void)f.out.take();
  f.l.tick(at(1979ms));
  CHECK(f.l.open());
  f.l.tick(at(1980ms));
  CHECK(!f.l.open());
  const auto actions = f.out.take();
  CHECK(all_of<ha::close_writes>(actions).size() == 1);
  const auto asked = sent<ha::renewal>(actions);
  REQUIRE(!asked.empty());
  f.grant(at(1990ms), asked[0].second.sequence);
  CHECK(f.l.open());
}

TEST_CASE("an ended leadership closes and stays closed") {
  fixture f;
  f.grant(at(1ms), 1);
  f.publish(at(1ms));
  f.l.end("test");
  CHECK(!f.l.open());
  f.l.tick(at(500ms));
  f.grant(at(501ms), 2);
  CHECK(!f.l.open());
  CHECK(f.l.next_wake_up() == ha::time_point::max());
}

TEST_CASE("a config is published again to those who have not answered, and a newer one replaces it") {
  fixture f;
  f.l.cohort_holds(at(0ms), first_config);
  f.l.stored(at(1ms), w, {epoch{3}, 1});
  (void)f.out.take();
  f.l.tick(at(250ms));
  auto asked = sent<ha::publish>(f.out.take());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].first == b);
  f.l.cohort_holds(at(300ms), {epoch{3}, 2, a, {}, 0});
  asked = sent<ha::publish>(f.out.take());
  CHECK(asked.size() == 2);
  f.l.stored(at(301ms), a, {epoch{3}, 1});
  CHECK(f.l.in_force().version == 0);
}

TEST_CASE("a config without acknowledgements is announced as exposed") {
  fixture f;
  f.l.cohort_holds(at(0ms), {epoch{3}, 1, a, {}, 0});
  f.l.stored(at(1ms), a, {epoch{3}, 1});
  f.l.stored(at(1ms), w, {epoch{3}, 1});
  bool warned = false;
  for (const auto& n : all_of<ha::note>(f.out.take())) warned = warned || (n.severity == ha::note::level::warning && n.name == "config_in_force");
  CHECK(warned);
}

TEST_CASE("in manual mode a leader needs no lease, and the answers of those that are there") {
  auto o = two_and_witness(a);
  o.mode = ha::failover_mode::manual;
  ha::outbox out{a};
  ha::leadership l(o, out, epoch{3}, at(0ms));
  l.cohort_holds(at(1ms), first_config);
  l.reachable(at(1ms), {a, b});
  CHECK(!l.open());
  l.stored(at(2ms), a, {epoch{3}, 1});
  l.reachable(at(2ms), {a, b});
  CHECK(!l.open());
  l.reachable(at(3ms), {a});
  CHECK(l.open());
  CHECK(l.acknowledge_until() == ha::time_point::max());
  CHECK(sent<ha::renewal>(out.take()).empty());
}
