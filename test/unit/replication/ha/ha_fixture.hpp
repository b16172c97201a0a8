#pragma once
// Helpers for the tests of replication/ha: options of a small cluster, a clock to move by hand, and a cluster of members whose
// messages are delivered at once and whose disks are immediate, unless a test holds them back.

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "replication/ha/member.hpp"

namespace helios::testing {

namespace ha = replication::ha;
using namespace std::chrono_literals;

inline const node_id a{"a"}, b{"b"}, c{"c"}, w{"w"};
inline ha::time_point at(std::chrono::milliseconds since_start) { return ha::time_point(1'000'000ms + since_start); }

/// a, b: sync data nodes; w: a witness. Lease 2 s.
inline ha::options two_and_witness(const node_id& self) {
  ha::options o;
  o.self = self;
  o.cluster_id = "test";
  o.members = {{a, true, true}, {b, true, true}, {w, false, true}};
  o.first_primary = a;
  o.mode = ha::failover_mode::automatic;
  o.own_mode = sync_mode::sync;
  return o;
}

inline ha::options three_data_nodes(const node_id& self) {
  auto o = two_and_witness(self);
  o.members = {{a, true, true}, {b, true, true}, {c, true, true}};
  return o;
}

template <class T>
std::vector<T> all_of(const std::vector<ha::action>& actions) {
  std::vector<T> out;
  for (const auto& x : actions)
    if (const auto* one = std::get_if<T>(&x)) out.push_back(*one);
  return out;
}

/// Bodies of one kind that were sent, with their receivers.
template <class T>
std::vector<std::pair<node_id, T>> sent(const std::vector<ha::action>& actions) {
  std::vector<std::pair<node_id, T>> out;
  for (const auto& s : all_of<ha::send>(actions))
    if (const auto* body = std::get_if<T>(&s.content.body)) out.emplace_back(s.to, *body);
  return out;
}

/// Members with ideal links, disks and data planes: every cohort holds every config at once.
class small_cluster {
 public:
  struct node {
    std::unique_ptr<ha::member> machine;
    ha::durable_record record;
    ha::log_state log;
    bool open = false;
    std::vector<ha::action> seen;   ///< all actions so far
  };

  explicit small_cluster(std::function<ha::options(const node_id&)> options) : options_(std::move(options)) {
    for (const auto& m : options_(a).members) {
      nodes_[m.id].record.cluster_id = "test";
      start(m.id);
    }
  }

  void start(const node_id& id) {
    auto& n = nodes_[id];
    auto o = options_(id);
    o.incarnation = ++incarnations_[id];
    n.open = false;
    n.machine = std::make_unique<ha::member>(o, n.record, n.log, now_);
    n.machine->tick(now_);
    settle();
  }
  void kill(const node_id& id) { nodes_[id].machine.reset(); }
  void cut(const node_id& id, bool off = true) { off ? void(cut_.insert(id)) : void(cut_.erase(id)); }

  void pass(std::chrono::milliseconds time) {
    const auto end = now_ + time;
    while (now_ < end) {
      now_ += 5ms;
      for (auto& [id, n] : nodes_)
        if (n.machine && n.machine->next_wake_up() <= now_) n.machine->tick(now_);
      settle();
    }
  }
  node& operator[](const node_id& id) { return nodes_[id]; }
  ha::member& machine(const node_id& id) { return *nodes_[id].machine; }
  ha::time_point now() const { return now_; }
  /// The one open node; empty if there is none.
  node_id leader() {
    node_id out;
    for (auto& [id, n] : nodes_)
      if (n.machine && n.open && n.machine->may_acknowledge(now_)) out = id;
    return out;
  }
  void settle() {
    for (bool again = true; again;) {
      again = false;
      for (auto& [id, n] : nodes_) {
        if (!n.machine) continue;
        for (auto& x : n.machine->take_actions()) {
          again = true;
          n.seen.push_back(x);
          carry_out(id, n, x);
        }
      }
    }
  }

 private:
  void carry_out(const node_id& id, node& n, const ha::action& x) {
    if (const auto* s = std::get_if<ha::send>(&x)) {
      auto& to = nodes_[s->to];
      if (to.machine && !cut_.contains(id) && !cut_.contains(s->to)) to.machine->receive(now_, id, s->content);
    } else if (const auto* p = std::get_if<ha::persist>(&x)) {
      n.record = p->record;
      n.machine->recorded(now_, p->token);
    } else if (const auto* f = std::get_if<ha::fence_wal>(&x)) {
      n.machine->fenced(now_, f->number, n.log);
    } else if (const auto* f2 = std::get_if<ha::follow>(&x)) {
      n.log = nodes_[f2->leader].log;
      n.machine->log_moved(now_, n.log);
    } else if (const auto* l = std::get_if<ha::lead>(&x)) {
      n.log.at = {l->number, n.log.at.flushed + 100};
      n.machine->epoch_started(now_, l->number, n.log.at.flushed);
      if (l->config.acks_needed <= l->config.members.size()) n.machine->cohort_holds(now_, l->config);
    } else if (std::get_if<ha::open_writes>(&x) != nullptr) {
      n.open = true;
    } else if (std::get_if<ha::close_writes>(&x) != nullptr) {
      n.open = false;
    } else if (std::get_if<ha::hold_writes>(&x) != nullptr) {
      n.machine->drained(now_, n.log.at.flushed);
    }
  }

  std::function<ha::options(const node_id&)> options_;
  ha::time_point now_ = at(0ms);
  std::map<node_id, node> nodes_;
  std::map<node_id, std::uint64_t> incarnations_;
  std::set<node_id> cut_;
};

}  // namespace helios::testing
