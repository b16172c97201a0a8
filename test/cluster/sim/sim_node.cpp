#include "sim_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace helios::sim {
namespace {

using namespace std::chrono_literals;
/// A node's clock shows this at true time 0: far from time_point::min(), different from true time.
constexpr true_time clock_origin = 1'000'000'000'000;
constexpr auto data_interval = 100ms;
constexpr auto silence = 600ms;  ///< a connection on which nothing came for so long is made anew

}  // namespace

const char* to_string(data_rule r) {
  switch (r) {
    case data_rule::acks_follow_match: return "acks_follow_match";
    case data_rule::lower_wal_is_refused: return "lower_wal_is_refused";
    case data_rule::ack_after_fsync: return "ack_after_fsync";
    case data_rule::opening_acks_nothing: return "opening_acks_nothing";
    case data_rule::old_and_new_bind: return "old_and_new_bind";
    case data_rule::visible_by_rule: return "visible_by_rule";
    case data_rule::ack_needs_lease: return "ack_needs_lease";
    case data_rule::read_needs_lease: return "read_needs_lease";
    case data_rule::divergent_tail_is_cut: return "divergent_tail_is_cut";
    case data_rule::backup_marks_store: return "backup_marks_store";
    case data_rule::late_backup_is_dropped: return "late_backup_is_dropped";
    case data_rule::count: break;
  }
  return "?";
}

std::vector<replication::epoch_start> history_of(const entries& log) {
  std::vector<replication::epoch_start> out;
  for (std::size_t i = 0; i < log.size(); ++i)
    if (log[i].what == entry::kind::epoch_start) out.push_back({log[i].number, lsn{i}});
  return out;
}

// --- time ---

ha::time_point sim_node::local() const {
  const auto shown = static_cast<double>(world_.now()) * (1.0 + who_.drift);
  return ha::time_point(std::chrono::nanoseconds(clock_origin + static_cast<true_time>(shown)));
}

true_time sim_node::true_at(ha::time_point at) const {
  if (at == ha::time_point::max()) return INT64_MAX / 2;
  const auto shown = static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count() - clock_origin);
  return static_cast<true_time>(std::ceil(shown / (1.0 + who_.drift))) + 1'000;
}

void sim_node::post(true_time at, event e) {
  e.incarnation = incarnation_;
  world_.post(number_, at, std::move(e));
}

// --- life ---

void sim_node::introduce(std::size_t number, std::map<std::string, std::size_t> numbers) {
  number_ = number;
  numbers_ = std::move(numbers);
  disk_.record.cluster_id = settings_.options.cluster_id;
}

std::string sim_node::process_name() const { return fmt::format("{} ({})", name(), incarnation_); }

void sim_node::start() {
  ++incarnation_;
  checker_.restarted(*this);
  process_ = std::make_unique<process>();
  auto o = settings_.options;
  o.self = who_.id;
  o.incarnation = incarnation_;
  o.own_mode = who_.mode;
  o.own_priority = who_.priority;
  o.seed = world_.random()();
  o.mutations = settings_.rules.machine;
  if (o.find(who_.id) == nullptr) o.members.push_back(own_entry());  // not a member yet: only its own settings say so
  process_->shown = disk_.checkpoint;
  process_->record_written = disk_.record;
  process_->machine = std::make_unique<ha::member>(std::move(o), disk_.record, position(), local());
  trace(fmt::format("starts as process {} with promise {}, log up to {} of epoch {}", incarnation_, disk_.record.promised.value,
                    disk_.durable, position().at.last_epoch.value));
  process_->members = process_->machine->settings().members;
  process_->machine->tick(local());
  after_input();
}

void sim_node::crash(double torn) {
  if (!running()) return;
  auto& p = *process_;
  if (p.writing_record && world_.chance(0.5)) disk_.record = p.record_written;
  const auto lost = disk_.log.size() - disk_.durable;
  disk_.log.resize(disk_.durable + static_cast<std::size_t>(static_cast<double>(lost) * torn));
  disk_.durable = disk_.log.size();
  trace(fmt::format("CRASHES; its log ends at {}", disk_.durable));
  process_.reset();
}

void sim_node::on(const event& e) {
  if (!running() || (e.incarnation != 0 && e.incarnation != incarnation_)) return;
  auto& p = *process_;
  switch (e.what) {
    case event::kind::message: std::visit([&](const auto& m) { take(e.from, m); }, *e.content); break;
    case event::kind::wake:
      if (e.number != p.wake_number) return;
      p.wake_at = -1;
      p.machine->tick(local());
      if (local() >= p.data_tick_at) data_tick();
      break;
    case event::kind::record_done:
      p.writing_record = false;
      disk_.record = p.record_written;
      checker_.record_written(*this);
      p.machine->recorded(local(), e.number);
      write_record();
      break;
    case event::kind::log_done: log_synced(static_cast<std::size_t>(e.number)); break;
    case event::kind::peer_lost: p.machine->peer_lost(local(), node_id{world_.name(e.from)}); break;
  }
  after_input();
}

void sim_node::take(std::size_t from, const ha::message& m) {
  if (world_.tracing() && m.body.index() != 0)
    trace(fmt::format("<- {} from {} (highest {})", ha::name_of(m.body), world_.name(from), m.highest.value));
  process_->machine->receive(local(), node_id{world_.name(from)}, m);
}

void sim_node::send_all(const payload& p) {
  for (const auto& [id, number] : numbers_)
    if (number != number_) send(number, p);
}

// --- the machine's actions ---

void sim_node::after_input() {
  if (!running() || std::exchange(acting_, true)) return;
  for (bool again = true; again;) {
    auto actions = process_->machine->take_actions();
    if (actions.empty() && process_->lead) {
      rule_moved();
      actions = process_->machine->take_actions();
    }
    again = !actions.empty();
    for (const auto& a : actions) {
      if (world_.chance(settings_.crash_within)) {
        acting_ = false;
        return crash(world_.chance());
      }
      carry_out(a);
    }
  }
  acting_ = false;
  plan_wake();
}

void sim_node::plan_wake() {
  auto& p = *process_;
  const auto due = std::max(true_at(std::min(p.machine->next_wake_up(), p.data_tick_at)), world_.now() + 1'000);
  if (p.wake_at >= world_.now() && p.wake_at <= due) return;
  p.wake_at = due;
  post(due, {event::kind::wake, 0, 0, ++p.wake_number, nullptr});
}

namespace {
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;
}  // namespace

void sim_node::carry_out(const ha::action& a) {
  auto& p = *process_;
  std::visit(overloaded{
                 [&](const ha::send& x) {
                   if (const auto* made = std::get_if<ha::promise>(&x.content.body)) checker_.promised(*this, made->number, x.to);
                   send(numbers_.at(x.to.value), x.content);
                 },
                 [&](const ha::persist& x) {
                   p.record_next = x.record;
                   p.next_token = x.token;
                   write_record();
                 },
                 [&](const ha::fence_wal& x) {
                   p.floor = std::max(p.floor, x.number);
                   if (!breaks(data_rule::lower_wal_is_refused)) p.follow.reset();
                   p.fence = x.number;
                   sync_log();
                 },
                 [&](const ha::follow& x) {
                   trace(fmt::format("FOLLOWS {} in epoch {}", x.leader.value, x.number.value));
                   p.floor = std::max(p.floor, x.number);
                   p.follow = following{numbers_.at(x.leader.value), x.number, false, false, 0, 0, 0, {}};
                   ask_for_stream();
                 },
                 [&](const ha::lead& x) { begin_to_lead(x); },
                 [&](const ha::config_in_force& x) {
                   if (!p.lead || p.lead->number != x.config.number) return;
                   checker_.goes_by(*this, x.config);
                   p.lead->in_force = p.lead->configs.at(x.config.version);
                   p.lead->rule.published(x.config.version);
                 },
                 [&](const ha::open_writes&) { p.open = true; },
                 [&](const ha::close_writes&) {
                   p.open = false;
                   if (p.lead) p.lead->pending.clear();
                 },
                 [&](const ha::stop_leading&) { p.lead.reset(); },
                 [&](const ha::hold_writes&) {
                   if (p.lead) p.lead->holding = true;
                 },
                 [&](const ha::resume_writes&) {
                   if (p.lead) p.lead->holding = p.lead->handover_written = p.lead->drained = false;
                 },
                 [&](const ha::members_changed& x) {
                   p.members = x.members.members;
                   if (p.lead) std::erase_if(p.lead->streams, [&](const auto& s) { return !is_member(node_id{world_.name(s.first)}); });
                 },
                 [&](const ha::announce& x) { send(settings_.proxy, leader_news{x.leader, x.number, x.open}); },
                 [&](const ha::command_done& x) { trace("command ends: " + (x.failure.empty() ? "done" : x.failure)); },
                 [&](const ha::note& x) { trace(x.name + ": " + x.text); },
             },
             a);
}

// --- the disk ---

void sim_node::write_record() {
  auto& p = *process_;
  if (p.writing_record || p.record_token == p.next_token) return;
  p.writing_record = true;
  p.record_token = p.next_token;
  p.record_written = p.record_next;
  post(world_.now() + world_.between(settings_.disk.sync_min, settings_.disk.sync_max), {event::kind::record_done, 0, 0, p.record_token, nullptr});
}

void sim_node::sync_log() {
  auto& p = *process_;
  if (p.syncing) return;
  if (disk_.durable == disk_.log.size()) {
    if (const auto fence = std::exchange(p.fence, std::nullopt)) p.machine->fenced(local(), *fence, position());
    return;
  }
  p.syncing = true;
  p.syncing_to = disk_.log.size();
  post(world_.now() + world_.between(settings_.disk.sync_min, settings_.disk.sync_max), {event::kind::log_done, 0, 0, p.syncing_to, nullptr});
}

void sim_node::log_synced(std::size_t to) {
  auto& p = *process_;
  p.syncing = false;
  disk_.durable = std::max(disk_.durable, std::min(to, disk_.log.size()));
  if (!disk_.complete && p.complete_at != 0 && disk_.durable >= p.complete_at) {
    disk_.complete = true;
    trace("its store is complete");
  }
  p.machine->log_moved(local(), position());
  if (p.lead) {
    p.lead->rule.leader_flushed(lsn{disk_.durable});
    if (!p.lead->started && disk_.durable >= p.lead->start_end) {
      p.lead->started = true;
      p.machine->epoch_started(local(), p.lead->number, lsn{p.lead->start_end});
    }
  } else if (p.follow && p.follow->streaming) {
    acknowledge();
  }
  sync_log();
}

ha::log_state sim_node::position() const {
  const auto end = disk_.durable;
  return {{end == 0 ? epoch{} : disk_.log[end - 1].number, lsn{end}}, disk_.complete};
}

void sim_node::data_tick() {
  auto& p = *process_;
  p.data_tick_at = who_.data_node ? local() + data_interval : ha::time_point::max();
  if (!who_.data_node) return;
  if (world_.chance(0.2)) disk_.checkpoint = std::max(disk_.checkpoint, std::min(p.shown, disk_.durable));
  if (p.lead) {
    send(settings_.proxy, leader_news{who_.id, p.lead->number, p.open});
    plan();
    for (auto& [to, s] : p.lead->streams) {
      if (s.known) s.sent = s.flushed;
      send_wal(to, s);
    }
  } else if (p.follow) {
    if (local() - p.follow->heard_at > silence) p.follow->streaming = false;
    if (p.follow->streaming) acknowledge();
    else ask_for_stream();
  }
}

// --- orders ---

void sim_node::order_switchover(const std::string& to) {
  if (!running()) return;
  trace("is told to switch over to " + to);
  process_->machine->command_switchover(local(), ++process_->commands, node_id{to}, 2s);
  after_input();
}

void sim_node::order_failover() {
  if (!running()) return;
  trace("is told to take over");
  process_->machine->command_failover(local(), ++process_->commands, {});
  after_input();
}

void sim_node::order_reinitialize() {
  if (!running() || !process_->follow || process_->syncing) return;
  trace("is told to replace its store");
  process_->follow->streaming = false;
  process_->follow->wishes_backup = 3;
  ask_for_stream();
  after_input();
}

void sim_node::order_members(const ha::member_change& change) {
  if (!running()) return;
  trace(fmt::format("is told to {} {}{}", change.what == ha::member_change::kind::put ? "put" : "remove", change.entry.id.value,
                    change.entry.voter ? "" : " without a vote"));
  process_->machine->command_members(local(), ++process_->commands, change, 2s);
  after_input();
}

void sim_node::order_step_down() {
  if (!running()) return;
  process_->machine->command_step_down(local(), ++process_->commands, "told to step down");
  after_input();
}

void sim_node::release_of(const ha::lease_id& dead) {
  if (!running()) return;
  process_->machine->process_ended(local(), dead);
  after_input();
}

// --- what the checker sees ---

std::size_t sim_node::shown() const { return process_ ? process_->shown : 0; }
std::size_t sim_node::checked() const { return process_ ? process_->checked : 0; }
const std::vector<ha::member_entry>& sim_node::members() const { return process_ ? process_->members : settings_.options.members; }
bool sim_node::is_member(const node_id& id) const {
  return std::any_of(members().begin(), members().end(), [&id](const ha::member_entry& m) { return m.id == id; });
}
bool sim_node::holds_lease() const { return process_ && local() < process_->machine->lease_held_until(); }
bool sim_node::accepts_writes() const { return process_ && process_->open && process_->machine->may_acknowledge(local()); }
std::string sim_node::describe() const {
  auto out = fmt::format("{}: log {} of {} durable{}", name(), disk_.durable, disk_.log.size(), disk_.complete ? "" : ", incomplete");
  if (!process_) return out + ", down";
  const auto& m = *process_->machine;
  out += fmt::format(", {} of {} in epoch {}, promised {}", ha::to_string(m.role()), m.leader().value, m.leader_epoch().value, m.promised().value);
  out += fmt::format(", members {}:", m.settings().members_id.version);
  for (const auto& e : members()) out += fmt::format(" {}{}", e.id.value, e.voter ? "" : "-");
  if (process_->follow) out += process_->follow->streaming ? ", streams" : ", wants a stream";
  return out + (process_->open ? ", open" : "");
}

bool sim_node::follows(const sim_node& leader) const {
  return this == &leader || (process_ && process_->follow && process_->follow->leader == leader.number_ && process_->follow->streaming);
}

}  // namespace helios::sim
