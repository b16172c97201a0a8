#include "actors/node/replication_listener.hpp"

#include <chrono>
#include <utility>

#include "base/log.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr log::source source{"replication_listener"};
constexpr auto handshake_time_max = 5000ms;

void serve(const peer_handlers& handlers, net::accepted_peer peer) {
  switch (peer.wants) {
    case wire::repl::purpose::wal_stream: return handlers.wal_stream(std::move(peer.link));
    case wire::repl::purpose::forward: return handlers.forward(std::move(peer.link));
    case wire::repl::purpose::watch: return handlers.watch(std::move(peer.link));
  }
}

}  // namespace

void refuse_peer(const net::peer_link_ptr& link, const char* code, const std::string& why) {
  link->send(wire::repl::refusal{code, why});
  link->close_after_flush(500ms);
}

result<std::unique_ptr<net::listener>> open_replication_listener(boost::asio::io_context& control_io,
                                                                 const config::listen_options& where, net::local_node self,
                                                                 peer_handlers handlers) {
  auto shared = std::make_shared<const peer_handlers>(std::move(handlers));
  return net::listener::open(
      control_io, where.host, where.replication_port, {},
      [&control_io, self = std::move(self), shared](net::connection_ptr from) {
        const auto address = from->remote_host() + ":" + std::to_string(from->remote_port());
        net::accept_peer(control_io, self, std::move(from), handshake_time_max, [shared, address](result<net::accepted_peer> peer) {
          if (!peer) {
            log::warning(source, "a peer at {} was turned away: {}", address, to_string(peer.failure()));
            return;
          }
          serve(*shared, std::move(*peer));
        });
      });
}

}  // namespace helios::actors
