#pragma once
// A node watch: holds a watch link to one data node, puts what the node pushes on the board, and says so when the node is no
// longer heard from. Detached: queries on the other threads cannot delay it. Restarts nothing but its own dial.

#include <caf/fwd.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

#include "actors/handles/node_watch.hpp"
#include "actors/proxy/proxy_services.hpp"

namespace helios::actors {

/// `io`: of the control plane.
node_watch_handle spawn_node_watch(caf::actor_system& system, boost::asio::io_context& io,
                                   std::shared_ptr<proxy_services> services, config::peer node);

/// A node that is silent for longer is not used: three health intervals, within the second that is promised.
std::chrono::milliseconds silence_max(std::chrono::milliseconds health_interval);

}  // namespace helios::actors
