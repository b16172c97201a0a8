#pragma once
// Backends that no client session uses, and the count of all of them per node. Shared by the sessions; any thread (one
// mutex, held for bookkeeping only).
//
// I1 At most `per_node_max` backends of a node exist or are being opened.
// I2 What is taken from the pool is as fresh as when it was opened: DISCARD ALL has run and nothing is under way.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/proxy/backend_channel.hpp"
#include "base/fiber_host.hpp"

namespace helios::actors {

class backend_pool : public std::enable_shared_from_this<backend_pool> {
 public:
  explicit backend_pool(std::size_t per_node_max) : per_node_max_(per_node_max) {}

  /// Exactly one of the three is set.
  struct lease {
    backend_channel_ptr idle;     ///< use this one
    std::shared_ptr<void> slot;   ///< open one, and hand it the slot
    completion_ptr wait;          ///< the node's backends are all in use: ask again when this is done
  };
  lease take(const backend_key& key);
  /// Idle between statements, outside a transaction, detached. It is cleaned, then offered to others.
  void give_back(const backend_channel_ptr& channel);
  /// So that its user learns when the node is in trouble.
  void watch(const backend_channel_ptr& channel);
  /// The node is no longer heard from: idle backends are closed, users of others told.
  void suspect(const node_id& node);
  /// Somebody waits for a backend of this node: those who can spare theirs give it back.
  bool wanted(const node_id& node) const;
  /// Closes what is idle (RECONNECT); all nodes for an empty id.
  void close_idle(const node_id& node = {});
  /// Closes what is idle or being cleaned, and from now on whatever is given back.
  void close();

  struct usage {
    backend_key key;
    std::size_t idle = 0;
  };
  std::vector<usage> idle() const;
  std::map<node_id, std::size_t> open() const;
  /// Open backends, idle ones included, by database and user.
  std::map<std::pair<std::string, std::string>, std::size_t> open_by_user() const;

 private:
  struct node_count {
    std::size_t open = 0;
    std::deque<std::weak_ptr<completion>> waiting;
  };
  class cleaner;

  std::shared_ptr<void> make_slot(const node_id& node);
  void release_slot(const node_id& node);
  void now_idle(const backend_channel_ptr& channel);
  void forget(const backend_channel* channel);
  /// Called with the mutex held.
  void no_longer_cleaned(const backend_channel_ptr& channel);

  const std::size_t per_node_max_;
  mutable std::mutex mutex_;
  std::map<node_id, node_count> nodes_;
  std::map<backend_key, std::vector<backend_channel_ptr>> idle_;
  std::vector<std::weak_ptr<backend_channel>> cleaning_;  ///< DISCARD ALL is under way
  bool closed_ = false;
  std::map<node_id, std::vector<std::weak_ptr<backend_channel>>> watched_;
};

}  // namespace helios::actors
