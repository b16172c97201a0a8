#include "actors/runtime/process_signals.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <utility>

namespace helios::actors {

struct process_signals::impl {
  impl(boost::asio::io_context& io, std::function<void()> s, std::function<void()> r)
      : signals(io, SIGTERM, SIGINT, SIGHUP), stop(std::move(s)), reload(std::move(r)) {}

  void wait() {
    signals.async_wait([this](const boost::system::error_code& failed, int number) {
      if (failed) return;
      if (number == SIGHUP) reload();
      else stop();
      wait();
    });
  }

  boost::asio::signal_set signals;
  std::function<void()> stop, reload;
};

process_signals::process_signals(boost::asio::io_context& io, std::function<void()> stop, std::function<void()> reload)
    : impl_(std::make_unique<impl>(io, std::move(stop), std::move(reload))) {
  impl_->wait();
}

process_signals::~process_signals() = default;

}  // namespace helios::actors
