#include "actors/runtime/asio_scheduler.hpp"

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <boost/asio/post.hpp>
#include <utility>

namespace helios::actors {
namespace {

// The reference that a queued job holds on its actor; passed on to the run, or released with the queue.
class queued_job {
 public:
  explicit queued_job(caf::resumable* job) : job_(job) {}
  queued_job(queued_job&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
  queued_job& operator=(queued_job&&) = delete;
  ~queued_job() {
    if (job_) caf::scheduler::abstract_coordinator::cleanup_and_release(job_);
  }
  caf::resumable* take() { return std::exchange(job_, nullptr); }

 private:
  caf::resumable* job_;
};

class io_unit final : public caf::execution_unit {
 public:
  io_unit(caf::actor_system& system, asio_scheduler& scheduler) : execution_unit(&system), scheduler_(scheduler) {}
  void exec_later(caf::resumable* job) override { scheduler_.enqueue(job); }

 private:
  asio_scheduler& scheduler_;
};

void run_job(caf::resumable* job, asio_scheduler& scheduler) {
  io_unit unit(scheduler.system(), scheduler);
  switch (job->resume(&unit, scheduler.max_throughput())) {
    case caf::resumable::resume_later:
      scheduler.enqueue(job);
      break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message:
    case caf::resumable::shutdown_execution_unit:
      caf::intrusive_ptr_release(job);
      break;
  }
}

}  // namespace

asio_scheduler::asio_scheduler(caf::actor_system& system, boost::asio::io_context& io, std::size_t threads)
    : abstract_coordinator(system), io_(io), thread_count_(threads), keep_running_(boost::asio::make_work_guard(io)) {}

void asio_scheduler::enqueue(caf::resumable* job) {
  boost::asio::post(io_, [this, queued = queued_job(job)]() mutable { run_job(queued.take(), *this); });
}

void asio_scheduler::run_thread() {
  system().thread_started();
  io_.run();
  system().thread_terminates();
}

void asio_scheduler::start() {
  for (std::size_t i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { run_thread(); });
  timer_ = std::thread([this] {
    system().thread_started();
    clock_.run_dispatch_loop();
    system().thread_terminates();
  });
  abstract_coordinator::start();
}

void asio_scheduler::stop() {
  stop_actors();
  keep_running_.reset();
  io_.stop();
  for (auto& thread : threads_) thread.join();
  // The system's own actors get their exit message last: their jobs run here, while the system still exists.
  io_.restart();
  io_.poll();
  clock_.cancel_all();  // a delayed message holds its receiver, and the system waits for detached ones to go
  clock_.cancel_dispatch_loop();
  timer_.join();
}

}  // namespace helios::actors
