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

namespace {

/// A peer's link to the primary, as a proxy has it.
struct linked : session_fixture {
  linked() {
    const auto& known = primary->options;
    const net::local_node other{{known.cluster_id, known.cluster_secret, "other", node_role::standby}, [] { return epoch{1}; }};
    bool failed = false;
    net::dial_peer(runtime.control_io(), other, "127.0.0.1", primary->links->port(), node_id{"primary"}, wire::repl::purpose::forward, 5s,
                   [&](result<net::peer_link_ptr> made) {
                     std::lock_guard lock(mutex);
                     failed = !made;
                     if (made) link = *made;
                     changed.notify_all();
                   });
    REQUIRE(wait([&] { return failed || link; }));
    REQUIRE_FALSE(failed);
    link->set_callbacks({[this](std::vector<wire::repl::decoded_frame> frames) { take(std::move(frames)); },
                         [this](const error&) {
                           std::lock_guard lock(mutex);
                           closed = true;
                           changed.notify_all();
                         }});
    link->read();
    REQUIRE(eventually([&] { return primary->links_accepted == 1 && !primary->directory->wait_empty(0ms); }));
  }
  ~linked() {
    primary->stop();
    REQUIRE(wait([&] { return closed; }));
  }

  void take(std::vector<wire::repl::decoded_frame> frames) {
    std::lock_guard lock(mutex);
    for (auto& f : frames) {
      opened = opened || std::get_if<wire::repl::session_opened>(&f.body) != nullptr;
      if (const auto* bytes = std::get_if<wire::repl::pg_bytes>(&f.body)) said += bytes->bytes;
    }
    changed.notify_all();
    link->read();
  }
  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 5s, condition);
  }

  std::mutex mutex;  ///< guards the rest, which the link's thread writes
  std::condition_variable changed;
  net::peer_link_ptr link;
  bool opened = false, closed = false;
  std::string said;
};

}  // namespace

TEST_CASE_FIXTURE(linked, "a forward link that has not said which session it wants ends with the node") {
  primary->stop();
  CHECK(wait([&] { return closed; }));
}

TEST_CASE_FIXTURE(linked, "a forwarded session that the node ends between statements says that nothing more was executed") {
  wire::repl::open_session open;
  open.user = user;
  open.database = database;
  link->send(open);
  REQUIRE(wait([&] { return opened; }));
  primary->directory->interrupt_all(interrupt::fenced);
  REQUIRE(wait([&] { return closed; }));
  CHECK(said.find("57P03") != std::string::npos);
  CHECK(said.find("FATAL") != std::string::npos);
}
