#include "actors/proxy/backend_channel.hpp"

namespace helios::actors {

backend_channel_ptr backend_channel::make(net::peer_link_ptr link, backend_key key, std::shared_ptr<void> slot) {
  auto out = std::make_shared<backend_channel>(link, std::move(key), std::move(slot));
  // The link may outlive its channel while a callback runs; it must not keep it.
  std::weak_ptr<backend_channel> weak = out;
  link->set_callbacks({[weak](std::vector<wire::repl::decoded_frame> frames) {
                         const auto me = weak.lock();
                         if (!me) return;
                         if (const auto to = me->user()) to->on_frames(std::move(frames));
                       },
                       [weak](const error& why) {
                         if (const auto me = weak.lock()) me->on_closed(to_string(why));
                       }});
  return out;
}

backend_channel::backend_channel(net::peer_link_ptr link, backend_key key, std::shared_ptr<void> slot)
    : link_(std::move(link)), key_(std::move(key)), slot_(std::move(slot)) {}

backend_channel::~backend_channel() { link_->close(); }

bool backend_channel::alive() const {
  std::lock_guard lock(mutex_);
  return alive_;
}

std::shared_ptr<const backend_channel::callbacks> backend_channel::user() const {
  std::lock_guard lock(mutex_);
  return user_;
}

bool backend_channel::attach(callbacks to) {
  auto next = std::make_shared<const callbacks>(std::move(to));
  std::lock_guard lock(mutex_);
  if (!alive_) return false;
  user_.swap(next);
  return true;
}

void backend_channel::detach() {
  std::shared_ptr<const callbacks> dropped;  // destroyed without the mutex
  std::lock_guard lock(mutex_);
  dropped.swap(user_);
}

void backend_channel::on_closed(const std::string& why) {
  std::shared_ptr<const callbacks> to;
  std::shared_ptr<void> slot;
  {
    std::lock_guard lock(mutex_);
    if (!alive_) return;
    alive_ = false;
    to.swap(user_);
    slot.swap(slot_);
  }
  if (to) to->on_closed(why);
}

void backend_channel::suspect() {
  const auto to = user();
  if (to && to->on_suspect) to->on_suspect();
}

void backend_channel::close() {
  link_->close();
  std::shared_ptr<const callbacks> dropped;
  std::shared_ptr<void> slot;
  std::lock_guard lock(mutex_);
  alive_ = false;
  dropped.swap(user_);
  slot.swap(slot_);
}

}  // namespace helios::actors
