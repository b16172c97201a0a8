#include "actors/node/data_node.hpp"

#include <caf/send.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "actors/ha/failover_member.hpp"
#include "actors/node/await_end.hpp"
#include "actors/node/divergent_log.hpp"
#include "actors/node/generation.hpp"
#include "actors/node/order_queue.hpp"
#include "actors/node/replication_listener.hpp"
#include "actors/node/standby_mode.hpp"
#include "actors/runtime/process_signals.hpp"
#include "actors/status/status_server.hpp"
#include "actors/watch/peer_watches.hpp"
#include "actors/watch/state_publisher.hpp"
#include "base/log.hpp"
#include "base/wall_clock.hpp"
#include "replication/ha/message_codec.hpp"
#include "storage/env/env.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"node"};

class data_node {
 public:
  data_node(actor_runtime& runtime, const config::node_options& options, reload_options reload, std::uint64_t incarnation)
      : runtime_(runtime), options_(options), reload_(std::move(reload)), members_(options.peers),
        failover_(runtime.system(), options, incarnation), signals_(runtime.control_io(), [this] { orders_.give({}); }, [this] { note_reload(reload_now()); }) {
    self_.identity = {options.cluster_id, options.cluster_secret, options.id.value, options.role};
    self_.epoch_now = [this] { return epoch_now(); };
  }

  int run();

 private:
  bool by_hand() const { return options_.replication.failover == config::failover_policy::manual; }
  epoch epoch_now() const { return failover_.facts()->taking_part(); }
  node_id primary_now() const { return failover_.facts()->leader(); }
  bool is_standby() const { return !failover_.facts()->leads(); }
  result<void> join_failover();
  replication::ha::log_state log_now();
  void caught_up();
  result<void> archive_beyond(lsn fork);
  void act(replication::ha::action a);
  void errand(std::function<result<void>()> what);
  void change_members(const replication::ha::membership& members);
  result<void> obey_removal();
  result<void> obey_fence(epoch number);
  result<void> obey_follow(const node_id& leader);
  result<void> obey_lead(const replication::ha::lead& how);
  result<void> obey_stop_leading();
  result<void> obey_hold(const node_id& successor);
  result<void> obey_resume();
  result<void> obey_drained();
  std::string obey_mode(sync_mode to);
  void change_mode(sync_mode to, std::function<void(std::string why)> done);
  result<void> begin(std::optional<lsn> truncate_to);
  result<void> open_ports();
  void start_watches();
  std::optional<int> obey(const node_order& order);
  result<void> install(const std::string& file);
  void end_generation(std::chrono::milliseconds grace);
  int finish(int code);
  int give_up(const error& why);

  /// Runs `use` on the generation, if there is one. Any thread.
  template <class Function>
  void with_generation(Function&& use) {
    std::shared_lock lock(generation_mutex_);
    if (generation_) use(*generation_);
  }
  void heard_epoch(epoch number);
  void heard_state(const node_id& from, wire::repl::node_state state);
  node_status look();
  void changed() { caf::anon_send(publisher_, publish_now{}); }
  result<std::string> reload_now();
  static void note_reload(const result<std::string>& done);

  actor_runtime& runtime_;
  const config::node_options& options_;
  reload_options reload_;
  net::local_node self_;
  member_board members_;
  std::int64_t started_at_us_ = wall_clock_us();
  std::atomic<std::uint64_t> highest_epoch_{0};
  standby_mode mode_{options_};
  failover_member failover_;
  node_id followed_;              ///< whom the agent says to follow; empty: nobody. Main thread
  order_queue<node_order> orders_;
  std::shared_mutex generation_mutex_;  ///< held shared by users of the generation, exclusively while it is changed
  std::unique_ptr<generation> generation_;
  state_publisher_handle publisher_;
  peer_watches watches_;
  std::unique_ptr<net::listener> peers_;
  std::unique_ptr<net::http_server> http_;
  process_signals signals_;
};

void data_node::heard_epoch(epoch number) {
  auto known = highest_epoch_.load();
  while (known < number.value && !highest_epoch_.compare_exchange_weak(known, number.value)) {
  }
}

void data_node::heard_state(const node_id& from, wire::repl::node_state state) {
  heard_epoch(state.number);
  if (!state.members.empty()) failover_.tell(members_shown{state.members});
  // It has begun its epoch: from now on it takes standbys.
  if (from == primary_now() && state.role == node_role::primary && state.number.value != 0) {
    with_generation([](generation& g) { g.primary_heard(); });
  }
  members_.heard(from, std::move(state));
}

node_status data_node::look() {
  node_status out;
  auto& s = out.state;
  s.node_id = options_.id.value;
  s.role = is_standby() ? node_role::standby : node_role::primary;
  if (s.role == node_role::standby) {
    s.mode = to_string(mode_.now());
    s.primary = primary_now().value;
  }
  s.time_us = wall_clock_us();
  out.started_at_us = started_at_us_;
  out.highest_epoch = epoch{highest_epoch_.load()};
  out.trouble = "starting";
  with_generation([&out](generation& g) {
    out.trouble.clear();
    g.describe(out);
  });
  const auto& facts = *failover_.facts();
  out.failover = facts.now();
  if (out.failover->members.id.version != 0) s.members = replication::ha::encode(out.failover->members);
  const bool knows_no_primary = !s.serving && out.failover->role == replication::ha::member_role::undetermined;
  out.fenced = knows_no_primary && out.failover->promised > s.number;
  if (by_hand() && knows_no_primary) {
    out.trouble = "no primary is known: a newer one than this node may have led; heliosctl failover --to NODE makes one";
  }
  if (out.failover->removed) out.trouble = "this node is no member of the cluster";
  out.events = facts.events();
  for (const auto& [name, count] : facts.counts()) {
    out.metrics.push_back({"failover_" + name + "_total", static_cast<std::int64_t>(count), "Decisions of this kind since the start"});
  }
  out.members = members_.all();
  for (auto& m : out.members) {
    if (m.address.id != options_.id) continue;
    m.connected = true;
    m.state = s;
  }
  return out;
}

result<void> data_node::begin(std::optional<lsn> truncate_to) {
  generation::environment use{runtime_,
                              options_,
                              self_,
                              started_at_us_,
                              [this](epoch number) { heard_epoch(number); },
                              [this] { return epoch_now(); },
                              [this] { changed(); },
                              [this](node_order order) { orders_.give(std::move(order)); },
                              [this] { return primary_now(); },
                              failover_.facts(),
                              failover_.peers(),
                              [this](replication::ha::config_record held) { failover_.tell(cohort_held{std::move(held)}); },
                              [this] { caught_up(); },
                              [this] { return mode_.now(); },
                              [this](agent_command c) { failover_.tell(std::move(c)); }};
  auto started = generation::start(std::move(use), truncate_to);
  if (!started) return started.failure();
  if (!followed_.value.empty()) {
    (*started)->follow(followed_);
    if (auto opened = (*started)->open(); !opened) return opened.failure();
  }
  std::unique_lock lock(generation_mutex_);
  generation_ = std::move(*started);
  return {};
}

result<void> data_node::open_ports() {
  auto& io = runtime_.control_io();
  auto on_message = [this](const node_id& from, std::string bytes) { failover_.tell(member_said{from, std::move(bytes)}); };
  publisher_ = spawn_state_publisher(runtime_.system(), {options_.replication.heartbeat_interval, [this] { return look().state; },
                                                         std::move(on_message)});
  auto http = net::http_server::open(io, options_.listen.host, options_.listen.http_port,
                                     [this](net::http_request request, net::http_respond respond) {
                                       status_source from{options_, failover_.peers(), [this] { return look(); },
                                                                [this] {
                                                                  if (!is_standby()) return false;
                                                                  orders_.give({node_order::kind::reinitialize, {}, {}});
                                                                  return true;
                                                                },
                                                                [this] { return reload_now(); }, {}};
                                       if (failover_.started()) {
                                         from.command = [this](agent_command c) { failover_.tell(std::move(c)); };
                                         if (!by_hand()) from.reaped = [this](process_reaped p) { failover_.tell(std::move(p)); };
                                       }
                                       from.change_mode = [this](sync_mode to, auto done) { change_mode(to, std::move(done)); };
                                       serve_status(from, request, std::move(respond));
                                     });
  if (!http) return http.failure();
  http_ = std::move(*http);
  peer_handlers handlers;
  const auto serve = [this](net::peer_link_ptr link, void (generation::*how)(net::peer_link_ptr)) {
    bool served = false;
    with_generation([&](generation& g) {
      served = true;
      (g.*how)(std::move(link));
    });
    if (!served) refuse_peer(link, "role", "this node is starting");
  };
  handlers.wal_stream = [serve](net::peer_link_ptr link) { serve(std::move(link), &generation::accept_standby); };
  handlers.forward = [serve](net::peer_link_ptr link) { serve(std::move(link), &generation::accept_forwarded); };
  handlers.watch = [this](net::peer_link_ptr link) { caf::anon_send(publisher_, add_watcher{std::move(link)}); };
  auto peers = open_replication_listener(io, options_.listen, self_, std::move(handlers));
  if (!peers) return peers.failure();
  peers_ = std::move(*peers);
  return {};
}

void data_node::start_watches() {
  watches_.start({runtime_.system(), runtime_.control_io(), self_, options_, failover_.peers(),
                  [this](const node_id& from, wire::repl::node_state state) { heard_state(from, std::move(state)); },
                  [this](const node_id& peer, const std::string& why) {
                    members_.lost(peer, why);
                    failover_.tell(member_lost{peer});
                  }});
}

// --- failover: docs/protocol.md says what the actions mean ---

result<void> data_node::join_failover() {
  return failover_.start({[this](const node_id& to, std::string bytes) { watches_.tell(to, std::move(bytes)); },
                           [this] { return log_now(); },
                           [this](replication::ha::action a) { act(std::move(a)); },
                           [this](std::string why) { orders_.give({node_order::kind::fail, {}, std::move(why)}); },
                           mode_.now()});
}

/// Any thread.
replication::ha::log_state data_node::log_now() {
  replication::ha::log_state out{{}, false};
  with_generation([&out](generation& g) { out = g.log_now(); });
  out.complete = out.complete && !failover_.store_incomplete();
  return out;
}

/// The WAL receiver's thread, before it says so to the primary.
void data_node::caught_up() {
  if (auto whole = failover_.store_is_whole(); !whole) orders_.give({node_order::kind::fail, {}, to_string(whole.failure())});
}

/// What this node's log has beyond the fork would be lost.
result<void> data_node::archive_beyond(lsn fork) {
  if (!generation_ || generation_->store() == nullptr) return {};
  return set_log_aside(*generation_->store(), fork, failover_.archive());
}

void data_node::errand(std::function<result<void>()> what) {
  node_order order;
  order.what = node_order::kind::errand;
  order.run = std::move(what);
  orders_.give(std::move(order));
}

/// On the agent's thread: what changes the node's actors waits for its main thread; what must be quick is done here.
void data_node::act(replication::ha::action a) {
  namespace ha = replication::ha;
  if (const auto* fence = std::get_if<ha::fence_wal>(&a)) return errand([this, number = fence->number] { return obey_fence(number); });
  if (const auto* follow = std::get_if<ha::follow>(&a)) return errand([this, leader = follow->leader] { return obey_follow(leader); });
  if (const auto* lead = std::get_if<ha::lead>(&a)) return errand([this, how = *lead] { return obey_lead(how); });
  if (std::get_if<ha::stop_leading>(&a)) return errand([this] { return obey_stop_leading(); });
  if (const auto* rule = std::get_if<ha::config_in_force>(&a)) {
    return with_generation([version = rule->config.version](generation& g) { g.rule_published_as(version); });
  }
  if (std::get_if<ha::open_writes>(&a)) return with_generation([](generation& g) { g.open_writes(); });
  if (const auto* close = std::get_if<ha::close_writes>(&a)) {
    return with_generation([close](generation& g) { g.close_writes(close->why); });
  }
  if (const auto* hold = std::get_if<ha::hold_writes>(&a)) {
    return errand([this, to = hold->successor] { return obey_hold(to); });
  }
  if (std::get_if<ha::resume_writes>(&a)) return errand([this] { return obey_resume(); });
  if (const auto* list = std::get_if<ha::members_changed>(&a)) return change_members(list->members);
  if (std::get_if<ha::announce>(&a)) return changed();
}

/// On the agent's thread.
void data_node::change_members(const replication::ha::membership& members) {
  const bool was_member = failover_.peers()->is_member(options_.id);
  if (!failover_.peers()->change(members)) return;
  members_.change(*failover_.peers()->all());
  watches_.change();
  changed();
  if (was_member && !failover_.peers()->is_member(options_.id)) errand([this] { return obey_removal(); });
}

/// What it holds grows old: nobody reads it here any more.
result<void> data_node::obey_removal() {
  followed_ = {};
  end_generation(0ms);
  return begin(std::nullopt);
}

result<void> data_node::obey_fence(epoch number) {
  followed_ = {};
  replication::ha::log_state log{{}, false};
  if (generation_) {
    generation_->halt();
    log = generation_->log_now();
  }
  failover_.tell(data_fenced{number, log});
  return {};
}

result<void> data_node::obey_follow(const node_id& leader) {
  const bool same = followed_ == leader;
  followed_ = leader;
  if (!generation_) return begin(std::nullopt);
  // By hand a primary comes back under its own name: its standbys try on, and count their attempts.
  if (by_hand() && same && generation_->stream() != 0) generation_->primary_heard();
  else generation_->follow(leader);
  return generation_->open();
}

result<void> data_node::obey_lead(const replication::ha::lead& how) {
  followed_ = {};
  storage::cohort_config opening{how.config.version, how.number, options_.id.value, {}, how.config.acks_needed};
  for (const auto& m : how.config.members) opening.members.push_back(m.value);
  if (!generation_) return error{errc::refused, "the node was elected without a store"};
  auto at = generation_->take_lead(how.number, std::move(opening));
  if (!at) return at.failure();
  failover_.tell(data_leads{how.number, *at});
  return {};
}

result<void> data_node::obey_hold(const node_id& successor) {
  if (!generation_) return {};
  log::info(source, "new write transactions wait: {} is to take over", successor.value);
  generation_->hold_writes([this] { errand([this] { return obey_drained(); }); });
  return {};
}

result<void> data_node::obey_resume() {
  if (generation_) generation_->resume_writes();
  return {};
}

/// The last write transaction has ended, unless writes were resumed meanwhile.
result<void> data_node::obey_drained() {
  if (!generation_) return {};
  if (const auto end = generation_->drained_at()) failover_.tell(writes_drained{*end});
  return {};
}

/// Any thread.
void data_node::change_mode(sync_mode to, std::function<void(std::string why)> done) {
  errand([this, to, done = std::move(done)] {
    done(obey_mode(to));
    return result<void>();
  });
}

/// A standby streams anew: its primary learns of the mode with it, and the cohort follows. Empty, or why it was not done.
std::string data_node::obey_mode(sync_mode to) {
  if (to == mode_.now()) return {};
  if (auto changed = mode_.change(to); !changed) return to_string(changed.failure());
  log::info(source, "mode is {} from now on", to_string(to));
  failover_.tell(own_mode_changed{to});
  if (generation_ && generation_->stream() != 0) generation_->follow(followed_);
  changed();
  return {};
}

/// The log may end in commits that nobody else has: it is opened anew, so that the next leader can have it cut.
result<void> data_node::obey_stop_leading() {
  followed_ = {};
  end_generation(0ms);
  return begin(std::nullopt);
}

result<std::string> data_node::reload_now() {
  auto fresh = reload_();
  if (!fresh) return fresh.failure();
  const auto level = fresh->log_level;
  log::set_threshold(level == "debug" ? log::level::debug : level == "info" ? log::level::info : level == "warning" ? log::level::warning : log::level::error);
  return std::string("log_level is ") + level + "; every other key takes effect at the next start";
}

void data_node::note_reload(const result<std::string>& done) {
  if (done) log::info(source, "configuration reloaded: {}", *done);
  else log::warning(source, "the configuration was not reloaded: {}", to_string(done.failure()));
}

result<void> data_node::install(const std::string& file) {
  end_generation(1000ms);
  if (auto marked = failover_.begin_replacing_store(); !marked) return marked;
  auto installed = storage::engine::install_base_backup(options_.storage.directory, file);
  if (!installed) return installed;
  return begin(std::nullopt);
}

void data_node::end_generation(std::chrono::milliseconds grace) {
  std::unique_ptr<generation> ending;
  {
    std::unique_lock lock(generation_mutex_);
    ending = std::move(generation_);
  }
  if (ending) ending->stop(grace);
  changed();
}

/// The exit code when the order ends the node.
std::optional<int> data_node::obey(const node_order& order) {
  result<void> done;
  if (order.stream != 0 && (!generation_ || generation_->stream() != order.stream)) return std::nullopt;
  switch (order.what) {
    case node_order::kind::open: {
      std::shared_lock lock(generation_mutex_);
      if (generation_) done = generation_->open();
      break;
    }
    case node_order::kind::truncate_log:
      if (done = archive_beyond(order.position); !done) break;
      end_generation(1000ms);
      done = begin(order.position);
      // A log that was checkpointed beyond the fork cannot be cut: a base backup replaces it.
      if (!done && (done.failure().code == errc::invalid_argument || done.failure().code == errc::refused)) {
        log::warning(source, "{}: taking a base backup instead", done.failure().detail);
        return obey({node_order::kind::reinitialize, {}, {}});
      }
      break;
    case node_order::kind::install_backup:
      if (done = archive_beyond(order.position); done) done = install(order.detail);
      break;
    case node_order::kind::reinitialize:
      log::warning(source, "the store is removed; a base backup from the primary replaces it");
      end_generation(1000ms);
      done = failover_.begin_replacing_store();
      if (done) done = remove_store(options_.storage.directory);
      if (done) done = begin(std::nullopt);
      break;
    case node_order::kind::errand: done = order.run(); break;
    case node_order::kind::stop:
      log::info(source, "stopping");
      return finish(0);
    case node_order::kind::fail:
      log::error(source, "the node ends: {}", order.detail);
      return finish(1);
  }
  if (!done) return give_up(done.failure());
  return std::nullopt;
}

int data_node::give_up(const error& why) {
  log::error(source, "the node cannot start: {}", to_string(why));
  return finish(1);
}

int data_node::finish(int code) {
  if (peers_) peers_->stop();
  end_generation(code == 0 ? options_.runtime.shutdown_grace / 2 : 0ms);
  const auto agent = failover_.stop();
  auto ending = watches_.stop();
  if (agent) ending.push_back(agent);
  if (publisher_) {
    ending.push_back(caf::actor_cast<caf::strong_actor_ptr>(publisher_));
    caf::anon_send(publisher_, stop_publishing{});
  }
  if (http_) http_->stop();
  await_end(runtime_.system(), ending, 3000ms);
  signals_.end();
  if (code == 0) log::info(source, "stopped");
  return code;
}

int data_node::run() {
  if (auto loaded = mode_.load(); !loaded) return give_up(loaded.failure());
  if (auto opened = open_ports(); !opened) return give_up(opened.failure());
  start_watches();
  if (auto begun = begin(std::nullopt); !begun) return give_up(begun.failure());
  if (auto started = join_failover(); !started) return give_up(started.failure());
  for (;;) {
    if (const auto code = obey(orders_.take())) return *code;
  }
}

}  // namespace

int run_data_node(actor_runtime& runtime, const config::node_options& options, reload_options reload, std::uint64_t incarnation) {
  const auto node = std::make_shared<data_node>(runtime, options, std::move(reload), incarnation);
  runtime.keep(node);
  return node->run();
}

}  // namespace helios::actors
