#include "actors/proxy/backend.hpp"

#include <utility>
#include <variant>

namespace helios::actors {
namespace {

constexpr std::size_t pending_bytes_max = 1u << 20;
/// A frame is bounded; a long COPY chunk or query spans several.
constexpr std::size_t frame_part_bytes = wire::repl::frame_bytes_max / 2;

}  // namespace

backend::backend(session_fiber& host, backend_channel_ptr channel, std::uint64_t number)
    : host_(host), channel_(std::move(channel)), number_(number) {}

backend::~backend() {
  if (channel_) channel_->close();
}

void backend::on_frames(std::vector<wire::repl::decoded_frame> frames) {
  for (auto& f : frames) inbox_.push_back(std::move(f.body));
  if (inbox_.empty() && channel_) channel_->read();
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

void backend::on_closed(const std::string& why) {
  lost_ = true;
  lost_why_ = why;
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

void backend::on_suspect() {
  if (!suspect_since_) suspect_since_ = std::chrono::steady_clock::now();
  suspect_news_ = true;
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

void backend::cancel() {
  if (!lost_) channel_->send(wire::repl::cancel{});
}

void backend::send_frame(const wire::repl::frame& frame) {
  if (!lost_) channel_->send(frame);
}

void backend::send(std::string pg_messages) {
  suspect_news_ = false;
  if (lost_) return;
  if (pg_messages.size() <= frame_part_bytes) {
    channel_->send(wire::repl::pg_bytes{std::move(pg_messages)});
  } else {
    for (std::size_t at = 0; at < pg_messages.size(); at += frame_part_bytes) {
      channel_->send(wire::repl::pg_bytes{pg_messages.substr(at, frame_part_bytes)});
    }
  }
  if (channel_->pending_bytes() <= pending_bytes_max) return;
  auto drained = std::make_shared<completion>();
  channel_->when_pending_below(pending_bytes_max / 4, [drained] { drained->complete(); });
  host_.await(drained);
}

backend::waited backend::wait(std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (lost_ || std::exchange(suspect_news_, false)) return waited::nothing;
  arrived_ = std::make_shared<completion>();
  const auto waiting_for = arrived_;
  if (deadline) return host_.await_until(waiting_for, *deadline) ? waited::news : waited::nothing;
  host_.await(waiting_for);
  return waited::news;
}

std::optional<wire::repl::frame> backend::next_frame(std::optional<std::chrono::steady_clock::time_point> deadline) {
  for (;;) {
    if (!inbox_.empty()) {
      auto frame = std::move(inbox_.front());
      inbox_.pop_front();
      if (inbox_.empty() && !lost_) channel_->read();
      return frame;
    }
    if (wait(deadline) == waited::nothing && inbox_.empty()) return std::nullopt;
  }
}

std::optional<wire::pg::backend_message> backend::next(std::optional<std::chrono::steady_clock::time_point> deadline) {
  for (;;) {
    const auto message = decoder_.next();
    if (!message) {
      give_up(message.failure().detail);
      return std::nullopt;
    }
    if (*message) return **message;
    auto frame = next_frame(deadline);
    if (!frame) return std::nullopt;
    take(std::move(*frame));
  }
}

void backend::take(wire::repl::frame frame) {
  if (auto* bytes = std::get_if<wire::repl::pg_bytes>(&frame)) decoder_.feed(std::move(bytes->bytes));
  else if (const auto* seen = std::get_if<wire::repl::session_position>(&frame)) channel_->note_position(seen->position);
  else if (const auto* bye = std::get_if<wire::repl::goodbye>(&frame)) give_up("the node leaves: " + bye->reason);
}

std::optional<wire::pg::backend_message> backend::next_if_here() {
  for (;;) {
    const auto message = decoder_.next();
    if (!message) {
      give_up(message.failure().detail);
      return std::nullopt;
    }
    if (*message) return **message;
    if (inbox_.empty()) return std::nullopt;
    auto frame = std::move(inbox_.front());
    inbox_.pop_front();
    if (inbox_.empty() && !lost_) channel_->read();
    take(std::move(frame));
  }
}

void backend::give_up(const std::string& why) {
  if (lost_) return;
  lost_ = true;
  lost_why_ = why;
  channel_->close();
}

backend_channel_ptr backend::release() {
  channel_->detach();
  return std::exchange(channel_, nullptr);
}

}  // namespace helios::actors
