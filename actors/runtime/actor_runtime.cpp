#include "actors/runtime/actor_runtime.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "actors/runtime/asio_scheduler.hpp"

namespace helios::actors {
namespace {

// Messages that one actor may take before others get their turn; a session's statement is cut by its own time slice.
constexpr std::size_t messages_per_turn_max = 32;
/// For goodbyes that are on their way when the process ends.
constexpr std::chrono::milliseconds last_words_within{300};

struct runtime_config : caf::actor_system_config {
  runtime_config(boost::asio::io_context& io, std::size_t threads) {
    set("scheduler.max-throughput", messages_per_turn_max);
    set("scheduler.max-threads", threads);
    module_factories.push_back([&io, threads](caf::actor_system& system) -> caf::actor_system::module* {
      return new asio_scheduler(system, io, threads);
    });
  }
};

std::size_t thread_count(std::uint32_t wanted) {
  return wanted ? wanted : std::max<std::size_t>(2, std::thread::hardware_concurrency());
}

}  // namespace

struct actor_runtime::impl {
  explicit impl(std::size_t threads)
      : sessions(static_cast<int>(threads)),
        config(sessions, threads),
        control(std::make_unique<boost::asio::io_context>(1)),
        control_guard(boost::asio::make_work_guard(*control)) {
    system.emplace(config);
    control_thread = std::thread([this] {
      control->run();
      control_done.set_value();
    });
  }

  // The control plane first: its thread may have spawned actors and then keeps CAF's logger, and what is still queued there may
  // hold handles of detached actors; the system's end waits for both. Last words get a moment to leave.
  ~impl() {
    system->await_all_actors_done();
    control_guard.reset();
    if (control_done.get_future().wait_for(last_words_within) != std::future_status::ready) control->stop();
    control_thread.join();
    kept.clear();
    control.reset();
    system.reset();
  }

  boost::asio::io_context sessions;
  runtime_config config;
  std::optional<caf::actor_system> system;
  std::unique_ptr<boost::asio::io_context> control;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> control_guard;
  std::promise<void> control_done;
  std::thread control_thread;
  std::vector<std::shared_ptr<void>> kept;
};

actor_runtime::actor_runtime(std::uint32_t io_threads) : impl_(std::make_unique<impl>(thread_count(io_threads))) {}
actor_runtime::~actor_runtime() = default;

caf::actor_system& actor_runtime::system() { return *impl_->system; }
boost::asio::io_context& actor_runtime::sessions_io() { return impl_->sessions; }
boost::asio::io_context& actor_runtime::control_io() { return *impl_->control; }
void actor_runtime::keep(std::shared_ptr<void> what) { impl_->kept.push_back(std::move(what)); }

}  // namespace helios::actors
