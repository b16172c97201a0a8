#pragma once
// The peer watches of one node: one for each of its peers. Owned by the node; start() and stop() on its main thread, tell() and change()
// on any thread after start().

#include <caf/fwd.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/ha/peer_book.hpp"
#include "actors/watch/peer_watch.hpp"

namespace helios::actors {

class peer_watches {
 public:
  struct environment {
    caf::actor_system& system;
    boost::asio::io_context& control_io;
    net::local_node self;
    const config::node_options& options;
    std::shared_ptr<const peer_book> peers;
    /// On the threads of the watches.
    std::function<void(const node_id& from, wire::repl::node_state)> on_state;
    std::function<void(const node_id& peer, const std::string& why)> on_lost;
  };
  void start(environment use);
  /// The peers are others: watches the new ones, and ends the watches of those that are gone.
  void change();
  /// The bytes of a member_message; dropped while there is no link.
  void tell(const node_id& to, std::string bytes) const;
  /// Tells them to end; whom to wait for.
  std::vector<caf::strong_actor_ptr> stop();
  std::size_t size() const;

 private:
  std::unique_ptr<environment> use_;
  mutable std::mutex mutex_;  ///< guards the rest
  std::map<node_id, peer_watch_handle> watches_;
  std::vector<caf::strong_actor_ptr> ending_;  ///< of peers that are gone
  bool stopped_ = false;
};

}  // namespace helios::actors
