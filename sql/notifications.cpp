#include "sql/notifications.hpp"

#include <algorithm>

#include "base/sql_error.hpp"

namespace helios::sql {
namespace {

std::size_t size_of(const notification& n) { return sizeof(notification) + n.channel.size() + n.payload.size(); }

/// Counts itself as long as somebody has it.
struct counted : notification {
  counted(notification n, std::shared_ptr<std::atomic<std::size_t>> total) : notification(std::move(n)), bytes(std::move(total)) {
    *bytes += size_of(*this);
  }
  ~counted() { *bytes -= size_of(*this); }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  std::shared_ptr<std::atomic<std::size_t>> bytes;
};

}  // namespace

std::vector<std::shared_ptr<const notification>> notification_inbox::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void notification_inbox::drop(const std::string* channel) {
  std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [channel](const auto& n) { return channel == nullptr || n->channel == *channel; });
}

bool notification_inbox::empty() const {
  std::lock_guard lock(mutex_);
  return waiting_.empty();
}

notification_hub::notification_hub() : bytes_(std::make_shared<std::atomic<std::size_t>>(0)) {}
notification_hub::~notification_hub() = default;

void notification_hub::listen(const notification_inbox_ptr& inbox, const std::string& channel) {
  std::lock_guard lock(mutex_);
  listeners_[channel].insert(inbox);
}

void notification_hub::unlisten(const notification_inbox_ptr& inbox, const std::string& channel) {
  std::lock_guard lock(mutex_);
  const auto found = listeners_.find(channel);
  if (found == listeners_.end()) return;
  found->second.erase(inbox);
  if (found->second.empty()) listeners_.erase(found);
}

void notification_hub::forget(const notification_inbox_ptr& inbox) {
  std::lock_guard lock(mutex_);
  for (auto at = listeners_.begin(); at != listeners_.end();) {
    at->second.erase(inbox);
    at = at->second.empty() ? listeners_.erase(at) : std::next(at);
  }
}

void notification_hub::require_room(const std::vector<notification>& list) const {
  auto wanted = bytes_->load();
  for (const auto& n : list) wanted += size_of(n);
  if (wanted > notification_bytes_max) throw sql_error(sqlstate::program_limit_exceeded, "too many notifications in the NOTIFY queue");
}

void notification_hub::announce(const storage::commit_unit_ptr& unit, std::vector<notification> list) {
  std::lock_guard lock(mutex_);
  announced_.push_back({unit, std::move(list)});
}

// Commits are acknowledged in the order of the WAL: once one is, all before it are. So what is found done in the second pass, up to
// the last one of the first, is complete.
void notification_hub::deliver() {
  wakers woken;
  {
    std::lock_guard lock(mutex_);
    lsn upto;
    for (const auto& p : announced_) {
      if (p.unit->acknowledged->done() && p.unit->acknowledged->outcome().ok()) upto = std::max(upto, p.unit->end);
    }
    std::vector<pending> ready;
    std::erase_if(announced_, [&](pending& p) {
      if (!p.unit->acknowledged->done()) return false;
      if (!p.unit->acknowledged->outcome().ok()) return true;
      if (p.unit->end > upto) return false;
      ready.push_back(std::move(p));
      return true;
    });
    std::sort(ready.begin(), ready.end(), [](const pending& a, const pending& b) { return a.unit->end < b.unit->end; });
    for (auto& p : ready) send(p.list, woken);
  }
  wake(woken);
}

void notification_hub::publish(std::vector<notification> list) {
  deliver();
  wakers woken;
  {
    std::lock_guard lock(mutex_);
    send(list, woken);
  }
  wake(woken);
}

// Mutex held, so that two transactions do not mix.
void notification_hub::send(std::vector<notification>& list, wakers& woken) {
  for (auto& n : list) {
    const auto to = listeners_.find(n.channel);
    if (to == listeners_.end()) continue;
    const auto shared = std::make_shared<const counted>(std::move(n), bytes_);
    for (const auto& inbox : to->second) {
      std::lock_guard lock(inbox->mutex_);
      if (inbox->waiting_.empty()) woken.push_back(inbox);
      inbox->waiting_.push_back(shared);
    }
  }
}

void notification_hub::wake(const wakers& woken) {
  for (const auto& inbox : woken) {
    if (inbox->wake_) inbox->wake_();
  }
}

}  // namespace helios::sql
