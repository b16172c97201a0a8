#include "actors/watch/state_publisher.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "base/log.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"state_publisher"};
constexpr std::size_t watchers_max = 1000;
/// A watcher that does not read gets nothing on top.
constexpr std::size_t pending_bytes_max = 64u << 10;

struct state_publisher_state {
  static inline const char* name = "state_publisher";

  state_publisher_handle::stateful_pointer<state_publisher_state> self = nullptr;
  std::unique_ptr<publisher_environment> use;
  std::map<std::uint64_t, net::peer_link_ptr> watchers;
  std::uint64_t last_number = 0;

  ~state_publisher_state() {
    for (auto& [number, link] : watchers) link->close();
  }

  void add(net::peer_link_ptr link) {
    if (watchers.size() >= watchers_max) {
      log::warning(source, "too many watchers: {} is turned away", link->remote_address());
      return link->close();
    }
    const auto number = ++last_number;
    // Reading also notices that the watcher has gone. A link that still says goodbye does not keep us.
    const auto tell = [weak = caf::weak_actor_ptr{self->ctrl()}](auto message) {
      if (const auto me = weak.lock()) caf::anon_send(caf::actor_cast<state_publisher_handle>(me), std::move(message));
    };
    link->set_callbacks({[tell, number](std::vector<wire::repl::decoded_frame> frames) {
                           tell(watcher_frames{number, std::move(frames)});
                         },
                         [tell, number](const error&) { tell(watcher_closed{number}); }});
    link->send(use->state());
    link->read();
    watchers[number] = std::move(link);
  }

  void hear(watcher_frames& m) {
    const auto found = watchers.find(m.number);
    if (found == watchers.end()) return;
    for (auto& f : m.frames) {
      auto* said = std::get_if<wire::repl::member_message>(&f.body);
      if (!said || !use->on_message) return remove(m.number);
      use->on_message(found->second->peer_node(), std::move(said->bytes));
    }
    found->second->read();
  }

  void remove(std::uint64_t number) {
    const auto found = watchers.find(number);
    if (found == watchers.end()) return;
    found->second->close();
    watchers.erase(found);
  }

  void publish() {
    if (watchers.empty()) return;
    const auto state = use->state();
    for (auto& [number, link] : watchers) {
      if (link->pending_bytes() <= pending_bytes_max) link->send(state);
    }
  }

  void tick() {
    publish();
    caf::delayed_anon_send(state_publisher_handle{self}, use->heartbeat_interval, publish_tick{});
  }

  void stop() {
    for (auto& [number, link] : watchers) {
      link->send(wire::repl::goodbye{"the node is shutting down"});
      link->close_after_flush(500ms);
    }
    watchers.clear();
    self->quit();
  }
};

state_publisher_handle::behavior_type state_publisher(state_publisher_handle::stateful_pointer<state_publisher_state> self,
                                                      std::shared_ptr<publisher_environment> use) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<publisher_environment>(std::move(*use));
  state.tick();
  return {
      [&state](add_watcher& m) { state.add(std::move(m.link)); },
      [&state](watcher_closed m) { state.remove(m.number); },
      [&state](watcher_frames& m) { state.hear(m); },
      [&state](publish_now) { state.publish(); },
      [&state](publish_tick) { state.tick(); },
      [&state](stop_publishing) { state.stop(); },
  };
}

}  // namespace

state_publisher_handle spawn_state_publisher(caf::actor_system& system, publisher_environment use) {
  return system.spawn<caf::detached>(state_publisher, std::make_shared<publisher_environment>(std::move(use)));
}

}  // namespace helios::actors
