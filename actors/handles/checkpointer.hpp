#pragma once
// Messages of the checkpointer: the one thread that writes LMDB.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace helios::actors {

/// Time to see whether a checkpoint is due.
struct checkpoint_tick {};
/// Once more if anything was written, then end.
struct stop_checkpointer {};

using checkpointer_handle = caf::typed_actor<caf::reacts_to<checkpoint_tick>, caf::reacts_to<stop_checkpointer>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::checkpoint_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::stop_checkpointer)
