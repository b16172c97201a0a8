#pragma once
// What a standby knows of its primary, for views and metrics. Written by the WAL receiver and the reconnect supervisor; anyone
// reads copies. Any thread (one mutex, held for copies only).

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "actors/replication/standby_board.hpp"
#include "base/types.hpp"

namespace helios::actors {

struct primary_entry {
  node_id id;
  standby_state state = standby_state::connecting;  ///< of this node's stream
  lsn written;                           ///< end of the primary's log, when last heard
  std::int64_t oldest_unapplied_us = 0;  ///< commit time of the oldest change not applied here, as the primary last said; 0: none
  std::string address;
  epoch number;                          ///< the highest heard of
  std::int64_t connected_at_us = 0, last_heartbeat_us = 0;
  std::int64_t attempts = 0;             ///< to connect, since this node started
};

class primary_board {
 public:
  explicit primary_board(const node_id& primary) { entry_.id = primary; }
  primary_entry read() const {
    std::lock_guard lock(mutex_);
    return entry_;
  }
  void update(const std::function<void(primary_entry&)>& change) {
    std::lock_guard lock(mutex_);
    change(entry_);
  }

 private:
  mutable std::mutex mutex_;
  primary_entry entry_;
};

}  // namespace helios::actors
