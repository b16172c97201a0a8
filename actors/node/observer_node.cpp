#include "actors/node/observer_node.hpp"

#include <caf/send.hpp>

#include <functional>
#include <utility>
#include <vector>

#include "actors/ha/failover_member.hpp"
#include "actors/node/await_end.hpp"
#include "actors/node/epoch_record.hpp"
#include "actors/node/order_queue.hpp"
#include "actors/node/replication_listener.hpp"
#include "actors/runtime/process_signals.hpp"
#include "actors/status/status_server.hpp"
#include "actors/watch/peer_watches.hpp"
#include "actors/watch/state_publisher.hpp"
#include "base/log.hpp"
#include "base/wall_clock.hpp"
#include "replication/ha/message_codec.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"observer"};

class observer_node {
 public:
  observer_node(actor_runtime& runtime, const config::node_options& options, reload_options reload, std::uint64_t incarnation)
      : runtime_(runtime), options_(options), reload_(std::move(reload)), members_(options.peers),
        failover_(runtime.system(), options, incarnation), signals_(runtime.control_io(), [this] { orders_.give({}); }, [this] { static_cast<void>(reload_now()); }) {
    self_.identity = {options.cluster_id, options.cluster_secret, options.id.value, options.role};
    self_.epoch_now = [this] { return epoch_now(); };
  }
  int run();

 private:
  epoch epoch_now() const { return failover_.facts()->taking_part(); }
  result<void> open();
  result<void> join_failover();
  void change_members(const replication::ha::membership& members);
  void start_watches();
  void heard(const node_id& from, wire::repl::node_state state);
  node_status look();
  result<std::string> reload_now();
  int finish(int code);

  actor_runtime& runtime_;
  const config::node_options& options_;
  reload_options reload_;
  net::local_node self_;
  member_board members_;
  std::int64_t started_at_us_ = wall_clock_us();
  std::unique_ptr<epoch_record> record_;
  failover_member failover_;
  order_queue<std::string> orders_;       ///< why the node ends; empty: it was asked to
  state_publisher_handle publisher_;
  peer_watches watches_;
  std::unique_ptr<net::listener> peers_;
  std::unique_ptr<net::http_server> http_;
  process_signals signals_;
};

void observer_node::heard(const node_id& from, wire::repl::node_state state) {
  const auto before = record_->highest();
  if (state.number > before) {
    // An epoch that is not on the disk yet is not shown: after a restart the answer would go back.
    if (auto raised = record_->raise(state.number); !raised) {
      log::error(source, "the epoch {} cannot be recorded: {}", state.number.value, to_string(raised.failure()));
      return members_.lost(from, "its epoch cannot be recorded: " + to_string(raised.failure()));
    }
    log::info(source, "epoch {} of {} is the highest now", state.number.value, from.value);
  }
  if (!state.members.empty()) failover_.tell(members_shown{state.members});
  members_.heard(from, std::move(state));
}

node_status observer_node::look() {
  node_status out;
  auto& s = out.state;
  s.node_id = options_.id.value;
  s.role = node_role::observer;
  s.serving = true;
  s.number = record_->highest();
  s.time_us = wall_clock_us();
  out.started_at_us = started_at_us_;
  out.highest_epoch = s.number;
  out.failover = failover_.facts()->now();
  if (out.failover->members.id.version != 0) s.members = replication::ha::encode(out.failover->members);
  out.events = failover_.facts()->events();
  out.members = members_.all();
  std::int64_t reachable = 0, primaries = 0;
  for (auto& m : out.members) {
    if (m.address.id == options_.id) {
      m.connected = true;
      m.state = s;
      continue;
    }
    reachable += m.connected ? 1 : 0;
    primaries += m.connected && m.state.writable ? 1 : 0;
  }
  out.metrics = {{"members_reachable", reachable, "Other nodes that are heard from"},
                 {"primaries", primaries, "Nodes that are open for writes"},
                 {"highest_epoch", static_cast<std::int64_t>(s.number.value), "The highest epoch heard of"},
                 {"uptime_seconds", (wall_clock_us() - started_at_us_) / 1'000'000, "Since the process started"}};
  return out;
}

result<std::string> observer_node::reload_now() {
  auto fresh = reload_();
  if (!fresh) return fresh.failure();
  return std::string("every key takes effect at the next start");
}

result<void> observer_node::open() {
  auto record = epoch_record::open(options_.storage.directory);
  if (!record) return record.failure();
  record_ = std::move(*record);
  auto& io = runtime_.control_io();
  auto on_message = [this](const node_id& from, std::string bytes) { failover_.tell(member_said{from, std::move(bytes)}); };
  publisher_ = spawn_state_publisher(runtime_.system(), {options_.replication.heartbeat_interval, [this] { return look().state; },
                                                         std::move(on_message)});
  auto http = net::http_server::open(io, options_.listen.host, options_.listen.http_port,
                                     [this](net::http_request request, net::http_respond respond) {
                                       status_source from{options_, failover_.peers(), [this] { return look(); }, [] { return false; },
                                                          [this] { return reload_now(); }, {}};
                                       if (failover_.started()) {
                                         from.command = [this](agent_command c) { failover_.tell(std::move(c)); };
                                         if (options_.replication.failover == config::failover_policy::automatic)
                                           from.reaped = [this](process_reaped p) { failover_.tell(std::move(p)); };
                                       }
                                       serve_status(from, request, std::move(respond));
                                     });
  if (!http) return http.failure();
  http_ = std::move(*http);
  const auto refuse = [](net::peer_link_ptr link) { refuse_peer(link, "role", "an observer holds no data"); };
  auto peers = open_replication_listener(
      io, options_.listen, self_,
      {refuse, refuse, [this](net::peer_link_ptr link) { caf::anon_send(publisher_, add_watcher{std::move(link)}); }});
  if (!peers) return peers.failure();
  peers_ = std::move(*peers);
  return {};
}

void observer_node::start_watches() {
  watches_.start({runtime_.system(), runtime_.control_io(), self_, options_, failover_.peers(),
                  [this](const node_id& from, wire::repl::node_state state) { heard(from, std::move(state)); },
                  [this](const node_id& peer, const std::string& why) {
                    members_.lost(peer, why);
                    failover_.tell(member_lost{peer});
                  }});
}

/// On the agent's thread.
void observer_node::change_members(const replication::ha::membership& members) {
  if (!failover_.peers()->change(members)) return;
  members_.change(*failover_.peers()->all());
  watches_.change();
}

/// This node votes; it holds no data, so its agent asks for nothing else.
result<void> observer_node::join_failover() {
  return failover_.start({[this](const node_id& to, std::string bytes) { watches_.tell(to, std::move(bytes)); },
                           {},
                           [this](const replication::ha::action& a) {
                             if (const auto* list = std::get_if<replication::ha::members_changed>(&a)) change_members(list->members);
                             caf::anon_send(publisher_, publish_now{});
                           },
                           [this](std::string why) { orders_.give(std::move(why)); }});
}

int observer_node::finish(int code) {
  log::info(source, "stopping");
  peers_->stop();
  const auto agent = failover_.stop();
  auto ending = watches_.stop();
  if (agent) ending.push_back(agent);
  ending.push_back(caf::actor_cast<caf::strong_actor_ptr>(publisher_));
  caf::anon_send(publisher_, stop_publishing{});
  http_->stop();
  await_end(runtime_.system(), ending, 3000ms);
  signals_.end();
  log::info(source, "stopped");
  return code;
}

int observer_node::run() {
  if (auto opened = open(); !opened) {
    log::error(source, "the observer cannot start: {}", to_string(opened.failure()));
    if (publisher_) caf::anon_send(publisher_, stop_publishing{});
    signals_.end();
    return 1;
  }
  start_watches();
  if (auto started = join_failover(); !started) {
    log::error(source, "the observer cannot vote: {}", to_string(started.failure()));
    return finish(1);
  }
  log::info(source, "watching {} nodes; the highest epoch so far is {}", watches_.size(), record_->highest().value);
  const auto trouble = orders_.take();
  if (!trouble.empty()) log::error(source, "the observer ends: {}", trouble);
  return finish(trouble.empty() ? 0 : 1);
}

}  // namespace

int run_observer(actor_runtime& runtime, const config::node_options& options, reload_options reload, std::uint64_t incarnation) {
  const auto node = std::make_shared<observer_node>(runtime, options, std::move(reload), incarnation);
  runtime.keep(node);
  return node->run();
}

}  // namespace helios::actors
