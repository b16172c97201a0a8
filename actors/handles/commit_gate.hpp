#pragma once
// Messages of the commit gate: the owner of the commit rule on a primary.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>

#include "actors/handles/wal_writer.hpp"
#include "net/peer_link.hpp"

namespace helios::actors {

/// A standby has connected and gets the log from now on. `connection` numbers its connections over all standbys.
struct standby_joined {
  node_id id;
  sync_mode mode{};
  std::uint64_t connection = 0;
  net::peer_link_ptr link;  ///< the gate sends the watermark on it
};
/// What a standby says it has.
struct standby_position {
  node_id id;
  std::uint64_t connection = 0;
  lsn flushed, applied;
  bool streaming = false;   ///< past catch-up
};
struct standby_left {
  node_id id;
  std::uint64_t connection = 0;
  bool on_purpose = false;  ///< it said goodbye: nobody waits for its return
};
/// Time to look at who is silent, at the cohort and at the WAL to keep.
struct gate_tick {};
/// Q voters have stored this cohort: it is in force.
struct rule_published {
  std::uint64_t version = 0;
};
/// Commits that still wait end with an error; then the gate ends.
struct close_gate {};

using commit_gate_handle =
    caf::typed_actor<caf::reacts_to<wal_written>, caf::reacts_to<wal_flushed>, caf::reacts_to<standby_joined>,
                     caf::reacts_to<standby_position>, caf::reacts_to<standby_left>, caf::reacts_to<gate_tick>,
                     caf::reacts_to<rule_published>, caf::reacts_to<close_gate>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::standby_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::standby_position)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::standby_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::gate_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::rule_published)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::close_gate)
