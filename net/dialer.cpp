#include "net/dialer.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <vector>

#include "net/tcp_connection.hpp"

namespace helios::net {

namespace asio = boost::asio;
using boost::system::error_code;
using asio::ip::tcp;

namespace {

/// One dial. Everything runs on its strand; it lives as long as an operation of it is under way.
class dialer : public std::enable_shared_from_this<dialer> {
 public:
  dialer(asio::io_context& io, std::string host, std::uint16_t port, std::chrono::milliseconds timeout, dial_done then)
      : io_(io),
        strand_(asio::make_strand(io)),
        resolver_(strand_),
        overall_(strand_, std::chrono::steady_clock::now() + timeout),
        share_(strand_),
        host_(std::move(host)),
        port_(port),
        then_(std::move(then)) {}

  void start() {
    asio::post(strand_, [me = shared_from_this()] { me->begin(); });
  }

 private:
  void begin() {
    overall_.async_wait([me = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) me->finish(error{errc::timeout, me->name() + ": no connection within the time allowed"});
    });
    error_code not_numeric;
    const auto numeric = asio::ip::make_address(host_, not_numeric);
    if (!not_numeric) {
      endpoints_ = {tcp::endpoint(numeric, port_)};
      next_address("");
      return;
    }
    // The system's resolver cannot be stopped; when it answers after the deadline nobody listens any more.
    resolver_.async_resolve(host_, std::to_string(port_), tcp::resolver::numeric_service,
                            [me = shared_from_this()](const error_code& failed, const tcp::resolver::results_type& found) {
                              me->on_resolved(failed, found);
                            });
  }

  void on_resolved(const error_code& failed, const tcp::resolver::results_type& found) {
    if (!then_) return;
    if (failed) return finish(error{errc::io, name() + ": cannot resolve the name: " + failed.message()});
    for (const auto& entry : found) endpoints_.push_back(entry.endpoint());
    next_address("no address");
  }

  void next_address(const std::string& why) {
    if (!then_) return;
    if (tried_ == endpoints_.size()) return finish(error{errc::io, name() + ": " + why});
    const auto left = overall_.expiry() - std::chrono::steady_clock::now();
    const auto endpoint = endpoints_[tried_];
    share_.expires_after(left / static_cast<int>(endpoints_.size() - tried_));
    ++tried_;
    socket_ = std::make_shared<tcp::socket>(io_);
    share_.async_wait([socket = socket_](const error_code& cancelled) {
      error_code ignored;
      if (!cancelled) socket->close(ignored);
    });
    socket_->async_connect(endpoint, asio::bind_executor(strand_, [me = shared_from_this()](const error_code& failed) {
                             me->on_connected(failed);
                           }));
  }

  void on_connected(const error_code& failed) {
    share_.cancel();
    if (!then_) return;
    if (failed || !socket_->is_open()) return next_address(failed ? failed.message() : "timed out");
    finish(std::move(*socket_));
  }

  void finish(result<tcp::socket> outcome) {
    if (!then_) return;
    const auto then = std::exchange(then_, nullptr);
    overall_.cancel();
    resolver_.cancel();
    share_.cancel();
    error_code ignored;
    if (socket_ && !outcome) socket_->close(ignored);
    then(std::move(outcome));
  }

  std::string name() const { return host_ + ":" + std::to_string(port_); }

  asio::io_context& io_;
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::resolver resolver_;
  asio::steady_timer overall_, share_;
  const std::string host_;
  const std::uint16_t port_;
  dial_done then_;
  std::vector<tcp::endpoint> endpoints_;
  std::size_t tried_ = 0;
  std::shared_ptr<tcp::socket> socket_;
};

}  // namespace

void dial_socket(asio::io_context& io, std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
                 dial_done then) {
  std::make_shared<dialer>(io, std::move(host), port, timeout, std::move(then))->start();
}

void dial(asio::io_context& io, std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
          std::function<void(result<connection_ptr>)> then) {
  dial_socket(io, std::move(host), port, timeout, [then = std::move(then)](result<tcp::socket> outcome) {
    if (!outcome) then(outcome.failure());
    else then(tcp_connection::make(std::move(*outcome), nullptr));
  });
}

}  // namespace helios::net
