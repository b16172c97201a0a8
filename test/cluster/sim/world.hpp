#pragma once
// The world of one run: true time, the queue of events, the network with its faults, and the deterministic scheduler on which the
// actors run. Everything random comes from the run's seed, so a run repeats exactly. One thread.

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "model.hpp"

namespace helios::sim {

/// The actor system with its deterministic scheduler; one for all runs. Only world.cpp knows CAF.
class actor_host {
 public:
  actor_host();
  ~actor_host();
  struct state;
  state& get() { return *state_; }

 private:
  std::unique_ptr<state> state_;
};

/// An invariant does not hold. Caught by the runner.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct network_faults {
  double loss = 0, duplicate = 0, reorder = 0;  ///< probabilities
  true_time delay_min = 100'000, delay_max = 2'000'000;
};

class world {
 public:
  world(actor_host& host, std::uint64_t seed, bool trace);
  ~world();

  true_time now() const { return now_; }
  std::mt19937_64& random() { return random_; }
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  bool chance(double p) { return p > 0 && chance() < p; }
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }
  true_time between(true_time a, true_time b) { return a + static_cast<true_time>(below(static_cast<std::uint64_t>(b - a) + 1)); }

  /// A new actor that runs `behavior` for each event; actors are numbered in the order of their introduction.
  std::size_t introduce(std::string name, std::function<void(const event&)> behavior);
  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t i) const { return names_[i]; }

  void post(std::size_t to, true_time at, event e);
  /// Through the network: may be lost, late, twice.
  void send(std::size_t from, std::size_t to, payload p, true_time extra_delay = 0);

  network_faults network;
  void block(std::size_t from, std::size_t to, bool blocked) { blocked_[from * actors_max + to] = blocked; }
  bool blocked(std::size_t from, std::size_t to) const { return blocked_[from * actors_max + to]; }
  void heal();
  /// A paused actor gets its events when it goes on.
  void pause(std::size_t actor, bool paused);
  bool paused(std::size_t actor) const { return paused_[actor]; }

  /// Runs events until `end` or until `done` holds; `each_step` is called after each message that an actor has handled.
  /// True if it ended because `done` held.
  bool run(true_time end, const std::function<void()>& each_step, const std::function<bool()>& done);

  bool tracing() const { return trace_; }
  void trace(std::size_t who, const std::string& text);
  const std::deque<std::string>& history() const { return history_; }
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::size_t actors_max = 16;
  struct due {
    true_time at;
    std::uint64_t order;
    std::size_t to;
    event_ptr what;
    bool operator>(const due& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  void deliver(std::size_t to, event_ptr e);
  void run_actors(const std::function<void()>& each_step);

  actor_host& host_;
  std::mt19937_64 random_;
  bool trace_;
  true_time now_ = 0;
  std::uint64_t order_ = 0, steps_ = 0;
  std::priority_queue<due, std::vector<due>, std::greater<>> queue_;
  std::vector<std::string> names_;
  std::vector<bool> blocked_ = std::vector<bool>(actors_max * actors_max);
  std::vector<bool> paused_ = std::vector<bool>(actors_max);
  std::vector<std::vector<event_ptr>> stalled_ = std::vector<std::vector<event_ptr>>(actors_max);
  std::deque<std::string> history_;
  std::exception_ptr failure_;
  bool stopping_ = false;
};

}  // namespace helios::sim
