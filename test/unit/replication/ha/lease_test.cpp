#include "replication/ha/lease.hpp"

#include <doctest/doctest.h>

#include "ha_fixture.hpp"
#include "replication/ha/voter.hpp"

using namespace helios;
using namespace helios::testing;

TEST_CASE("the deadline counts from the sending of the Q-th newest granted renewal, less the guard") {
  const auto o = two_and_witness(a);
  ha::lease l(o, epoch{1});
  CHECK(l.deadline() == ha::time_point::min());
  const auto first = l.renew(at(0ms));
  l.granted(at(90ms), a, first);
  CHECK(!l.held(at(90ms)));
  l.granted(at(400ms), w, first);
  CHECK(l.deadline() == at(1980ms));
  const auto second = l.renew(at(500ms));
  l.granted(at(510ms), a, second);
  CHECK(l.deadline() == at(1980ms));
  l.granted(at(900ms), b, second);
  CHECK(l.deadline() == at(2480ms));
}

TEST_CASE("an answer to an older renewal does not set the deadline back") {
  const auto o = two_and_witness(a);
  ha::lease l(o, epoch{1});
  const auto first = l.renew(at(0ms));
  const auto second = l.renew(at(500ms));
  l.granted(at(510ms), a, second);
  l.granted(at(510ms), w, second);
  l.granted(at(520ms), w, first);
  CHECK(l.deadline() == at(2480ms));
}

TEST_CASE("answers of strangers, of nobody's renewal and of non-voters count for nothing") {
  auto o = two_and_witness(a);
  o.members.push_back({c, true, false});
  ha::lease l(o, epoch{1});
  const auto first = l.renew(at(0ms));
  l.granted(at(1ms), a, first);
  l.granted(at(1ms), c, first);
  l.granted(at(1ms), node_id{"stranger"}, first);
  l.granted(at(1ms), w, first + 1);
  CHECK(!l.held(at(1ms)));
}

TEST_CASE("an ended lease is never held again") {
  const auto o = two_and_witness(a);
  ha::lease l(o, epoch{1});
  const auto first = l.renew(at(0ms));
  l.granted(at(1ms), a, first);
  l.granted(at(1ms), w, first);
  CHECK(l.held(at(2ms)));
  l.end();
  CHECK(!l.held(at(2ms)));
  const auto second = l.renew(at(3ms));
  l.granted(at(4ms), a, second);
  l.granted(at(4ms), w, second);
  CHECK(!l.held(at(5ms)));
}

TEST_CASE("with the guard at its least, a slow holder's deadline passes before a fast voter's grant") {
  // Both clocks are off by the whole drift, in the bad directions; the renewal takes no time at all.
  for (const double drift : {0.0001, 0.001, 0.01, 0.1}) {
    auto o = two_and_witness(a);
    o.drift = drift;
    const double true_lease = (2'000.0 - 2'000.0 * drift) / (1.0 - drift);
    const double true_grant = std::chrono::duration<double, std::milli>(o.grant_period()).count() / (1.0 + drift);
    CHECK(true_lease <= true_grant + 1e-6);
  }
}
