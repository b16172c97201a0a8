#pragma once
// What stands before the cluster in a run: a proxy that follows pushed news of the leader, its clients, and clients that ask any node
// on their own. One actor. Clients write and read strongly, one operation at a time each.

#include <cstdint>
#include <string>
#include <vector>

#include "checker.hpp"
#include "model.hpp"
#include "world.hpp"

namespace helios::sim {

class front {
 public:
  struct settings {
    std::size_t clients = 2;
    true_time think_max = 60'000'000, timeout = 1'500'000'000;
    double stray = 0.15;       ///< operations that go to any data node instead of the leader
  };
  front(world& w, settings s) : world_(w), settings_(s) {}
  void introduce(std::size_t number, std::vector<std::size_t> data_nodes);
  void start();
  void stop() { stopped_ = true; }
  void on(const event& e);
  std::uint64_t writes_done() const { return writes_done_; }

 private:
  struct client {
    std::uint64_t operation = 0;  ///< being waited for; 0: thinking
    bool write = false;
  };
  void next(std::size_t c);
  void wake_at(std::size_t c, true_time at, std::uint64_t operation);

  world& world_;
  settings settings_;
  std::size_t number_ = 0;
  std::vector<std::size_t> data_nodes_;
  std::vector<client> clients_;
  leader_news news_;
  std::size_t leader_ = SIZE_MAX;
  std::uint64_t operations_ = 0, writes_done_ = 0;
  bool stopped_ = false;
};

}  // namespace helios::sim
