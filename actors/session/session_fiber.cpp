#include "actors/session/session_fiber.hpp"

#include <utility>

#include "base/invariant.hpp"

namespace helios::actors {
namespace {

sql_error fatal(const char* state, const char* message) {
  sql_error e(state, message);
  e.report().severity = "FATAL";
  return e;
}

}  // namespace

sql_error to_error(interrupt what) {
  switch (what) {
    case interrupt::cancel:
      return {sqlstate::query_canceled, "canceling statement due to user request"};
    case interrupt::statement_timeout:
      return {sqlstate::query_canceled, "canceling statement due to statement timeout"};
    case interrupt::idle_timeout:
      return fatal("25P03", "terminating connection due to idle-in-transaction timeout");
    case interrupt::terminate:
      return fatal(sqlstate::admin_shutdown, "terminating connection due to administrator command");
    case interrupt::fenced:
      return fatal(sqlstate::admin_shutdown, "terminating connection because this node no longer is the primary");
    case interrupt::client_gone:
      return fatal(sqlstate::connection_failure, "connection to client lost");
  }
  return {sqlstate::internal_error, "unknown interrupt"};
}

session_fiber::session_fiber(wakers use) : use_(std::move(use)) {}

void session_fiber::start(std::function<void()> body) {
  HELIOS_INVARIANT(!running(), "one fiber at a time");
  fiber_ = std::make_unique<fiber>(std::move(body));
  run_slice();
}

void session_fiber::run_slice() {
  slice_end_ = std::chrono::steady_clock::now() + time_slice;
  fiber_->resume();
  if (fiber_->finished()) fiber_.reset();
}

void session_fiber::wake(std::uint64_t ticket) {
  if (ticket == 0 || ticket != ticket_) return;
  run_slice();
}

void session_fiber::raise(interrupt what) {
  const bool statement_only = what == interrupt::cancel || what == interrupt::statement_timeout;
  if (statement_only && !running()) return;
  auto& slot = statement_only ? statement_interrupt_ : ending_;
  if (!slot) slot = what;
  if (ticket_ != 0 && cancellable_) run_slice();
}

void session_fiber::begin_statement() { statement_interrupt_.reset(); }

void session_fiber::throw_if_interrupted() {
  if (ending_) throw to_error(*ending_);
  if (statement_interrupt_) throw to_error(*std::exchange(statement_interrupt_, std::nullopt));
}

// Suspends once. True when `c` is done or an interrupt may end the wait; the caller looks again.
bool session_fiber::wait_once(const completion_ptr& c, cancel_policy policy) {
  ticket_ = next_ticket_++;
  cancellable_ = policy == cancel_policy::cancellable;
  c->on_done([post = use_.post, ticket = ticket_] { post(ticket); });
  fiber_->suspend();
  ticket_ = 0;
  return c->done();
}

void session_fiber::await(const completion_ptr& c, cancel_policy policy) {
  while (!c->done()) {
    if (policy == cancel_policy::cancellable) throw_if_interrupted();
    wait_once(c, policy);
  }
}

bool session_fiber::await_until(const completion_ptr& c, std::chrono::steady_clock::time_point deadline) {
  while (!c->done()) {
    throw_if_interrupted();
    if (std::chrono::steady_clock::now() >= deadline) return false;
    use_.post_at(next_ticket_, deadline);  // the ticket that wait_once takes
    wait_once(c, cancel_policy::cancellable);
  }
  return true;
}

void session_fiber::checkpoint() {
  throw_if_interrupted();
  if (std::chrono::steady_clock::now() < slice_end_) return;
  ticket_ = next_ticket_++;
  cancellable_ = false;
  use_.post(ticket_);
  fiber_->suspend();
  ticket_ = 0;
  throw_if_interrupted();
}

}  // namespace helios::actors
