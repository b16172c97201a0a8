#pragma once
// A TCP (optionally TLS) byte stream on the io threads. Shared ownership: the actor that uses it, and the operations under
// way. Every method may be called from any thread. Names are resolved on every dial, so that a moved peer is found.
//
// I1 At most one read is under way; data arrives only after read() asked for it, so a slow consumer stops its peer.
// I2 send() keeps order. It writes to the socket at once, on the calling thread, when nothing is queued before it: when it
//    returns and pending_bytes() is 0, the kernel has the bytes, and a kill of this process does not lose them.
// I3 on_closed runs exactly once, after which no callback runs. After close() the connection is silent.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace boost::asio {
class io_context;
}

namespace helios::net {

struct tls_files {
  std::string certificate, key;  ///< PEM; both empty: no TLS offered
};

class connection : public std::enable_shared_from_this<connection> {
 public:
  struct callbacks {
    std::function<void(std::string bytes)> on_data;      ///< 1 to read_bytes_max bytes, on an io thread
    std::function<void(const error& why)> on_closed;     ///< errc::closed at end of file, errc::io otherwise
  };
  virtual ~connection() = default;

  /// Before the first read(); replaces earlier ones (handshake first, then the actor).
  virtual void set_callbacks(callbacks to) = 0;
  /// Asks for one on_data.
  virtual void read() = 0;
  virtual void send(std::string bytes) = 0;
  /// Accepted and not yet in the kernel.
  virtual std::size_t pending_bytes() const = 0;
  /// Runs `then` once when pending_bytes() is at most `bytes`, or the connection is closed.
  virtual void when_pending_below(std::size_t bytes, std::function<void()> then) = 0;
  /// Sends what is pending (bounded by `within`), then closes. on_closed still runs.
  virtual void close_after_flush(std::chrono::milliseconds within) = 0;
  /// At once; no callback runs after it returns, except one under way on another thread.
  virtual void close() = 0;
  virtual std::string remote_host() const = 0;
  virtual std::uint16_t remote_port() const = 0;
  /// Server side: answer to SSLRequest 'S' was sent in clear; runs the handshake, then `then`. Only between reads.
  virtual void start_tls_server(std::function<void(result<void>)> then) = 0;
};
using connection_ptr = std::shared_ptr<connection>;

inline constexpr std::size_t read_bytes_max = 64u << 10;

/// Accepts connections until destroyed. TCP_NODELAY and keep-alive are set on each.
class listener {
 public:
  virtual ~listener() = default;
  virtual std::uint16_t port() const = 0;  ///< the real one when 0 was asked for
  virtual void stop() = 0;                 ///< accepts no more; connections live on
  /// errc::io with the address when it cannot bind. `tls` may be empty.
  static result<std::unique_ptr<listener>> open(boost::asio::io_context& io, const std::string& host, std::uint16_t port,
                                                const tls_files& tls, std::function<void(connection_ptr)> on_accept);
};

/// Resolves, connects (every address in turn) and calls back once, on an io thread, within `timeout`.
void dial(boost::asio::io_context& io, std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
          std::function<void(result<connection_ptr>)> then);

}  // namespace helios::net
