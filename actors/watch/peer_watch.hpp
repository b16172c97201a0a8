#pragma once
// A peer watch: holds a watch link to one node and passes on what that node pushes, and that it fell silent. It dials again
// by itself. Detached: queries on the other threads cannot delay it.

#include <boost/asio/io_context.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <string>

#include "actors/handles/peer_watch.hpp"
#include "config/options.hpp"

namespace helios::actors {

struct watch_environment {
  boost::asio::io_context& control_io;
  net::local_node self;
  config::peer peer;
  std::chrono::milliseconds heartbeat_interval{250};
  /// On the watch's thread.
  std::function<void(wire::repl::node_state)> on_state;
  std::function<void(const std::string& why)> on_lost;
};
peer_watch_handle spawn_peer_watch(caf::actor_system& system, watch_environment use);

/// A node that is silent for longer is not counted on: four heartbeats, and within the second that is promised.
std::chrono::milliseconds watch_silence_max(std::chrono::milliseconds heartbeat_interval);

}  // namespace helios::actors
