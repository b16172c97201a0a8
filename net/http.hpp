#pragma once
// HTTP/1.1 for status and actions, by Boost.Beast. Handlers run on an io thread and answer now or later, from any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace boost::asio {
class io_context;
}

namespace helios::net {

struct http_request {
  std::string method;                        ///< upper case
  std::string path;                          ///< decoded, without the query
  std::map<std::string, std::string> query;  ///< decoded
  std::string authorization;                 ///< header as sent
  std::string body;                          ///< at most http_body_bytes_max; more is answered 413
  std::string remote_host;
};
struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::map<std::string, std::string> headers;
};
inline constexpr std::size_t http_body_bytes_max = 64u << 10;

using http_respond = std::function<void(http_response)>;
using http_handler = std::function<void(http_request, http_respond)>;

class http_server {
 public:
  virtual ~http_server() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
  /// HEAD is answered as GET without body. Idle connections end after 30 s; at most `connections_max` at once.
  static result<std::unique_ptr<http_server>> open(boost::asio::io_context& io, const std::string& host, std::uint16_t port,
                                                   http_handler handler, std::size_t connections_max = 256);
};

/// One request, one answer; calls back once on an io thread within `timeout`.
void http_fetch(boost::asio::io_context& io, std::string host, std::uint16_t port, http_request request,
                std::chrono::milliseconds timeout, std::function<void(result<http_response>)> then);

}  // namespace helios::net
