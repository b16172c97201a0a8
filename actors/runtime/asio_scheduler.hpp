#pragma once
// CAF's actors on Boost.Asio's threads: a scheduler module whose queue is an io_context. A socket's completion handler and
// the actor that it wakes run on the same few threads, without a hand-over (docs/architecture.md has the measurements).
//
// I1 The module owns the threads: start() spawns them and stop() joins them after the last actor has ended, because every
//    thread that has touched CAF keeps the actor system's logger alive until it ends.
// I2 A job that is still queued when the io_context is destroyed is released, never run.

#include <caf/actor_system.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <vector>

namespace helios::actors {

class asio_scheduler final : public caf::scheduler::abstract_coordinator {
 public:
  /// `io` outlives the actor system.
  asio_scheduler(caf::actor_system& system, boost::asio::io_context& io, std::size_t threads);

  void enqueue(caf::resumable* job) override;
  caf::actor_clock& clock() noexcept override { return clock_; }

 protected:
  void start() override;
  void stop() override;

 private:
  void run_thread();

  boost::asio::io_context& io_;
  std::size_t thread_count_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  std::vector<std::thread> threads_;
  caf::detail::thread_safe_actor_clock clock_;
  std::thread timer_;
};

}  // namespace helios::actors
