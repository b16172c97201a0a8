#include "actors/session/pg_session.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

#include "actors/session/pg_conversation.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds login_time_max{60};
constexpr std::chrono::milliseconds last_words_time{1000};
constexpr std::chrono::milliseconds upstream_dial_time{3000};
// The primary keeps statement_timeout itself; one that has not even said so after this is given up.
constexpr std::chrono::milliseconds primary_grace{1000};

void refuse(net::connection& client, bool shutting_down) {
  std::string bytes;
  error_report report;
  report.severity = "FATAL";
  report.sqlstate = shutting_down ? sqlstate::cannot_connect_now : sqlstate::too_many_connections;
  report.message = shutting_down ? "the database system is shutting down" : "sorry, too many clients already";
  wire::pg::backend_encoder(bytes).error_response(report);
  client.send(std::move(bytes));
  client.close_after_flush(last_words_time);
}

struct pg_session_state {
  static inline const char* name = "pg_session";

  pg_session_handle::stateful_pointer<pg_session_state> self = nullptr;
  session_services_ptr services;
  net::connection_ptr client;
  std::optional<forwarded_client> forwarded;
  session_directory::entry entry;
  std::unique_ptr<session_fiber> host;
  std::unique_ptr<client_io> io;
  std::unique_ptr<pg_conversation> talk;
  bool ended = false;

  // One tick of CAF's clock is under way at most for each of these; statements that end in time cost none.
  std::optional<clock::time_point> login_until, statement_until, idle_until, next_tick;
  std::uint64_t statement = 0;
  bool overdue = false;  // the statement, on the primary
  std::optional<interrupt> deferred;  // until the statement that asked for it has its answer

  // Not in the actor's constructor: what quits there does not end.
  void enter() {
    const pg_session_handle me{self};
    const auto raise = [me](interrupt what) { caf::anon_send(me, interrupt_session{what}); };
    auto made = forwarded ? services->directory->add(raise) : services->directory->add_unadmitted(raise);
    if (forwarded) forwarded->opening.reset();
    if (made) {
      entry = std::move(*made);
      return open(me);
    }
    refuse(*client, services->directory->ending());
    ended = true;
    self->quit();
  }

  void open(const pg_session_handle& me) {
    host = std::make_unique<session_fiber>(
        session_fiber::wakers{[me](std::uint64_t ticket) { caf::anon_send(me, wake_fiber{ticket}); },
                              [me](std::uint64_t ticket, clock::time_point at) {
                                caf::delayed_anon_send(me, at - clock::now(), wake_fiber{ticket});
                              }});
    io = std::make_unique<client_io>(client, *host);
    if (!forwarded) login_until = clock::now() + login_time_max;
    talk = std::make_unique<pg_conversation>(pg_conversation::environment{
        *services, entry, *host, *io, dialer(me),
        [this](std::uint64_t number, std::chrono::milliseconds after) {
          statement = number;
          statement_until = clock::now() + after;
          overdue = false;
        },
        std::move(forwarded), [me] { caf::anon_send(me, session_notified{}); }});
    client->set_callbacks({[me](std::string bytes) { caf::anon_send(me, client_bytes{std::move(bytes)}); },
                           [me](const error&) { caf::anon_send(me, client_closed{}); }});
    run();
  }

  upstream_dialer dialer(const pg_session_handle& me) const {
    return [me, with = services](const upstream_target& to, std::uint64_t number,
                                 std::function<void(result<net::peer_link_ptr>)> then) {
      if (to.host.empty()) return then(error{errc::closed, "no primary is known"});
      net::dial_peer(with->control_io, with->self, to.host, to.replication_port, to.primary, wire::repl::purpose::forward,
                     upstream_dial_time, [me, number, then = std::move(then)](result<net::peer_link_ptr> made) {
                       if (made) (*made)->set_callbacks(link_events(me, number));
                       then(std::move(made));
                     });
    };
  }

  static net::peer_link::callbacks link_events(const pg_session_handle& me, std::uint64_t number) {
    return {[me, number](std::vector<wire::repl::decoded_frame> frames) {
              caf::anon_send(me, upstream_frames{number, std::move(frames)});
            },
            [me, number](const error& why) { caf::anon_send(me, upstream_closed{number, to_string(why)}); }};
  }

  void run() {
    idle_until.reset();
    if (!host->running()) host->start([this] { talk->run(); });
    settle();
  }

  /// After each step: the session may be over, or wait for its client.
  void settle() {
    if (ended) return;
    if (deferred && !(entry.activity->answer_first && host->running())) {
      entry.activity->answer_first = false;
      return interrupted(*std::exchange(deferred, std::nullopt));
    }
    if (!host->running() && talk->over()) return leave();
    if (talk->started()) login_until.reset();
    if (!talk->statement_runs(statement)) statement_until.reset();
    if (host->running() || !talk->in_transaction()) {
      idle_until.reset();
    } else if (!idle_until) {
      if (const auto limit = talk->idle_in_transaction_timeout(); limit.count() > 0) idle_until = clock::now() + limit;
    }
    arm();
  }

  void leave() {
    ended = true;
    client->close_after_flush(last_words_time);
    talk.reset();  // the node may close its engine as soon as the directory is empty
    services->directory->remove(entry.id);
    self->quit();
  }

  void arm() {
    std::optional<clock::time_point> earliest;
    for (const auto& until : {login_until, statement_until, idle_until}) {
      if (until && (!earliest || *until < *earliest)) earliest = until;
    }
    if (!earliest || (next_tick && *next_tick <= *earliest)) return;
    next_tick = earliest;
    caf::delayed_anon_send(pg_session_handle{self}, *earliest - clock::now(), deadline_tick{*earliest});
  }

  void tick(clock::time_point at) {
    if (!next_tick || at != *next_tick) return;
    next_tick.reset();
    const auto now = clock::now();
    const auto passed = [now](std::optional<clock::time_point>& until) {
      if (!until || *until > now) return false;
      until.reset();
      return true;
    };
    if (passed(login_until)) return interrupted(interrupt::terminate);
    if (passed(idle_until)) return interrupted(interrupt::idle_timeout);
    if (passed(statement_until)) {
      if (!talk->forwarding() || std::exchange(overdue, true)) return interrupted(interrupt::statement_timeout);
      statement_until = now + primary_grace;
    }
    arm();
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
    if (entry.activity->answer_first && host->running()) {
      if (what != interrupt::cancel && what != interrupt::statement_timeout) deferred = what;
      return;
    }
    if (what == interrupt::cancel && talk->cancel_upstream()) return;
    const bool statement_only = what == interrupt::cancel || what == interrupt::statement_timeout;
    const bool idle = !host->running();
    host->raise(what);
    if (idle && !statement_only) run();
    else settle();
  }
  /// Something for the client while it says nothing: in the middle of a statement, or of a transaction, it waits for their end.
  void bring() {
    if (!ended && !host->running() && talk->started() && !talk->in_transaction()) run();
  }
  void frames(std::uint64_t link, std::vector<wire::repl::decoded_frame> frames) {
    auto* router = talk->router();
    if (router == nullptr) return;
    router->upstream().on_frames(link, std::move(frames));
    bring();
  }
  void link_closed(std::uint64_t link, const std::string& why) {
    auto* router = talk->router();
    if (router == nullptr) return;
    router->upstream().on_closed(link, why);
    bring();
  }
};

pg_session_handle::behavior_type pg_session(pg_session_handle::stateful_pointer<pg_session_state> self,
                                            session_services_ptr services, net::connection_ptr client,
                                            std::shared_ptr<std::optional<forwarded_client>> forwarded) {
  auto& state = self->state;
  state.self = self;
  state.services = std::move(services);
  state.client = std::move(client);
  state.forwarded = std::move(*forwarded);
  return {
      [&state](begin_session) { state.enter(); },
      [&state](client_bytes& m) { state.take(std::move(m.bytes)); },
      [&state](client_closed) { state.client_left(); },
      [&state](wake_fiber m) { state.wake(m.ticket); },
      [&state](interrupt_session m) { state.interrupted(m.what); },
      [&state](deadline_tick m) { state.tick(m.at); },
      [&state](session_notified) { state.bring(); },
      [&state](upstream_frames& m) { state.frames(m.link, std::move(m.frames)); },
      [&state](upstream_closed& m) { state.link_closed(m.link, m.why); },
  };
}

}  // namespace

pg_session_handle spawn_pg_session(caf::actor_system& system, net::connection_ptr client, session_services_ptr services,
                                   std::optional<forwarded_client> forwarded) {
  auto made = system.spawn(pg_session, std::move(services), std::move(client),
                           std::make_shared<std::optional<forwarded_client>>(std::move(forwarded)));
  caf::anon_send(made, begin_session{});
  return made;
}

}  // namespace helios::actors
