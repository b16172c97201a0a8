// Any thread: visibility, snapshots, the newest versions, row ids, and what the status shows.

#include <algorithm>

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "storage/engine_core.hpp"
#include "storage/transaction.hpp"

namespace helios::storage {
namespace {
constexpr lsn any_version{UINT64_MAX};
}  // namespace

void engine_core::advance_visible(lsn to) {
  const auto wanted = std::min(to.value, applied_.load(std::memory_order_acquire));
  auto now = visible_.load(std::memory_order_relaxed);
  while (now < wanted && !visible_.compare_exchange_weak(now, wanted, std::memory_order_acq_rel)) {
  }
  if (now < wanted) wake_checkpoint();
}

result<void> engine_core::note_visible() {
  env_.reached("before visible mark");
  auto noted = shown_->note(lsn{visible_.load(std::memory_order_acquire)});
  env_.reached("after visible mark");
  return noted;
}

view_ptr engine_core::current_view() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

snapshot_ptr engine_core::take_snapshot() {
  view_ptr view;
  lsn at, catalog_version;
  {
    std::lock_guard lock(view_mutex_);
    view = view_;
    at = lsn{visible_.load(std::memory_order_acquire)};
    while (catalog_versions_.size() > 1 && catalog_versions_[1] <= at) catalog_versions_.pop_front();
    catalog_version = catalog_versions_.front();
  }
  return make_snapshot(std::move(view), at, catalog_version);
}

snapshot_ptr engine_core::take_snapshot_ahead(lsn to) {
  HELIOS_INVARIANT(to.value <= applied_.load(std::memory_order_acquire), "a snapshot shows only what is applied");
  view_ptr view;
  lsn at, catalog_version;
  {
    std::lock_guard lock(view_mutex_);
    view = view_;
    at = std::max(to, lsn{visible_.load(std::memory_order_acquire)});
    // None is dropped here: the next ordinary snapshot may need an older one.
    const auto later = std::upper_bound(catalog_versions_.begin(), catalog_versions_.end(), at);
    catalog_version = later == catalog_versions_.begin() ? catalog_versions_.front() : *std::prev(later);
  }
  return make_snapshot(std::move(view), at, catalog_version);
}

std::optional<engine::newest> engine_core::newest_version(space_id space, std::string_view key) {
  const auto found = current_view()->find(space, key, any_version);
  if (!found) return std::nullopt;
  return newest{found->version, found->erased};
}

std::optional<std::string> engine_core::newest_value(space_id space, std::string_view key) const {
  const auto view = current_view();
  const auto found = view->find(space, key, any_version);
  if (!found || found->erased) return std::nullopt;
  return std::string(found->value);
}

std::unique_ptr<transaction> engine_core::begin() { return make_transaction(next_txn(), *locks_); }

// Keys that are not row ids (shorter than 8 bytes) do not count.
std::uint64_t engine_core::largest_row_id(space_id space) const {
  const auto view = current_view();
  std::uint64_t largest = 0;
  const auto consider = [&largest](std::string_view key) {
    if (key.size() >= sizeof(std::uint64_t)) largest = std::max(largest, load_be<std::uint64_t>(key.data()));
  };
  for (const auto* table : {view->active.get(), view->frozen.get()}) {
    if (table == nullptr) continue;
    if (const auto key = table->largest_key(space)) consider(*key);
  }
  if (const auto key = view->base->largest_key(space)) consider(*key);
  return largest;
}

std::uint64_t engine_core::next_row_id(space_id space) {
  {
    std::shared_lock lock(row_ids_mutex_);
    if (const auto found = row_ids_.find(space); found != row_ids_.end())
      return found->second->fetch_add(1, std::memory_order_relaxed);
  }
  const auto largest = largest_row_id(space);
  std::unique_lock lock(row_ids_mutex_);
  auto& counter = row_ids_[space];
  if (counter == nullptr) counter = std::make_unique<std::atomic<std::uint64_t>>(largest + 1);
  return counter->fetch_add(1, std::memory_order_relaxed);
}

log_positions engine_core::positions() const {
  return {log_->written(), log_->flushed(), lsn{applied_.load(std::memory_order_acquire)},
          lsn{visible_.load(std::memory_order_acquire)}, last_epoch()};
}

engine_status engine_core::status() const {
  engine_status out;
  const auto now = positions();
  out.written = now.written;
  out.flushed = now.flushed;
  out.applied = now.applied;
  out.visible = now.visible;
  out.checkpoint = lsn{checkpoint_.load(std::memory_order_acquire)};
  out.oldest = log_->oldest();
  out.current_epoch = now.current_epoch;
  out.memtable_bytes = active_bytes_.load(std::memory_order_relaxed) + frozen_bytes_.load(std::memory_order_relaxed);
  out.wal_bytes_on_disk = distance(out.oldest, out.written);
  const auto usage = base_->usage();
  out.lmdb_map_bytes = usage.map_bytes;
  out.lmdb_used_bytes = usage.used_bytes;
  out.checkpoints = checkpoints_.load(std::memory_order_relaxed);
  out.fsyncs = log_->fsyncs();
  out.commits = commits_.load(std::memory_order_relaxed);
  return out;
}

std::vector<epoch_entry> engine_core::epoch_history() const {
  std::lock_guard lock(history_mutex_);
  return epochs_;
}

cohort_config engine_core::latest_config() const {
  std::lock_guard lock(history_mutex_);
  return config_;
}

result<wal_chunk_ptr> engine_core::read_wal(lsn from, std::size_t bytes_max) const {
  return log_->read(from, bytes_max);
}

std::optional<std::int64_t> engine_core::first_commit_time_after(lsn position) const {
  if (const auto remembered = times_.first_after(position); remembered.known) return remembered.time_us;
  constexpr std::size_t step_bytes = 64u << 10;
  for (;;) {
    auto chunk = log_->read(position, step_bytes);
    if (!chunk || (*chunk)->bytes.empty()) return std::nullopt;
    std::string_view rest = (*chunk)->bytes;
    while (!rest.empty()) {
      const auto record = view_record(rest);
      if (record.header.type == record_type::commit) return record.header.commit_time_us;
      rest.remove_prefix(record.header.length);
    }
    position = (*chunk)->end();
  }
}

}  // namespace helios::storage
