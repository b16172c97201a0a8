#include "world.hpp"

#include <fmt/format.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::sim::event_ptr)

namespace helios::sim {
namespace {

constexpr std::size_t history_max = 400;
constexpr std::uint64_t steps_max = 60'000;  ///< of one run; some thousand are usual
/// Events so close together are given to the actors at once, and the scheduler picks who goes first.
constexpr true_time instant = 50'000;

}  // namespace

struct actor_host::state {
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  config settings;
  caf::actor_system system{settings};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::vector<caf::actor> actors;  ///< of the present world
};

actor_host::actor_host() : state_(std::make_unique<state>()) {}
actor_host::~actor_host() = default;

world::world(actor_host& host, std::uint64_t seed, bool trace) : host_(host), random_(seed), trace_(trace) {}

world::~world() {
  stopping_ = true;
  auto& h = host_.get();
  for (const auto& a : h.actors) caf::anon_send(a, event_ptr());
  while (h.scheduler.has_job()) h.scheduler.run_once();
  h.actors.clear();
}

std::size_t world::introduce(std::string name, std::function<void(const event&)> behavior) {
  if (names_.size() == actors_max) throw std::logic_error("more actors than the network has room for");
  names_.push_back(std::move(name));
  // With arguments: without any, CAF's spawn binds a reference to nothing.
  using behavior_of = std::function<void(const event&)>;
  const auto actor = [](caf::event_based_actor* self, world* w, const behavior_of& act) -> caf::behavior {
    return {[self, w, act](event_ptr& e) {
      if (!e || w->stopping_) return self->quit();  // what the run left undelivered is for nodes that are gone
      try {
        act(*e);
      } catch (...) {
        w->failure_ = std::current_exception();  // CAF would end the actor; it is to end the run
      }
    }};
  };
  host_.get().actors.push_back(host_.get().system.spawn(actor, this, behavior_of(std::move(behavior))));
  return names_.size() - 1;
}

void world::post(std::size_t to, true_time at, event e) {
  queue_.push({std::max(at, now_), ++order_, to, std::make_shared<event>(std::move(e))});
}

void world::send(std::size_t from, std::size_t to, payload p, true_time extra_delay) {
  if (blocked(from, to) || chance(network.loss)) return;
  auto content = std::make_shared<const payload>(std::move(p));
  const int copies = chance(network.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    auto delay = extra_delay + between(network.delay_min, network.delay_max);
    if (chance(network.reorder)) delay += between(0, 20 * network.delay_max);
    post(to, now_ + delay, {event::kind::message, from, 0, 0, content});
  }
}

void world::heal() {
  std::fill(blocked_.begin(), blocked_.end(), false);
  network = network_faults{};
  for (std::size_t i = 0; i < names_.size(); ++i) pause(i, false);
}

void world::pause(std::size_t actor, bool paused) {
  if (paused_[actor] == paused) return;
  paused_[actor] = paused;
  trace(actor, paused ? "PAUSED" : "goes on");
  if (paused) return;
  // Timers and sockets are looked at in any order.
  auto waiting = std::exchange(stalled_[actor], {});
  if (chance(0.5)) std::shuffle(waiting.begin(), waiting.end(), random_);
  for (auto& e : waiting) queue_.push({now_, ++order_, actor, std::move(e)});
}

void world::deliver(std::size_t to, event_ptr e) {
  if (paused_[to]) stalled_[to].push_back(std::move(e));
  else caf::anon_send(host_.get().actors[to], std::move(e));
}

void world::run_actors(const std::function<void()>& each_step) {
  auto& scheduler = host_.get().scheduler;
  auto& jobs = scheduler.jobs;
  while (!jobs.empty()) {
    std::swap(jobs.front(), jobs[below(jobs.size())]);
    scheduler.run_once();
    if (++steps_ > steps_max) throw violation("liveness: the run does not end");
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    each_step();
  }
}

bool world::run(true_time end, const std::function<void()>& each_step, const std::function<bool()>& done) {
  while (!queue_.empty() && queue_.top().at <= end) {
    if (done()) return true;
    const auto until = queue_.top().at + instant;
    while (!queue_.empty() && queue_.top().at <= until) {
      now_ = std::max(now_, queue_.top().at);
      auto next = queue_.top();
      queue_.pop();
      deliver(next.to, std::move(next.what));
    }
    run_actors(each_step);
  }
  now_ = std::max(now_, end);
  return done();
}

void world::trace(std::size_t who, const std::string& text) {
  if (!trace_) return;
  history_.push_back(fmt::format("{:9.3f} ms  {:8} {}", static_cast<double>(now_) / 1e6, who < names_.size() ? names_[who] : "world", text));
  if (history_.size() > history_max && history_max != 0) history_.pop_front();
}

}  // namespace helios::sim
