#pragma once
// The proxy role of a process: listens for clients, watches the data nodes, answers the operator. Made by main() on a running
// actor_runtime, which outlives it.

#include <chrono>
#include <cstdint>
#include <memory>

#include "actors/proxy/statement_facts.hpp"
#include "actors/runtime/actor_runtime.hpp"
#include "base/result.hpp"
#include "config/options.hpp"

namespace helios::actors {

class proxy {
 public:
  virtual ~proxy() = default;  ///< as stop(0) where that was not called
  virtual std::uint16_t pg_port() const = 0;
  virtual std::uint16_t http_port() const = 0;
  /// Takes no more clients, tells those it has to go, and returns when they have, or after `within`. Blocks; main thread only.
  virtual void stop(std::chrono::milliseconds within) = 0;
};

/// Returns once it listens; nodes may come later. errc::io when a port is taken. `options` outlives it. `inspect` is for
/// tests without the SQL parser.
result<std::unique_ptr<proxy>> spawn_proxy(actor_runtime& runtime, const config::node_options& options,
                                           statement_inspector inspect = inspect_statements);

}  // namespace helios::actors
