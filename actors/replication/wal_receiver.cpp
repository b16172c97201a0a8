#include "actors/replication/wal_receiver.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <variant>

#include "actors/replication/backup_file.hpp"
#include "base/log.hpp"
#include "base/wall_clock.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr log::source source{"wal_receiver"};
constexpr auto last_words = 500ms;

struct wal_receiver_state {
  static inline const char* name = "wal_receiver";
  enum class phase { idle, asked, backup, streaming, ordered };

  wal_receiver_handle::stateful_pointer<wal_receiver_state> self = nullptr;
  std::unique_ptr<receiver_environment> use;
  net::peer_link_ptr link;
  std::uint64_t number = 0;
  phase now = phase::idle;
  bool established = false;
  clock::time_point heard{};
  lsn visible_target, primary_written;
  lsn catch_up_target;       ///< what the plan wants acknowledged before this standby counts as streaming
  lsn backup_fork;           ///< where the log that the base backup replaces leaves the primary's
  std::string partial;       ///< of a record that spans frames
  lsn partial_begin;
  std::unique_ptr<backup_file> backup;

  ~wal_receiver_state() {
    if (link) link->close();
  }

  wal_receiver_handle me() const { return wal_receiver_handle{self}; }
  storage::engine& engine() { return *use->engine; }

  // --- the link ---

  void on_link(receiver_link& m) {
    if (now == phase::ordered) return m.link->close();
    if (link) link->close();
    link = std::move(m.link);
    number = m.number;
    heard = clock::now();
    link->set_callbacks({[me = me(), n = number](std::vector<wire::repl::decoded_frame> frames) {
                           caf::anon_send(me, receiver_frames{n, std::move(frames)});
                         },
                         [me = me(), n = number](const error& why) {
                           caf::anon_send(me, receiver_closed{n, to_string(why)});
                         }});
    wire::repl::start_stream start;
    start.mode = use->mode();
    start.has_store = use->engine != nullptr;
    if (use->engine != nullptr) {
      // Only what is fsynced may be promised.
      sync();
      const auto status = engine().status();
      start.flushed = status.flushed;
      start.checkpoint = status.checkpoint;
      for (const auto& e : engine().epoch_history()) start.history.emplace_back(e.number, e.begin);
    }
    start.advertised_host = use->options.advertised_host;
    start.pg_port = use->options.listen.pg_port;
    start.attempt = m.attempt;
    now = phase::asked;
    established = false;
    partial.clear();
    link->send(start);
    link->read();
  }

  void lost(const std::string& why) {
    if (!link) return;
    link->close();
    link = nullptr;
    backup.reset();
    partial.clear();
    if (now == phase::ordered) return;
    now = phase::idle;
    log::warning(source, "the connection to the primary ended: {}", why);
    use->primary->update([](primary_entry& p) { p.state = standby_state::disconnected; });
    use->changed();
    caf::anon_send(use->supervisor, stream_ended{number, why});
  }

  void on_frames(receiver_frames& m) {
    if (m.number != number || !link) return;
    heard = clock::now();
    use->primary->update([](primary_entry& p) { p.last_heartbeat_us = wall_clock_us(); });
    const lsn flushed_before = use->engine != nullptr ? engine().positions().flushed : lsn{};
    for (auto& f : m.frames) {
      if (f.header.number < use->epoch_now()) return lost("it is of an older epoch: " + std::to_string(f.header.number.value));
      use->heard_epoch(f.header.number);
      if (auto why = on_frame(f.body)) {
        // What came before it counts: the last watermark before a goodbye shows the primary's last commits.
        if (now == phase::streaming) finish_batch(flushed_before);
        return lost(*why);
      }
      if (!link) return;
    }
    link->read();  // the next batch arrives while this one is fsynced
    if (now == phase::streaming) finish_batch(flushed_before);
  }

  /// Why the link has to end, or nothing.
  std::optional<std::string> on_frame(wire::repl::frame& f) {
    if (const auto* no = std::get_if<wire::repl::refusal>(&f)) return "the primary refuses: " + no->message;
    if (const auto* bye = std::get_if<wire::repl::goodbye>(&f)) return bye->reason;
    if (const auto* plan = std::get_if<wire::repl::stream_plan>(&f)) return on_plan(*plan);
    if (auto* chunk = std::get_if<wire::repl::backup_chunk>(&f)) return on_backup_chunk(*chunk);
    if (auto* data = std::get_if<wire::repl::wal_data>(&f)) return on_wal(*data);
    if (const auto* mark = std::get_if<wire::repl::watermark>(&f)) return on_watermark(*mark);
    return "an unexpected frame";
  }

  std::optional<std::string> on_plan(const wire::repl::stream_plan& plan) {
    if (now != phase::asked) return "a plan that was not asked for";
    switch (plan.what) {
      case wire::repl::stream_plan::kind::stream: return begin_stream(plan);
      case wire::repl::stream_plan::kind::truncate:
        log::warning(source, "the primary's log forks at {}: what this node has beyond it is cut", plan.position.value);
        give_order({node_order::kind::truncate_log, plan.position, {}});
        return std::nullopt;
      case wire::repl::stream_plan::kind::base_backup: return begin_backup(plan);
    }
    return "an unknown plan";
  }

  void give_order(node_order order) {
    now = phase::ordered;
    if (link) link->close();
    link = nullptr;
    use->order(std::move(order));
  }

  // --- base backup ---

  std::optional<std::string> begin_backup(const wire::repl::stream_plan& plan) {
    const auto path = std::filesystem::path(use->options.storage.directory) / incoming_backup_name;
    auto opened = backup_file::create(path, plan.backup_bytes);
    if (!opened) return "a base backup cannot be stored: " + to_string(opened.failure());
    backup = std::move(*opened);
    backup_fork = plan.position;
    now = phase::backup;
    log::info(source, "receiving a base backup of {} bytes from the primary", plan.backup_bytes);
    set_state(standby_state::catching_up);
    return std::nullopt;
  }

  std::optional<std::string> on_backup_chunk(const wire::repl::backup_chunk& chunk) {
    if (now != phase::backup) return "a backup that was not asked for";
    if (auto written = backup->append(chunk.offset, chunk.bytes); !written) return to_string(written.failure());
    if (!chunk.last) return std::nullopt;
    if (auto done = backup->finish(); !done) return to_string(done.failure());
    const auto file = backup->path().string();
    backup.reset();
    log::info(source, "the base backup is complete; installing it");
    give_order({node_order::kind::install_backup, backup_fork, file});
    return std::nullopt;
  }

  // --- stream ---

  std::optional<std::string> begin_stream(const wire::repl::stream_plan& plan) {
    if (use->engine == nullptr) return "a stream without a base backup";
    if (plan.position != engine().positions().written) return "a stream from another position than this log's end";
    now = phase::streaming;
    catch_up_target = plan.caught_up;
    log::info(source, "Connected to primary, starting streaming...");
    set_state(standby_state::catching_up);
    use->primary->update([address = link->remote_address()](primary_entry& p) {
      p.connected_at_us = wall_clock_us();
      p.address = address;
    });
    return std::nullopt;
  }

  std::optional<std::string> on_wal(wire::repl::wal_data& data) {
    if (now != phase::streaming) return "WAL that was not asked for";
    visible_target = std::max(visible_target, data.visible);
    if (partial.empty()) partial_begin = data.begin;
    else if (data.begin != partial_begin + partial.size()) return "WAL out of order";
    primary_written = std::max(primary_written, data.begin + data.bytes.size());
    if (partial.empty() && !data.more) return append(data.begin, data.bytes);
    partial += data.bytes;
    if (data.more) return std::nullopt;
    const auto whole = std::exchange(partial, {});
    return append(partial_begin, whole);
  }

  std::optional<std::string> append(lsn begin, std::string_view bytes) {
    auto done = engine().append_replicated(begin, bytes);
    if (done) return std::nullopt;
    const auto& why = done.failure();
    if (why.code == errc::protocol || why.code == errc::corrupt || why.code == errc::disk_full) return to_string(why);
    end_process(why);
  }

  std::optional<std::string> on_watermark(const wire::repl::watermark& mark) {
    if (now != phase::streaming) return std::nullopt;
    visible_target = std::max(visible_target, mark.visible);
    primary_written = std::max(primary_written, mark.written);
    use->primary->update([&mark](primary_entry& p) { p.oldest_unapplied_us = mark.oldest_unapplied_us; });
    return std::nullopt;
  }

  void sync() {
    auto flushed = engine().sync();
    if (!flushed) end_process(flushed.failure());
  }

  void finish_batch(lsn flushed_before) {
    sync();
    engine().advance_visible(visible_target);
    use->db->visible_advanced();
    use->primary->update([written = primary_written](primary_entry& p) { p.written = written; });
    const auto flushed = engine().positions().flushed;
    const bool caught_up = !established && flushed >= catch_up_target;
    // Before the primary hears of it, and counts on it: a store that was being replaced is whole from here on.
    if (caught_up) use->caught_up();
    if (caught_up || flushed != flushed_before) acknowledge();
    if (!caught_up) return;
    established = true;
    log::info(source, "Streaming replication established");
    set_state(standby_state::streaming);
  }

  void acknowledge() {
    const auto ends = engine().positions();
    // What is shown may lie behind what is applied, but never above the primary's watermark.
    link->send(wire::repl::ack{ends.written, ends.flushed, std::min(ends.applied, ends.flushed), ends.visible, wall_clock_us()});
  }

  void set_state(standby_state state) {
    use->primary->update([state](primary_entry& p) { p.state = state; });
    use->changed();
  }

  // After a failed write nobody knows what the log holds; only recovery does.
  [[noreturn]] void end_process(const error& why) {
    log::error(source, "writing the WAL failed: {}; the node ends and recovers from its log when it is started again", to_string(why));
    log::flush();
    std::_Exit(EXIT_FAILURE);
  }

  // --- time ---

  void tick() {
    if (link) {
      const auto silence = clock::now() - heard;
      if (silence > use->options.replication.peer_timeout) {
        lost("nothing heard for " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count()) + " ms");
      } else if (now == phase::streaming) {
        acknowledge();
      } else if (now == phase::backup) {
        link->send(wire::repl::ack{});  // only a sign of life
      }
    }
    caf::delayed_anon_send(me(), use->options.replication.heartbeat_interval, receiver_tick{});
  }

  void stop() {
    if (link) {
      link->send(wire::repl::goodbye{"the standby is shutting down"});
      link->close_after_flush(last_words);
      link = nullptr;
    }
    self->quit();
  }
};

wal_receiver_handle::behavior_type wal_receiver(wal_receiver_handle::stateful_pointer<wal_receiver_state> self,
                                                std::shared_ptr<receiver_environment> use) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<receiver_environment>(std::move(*use));
  if (state.use->engine != nullptr) state.visible_target = state.engine().positions().visible;
  state.tick();
  return {
      [&state](receiver_link& m) { state.on_link(m); },
      [&state](receiver_frames& m) { state.on_frames(m); },
      [&state](const receiver_closed& m) {
        if (m.number == state.number) state.lost(m.why);
      },
      [&state](receiver_tick) { state.tick(); },
      [&state](stop_receiver) { state.stop(); },
  };
}

}  // namespace

wal_receiver_handle spawn_wal_receiver(caf::actor_system& system, receiver_environment use) {
  return system.spawn<caf::detached>(wal_receiver, std::make_shared<receiver_environment>(std::move(use)));
}

}  // namespace helios::actors
