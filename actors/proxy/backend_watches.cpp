#include "actors/proxy/backend_watches.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include "actors/proxy/node_watch.hpp"
#include "base/log.hpp"
#include "replication/ha/message_codec.hpp"

namespace helios::actors {
namespace {

constexpr log::source source{"proxy"};

}  // namespace

void backend_watches::start() {
  services_->members_shown = [weak = weak_from_this()](const std::string& bytes) {
    if (const auto self = weak.lock()) self->learn(bytes);
  };
  watch_all();
}

void backend_watches::stop() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  for (const auto& [id, w] : watches_) caf::anon_send(w, stop_watch{});
  watches_.clear();
}

void backend_watches::learn(const std::string& bytes) {
  const auto members = replication::ha::decode_membership(bytes);
  if (!members) return log::warning(source, "a node shows its members so that they cannot be read: {}", members.failure().detail);
  if (!services_->members.change(*members)) return;
  services_->board.change(*services_->members.all());
  watch_all();
  log::info(source, "the members have changed: {} backends", services_->board.now()->nodes.size());
}

void backend_watches::watch_all() {
  const auto known = services_->board.now();  // the watches replace it meanwhile
  std::lock_guard lock(mutex_);
  if (ended_) return;
  std::erase_if(watches_, [&known](const auto& w) {
    if (known->find(w.first) != nullptr) return false;
    caf::anon_send(w.second, stop_watch{});
    return true;
  });
  for (const auto& n : known->nodes) {
    if (!watches_.contains(n.address.id)) watches_.emplace(n.address.id, spawn_node_watch(system_, io_, services_, n.address));
  }
}

}  // namespace helios::actors
