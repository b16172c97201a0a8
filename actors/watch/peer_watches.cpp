#include "actors/watch/peer_watches.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace helios::actors {

void peer_watches::start(environment use) {
  use_ = std::make_unique<environment>(std::move(use));
  change();
}

void peer_watches::change() {
  const auto peers = use_->peers->all();
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  std::erase_if(watches_, [this, &peers](const auto& w) {
    const bool stays = std::any_of(peers->begin(), peers->end(), [&w](const config::peer& p) { return p.id == w.first; });
    if (!stays) {
      ending_.push_back(caf::actor_cast<caf::strong_actor_ptr>(w.second));
      caf::anon_send(w.second, stop_peer_watch{});
    }
    return !stays;
  });
  for (const auto& p : *peers) {
    if (p.id == use_->options.id || watches_.contains(p.id)) continue;
    watches_.emplace(p.id, spawn_peer_watch(use_->system, {use_->control_io, use_->self, p, use_->options.replication.heartbeat_interval,
                                                           [on_state = use_->on_state, id = p.id](wire::repl::node_state state) {
                                                             on_state(id, std::move(state));
                                                           },
                                                           [on_lost = use_->on_lost, id = p.id](const std::string& why) {
                                                             on_lost(id, why);
                                                           }}));
  }
}

std::size_t peer_watches::size() const {
  std::lock_guard lock(mutex_);
  return watches_.size();
}

void peer_watches::tell(const node_id& to, std::string bytes) const {
  std::lock_guard lock(mutex_);
  const auto found = watches_.find(to);
  if (found != watches_.end()) caf::anon_send(found->second, tell_peer{std::move(bytes)});
}

std::vector<caf::strong_actor_ptr> peer_watches::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  auto ending = std::move(ending_);
  for (const auto& [id, w] : watches_) {
    ending.push_back(caf::actor_cast<caf::strong_actor_ptr>(w));
    caf::anon_send(w, stop_peer_watch{});
  }
  return ending;
}

}  // namespace helios::actors
