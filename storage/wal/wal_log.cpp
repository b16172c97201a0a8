#include "storage/wal/wal_log.hpp"

#include <fmt/format.h>

#include "base/invariant.hpp"
#include "base/log.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"wal"};
}  // namespace

std::string describe(const segment_ref& segment, lsn position, std::string_view fault) {
  return fmt::format("{} at {}: {}", segment.path.string(), position.value - segment.first.value, fault);
}

wal_log::~wal_log() {
  // A clean end leaves a true mark, so that a later loss of the tail is noticed.
  if (failed_ || current_ == nullptr || !options_.sync_enabled) return;
  auto synced = sync();
  auto marked = synced ? mark_->set(mark_->state()) : result<void>{};
  if (!synced || !marked) log::warning(speaker, "closing the WAL: the last fsync failed; recovery will check its tail");
}

error wal_log::fail(error why) {
  log::error(speaker, "the WAL failed and takes no further appends: {}", to_string(why));
  failed_ = why;
  return why;
}

result<void> wal_log::check_usable() const {
  if (!failed_) return {};
  return error{errc::io, fmt::format("the WAL failed earlier: {}", failed_->detail)};
}

result<void> wal_log::append(std::string_view records) {
  if (auto usable = check_usable(); !usable) return usable;
  env_.reached("before wal write");
  auto written = write_pieces(records);
  if (!written) {
    if (failed_) return written;
    if (auto undone = undo(); !undone) return fail(undone.failure());
    if (written.failure().code != errc::disk_full) return fail(written.failure());
    return written;
  }
  env_.reached("after wal write");
  written_.store(written_.load(std::memory_order_relaxed) + records.size(), std::memory_order_release);
  return {};
}

result<void> wal_log::write_pieces(std::string_view records) {
  lsn at = written();
  while (!records.empty()) {
    // As many records as the current segment takes; at least one, however long it is.
    const std::uint64_t used = at.value - current_first_.value;
    std::size_t piece = 0;
    while (piece < records.size()) {
      const auto length = record_length(records.substr(piece));
      HELIOS_INVARIANT(length >= record_header_bytes && length <= records.size() - piece, "whole records are appended");
      if (used + piece != 0 && used + piece + length > options_.segment_bytes) break;
      piece += length;
    }
    if (piece == 0) {
      if (auto rolled = roll(at); !rolled) return rolled;
      continue;
    }
    if (auto done = current_->write_at(used, records.substr(0, piece)); !done) return done;
    records.remove_prefix(piece);
    at = at + piece;
  }
  return {};
}

result<void> wal_log::roll(lsn first) {
  if (auto synced = sync_current(); !synced) return fail(synced.failure());
  auto created = segments_->create(first);
  if (!created) return created.failure();
  current_ = std::move(*created);
  current_first_ = first;
  return {};
}

result<void> wal_log::sync_current() {
  if (!options_.sync_enabled) return {};
  fsyncs_.fetch_add(1, std::memory_order_relaxed);
  return current_->sync();
}

result<void> wal_log::undo() {
  const lsn end = written();
  if (auto removed = segments_->remove_from(end); !removed) return removed;
  auto opened = segments_->open_last();
  if (!opened) return opened.failure();
  current_ = std::move(*opened);
  current_first_ = segments_->all().back().first;
  return current_->truncate(end.value - current_first_.value);
}

result<lsn> wal_log::sync() {
  if (auto usable = check_usable(); !usable) return usable.failure();
  const lsn end = written();
  if (end == flushed()) return end;
  env_.reached("before wal fsync");
  if (auto synced = sync_current(); !synced) return fail(synced.failure());
  env_.reached("after wal fsync");
  flushed_.store(end.value, std::memory_order_release);
  if (options_.sync_enabled) {
    if (auto noted = mark_->note(end); !noted && noted.failure().code != errc::disk_full) return fail(noted.failure());
  }
  return end;
}

result<void> wal_log::set_received(bool received) {
  if (auto usable = check_usable(); !usable) return usable;
  auto synced = sync();
  if (!synced) return synced.failure();
  const auto from = received ? std::min(mark_->state().received_from, *synced) : lsn{UINT64_MAX};
  auto set = mark_->set({*synced, from});
  return set ? result<void>{} : fail(set.failure());
}

result<void> wal_log::cut(lsn to) {
  env_.reached("before wal cut");
  // The mark goes first: never may it promise more than the log holds.
  if (mark_->state().durable > to) {
    auto state = mark_->state();
    state.durable = to;
    if (auto set = mark_->set(state); !set) return set;
  }
  env_.reached("amid wal cut");
  if (auto removed = segments_->remove_from(to); !removed) return removed;
  const auto last = segments_->all().back();
  HELIOS_INVARIANT(last.first <= to, "the log is cut inside its last segment");
  auto opened = env_.open(last.path, open_mode::read_write);
  if (!opened) return opened.failure();
  if (auto done = (*opened)->truncate(to.value - last.first.value); !done) return done;
  if (auto synced = (*opened)->sync(); !synced) return synced;
  env_.reached("after wal cut");
  return {};
}

}  // namespace helios::storage
