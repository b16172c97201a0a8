#include "base/fiber_host.hpp"

#include <condition_variable>
#include <utility>

namespace helios {

void completion::complete(result<void> outcome) {
  std::function<void()> waker;
  {
    std::lock_guard lock(mutex_);
    if (outcome_) return;
    outcome_ = std::move(outcome);
    done_.store(true, std::memory_order_release);
    waker = std::move(waker_);
  }
  if (waker) waker();
}

const result<void>& completion::outcome() const {
  HELIOS_INVARIANT(done(), "outcome() before the completion is done");
  return *outcome_;
}

void completion::on_done(std::function<void()> waker) {
  {
    std::lock_guard lock(mutex_);
    if (!outcome_) {
      waker_ = std::move(waker);
      return;
    }
  }
  waker();
}

namespace {
// Shared with the waker, which may run after a timed-out waiter has gone.
struct gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool open = false;
};

std::shared_ptr<gate> gate_of(const completion_ptr& c) {
  auto g = std::make_shared<gate>();
  c->on_done([g] {
    std::lock_guard lock(g->mutex);
    g->open = true;
    g->opened.notify_all();
  });
  return g;
}
}  // namespace

void blocking_host::await(const completion_ptr& c, cancel_policy) {
  if (c->done()) return;
  auto g = gate_of(c);
  std::unique_lock lock(g->mutex);
  g->opened.wait(lock, [&g] { return g->open; });
}

bool blocking_host::await_until(const completion_ptr& c, std::chrono::steady_clock::time_point deadline) {
  if (c->done()) return true;
  auto g = gate_of(c);
  std::unique_lock lock(g->mutex);
  return g->opened.wait_until(lock, deadline, [&g] { return g->open; });
}

}  // namespace helios
