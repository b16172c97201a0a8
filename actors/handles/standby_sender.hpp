#pragma once
// Messages of a standby sender: one per standby that is connected to a primary.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <vector>

#include "actors/handles/wal_writer.hpp"
#include "wire/repl/frame_codec.hpp"

namespace helios::actors {

/// From the standby.
struct sender_frames {
  std::vector<wire::repl::decoded_frame> frames;
};
struct sender_closed {
  std::string why;
};
/// The socket takes more.
struct sender_drained {};
/// Time for a heartbeat, and to judge the standby's silence.
struct sender_tick {};
/// How the making of a base backup ended; no backup: `why`.
struct backup_made {
  std::shared_ptr<storage::base_backup> backup;
  std::string why;
};
/// The primary stops: say so after the last watermark, and end.
struct sender_goodbye {};

using standby_sender_handle =
    caf::typed_actor<caf::reacts_to<wal_written>, caf::reacts_to<wal_flushed>, caf::reacts_to<sender_frames>,
                     caf::reacts_to<sender_closed>, caf::reacts_to<sender_drained>, caf::reacts_to<sender_tick>,
                     caf::reacts_to<backup_made>, caf::reacts_to<sender_goodbye>>;

}  // namespace helios::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::sender_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::sender_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::sender_drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::sender_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::backup_made)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(helios::actors::sender_goodbye)
