#include "net/acceptor.hpp"

#include "base/log.hpp"
#include "net/tcp_connection.hpp"

namespace helios::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Out of file descriptors, for instance: trying again at once would only burn the processor.
constexpr std::chrono::milliseconds pause_after_failure{100};

class tcp_listener final : public listener {
 public:
  explicit tcp_listener(std::shared_ptr<acceptor> a) : acceptor_(std::move(a)) {}
  ~tcp_listener() override { acceptor_->stop(); }
  std::uint16_t port() const override { return acceptor_->port(); }
  void stop() override { acceptor_->stop(); }

 private:
  std::shared_ptr<acceptor> acceptor_;
};

}  // namespace

acceptor::acceptor(asio::io_context& io, on_socket then)
    : io_(io), acceptor_(io), pause_(io), then_(std::make_shared<const on_socket>(std::move(then))) {}

result<std::shared_ptr<acceptor>> acceptor::open(asio::io_context& io, const std::string& host, std::uint16_t port,
                                                 on_socket then) {
  auto out = std::make_shared<acceptor>(io, std::move(then));
  if (auto bound = out->bind(host, port); !bound) return bound.failure();
  std::unique_lock guard(out->mutex_);
  out->accept_next();
  guard.unlock();
  return out;
}

result<void> acceptor::bind(const std::string& host, std::uint16_t port) {
  const auto failure = [&](const char* what, const error_code& why) {
    return error{errc::io, std::string("cannot ") + what + " " + host + ":" + std::to_string(port) + ": " + why.message()};
  };
  error_code failed;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, failed);
  if (failed || found.empty()) return failure("resolve", failed);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), failed);
  if (failed) return failure("listen on", failed);
  acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
  acceptor_.bind(endpoint, failed);
  if (failed) return failure("listen on", failed);
  acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return failure("listen on", failed);
  port_ = acceptor_.local_endpoint().port();
  return {};
}

void acceptor::accept_next() {
  acceptor_.async_accept(io_, [me = shared_from_this()](const error_code& failed, tcp::socket socket) {
    me->on_accept(failed, std::move(socket));
  });
}

void acceptor::on_accept(const error_code& failed, tcp::socket socket) {
  std::shared_ptr<const on_socket> then;
  {
    std::unique_lock guard(mutex_);
    if (!acceptor_.is_open()) return;
    then = then_;
    if (!failed) {
      accept_next();
    } else {
      pause_.expires_after(pause_after_failure);
      pause_.async_wait([me = shared_from_this()](const error_code& cancelled) {
        std::unique_lock inner(me->mutex_);
        if (!cancelled && me->acceptor_.is_open()) me->accept_next();
      });
    }
  }
  if (failed) log::warning({"listener"}, "Cannot accept a connection on port {}: {}", port_, failed.message());
  else if (then) (*then)(std::move(socket));
}

void acceptor::stop() {
  std::shared_ptr<const on_socket> dropped;  // destroyed without the mutex
  std::unique_lock guard(mutex_);
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel(ignored);
  dropped.swap(then_);
  guard.unlock();
}

result<std::unique_ptr<listener>> listener::open(asio::io_context& io, const std::string& host, std::uint16_t port,
                                                 const tls_files& tls, std::function<void(connection_ptr)> on_accept) {
  tls_context_ptr context;
  if (!tls.certificate.empty()) {
    auto loaded = make_tls_context(tls.certificate, tls.key);
    if (!loaded) return loaded.failure();
    context = *loaded;
  }
  auto opened = acceptor::open(io, host, port, [context, on_accept = std::move(on_accept)](acceptor::tcp::socket socket) {
    on_accept(tcp_connection::make(std::move(socket), context));
  });
  if (!opened) return opened.failure();
  return std::unique_ptr<listener>(std::make_unique<tcp_listener>(std::move(*opened)));
}

}  // namespace helios::net
