#pragma once
// An authenticated frame link between two nodes: a connection after the handshake of wire/repl/handshake.hpp. Shared
// ownership, like the connection; every method may be called from any thread.
//
// I1 Frames arrive only after read() asked for them: one read() delivers the frames of one network read (perhaps none).
// I2 Every frame carries this node's epoch at the moment it is sent; `epoch_now` must be callable from any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "wire/repl/frame_codec.hpp"
#include "wire/repl/handshake.hpp"

namespace helios::net {

struct local_node {
  wire::repl::identity identity;
  std::function<epoch()> epoch_now;
};

class peer_link {
 public:
  struct callbacks {
    std::function<void(std::vector<wire::repl::decoded_frame> frames)> on_frames;
    std::function<void(const error& why)> on_closed;
  };
  virtual ~peer_link() = default;

  /// Before the first read().
  virtual void set_callbacks(callbacks to) = 0;
  virtual void read() = 0;
  /// See connection::send (I2 there): when it returns with nothing pending, the kernel has the frame.
  virtual void send(const wire::repl::frame& frame) = 0;
  virtual std::size_t pending_bytes() const = 0;
  virtual void when_pending_below(std::size_t bytes, std::function<void()> then) = 0;
  virtual void close() = 0;
  virtual void close_after_flush(std::chrono::milliseconds within) = 0;

  virtual const node_id& peer_node() const = 0;
  virtual node_role peer_role() const = 0;
  virtual std::string remote_address() const = 0;  ///< host:port
};
using peer_link_ptr = std::shared_ptr<peer_link>;

/// Resolves, connects, proves and checks the secret, within `timeout`. `expected` empty: any node. Calls back once, on an
/// io thread; errc::refused carries the listener's code and message.
void dial_peer(boost::asio::io_context& io, local_node self, std::string host, std::uint16_t port, node_id expected,
               wire::repl::purpose wants, std::chrono::milliseconds timeout,
               std::function<void(result<peer_link_ptr>)> then);

struct accepted_peer {
  peer_link_ptr link;
  wire::repl::purpose wants{};
};
/// The listener's side, on a fresh connection. A refused or silent dialer is answered, closed and reported as an error.
void accept_peer(boost::asio::io_context& io, local_node self, connection_ptr from, std::chrono::milliseconds timeout,
                 std::function<void(result<accepted_peer>)> then);

}  // namespace helios::net
