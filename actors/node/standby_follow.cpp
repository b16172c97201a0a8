#include "actors/node/standby_follow.hpp"

#include <caf/send.hpp>

#include <chrono>
#include <utility>

#include "actors/node/await_end.hpp"

namespace helios::actors {

using namespace std::chrono_literals;

standby_follow::standby_follow(environment use) : use_(std::move(use)), primary_(use_.reconnecting.primary) {
  reconnecting_ = spawn_reconnect_supervisor(use_.system, use_.reconnecting);
  receiver_ = spawn_wal_receiver(use_.system, {use_.engine, use_.db, use_.options, primary_, reconnecting_, use_.heard_epoch,
                                               use_.epoch_now, use_.caught_up, use_.changed, use_.order, use_.mode});
  caf::anon_send(use_.supervisor, look_after{"the WAL receiver", caf::actor_cast<caf::strong_actor_ptr>(receiver_), {}});
  caf::anon_send(use_.supervisor, look_after{"the reconnect supervisor", caf::actor_cast<caf::strong_actor_ptr>(reconnecting_), {}});
  caf::anon_send(reconnecting_, begin_reconnecting{receiver_});
}

standby_follow::~standby_follow() { stop(); }

void standby_follow::heard() { caf::anon_send(reconnecting_, primary_heard{}); }

void standby_follow::stop() {
  if (!receiver_) return;
  caf::anon_send(reconnecting_, stop_reconnecting{});
  caf::anon_send(receiver_, stop_receiver{});
  await_end(use_.system, {caf::actor_cast<caf::strong_actor_ptr>(receiver_), caf::actor_cast<caf::strong_actor_ptr>(reconnecting_)},
            3000ms);
  receiver_ = wal_receiver_handle();
}

}  // namespace helios::actors
