#include "actors/session/upstream_link.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace helios::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto retry_first = 50ms;
constexpr auto retry_max = 500ms;
constexpr std::size_t pending_bytes_max = 1u << 20;

// How a dial ended. Whoever gave up waiting leaves it to the destructor to close what was made.
struct dial_outcome {
  completion_ptr done = std::make_shared<completion>();
  std::optional<result<net::peer_link_ptr>> link;
  bool taken = false;
  ~dial_outcome() {
    if (!taken && link && *link) (**link)->close();
  }
};

// FATAL there: the session was not opened. Here it is this statement alone that fails.
error_report as_statement_error(error_report report) {
  report.severity = "ERROR";
  return report;
}

// Worth another try: the node starts, stops or is full.
bool is_passing(const error_report& report) {
  return report.sqlstate.starts_with("53") || report.sqlstate.starts_with("57P0");
}

}  // namespace

upstream_link::upstream_link(session_services& services, session_fiber& host, upstream_dialer dial)
    : services_(services), host_(host), dial_(std::move(dial)) {}

upstream_link::~upstream_link() { close(); }

void upstream_link::close() {
  if (link_) link_->close();
  link_ = nullptr;
  inbox_.clear();
  decoder_ = wire::pg::backend_decoder();
}

void upstream_link::on_frames(std::uint64_t link, std::vector<wire::repl::decoded_frame> frames) {
  if (link != number_) return;
  for (auto& f : frames) inbox_.push_back(std::move(f.body));
  if (inbox_.empty() && link_) link_->read();
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

void upstream_link::on_closed(std::uint64_t link, const std::string& why) {
  if (link != number_) return;
  lost_ = true;
  lost_why_ = why;
  if (auto waiter = std::exchange(arrived_, nullptr)) waiter->complete();
}

void upstream_link::cancel() {
  if (connected()) link_->send(wire::repl::cancel{});
}

void upstream_link::throw_lost() {
  const auto name = target_.primary.value;
  close();
  throw sql_error(sqlstate::connection_failure, "the connection to the primary \"" + name + "\" was lost: " + lost_why_);
}

void upstream_link::connect(const wire::repl::open_session& as, std::chrono::steady_clock::time_point deadline) {
  auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(retry_first);
  for (;;) {
    const auto why = try_connect(as, deadline);
    if (!why) return;
    const auto next = std::chrono::steady_clock::now() + pause;
    if (next >= deadline) {
      throw sql_error(sqlstate::connection_failure, "the statement could not be forwarded to the primary \"" +
                                                        target_.primary.value + "\" at " + target_.host + ":" +
                                                        std::to_string(target_.replication_port))
          .detail(*why)
          .hint("Reads go on here; writes are accepted again once the primary is reachable.");
    }
    host_.await_until(std::make_shared<completion>(), next);
    pause = std::min(pause * 2, std::chrono::duration_cast<std::chrono::milliseconds>(retry_max));
  }
}

// Nothing on success, else why not.
std::optional<std::string> upstream_link::try_connect(const wire::repl::open_session& as,
                                                      std::chrono::steady_clock::time_point deadline) {
  close();
  target_ = services_.current_primary();
  lost_ = false;
  const auto number = ++number_;
  auto dialed = std::make_shared<dial_outcome>();
  dial_(target_, number, [dialed](result<net::peer_link_ptr> made) {
    dialed->link = std::move(made);
    dialed->done->complete();
  });
  if (!host_.await_until(dialed->done, deadline)) return "no answer in time";
  if (!*dialed->link) return to_string(dialed->link->failure());
  link_ = **dialed->link;
  dialed->taken = true;
  return open_there(as, deadline);
}

std::optional<std::string> upstream_link::open_there(const wire::repl::open_session& as,
                                                     std::chrono::steady_clock::time_point deadline) {
  link_->send(as);
  link_->read();
  const auto answer = next_frame(deadline);
  if (!answer) return lost_ ? "the primary closed the connection: " + lost_why_ : "no answer in time";
  if (std::holds_alternative<wire::repl::session_opened>(*answer)) return std::nullopt;
  if (const auto* no = std::get_if<wire::repl::refusal>(&*answer)) return no->message;
  if (const auto* bytes = std::get_if<wire::repl::pg_bytes>(&*answer)) {
    decoder_.feed(bytes->bytes);
    const auto message = decoder_.next();
    const auto report = message && *message && (**message).type == 'E' ? wire::pg::parse_error_report((**message).body)
                                                                       : result<error_report>(error{});
    if (report && is_passing(*report)) return report->message;
    if (report) throw sql_error(as_statement_error(*report));
  }
  return "the primary's answer was not understood";
}

// Nothing when the link is lost, or at the deadline.
std::optional<wire::repl::frame> upstream_link::next_frame(std::optional<std::chrono::steady_clock::time_point> deadline) {
  for (;;) {
    if (!inbox_.empty()) {
      auto frame = std::move(inbox_.front());
      inbox_.pop_front();
      if (inbox_.empty() && !lost_) link_->read();
      return frame;
    }
    if (lost_ || !link_) return std::nullopt;
    arrived_ = std::make_shared<completion>();
    auto waiting_for = arrived_;
    if (!deadline) host_.await(waiting_for);
    else if (!host_.await_until(waiting_for, *deadline)) return std::nullopt;
  }
}

void upstream_link::send(std::string_view pg_messages) {
  if (!connected()) throw_lost();
  // A frame is bounded; a long COPY chunk or query spans several.
  constexpr std::size_t part = wire::repl::frame_bytes_max / 2;
  for (std::size_t at = 0; at < pg_messages.size(); at += part) {
    link_->send(wire::repl::pg_bytes{std::string(pg_messages.substr(at, part))});
  }
  if (link_->pending_bytes() <= pending_bytes_max) return;
  auto drained = std::make_shared<completion>();
  link_->when_pending_below(pending_bytes_max / 4, [drained] { drained->complete(); });
  host_.await(drained);
}

wire::pg::backend_message upstream_link::next() {
  for (;;) {
    auto message = decoder_.next();
    if (!message) {
      lost_why_ = message.failure().detail;
      throw_lost();
    }
    if (*message) return **message;
    auto frame = next_frame();
    if (!frame) throw_lost();
    take(std::move(*frame));
  }
}

void upstream_link::take(wire::repl::frame frame) {
  if (auto* bytes = std::get_if<wire::repl::pg_bytes>(&frame)) decoder_.feed(std::move(bytes->bytes));
  else if (auto* seen = std::get_if<wire::repl::session_position>(&frame)) position_ = seen->position;
}

std::optional<wire::pg::backend_message> upstream_link::next_if_here() {
  for (;;) {
    auto message = decoder_.next();
    if (!message) {
      lost_why_ = message.failure().detail;
      throw_lost();
    }
    if (*message) return **message;
    if (inbox_.empty()) return std::nullopt;
    auto frame = std::move(inbox_.front());
    inbox_.pop_front();
    if (inbox_.empty() && connected()) link_->read();
    take(std::move(frame));
  }
}

}  // namespace helios::actors
