#pragma once
// The observer: watches every node of the cluster, holds no data, and keeps the highest epoch that it has heard of durably, so
// that its answers never go back. From its YAML to its exit code, on main's thread.

#include "actors/node/data_node.hpp"

namespace helios::actors {

/// Runs until SIGTERM. 0 after a clean stop. `incarnation` as of a data node.
int run_observer(actor_runtime& runtime, const config::node_options& options, reload_options reload, std::uint64_t incarnation);

}  // namespace helios::actors
