#include "actors/proxy/proxy_session.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

#include "actors/proxy/proxy_conversation.hpp"
#include "actors/proxy/reports.hpp"

namespace helios::actors {
namespace {

constexpr std::chrono::milliseconds last_words_time{1000};

struct proxy_session_state {
  static inline const char* name = "proxy_session";

  proxy_session_handle::stateful_pointer<proxy_session_state> self = nullptr;
  std::shared_ptr<proxy_services> services;
  net::connection_ptr client;
  session_directory::entry entry;
  std::unique_ptr<session_fiber> host;
  std::unique_ptr<client_io> io;
  std::unique_ptr<proxy_conversation> talk;
  bool ended = false;

  void open() {
    const proxy_session_handle me{self};
    host = std::make_unique<session_fiber>(session_fiber::wakers{
        [me](std::uint64_t ticket) { caf::anon_send(me, wake_fiber{ticket}); },
        [me](std::uint64_t ticket, std::chrono::steady_clock::time_point at) {
          caf::delayed_anon_send(me, at - std::chrono::steady_clock::now(), wake_fiber{ticket});
        }});
    io = std::make_unique<client_io>(client, *host);
    talk = std::make_unique<proxy_conversation>(
        proxy_conversation::environment{*services, entry, *host, *io, [me](std::uint64_t number) { return events(me, number); }});
    client->set_callbacks({[me](std::string bytes) { caf::anon_send(me, client_bytes{std::move(bytes)}); },
                           [me](const error&) { caf::anon_send(me, client_closed{}); }});
    caf::delayed_anon_send(me, login_time_max, login_deadline{});
    run();
  }

  static backend_channel::callbacks events(const proxy_session_handle& me, std::uint64_t number) {
    return {[me, number](std::vector<wire::repl::decoded_frame> frames) {
              caf::anon_send(me, upstream_frames{number, std::move(frames)});
            },
            [me, number](const std::string& why) { caf::anon_send(me, upstream_closed{number, why}); },
            [me, number] { caf::anon_send(me, upstream_suspect{number}); }};
  }

  void run() {
    if (!host->running()) {
      host->start([this] { talk->run(); });
    }
    settle();
  }

  /// After each step: the session may be over.
  void settle() {
    if (ended || host->running() || !talk->over()) return;
    ended = true;
    client->close_after_flush(last_words_time);
    services->directory.remove(entry.id);
    self->quit();
  }

  void take(std::string bytes) {
    io->on_bytes(std::move(bytes));
    run();
  }
  void client_left() {
    io->on_closed();
    host->raise(interrupt::client_gone);
    run();
  }
  void wake(std::uint64_t ticket) {
    host->wake(ticket);
    settle();
  }
  void interrupted(interrupt what) {
    if (what == interrupt::cancel && talk->cancel()) return;
    const bool idle = !host->running();
    host->raise(what);
    if (idle && what != interrupt::cancel) run();
    else settle();
  }
  void check_login() {
    if (!talk->started()) interrupted(interrupt::terminate);
  }
  /// A backend has spoken, or left, while the client says nothing.
  void bring() {
    if (!ended && !host->running() && talk->keeps_backend()) run();
  }
  void frames(std::uint64_t link, std::vector<wire::repl::decoded_frame> frames) {
    auto* from = talk->backends().numbered(link);
    if (from == nullptr) return;
    from->on_frames(std::move(frames));
    bring();
  }
  void link_closed(std::uint64_t link, const std::string& why) {
    auto* from = talk->backends().numbered(link);
    if (from == nullptr) return;
    from->on_closed(why);
    bring();
  }
  void link_suspect(std::uint64_t link) {
    if (auto* from = talk->backends().numbered(link)) from->on_suspect();
  }
};

proxy_session_handle::behavior_type proxy_session(proxy_session_handle::stateful_pointer<proxy_session_state> self,
                                                  std::shared_ptr<proxy_services> services, net::connection_ptr client) {
  auto& state = self->state;
  state.self = self;
  state.services = std::move(services);
  state.client = std::move(client);
  const proxy_session_handle me{self};
  auto entry = state.services->directory.add([me](interrupt what) { caf::anon_send(me, interrupt_session{what}); });
  if (entry) {
    state.entry = std::move(*entry);
    state.open();
  } else {
    std::string bytes;
    wire::pg::backend_encoder(bytes).error_response(
        state.services->directory.ending()
            ? make_fatal_report(sqlstate::cannot_connect_now, "the database system is shutting down")
            : make_fatal_report(sqlstate::too_many_connections, "sorry, too many clients already"));
    state.client->send(std::move(bytes));
    state.client->close_after_flush(last_words_time);
    // A quit() before there is a behavior is lost: the actor would live on, and the runtime wait for it.
    caf::anon_send_exit(me, caf::exit_reason::user_shutdown);
  }
  return {
      [&state](client_bytes& m) { state.take(std::move(m.bytes)); },
      [&state](client_closed) { state.client_left(); },
      [&state](wake_fiber m) { state.wake(m.ticket); },
      [&state](interrupt_session m) { state.interrupted(m.what); },
      [&state](login_deadline) { state.check_login(); },
      [&state](upstream_frames& m) { state.frames(m.link, std::move(m.frames)); },
      [&state](upstream_closed& m) { state.link_closed(m.link, m.why); },
      [&state](upstream_suspect m) { state.link_suspect(m.link); },
  };
}

}  // namespace

void spawn_proxy_session(caf::actor_system& system, net::connection_ptr client, std::shared_ptr<proxy_services> services) {
  system.spawn(proxy_session, std::move(services), std::move(client));
}

}  // namespace helios::actors
