#include "actors/replication/standby_board.hpp"

namespace helios::actors {

const char* to_string(standby_state state) {
  switch (state) {
    case standby_state::connecting: return "connecting";
    case standby_state::catching_up: return "catching_up";
    case standby_state::streaming: return "streaming";
    case standby_state::disconnected: return "disconnected";
  }
  return "?";
}

std::uint64_t standby_board::begin(const node_id& id, sync_mode mode, const std::string& address, std::int64_t now_us) {
  std::lock_guard lock(mutex_);
  auto& entry = entries_[id];
  entry.id = id;
  entry.mode = mode;
  entry.state = standby_state::connecting;
  entry.address = address;
  entry.connected_at_us = now_us;
  entry.last_heartbeat_us = now_us;
  ++entry.connections;
  entry.connection = ++connections_;
  return entry.connection;
}

standby_entry* standby_board::current(const node_id& id, std::uint64_t connection) {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.connection == connection ? &found->second : nullptr;
}

void standby_board::update(const node_id& id, std::uint64_t connection, standby_state state, lsn sent, lsn flushed,
                           lsn applied) {
  std::lock_guard lock(mutex_);
  auto* entry = current(id, connection);
  if (entry == nullptr) return;
  entry->state = state;
  entry->sent = sent;
  entry->flushed = flushed;
  entry->applied = applied;
}

void standby_board::heard(const node_id& id, std::uint64_t connection, std::int64_t now_us) {
  std::lock_guard lock(mutex_);
  if (auto* entry = current(id, connection)) entry->last_heartbeat_us = now_us;
}

void standby_board::disconnected(const node_id& id, std::uint64_t connection) {
  std::lock_guard lock(mutex_);
  if (auto* entry = current(id, connection)) entry->state = standby_state::disconnected;
}

void standby_board::forget(const node_id& id) {
  std::lock_guard lock(mutex_);
  entries_.erase(id);
}

std::vector<standby_entry> standby_board::all() const {
  std::lock_guard lock(mutex_);
  std::vector<standby_entry> out;
  for (const auto& [id, entry] : entries_) out.push_back(entry);
  return out;
}

}  // namespace helios::actors
