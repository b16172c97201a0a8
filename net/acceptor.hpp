#pragma once
// Binding and accepting, for the listener and for the HTTP server. Private to net/.
//
// I1 mutex_ guards the acceptor; on_accept runs without it. After stop() no accept begins.

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.hpp"

namespace helios::net {

class acceptor : public std::enable_shared_from_this<acceptor> {
 public:
  using tcp = boost::asio::ip::tcp;
  using on_socket = std::function<void(tcp::socket)>;

  /// Binds and listens; errc::io with the address when it cannot.
  static result<std::shared_ptr<acceptor>> open(boost::asio::io_context& io, const std::string& host, std::uint16_t port,
                                                on_socket then);
  acceptor(boost::asio::io_context& io, on_socket then);

  std::uint16_t port() const { return port_; }
  void stop();

 private:
  result<void> bind(const std::string& host, std::uint16_t port);
  void accept_next();  ///< mutex held
  void on_accept(const boost::system::error_code& failed, tcp::socket socket);

  boost::asio::io_context& io_;
  std::mutex mutex_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::shared_ptr<const on_socket> then_;
  std::uint16_t port_ = 0;
};

}  // namespace helios::net
