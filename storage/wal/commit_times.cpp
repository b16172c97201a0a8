#include "storage/wal/commit_times.hpp"

#include <algorithm>

namespace helios::storage {

void commit_times::start(lsn from) {
  std::lock_guard lock(mutex_);
  entries_.clear();
  from_ = from;
}

void commit_times::add(lsn end, std::int64_t time_us) {
  std::lock_guard lock(mutex_);
  if (entries_.size() == entries_max) {
    from_ = entries_.front().end;
    entries_.pop_front();
  }
  entries_.push_back({end, time_us});
}

commit_times::answer commit_times::first_after(lsn position) const {
  std::lock_guard lock(mutex_);
  if (position < from_) return {};
  const auto found = std::upper_bound(entries_.begin(), entries_.end(), position,
                                      [](lsn p, const entry& e) { return p < e.end; });
  if (found == entries_.end()) return {true, std::nullopt};
  return {true, found->time_us};
}

}  // namespace helios::storage
