#include "actors/runtime/fiber.hpp"
#include "base/fiber_local.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using helios::actors::fiber;

TEST_CASE("a fiber runs from suspension to suspension and keeps its locals") {
  std::vector<int> seen;
  fiber* me = nullptr;
  fiber f([&] {
    for (int i = 0; i < 3; ++i) {
      seen.push_back(i);
      me->suspend();
    }
  });
  me = &f;
  CHECK(seen.empty());
  for (int i = 0; i < 3; ++i) {
    f.resume();
    CHECK(seen.size() == static_cast<std::size_t>(i) + 1);
    CHECK_FALSE(f.finished());
  }
  f.resume();
  CHECK(f.finished());
}

TEST_CASE("a fiber goes on on another thread") {
  fiber* me = nullptr;
  // By a system call: the compiler takes pthread_self() for constant within a function.
  std::vector<pid_t> ran_on;
  fiber f([&] {
    ran_on.push_back(gettid());
    me->suspend();
    ran_on.push_back(gettid());
  });
  me = &f;
  f.resume();
  std::thread([&] { f.resume(); }).join();
  REQUIRE(f.finished());
  CHECK(ran_on[0] == gettid());
  CHECK(ran_on[1] != ran_on[0]);
}

TEST_CASE("the pointer of a fiber stays with it, and that of its resumer with the resumer") {
  using helios::fiber_local;
  using helios::set_fiber_local;
  const int one = 1, two = 2, outside = 0;
  std::vector<const void*> seen;
  fiber* first = nullptr;
  fiber* second = nullptr;
  fiber a([&] {
    seen.push_back(fiber_local());
    set_fiber_local(&one);
    first->suspend();
    seen.push_back(fiber_local());
  });
  fiber b([&] {
    set_fiber_local(&two);
    second->suspend();
    seen.push_back(fiber_local());
  });
  first = &a;
  second = &b;
  set_fiber_local(&outside);
  a.resume();
  CHECK(fiber_local() == &outside);
  b.resume();
  std::thread([&] { a.resume(); }).join();
  b.resume();
  CHECK(seen == std::vector<const void*>{nullptr, &one, &two});
  CHECK(fiber_local() == &outside);
  set_fiber_local(nullptr);
}

TEST_CASE("an exception is thrown and caught inside of a fiber that has been suspended") {
  fiber* me = nullptr;
  std::string caught;
  fiber f([&] {
    try {
      me->suspend();
      throw std::string("after the suspension");
    } catch (const std::string& e) {
      caught = e;
    }
  });
  me = &f;
  f.resume();
  f.resume();
  CHECK(caught == "after the suspension");
}

TEST_CASE("stacks are used again, and a deep one fits") {
  for (int round = 0; round < 1000; ++round) {
    int depth_reached = 0;
    fiber f([&] {
      const auto descend = [&](auto& self, int depth) -> void {
        volatile char frame[1024] = {};
        frame[0] = static_cast<char>(depth);
        depth_reached = depth + (frame[0] - static_cast<char>(depth));
        if (depth < 300) self(self, depth + 1);
      };
      descend(descend, 0);
    });
    f.resume();
    REQUIRE(f.finished());
    REQUIRE(depth_reached == 300);
  }
}
