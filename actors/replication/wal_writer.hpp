#pragma once
// The WAL writer: takes everything that waits, writes it as one batch, hands it to the senders and the commit gate, and
// fsyncs it. Detached: it blocks in fdatasync. Group commit falls out of its mailbox: the first commit of an idle writer
// sends it a flush, which queues behind the commits that are already waiting.
//
// I1 It is the engine's writer thread on a primary. It is not restarted: after a failed fsync the process ends and recovers.

#include <caf/fwd.hpp>

#include "actors/handles/wal_writer.hpp"

namespace helios::actors {

/// A batch takes at most this many bytes, so that the first commit in it does not wait for a huge one behind it.
inline constexpr std::size_t wal_batch_bytes_max = 8u << 20;

/// `engine` outlives the actor.
wal_writer_handle spawn_wal_writer(caf::actor_system& system, storage::engine& engine);

/// What sql/ submits to: forwards to the WAL writer.
class wal_commit_sink final : public storage::commit_sink {
 public:
  explicit wal_commit_sink(wal_writer_handle to) : to_(std::move(to)) {}
  void submit(storage::commit_unit_ptr unit) override;

 private:
  wal_writer_handle to_;
};

}  // namespace helios::actors
