// Manual mode: roles outlive restarts, only commands change them, and a command that would lose something disturbs nobody.
#include <doctest/doctest.h>

#include <algorithm>

#include "ha_fixture.hpp"

using namespace helios;
using namespace helios::testing;

namespace {

ha::options manual(const node_id& self) {
  auto o = three_data_nodes(self);
  o.mode = ha::failover_mode::manual;
  return o;
}

bool noted(small_cluster& cluster, const node_id& id, const std::string& name) {
  const auto all = all_of<ha::note>(cluster[id].seen);
  return std::any_of(all.begin(), all.end(), [&](const ha::note& n) { return n.name == name; });
}

/// What the last command of a node ended with; "none" before it ended.
std::string outcome(small_cluster& cluster, const node_id& id) {
  const auto done = all_of<ha::command_done>(cluster[id].seen);
  return done.empty() ? "none" : done.back().failure;
}

void fail_over(small_cluster& cluster, const node_id& to, bool accept_data_loss = false) {
  cluster.machine(to).command_failover(cluster.now(), 4, {accept_data_loss, accept_data_loss});
  cluster.pass(2s);
}

}  // namespace

TEST_CASE("manual: the configured primary leads at once where it hears everybody, and nobody replaces it") {
  small_cluster cluster(manual);
  cluster.pass(300ms);
  CHECK(cluster.leader() == a);
  CHECK(cluster.machine(a).lease_deadline() == ha::time_point::max());
  CHECK(cluster.machine(b).leader() == a);
  cluster.kill(a);
  cluster.pass(20s);
  CHECK(cluster.leader().value.empty());
}

TEST_CASE("manual: a primary that does not hear everybody listens first") {
  small_cluster cluster(manual);
  cluster.pass(1s);
  cluster.kill(a);
  cluster.kill(c);
  cluster.start(a);
  cluster.pass(450ms);
  CHECK(cluster.leader().value.empty());
  cluster.pass(200ms);
  CHECK(cluster.leader() == a);
}

TEST_CASE("manual: a promoted standby fences the old primary, which follows it when it returns") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  const auto before = cluster.machine(b).promised();
  cluster.kill(a);
  fail_over(cluster, b);
  REQUIRE(cluster.leader() == b);
  CHECK(outcome(cluster, b).empty());
  CHECK(cluster.machine(b).leader_epoch() > before);
  cluster.start(a);
  cluster.pass(3s);
  CHECK(cluster.leader() == b);
  CHECK(cluster.machine(a).leader() == b);
  CHECK(!cluster[a].open);
}

TEST_CASE("manual: the roles outlive a restart of everybody, whatever is configured") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  fail_over(cluster, b);
  cluster.start(a);
  cluster.pass(1s);
  for (const auto& id : {a, b, c}) cluster.kill(id);
  for (const auto& id : {a, c}) cluster.start(id);
  cluster.pass(10s);
  CHECK(cluster.leader().value.empty());
  cluster.start(b);
  cluster.pass(2s);
  CHECK(cluster.leader() == b);
  CHECK(cluster.machine(a).leader() == b);
}

TEST_CASE("manual: an old primary that starts where nobody hears it stays below the one that took its place") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  fail_over(cluster, b);
  REQUIRE(cluster.leader() == b);
  cluster.cut(a);
  for (int i = 0; i < 5; ++i) {
    cluster.start(a);
    cluster.pass(2s);
    CHECK(cluster[a].open);  // nobody says no, and nothing that counts is acknowledged without the others
    cluster.kill(a);
  }
  cluster.start(a);
  cluster.pass(2s);
  cluster.cut(a, false);
  cluster.pass(1s);
  CHECK(cluster[b].open);
  CHECK(!cluster[a].open);
  CHECK(cluster.machine(a).leader() == b);
}

TEST_CASE("manual: an old primary that hears of a higher promise does not lead by itself while another has led") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  fail_over(cluster, b);
  cluster.kill(b);
  cluster.kill(c);
  cluster.start(c);  // takes b for the primary, but has not heard it lead
  cluster.start(a);
  cluster.pass(20s);
  CHECK(cluster.leader().value.empty());
  CHECK(noted(cluster, a, "survey_lost"));
  cluster.start(b);
  cluster.pass(2s);
  CHECK(cluster.leader() == b);
}

TEST_CASE("manual: an old primary that promised an epoch to another while it listened does not lead by itself") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  cluster.cut(b);
  cluster.start(a);
  cluster.pass(100ms);
  cluster.machine(a).receive(cluster.now(), b, {epoch{9}, ha::recruit{epoch{9}, {}, true}});
  cluster.cut(c);
  cluster.pass(3s);
  CHECK(!cluster[a].open);
  CHECK(cluster.machine(a).role() == ha::member_role::undetermined);
}

TEST_CASE("manual: a node whose log has an epoch that it did not lead does not go on with an older lead of its own") {
  ha::durable_record record;
  record.cluster_id = "test";
  record.promised = epoch{3};
  record.vote = a;
  record.config = {epoch{3}, 1, a, {b}, 1};
  ha::member m(manual(a), record, {{epoch{7}, lsn{50}}, true}, at(0ms));
  for (auto t = 0ms; t < 4s; t += 50ms) {
    m.tick(at(t));
    for (const auto& p : all_of<ha::persist>(m.take_actions())) m.recorded(at(t), p.token);
    CHECK(m.role() == ha::member_role::undetermined);
  }
}

TEST_CASE("manual: an old primary follows the one that the others have heard lead, though it is away") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  fail_over(cluster, b);
  cluster.kill(b);
  cluster.start(a);
  cluster.pass(20s);
  CHECK(cluster.leader().value.empty());
  CHECK(cluster.machine(a).leader() == b);
}

TEST_CASE("manual: a living primary hands over to the standby that is promoted") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  const auto before = cluster.machine(a).promised();
  fail_over(cluster, b);
  CHECK(cluster.leader() == b);
  CHECK(outcome(cluster, b).empty());
  CHECK(noted(cluster, a, "switchover_begun"));
  // The old leader has promised the next one to its successor before it let go.
  CHECK(cluster.machine(b).leader_epoch() == epoch{before.value + 2});
  CHECK(cluster.machine(a).leader() == b);
}

TEST_CASE("manual: a primary that is lost while it is asked to hand over is replaced all the same") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  cluster.machine(b).command_failover(cluster.now(), 4, {});
  cluster.pass(500ms);
  CHECK(outcome(cluster, b) == "none");
  cluster.pass(2s);
  CHECK(cluster.leader() == b);
  CHECK(outcome(cluster, b).empty());
}

TEST_CASE("manual: a living primary that cannot hand over stays, and the promoted standby says why") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.machine(a).command_switchover(cluster.now(), 9, c, 10s);
  // Nobody has carried the hold out yet: the switchover to c is under way.
  cluster.machine(a).receive(cluster.now(), b, {epoch{1}, ha::take_over{epoch{1}}});
  const auto actions = cluster.machine(a).take_actions();
  const auto refused = sent<ha::take_over_refused>(actions);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].first == b);
  CHECK(refused[0].second.reason == "a switchover to c is running");
}

TEST_CASE("manual: a failover that would lose something asks for no promise") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  cluster[b].log.at.flushed.value += 50;
  cluster.machine(b).log_moved(cluster.now(), cluster[b].log);
  const auto before = cluster.machine(b).promised();
  fail_over(cluster, c);
  CHECK(outcome(cluster, c) == "b has more log");
  CHECK(cluster.machine(b).promised() == before);
  CHECK(cluster.machine(c).promised() == before);
  fail_over(cluster, c, true);
  CHECK(cluster.leader() == c);
  CHECK(all_of<ha::lead>(cluster[c].seen).back().data_loss);
  CHECK(noted(cluster, c, "data_loss"));
}

TEST_CASE("manual: no majority, no failover, unless the loss is accepted") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.kill(a);
  cluster.kill(b);
  fail_over(cluster, c);
  CHECK(outcome(cluster, c) == "1 of 3 promises, 2 needed");
  fail_over(cluster, c, true);
  CHECK(cluster.leader() == c);
}

TEST_CASE("manual: a primary that stopped for a candidate takes its lead back when that one does not come") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  cluster.machine(a).receive(cluster.now(), b, {epoch{1}, ha::recruit{epoch{9}, {}, true}});
  cluster.settle();
  CHECK(!cluster[a].open);
  cluster.pass(3s);
  CHECK(cluster.leader().value.empty());
  cluster.pass(5s);
  CHECK(cluster.leader() == a);
  CHECK(cluster.machine(a).leader_epoch() > epoch{9});
  CHECK(cluster.machine(c).leader() == a);
}

TEST_CASE("manual: a living primary is closed before the node opens that is forced") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  fail_over(cluster, b, true);
  CHECK(cluster[b].open);
  CHECK(!cluster[a].open);
  CHECK(cluster.machine(a).leader() == b);
}

TEST_CASE("manual: a request to hand over that was long under way moves no later lead") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  auto& leader = cluster.machine(a);
  leader.receive(cluster.now(), b, {epoch{1}, ha::take_over{epoch{leader.leader_epoch().value - 1}}});
  const auto refused = sent<ha::take_over_refused>(leader.take_actions());
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].second.reason == "epoch 0 is asked for, this is epoch 1");
  cluster.pass(3s);
  CHECK(cluster.leader() == a);
}

TEST_CASE("manual: only the primary that was asked to hand over can refuse to") {
  small_cluster cluster(manual);
  cluster.pass(3s);
  auto& asking = cluster.machine(b);
  asking.command_failover(cluster.now(), 4, {});
  static_cast<void>(asking.take_actions());
  const auto ended = [&asking] {
    const auto actions = asking.take_actions();
    return std::any_of(actions.begin(), actions.end(), [](const ha::action& x) { return std::holds_alternative<ha::command_done>(x); });
  };
  asking.receive(cluster.now(), c, {epoch{1}, ha::take_over_refused{"no"}});
  CHECK(!ended());
  asking.receive(cluster.now(), a, {epoch{1}, ha::take_over_refused{"no"}});
  CHECK(ended());
}
