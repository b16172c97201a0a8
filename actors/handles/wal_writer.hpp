#pragma once
// Messages of the WAL writer, the one owner of the log's tail on a primary, and of those who follow the log.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <optional>
#include <vector>

#include "storage/engine.hpp"

namespace helios::actors {

/// What was just written to the WAL, in log order and not yet fsynced.
struct wal_written {
  storage::wal_chunk_ptr chunk;
  std::vector<storage::commit_unit_ptr> units;
  std::optional<storage::cohort_config> config;  ///< then the chunk is that config's record
};
/// The log is fsynced up to here.
struct wal_flushed {
  lsn to;
};

/// Who wants wal_written: the commit gate and the standby senders. Told at once how far the log is fsynced.
using wal_follower_handle = caf::typed_actor<caf::reacts_to<wal_written>, caf::reacts_to<wal_flushed>>;

/// Append this commit; `unit->acknowledged` is completed by the commit gate, or with an error if it cannot be written.
struct submit_commit {
  storage::commit_unit_ptr unit;
};
/// Append this cohort config.
struct submit_config {
  storage::cohort_config config;
};
/// Tell this follower of everything written from now on.
struct follow_wal {
  wal_follower_handle follower;
};
/// Write and fsync what waits.
struct flush_wal {};
/// Stop: refuse further commits, flush, end. Answered by the actor's end.
struct drain_wal {};

using wal_writer_handle =
    caf::typed_actor<caf::reacts_to<submit_commit>, caf::reacts_to<submit_config>, caf::reacts_to<follow_wal>,
                     caf::reacts_to<flush_wal>, caf::reacts_to<drain_wal>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::wal_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::wal_flushed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::submit_commit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::submit_config)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::follow_wal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::flush_wal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::drain_wal)
