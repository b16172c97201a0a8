#include "actors/ha/ha_agent.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <type_traits>
#include <utility>

#include "actors/ha/peer_book.hpp"
#include "base/log.hpp"
#include "base/wall_clock.hpp"
#include "replication/ha/message_codec.hpp"
#include "storage/env/env.hpp"

namespace helios::actors {
namespace {

namespace ha = replication::ha;

constexpr log::source source{"failover"};
constexpr std::chrono::milliseconds full_disk_retry{250};

struct ha_agent_state {
  static inline const char* name = "ha_agent";

  ha_agent_handle::stateful_pointer<ha_agent_state> self = nullptr;
  std::unique_ptr<agent_environment> use;
  std::unique_ptr<ha::member> rules;
  std::map<std::uint64_t, std::function<void(std::string)>> commands;
  std::uint64_t last_command = 0, last_tick = 0;
  bool failed = false;
  bool disk_full = false;
  std::optional<ha::persist> unwritten;  ///< the last record, for which the disk had no room

  ~ha_agent_state() {
    for (auto& [number, done] : commands) done("the node stops");
  }

  void start() {
    const auto log = use->log_now ? use->log_now() : ha::log_state{};
    rules = std::make_unique<ha::member>(use->rules, use->record, log, boot_now());
    log::info(source, "member of a cluster with {} voters (quorum {}), promised epoch {}", use->rules.voters(), use->rules.quorum(),
              use->record.promised.value);
    tick();
  }

  void tick() {
    const auto now = boot_now();
    if (unwritten) {
      auto again = std::move(*unwritten);
      carry_out(again);
    }
    if (use->log_now) rules->log_moved(now, use->log_now());
    rules->tick(now);
    settle();
  }

  void said(const member_said& m) {
    auto message = ha::decode_message(m.bytes);
    if (!message) return log::warning(source, "{} of {}", message.failure().detail, m.from.value);
    const auto now = boot_now();
    if (use->log_now) rules->log_moved(now, use->log_now());  // a handover is answered by where the log is now
    rules->receive(now, m.from, *message);
    settle();
  }

  void shown(const members_shown& m) {
    const auto members = ha::decode_membership(m.bytes);
    if (!members || members->id <= rules->settings().members_id) return;
    rules->members_heard(boot_now(), *members);
    settle();
  }

  void command(agent_command& m) {
    const auto number = ++last_command;
    if (m.done) commands[number] = std::move(m.done);
    const auto now = boot_now();
    switch (m.what) {
      case agent_command::kind::switchover: rules->command_switchover(now, number, m.target, m.timeout); break;
      case agent_command::kind::failover: rules->command_failover(now, number, {m.accept_data_loss, m.accept_data_loss}); break;
      case agent_command::kind::pause: rules->command_pause(now, number, true); break;
      case agent_command::kind::resume: rules->command_pause(now, number, false); break;
      case agent_command::kind::members: rules->command_members(now, number, std::move(m.change), m.timeout); break;
      case agent_command::kind::step_down: rules->command_step_down(now, number, "it is asked to"); break;
    }
    settle();
  }

  // --- actions ---

  /// After every input: carries out what the rules ask for, shows where they are, and sets the next wake-up.
  void settle() {
    for (auto actions = rules->take_actions(); !actions.empty() && !failed; actions = rules->take_actions()) {
      // Before others learn of it: close_writes must find the deadline gone.
      use->facts->update(*rules);
      for (auto& a : actions) {
        if (!failed) std::visit([this](auto& one) { carry_out(one); }, a);
      }
    }
    use->facts->update(*rules);
    if (failed) return;
    const auto number = ++last_tick;
    auto wait = std::max<ha::duration>(rules->next_wake_up() - boot_now(), std::chrono::milliseconds(1));
    if (unwritten) wait = std::min<ha::duration>(wait, full_disk_retry);
    caf::delayed_anon_send(ha_agent_handle{self}, wait, agent_tick{number});
  }

  void carry_out(ha::send& a) { use->send(a.to, ha::encode(a.content)); }

  void carry_out(ha::persist& a) {
    const auto written = storage::replace_file(*use->env, use->record_file, ha::encode(a.record));
    if (written) return recorded(a);
    if (written.failure().code != errc::disk_full) {
      failed = true;
      return use->fatal("the failover record cannot be written: " + to_string(written.failure()));
    }
    if (!std::exchange(disk_full, true)) log::warning(source, "no vote and no promise until the disk has room: {}", to_string(written.failure()));
    unwritten = std::move(a);
  }

  void recorded(const ha::persist& a) {
    if (std::exchange(disk_full, false)) log::info(source, "the disk has room again: this node votes");
    unwritten.reset();
    rules->recorded(boot_now(), a.token);
  }

  void carry_out(ha::command_done& a) {
    const auto found = commands.find(a.command);
    if (found == commands.end()) return;
    auto done = std::move(found->second);
    commands.erase(found);
    done(std::move(a.failure));
  }

  void carry_out(ha::note& a) {
    switch (a.severity) {
      case ha::note::level::info: log::info(source, "{} ({})", a.text, a.name); break;
      case ha::note::level::warning: log::warning(source, "{} ({})", a.text, a.name); break;
      case ha::note::level::critical: log::error(source, "{} ({})", a.text, a.name); break;
    }
    use->facts->add({wall_clock_us(), std::move(a.name), std::move(a.text), a.severity == ha::note::level::critical});
  }

  template <class DataPlane>
  void carry_out(DataPlane& a) {
    use->act(std::move(a));
  }
};

ha_agent_handle::behavior_type ha_agent(ha_agent_handle::stateful_pointer<ha_agent_state> self, std::shared_ptr<agent_environment> use) {
  auto& state = self->state;
  state.self = self;
  state.use = std::make_unique<agent_environment>(std::move(*use));
  state.start();
  const auto settled = [&state](auto&& input) {
    input(*state.rules, boot_now());
    state.settle();
  };
  return {
      [&state](const member_said& m) { state.said(m); },
      [settled](const member_lost& m) { settled([&m](ha::member& r, ha::time_point now) { r.peer_lost(now, m.peer); }); },
      [&state](agent_tick m) {
        if (m.number == state.last_tick) state.tick();
      },
      [settled](const data_fenced& m) { settled([&m](ha::member& r, ha::time_point now) { r.fenced(now, m.number, m.log); }); },
      [settled](data_leads m) { settled([m](ha::member& r, ha::time_point now) { r.epoch_started(now, m.number, m.at); }); },
      [settled](const cohort_held& m) { settled([&m](ha::member& r, ha::time_point now) { r.cohort_holds(now, m.config); }); },
      [settled](writes_drained m) { settled([m](ha::member& r, ha::time_point now) { r.drained(now, m.end); }); },
      [&state](agent_command& m) { state.command(m); },
      [settled](own_mode_changed m) { settled([m](ha::member& r, ha::time_point now) { r.set_mode(now, m.mode); }); },
      [settled](const process_reaped& m) {
        settled([&m](ha::member& r, ha::time_point now) { r.process_ended(now, {m.node, m.incarnation, {}}); });
      },
      [&state](const members_shown& m) { state.shown(m); },
      [self](stop_agent) { self->quit(); },
  };
}

}  // namespace

result<ha::durable_record> read_record(const std::filesystem::path& file, const std::string& cluster_id) {
  auto& env = storage::posix_env();
  if (auto made = env.make_directory(file.parent_path()); !made) return made.failure();
  if (!env.exists(file)) {
    ha::durable_record fresh;
    fresh.cluster_id = cluster_id;
    return fresh;
  }
  auto text = storage::read_file(env, file);
  if (!text) return text.failure();
  return ha::decode(*text, cluster_id, file.string());
}

result<ha::options> make_rules(const config::node_options& o, std::uint64_t incarnation) {
  ha::options out;
  out.self = o.id;
  std::random_device random;
  out.seed = (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
  out.incarnation = incarnation != 0 ? incarnation : out.seed;
  out.cluster_id = o.cluster_id;
  bool self_listed = false;
  for (const auto& p : o.peers) {
    out.members.push_back({p.id, p.pg_port != 0, true, to_contact(p)});
    self_listed = self_listed || p.id == o.id;
  }
  const bool observer = o.role == node_role::observer;
  const config::peer self{o.id, o.advertised_host.empty() ? o.listen.host : o.advertised_host, observer ? std::uint16_t{0} : o.listen.pg_port,
                          o.listen.replication_port, o.listen.http_port};
  if (!self_listed) out.members.push_back({o.id, !observer, true, to_contact(self)});
  out.own_mode = o.replication.mode;
  out.first_primary = o.role == node_role::primary ? o.id : o.primary;
  // A witness leads nothing: any data node will do.
  if (out.first_primary.value.empty()) {
    const auto data = std::find_if(out.members.begin(), out.members.end(), [](const auto& m) { return m.data_node; });
    if (data != out.members.end()) out.first_primary = data->id;
  }
  out.mode = o.replication.failover == config::failover_policy::automatic ? ha::failover_mode::automatic : ha::failover_mode::manual;
  out.own_priority = o.replication.priority;
  out.lease = o.replication.lease;
  out.renew_every = o.replication.lease / 4;
  out.heartbeat = o.replication.heartbeat_interval;
  out.suspect_after = 4 * o.replication.heartbeat_interval;
  if (out.mode == ha::failover_mode::manual) {
    out.campaign_timeout = std::max<std::chrono::milliseconds>(out.campaign_timeout, 2 * out.heartbeat);
    out.start_wait = std::max<std::chrono::milliseconds>(std::chrono::milliseconds(1000), 3 * out.heartbeat);
  }
  out.guard = std::max(out.guard, std::chrono::milliseconds(static_cast<std::int64_t>(out.drift * static_cast<double>(out.lease.count())) + 1));
  out.strict = o.replication.policy == config::cohort_policy::strict;
  out.sync_acks = o.replication.sync_acks;
  if (auto valid = ha::validate(out); !valid) return valid.failure();
  return out;
}

ha_agent_handle spawn_ha_agent(caf::actor_system& system, agent_environment use) {
  return system.spawn<caf::detached>(ha_agent, std::make_shared<agent_environment>(std::move(use)));
}

}  // namespace helios::actors
