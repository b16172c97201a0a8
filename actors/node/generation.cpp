#include "actors/node/generation.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "actors/node/await_end.hpp"
#include "actors/node/replication_listener.hpp"
#include "actors/replication/checkpointer.hpp"
#include "actors/session/pg_listener.hpp"
#include "base/log.hpp"
#include "base/wall_clock.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"node"};
constexpr const char* not_writable = "this node leads and may not take writes: its lease or its cohort is missing";
/// After the sessions were told to go, for those that commit: a commit under way is not abandoned.
constexpr auto last_commits_within = 1500ms;
constexpr auto last_sessions_within = 5000ms;
/// Numbers streams over all generations: main thread of the node.
std::uint64_t last_stream = 0;

replication::ha::config_record to_rules(const storage::cohort_config& c) {
  replication::ha::config_record out{c.number, c.version, node_id{c.leader}, {}, c.acks_needed};
  for (const auto& m : c.members) out.members.push_back(node_id{m});
  return out;
}

storage::engine_options to_engine(const config::node_options& o, std::optional<lsn> truncate_to) {
  storage::engine_options out;
  out.directory = o.storage.directory;
  out.segment_bytes = o.storage.segment_bytes;
  out.memtable_bytes_max = o.storage.memtable_bytes_max;
  out.checkpoint_wal_bytes = o.storage.checkpoint_wal_bytes;
  out.cluster_id = o.cluster_id;
  out.truncate_to = truncate_to;
  return out;
}

}  // namespace

generation::generation(environment use) : use_(std::move(use)) {}
generation::~generation() { stop(0ms); }

result<std::unique_ptr<generation>> generation::start(environment use, std::optional<lsn> truncate_to) {
  std::unique_ptr<generation> out(new generation(std::move(use)));
  out->supervisor_ = spawn_node_supervisor(out->use_.runtime.system(), [order = out->use_.order](std::string what) {
    order({node_order::kind::fail, {}, std::move(what)});
  });
  const bool primary = out->use_.options.role == node_role::primary;
  if (primary || storage::engine::exists(out->use_.options.storage.directory)) {
    if (auto opened = out->open_store(truncate_to); !opened) return opened.failure();
  } else {
    log::info(source, "no store in {} yet: it comes from the primary", out->use_.options.storage.directory);
  }
  return out;
}

result<void> generation::open_store(std::optional<lsn> truncate_to) {
  auto opened = storage::engine::open(to_engine(use_.options, truncate_to));
  if (!opened) return opened.failure();
  engine_ = std::move(*opened);
  const auto s = engine_->status();
  log::info(source, "store open: WAL {} to {}, checkpoint {}, visible {}, epoch {}", s.oldest.value, s.written.value, s.checkpoint.value,
            s.visible.value, engine_->last_epoch().value);
  use_.heard_epoch(engine_->last_epoch());
  sessions_ = std::make_shared<session_directory>(use_.options.listen.connections_max);
  facts_ = std::make_unique<data_facts>(*engine_, use_.options, use_.peers, *sessions_, use_.started_at_us, use_.mode,
                                        use_.command);
  sink_ = std::make_unique<role_sink>();
  db_ = std::make_unique<sql::database>(*engine_, *sink_, *facts_);
  make_services();
  start_checkpointer();
  return {};
}

result<void> generation::start_lead(epoch number, storage::cohort_config opening) {
  primary_lead::environment use{use_.runtime.system(), *engine_, use_.options, use_.peers, supervisor_, [this] {
                                  if (leads_ && lead_->gate().open && !open_) use_.order({node_order::kind::open, {}, {}});
                                  use_.changed();
                                },
                                elected_terms{{}, {}, [held = use_.cohort_held](const storage::cohort_config& c) { held(to_rules(c)); },
                                              [ha = use_.ha] { return ha->may_acknowledge(); }, [ha = use_.ha] { return ha->leads(); }}};
  auto lead = primary_lead::start(std::move(use), number, std::move(opening));
  if (!lead) return lead.failure();
  lead_ = std::move(*lead);
  leads_ = true;
  use_.heard_epoch(number);
  facts_->leads(lead_.get());
  sink_->lead_with(lead_->sink());
  if (auto done = bootstrap(); !done) return done;
  lead_->open_gate(*db_);
  return {};
}

result<lsn> generation::take_lead(epoch number, storage::cohort_config opening) {
  halt();
  if (!engine_) return error{errc::refused, "this node has no store to lead with"};
  if (auto led = start_lead(number, std::move(opening)); !led) return led.failure();
  use_.changed();
  return lead_->led_from();
}

void generation::open_writes() {
  was_open_ = writes_open_ = true;
  rule_published_as(0);  // the lease is there: what waits may go
  use_.changed();
}

void generation::hold_writes(std::function<void()> drained) {
  held_ = true;
  use_.changed();
  db_->writes().hold(std::move(drained));
}

void generation::resume_writes() {
  if (!held_.exchange(false)) return;
  db_->writes().resume();
  use_.changed();
}

std::optional<lsn> generation::drained_at() const {
  // A writer leaves when its commit is acknowledged: what the log holds beyond that, nobody waits for.
  if (!leads_ || !held_ || db_->writes().writers() > 0) return std::nullopt;
  return engine_->positions().written;
}

void generation::close_writes(const std::string& why) {
  if (!writes_open_.exchange(false)) return;
  log::warning(source, "takes no writes any more: {}", why);
  if (sessions_) sessions_->interrupt_all(interrupt::fenced);
  use_.changed();
}

void generation::rule_published_as(std::uint64_t version) {
  if (leads_) lead_->rule_published_as(version);
}

replication::ha::log_state generation::log_now() const {
  if (!engine_) return {{}, false};
  return {{engine_->last_epoch(), engine_->positions().flushed}, true};
}

std::optional<std::string> generation::not_accepting() const {
  if (!leads_ || held_ || writable()) return std::nullopt;
  return not_writable;
}

// The first commit of a cluster. Asked of the log and not of what is visible: a crash right after it must not repeat it.
result<void> generation::bootstrap() {
  if (sql::has_catalog(*engine_)) return {};
  log::info(source, "new cluster {}: database {}, superuser {}", use_.options.cluster_id, use_.options.database, use_.options.superuser);
  auto txn = engine_->begin();
  sql::bootstrap_catalog(*txn, {use_.options.database, use_.options.superuser, use_.options.superuser_password});
  lead_->sink().submit(txn->seal(wall_clock_us()));
  return {};
}

void generation::follow(const node_id& leader) {
  halt();
  auto primary = std::make_shared<primary_board>(leader);
  if (facts_) facts_->follows(primary);
  stream_ = ++last_stream;
  const auto order = [give = use_.order, stream = stream_](node_order o) {
    o.stream = stream;
    give(std::move(o));
  };
  auto started = std::make_shared<standby_follow>(standby_follow::environment{
      use_.runtime.system(), use_.options, supervisor_,
      reconnect_environment{use_.options, use_.self, use_.runtime.control_io(), primary, use_.peers}, engine_.get(), db_.get(), use_.heard_epoch,
      use_.highest_epoch, use_.caught_up, use_.changed, order, use_.mode});
  std::lock_guard lock(follow_mutex_);
  follow_ = std::move(started);
}

void generation::halt() {
  std::shared_ptr<standby_follow> ending;
  {
    std::lock_guard lock(follow_mutex_);
    ending = std::move(follow_);
  }
  stream_ = 0;
  if (ending) ending->stop();
}

void generation::make_services() {
  services_.reset(new session_services{*db_, use_.options, sessions_, use_.runtime.control_io(), use_.self,
                                       [this] { return !leads_; }, false, [this] { return upstream(); },
                                       [this] { return not_accepting(); }, {}});
  services_->mode = use_.mode;
  services_->may_answer = [this](bool asked_in_time) {
    return !leads_ || !was_open_ || (asked_in_time ? use_.ha->may_still_answer() : use_.ha->may_acknowledge());
  };
}

void generation::start_checkpointer() {
  auto& system = use_.runtime.system();
  const auto spawn = [this, &system] {
    checkpointer_ = spawn_checkpointer(system, *engine_, use_.options.storage);
    return caf::actor_cast<caf::strong_actor_ptr>(checkpointer_);
  };
  caf::anon_send(supervisor_, look_after{"the checkpointer", spawn(), spawn});
}

upstream_target generation::upstream() const {
  upstream_target out;
  out.primary = use_.current_primary();
  if (const auto at = use_.peers->find(out.primary)) {
    out.host = at->host;
    out.replication_port = at->replication_port;
    out.pg_port = at->pg_port;
  }
  return out;
}

result<void> generation::open() {
  if (open_ || !services_) return {};
  auto opened = open_pg_listener(use_.runtime.system(), use_.runtime.sessions_io(), services_);
  if (!opened) return opened.failure();
  clients_ = std::move(*opened);
  open_ = true;
  log::info(source, "ready to accept connections on {}:{} as {}", use_.options.listen.host, clients_->port(), leads_ ? "primary" : "standby");
  use_.changed();
  return {};
}

bool generation::writable() const {
  return leads_ && open_ && lead_->gate().open && writes_open_ && !held_ && use_.ha->may_acknowledge();
}

void generation::accept_standby(net::peer_link_ptr link) {
  if (!leads_) return refuse_peer(link, "role", "this node is no primary");
  if (!use_.peers->is_member(link->peer_node())) return refuse_peer(link, "member", link->peer_node().value + " is no member of the cluster");
  lead_->accept_standby(std::move(link));
}

void generation::accept_forwarded(net::peer_link_ptr link) {
  if (!open_ || !services_) return refuse_peer(link, "role", "this node does not serve yet");
  accept_forward_session(use_.runtime.system(), use_.runtime.control_io(), services_, std::move(link));
}

void generation::primary_heard() {
  std::lock_guard lock(follow_mutex_);
  if (follow_) follow_->heard();
}

void generation::describe(node_status& out) const {
  auto& s = out.state;
  s.serving = open_;
  s.writable = writable();
  if (!engine_) out.trouble = "no store yet: a base backup comes from the primary";
  else if (!open_) out.trouble = leads_ ? "the tail of the log is not acknowledged yet" : "starting";
  else if (leads_ && !writable()) out.trouble = not_writable;
  if (!engine_) return;
  const auto status = engine_->status();
  s.number = engine_->last_epoch();
  s.written = status.written;
  s.flushed = status.flushed;
  s.applied = status.applied;
  s.visible = status.visible;
  out.history = engine_->epoch_history();
  out.metrics = facts_->metrics();
  if (leads_) {
    out.degraded = lead_->gate().degraded;
    out.commit_rule = lead_->gate().cohort();
    out.standbys = facts_->standbys();
  }
  if (auto primary = facts_->primary()) {
    s.lag_ms = primary->lag_ms;
    s.lag_bytes = primary->lag_bytes;
    out.primary = std::move(primary);
  }
}

/// Those whose commits waited have their answer now. What they use is not taken from under the others.
void generation::await_last_sessions(bool deposed) {
  if (!sessions_ || sessions_->wait_empty(last_sessions_within)) return;
  log::error(source, "{} sessions do not end: the process ends without closing the store", sessions_->size());
  log::flush();
  std::_Exit(deposed ? EXIT_FAILURE : EXIT_SUCCESS);
}

void generation::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped_, true)) return;
  auto& system = use_.runtime.system();
  open_ = false;
  if (clients_) clients_->stop();
  caf::anon_send(supervisor_, stop_supervising{});
  await_end(system, {caf::actor_cast<caf::strong_actor_ptr>(supervisor_)}, 2000ms);
  // A deposed primary's commits are not acknowledged any more, whatever it waits for.
  const bool deposed = leads_ && !use_.ha->leads();
  if (sessions_) {
    sessions_->end_all(interrupt::terminate);
    if (!deposed && !sessions_->wait_empty(std::max<std::chrono::milliseconds>(grace, last_commits_within))) {
      log::warning(source, "{} sessions did not end in time", sessions_->size());
    }
  }
  if (lead_ && engine_ && !deposed) engine_->sequences().flush(lead_->sink());
  if (lead_) lead_->stop(deposed ? 0ms : std::min<std::chrono::milliseconds>(grace, last_commits_within));
  await_last_sessions(deposed);
  halt();
  if (engine_) engine_->stop_checkpoints();
  if (checkpointer_) {
    caf::anon_send(checkpointer_, stop_checkpointer{});
    await_end(system, {caf::actor_cast<caf::strong_actor_ptr>(checkpointer_)}, 5000ms);
    checkpointer_ = checkpointer_handle();
  }
  clients_.reset();
  services_.reset();
  db_.reset();
  engine_.reset();
}

}  // namespace helios::actors
