#include "actors/runtime/asio_scheduler.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>

#include "actors/runtime/actor_runtime.hpp"

using namespace std::chrono_literals;
using helios::actors::actor_runtime;

namespace {

// Each actor gets an argument: CAF 0.17.6 binds a reference to null where there is none, which UBSan reports.
caf::behavior echo(caf::event_based_actor*, int) {
  return {[](int x) { return x + 1; }};
}

}  // namespace

TEST_CASE("an actor answers on the io threads") {
  actor_runtime runtime(2);
  caf::scoped_actor self(runtime.system());
  auto worker = runtime.system().spawn(echo, 0);
  int answer = 0;
  self->request(worker, 10s, 41).receive([&](int x) { answer = x; }, [](const caf::error&) {});
  CHECK(answer == 42);
  self->send_exit(worker, caf::exit_reason::user_shutdown);
}

TEST_CASE("a delayed message arrives after its delay") {
  actor_runtime runtime(2);
  std::promise<std::chrono::steady_clock::time_point> arrived;
  auto late = runtime.system().spawn([&arrived](caf::event_based_actor* self, int) -> caf::behavior {
    return {[&arrived, self](int) {
      arrived.set_value(std::chrono::steady_clock::now());
      self->quit();
    }};
  }, 0);
  const auto sent = std::chrono::steady_clock::now();
  caf::delayed_anon_send(late, 30ms, 1);
  CHECK(arrived.get_future().get() - sent >= 30ms);
}

TEST_CASE("messages that a socket's completion sends are run without a thread of their own") {
  actor_runtime runtime(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> left{200};
  std::promise<void> done;
  auto counter = runtime.system().spawn([&](caf::event_based_actor* self, int) -> caf::behavior {
    return {[&, self](int) {
      {
        std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      if (--left > 0) return;
      self->quit();
      done.set_value();
    }};
  }, 0);
  for (int i = 0; i < 200; ++i) {
    boost::asio::post(runtime.sessions_io(), [counter, i] { caf::anon_send(counter, i); });
  }
  done.get_future().get();
  CHECK(threads.size() <= 2);
  CHECK(threads.count(std::this_thread::get_id()) == 0);
}

TEST_CASE("the runtime ends with actors that wait, delayed messages under way and jobs queued") {
  for (int round = 0; round < 20; ++round) {
    actor_runtime runtime(2);
    auto worker = runtime.system().spawn(echo, 0);
    caf::delayed_anon_send(worker, 1h, 1);
    for (int i = 0; i < 50; ++i) caf::anon_send(worker, i);
    caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
  }
}

TEST_CASE("the runtime ends although the control thread has spawned an actor") {
  actor_runtime runtime(2);
  std::promise<void> ended;
  boost::asio::post(runtime.control_io(), [&] {
    caf::anon_send(runtime.system().spawn([&ended](caf::event_based_actor* self, int) -> caf::behavior {
      return {[&ended, self](int) {
        self->quit();
        ended.set_value();
      }};
    }, 0), 1);
  });
  ended.get_future().get();
}
