#include "actors/session/forwarded_connection.hpp"

#include <utility>
#include <variant>

namespace helios::actors {
namespace {

// A frame is bounded; a long reply spans several.
constexpr std::size_t part_bytes_max = wire::repl::frame_bytes_max / 2;

}  // namespace

forwarded_connection::forwarded_connection(net::peer_link_ptr link, std::string client_address, std::uint16_t client_port,
                                           std::function<void()> on_cancel)
    : link_(std::move(link)), client_address_(std::move(client_address)), client_port_(client_port),
      on_cancel_(std::move(on_cancel)) {}

void forwarded_connection::start(std::vector<wire::repl::decoded_frame> early) {
  // The link does not keep its user alive: the session does.
  const std::weak_ptr<forwarded_connection> me = self();
  link_->set_callbacks({[me](std::vector<wire::repl::decoded_frame> frames) {
                          if (const auto alive = me.lock()) alive->on_frames(std::move(frames));
                        },
                        [me](const error& why) {
                          if (const auto alive = me.lock()) alive->on_closed(why);
                        }});
  if (!early.empty()) on_frames(std::move(early));
}

void forwarded_connection::set_callbacks(callbacks to) {
  std::lock_guard lock(mutex_);
  callbacks_ = std::move(to);
}

void forwarded_connection::read() {
  {
    std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  deliver_or_ask();
}

void forwarded_connection::deliver_or_ask() {
  std::string bytes;
  std::function<void(std::string)> to;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || !wanted_) return;
    if (!received_.empty()) {
      wanted_ = false;
      bytes = std::exchange(received_, {});
      to = callbacks_.on_data;
    } else if (std::exchange(asked_, true)) {
      return;
    }
  }
  if (to) to(std::move(bytes));
  else link_->read();
}

void forwarded_connection::on_frames(std::vector<wire::repl::decoded_frame> frames) {
  bool cancels = false;
  {
    std::lock_guard lock(mutex_);
    asked_ = false;
    for (auto& f : frames) {
      if (auto* bytes = std::get_if<wire::repl::pg_bytes>(&f.body)) received_ += bytes->bytes;
      cancels = cancels || std::holds_alternative<wire::repl::cancel>(f.body);
    }
  }
  if (cancels) on_cancel_();
  deliver_or_ask();
}

void forwarded_connection::on_closed(const error& why) {
  callbacks last;
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    last = std::exchange(callbacks_, {});
  }
  if (last.on_closed) last.on_closed(why);
}

void forwarded_connection::send(std::string bytes) {
  if (bytes.size() <= part_bytes_max) return link_->send(wire::repl::pg_bytes{std::move(bytes)});
  for (std::size_t at = 0; at < bytes.size(); at += part_bytes_max) {
    link_->send(wire::repl::pg_bytes{bytes.substr(at, part_bytes_max)});
  }
}

void forwarded_connection::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    callbacks_ = {};
  }
  link_->close();
}

void forwarded_connection::start_tls_server(std::function<void(result<void>)> then) {
  then(error{errc::refused, "a forwarded session has no TLS of its own"});
}

}  // namespace helios::actors
