#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "net/dialer.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace helios::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t answer_bytes_max = 16u << 20;

std::string target_of(const http_request& request) {
  std::string out;
  std::string_view rest = request.path.empty() ? std::string_view("/") : std::string_view(request.path);
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    out += percent_encode(rest.substr(0, slash));
    if (slash != std::string_view::npos) out.push_back('/');
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    out += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

/// One exchange. Everything runs on its strand.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
  exchange(asio::ip::tcp::socket socket, std::chrono::steady_clock::time_point deadline,
           std::function<void(result<http_response>)> then)
      : strand_(asio::make_strand(socket.get_executor())),
        stream_(std::move(socket)),
        deadline_(deadline),
        then_(std::move(then)) {
    parser_.body_limit(answer_bytes_max);
  }

  void start(const http_request& request, const std::string& host) {
    const std::string method = request.method.empty() ? "GET" : request.method;
    request_.method_string(method);
    request_.target(target_of(request));
    request_.version(11);
    request_.set(http::field::host, host);
    request_.keep_alive(false);
    if (!request.authorization.empty()) request_.set(http::field::authorization, request.authorization);
    if (!request.body.empty()) request_.set(http::field::content_type, "application/json");
    request_.body() = request.body;
    request_.prepare_payload();
    parser_.skip(method == "HEAD");
    asio::dispatch(strand_, [me = shared_from_this()] { me->write(); });
  }

 private:
  void write() {
    stream_.expires_at(deadline_);
    http::async_write(stream_, request_,
                      asio::bind_executor(strand_, [me = shared_from_this()](const error_code& failed, std::size_t) {
                        // A server may answer before it has read everything, and close: what it says counts.
                        if (failed && failed != asio::error::broken_pipe && failed != asio::error::connection_reset) {
                          return me->fail(failed);
                        }
                        me->read();
                      }));
  }

  void read() {
    http::async_read(stream_, buffer_, parser_,
                     asio::bind_executor(strand_, [me = shared_from_this()](const error_code& failed, std::size_t) {
                       if (failed) return me->fail(failed);
                       me->finish();
                     }));
  }

  void finish() {
    auto& message = parser_.get();
    http_response out;
    out.status = static_cast<int>(message.result_int());
    out.content_type = std::string(message[http::field::content_type]);
    for (const auto& field : message) out.headers[std::string(field.name_string())] = std::string(field.value());
    out.body = std::move(message.body());
    then_(std::move(out));
  }

  void fail(const error_code& why) {
    if (why == beast::error::timeout) then_(error{errc::timeout, "no HTTP answer within the time allowed"});
    else if (why == http::error::end_of_stream) then_(error{errc::closed, "the HTTP server closed the connection"});
    else if (why.category() == http::make_error_code(http::error::bad_method).category())
      then_(error{errc::protocol, "malformed HTTP answer: " + why.message()});
    else then_(error{errc::io, why.message()});
  }

  asio::strand<asio::ip::tcp::socket::executor_type> strand_;
  beast::tcp_stream stream_;
  const std::chrono::steady_clock::time_point deadline_;
  std::function<void(result<http_response>)> then_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
};

}  // namespace

void http_fetch(asio::io_context& io, std::string host, std::uint16_t port, http_request request,
                std::chrono::milliseconds timeout, std::function<void(result<http_response>)> then) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const std::string host_header = host + ":" + std::to_string(port);
  dial_socket(io, std::move(host), port, timeout,
              [deadline, host_header, request = std::move(request),
               then = std::move(then)](result<asio::ip::tcp::socket> connected) {
                if (!connected) return then(connected.failure());
                std::make_shared<exchange>(std::move(*connected), deadline, then)->start(request, host_header);
              });
}

}  // namespace helios::net
