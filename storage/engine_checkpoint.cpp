// The checkpoint thread: a frozen memtable becomes LMDB pages, and the WAL below it is recycled. Appends go on meanwhile
// into a new memtable; the frozen one stays in the view until LMDB has its content.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/invariant.hpp"
#include "base/log.hpp"
#include "storage/engine_core.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"checkpoint"};
}  // namespace

bool engine_core::checkpoint_due() const {
  const lsn from{checkpoint_.load(std::memory_order_acquire)};
  return active_bytes_.load(std::memory_order_relaxed) >= options_.memtable_bytes_max ||
         distance(from, log_->written()) >= options_.checkpoint_wal_bytes;
}

result<void> engine_core::checkpoint() {
  std::lock_guard one_at_a_time(checkpoint_mutex_);
  if (stopped_.load(std::memory_order_acquire)) return error{errc::closed, "the node shuts down"};
  if (!frozen_) {
    if (auto done = freeze(); !done) return done;
  }
  if (frozen_) {
    if (auto waited = wait_until_ready(); !waited) return waited;
    if (auto written = write_frozen(); !written) return written;
  }
  return recycle();
}

// Nothing is frozen when nothing was written since the last checkpoint.
result<void> engine_core::freeze() {
  auto next = std::make_shared<memtable>();
  std::lock_guard writer(writer_mutex_);
  const lsn end{applied_.load(std::memory_order_acquire)};
  HELIOS_INVARIANT(end == log_->written(), "what is written is applied whenever no append is under way");
  if (end.value == checkpoint_.load(std::memory_order_acquire)) return {};
  frozen_table made;
  made.table = active_;
  made.meta.cluster_id = options_.cluster_id;
  made.meta.checkpoint = end;
  made.meta.catalog_version = catalog_version_;
  made.meta.last_txn = last_txn_;
  {
    std::lock_guard history(history_mutex_);
    made.meta.epochs = epochs_;
    made.meta.config = config_;
  }
  frozen_bytes_.store(active_->bytes(), std::memory_order_relaxed);
  active_bytes_.store(0, std::memory_order_relaxed);
  frozen_ = std::move(made);
  active_ = std::move(next);
  std::lock_guard lock(view_mutex_);
  view_ = std::make_shared<snapshot_view>(snapshot_view{active_, frozen_->table, base_, view_->base});
  return {};
}

bool engine_core::frozen_is_ready() const {
  const lsn end = frozen_->meta.checkpoint;
  return visible_.load(std::memory_order_acquire) >= end.value && log_->flushed() >= end;
}

// Both sides read and write waiters_ in one step, so that one of them comes first: either the waiter's step reads from
// the one here and the waiter sees the new watermark, or this one sees the waiter.
void engine_core::wake_checkpoint() {
  if (waiters_.fetch_add(0, std::memory_order_acq_rel) == 0) return;
  std::lock_guard lock(wait_mutex_);
  ready_.notify_all();
}

result<void> engine_core::wait_until_ready() {
  std::unique_lock lock(wait_mutex_);
  waiters_.fetch_add(1, std::memory_order_acq_rel);
  const bool in_time = ready_.wait_for(lock, options_.checkpoint_wait, [this] { return stopped_ || frozen_is_ready(); });
  waiters_.fetch_sub(1, std::memory_order_acq_rel);
  if (stopped_) return error{errc::closed, "the node shuts down"};
  if (in_time) return {};
  return error{errc::timeout, fmt::format("the WAL up to {} is not acknowledged and fsynced yet (visible {}, fsynced {})",
                                          frozen_->meta.checkpoint.value, visible_.load(), log_->flushed().value)};
}

void engine_core::stop_checkpoints() {
  stopped_.store(true, std::memory_order_release);
  std::lock_guard lock(wait_mutex_);
  ready_.notify_all();
}

namespace {
/// errc::closed when it is `stopped` on the way: the store is to be closed now, and the log holds everything.
result<void> write_table(lmdb_write& txn, const memtable& table, const std::atomic<bool>& stopped) {
  result<void> outcome;
  const auto run = [&outcome, &stopped](auto&& action) {
    if (!outcome) return;
    if (stopped.load(std::memory_order_relaxed)) outcome = error{errc::closed, "the node shuts down"};
    else outcome = action();
  };
  constexpr lsn any_version{UINT64_MAX};
  table.for_each_drop([&](space_id space, lsn) { run([&] { return txn.drop_space(space); }); });
  table.for_each_newest([&](space_id space, std::string_view key, const memtable::version& newest) {
    if (table.dropped(space, any_version)) return;
    run([&] { return newest.erased ? txn.erase(space, key) : txn.put(space, key, newest.at, newest.value()); });
  });
  return outcome;
}
}  // namespace

result<void> engine_core::write_frozen() {
  const auto began = std::chrono::steady_clock::now();
  const lsn end = frozen_->meta.checkpoint;
  auto txn = base_->write();
  if (!txn) return txn.failure();
  env_.reached("before lmdb writes");
  if (auto written = write_table(*txn, *frozen_->table, stopped_); !written) return written;
  if (auto put = txn->put_meta(frozen_->meta); !put) return put;
  env_.reached("before lmdb commit");
  if (auto committed = txn->commit(); !committed) return committed;
  env_.reached("after lmdb commit");

  auto read = base_->read();
  if (!read) return read.failure();
  auto base = std::make_shared<lmdb_read>(std::move(*read));
  view_ptr old;  // freed, with its memtable, outside the lock
  {
    std::lock_guard lock(view_mutex_);
    const snapshot_view next{view_->active, nullptr, base_, std::move(base)};
    old = std::exchange(view_, std::make_shared<snapshot_view>(next));
  }
  checkpoint_.store(end.value, std::memory_order_release);
  checkpoints_.fetch_add(1, std::memory_order_relaxed);
  frozen_bytes_.store(0, std::memory_order_relaxed);
  frozen_.reset();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  log::debug(speaker, "checkpoint at {} done in {} ms", end.value, took.count());
  return {};
}

result<void> engine_core::recycle() {
  const auto below = std::min(checkpoint_.load(std::memory_order_acquire), keep_from_.load(std::memory_order_relaxed));
  return log_->recycle(lsn{below});
}

}  // namespace helios::storage
