#include "replication/ha/campaign.hpp"

#include <doctest/doctest.h>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

const ha::config_record cohort_b{epoch{1}, 1, a, {b}, 1};

ha::pre_vote_reply yes(std::uint64_t round, std::uint64_t flushed = 50, std::uint32_t priority = 100) {
  ha::pre_vote_reply out;
  out.round = round;
  out.yes = true;
  out.promised = epoch{1};
  out.config = cohort_b;
  out.data = {true, sync_mode::sync, priority, {{epoch{1}, lsn{flushed}}, true}};
  return out;
}
ha::pre_vote_reply no(std::uint64_t round, std::chrono::microseconds wait) {
  ha::pre_vote_reply out;
  out.round = round;
  out.retry_after_us = wait.count();
  return out;
}
ha::promise promised(std::uint64_t number, std::uint64_t flushed) {
  return {epoch{number}, cohort_b, {true, sync_mode::sync, 100, {{epoch{1}, lsn{flushed}}, true}}};
}

struct fixture {
  ha::options o = two_and_witness(b);
  ha::outbox out{b};
  ha::campaign c{o, out};
};

}  // namespace

TEST_CASE("a campaign asks everybody first and recruits an epoch above every promise that it heard of") {
  fixture f;
  f.c.begin(at(0ms), {}, epoch{1});
  CHECK(sent<ha::pre_vote>(f.out.take()).size() == 2);
  CHECK(f.out.take_own().size() == 1);
  f.c.answered(at(1ms), b, yes(1));
  CHECK(f.c.at() == ha::campaign::stage::pre_vote);
  auto from_w = yes(1);
  from_w.promised = epoch{6};
  from_w.data = {};
  f.c.answered(at(2ms), w, from_w);
  CHECK(f.c.at() == ha::campaign::stage::recruiting);
  CHECK(f.c.number() == epoch{7});
  CHECK(sent<ha::recruit>(f.out.take()).size() == 2);
}

TEST_CASE("no epoch is asked for where it could not be won") {
  fixture f;
  f.o.self = b;
  f.c.begin(at(0ms), {}, epoch{1});
  auto uncovered = yes(1);
  uncovered.config = {epoch{1}, 2, a, {}, 0};
  f.c.answered(at(1ms), b, uncovered);
  f.c.answered(at(1ms), w, uncovered);
  CHECK(f.c.at() == ha::campaign::stage::pre_vote);
  f.c.answered(at(1ms), a, no(1, 0us));
  CHECK(!f.c.running());
  CHECK(sent<ha::recruit>(f.out.take()).empty());
}

TEST_CASE("a lost pre-vote is tried again when the voters' grants have ended") {
  fixture f;
  f.c.begin(at(0ms), {}, epoch{1});
  f.c.answered(at(1ms), b, yes(1));
  f.c.answered(at(1ms), w, no(1, 900ms));
  CHECK(f.c.running());  // a may still say yes
  f.c.answered(at(1ms), a, no(1, 700ms));
  CHECK(!f.c.running());
  CHECK(f.c.not_before() >= at(701ms));
  CHECK(f.c.not_before() <= at(701ms) + f.o.retry_jitter);
}

TEST_CASE("answers of an earlier round count for nothing") {
  fixture f;
  f.c.begin(at(0ms), {}, epoch{1});
  f.c.cancel(at(0ms), "test");
  f.c.begin(at(500ms), {}, epoch{1});
  f.c.answered(at(501ms), b, yes(1));
  f.c.answered(at(501ms), w, yes(1));
  CHECK(f.c.at() == ha::campaign::stage::pre_vote);
}

TEST_CASE("a candidate leaves it to a node with more log, and once to one with a higher priority") {
  fixture f;
  const ha::config_record both{epoch{1}, 1, node_id{"z"}, {a, b}, 1};
  const auto with = [&](ha::pre_vote_reply r) {
    r.config = both;
    return r;
  };
  f.c.begin(at(0ms), {}, epoch{1});
  f.c.answered(at(1ms), b, with(yes(1, 50)));
  f.c.answered(at(1ms), a, with(yes(1, 51)));
  CHECK(!f.c.running());
  auto nominated = sent<ha::nominate>(f.out.take());
  REQUIRE(nominated.size() == 1);
  CHECK(nominated[0].first == a);

  f.c.begin(at(1000ms), {}, epoch{1});
  f.c.answered(at(1001ms), b, with(yes(2, 50)));
  f.c.answered(at(1001ms), a, with(yes(2, 50, 200)));
  CHECK(!f.c.running());
  f.c.begin(at(2000ms), {}, epoch{1});
  f.c.answered(at(2001ms), b, with(yes(3, 50)));
  f.c.answered(at(2001ms), a, with(yes(3, 50, 200)));
  CHECK(f.c.at() == ha::campaign::stage::recruiting);
}

TEST_CASE("a campaign is won once, with what was promised") {
  fixture f;
  f.c.begin(at(0ms), {ha::campaign_reason::switchover, {}, {}, 0}, epoch{1});
  CHECK(f.c.number() == epoch{2});
  f.c.promised(at(1ms), w, {epoch{2}, cohort_b, {}});
  CHECK(!f.c.take_win());
  f.c.promised(at(2ms), b, promised(2, 50));
  const auto won = f.c.take_win();
  REQUIRE(won);
  CHECK(won->number == epoch{2});
  CHECK(won->promises.size() == 2);
  CHECK(!f.c.take_win());
  CHECK(!f.c.running());
}

TEST_CASE("promises of another epoch count for nothing") {
  fixture f;
  f.c.begin(at(0ms), {ha::campaign_reason::switchover, {}, {}, 0}, epoch{4});
  f.c.promised(at(1ms), w, {epoch{2}, cohort_b, {}});
  f.c.promised(at(1ms), b, promised(5, 50));
  CHECK(!f.c.take_win());
}

TEST_CASE("a refusal that names a higher promise ends the attempt, and the next one is above it") {
  fixture f;
  f.c.begin(at(0ms), {ha::campaign_reason::by_hand, {}, {}, 17}, epoch{1});
  f.c.refused(at(1ms), w, {epoch{2}, epoch{8}, 0, "epoch 8 is promised"});
  CHECK(!f.c.running());
  const auto done = all_of<ha::command_done>(f.out.take());
  REQUIRE(done.size() == 1);
  CHECK(done[0].command == 17);
  CHECK(!done[0].failure.empty());
}

TEST_CASE("an attempt ends in time, and asks again meanwhile who has not answered") {
  fixture f;
  f.c.begin(at(0ms), {ha::campaign_reason::switchover, {}, {}, 0}, epoch{1});
  (void)f.out.take();
  f.c.promised(at(1ms), w, {epoch{2}, cohort_b, {}});
  f.c.tick(at(200ms));
  const auto again = sent<ha::recruit>(f.out.take());
  REQUIRE(again.size() == 1);
  CHECK(again[0].first == a);
  f.c.tick(at(1000ms));
  CHECK(!f.c.running());
}
