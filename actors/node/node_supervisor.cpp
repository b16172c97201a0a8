#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "actors/handles/node_supervisor.hpp"
#include "base/log.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"node_supervisor"};
constexpr std::chrono::milliseconds pause_first = 100ms, pause_max = 10s;

struct node_supervisor_state {
  static inline const char* name = "node_supervisor";

  struct child {
    look_after what;
    std::chrono::milliseconds pause = pause_first;
  };

  node_supervisor_handle::stateful_pointer<node_supervisor_state> self = nullptr;
  std::function<void(std::string)> fatal;
  std::map<std::uint64_t, child> children;
  std::uint64_t last_number = 0;
  bool stopping = false;

  void add(look_after what) {
    self->monitor(what.child);
    children[++last_number] = {std::move(what)};
  }

  void on_down(const caf::down_msg& down) {
    const auto found = std::find_if(children.begin(), children.end(), [&down](const auto& c) {
      return c.second.what.child && c.second.what.child->address() == down.source;
    });
    if (found == children.end()) return;
    auto& lost = found->second;
    lost.what.child = nullptr;
    if (stopping || down.reason == caf::exit_reason::normal || !down.reason) return;
    const auto why = self->system().render(down.reason);
    if (!lost.what.restart) {
      log::error(source, "{} has failed: {}", lost.what.name, why);
      fatal(lost.what.name + " has failed: " + why);
      return;
    }
    log::warning(source, "{} has failed and is started again in {} ms: {}", lost.what.name, lost.pause.count(), why);
    caf::delayed_anon_send(node_supervisor_handle{self}, lost.pause, restart_child{found->first});
    lost.pause = std::min(lost.pause * 2, pause_max);
  }

  void restart(std::uint64_t number) {
    if (stopping) return;
    auto& lost = children[number];
    lost.what.child = lost.what.restart();
    self->monitor(lost.what.child);
  }
};

node_supervisor_handle::behavior_type node_supervisor(node_supervisor_handle::stateful_pointer<node_supervisor_state> self,
                                                      std::function<void(std::string)> fatal) {
  auto& state = self->state;
  state.self = self;
  state.fatal = std::move(fatal);
  self->set_down_handler([&state](caf::down_msg& down) { state.on_down(down); });
  return {
      [&state](look_after& m) { state.add(std::move(m)); },
      [&state](restart_child m) { state.restart(m.number); },
      [self, &state](stop_supervising) {
        state.stopping = true;
        self->quit();
      },
  };
}

}  // namespace

node_supervisor_handle spawn_node_supervisor(caf::actor_system& system, std::function<void(std::string)> fatal) {
  return system.spawn<caf::detached>(node_supervisor, std::move(fatal));
}

}  // namespace helios::actors
