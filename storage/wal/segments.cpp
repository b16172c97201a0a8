#include "storage/wal/segments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/invariant.hpp"

namespace helios::storage {
namespace {
constexpr std::string_view suffix = ".wal";
constexpr std::size_t digits = 16;

std::optional<lsn> parse_name(std::string_view name) {
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  lsn out;
  const auto* end = name.data() + digits;
  const auto [stop, failure] = std::from_chars(name.data(), end, out.value, 16);
  if (failure != std::errc{} || stop != end) return std::nullopt;
  return out;
}
}  // namespace

result<std::unique_ptr<segment_list>> segment_list::open(env& environment, const std::filesystem::path& directory) {
  std::unique_ptr<segment_list> out(new segment_list(environment, directory));
  auto names = environment.list(directory);
  if (!names) return names.failure();
  for (const auto& name : *names) {
    if (auto first = parse_name(name)) out->firsts_.push_back(*first);
  }
  std::sort(out->firsts_.begin(), out->firsts_.end());
  return out;
}

std::filesystem::path segment_list::path_of(lsn first) const {
  return directory_ / fmt::format("{:016x}{}", first.value, suffix);
}

std::vector<segment_ref> segment_list::all() const {
  std::lock_guard lock(mutex_);
  std::vector<segment_ref> out;
  for (auto first : firsts_) out.push_back({first, path_of(first)});
  return out;
}

bool segment_list::empty() const {
  std::lock_guard lock(mutex_);
  return firsts_.empty();
}

lsn segment_list::oldest() const {
  std::lock_guard lock(mutex_);
  HELIOS_INVARIANT(!firsts_.empty(), "a log has a segment");
  return firsts_.front();
}

std::optional<segment_list::found> segment_list::find(lsn position) const {
  std::lock_guard lock(mutex_);
  auto after = std::upper_bound(firsts_.begin(), firsts_.end(), position);
  if (after == firsts_.begin()) return std::nullopt;
  const lsn first = *std::prev(after);
  found out{{first, path_of(first)}, std::nullopt};
  if (after != firsts_.end()) out.next = *after;
  return out;
}

result<std::unique_ptr<file>> segment_list::create(lsn first) {
  auto opened = env_.open(path_of(first), open_mode::create);
  if (!opened) return opened;
  auto made = (*opened)->truncate(0);
  if (made) made = env_.sync_directory(directory_);
  if (!made) {
    // The log may go on in the segment before: a file that says otherwise must not be found by a later recovery.
    if (auto removed = env_.remove(path_of(first)); !removed) return error{errc::io, removed.failure().detail};
    if (auto synced = env_.sync_directory(directory_); !synced) return error{errc::io, synced.failure().detail};
    return made.failure();
  }
  std::lock_guard lock(mutex_);
  HELIOS_INVARIANT(firsts_.empty() || firsts_.back() < first, "I1: segments grow");
  firsts_.push_back(first);
  return opened;
}

result<std::unique_ptr<file>> segment_list::open_last() {
  std::lock_guard lock(mutex_);
  HELIOS_INVARIANT(!firsts_.empty(), "a log has a segment");
  return env_.open(path_of(firsts_.back()), open_mode::read_write);
}

result<void> segment_list::remove_from(lsn from) {
  std::lock_guard lock(mutex_);
  bool removed_any = false;
  while (firsts_.size() > 1 && firsts_.back() >= from) {
    if (auto removed = env_.remove(path_of(firsts_.back())); !removed) return removed;
    firsts_.pop_back();
    removed_any = true;
  }
  return removed_any ? env_.sync_directory(directory_) : result<void>{};
}

result<void> segment_list::recycle(lsn below) {
  std::lock_guard lock(mutex_);
  bool removed_any = false;
  while (firsts_.size() > 1 && firsts_[1] <= below) {
    env_.reached("before segment removal");
    if (auto removed = env_.remove(path_of(firsts_.front())); !removed) return removed;
    env_.reached("after segment removal");
    firsts_.erase(firsts_.begin());
    removed_any = true;
  }
  return removed_any ? env_.sync_directory(directory_) : result<void>{};
}

}  // namespace helios::storage
