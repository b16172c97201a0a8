#pragma once
// What a primary knows of its standbys, connected or not, for views, metrics and WAL retention. Each entry is written by the
// sender of that standby; anyone reads copies. Any thread (one mutex, held for copies only).
//
// I1 A standby that was ever met stays listed while it is a member, as `disconnected` when it has gone.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace helios::actors {

enum class standby_state : std::uint8_t { connecting, catching_up, streaming, disconnected };
const char* to_string(standby_state state);

struct standby_entry {
  node_id id;
  sync_mode mode{};
  standby_state state = standby_state::connecting;
  lsn sent, flushed, applied;
  std::string address;                ///< host:port of its end of the link
  std::int64_t connected_at_us = 0;
  std::int64_t last_heartbeat_us = 0;
  std::int64_t connections = 0;       ///< since this primary started
  std::uint64_t connection = 0;       ///< number of the last one
};

class standby_board {
 public:
  /// A connection begins; gives it a number over all standbys.
  std::uint64_t begin(const node_id& id, sync_mode mode, const std::string& address, std::int64_t now_us);
  /// Does nothing when a later connection of this standby has taken over.
  void update(const node_id& id, std::uint64_t connection, standby_state state, lsn sent, lsn flushed, lsn applied);
  void heard(const node_id& id, std::uint64_t connection, std::int64_t now_us);
  void disconnected(const node_id& id, std::uint64_t connection);
  /// It is no member of the cluster any more.
  void forget(const node_id& id);
  std::vector<standby_entry> all() const;

 private:
  standby_entry* current(const node_id& id, std::uint64_t connection);

  mutable std::mutex mutex_;
  std::map<node_id, standby_entry> entries_;
  std::uint64_t connections_ = 0;
};

}  // namespace helios::actors
