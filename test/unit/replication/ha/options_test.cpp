#include "replication/ha/options.hpp"

#include <doctest/doctest.h>

#include <string>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

std::string breach(ha::options o) {
  const auto checked = ha::validate(o);
  return checked ? "" : checked.failure().detail;
}

}  // namespace

TEST_CASE("the defaults are valid") { CHECK(breach(two_and_witness(a)) == ""); }

TEST_CASE("a broken inequality is named with its values") {
  auto o = two_and_witness(a);
  o.renew_every = 600ms;
  CHECK(breach(o) == "lease >= 4 * renew_every: 2000 ms < 4 * 600 ms");
  o = two_and_witness(a);
  o.drift = 0.05;
  CHECK(breach(o) == "guard >= lease * drift: 20 ms < 2000 ms * 0.05");
  o = two_and_witness(a);
  o.suspect_after = 3000ms;
  CHECK(breach(o) == "suspect_after <= lease: 3000 ms > 2000 ms");
  o = two_and_witness(a);
  o.lease = 100ms;
  CHECK(breach(o) == "500 ms <= lease <= 60000 ms: 100 ms");
  o = two_and_witness(a);
  o.heartbeat = 600ms;
  CHECK(breach(o) == "suspect_after >= 2 * heartbeat: 1000 ms < 2 * 600 ms");
}

TEST_CASE("members are checked") {
  auto o = two_and_witness(node_id{"stranger"});
  CHECK(breach(o) == "this node, stranger, is not among the members");
  o = two_and_witness(a);
  o.members.push_back({a, true, true});
  CHECK(breach(o) == "member a is listed twice");
  o = two_and_witness(a);
  o.first_primary = w;
  CHECK(breach(o) == "first_primary must be a data node of the members");
  o = two_and_witness(a);
  o.members[2].voter = false;
  CHECK(breach(o) == "witness w does not vote");
}

TEST_CASE("the quorum is a majority of the voters") {
  auto o = two_and_witness(a);
  CHECK(o.quorum() == 2);
  o.members.push_back({c, true, true});
  CHECK(o.quorum() == 3);
  o.members.back().voter = false;
  CHECK(o.quorum() == 2);
}

TEST_CASE("a voter refuses others for longer than the lease, by the drift") {
  CHECK(two_and_witness(a).grant_period() == std::chrono::microseconds(2'002'000));
}
