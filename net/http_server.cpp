#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <atomic>
#include <optional>

#include "net/acceptor.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace helios::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds idle_max{30};
constexpr std::uint32_t header_bytes_max = 16u << 10;

/// What the connections of one server share.
struct server_state {
  http_handler handler;
  std::size_t connections_max;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopped{false};
};

/// One client. Everything runs on the stream's strand; lives while an operation or an unanswered request refers to it.
class http_connection : public std::enable_shared_from_this<http_connection> {
 public:
  http_connection(asio::ip::tcp::socket socket, std::shared_ptr<server_state> server)
      : strand_(asio::make_strand(socket.get_executor())), stream_(std::move(socket)), server_(std::move(server)) {
    error_code ignored;
    const auto remote = stream_.socket().remote_endpoint(ignored);
    if (!ignored) remote_host_ = remote.address().to_string();
  }
  ~http_connection() { server_->connections.fetch_sub(1); }

  void start() {
    asio::dispatch(strand_, [me = shared_from_this()] { me->read_next(); });
  }

 private:
  using parser = http::request_parser<http::string_body>;

  void read_next() {
    parser_.emplace();
    parser_->body_limit(http_body_bytes_max);
    parser_->header_limit(header_bytes_max);
    stream_.expires_after(idle_max);
    http::async_read(stream_, buffer_, *parser_,
                     asio::bind_executor(strand_, [me = shared_from_this()](const error_code& failed, std::size_t) {
                       me->on_read(failed);
                     }));
  }

  void on_read(const error_code& failed) {
    if (failed == http::error::body_limit) return refuse(http::status::payload_too_large);
    if (failed == http::error::header_limit) return refuse(http::status::request_header_fields_too_large);
    if (failed == http::error::end_of_stream) return shut();
    if (failed.category() == http::make_error_code(http::error::bad_method).category()) {
      return refuse(http::status::bad_request);
    }
    if (failed) return;  // gone, or idle for too long
    const auto& message = parser_->get();
    version_ = message.version();
    keep_alive_ = message.keep_alive() && !server_->stopped;
    head_only_ = message.method() == http::verb::head;
    http_request request;
    request.method = head_only_ ? "GET" : std::string(message.method_string());
    request.authorization = std::string(message[http::field::authorization]);
    request.remote_host = remote_host_;
    if (!parse_target(std::string_view(message.target().data(), message.target().size()), request.path, request.query)) {
      return refuse(http::status::bad_request);
    }
    request.body = std::move(parser_->get().body());
    stream_.expires_never();
    server_->handler(std::move(request), [me = shared_from_this()](http_response answer) {
      asio::post(me->strand_, [me, answer = std::move(answer)]() mutable { me->respond(std::move(answer)); });
    });
  }

  void refuse(http::status status) {
    keep_alive_ = false;
    http_response answer;
    answer.status = static_cast<int>(status);
    answer.body = "{\"error\":\"" + std::string(http::obsolete_reason(status)) + "\"}";
    responded_ = false;
    respond(std::move(answer));
  }

  void respond(http_response answer) {
    if (std::exchange(responded_, true)) return;
    response_ = {};
    response_.version(version_);
    response_.result(static_cast<unsigned>(answer.status));
    response_.keep_alive(keep_alive_);
    response_.set(http::field::content_type, answer.content_type);
    for (const auto& [name, value] : answer.headers) response_.set(name, value);
    response_.content_length(answer.body.size());
    if (!head_only_) response_.body() = std::move(answer.body);
    stream_.expires_after(idle_max);
    const auto done = [me = shared_from_this()](const error_code& failed, std::size_t) { me->on_written(failed); };
    if (head_only_) {
      header_.emplace(response_);
      http::async_write_header(stream_, *header_, asio::bind_executor(strand_, done));
    } else {
      http::async_write(stream_, response_, asio::bind_executor(strand_, done));
    }
  }

  void on_written(const error_code& failed) {
    if (failed) return;
    responded_ = false;
    if (keep_alive_ && !server_->stopped) read_next();
    else shut();
  }

  /// Says goodbye and throws away what the client still sends, for a moment: a reset would eat the answer.
  void shut() {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(std::chrono::seconds(1));
    drain();
  }

  void drain() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), asio::bind_executor(strand_, [me = shared_from_this()](
                                                                                    const error_code& failed, std::size_t) {
                              if (!failed) me->drain();
                            }));
  }

  asio::strand<asio::ip::tcp::socket::executor_type> strand_;
  beast::tcp_stream stream_;
  std::shared_ptr<server_state> server_;
  beast::flat_buffer buffer_{header_bytes_max + http_body_bytes_max};
  std::optional<parser> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> header_;
  std::string remote_host_;
  unsigned version_ = 11;
  bool keep_alive_ = false, head_only_ = false, responded_ = false;
};

class beast_server final : public http_server {
 public:
  beast_server(std::shared_ptr<acceptor> a, std::shared_ptr<server_state> state)
      : acceptor_(std::move(a)), state_(std::move(state)) {}
  ~beast_server() override { stop(); }
  std::uint16_t port() const override { return acceptor_->port(); }
  void stop() override {
    state_->stopped = true;
    acceptor_->stop();
  }

 private:
  std::shared_ptr<acceptor> acceptor_;
  std::shared_ptr<server_state> state_;
};

}  // namespace

result<std::unique_ptr<http_server>> http_server::open(asio::io_context& io, const std::string& host, std::uint16_t port,
                                                       http_handler handler, std::size_t connections_max) {
  auto state = std::make_shared<server_state>();
  state->handler = std::move(handler);
  state->connections_max = connections_max;
  auto opened = acceptor::open(io, host, port, [state](asio::ip::tcp::socket socket) {
    if (state->connections.fetch_add(1) >= state->connections_max) {
      state->connections.fetch_sub(1);
      return;  // closes it
    }
    std::make_shared<http_connection>(std::move(socket), state)->start();
  });
  if (!opened) return opened.failure();
  return std::unique_ptr<http_server>(std::make_unique<beast_server>(std::move(*opened), std::move(state)));
}

}  // namespace helios::net
