#include "actors/watch/peer_watch.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "base/log.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr log::source source{"peer_watch"};
constexpr auto dial_time_max = 1000ms;
/// A peer that does not read is told nothing on top: the messages are small, repeated, and may be lost.
constexpr std::size_t pending_bytes_max = 256u << 10;

struct peer_watch_state {
  static inline const char* name = "peer_watch";

  peer_watch_handle::stateful_pointer<peer_watch_state> self = nullptr;
  std::unique_ptr<watch_environment> use;
  net::peer_link_ptr link;
  std::uint64_t number = 0;
  bool dialing = false, up = false;
  clock::time_point heard{}, next_dial{};

  ~peer_watch_state() {
    if (link) link->close();
  }

  void tick() {
    const auto now = clock::now();
    if (link && now - heard > watch_silence_max(use->heartbeat_interval)) lost("nothing heard from it");
    if (!link && !dialing && now >= next_dial) dial();
    caf::delayed_anon_send(peer_watch_handle{self}, use->heartbeat_interval, peer_tick{});
  }

  void dial() {
    dialing = true;
    const peer_watch_handle me{self};
    net::dial_peer(use->control_io, use->self, use->peer.host, use->peer.replication_port, use->peer.id,
                   wire::repl::purpose::watch, dial_time_max, [me, n = ++number](result<net::peer_link_ptr> made) {
                     if (made) caf::anon_send(me, peer_dialed{n, std::move(*made), {}});
                     else caf::anon_send(me, peer_dialed{n, nullptr, to_string(made.failure())});
                   });
  }

  void on_dialed(peer_dialed& m) {
    if (m.number != number) {
      if (m.link) m.link->close();
      return;
    }
    dialing = false;
    if (!m.link) return lost(m.why);
    link = std::move(m.link);
    heard = clock::now();
    const peer_watch_handle me{self};
    link->set_callbacks({[me, n = number](std::vector<wire::repl::decoded_frame> frames) {
                           caf::anon_send(me, peer_frames{n, std::move(frames)});
                         },
                         [me, n = number](const error& why) { caf::anon_send(me, peer_closed{n, to_string(why)}); }});
    link->read();
  }

  void tell(tell_peer& m) {
    if (link && link->pending_bytes() <= pending_bytes_max) link->send(wire::repl::member_message{std::move(m.bytes)});
  }

  void on_frames(peer_frames& m) {
    if (m.number != number || !link) return;
    heard = clock::now();
    for (auto& f : m.frames) {
      if (auto* state = std::get_if<wire::repl::node_state>(&f.body)) {
        if (!std::exchange(up, true)) log::info(source, "{} is there: {}", use->peer.id.value, to_string(state->role));
        use->on_state(std::move(*state));
      } else if (const auto* bye = std::get_if<wire::repl::goodbye>(&f.body)) {
        return lost("it leaves: " + bye->reason);
      }
    }
    link->read();
  }

  void lost(const std::string& why) {
    if (link) link->close();
    link = nullptr;
    ++number;  // what is still on its way from that link is old
    next_dial = clock::now() + use->heartbeat_interval;
    if (std::exchange(up, false)) log::warning(source, "{} is not there any more: {}", use->peer.id.value, why);
    use->on_lost(why);
  }
};

peer_watch_handle::behavior_type peer_watch(peer_watch_handle::stateful_pointer<peer_watch_state> self,
                                            std::shared_ptr<watch_environment> use) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<watch_environment>(std::move(*use));
  state.tick();
  return {
      [&state](peer_tick) { state.tick(); },
      [&state](peer_dialed& m) { state.on_dialed(m); },
      [&state](peer_frames& m) { state.on_frames(m); },
      [&state](const peer_closed& m) {
        if (m.number == state.number && state.link) state.lost(m.why);
      },
      [&state](tell_peer& m) { state.tell(m); },
      [self](stop_peer_watch) { self->quit(); },
  };
}

}  // namespace

std::chrono::milliseconds watch_silence_max(std::chrono::milliseconds heartbeat_interval) {
  return std::clamp<std::chrono::milliseconds>(4 * heartbeat_interval, 400ms, 1000ms);
}

peer_watch_handle spawn_peer_watch(caf::actor_system& system, watch_environment use) {
  return system.spawn<caf::detached>(peer_watch, std::make_shared<watch_environment>(std::move(use)));
}

}  // namespace helios::actors
