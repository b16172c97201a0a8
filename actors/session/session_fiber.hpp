#pragma once
// Where a session's sequential code runs: one fiber at a time, suspended at every wait and resumed by a message to the
// session actor. Owned by the session actor; start/wake/interrupt on the actor's thread, the rest on the fiber.
//
// I1 Wake-ups carry a ticket: a late one, for a wait that has ended otherwise, does nothing.
// I2 An interrupt ends a cancellable wait or the next checkpoint by a sql_error; an uncancellable wait outlives it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "actors/runtime/fiber.hpp"
#include "base/fiber_host.hpp"
#include "base/sql_error.hpp"

namespace helios::actors {

/// A statement gives way to others after this much time on its thread.
inline constexpr std::chrono::milliseconds time_slice{2};

enum class interrupt : std::uint8_t {
  cancel,             ///< the client's request: this statement only
  statement_timeout,  ///< this statement only
  idle_timeout,       ///< idle_in_transaction_session_timeout: the session ends
  terminate,          ///< administrator: the session ends
  fenced,             ///< the node may no longer accept writes: the session ends
  client_gone         ///< nobody is there to answer: the session ends
};

class session_fiber final : public fiber_host {
 public:
  struct wakers {
    std::function<void(std::uint64_t ticket)> post;  ///< any thread: wake(ticket) shall run on the actor soon
    std::function<void(std::uint64_t ticket, std::chrono::steady_clock::time_point at)> post_at;  ///< actor's thread
  };
  explicit session_fiber(wakers use);

  // --- actor's thread ---
  bool running() const { return fiber_ && !fiber_->finished(); }
  /// Runs `body` until its first wait. Not while running().
  void start(std::function<void()> body);
  void wake(std::uint64_t ticket);
  /// Statement-only interrupts are dropped when nothing runs.
  void raise(interrupt what);

  // --- fiber ---
  void await(const completion_ptr& c, cancel_policy policy = cancel_policy::cancellable) override;
  bool await_until(const completion_ptr& c, std::chrono::steady_clock::time_point deadline) override;
  void checkpoint() override;
  /// A statement begins: interrupts that were meant for the one before are forgotten.
  void begin_statement();
  /// The interrupt that ends the session, if one is raised.
  std::optional<interrupt> ending() const { return ending_; }

 private:
  void run_slice();
  bool wait_once(const completion_ptr& c, fiber_host::cancel_policy policy);
  void throw_if_interrupted();

  wakers use_;
  std::unique_ptr<fiber> fiber_;
  std::uint64_t ticket_ = 0;          // of the wait under way; 0 when the fiber is not suspended
  std::uint64_t next_ticket_ = 1;
  bool cancellable_ = false;          // the wait under way
  std::optional<interrupt> statement_interrupt_;
  std::optional<interrupt> ending_;
  std::chrono::steady_clock::time_point slice_end_{};
};

/// The error that an interrupt becomes: 57014, 57P01, 25P03, 08006.
sql_error to_error(interrupt what);

}  // namespace helios::actors
