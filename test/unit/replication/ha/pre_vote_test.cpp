// Candidates that ask at one time: one gives way.
#include "replication/ha/member.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

/// A member that has begun to ask for votes itself, and has heard from the others.
std::unique_ptr<ha::member> asking(const node_id& self) {
  auto made = std::make_unique<ha::member>(three_data_nodes(self), ha::durable_record{}, ha::log_state{}, at(0ms));
  auto& out = *made;
  for (const auto& other : {a, b, c}) {
    if (other != self) out.receive(at(1ms), other, {epoch{0}, ha::heartbeat{1, {}, {}, false, {true, sync_mode::sync, 100, {}}}});
  }
  (void)out.take_actions();
  for (auto now = at(1s); sent<ha::pre_vote>(out.take_actions()).empty(); now += 5ms) {
    REQUIRE(now < at(20s));
    out.tick(now);
  }
  return made;
}

ha::pre_vote_reply ask(ha::member& m, const node_id& from) {
  m.receive(at(20s), from, {epoch{0}, ha::heartbeat{1, {}, {}, false, {true, sync_mode::sync, 100, {}}}});
  (void)m.take_actions();
  m.receive(at(20s), from, {epoch{0}, ha::pre_vote{1, {}}});
  for (const auto& [to, reply] : sent<ha::pre_vote_reply>(m.take_actions()))
    if (to == from) return reply;
  FAIL("no answer");
  return {};
}

}  // namespace

TEST_CASE("of two candidates that ask at one time, the one that ranks behind gives way") {
  const auto made = asking(b);
  auto& first = *made;
  CHECK_FALSE(ask(first, c).yes);  // equal logs and priorities: the name decides
  CHECK(ask(first, a).yes);
  CHECK(ask(first, c).yes);        // it has given way to a, and asks no more
}
