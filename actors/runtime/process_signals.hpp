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
  ~process_signals();  ///< as end()
  /// No function begins to run after what is already queued on the io_context; later signals have their default effect.
  void end();

 private:
  struct impl;
  std::shared_ptr<impl> impl_;  ///< null after end()
};

}  // namespace helios::actors
