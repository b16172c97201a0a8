#include "actors/session/client_io.hpp"

#include <utility>

namespace helios::actors {

namespace {

/// What was asked in time may have been done, and may be on the next primary.
sql_error answer_too_late() {
  error_report report;
  report.severity = "FATAL";
  report.sqlstate = sqlstate::transaction_resolution_unknown;
  report.message = "the lease of this primary ran out before its answer could leave";
  report.detail = "Whether the statement took effect is unknown.";
  return sql_error(std::move(report));
}

}  // namespace

client_io::client_io(net::connection_ptr over, session_fiber& host) : over_(std::move(over)), host_(host) {}

void client_io::ask_for_more() {
  if (reading_ || closed_ || !inbox_.empty()) return;
  reading_ = true;
  over_->read();
}

void client_io::on_bytes(std::string bytes) {
  reading_ = false;
  inbox_.push_back(std::move(bytes));
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

void client_io::on_closed() {
  closed_ = true;
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

std::optional<wire::pg::frontend_message> client_io::next_if_here() {
  for (;;) {
    auto message = decoder_.next();
    if (!message) throw sql_error(wire::pg::report_of(message.failure()));
    if (*message) {
      doubtful_ = doubtful_ || (may_answer_ && !may_answer_(false));
      return **message;
    }
    if (inbox_.empty()) {
      ask_for_more();
      return std::nullopt;
    }
    decoder_.feed(std::move(inbox_.front()));
    inbox_.pop_front();
    ask_for_more();  // so that a client that goes away is noticed while its statement runs
  }
}

wire::pg::frontend_message client_io::next() {
  for (;;) {
    if (auto message = next_if_here()) return *message;
    if (closed_) throw to_error(interrupt::client_gone);
    arrived_ = std::make_shared<completion>();
    auto waiting_for = arrived_;
    host_.await(waiting_for);
  }
}

void client_io::send_now() {
  if (!buffer_.empty() && !closed_) over_->send(std::exchange(buffer_, {}));
  buffer_.clear();
}

void client_io::flush() {
  if (buffer_.empty()) return;
  if (closed_) {
    buffer_.clear();
    throw to_error(interrupt::client_gone);
  }
  if (may_answer_ && !may_answer_(!doubtful_)) {
    buffer_.clear();
    throw doubtful_ ? to_error(interrupt::fenced) : answer_too_late();
  }
  doubtful_ = false;
  over_->send(std::exchange(buffer_, {}));
  if (over_->pending_bytes() <= output_pending_bytes_max) return;
  auto drained = std::make_shared<completion>();
  over_->when_pending_below(output_pending_bytes_max / 4, [drained] { drained->complete(); });
  host_.await(drained);
}

}  // namespace helios::actors
