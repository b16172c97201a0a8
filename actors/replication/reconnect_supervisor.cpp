#include "actors/replication/reconnect_supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <random>
#include <utility>

#include "base/log.hpp"
#include "replication/backoff.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr log::source source{"reconnect"};
constexpr auto dial_time_max = 3000ms;
/// A primary that is heard from but refuses is asked again no sooner than this after the attempt before: a winner may be some
/// milliseconds from taking standbys, and what it opens for may be this one. Doubled with each early attempt.
constexpr std::chrono::milliseconds early_pause_min = 5ms, early_pause_max = 500ms;

replication::backoff_options to_backoff(const config::replication_options& o) {
  return {o.reconnect_base, o.reconnect_cap, o.reconnect_jitter, 10s};
}

struct reconnect_state {
  static inline const char* name = "reconnect_supervisor";

  reconnect_supervisor_handle::stateful_pointer<reconnect_state> self = nullptr;
  std::unique_ptr<reconnect_environment> use;
  node_id primary;           ///< whom this node follows
  wal_receiver_handle receiver;
  std::unique_ptr<replication::backoff> waits;
  std::uint64_t number = 0;  ///< of the wait, dial or link under way
  bool dialing = false, linked = false;
  bool heard = false;        ///< from the primary, since the last attempt began
  std::chrono::milliseconds early_pause = early_pause_min;
  clock::time_point dialed_at{};

  reconnect_supervisor_handle me() const { return reconnect_supervisor_handle{self}; }

  std::optional<config::peer> target() const { return use->peers->find(primary); }

  void schedule() {
    const auto delay = waits->next_delay();
    ++number;
    if (delay.count() > 0) {
      log::info(source, "next attempt to reach the primary in {:.1f} s", static_cast<double>(delay.count()) / 1000.0);
    }
    caf::delayed_anon_send(me(), delay, reconnect_due{number});
  }

  void dial() {
    const auto to = target();
    if (!to) return;  // a leader that is no peer here: the members' configurations differ
    dialing = true;
    heard = false;
    dialed_at = clock::now();
    log::info(source, "Attempting reconnection to primary (attempt {})...", waits->attempts());
    use->primary->update([](primary_entry& p) {
      ++p.attempts;
      if (p.state != standby_state::disconnected) p.state = standby_state::connecting;
    });
    net::dial_peer(use->control_io, use->self, to->host, to->replication_port, to->id, wire::repl::purpose::wal_stream,
                   dial_time_max, [me = me(), n = number](result<net::peer_link_ptr> made) {
                     if (made) caf::anon_send(me, primary_dialed{n, std::move(*made), {}});
                     else caf::anon_send(me, primary_dialed{n, nullptr, to_string(made.failure())});
                   });
  }

  void on_dialed(primary_dialed& m) {
    if (m.number != number) {
      if (m.link) m.link->close();
      return;
    }
    dialing = false;
    if (!m.link) {
      log::warning(source, "the primary {} is not reachable: {}", primary.value, m.why);
      return try_again();
    }
    linked = true;
    waits->connected(clock::now());
    caf::anon_send(receiver, receiver_link{number, waits->attempts(), std::move(m.link)});
  }

  void on_ended(const stream_ended& m) {
    if (m.number != number || !linked) return;
    linked = false;
    waits->disconnected(clock::now());
    try_again();
  }

  void on_heard() {
    heard = true;
    if (receiver && !dialing && !linked) dial_early();
  }

  void try_again() {
    if (!dial_early()) schedule();
  }

  /// False when the primary was not heard from, it is too early to ask again, or the series' first attempt, which comes at once, is
  /// still to begin.
  bool dial_early() {
    if (waits->attempts() == 0 || !heard || clock::now() - dialed_at < early_pause) return false;
    early_pause = std::min(2 * early_pause, early_pause_max);
    log::info(source, "the primary {} was heard from", primary.value);
    ++number;  // the attempt that was waiting is this one
    dial();
    return true;
  }
};

reconnect_supervisor_handle::behavior_type reconnect_supervisor(
    reconnect_supervisor_handle::stateful_pointer<reconnect_state> self, std::shared_ptr<reconnect_environment> use) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<reconnect_environment>(std::move(*use));
  state.primary = state.use->primary->read().id;
  auto random = std::make_shared<std::mt19937_64>(std::random_device{}());
  state.waits = std::make_unique<replication::backoff>(to_backoff(state.use->options.replication), [random] {
    return std::uniform_real_distribution<double>(0.0, 1.0)(*random);
  });
  return {
      [&state](begin_reconnecting& m) {
        state.receiver = std::move(m.receiver);
        state.schedule();
      },
      [&state](reconnect_due m) {
        if (m.number == state.number) state.dial();
      },
      [&state](primary_dialed& m) { state.on_dialed(m); },
      [&state](const stream_ended& m) { state.on_ended(m); },
      [&state](primary_heard) { state.on_heard(); },
      [self](stop_reconnecting) { self->quit(); },
  };
}

}  // namespace

reconnect_supervisor_handle spawn_reconnect_supervisor(caf::actor_system& system, reconnect_environment use) {
  return system.spawn<caf::detached>(reconnect_supervisor, std::make_shared<reconnect_environment>(std::move(use)));
}

}  // namespace helios::actors
