#include "actors/ha/ha_agent.hpp"

#include <future>

#include "test/unit/actors/ha/agent_mesh.hpp"

using namespace helios;
using namespace helios::actors;
using namespace helios::actors::test;
using namespace std::chrono_literals;

namespace {

/// Gives a command to a member's agent and returns the answer.
std::string command(agent_mesh& mesh, const std::string& member, agent_command what) {
  auto answer = std::make_shared<std::promise<std::string>>();
  auto said = answer->get_future();
  what.done = [answer](std::string failure) { answer->set_value(std::move(failure)); };
  mesh.tell(member, std::move(what));
  REQUIRE(said.wait_for(15s) == std::future_status::ready);
  return said.get();
}

}  // namespace

TEST_CASE_FIXTURE(agent_mesh, "agents choose one leader, which opens for writes under its lease") {
  CHECK_FALSE(open("n2"));
  REQUIRE(eventually([&] { return facts("n2").leader() == node_id{"n1"} && facts("w").leader() == node_id{"n1"}; }));
  CHECK(facts("n1").leads());
  CHECK(facts("n1").now().lease_left > 0ms);
}

TEST_CASE_FIXTURE(agent_mesh, "when the leader's process ends another agent leads a higher epoch, and the old one comes back as a follower") {
  const auto first = facts("n1").now().leader_epoch;
  stop("n1");
  REQUIRE(eventually([&] { return open("n2"); }));
  CHECK(facts("n2").now().leader_epoch > first);
  start("n1");
  REQUIRE(eventually([&] { return facts("n1").leader() == node_id{"n2"}; }));
  CHECK_FALSE(open("n1"));
  CHECK(open("n2"));
}

TEST_CASE_FIXTURE(agent_mesh, "a leader that hears of nobody loses its lease, and shows it before anybody else can lead") {
  stop("n2");
  stop("w");
  CHECK(eventually([&] { return !facts("n1").may_acknowledge() && !open("n1"); }));
}

TEST_CASE_FIXTURE(agent_mesh, "what a voter promised is in its file when others know of it") {
  const auto led = facts("n1").now().leader_epoch;
  REQUIRE(eventually([&] { return std::filesystem::exists(record_of("w")); }));
  for (const char* id : {"n1", "n2", "w"}) {
    CAPTURE(id);
    const auto record = read_record(record_of(id), "mesh");
    REQUIRE(record.ok());
    CHECK(record->cluster_id == "mesh");
  }
  // Two of three are needed, and the leader is one.
  int promised = 0;
  for (const char* id : {"n1", "n2", "w"}) promised += read_record(record_of(id), "mesh")->promised >= led ? 1 : 0;
  CHECK(promised >= 2);
}

TEST_CASE_FIXTURE(agent_mesh, "a record that cannot be written ends the node instead of making a promise") {
  // The folder of its record goes away, between two writes.
  const auto folder = record_of("w").parent_path();
  std::filesystem::rename(folder, folder.string() + ".gone");
  stop("n1");
  CHECK(eventually([&] { return !fatal("w").empty(); }));
  CHECK(fatal("w").find("record") != std::string::npos);
  CHECK_FALSE(open("n2"));
}

TEST_CASE_FIXTURE(agent_mesh, "a voter whose disk is full gives no promise, lives on, and votes when there is room again") {
  REQUIRE(eventually([&] { return facts("w").leader() == node_id{"n1"}; }));
  const auto before = facts("n1").now().leader_epoch;
  witness_disk.full = true;
  stop("n1");
  // n2 asks for its promise again and again; without it there is no quorum.
  REQUIRE(eventually([&] { return facts("n2").counts().contains("recruit"); }));
  CHECK_FALSE(open("n2"));
  CHECK(fatal("w").empty());
  CHECK(read_record(record_of("w"), "mesh")->promised <= before);
  witness_disk.full = false;
  CHECK(eventually([&] { return open("n2"); }));
  CHECK(fatal("w").empty());
}

TEST_CASE_FIXTURE(agent_mesh, "a switchover by command ends with the other node leading, and says so") {
  // Refused until the leader has heard from n2 that it follows.
  CHECK(eventually([&] {
    agent_command over;
    over.what = agent_command::kind::switchover;
    over.target = {"n2"};
    return command(*this, "n1", std::move(over)).empty();
  }));
  CHECK(eventually([&] { return open("n2"); }));
  CHECK_FALSE(open("n1"));
}

TEST_CASE_FIXTURE(agent_mesh, "a switchover to nobody is refused with a reason, and the leader goes on") {
  agent_command over;
  over.what = agent_command::kind::switchover;
  over.target = {"nobody"};
  CHECK_FALSE(command(*this, "n1", std::move(over)).empty());
  CHECK(eventually([&] { return open("n1"); }));
}

TEST_CASE_FIXTURE(agent_mesh, "bytes that are no message change nothing") {
  for (const char* bytes : {"", "x", "\xff\xff\xff\xff\xff\xff\xff\xff"}) tell("n1", member_said{{"n2"}, bytes});
  tell("n1", member_said{{"a stranger"}, std::string(1000, '\0')});
  agent_command pause;
  pause.what = agent_command::kind::pause;
  CHECK(command(*this, "n1", std::move(pause)).empty());  // it has read them all by now
  CHECK(open("n1"));
}
