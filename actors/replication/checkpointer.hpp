#pragma once
// The checkpointer: the one thread that writes LMDB. It makes a checkpoint when the WAL or the memtable has grown enough, or
// when the last one is older than storage.checkpoint_interval and something was written; between them it notes how far the log
// is visible. Detached. Restarted if it fails.

#include <caf/fwd.hpp>

#include "actors/handles/checkpointer.hpp"
#include "config/options.hpp"
#include "storage/engine.hpp"

namespace helios::actors {

/// `engine` and `options` outlive the actor.
checkpointer_handle spawn_checkpointer(caf::actor_system& system, storage::engine& engine, const config::storage_options& options);

}  // namespace helios::actors
