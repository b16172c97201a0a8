#include "chaos.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace helios::sim {
namespace {

// What a wake-up of the chaos means, with a node's number added.
constexpr std::uint64_t next_fault = 0, restart = 100, unpause = 200, heal_network = 300, heal_disk = 400, tell_release = 500, operator_looks = 600, stale = 700;

}  // namespace

void chaos::later(true_time in, std::uint64_t what) { world_.post(number_, world_.now() + in, {event::kind::wake, 0, 0, what, nullptr}); }

void chaos::start(std::size_t number, true_time lease) {
  number_ = number;
  lease_ = lease;
  dead_.resize(nodes_.size());
  const auto last = static_cast<std::size_t>(settings_.members_change ? fault::count : fault::members);
  for (std::size_t f = 0; f < last; ++f)
    if (world_.chance(0.4)) mix_.push_back(static_cast<fault>(f));
  if (mix_.empty()) mix_.push_back(fault::crash_leader);
  mean_ = static_cast<true_time>(static_cast<double>(lease) * (0.15 + 1.2 * world_.chance()));
  if (world_.chance(0.3)) settings_.crash_within = 0.002;
  next();
  if (settings_.options.mode == ha::failover_mode::manual) later(lease_, operator_looks);
}

// Under manual failover somebody has to. Whether the node may lead is for the rules to say.
void chaos::look() {
  const bool led = std::any_of(nodes_.begin(), nodes_.end(), [](const sim_node* n) { return n->accepts_writes(); });
  if (!led) nodes_[any()]->order_failover();
  later(world_.between(lease_ / 2, 3 * lease_), operator_looks);
}

void chaos::next() {
  const auto gap = -std::log(1.0 - world_.chance()) * static_cast<double>(mean_);
  later(static_cast<true_time>(gap), next_fault);
}

void chaos::end() {
  ended_ = true;
  settings_.crash_within = 0;
  settings_.disk = disk_faults{};
  world_.heal();
  world_.trace(number_, "HEALS everything");
  for (auto* n : nodes_)
    if (!n->running()) n->start();
}

std::size_t chaos::leader() {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i]->accepts_writes()) return i;
  return any();
}

void chaos::on(const event& e) {
  if (e.what == event::kind::wake && e.number == operator_looks) return look();
  if (e.what != event::kind::wake || ended_) return;
  const auto what = e.number / 100 * 100;
  const auto n = static_cast<std::size_t>(e.number % 100);
  if (what == next_fault) {
    happen(mix_[world_.below(mix_.size())]);
    next();
  } else if (what == restart) {
    if (!nodes_[n]->running()) nodes_[n]->start();
  } else if (what == unpause) {
    world_.pause(n, false);
  } else if (what == heal_network) {
    world_.trace(number_, "the network is whole again");
    for (std::size_t a = 0; a < world_.size(); ++a)
      for (std::size_t b = 0; b < world_.size(); ++b) world_.block(a, b, false);
    world_.network = network_faults{};
  } else if (what == heal_disk) {
    settings_.disk = disk_faults{};
  } else if (what == stale) {
    leave_stale(n);
  } else if (what == tell_release) {
    nodes_[any()]->release_of(dead_[n]);
  }
}

void chaos::crash(std::size_t n, bool release) {
  if (!nodes_[n]->running()) return;
  dead_[n] = nodes_[n]->process_id();
  world_.pause(n, false);
  nodes_[n]->crash(world_.chance() < 0.5 ? 0 : world_.chance());
  if (release) later(world_.between(1'000'000, lease_ / 2), tell_release + n);
  for (std::size_t m = 0; m < nodes_.size(); ++m)
    if (m != n && !world_.blocked(n, m) && world_.chance(0.7))
      world_.post(m, world_.now() + world_.between(100'000, 2'000'000), {event::kind::peer_lost, n, 0, 0, nullptr});
  later(world_.chance(0.4) ? world_.between(1'000'000, lease_ / 2) : world_.between(lease_ / 2, 3 * lease_), restart + n);
}

void chaos::block_pair(std::size_t a, std::size_t b, bool both) {
  if (a == b) return;
  world_.block(a, b, true);
  if (both) world_.block(b, a, true);
}

void chaos::partition(fault f) {
  const auto n = nodes_.size();
  const auto x = world_.chance(0.6) ? leader() : any();
  world_.trace(number_, fmt::format("PARTITION kind {} around {}", static_cast<int>(f), world_.name(x)));
  for (std::size_t a = 0; a < n; ++a) {
    if (f == fault::isolate) block_pair(x, a);
    if (f == fault::one_way && world_.chance(0.7)) block_pair(world_.chance(0.8) ? x : a, world_.chance(0.8) ? a : x, false);
    if (f == fault::witness_only && !nodes_[a]->is_data_node()) block_pair(x, a);
    for (std::size_t b = 0; b < a; ++b) {
      if (f == fault::split && (a & 1) != (b & 1)) block_pair(a, b);
      if (f == fault::ring && a != b + 1 && !(b == 0 && a + 1 == n)) block_pair(a, b);
      if (f == fault::bridge && a != x && b != x && ((a & 1) != (b & 1) || n <= 3)) block_pair(a, b);
    }
  }
  later(world_.between(lease_ / 10, 3 * lease_), heal_network);
}

// An operator who may be hasty: the next command comes before the first is finished.
void chaos::change_members() {
  auto& on = *nodes_[leader()];
  for (auto left = 1 + world_.below(3); left > 0; --left) {
    auto entry = nodes_[any()]->own_entry();
    using kind = ha::member_change::kind;
    const bool remove = on.is_member(entry.id) && world_.chance(0.7);
    entry.voter = !entry.data_node || world_.chance(0.8);
    on.order_members({remove ? kind::remove : kind::put, entry});
  }
}

// The operator takes out all that the leader has just lost, one right after the other.
void chaos::remove_cut_off() {
  const auto l = leader();
  std::vector<std::size_t> lost;
  for (std::size_t n = 0; n < nodes_.size(); ++n)
    if (n != l && world_.chance(0.6)) lost.push_back(n);
  world_.trace(number_, fmt::format("PARTITION: {} loses {} nodes, and they are removed", world_.name(l), lost.size()));
  for (const auto n : lost)
    for (std::size_t m = 0; m < nodes_.size(); ++m)
      if (std::find(lost.begin(), lost.end(), m) == lost.end()) block_pair(n, m);
  for (const auto n : lost) nodes_[l]->order_members({ha::member_change::kind::remove, nodes_[n]->own_entry()});
  later(world_.between(lease_, 3 * lease_), heal_network);
}

// Two members are removed while a third hears nothing; then these three are alone with each other.
void chaos::leave_stale(std::uint64_t step) {
  if (step == 0) {
    order_.clear();
    for (std::size_t n = 0; n < nodes_.size(); ++n) order_.push_back(n);
    std::shuffle(order_.begin(), order_.end(), world_.random());
    std::swap(order_.front(), *std::find(order_.begin(), order_.end(), leader()));
  }
  if (order_.size() < 5) return;
  if (step == 0)
    for (std::size_t n = 0; n < nodes_.size(); ++n) block_pair(order_[1], n);
  if (step < 2) {
    nodes_[order_[0]]->order_members({ha::member_change::kind::remove, nodes_[order_[2 + step]]->own_entry()});
    return later(world_.between(lease_ / 20, lease_ / 5), stale + step + 1);
  }
  world_.trace(number_, "PARTITION: the stale and the removed members among themselves");
  for (std::size_t i = 0; i < order_.size(); ++i)
    for (std::size_t j = 0; j < order_.size(); ++j)
      if (i != j) world_.block(order_[i], order_[j], (i >= 1 && i <= 3) != (j >= 1 && j <= 3));
  later(world_.between(2 * lease_, 4 * lease_), heal_network);
}

void chaos::happen(fault f) {
  switch (f) {
    case fault::crash: return crash(any(), false);
    case fault::crash_leader: return crash(leader(), false);
    case fault::crash_and_release: return crash(leader(), true);
    case fault::pause: {
      const auto n = world_.chance(0.6) ? leader() : any();
      world_.pause(n, true);
      return later(world_.between(lease_ / 20, 2 * lease_), unpause + n);
    }
    case fault::isolate:
    case fault::split:
    case fault::one_way:
    case fault::ring:
    case fault::bridge:
    case fault::witness_only: return partition(f);
    case fault::lossy:
      world_.network.loss = 0.3 * world_.chance();
      world_.network.duplicate = 0.2 * world_.chance();
      world_.network.reorder = 0.3 * world_.chance();
      return later(world_.between(lease_ / 4, 3 * lease_), heal_network);
    case fault::late:
      world_.network.delay_max = world_.between(5'000'000, lease_ / 3);
      return later(world_.between(lease_ / 4, 2 * lease_), heal_network);
    case fault::slow_disk:
      settings_.disk.sync_max = world_.between(5'000'000, lease_);
      return later(world_.between(lease_ / 4, 2 * lease_), heal_disk);
    case fault::switchover: return nodes_[leader()]->order_switchover(world_.name(any()));
    case fault::failover: return nodes_[any()]->order_failover();
    case fault::step_down: return nodes_[leader()]->order_step_down();
    case fault::reinitialize: return nodes_[any()]->order_reinitialize();
    case fault::restart_all:
      for (std::size_t n = 0; n < nodes_.size(); ++n) crash(n, world_.chance(0.3));
      return;
    case fault::members: return change_members();
    case fault::cut_off_members: return remove_cut_off();
    case fault::stale_members: return leave_stale(0);
    case fault::count: return;
  }
}

}  // namespace helios::sim
