#include "sql/session/channel_work.hpp"

#include "base/sql_error.hpp"

namespace helios::sql {
namespace {
constexpr std::size_t channel_bytes_max = 63, payload_bytes_max = 7999;
}  // namespace

channel_work::~channel_work() {
  if (inbox_) hub_.forget(inbox_);
}

void channel_work::notify(std::string_view channel, std::string_view payload) {
  if (channel.empty()) throw sql_error(sqlstate::invalid_parameter_value, "channel name cannot be empty");
  if (channel.size() > channel_bytes_max) throw sql_error(sqlstate::invalid_parameter_value, "channel name too long");
  if (payload.size() > payload_bytes_max) throw sql_error(sqlstate::invalid_parameter_value, "payload string too long");
  if (!known_.emplace(channel, payload).second) return;
  notes_.push_back({process_, std::string(channel), std::string(payload)});
}

void channel_work::rollback_to(mark to) {
  for (std::size_t i = to.notes; i < notes_.size(); ++i) known_.erase({notes_[i].channel, notes_[i].payload});
  notes_.resize(to.notes);
  changes_.resize(to.changes);
}

void channel_work::before_commit(const storage::commit_unit_ptr& unit) {
  if (notes_.empty()) return;
  hub_.require_room(notes_);
  if (unit == nullptr) return;
  hub_.announce(unit, std::exchange(notes_, {}));
  announced_ = true;
}

void channel_work::apply_changes() {
  for (auto& [what, channel] : changes_) {
    switch (what) {
      case kind::listen:
        if (!inbox_) inbox_ = std::make_shared<notification_inbox>(wake_);
        channels_.insert(channel);
        hub_.listen(inbox_, channel);
        break;
      case kind::unlisten:
        if (channels_.erase(channel) == 0) break;
        hub_.unlisten(inbox_, channel);
        inbox_->drop(&channel);
        break;
      case kind::unlisten_all:
        channels_.clear();
        if (!inbox_) break;
        hub_.forget(inbox_);
        inbox_->drop(nullptr);
        break;
    }
  }
}

void channel_work::committed(bool with_unit) {
  if (changes_.empty() && notes_.empty() && !announced_) return;
  apply_changes();
  // Its own LISTEN hears its own NOTIFY.
  if (with_unit && announced_) hub_.deliver();
  else if (!notes_.empty()) hub_.publish(std::exchange(notes_, {}));
  rolled_back();
}

void channel_work::rolled_back() {
  if (std::exchange(announced_, false)) hub_.deliver();  // a unit that has failed leaves the hub
  notes_.clear();
  known_.clear();
  changes_.clear();
}

std::vector<notification> channel_work::take() {
  std::vector<notification> out;
  if (!inbox_) return out;
  for (auto& n : inbox_->take()) out.push_back(*n);
  return out;
}

}  // namespace helios::sql
