#include "actors/ha/ha_facts.hpp"

#include <algorithm>
#include <utility>

namespace helios::actors {

node_id ha_facts::leader() const {
  std::lock_guard lock(mutex_);
  return picture_.leader;
}

ha_facts::picture ha_facts::now() const {
  std::lock_guard lock(mutex_);
  auto out = picture_;
  const auto deadline = deadline_.load(), at = boot_now().time_since_epoch().count();
  out.lease_left = std::chrono::milliseconds(out.open && deadline > at ? (deadline - at) / 1'000'000 : 0);
  return out;
}

std::vector<ha_event> ha_facts::events() const {
  std::lock_guard lock(mutex_);
  return {events_.begin(), events_.end()};
}

std::map<std::string, std::uint64_t> ha_facts::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void ha_facts::update(const replication::ha::member& m) {
  using replication::ha::member_role;
  const auto deadline = m.lease_deadline();
  if (deadline != replication::ha::time_point::min()) answer_until_.store(deadline.time_since_epoch().count(), std::memory_order_release);
  deadline_.store(deadline.time_since_epoch().count(), std::memory_order_release);
  const bool leads = m.role() == member_role::leading;
  leads_.store(leads, std::memory_order_release);
  taking_part_.store(leads ? m.leader_epoch().value : m.promised().value, std::memory_order_release);
  std::lock_guard lock(mutex_);
  picture_ = {m.role(), m.leader(), m.leader_epoch(), m.promised(), m.open_for_writes(), m.paused(), m.record(),
              m.settings().voters(), m.settings().quorum(), {m.settings().members_id, m.settings().members}, m.removed(), {}};
}

void ha_facts::add(ha_event e) {
  std::lock_guard lock(mutex_);
  ++counts_[e.name];
  events_.push_back(std::move(e));
  if (events_.size() > events_kept) events_.pop_front();
}

}  // namespace helios::actors
