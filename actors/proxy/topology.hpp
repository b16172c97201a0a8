#pragma once
// What the proxy knows of the data nodes: who is there, in which role, how far, and how loaded. Written by the node
// watches, read by every client session; any thread (one mutex, held for copies only).
//
// I1 A snapshot is immutable, but for the counters of its nodes, which go on counting.
// I2 A node is `connected` only while its watch hears from it; a silent node is not, within a second.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/fiber_host.hpp"
#include "config/options.hpp"
#include "wire/repl/frames.hpp"

namespace helios::actors {

/// Shared by all snapshots of one node.
struct node_counters {
  std::atomic<std::uint64_t> visible{0};     ///< the latest that the node has told of
  std::atomic<std::int64_t> lag_ms{0};
  std::atomic<std::int64_t> in_flight{0};    ///< statements that run there for our clients
  std::atomic<std::uint64_t> reads{0}, writes{0}, lost{0};

  /// An answer has shown that the node is so far; its next heartbeat comes later.
  void show(lsn position) {
    auto known = visible.load();
    while (known < position.value && !visible.compare_exchange_weak(known, position.value)) {
    }
  }
};

struct node_view {
  config::peer address;
  bool connected = false;
  bool enabled = true;                       ///< false: the operator has taken it out
  wire::repl::node_state state;              ///< the last that was heard
  std::chrono::steady_clock::time_point since{};   ///< of the last change of `connected`
  std::string trouble;                       ///< why it is not connected
  std::shared_ptr<node_counters> counters = std::make_shared<node_counters>();

  bool usable() const { return connected && enabled && state.serving; }
};

struct topology {
  std::vector<node_view> nodes;
  std::uint64_t version = 0;

  /// The node that takes writes: open for them, of the highest epoch; null if there is none.
  const node_view* primary() const;
  const node_view* find(const node_id& id) const;
  epoch highest_epoch() const;
};
using topology_ptr = std::shared_ptr<const topology>;

class topology_board {
 public:
  explicit topology_board(const std::vector<config::peer>& peers);

  /// The members from now on: new data nodes come in, not reached yet, and those that are gone leave.
  void change(const std::vector<config::peer>& peers);
  topology_ptr now() const;
  /// Up to the last heartbeat, for those who look at numbers. now() is renewed only when routing may change.
  topology detailed() const;
  void update(const node_id& id, const std::function<void(node_view&)>& change);
  /// Done when a newer snapshot than `seen` is there. A completion of its own for each who waits.
  completion_ptr change_after(const topology_ptr& seen);

 private:
  void add(const config::peer& p);
  /// A new snapshot; under the mutex. Gives those who wait for one: to be woken without it.
  std::vector<std::weak_ptr<completion>> publish();

  mutable std::mutex mutex_;
  topology current_;
  topology_ptr published_;
  std::vector<std::weak_ptr<completion>> waiting_;  ///< those who gave up expire
};

}  // namespace helios::actors
