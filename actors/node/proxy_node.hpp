#pragma once
// The proxy role of a process, from its YAML to its exit code, on main's thread. What it does is in actors/proxy.

#include "actors/node/data_node.hpp"

namespace helios::actors {

/// Runs until SIGTERM. 0 after a clean stop.
int run_proxy(actor_runtime& runtime, const config::node_options& options, reload_options reload);

}  // namespace helios::actors
