#pragma once
// SIGTERM and SIGINT as a request to stop, SIGHUP as a request to reload. Installed by main() before other threads start; the
// functions run on the io_context's thread.

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace helios::actors {

class process_signals {
 public:
  process_signals(boost::asio::io_context& io, std::function<void()> stop, std::function<void()> reload);
  ~process_signals();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace helios::actors
