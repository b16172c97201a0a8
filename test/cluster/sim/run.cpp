#include "run.hpp"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "chaos.hpp"
#include "checker.hpp"
#include "front.hpp"
#include "sim_node.hpp"
#include "world.hpp"

namespace helios::sim {
namespace {

using std::chrono::milliseconds;

struct shape {
  const char* name;
  std::vector<sync_mode> data_nodes;
  int witnesses;
};

const std::vector<shape>& shapes() {
  using enum sync_mode;
  static const std::vector<shape> all{
      {"2 data nodes and a witness", {sync, sync}, 1},
      {"2 data nodes (one semi-sync) and a witness", {sync, semi_sync}, 1},
      {"3 data nodes", {sync, sync, sync}, 0},
      {"4 data nodes (sync, semi-sync, async) and a witness", {sync, sync, semi_sync, async}, 1},
      {"4 data nodes and a witness", {sync, sync, sync, sync}, 1},
  };
  return all;
}

class cluster {
 public:
  cluster(actor_host& host, std::uint64_t seed, const broken& rules, bool trace, ha::failover_mode mode) : world_(host, seed, trace) {
    settings_.rules = rules;
    settings_.options.mode = mode;
    settings_.members_change = seed % 4 == 3;  // most clusters keep theirs: else the other faults would be rare
    choose_options();
    checker_ = std::make_unique<checker>(world_, !by_hand());
    build();
  }

  void run() {
    const auto lease = true_time{settings_.options.lease.count()} * 1'000'000;
    const auto step = [this] { checker_->each_step(); };
    for (auto& n : nodes_) n->start();
    front_->start();
    chaos_->start(chaos_number_, lease);
    world_.run(10 * lease, step, [] { return false; });
    chaos_->end();

    const auto healed = world_.now();
    // By hand it takes an operator who looks, and some attempts; a primary that stopped for one is patient.
    const auto budget = (by_hand() ? 40 : 8) * lease + 2'000'000 * true_time{settings_.sync_timeout.count()} + 2'000'000'000;
    const auto writes = front_->writes_done();
    const bool writes_go_on = world_.run(healed + budget, step, [this, writes] { return front_->writes_done() > writes + 2; });
    if (!writes_go_on) throw violation("liveness: no writes after everything was healed" + states());
    front_->stop();
    const bool at_rest = world_.run(world_.now() + budget, step, [this] { return checker_->is_at_rest(); });
    if (!at_rest) throw violation("liveness: not all nodes follow the leader after everything was healed" + states());
    checker_->at_rest();
  }

  const world& seen() const { return world_; }
  std::uint64_t acknowledged() const { return checker_->acknowledgements(); }
  std::string describe() const {
    const auto& o = settings_.options;
    return (by_hand() ? "by hand, " : "") + fmt::format("{}, policy {}, K = {}, lease {} ms, drift {}, sync_timeout {} ms{}", shape_->name, o.strict ? "strict" : "available",
                       o.sync_acks, o.lease.count(), o.drift, settings_.sync_timeout.count(), settings_.recycles ? ", recycles WAL" : "");
  }

 private:
  bool by_hand() const { return settings_.options.mode == ha::failover_mode::manual; }
  std::string states() const {
    std::string out;
    for (const auto& n : nodes_) out += "\n  " + n->describe();
    return out;
  }

  void choose_options() {
    shape_ = &shapes()[world_.below(shapes().size())];
    auto& o = settings_.options;
    o.cluster_id = "sim";
    o.lease = milliseconds(world_.chance(0.6) ? 500 : world_.chance(0.7) ? 1000 : 2000);
    o.renew_every = o.lease / 4;
    o.heartbeat = o.lease / 5;
    o.suspect_after = o.lease / 2;
    o.campaign_timeout = o.lease / 2;
    o.retry_jitter = o.lease / 10;
    o.drift = world_.chance(0.4) ? 0.001 : 0.05;
    o.guard = milliseconds(1 + static_cast<int>(static_cast<double>(o.lease.count()) * o.drift));
    o.strict = world_.chance(0.4) || by_hand();
    o.start_wait = o.lease / 2;
    std::size_t sync_standbys = 0;
    for (std::size_t i = 1; i < shape_->data_nodes.size(); ++i) sync_standbys += shape_->data_nodes[i] == sync_mode::sync;
    o.sync_acks = static_cast<std::uint32_t>(1 + world_.below(std::max<std::size_t>(sync_standbys, 1)));
    settings_.sync_timeout = milliseconds(world_.chance(0.5) ? o.lease.count() / 2 : 2 * o.lease.count());
    settings_.recycles = world_.chance(0.3);
    settings_.backup_time = 1'000'000 * true_time{o.lease.count()};
    for (std::size_t i = 0; i < shape_->data_nodes.size(); ++i) o.members.push_back({node_id{fmt::format("node{}", i + 1)}, true, true});
    for (int i = 0; i < shape_->witnesses; ++i) o.members.push_back({node_id{fmt::format("witness{}", i + 1)}, false, true});
    o.first_primary = o.members.front().id;
    o.self = o.first_primary;
    if (auto ok = ha::validate(o); !ok) throw std::logic_error(ok.failure().detail);
  }

  void build() {
    auto members = settings_.options.members;
    if (settings_.members_change && world_.chance(0.5)) members.push_back({node_id{"spare"}, true, true});
    std::map<std::string, std::size_t> numbers;
    std::vector<sim_node*> all;
    std::vector<std::size_t> data_nodes;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto drift = settings_.options.drift * (2 * world_.chance() - 1);
      const auto mode = i < shape_->data_nodes.size() ? shape_->data_nodes[i] : sync_mode::sync;
      nodes_.push_back(std::make_unique<sim_node>(
          world_, *checker_, settings_,
          sim_node::identity{members[i].id, members[i].data_node, mode, world_.chance(0.3) ? 200U : 100U, drift}));
      numbers[members[i].id.value] = world_.introduce(members[i].id.value, [n = nodes_.back().get()](const event& e) { n->on(e); });
      all.push_back(nodes_.back().get());
      if (members[i].data_node) data_nodes.push_back(i);
    }
    const auto lease = true_time{settings_.options.lease.count()} * 1'000'000;
    const auto clients = world_.chance(0.7) ? 2 : 2 + world_.below(8);
    front_ = std::make_unique<front>(world_, front::settings{clients, lease / 17 * static_cast<true_time>(clients), 3 * lease, 0.15});
    settings_.proxy = world_.introduce("proxy", [this](const event& e) { front_->on(e); });
    front_->introduce(settings_.proxy, data_nodes);
    chaos_ = std::make_unique<chaos>(world_, settings_, all);
    chaos_number_ = world_.introduce("chaos", [this](const event& e) { chaos_->on(e); });
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->introduce(i, numbers);
    checker_->watch(all);
  }

  world world_;
  const shape* shape_ = nullptr;
  cluster_settings settings_;
  std::unique_ptr<checker> checker_;
  std::vector<std::unique_ptr<sim_node>> nodes_;
  std::unique_ptr<front> front_;
  std::unique_ptr<chaos> chaos_;
  std::size_t chaos_number_ = 0;
};

}  // namespace

outcome run_seed(actor_host& host, std::uint64_t seed, const broken& rules, bool trace, ha::failover_mode mode) {
  cluster c(host, seed, rules, trace, mode);
  outcome out;
  out.cluster = c.describe();
  try {
    c.run();
  } catch (const violation& v) {
    out.violated = v.what();
    out.history = c.seen().history();
  }
  if (trace) out.history = c.seen().history();
  out.steps = c.seen().steps();
  out.acknowledged = c.acknowledged();
  return out;
}

}  // namespace helios::sim
