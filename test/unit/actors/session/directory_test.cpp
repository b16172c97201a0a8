// Who is on a node when it ends: the last session is waited for, and none comes in behind the back of the one who waits.

#include <condition_variable>
#include <mutex>

#include "test/unit/actors/session/session_client.hpp"

using namespace helios;
using namespace helios::actors;
using namespace helios::actors::test;
using namespace std::chrono_literals;

TEST_CASE("no session is added after the end, and those before it are told") {
  session_directory directory(10);
  std::vector<interrupt> told;
  const auto early = directory.add([&](interrupt what) { told.push_back(what); });
  const auto on_its_way = directory.add_unadmitted([&](interrupt what) { told.push_back(what); });
  REQUIRE(early);
  REQUIRE(on_its_way);
  CHECK_FALSE(directory.ending());
  directory.end_all(interrupt::terminate);
  CHECK(told == std::vector{interrupt::terminate, interrupt::terminate});
  CHECK(directory.ending());
  CHECK_FALSE(directory.add([](interrupt) {}));
  CHECK_FALSE(directory.add_unadmitted([](interrupt) {}));
  directory.remove(early->id);
  CHECK_FALSE(directory.wait_empty(0ms));
  directory.remove(on_its_way->id);
  CHECK(directory.wait_empty(0ms));
}

TEST_CASE_FIXTURE(session_fixture, "a client that is accepted while the node ends is told so") {
  primary->directory->end_all(interrupt::terminate);
  session_client late(port());
  const auto failure = late.login(user, password, database);
  REQUIRE(failure);
  CHECK(failure->sqlstate == "57P03");
  CHECK(failure->message == "the database system is shutting down");
}

TEST_CASE_FIXTURE(session_fixture, "a forward link that has not said which session it wants ends with the node") {
  std::mutex mutex;
  std::condition_variable changed;
  net::peer_link_ptr link;
  bool failed = false, closed = false;
  const auto wait = [&](const auto& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 5s, condition);
  };
  const auto& known = primary->options;
  const net::local_node other{{known.cluster_id, known.cluster_secret, "other", node_role::standby}, [] { return epoch{1}; }};
  net::dial_peer(runtime.control_io(), other, "127.0.0.1", primary->links->port(), node_id{"primary"},
                 wire::repl::purpose::forward, 5s, [&](result<net::peer_link_ptr> made) {
                   std::lock_guard lock(mutex);
                   failed = !made;
                   if (made) link = *made;
                   changed.notify_all();
                 });
  REQUIRE(wait([&] { return failed || link; }));
  REQUIRE_FALSE(failed);
  link->set_callbacks({[](auto) {}, [&](const error&) {
                         std::lock_guard lock(mutex);
                         closed = true;
                         changed.notify_all();
                       }});
  link->read();
  REQUIRE(eventually([&] { return primary->links_accepted == 1 && !primary->directory->wait_empty(0ms); }));
  primary->stop();
  CHECK(wait([&] { return closed; }));
  link->close();
}
