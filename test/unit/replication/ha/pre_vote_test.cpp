// Candidates that ask at one time: a yes of a voter is for one of them.
#include "replication/ha/member.hpp"

#include <doctest/doctest.h>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

/// What the member answers to a pre-vote of `from`.
ha::pre_vote_reply ask(ha::member& m, ha::time_point now, const node_id& from) {
  m.receive(now, from, {epoch{0}, ha::pre_vote{1, {}}});
  const auto replies = sent<ha::pre_vote_reply>(m.take_actions());
  REQUIRE(replies.size() == 1);
  return replies[0].second;
}

}  // namespace

TEST_CASE("a voter holds its yes to a pre-vote for the one who has it") {
  ha::member voter(three_data_nodes(c), {}, {}, at(0ms));
  (void)voter.take_actions();
  const auto start = at(5s);
  CHECK(ask(voter, start, a).yes);
  const auto no = ask(voter, start + 1ms, b);
  CHECK_FALSE(no.yes);
  CHECK(no.retry_after_us > 0);
  CHECK(ask(voter, start + 2ms, a).yes);
  CHECK(ask(voter, start + 2ms + three_data_nodes(c).retry_jitter, b).yes);
}
