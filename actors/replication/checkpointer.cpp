#include "actors/replication/checkpointer.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <string>

#include "base/log.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr log::source source{"checkpointer"};
constexpr auto look_every = 100ms;
/// After a failure (a full disk), the next try waits this long.
constexpr auto retry_after = 5s;

struct checkpointer_state {
  static inline const char* name = "checkpointer";

  checkpointer_handle::stateful_pointer<checkpointer_state> self = nullptr;
  storage::engine* engine = nullptr;
  const config::storage_options* options = nullptr;
  clock::time_point last = clock::now(), not_before{};
  std::string last_trouble;

  void tick() {
    const auto now = clock::now();
    const auto status = engine->status();
    // Nothing new is visible: there is nothing to write.
    const bool news = status.visible > status.checkpoint;
    const bool by_time = news && now - last >= options->checkpoint_interval;
    note_visible();
    if (now >= not_before && news && (engine->checkpoint_due() || by_time)) run();
    caf::delayed_anon_send(checkpointer_handle{self}, look_every, checkpoint_tick{});
  }

  // After a kill the node shows again what it had shown before.
  void note_visible() {
    if (auto noted = engine->note_visible(); !noted && noted.failure().detail != last_trouble) {
      last_trouble = noted.failure().detail;
      log::warning(source, "the visible mark cannot be written: {}", last_trouble);
    }
  }

  void run() {
    const auto begun = clock::now();
    const auto done = engine->checkpoint();
    last = clock::now();
    if (!done && done.failure().code == errc::closed) return;
    if (!done) {
      not_before = last + retry_after;
      log::error(source, "the checkpoint failed and will be tried again: {}", to_string(done.failure()));
      return;
    }
    log::info(source, "checkpoint at {} took {} ms", engine->status().checkpoint.value,
              std::chrono::duration_cast<std::chrono::milliseconds>(last - begun).count());
  }
};

checkpointer_handle::behavior_type checkpointer(checkpointer_handle::stateful_pointer<checkpointer_state> self,
                                                storage::engine* engine, const config::storage_options* options) {
  auto& state = self->state;
  state.self = self;
  state.engine = engine;
  state.options = options;
  state.tick();
  return {
      [&state](checkpoint_tick) { state.tick(); },
      [self](stop_checkpointer) { self->quit(); },
  };
}

}  // namespace

checkpointer_handle spawn_checkpointer(caf::actor_system& system, storage::engine& engine, const config::storage_options& options) {
  return system.spawn<caf::detached>(checkpointer, &engine, &options);
}

}  // namespace helios::actors
