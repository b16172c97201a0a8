#include "actors/runtime/process_signals.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <memory>
#include <utility>

namespace helios::actors {

struct process_signals::impl : std::enable_shared_from_this<impl> {
  impl(boost::asio::io_context& io_of_signals, std::function<void()> s, std::function<void()> r)
      : io(io_of_signals), signals(io, SIGTERM, SIGINT, SIGHUP), stop(std::move(s)), reload(std::move(r)) {}

  void wait() {
    signals.async_wait([self = shared_from_this()](const boost::system::error_code& failed, int number) {
      if (failed || self->ended) return;
      if (number == SIGHUP) self->reload();
      else self->stop();
      self->wait();
    });
  }

  boost::asio::io_context& io;
  boost::asio::signal_set signals;
  std::function<void()> stop, reload;
  bool ended = false;  // on io's thread, as everything here
};

process_signals::process_signals(boost::asio::io_context& io, std::function<void()> stop, std::function<void()> reload)
    : impl_(std::make_shared<impl>(io, std::move(stop), std::move(reload))) {
  impl_->wait();
}

process_signals::~process_signals() { end(); }

void process_signals::end() {
  if (!impl_) return;
  auto& io = impl_->io;
  boost::asio::post(io, [ending = std::move(impl_)] {
    ending->ended = true;
    boost::system::error_code ignored;
    ending->signals.cancel(ignored);
  });
}

}  // namespace helios::actors
