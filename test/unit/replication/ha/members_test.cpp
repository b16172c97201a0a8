// Adding and removing members and votes while the cluster runs.
#include <doctest/doctest.h>

#include <algorithm>

#include "ha_fixture.hpp"
#include "replication/ha/membership_change.hpp"

using namespace helios;
using namespace helios::testing;
using ha::member_change;
using ha::member_entry;

namespace {

const node_id d{"d"};
constexpr auto put = member_change::kind::put, drop = member_change::kind::remove;

/// Three data nodes; `d` knows them and itself, as its own settings say before it is added.
ha::options three_and_a_new_one(const node_id& self) {
  auto o = three_data_nodes(self);
  if (self == d) o.members.push_back({d, true, true});
  return o;
}

/// What became of a command; empty: it has not ended.
std::optional<std::string> end_of(small_cluster& cluster, const node_id& on, std::uint64_t command) {
  for (const auto& done : all_of<ha::command_done>(cluster[on].seen))
    if (done.command == command) return done.failure;
  return std::nullopt;
}

std::optional<std::string> change(small_cluster& cluster, const node_id& on, member_change what, std::chrono::milliseconds wait = 1s) {
  static std::uint64_t command = 0;
  cluster.machine(on).command_members(cluster.now(), ++command, std::move(what), 5s);
  cluster.settle();
  cluster.pass(wait);
  return end_of(cluster, on, command);
}

std::vector<std::string> names(small_cluster& cluster, const node_id& on) {
  std::vector<std::string> out;
  for (const auto& m : cluster.machine(on).settings().members) out.push_back(m.id.value + (m.voter ? "" : "-"));
  return out;
}

void start_new(small_cluster& cluster, const node_id& id) {
  cluster[id].record.cluster_id = "test";
  cluster.start(id);
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("one voter changes from a list to the next") {
  const std::vector<member_entry> two{{a, true, true}, {b, true, true}};
  const auto added = ha::next_members(two, {put, {c, true, true, "host"}});
  REQUIRE(added);
  CHECK(added->back() == member_entry{c, true, false, "host"});
  const auto voting = ha::next_members(*added, {put, {c, true, true, "host"}});
  REQUIRE(voting);
  CHECK(voting->back().voter);
  CHECK(!ha::next_members(*voting, {put, {c, true, true, "host"}}));
  CHECK(ha::next_members(*voting, {drop, {c}}) == two);
  CHECK(!ha::next_members(two, {drop, {c}}));
}

TEST_CASE("a new member gets its vote when it is heard as a member") {
  small_cluster cluster(three_and_a_new_one);
  cluster.pass(3s);
  REQUIRE(cluster.leader() == a);
  CHECK(!change(cluster, a, {put, {d, true, true}}));
  for (const auto& n : {a, b, c}) CHECK(names(cluster, n) == list{"a", "b", "c", "d-"});
  start_new(cluster, d);
  cluster.pass(2s);
  for (const auto& n : {a, b, c, d}) CHECK(names(cluster, n) == list{"a", "b", "c", "d"});
  CHECK(cluster.machine(d).leader() == a);
  // Three of four are needed now, and the new one is among them.
  cluster.kill(a);
  cluster.pass(4s);
  CHECK(cluster.leader() == b);
  cluster.kill(c);
  cluster.pass(4s);
  CHECK(cluster.leader() == node_id{});
}

TEST_CASE("a member that does not come stays without a vote, and the command says why") {
  small_cluster cluster(three_and_a_new_one);
  cluster.pass(3s);
  const auto end = change(cluster, a, {put, {d, true, true}}, 6s);
  REQUIRE(end);
  CHECK(*end == "not finished in time: d is a member without a vote, since it is not heard");
  CHECK(names(cluster, b) == list{"a", "b", "c", "d-"});
  start_new(cluster, d);
  cluster.pass(1s);
  CHECK(change(cluster, a, {put, {d, true, true}}) == "");
  CHECK(names(cluster, d) == list{"a", "b", "c", "d"});
}

TEST_CASE("without the removed voter fewer are needed") {
  small_cluster cluster(three_data_nodes);
  cluster.pass(3s);
  CHECK(change(cluster, a, {drop, {c}}) == "");
  CHECK(change(cluster, a, {drop, {b}}) == "");
  cluster.kill(b);
  cluster.kill(c);
  cluster.pass(4s);
  CHECK(cluster.leader() == a);
  CHECK(names(cluster, a) == list{"a"});
}

TEST_CASE("who was removed leads nothing and is not heard any more") {
  small_cluster cluster(three_data_nodes);
  cluster.pass(3s);
  CHECK(change(cluster, a, {drop, {c}}) == "");
  cluster.kill(a);
  cluster.pass(4s);
  CHECK(cluster.leader() == node_id{});  // b alone is no majority, whatever c would say
  CHECK(cluster.machine(b).promised() == cluster.machine(b).record().config.number);
  cluster.start(a);
  cluster.pass(4s);
  CHECK(cluster.leader() != node_id{});
}

TEST_CASE("a removed member that learns of it serves nothing, restarts included, until it is added again") {
  small_cluster cluster(three_data_nodes);
  cluster.pass(3s);
  CHECK(change(cluster, a, {drop, {c}}) == "");
  const auto& now = cluster.machine(a).settings();
  cluster.machine(c).members_heard(cluster.now(), {now.members_id, now.members});
  cluster.settle();
  CHECK(cluster.machine(c).removed());
  CHECK(cluster.machine(c).role() == ha::member_role::undetermined);
  cluster.kill(c);
  cluster.start(c);
  cluster.pass(2s);
  CHECK(cluster.machine(c).removed());
  CHECK(cluster.machine(c).leader() == node_id{});
  CHECK(change(cluster, a, {put, {c, true, true}}, 2s) == "");
  CHECK(cluster.machine(c).leader() == a);
}

TEST_CASE("a change that would leave no majority is refused at once") {
  small_cluster cluster(two_and_witness);
  cluster.pass(3s);
  cluster.kill(b);
  cluster.pass(2s);
  CHECK(change(cluster, a, {drop, {w}}) == "1 of the 2 voters that there would be are heard, and 2 are needed");
  CHECK(names(cluster, a) == list{"a", "b", "w"});
  CHECK(change(cluster, a, {drop, {b}}) == "");
}

TEST_CASE("what cannot be meant is refused with the reason") {
  small_cluster cluster(two_and_witness);
  cluster.pass(3s);
  CHECK(change(cluster, a, {drop, {a}}) == "this node leads: switch over first");
  CHECK(change(cluster, a, {drop, {c}}) == "c is no member");
  CHECK(change(cluster, a, {put, {w, true, true}}) == "w is a member already, as a witness");
  CHECK(change(cluster, b, {drop, {w}}) == "ask a, which leads");
  CHECK(!change(cluster, a, {put, {d, true, true}}, 10ms));
  CHECK(change(cluster, a, {drop, {w}}) == "another change is under way, of d");
}

TEST_CASE("under the policy strict the standbys that commits need stay") {
  small_cluster cluster([](const node_id& self) {
    auto o = two_and_witness(self);
    o.strict = true;
    return o;
  });
  cluster.pass(3s);
  CHECK(change(cluster, a, {drop, {b}}) ==
        "1 data nodes that count for commits would be left, and a primary needs 1 standbys (replication.sync_acks, policy strict)");
  CHECK(change(cluster, a, {drop, {w}}) == "");
}

TEST_CASE("the list outlives the restart of everybody") {
  small_cluster cluster(three_and_a_new_one);
  cluster.pass(3s);
  start_new(cluster, d);
  CHECK(change(cluster, a, {put, {d, true, true}}, 2s) == "");
  for (const auto& n : {a, b, c, d}) cluster.kill(n);
  for (const auto& n : {a, b, c, d}) cluster.start(n);
  cluster.pass(4s);
  for (const auto& n : {a, b, c, d}) CHECK(names(cluster, n) == list{"a", "b", "c", "d"});
  CHECK(cluster.leader() != node_id{});
}

TEST_CASE("a list that its leader could not finish gives way to that of the next leader") {
  small_cluster cluster(three_data_nodes);
  cluster.pass(3s);
  // a is cut off when it begins to remove c: nobody else hears of it.
  cluster.cut(a);
  CHECK(change(cluster, a, {drop, {c}}, 10ms) == std::nullopt);
  cluster.pass(4s);
  REQUIRE(cluster.leader() == b);
  cluster.cut(a, false);
  cluster.pass(2s);
  CHECK(cluster.machine(a).leader() == b);
  CHECK(names(cluster, a) == list{"a", "b", "c"});
  CHECK(change(cluster, b, {drop, {c}}) == "");
  CHECK(names(cluster, a) == list{"a", "b"});
}

TEST_CASE("the members change by hand, too") {
  small_cluster cluster([](const node_id& self) {
    auto o = three_and_a_new_one(self);
    o.mode = ha::failover_mode::manual;
    return o;
  });
  cluster.pass(3s);
  REQUIRE(cluster.leader() == a);
  start_new(cluster, d);
  CHECK(change(cluster, a, {put, {d, true, true}}, 2s) == "");
  CHECK(cluster.machine(d).leader() == a);
  CHECK(change(cluster, a, {drop, {b}}) == "");
  for (const auto& n : {a, c, d}) CHECK(names(cluster, n) == list{"a", "c", "d"});
}
