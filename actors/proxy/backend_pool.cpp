#include "actors/proxy/backend_pool.hpp"

#include <algorithm>
#include <utility>

#include "wire/pg/client.hpp"

namespace helios::actors {

/// DISCARD ALL under way on a backend that was given back. Lives in the channel's callbacks; any thread.
class backend_pool::cleaner : public std::enable_shared_from_this<cleaner> {
 public:
  cleaner(std::weak_ptr<backend_pool> pool, backend_channel_ptr channel)
      : pool_(std::move(pool)), channel_(std::move(channel)) {}

  void start() {
    const auto me = shared_from_this();
    const auto channel = channel_;  // from attach() on the answer may end us at any time
    const bool open = channel->attach(
        {[me](std::vector<wire::repl::decoded_frame> frames) { me->on_frames(std::move(frames)); },
         [me](const std::string&) { me->take_channel(); }, [me] { me->finish(false); }});
    if (!open) return;
    std::string bytes;
    wire::pg::frontend_encoder(bytes).query("DISCARD ALL");
    channel->send(wire::repl::pg_bytes{std::move(bytes)});
    channel->read();
  }

 private:
  // On the link's thread, one call at a time.
  void on_frames(std::vector<wire::repl::decoded_frame> frames) {
    for (auto& f : frames) {
      if (auto* bytes = std::get_if<wire::repl::pg_bytes>(&f.body)) decoder_.feed(std::move(bytes->bytes));
      else if (const auto* seen = std::get_if<wire::repl::session_position>(&f.body)) note(seen->position);
    }
    for (;;) {
      const auto message = decoder_.next();
      if (!message || (*message && (*message)->type == 'E')) return finish(false);
      if (!*message) break;
      if ((*message)->type == 'Z') return finish((*message)->body == "I");
    }
    backend_channel_ptr channel;
    {
      std::lock_guard lock(mutex_);
      channel = channel_;
    }
    if (channel) channel->read();
  }

  void note(lsn seen) {
    std::lock_guard lock(mutex_);
    if (channel_) channel_->note_position(seen);
  }

  backend_channel_ptr take_channel() {
    std::lock_guard lock(mutex_);
    return std::exchange(channel_, nullptr);
  }

  void finish(bool idle) {
    const auto channel = take_channel();
    const auto pool = pool_.lock();
    if (!channel) return;
    if (idle && pool) pool->now_idle(channel);
    else channel->close();
  }

  const std::weak_ptr<backend_pool> pool_;
  std::mutex mutex_;
  backend_channel_ptr channel_;  ///< null when we are done with it
  wire::pg::backend_decoder decoder_;
};

std::shared_ptr<void> backend_pool::make_slot(const node_id& node) {
  // Any pointer but null: only the deleter matters.
  return {this, [pool = weak_from_this(), node](void*) {
            if (const auto p = pool.lock()) p->release_slot(node);
          }};
}

void backend_pool::release_slot(const node_id& node) {
  completion_ptr next;
  {
    std::lock_guard lock(mutex_);
    auto& count = nodes_[node];
    --count.open;
    while (!next && !count.waiting.empty()) {
      next = count.waiting.front().lock();
      count.waiting.pop_front();
    }
  }
  if (next) next->complete();
}

backend_pool::lease backend_pool::take(const backend_key& key) {
  backend_channel_ptr victim;  // closed without the mutex
  lease out;
  {
    std::lock_guard lock(mutex_);
    if (auto found = idle_.find(key); found != idle_.end() && !found->second.empty()) {
      out.idle = std::move(found->second.back());
      found->second.pop_back();
    } else if (auto& count = nodes_[key.node]; count.open < per_node_max_) {
      ++count.open;
      out.slot = make_slot(key.node);
    } else {
      out.wait = std::make_shared<completion>();
      std::erase_if(count.waiting, [](const auto& w) { return w.expired(); });
      count.waiting.push_back(out.wait);
      // One that is idle for others makes room.
      for (auto& [other, channels] : idle_) {
        if (other.node != key.node || channels.empty()) continue;
        victim = std::move(channels.back());
        channels.pop_back();
        break;
      }
    }
  }
  if (victim) victim->close();
  if (out.idle) out.idle->detach();
  return out;
}

void backend_pool::give_back(const backend_channel_ptr& channel) {
  if (!channel->alive()) return;
  bool keep = true;
  {
    std::lock_guard lock(mutex_);
    keep = !closed_;
    std::erase_if(cleaning_, [](const auto& w) { return w.expired(); });
    if (keep) cleaning_.push_back(channel);
  }
  if (keep) std::make_shared<cleaner>(weak_from_this(), channel)->start();
  else channel->close();
}

void backend_pool::no_longer_cleaned(const backend_channel_ptr& channel) {
  std::erase_if(cleaning_, [&channel](const auto& w) { return !w.owner_before(channel) && !channel.owner_before(w); });
}

void backend_pool::now_idle(const backend_channel_ptr& channel) {
  const auto gone = [pool = weak_from_this(), raw = channel.get()] {
    if (const auto p = pool.lock()) p->forget(raw);
  };
  const bool open = channel->attach({[gone](std::vector<wire::repl::decoded_frame> frames) {
                                       if (!frames.empty()) gone();  // nobody asked for anything
                                     },
                                     [gone](const std::string&) { gone(); }, gone});
  if (!open) return;
  completion_ptr waiter;
  bool keep = true;
  {
    std::lock_guard lock(mutex_);
    no_longer_cleaned(channel);
    keep = !closed_;
    if (keep) idle_[channel->key()].push_back(channel);
    auto& count = nodes_[channel->key().node];
    while (!waiter && !count.waiting.empty()) {
      waiter = count.waiting.front().lock();
      count.waiting.pop_front();
    }
  }
  if (keep) channel->read();
  else channel->close();
  if (waiter) waiter->complete();
}

void backend_pool::forget(const backend_channel* channel) {
  backend_channel_ptr found;
  {
    std::lock_guard lock(mutex_);
    for (auto& [key, channels] : idle_) {
      const auto at = std::find_if(channels.begin(), channels.end(), [channel](const auto& c) { return c.get() == channel; });
      if (at == channels.end()) continue;
      found = std::move(*at);
      channels.erase(at);
      break;
    }
  }
  if (found) found->close();
}

void backend_pool::watch(const backend_channel_ptr& channel) {
  std::lock_guard lock(mutex_);
  auto& list = watched_[channel->key().node];
  std::erase_if(list, [](const auto& w) { return w.expired(); });
  list.push_back(channel);
}

void backend_pool::suspect(const node_id& node) {
  std::vector<backend_channel_ptr> told;
  {
    std::lock_guard lock(mutex_);
    for (const auto& w : watched_[node]) {
      if (auto channel = w.lock()) told.push_back(std::move(channel));
    }
  }
  for (const auto& channel : told) channel->suspect();
}

bool backend_pool::wanted(const node_id& node) const {
  std::lock_guard lock(mutex_);
  const auto found = nodes_.find(node);
  return found != nodes_.end() && std::any_of(found->second.waiting.begin(), found->second.waiting.end(),
                                              [](const auto& w) { return !w.expired(); });
}

void backend_pool::close_idle(const node_id& node) {
  std::vector<backend_channel_ptr> closing;
  {
    std::lock_guard lock(mutex_);
    for (auto& [key, channels] : idle_) {
      if (!node.value.empty() && key.node != node) continue;
      closing.insert(closing.end(), channels.begin(), channels.end());
      channels.clear();
    }
  }
  for (const auto& channel : closing) channel->close();
}

void backend_pool::close() {
  std::vector<backend_channel_ptr> closing;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& w : cleaning_) {
      if (auto channel = w.lock()) closing.push_back(std::move(channel));
    }
    cleaning_.clear();
  }
  for (const auto& channel : closing) channel->close();
  close_idle();
}

std::vector<backend_pool::usage> backend_pool::idle() const {
  std::lock_guard lock(mutex_);
  std::vector<usage> out;
  for (const auto& [key, channels] : idle_) out.push_back({key, channels.size()});
  return out;
}

std::map<std::pair<std::string, std::string>, std::size_t> backend_pool::open_by_user() const {
  std::vector<backend_channel_ptr> channels;  // the last owner of one gives its slot back: not under the mutex
  {
    std::lock_guard lock(mutex_);
    for (const auto& [node, list] : watched_) {
      for (const auto& w : list) {
        if (auto channel = w.lock()) channels.push_back(std::move(channel));
      }
    }
  }
  std::map<std::pair<std::string, std::string>, std::size_t> out;
  for (const auto& channel : channels) {
    if (channel->alive()) ++out[{channel->key().database, channel->key().user}];
  }
  return out;
}

std::map<node_id, std::size_t> backend_pool::open() const {
  std::lock_guard lock(mutex_);
  std::map<node_id, std::size_t> out;
  for (const auto& [node, count] : nodes_) out[node] = count.open;
  return out;
}

}  // namespace helios::actors
