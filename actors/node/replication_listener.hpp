#pragma once
// The replication port of a data node or observer: lets a peer prove the cluster's secret, then gives its link to the one who
// serves what it wants. Handlers run on the control plane's thread; the listener outlives every generation of the node.

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

#include "config/options.hpp"
#include "net/peer_link.hpp"

namespace helios::actors {

struct peer_handlers {
  std::function<void(net::peer_link_ptr)> wal_stream, forward, watch;
};

result<std::unique_ptr<net::listener>> open_replication_listener(boost::asio::io_context& control_io,
                                                                 const config::listen_options& where, net::local_node self,
                                                                 peer_handlers handlers);

/// Says no, and closes once that is sent.
void refuse_peer(const net::peer_link_ptr& link, const char* code, const std::string& why);

}  // namespace helios::actors
