#include "replication/ha/membership_change.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace helios::replication::ha {

std::optional<std::vector<member_entry>> next_members(const std::vector<member_entry>& members, const member_change& change) {
  auto next = members;
  const auto found = std::find_if(next.begin(), next.end(), [&](const member_entry& m) { return m.id == change.entry.id; });
  if (change.what == member_change::kind::remove) {
    if (found == next.end()) return std::nullopt;
    next.erase(found);
    return next;
  }
  if (found == next.end()) {
    next.push_back(change.entry);
    next.back().voter = false;
    return next;
  }
  if (*found == change.entry) return std::nullopt;
  *found = change.entry;
  return next;
}

void membership_command::begin(time_point now, member_change change, std::uint64_t command, duration timeout) {
  change_ = std::move(change);
  command_ = command;
  deadline_ = now + timeout;
  waits_for_.clear();
}

void membership_command::end(std::string failure) {
  if (running()) out_.put(command_done{std::exchange(command_, 0), std::move(failure)});
}

void membership_command::tick(time_point now) {
  if (running() && now >= deadline_) end(fmt::format("not finished in time: {}", waits_for_));
}

}  // namespace helios::replication::ha
