#pragma once
// The one implementation of connection: a non-blocking socket, a mutex, and TLS over byte strings where it was started.
// Private to net/.
//
// I1 mutex_ guards everything but the callbacks' execution: no callback and no waiter runs with it held.
// I2 At most one asynchronous read and one asynchronous write are under way. writing_ is not touched while one is.
// I3 open -> flushing -> draining -> closed only moves forward. At `closed` the socket is closed and callbacks are dropped.

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/connection.hpp"
#include "net/tls.hpp"

namespace helios::net {

class tcp_connection final : public connection {
 public:
  using tcp = boost::asio::ip::tcp;

  /// `tls`: may be null. Sets the socket's options.
  static connection_ptr make(tcp::socket socket, tls_context_ptr tls);
  tcp_connection(tcp::socket socket, tls_context_ptr tls);

  void set_callbacks(callbacks to) override;
  void read() override;
  void send(std::string bytes) override;
  std::size_t pending_bytes() const override;
  void when_pending_below(std::size_t bytes, std::function<void()> then) override;
  void close_after_flush(std::chrono::milliseconds within) override;
  void close() override;
  std::string remote_host() const override { return remote_host_; }
  std::uint16_t remote_port() const override { return remote_port_; }
  void start_tls_server(std::function<void(result<void>)> then) override;

 private:
  enum class state { open, flushing, draining, closed };
  using lock = std::unique_lock<std::mutex>;
  using actions = std::vector<std::function<void()>>;
  struct waiter {
    std::size_t bytes;
    std::function<void()> then;
  };

  std::shared_ptr<tcp_connection> self() { return std::static_pointer_cast<tcp_connection>(shared_from_this()); }

  // All of these are called with the mutex held.
  std::size_t pending() const { return writing_.size() - written_ + queued_.size(); }
  void start_read();
  void write_out(std::string bytes);
  void start_write();
  void take_ready_waiters(actions& out);
  void start_draining(actions& out);
  /// Ends the connection, posts on_closed, and appends what has to run once the mutex is free.
  void end(const error& why, actions& out);
  /// What the user gets now: decrypted or plain bytes, if it wants some.
  std::optional<std::string> take_wanted();

  void on_read(const boost::system::error_code& failed, std::size_t n);
  void on_write(const boost::system::error_code& failed, std::size_t n);
  /// Puts what was read into received_, decrypted. Mutex held.
  void unwrap(std::size_t n, actions& out);
  /// Takes the lock and calls on_data if there is what the user wants.
  void deliver();
  void announce_closed();

  tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  const tls_context_ptr tls_context_;
  std::string remote_host_;
  std::uint16_t remote_port_ = 0;

  mutable std::mutex mutex_;
  state state_ = state::open;
  std::shared_ptr<const callbacks> callbacks_;
  std::unique_ptr<tls_session> tls_;
  std::function<void(result<void>)> on_tls_;
  bool reading_ = false;    ///< an asynchronous read is under way
  bool wanted_ = false;     ///< the user waits for on_data
  bool delivering_ = false; ///< on_data runs: on_closed waits for its end
  bool read_ended_ = false; ///< the peer sends no more
  bool write_active_ = false;
  std::string read_buffer_;
  std::string received_;    ///< for the user
  error closed_why_;
  std::string writing_, queued_;
  std::size_t written_ = 0;
  std::vector<waiter> waiters_;
};

}  // namespace helios::net
