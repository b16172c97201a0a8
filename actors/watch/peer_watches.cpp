#include "actors/watch/peer_watches.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <utility>

namespace helios::actors {

void peer_watches::start(const environment& use) {
  for (const auto& p : use.options.peers) {
    if (p.id == use.options.id) continue;
    watches_.emplace(p.id, spawn_peer_watch(use.system, {use.control_io, use.self, p, use.options.replication.heartbeat_interval,
                                                         [on_state = use.on_state, id = p.id](wire::repl::node_state state) {
                                                           on_state(id, std::move(state));
                                                         },
                                                         [on_lost = use.on_lost, id = p.id](const std::string& why) {
                                                           on_lost(id, why);
                                                         }}));
  }
}

void peer_watches::tell(const node_id& to, std::string bytes) const {
  const auto found = watches_.find(to);
  if (found != watches_.end()) caf::anon_send(found->second, tell_peer{std::move(bytes)});
}

std::vector<caf::strong_actor_ptr> peer_watches::stop() {
  std::vector<caf::strong_actor_ptr> ending;
  for (const auto& [id, w] : watches_) {
    ending.push_back(caf::actor_cast<caf::strong_actor_ptr>(w));
    caf::anon_send(w, stop_peer_watch{});
  }
  return ending;
}

}  // namespace helios::actors
