#include "test/unit/actors/session/session_fixture.hpp"

#include <stdexcept>

#include "base/wall_clock.hpp"
#include "storage/transaction.hpp"

namespace helios::actors::test {
namespace {

config::node_options node_options(const fixture_options& options, bool standby) {
  config::node_options out;
  out.role = standby ? node_role::standby : node_role::primary;
  out.id = node_id{standby ? "standby" : "primary"};
  out.cluster_secret = "secret of the cluster";
  out.listen.pg_port = standby ? std::uint16_t{0} : options.port;
  out.replication.mode = sync_mode::sync;
  out.replication.write_routing = options.write_routing;
  out.replication.write_routing_timeout = options.write_routing_timeout;
  return out;
}

net::local_node local_node(const config::node_options& options) {
  return {{options.cluster_id, options.cluster_secret, options.id.value, options.role}, [] { return epoch{1}; }};
}

template <class T>
T take(result<T> r) {
  if (!r) throw std::runtime_error(to_string(r.failure()));
  return std::move(*r);
}

}  // namespace

served_node::served_node(actor_runtime& runtime, storage::engine& engine, const fixture_options& use, bool standby)
    : options(node_options(use, standby)), directory(std::make_shared<session_directory>(use.connections_max)), facts(*directory, standby), sink(engine),
      db(engine, sink, facts), runtime_(runtime), tls_(use.tls) {
  services.reset(new session_services{db, options, directory, runtime.control_io(), local_node(options), [this, standby] { return standby && !promoted; },
                                      !use.tls.certificate.empty(), [] { return upstream_target{}; },
                                      [this] { return not_accepting; }});
  services->may_answer = [this](bool asked_in_time) { return asked_in_time ? lease_would_hold.load() : leased.load(); };
  clients = take(open_pg_listener(runtime.system(), runtime.sessions_io(), services, tls_));
  links = take(net::listener::open(runtime.control_io(), "127.0.0.1", 0, {}, [this](net::connection_ptr from) {
    net::accept_peer(runtime_.control_io(), services->self, std::move(from), std::chrono::seconds(5),
                     [this](result<net::accepted_peer> peer) {
                       if (!peer) return;
                       ++links_accepted;
                       {
                         std::lock_guard lock(mutex_);
                         forwarded_.push_back(peer->link);
                       }
                       accept_forward_session(runtime_.system(), runtime_.control_io(), services, peer->link);
                     });
  }));
}

void served_node::cut_links() {
  links->stop();
  std::lock_guard lock(mutex_);
  for (const auto& link : forwarded_) link->close_after_flush(std::chrono::milliseconds(0));
}

void served_node::stop() {
  clients->stop();
  links->stop();
  directory->end_all(interrupt::terminate);
  if (!directory->wait_empty(std::chrono::seconds(10))) throw std::runtime_error("sessions do not end");
}

served_node::~served_node() { stop(); }

session_fixture::session_fixture(const fixture_options& options) {
  storage::engine_options store;
  store.directory = directory.path() / "data";
  store.cluster_id = "test";
  store.sync_enabled = false;
  engine = take(storage::engine::open(store));
  static_cast<void>(take(engine->begin_epoch(epoch{engine->last_epoch().value + 1}, node_id{"primary"})));
  auto txn = engine->begin();
  sql::bootstrap_catalog(*txn, {database, user, password});
  storage::direct_commit_sink(*engine).submit(txn->seal(wall_clock_us()));
  txn->release();
  primary = std::make_unique<served_node>(runtime, *engine, options, false);
  if (!options.with_standby) return;
  standby = std::make_unique<served_node>(runtime, *engine, options, true);
  standby->services->current_primary = [this] {
    return upstream_target{node_id{"primary"}, "127.0.0.1", primary ? primary->links->port() : std::uint16_t{1},
                           primary ? primary->port() : std::uint16_t{0}};
  };
}

session_fixture::~session_fixture() {
  if (standby) standby->stop();
  if (primary) primary->stop();
}

}  // namespace helios::actors::test
