#pragma once
// A node with one client, and threads that run until all of them are done.

#include <doctest/doctest.h>

#include <functional>
#include <thread>
#include <vector>

#include "test/support/sql_node.hpp"

namespace helios::testing {

struct sql_fixture {
  sql_node node;
  sql_client client{node};

  /// Runs statements that must succeed.
  void must(std::string_view text) {
    auto out = client.run(text);
    INFO(std::string(text));
    if (out.error) FAIL(out.error->message);
  }
  std::string value(std::string_view text) { return client.value(text); }
};

/// `work(i)` on `count` threads; returns when all have ended.
inline void on_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (auto& t : threads) t.join();
}

/// Runs `step` until the lock table shows somebody waiting: the other thread has come to its lock.
inline void until_waiting(sql_node& node) {
  for (;;) {
    for (auto& l : node.engine().locks().list()) {
      if (!l.granted) return;
    }
    std::this_thread::yield();
  }
}

}  // namespace helios::testing
