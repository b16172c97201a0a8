#include "actors/replication/wal_writer.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdlib>
#include <utility>
#include <variant>

#include "base/log.hpp"

namespace helios::actors {
namespace {

constexpr log::source source{"wal_writer"};

struct wal_writer_state {
  static inline const char* name = "wal_writer";

  wal_writer_handle::stateful_pointer<wal_writer_state> self = nullptr;
  storage::engine* engine = nullptr;
  std::vector<storage::commit_unit_ptr> waiting;
  std::vector<storage::cohort_config> configs;
  std::vector<wal_follower_handle> followers;
  bool flush_due = false;
  bool draining = false;

  static void refuse(const storage::commit_unit_ptr& unit, error why) {
    if (unit->acknowledged) unit->acknowledged->complete(std::move(why));
  }

  void take(storage::commit_unit_ptr unit) {
    if (draining) return refuse(unit, {errc::closed, "the node is shutting down"});
    waiting.push_back(std::move(unit));
    schedule();
  }

  void schedule() {
    if (std::exchange(flush_due, true)) return;
    caf::anon_send(wal_writer_handle{self}, flush_wal{});
  }

  void flush() {
    flush_due = false;
    std::size_t from = 0;
    while (from < waiting.size()) from = write_batch(from);
    waiting.clear();
    for (auto& config : std::exchange(configs, {})) write_config(config);
    sync();
    if (draining) self->quit();
  }

  // Writes one bounded batch and returns where the next begins.
  std::size_t write_batch(std::size_t from) {
    std::size_t to = from, bytes = 0;
    while (to < waiting.size() && (to == from || bytes + waiting[to]->body.size() <= wal_batch_bytes_max)) {
      bytes += waiting[to++]->body.size();
    }
    std::vector<storage::commit_unit_ptr> units(waiting.begin() + static_cast<std::ptrdiff_t>(from),
                                                waiting.begin() + static_cast<std::ptrdiff_t>(to));
    auto chunk = engine->append(units);
    if (!chunk) {
      survive_or_end(chunk.failure());
      for (auto& unit : units) refuse(unit, chunk.failure());
      return to;
    }
    tell({*chunk, std::move(units), {}});
    return to;
  }

  void write_config(const storage::cohort_config& config) {
    auto chunk = engine->append_config(config);
    if (!chunk) {
      survive_or_end(chunk.failure());
      configs.push_back(config);  // tried again with the next flush: the cohort must not stay stale
      return;
    }
    tell({*chunk, {}, config});
  }

  void sync() {
    auto flushed = engine->sync();
    if (!flushed) return survive_or_end({errc::io, flushed.failure().detail});
    for (auto& follower : followers) caf::anon_send(follower, wal_flushed{*flushed});
  }

  void tell(const wal_written& what) {
    for (auto& follower : followers) caf::anon_send(follower, what);
  }

  // A full disk may be emptied; any other failure leaves the log's state unknown, and only recovery knows it again.
  void survive_or_end(const error& why) {
    if (why.code == errc::disk_full) {
      log::warning(source, "the WAL cannot grow: {}; commits are refused until there is room", why.detail);
      return;
    }
    log::error(source, "writing the WAL failed: {}; the node ends and recovers from its log when it is started again", why.detail);
    log::flush();
    std::_Exit(EXIT_FAILURE);
  }

  void drain() {
    draining = true;
    schedule();
  }

  void follow(wal_follower_handle follower) {
    self->monitor(follower);
    // The fsync that was under way when it read the log's positions has passed it by.
    caf::anon_send(follower, wal_flushed{engine->positions().flushed});
    followers.push_back(std::move(follower));
  }

  void forget(const caf::actor_addr& gone) {
    std::erase_if(followers, [&gone](const auto& f) { return f.address() == gone; });
  }
};

wal_writer_handle::behavior_type wal_writer(wal_writer_handle::stateful_pointer<wal_writer_state> self,
                                            storage::engine* engine) {
  auto& state = self->state;
  state.self = self;
  state.engine = engine;
  self->set_down_handler([&state](caf::down_msg& down) { state.forget(down.source); });
  return {
      [&state](submit_commit& m) { state.take(std::move(m.unit)); },
      [&state](submit_config& m) {
        state.configs.push_back(std::move(m.config));
        state.schedule();
      },
      [&state](follow_wal& m) { state.follow(std::move(m.follower)); },
      [&state](flush_wal) { state.flush(); },
      [&state](drain_wal) { state.drain(); },
  };
}

}  // namespace

wal_writer_handle spawn_wal_writer(caf::actor_system& system, storage::engine& engine) {
  return system.spawn<caf::detached>(wal_writer, &engine);
}

void wal_commit_sink::submit(storage::commit_unit_ptr unit) {
  auto* const raw = unit.get();
  const auto dropped = [unit = std::move(unit)](storage::commit_unit*) {
    if (!unit->acknowledged || unit->acknowledged->done()) return;
    unit->acknowledged->complete(error{errc::closed, "the node stopped before the commit was acknowledged"});
  };
  caf::anon_send(to_, submit_commit{storage::commit_unit_ptr(raw, dropped)});
}

}  // namespace helios::actors
