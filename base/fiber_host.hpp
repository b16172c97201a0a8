#pragma once
// How sequential code below the actors waits without blocking a thread. A statement runs on a fiber; where it must
// wait (row lock, durable commit, forwarded reply, socket back-pressure) it hands a `completion` to its `fiber_host`.
// The session actor's host suspends the fiber and resumes it by a message; tests use blocking_host (a real thread).
//
// I1 A completion is set once, from any thread, and awaited by at most one fiber or thread.
// I2 await() and checkpoint() are never called inside a catch handler: a fiber may resume on another thread.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.hpp"

namespace helios {

/// A one-shot outcome. Shared between the one who waits and the one who completes; any thread.
class completion {
 public:
  /// The first call wins; later ones are ignored. Runs the waker, if one is set, on the calling thread.
  void complete(result<void> outcome = {});
  bool done() const { return done_.load(std::memory_order_acquire); }
  /// Only after done().
  const result<void>& outcome() const;
  /// `waker` runs once, on the completing thread, or at once on this one if already done.
  void on_done(std::function<void()> waker);

 private:
  std::atomic<bool> done_{false};
  std::mutex mutex_;
  std::optional<result<void>> outcome_;
  std::function<void()> waker_;
};

using completion_ptr = std::shared_ptr<completion>;

class fiber_host {
 public:
  virtual ~fiber_host() = default;
  /// Suspends until `c` is done. Throws sql_error 57014/57P01 on cancel, timeout or shutdown, unless `uncancellable`
  /// (a commit whose record is in the WAL: a cancel may not change its fate).
  enum class cancel_policy { cancellable, uncancellable };
  virtual void await(const completion_ptr& c, cancel_policy policy = cancel_policy::cancellable) = 0;
  /// As await, but returns false at the deadline instead.
  virtual bool await_until(const completion_ptr& c, std::chrono::steady_clock::time_point deadline) = 0;
  /// Interrupt point for long work: throws on cancel or timeout, and yields when the time slice is used up. Cheap.
  virtual void checkpoint() = 0;
};

/// For tests and tools: waits by blocking the calling thread; never cancels.
class blocking_host final : public fiber_host {
 public:
  void await(const completion_ptr& c, cancel_policy policy = cancel_policy::cancellable) override;
  bool await_until(const completion_ptr& c, std::chrono::steady_clock::time_point deadline) override;
  void checkpoint() override {}
};

}  // namespace helios
