#include "actors/replication/standby_sender.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <fstream>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "base/wall_clock.hpp"
#include "replication/rejoin.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr log::source source{"standby_sender"};
/// Not handed to the socket beyond this: what waits there is memory that nobody bounds otherwise.
constexpr std::size_t socket_pending_bytes_max = 4u << 20;
constexpr auto last_words = 1000ms;

struct standby_sender_state {
  static inline const char* name = "standby_sender";
  enum class phase { waiting, backup, streaming };

  standby_sender_handle::stateful_pointer<standby_sender_state> self = nullptr;
  std::unique_ptr<sender_environment> use;
  net::peer_link_ptr link;
  node_id standby;
  sync_mode mode{};
  std::uint64_t connection = 0;
  phase now = phase::waiting;
  standby_state shown = standby_state::connecting;
  lsn sent, flushed, applied, catch_up_target;
  lsn fork;                    ///< of a base backup: where the standby's log and ours part
  bool awaiting_drain = false, goodbye_heard = false;
  bool making_backup = false;  ///< then the engine is in use, and this actor ends when that is over
  bool ending = false;
  clock::time_point heard = clock::now();
  std::shared_ptr<storage::base_backup> backup;
  std::ifstream backup_file;
  std::uint64_t backup_sent = 0;

  ~standby_sender_state() {
    if (!link) return;
    link->close();
    if (connection == 0) return;
    use->standbys->disconnected(standby, connection);
    caf::anon_send(use->gate, standby_left{standby, connection, goodbye_heard});
  }

  standby_sender_handle me() const { return standby_sender_handle{self}; }

  void start() {
    link->set_callbacks({[me = me()](std::vector<wire::repl::decoded_frame> frames) {
                           caf::anon_send(me, sender_frames{std::move(frames)});
                         },
                         [me = me()](const error& why) { caf::anon_send(me, sender_closed{to_string(why)}); }});
    link->read();
    tick();
  }

  void end(const std::string& why) {
    if (std::exchange(ending, true)) return;
    log::info(source, "standby {} is disconnected: {}", link->peer_node().value, why);
    link->close();
    if (!making_backup) self->quit();
  }

  // --- what the standby says ---

  void on_frames(sender_frames& m) {
    heard = clock::now();
    for (auto& f : m.frames) {
      // An acknowledgement of an older epoch than ours is of a log that we may have cut.
      if (auto* start = std::get_if<wire::repl::start_stream>(&f.body)) on_start(*start);
      else if (const auto* ack = std::get_if<wire::repl::ack>(&f.body)) on_ack(*ack, f.header.number);
      else if (const auto* bye = std::get_if<wire::repl::goodbye>(&f.body)) {
        goodbye_heard = true;
        return end("it leaves: " + bye->reason);
      } else {
        return end("it sent an unexpected frame");
      }
    }
    link->read();
  }

  void on_start(const wire::repl::start_stream& start) {
    if (now != phase::waiting || connection != 0) return end("it asked for a stream twice");
    standby = link->peer_node();
    mode = start.mode;
    connection = use->standbys->begin(standby, mode, link->remote_address(), wall_clock_us());
    replication::primary_log ours;
    for (const auto& e : use->engine.epoch_history()) ours.history.push_back({e.number, e.begin});
    const auto status = use->engine.status();
    ours.oldest = status.oldest;
    ours.written = status.written;
    replication::own_log theirs{{}, start.flushed, start.checkpoint, start.has_store};
    for (const auto& [number, begin] : start.history) theirs.history.push_back({number, begin});
    const auto plan = replication::plan_rejoin(theirs, ours);
    log::info(source, "standby {} ({}, attempt {}) has WAL up to {} of epoch {}: {}", standby.value, to_string(mode), start.attempt,
              start.flushed.value, start.history.empty() ? 0 : start.history.back().first.value, plan.reason);
    flushed = applied = start.flushed;
    using kind = replication::rejoin_plan::kind;
    switch (plan.what) {
      case kind::stream: return begin_stream(plan.cut_at);
      case kind::cut:
        link->send(wire::repl::stream_plan{wire::repl::stream_plan::kind::truncate, plan.cut_at, {}, 0});
        return;  // it cuts and dials again
      case kind::base_backup:
        // Its store may be the one that covers the commits of the config still in force (docs/protocol.md).
        if (start.has_store && plan.cut_at >= ours.oldest && !use->may_replace_stores()) {
          return refuse("role", "this primary is not open yet: " + plan.reason);
        }
        fork = plan.cut_at;
        return begin_backup();
      case kind::refuse: return refuse("epoch", plan.reason);
    }
  }

  void refuse(const char* code, const std::string& why) {
    link->send(wire::repl::refusal{code, why});
    link->close_after_flush(last_words);
    end(why);
  }

  // --- base backup ---

  void begin_backup() {
    // From here on the WAL after the backup's checkpoint must stay: the entry on the board says so.
    publish(standby_state::catching_up);
    log::info(source, "making a base backup for {}", standby.value);
    now = phase::backup;
    making_backup = true;
    // On a thread of its own: it takes as long as the data is large, and the standby wants to hear from us meanwhile.
    self->spawn<caf::detached>(
        [](caf::event_based_actor*, const standby_sender_handle& sender, storage::engine* engine) {
          auto made = engine->make_base_backup();
          if (made) caf::anon_send(sender, backup_made{std::move(*made), {}});
          else caf::anon_send(sender, backup_made{nullptr, to_string(made.failure())});
        },
        me(), &use->engine);
  }

  void on_backup(backup_made& m) {
    making_backup = false;
    if (ending) return self->quit();
    if (!m.backup) return end("a base backup failed: " + m.why);
    backup = std::move(m.backup);
    backup_file.open(backup->file, std::ios::binary);
    if (!backup_file) return end("the base backup " + backup->file.string() + " cannot be read");
    flushed = applied = sent = backup->checkpoint;
    publish(standby_state::catching_up);
    log::info(source, "sending a base backup of {} bytes to {}; WAL from {} follows", backup->bytes, standby.value,
              backup->checkpoint.value);
    link->send(wire::repl::stream_plan{wire::repl::stream_plan::kind::base_backup, fork, {}, backup->bytes});
    pump_backup();
  }

  void pump_backup() {
    while (backup && !hold_back()) {
      wire::repl::backup_chunk chunk;
      chunk.offset = backup_sent;
      chunk.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(backup_frame_bytes, backup->bytes - backup_sent)));
      if (!backup_file.read(chunk.bytes.data(), static_cast<std::streamsize>(chunk.bytes.size()))) {
        return end("the base backup " + backup->file.string() + " cannot be read");
      }
      backup_sent += chunk.bytes.size();
      chunk.last = backup_sent == backup->bytes;
      const bool last = chunk.last;
      link->send(chunk);
      if (!last) continue;
      backup.reset();
      backup_file.close();
    }
  }

  /// True when the socket is to drain first; then sender_drained comes.
  bool hold_back() {
    if (awaiting_drain) return true;
    if (link->pending_bytes() <= socket_pending_bytes_max) return false;
    awaiting_drain = true;
    link->when_pending_below(socket_pending_bytes_max / 4, [me = me()] { caf::anon_send(me, sender_drained{}); });
    return true;
  }

  void on_drained() {
    awaiting_drain = false;
    if (now == phase::backup) pump_backup();
    else if (now == phase::streaming) pump();
  }

  // --- stream ---

  void begin_stream(lsn from) {
    now = phase::streaming;
    sent = flushed = applied = from;
    catch_up_target = use->engine.positions().written;
    link->send(wire::repl::stream_plan{wire::repl::stream_plan::kind::stream, from, catch_up_target, 0});
    publish(standby_state::catching_up);
    caf::anon_send(use->gate, standby_joined{standby, mode, connection, link});
    caf::anon_send(use->writer, follow_wal{wal_follower_handle{self}});
    pump();  // whether it has caught up is the standby's to say: it may have to settle its store first
  }

  bool may_send(std::size_t bytes) const {
    const auto in_flight = distance(flushed, sent);
    return in_flight == 0 || in_flight + bytes <= use->options.replication.in_flight_bytes_max;
  }

  void on_written(const wal_written& m) {
    if (now != phase::streaming || m.chunk->begin != sent) return;
    if (!may_send(m.chunk->bytes.size()) || hold_back()) return;  // read from the files once there is room
    send_chunk(*m.chunk);
  }

  void pump() {
    while (may_send(catch_up_bytes) && !hold_back()) {
      auto chunk = use->engine.read_wal(sent, catch_up_bytes);
      if (!chunk) return end("its WAL is gone: " + to_string(chunk.failure()));
      if ((*chunk)->bytes.empty()) return;
      send_chunk(**chunk);
    }
  }

  void send_chunk(const storage::wal_chunk& chunk) {
    const auto ends = use->engine.positions();
    wire::repl::wal_data data;
    data.flushed = ends.flushed;
    data.visible = ends.visible;
    data.sent_time_us = wall_clock_us();
    for (std::size_t at = 0; at < chunk.bytes.size(); at += wal_frame_bytes_max) {
      data.begin = chunk.begin + at;
      data.bytes = chunk.bytes.substr(at, wal_frame_bytes_max);
      data.more = at + data.bytes.size() < chunk.bytes.size();
      link->send(data);
    }
    sent = chunk.end();
  }

  void on_ack(const wire::repl::ack& ack, epoch number) {
    if (now != phase::streaming) return;
    if (ack.flushed > sent) return end("it acknowledges WAL that it was not sent");
    if (number > use->engine.positions().current_epoch) {
      log::error(source, "standby {} knows epoch {}, which is newer than this primary's", standby.value, number.value);
      return end("it has heard of a newer epoch");
    }
    flushed = std::max(flushed, ack.flushed);
    applied = std::max(applied, ack.applied);
    note_progress();
    pump();
  }

  void note_progress() {
    const bool caught_up = shown == standby_state::streaming || flushed >= catch_up_target;
    if (caught_up && shown != standby_state::streaming) log::info(source, "standby {} has caught up and is streaming", standby.value);
    publish(caught_up ? standby_state::streaming : standby_state::catching_up);
    caf::anon_send(use->gate, standby_position{standby, connection, flushed, applied, caught_up});
  }

  void publish(standby_state state) {
    shown = state;
    use->standbys->update(standby, connection, state, sent, flushed, applied);
    use->standbys->heard(standby, connection, heard_us());
  }

  std::int64_t heard_us() const {
    return wall_clock_us() - std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - heard).count();
  }

  // --- time ---

  void tick() {
    if (ending) return;
    const auto& o = use->options.replication;
    if (const auto silence = clock::now() - heard; silence > o.peer_timeout) {
      return end("nothing heard for " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count()) + " ms");
    }
    if (now == phase::streaming) {
      send_watermark();
      pump();
      publish(shown);
    } else if (now == phase::backup) {
      send_watermark();  // a sign of life
    }
    caf::delayed_anon_send(me(), o.heartbeat_interval, sender_tick{});
  }

  void send_watermark() {
    if (link->pending_bytes() > socket_pending_bytes_max) return;
    const auto ends = use->engine.positions();
    wire::repl::watermark mark;
    mark.visible = ends.visible;
    mark.written = ends.written;
    mark.time_us = wall_clock_us();
    if (applied < ends.written) mark.oldest_unapplied_us = use->engine.first_commit_time_after(applied).value_or(0);
    link->send(mark);
  }

  void say_goodbye() {
    if (now == phase::streaming) send_watermark();
    link->send(wire::repl::goodbye{"the primary is shutting down"});
    link->close_after_flush(last_words);
    ending = true;
    if (!making_backup) self->quit();
  }
};

standby_sender_handle::behavior_type standby_sender(standby_sender_handle::stateful_pointer<standby_sender_state> self,
                                                    std::shared_ptr<sender_environment> use, net::peer_link_ptr link) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<sender_environment>(std::move(*use));
  state.link = std::move(link);
  state.start();
  return {
      [&state](const wal_written& m) { state.on_written(m); },
      [](wal_flushed) {},
      [&state](sender_frames& m) { state.on_frames(m); },
      [&state](const sender_closed& m) { state.end(m.why); },
      [&state](sender_drained) { state.on_drained(); },
      [&state](sender_tick) { state.tick(); },
      [&state](backup_made& m) { state.on_backup(m); },
      [&state](sender_goodbye) { state.say_goodbye(); },
  };
}

}  // namespace

standby_sender_handle spawn_standby_sender(caf::actor_system& system, sender_environment use, net::peer_link_ptr link) {
  return system.spawn<caf::detached>(standby_sender, std::make_shared<sender_environment>(std::move(use)), std::move(link));
}

}  // namespace helios::actors
