#include "actors/proxy/topology.hpp"

#include <algorithm>
#include <utility>

namespace helios::actors {
namespace {

/// May a session route differently after this change?
bool routes_differ(const node_view& a, const node_view& b) {
  const auto facts = [](const node_view& n) {
    return std::make_tuple(n.connected, n.enabled, n.state.serving, n.state.writable, n.state.role, n.state.number);
  };
  return facts(a) != facts(b);
}

void wake(const std::vector<std::weak_ptr<completion>>& waiting) {
  for (const auto& w : waiting) {
    if (const auto waiter = w.lock()) waiter->complete();
  }
}

}  // namespace

const node_view* topology::primary() const {
  const node_view* best = nullptr;
  for (const auto& n : nodes) {
    if (!n.usable() || !n.state.writable) continue;
    if (best == nullptr || n.state.number > best->state.number) best = &n;
  }
  return best;
}

const node_view* topology::find(const node_id& id) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&id](const node_view& n) { return n.address.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

epoch topology::highest_epoch() const {
  epoch out;
  for (const auto& n : nodes) out = std::max(out, n.state.number);
  return out;
}

topology_board::topology_board(const std::vector<config::peer>& peers) {
  for (const auto& p : peers) add(p);
  published_ = std::make_shared<const topology>(current_);
}

void topology_board::add(const config::peer& p) {
  if (p.pg_port == 0) return;  // an observer serves no queries
  node_view n;
  n.address = p;
  n.trouble = "not reached yet";
  current_.nodes.push_back(std::move(n));
}

std::vector<std::weak_ptr<completion>> topology_board::publish() {
  ++current_.version;
  published_ = std::make_shared<const topology>(current_);
  return std::exchange(waiting_, {});
}

void topology_board::change(const std::vector<config::peer>& peers) {
  std::vector<std::weak_ptr<completion>> waiting;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(current_.nodes, [&peers](const node_view& n) {
      return std::none_of(peers.begin(), peers.end(), [&n](const config::peer& p) { return p.id == n.address.id; });
    });
    for (const auto& p : peers)
      if (current_.find(p.id) == nullptr) add(p);
    waiting = publish();
  }
  wake(waiting);
}

topology_ptr topology_board::now() const {
  std::lock_guard lock(mutex_);
  return published_;
}

topology topology_board::detailed() const {
  std::lock_guard lock(mutex_);
  return current_;
}

void topology_board::update(const node_id& id, const std::function<void(node_view&)>& change) {
  std::vector<std::weak_ptr<completion>> waiting;
  {
    std::lock_guard lock(mutex_);
    const auto found = std::find_if(current_.nodes.begin(), current_.nodes.end(),
                                    [&id](const node_view& n) { return n.address.id == id; });
    if (found == current_.nodes.end()) return;
    const auto* before = published_->find(id);
    const bool was_connected = found->connected;
    change(*found);
    if (found->connected != was_connected) found->since = std::chrono::steady_clock::now();
    found->counters->visible = found->state.visible.value;
    found->counters->lag_ms = found->state.lag_ms;
    if (!routes_differ(*before, *found)) return;
    waiting = publish();
  }
  wake(waiting);
}

completion_ptr topology_board::change_after(const topology_ptr& seen) {
  auto done = std::make_shared<completion>();
  std::lock_guard lock(mutex_);
  if (published_->version != seen->version) {
    done->complete();
    return done;
  }
  std::erase_if(waiting_, [](const auto& w) { return w.expired(); });
  waiting_.push_back(done);
  return done;
}

}  // namespace helios::actors
