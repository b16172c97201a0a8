#pragma once
// Resolving and connecting within one deadline, for dial() and http_fetch(). Private to net/.

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace helios::net {

using dial_done = std::function<void(result<boost::asio::ip::tcp::socket>)>;

/// Calls back once, on an io thread. Every address gets a fair share of the time that is left.
void dial_socket(boost::asio::io_context& io, std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
                 dial_done then);

}  // namespace helios::net
