#include "actors/proxy/node_watch.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr log::source source{"node_watch"};
constexpr auto dial_time_max = 1000ms;

struct node_watch_state {
  static inline const char* name = "node_watch";

  node_watch_handle::stateful_pointer<node_watch_state> self = nullptr;
  boost::asio::io_context* io = nullptr;
  std::shared_ptr<proxy_services> services;
  config::peer node;
  std::uint64_t attempt = 0;
  bool dialing = false, up = false;
  net::peer_link_ptr link;
  clock::time_point heard{}, next_dial{};
  std::string last_trouble;

  ~node_watch_state() {
    if (link) link->close();
  }

  std::chrono::milliseconds interval() const { return services->options.proxy.health_interval; }

  void tick() {
    const auto now = clock::now();
    if (link && now - heard > silence_max(interval())) {
      lost("nothing heard for " +
           std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now - heard).count()) + " ms");
    }
    if (!link && !dialing && now >= next_dial) dial();
    caf::delayed_anon_send(node_watch_handle{self}, std::max(interval() / 2, 10ms), watch_tick{});
  }

  void dial() {
    dialing = true;
    const node_watch_handle me{self};
    const auto number = ++attempt;
    net::dial_peer(*io, services->self, node.host, node.replication_port, node.id, wire::repl::purpose::watch, dial_time_max,
                   [me, number](result<net::peer_link_ptr> made) {
                     if (made) caf::anon_send(me, watch_dialed{number, std::move(*made), {}});
                     else caf::anon_send(me, watch_dialed{number, nullptr, to_string(made.failure())});
                   });
  }

  void dialed(watch_dialed& m) {
    dialing = false;
    if (!m.link) return lost(m.why);
    link = std::move(m.link);
    heard = clock::now();
    const node_watch_handle me{self};
    link->set_callbacks({[me, number = m.attempt](std::vector<wire::repl::decoded_frame> frames) {
                           caf::anon_send(me, watch_frames{number, std::move(frames)});
                         },
                         [me, number = m.attempt](const error& why) {
                           caf::anon_send(me, watch_closed{number, to_string(why)});
                         }});
    link->read();
  }

  void frames(watch_frames& m) {
    if (m.attempt != attempt || !link) return;
    heard = clock::now();
    for (auto& f : m.frames) {
      if (auto* state = std::get_if<wire::repl::node_state>(&f.body)) note(std::move(*state));
      else if (const auto* bye = std::get_if<wire::repl::goodbye>(&f.body)) return lost("the node leaves: " + bye->reason);
    }
    link->read();
  }

  void note(wire::repl::node_state state) {
    if (!std::exchange(up, true)) {
      log::info(source, "backend {} is up: {}, epoch {}{}", node.id.value, to_string(state.role), state.number.value,
                state.writable ? ", open for writes" : "");
    }
    last_trouble.clear();
    if (!state.members.empty()) services->members_shown(state.members);
    services->board.update(node.id, [&state](node_view& n) {
      n.state = std::move(state);
      n.connected = true;
      n.trouble.clear();
    });
  }

  void lost(const std::string& why) {
    if (link) link->close();
    link = nullptr;
    ++attempt;  // what is still on its way from that link is old
    next_dial = clock::now() + interval();
    if (std::exchange(up, false)) log::warning(source, "backend {} is down: {}", node.id.value, why);
    else if (why != last_trouble) log::info(source, "backend {} is not reachable: {}", node.id.value, why);
    last_trouble = why;
    services->board.update(node.id, [&why](node_view& n) {
      n.connected = false;
      n.trouble = why;
    });
    services->pool->suspect(node.id);
  }
};

node_watch_handle::behavior_type node_watch(node_watch_handle::stateful_pointer<node_watch_state> self,
                                            boost::asio::io_context* io, std::shared_ptr<proxy_services> services,
                                            config::peer node) {
  auto& state = self->state;
  state.self = self;
  state.io = io;
  state.services = std::move(services);
  state.node = std::move(node);
  state.tick();
  return {
      [&state](watch_tick) { state.tick(); },
      [&state](watch_dialed& m) {
        if (m.attempt == state.attempt) state.dialed(m);
        else if (m.link) m.link->close();
      },
      [&state](watch_frames& m) { state.frames(m); },
      [&state](watch_closed& m) {
        if (m.attempt == state.attempt && state.link) state.lost(m.why);
      },
      [self](stop_watch) { self->quit(); },
  };
}

}  // namespace

std::chrono::milliseconds silence_max(std::chrono::milliseconds health_interval) { return std::max(3 * health_interval, 150ms); }

node_watch_handle spawn_node_watch(caf::actor_system& system, boost::asio::io_context& io,
                                   std::shared_ptr<proxy_services> services, config::peer node) {
  return system.spawn<caf::detached>(node_watch, &io, std::move(services), std::move(node));
}

}  // namespace helios::actors
