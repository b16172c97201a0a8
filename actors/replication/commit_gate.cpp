#include "actors/replication/commit_gate.hpp"

#include <fmt/format.h>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "base/wall_clock.hpp"
#include "replication/cohort_planner.hpp"
#include "replication/commit_rule.hpp"

namespace helios::actors {
namespace {

using clock = std::chrono::steady_clock;

constexpr log::source source{"commit_gate"};
/// A standby that does not read gets no watermarks on top of what is queued for it already.
constexpr std::size_t watermark_pending_bytes_max = 256u << 10;

replication::cohort to_cohort(const storage::cohort_config& config) {
  replication::cohort out{config.version, {}, config.acks_needed};
  for (const auto& m : config.members) out.members.push_back(node_id{m});
  return out;
}

std::string describe(const replication::cohort& c) {
  std::string names;
  for (const auto& m : c.members) names += (names.empty() ? "" : ", ") + m.value;
  return fmt::format("version {}: {} of [{}]", c.version, c.acks_needed, names);
}

struct commit_gate_state {
  static inline const char* name = "commit_gate";

  struct standby {
    replication::standby_view view;
    std::uint64_t connection = 0;
    net::peer_link_ptr link;
  };

  commit_gate_handle::stateful_pointer<commit_gate_state> self = nullptr;
  std::unique_ptr<gate_environment> use;
  std::unique_ptr<replication::commit_rule> rule;
  replication::planner_options planning;
  std::map<node_id, standby> standbys;
  std::deque<storage::commit_unit_ptr> waiting;
  lsn shown, written;
  bool config_on_its_way = false, was_degraded = false;
  clock::time_point started{}, last_tick{};

  void start() {
    const auto config = use->engine.latest_config();
    const auto ends = use->engine.positions();
    written = ends.written;
    shown = ends.visible;
    rule = std::make_unique<replication::commit_rule>(replication::commit_rule::opening(shown));
    rule->propose({to_cohort(use->elected.opening), use->elected.opening_end});
    planning = {use->options.replication.policy == config::cohort_policy::strict, use->options.replication.sync_acks,
                use->options.replication.sync_timeout};
    started = last_tick = clock::now();
    use->facts->set_cohort(describe(rule->in_force().rule));
    use->facts->cohort_version = config.version;
    if (config.version > 0) log::info(source, "commit rule from the log: {}", describe(to_cohort(config)));
    caf::anon_send(use->writer, follow_wal{wal_follower_handle{self}});
    advance(rule->leader_flushed(ends.flushed));
    tick();
  }

  // --- news ---

  void on_written(wal_written& m) {
    written = m.chunk->end();
    if (m.config) {
      config_on_its_way = false;
      rule->propose({to_cohort(*m.config), m.chunk->end()});
    }
    for (auto& unit : m.units) waiting.push_back(std::move(unit));
    use->facts->waiting = waiting.size();
  }

  void on_flushed(lsn to) { advance(rule->leader_flushed(to)); }

  void on_joined(standby_joined& m) {
    auto& s = standbys[m.id];
    s.view.id = m.id;
    s.view.mode = m.mode;
    s.view.streaming = false;
    s.view.left = false;
    s.view.last_heard = clock::now();
    s.connection = m.connection;
    s.link = std::move(m.link);
    send_watermark(s);
  }

  void on_position(const standby_position& m) {
    const auto found = standbys.find(m.id);
    if (found == standbys.end() || found->second.connection != m.connection) return;
    auto& view = found->second.view;
    const bool news = m.streaming && !view.streaming;
    view.flushed = m.flushed;
    view.streaming = m.streaming;
    view.last_heard = clock::now();
    // A standby that catches up may be replacing its store: it counts from when it says that it has caught up.
    if (!m.streaming) return;
    advance(rule->acknowledged(m.id, {view.mode, m.flushed, m.applied}));
    if (news) plan();
  }

  void on_left(const standby_left& m) {
    const auto found = standbys.find(m.id);
    if (found == standbys.end() || found->second.connection != m.connection) return;
    auto& s = found->second;
    s.link = nullptr;
    s.view.streaming = false;
    s.view.left = m.on_purpose;
    if (m.on_purpose) plan();
  }

  // --- the watermark ---

  void advance(lsn to) {
    note_rule();
    // Without the lease nothing is acknowledged or shown; the next tick looks again.
    if (to > shown && !use->elected.may_acknowledge()) return tell_held();
    if (to > shown) {
      shown = to;
      for (auto& [id, s] : standbys) send_watermark(s);
      use->engine.advance_visible(shown);
      use->db.visible_advanced();
      answer();
    }
    // An empty tail has nothing to wait for.
    if (!use->facts->open && shown >= use->led_from) open();
    tell_held();
  }

  /// A proposal that its own cohort holds goes to the voters.
  void tell_held() {
    const auto* held = rule->held_proposal();
    if (held == nullptr) return;
    storage::cohort_config config{held->rule.version, use->engine.positions().current_epoch, use->options.id.value, {}, held->rule.acks_needed};
    for (const auto& m : held->rule.members) config.members.push_back(m.value);
    use->elected.cohort_held(config);
  }

  void on_published(rule_published m) { advance(rule->published(m.version)); }

  void answer() {
    std::uint64_t answered = 0;
    while (!waiting.empty() && waiting.front()->end <= shown) {
      auto unit = std::move(waiting.front());
      waiting.pop_front();
      if (unit->acknowledged) unit->acknowledged->complete();
      ++answered;
    }
    use->facts->acknowledged += answered;
    use->facts->waiting = waiting.size();
  }

  void open() {
    use->facts->open = true;
    log::info(source, "open for writes in epoch {}: everything up to {} is acknowledged", use->engine.positions().current_epoch.value,
              shown.value);
    use->changed();
  }

  void send_watermark(standby& s) {
    if (!s.link || s.link->pending_bytes() > watermark_pending_bytes_max) return;
    wire::repl::watermark mark;
    mark.visible = shown;
    mark.written = written;
    mark.time_us = wall_clock_us();
    if (s.view.flushed < written) mark.oldest_unapplied_us = use->engine.first_commit_time_after(s.view.flushed).value_or(0);
    s.link->send(mark);
  }

  // --- the cohort ---

  void note_rule() {
    const auto& in_force = rule->in_force().rule;
    if (use->facts->cohort_version == in_force.version) return;
    use->facts->cohort_version = in_force.version;
    use->facts->set_cohort(describe(in_force));
    log::info(source, "commit rule in force: {}", describe(in_force));
    use->changed();
  }

  std::vector<replication::standby_view> views() const {
    std::vector<replication::standby_view> out;
    for (const auto& [id, s] : standbys) out.push_back(s.view);
    return out;
  }

  /// Those that are no members any more get nothing, and nobody waits for them.
  void let_removed_go() {
    std::erase_if(standbys, [this](auto& s) {
      if (use->peers->is_member(s.first)) return false;
      log::info(source, "{} is no member any more: its stream ends", s.first.value);
      if (s.second.link) s.second.link->close();
      return true;
    });
    for (const auto& s : use->standbys->all())
      if (!use->peers->is_member(s.id)) use->standbys->forget(s.id);
  }

  void plan() {
    if (config_on_its_way || !use->elected.leads()) return;
    let_removed_go();
    replication::cluster_view view{rule->newest().rule, rule->newest().end, started, clock::now(), views()};
    for (const auto& m : view.current.members)
      if (!use->peers->is_member(m)) view.gone.push_back(m);
    const auto next = replication::plan_cohort(view, planning);
    if (next) {
      storage::cohort_config config{next->version, use->engine.positions().current_epoch, use->options.id.value, {}, next->acks_needed};
      for (const auto& m : next->members) config.members.push_back(m.value);
      log::info(source, "proposing the commit rule {}", describe(*next));
      config_on_its_way = true;
      caf::anon_send(use->writer, submit_config{std::move(config)});
    }
    note_degraded(view);
  }

  void note_degraded(const replication::cluster_view& view) {
    const bool degraded = replication::is_degraded(rule->newest().rule, view.standbys, planning);
    use->facts->degraded = degraded;
    if (degraded == std::exchange(was_degraded, degraded)) return;
    if (degraded) log::warning(source, "degraded: fewer sync standbys acknowledge than replication.sync_acks asks for");
    else log::info(source, "no longer degraded: enough sync standbys acknowledge");
  }

  // --- time ---

  void tick() {
    const auto now = clock::now();
    const auto interval = use->options.replication.heartbeat_interval;
    // This process itself was paused: the silence of the others was ours.
    if (const auto gap = now - last_tick; gap > 3 * interval) {
      for (auto& [id, s] : standbys) s.view.last_heard += gap;
      started += gap;
    }
    last_tick = now;
    advance(rule->watermark());
    plan();
    keep_wal();
    caf::delayed_anon_send(commit_gate_handle{self}, interval, gate_tick{});
  }

  // For each standby that was met, what it has not flushed; for one that has not come back since this start, all that the
  // bound allows.
  void keep_wal() {
    const auto bound = use->options.replication.wal_keep_bytes_max;
    const lsn least{written.value > bound ? written.value - bound : 0};
    lsn from = written;
    const auto known = use->standbys->all();
    for (const auto& s : known) from = std::min(from, s.flushed);
    const auto peers = use->peers->all();
    for (const auto& p : *peers) {
      if (p.id == use->options.id || p.pg_port == 0) continue;
      if (std::none_of(known.begin(), known.end(), [&p](const auto& s) { return s.id == p.id; })) from = lsn{};
    }
    use->engine.keep_wal_from(std::max(from, least));
  }
};

commit_gate_handle::behavior_type commit_gate(commit_gate_handle::stateful_pointer<commit_gate_state> self,
                                              std::shared_ptr<gate_environment> use) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<gate_environment>(std::move(*use));
  state.start();
  return {
      [&state](wal_written& m) { state.on_written(m); },
      [&state](wal_flushed m) { state.on_flushed(m.to); },
      [&state](standby_joined& m) { state.on_joined(m); },
      [&state](const standby_position& m) { state.on_position(m); },
      [&state](const standby_left& m) { state.on_left(m); },
      [&state](gate_tick) { state.tick(); },
      [&state](rule_published m) { state.on_published(m); },
      [self](close_gate) { self->quit(); },
  };
}

}  // namespace

std::string gate_facts::cohort() const {
  std::lock_guard lock(mutex_);
  return cohort_;
}

void gate_facts::set_cohort(std::string text) {
  std::lock_guard lock(mutex_);
  cohort_ = std::move(text);
}

commit_gate_handle spawn_commit_gate(caf::actor_system& system, gate_environment use) {
  return system.spawn<caf::detached>(commit_gate, std::make_shared<gate_environment>(std::move(use)));
}

}  // namespace helios::actors
