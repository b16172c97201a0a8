#pragma once
// What a node has heard of the others: the cluster as /cluster shows it. Written by the peer watches, read by the status
// server; any thread (one mutex, held for copies only).

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "wire/repl/frames.hpp"

namespace helios::actors {

struct member {
  config::peer address;
  bool connected = false;
  wire::repl::node_state state;    ///< the last that was heard; of this node itself: now
  std::string trouble;
  std::chrono::steady_clock::time_point heard{};
};

class member_board {
 public:
  explicit member_board(const std::vector<config::peer>& peers) {
    for (const auto& p : peers) members_[p.id].address = p;
  }
  /// The members from now on.
  void change(const std::vector<config::peer>& peers) {
    std::lock_guard lock(mutex_);
    std::erase_if(members_, [&peers](const auto& m) {
      return std::none_of(peers.begin(), peers.end(), [&m](const config::peer& p) { return p.id == m.first; });
    });
    for (const auto& p : peers) members_[p.id].address = p;
  }
  /// What is heard of one that is no member any more is dropped.
  void heard(const node_id& id, wire::repl::node_state state) {
    std::lock_guard lock(mutex_);
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    auto& m = found->second;
    m.connected = true;
    m.state = std::move(state);
    m.trouble.clear();
    m.heard = std::chrono::steady_clock::now();
  }
  void lost(const node_id& id, const std::string& why) {
    std::lock_guard lock(mutex_);
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    auto& m = found->second;
    m.connected = false;
    m.trouble = why;
  }
  std::vector<member> all() const {
    std::lock_guard lock(mutex_);
    std::vector<member> out;
    for (const auto& [id, m] : members_) out.push_back(m);
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::map<node_id, member> members_;
};

}  // namespace helios::actors
