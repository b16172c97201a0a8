#pragma once
// The runtime of one process: the actor system on Asio threads, the io_context of client traffic, and an io_context with a
// thread of its own for the control plane (replication links, watches, HTTP), so that queries cannot delay it.
// Made and destroyed by main(); the destructor waits until every actor has ended.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>

namespace caf {
class actor_system;
}

namespace helios::actors {

class actor_runtime {
 public:
  /// `io_threads` 0: one per core, at least two.
  explicit actor_runtime(std::uint32_t io_threads);
  ~actor_runtime();
  actor_runtime(const actor_runtime&) = delete;
  actor_runtime& operator=(const actor_runtime&) = delete;

  caf::actor_system& system();
  boost::asio::io_context& sessions_io();
  boost::asio::io_context& control_io();

  /// Lives until no thread runs here any more, but before what it may hold of the runtime ends: for whoever is called back from these
  /// threads, also by what was under way when it stopped. main's thread.
  void keep(std::shared_ptr<void> what);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace helios::actors
