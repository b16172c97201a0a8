#pragma once
// A data node: primary or standby, from its YAML to its exit code. It owns what lives as long as the process (replication
// listener, publisher, peer watches, HTTP server) and one *generation* after the other: the engine, the SQL database and the
// actors on top of them. A standby begins a new generation when its log has to be cut or a base backup is to be installed.
//
// I1 A generation's engine is closed before the next one opens: the store has one user.
// I2 The PostgreSQL port is open only while the node serves.

#include <memory>

#include "actors/runtime/actor_runtime.hpp"
#include "config/load.hpp"
#include "config/options.hpp"

namespace helios::actors {

/// How SIGHUP and POST /reload read the configuration again.
using reload_options = std::function<result<config::node_options>()>;

/// Runs until SIGTERM or a failure that the node cannot survive; on main's thread. 0 after a clean stop. `incarnation`: how the node's
/// launcher names this process; 0: it has none.
int run_data_node(actor_runtime& runtime, const config::node_options& options, reload_options reload, std::uint64_t incarnation);

}  // namespace helios::actors
