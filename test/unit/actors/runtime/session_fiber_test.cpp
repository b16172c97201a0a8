#include "actors/session/session_fiber.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <thread>
#include <utility>

using namespace helios;
using namespace helios::actors;
using namespace std::chrono_literals;

namespace {

/// Plays the session actor: wake-ups land in a queue, and run when the test says so.
struct host_fixture {
  std::deque<std::uint64_t> posted;
  std::deque<std::pair<std::uint64_t, std::chrono::steady_clock::time_point>> timed;
  session_fiber host{{[this](std::uint64_t ticket) { posted.push_back(ticket); },
                      [this](std::uint64_t ticket, std::chrono::steady_clock::time_point at) { timed.push_back({ticket, at}); }}};
  std::string outcome;

  void start(std::function<void()> body) {
    host.start([this, body = std::move(body)] {
      try {
        body();
        outcome = "done";
      } catch (const sql_error& e) {
        outcome = e.report().sqlstate;
      }
    });
  }
  void deliver() {
    while (!posted.empty()) {
      const auto ticket = posted.front();
      posted.pop_front();
      host.wake(ticket);
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(host_fixture, "a wait goes on when its completion is done, and only then") {
  auto c = std::make_shared<completion>();
  start([&] { host.await(c); });
  CHECK(host.running());
  host.wake(99);
  CHECK(host.running());
  c->complete();
  CHECK(host.running());
  deliver();
  CHECK_FALSE(host.running());
  CHECK(outcome == "done");
}

TEST_CASE_FIXTURE(host_fixture, "a wait for what is already done does not suspend") {
  auto c = std::make_shared<completion>();
  c->complete();
  start([&] { host.await(c); });
  CHECK(outcome == "done");
}

TEST_CASE_FIXTURE(host_fixture, "a cancel ends a wait, and a late wake-up of it does nothing") {
  auto first = std::make_shared<completion>(), second = std::make_shared<completion>();
  start([&] {
    try {
      host.await(first);
    } catch (const sql_error& e) {
      outcome = e.report().sqlstate;
    }
    host.await(second);
  });
  host.raise(interrupt::cancel);
  CHECK(outcome == "57014");
  first->complete();
  deliver();
  CHECK(host.running());
  second->complete();
  deliver();
  CHECK(outcome == "done");
}

TEST_CASE_FIXTURE(host_fixture, "an uncancellable wait outlives cancel and termination") {
  auto c = std::make_shared<completion>();
  start([&] {
    host.await(c, fiber_host::cancel_policy::uncancellable);
    outcome = "committed";
    host.checkpoint();
  });
  host.raise(interrupt::cancel);
  host.raise(interrupt::terminate);
  CHECK(host.running());
  c->complete();
  deliver();
  CHECK(outcome == "57P01");
  CHECK(host.ending() == interrupt::terminate);
}

TEST_CASE_FIXTURE(host_fixture, "a cancel of an idle session is forgotten, and so is one of the statement before") {
  host.raise(interrupt::cancel);
  auto c = std::make_shared<completion>();
  start([&] {
    host.begin_statement();
    host.await(c);
  });
  c->complete();
  deliver();
  CHECK(outcome == "done");
}

TEST_CASE_FIXTURE(host_fixture, "await_until gives up at its deadline") {
  auto c = std::make_shared<completion>();
  bool met = true;
  const auto deadline = std::chrono::steady_clock::now() - 1ms;
  start([&] { met = host.await_until(c, deadline); });
  CHECK_FALSE(met);

  const auto later = std::chrono::steady_clock::now() + 20ms;
  start([&] { met = host.await_until(c, later); });
  REQUIRE(timed.size() == 1);
  CHECK(timed.front().second == later);
  while (std::chrono::steady_clock::now() < later) std::this_thread::yield();
  host.wake(timed.front().first);
  CHECK_FALSE(host.running());
  CHECK_FALSE(met);
}

TEST_CASE_FIXTURE(host_fixture, "await_until is true when the completion comes first") {
  auto c = std::make_shared<completion>();
  bool met = false;
  start([&] { met = host.await_until(c, std::chrono::steady_clock::now() + 1h); });
  c->complete();
  deliver();
  CHECK(met);
}

TEST_CASE_FIXTURE(host_fixture, "a long statement gives way when its time slice is used up, and can be cancelled there") {
  long rounds = 0;
  start([&] {
    for (;;) {
      ++rounds;
      host.checkpoint();
    }
  });
  CHECK(host.running());
  CHECK(posted.size() == 1);
  const long first = rounds;
  CHECK(first > 1);
  const auto ticket = posted.front();
  posted.pop_front();
  host.wake(ticket);
  CHECK(rounds > first);
  host.raise(interrupt::statement_timeout);
  CHECK(host.running());
  deliver();
  CHECK_FALSE(host.running());
  CHECK(outcome == "57014");
}

TEST_CASE("each interrupt has PostgreSQL's SQLSTATE") {
  CHECK(to_error(interrupt::cancel).report().sqlstate == "57014");
  CHECK(to_error(interrupt::statement_timeout).report().message == "canceling statement due to statement timeout");
  CHECK(to_error(interrupt::idle_timeout).report().sqlstate == "25P03");
  CHECK(to_error(interrupt::terminate).report().severity == "FATAL");
  CHECK(to_error(interrupt::client_gone).report().sqlstate == "08006");
}
