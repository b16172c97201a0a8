// Opening: the log from the checkpoint on becomes a memtable, and what was visible is so again.

#include <fmt/format.h>

#include <utility>

#include "base/invariant.hpp"
#include "base/log.hpp"
#include "storage/engine_core.hpp"
#include "storage/mvcc/memtable_loader.hpp"
#include "storage/wal/change.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"storage"};
}  // namespace

// What recovery does with the records. Nobody else knows the engine yet: its locks are free, and no snapshot exists.
class engine_core::replayer final : public replay_target {
 public:
  replayer(engine_core& owner, lsn shown) : owner_(owner), loader_(*owner.active_, shown) {}

  result<void> check(const record_view& record) const override {
    const auto& header = record.header;
    if (header.type == record_type::commit && !well_formed(record.body))
      return error{errc::corrupt, "the changes of a commit are malformed"};
    if (header.type == record_type::config && !decode_config(record.body))
      return error{errc::corrupt, "a cohort config is malformed"};
    if (header.type == record_type::epoch_start && !decode_epoch_start(record.body, header.number, header.position))
      return error{errc::corrupt, "an epoch's start is malformed"};
    return {};
  }

  void apply(std::span<const record_view> records) override {
    for (const auto& record : records) {
      if (record.header.type == record_type::commit) load(record);
      else owner_.apply_record(record);
    }
    loader_.flush();
    if (!records.empty()) owner_.set_applied(records.back().end());
  }

  void finish() {
    loader_.finish();
    owner_.active_bytes_.store(owner_.active_->bytes(), std::memory_order_relaxed);
  }

 private:
  void load(const record_view& record) {
    const lsn at = record.end();
    bool changes_catalog = false;
    change_reader changes(record.body);
    while (auto change = changes.next()) {
      changes_catalog |= is_catalog(change->space);
      loader_.add(*change, at);
    }
    HELIOS_INVARIANT(changes.ok(), "changes are checked before they are applied");
    owner_.count_commit(record.header, at, changes_catalog);
  }

  engine_core& owner_;
  memtable_loader loader_;
};

result<void> engine_core::open_log() {
  const lsn from{checkpoint_};
  if (options_.truncate_to && *options_.truncate_to < from) {
    return error{errc::refused, fmt::format("the WAL cannot be cut at {}: what lies before {} is checkpointed; this node "
                                            "needs a base backup",
                                            options_.truncate_to->value, from.value)};
  }
  times_.start(from);
  auto mark = visible_mark::open(env_, paths_.wal() / "visible.mark");
  if (!mark) return mark.failure();
  // Where the log is cut below the mark, the watermark will stand at its end.
  replayer target(*this, (*mark)->read());
  wal_options log_options{paths_.wal(), options_.segment_bytes, options_.record_bytes_max, options_.sync_enabled};
  auto log = wal_log::open(env_, std::move(log_options), from, options_.truncate_to, target);
  if (!log) return log.failure();
  target.finish();
  log_ = std::move(*log);
  next_txn_ = last_txn_.value + 1;
  log::info(speaker, "store open: checkpoint {}, WAL up to {}, epoch {}", from.value, log_->written().value,
            epoch_.load());
  return show_again(std::move(*mark));
}

// Never more than what is still in the log. Only now may closing write the mark again.
result<void> engine_core::show_again(std::unique_ptr<visible_mark> mark) {
  shown_ = std::move(mark);
  const auto noted = shown_->read();
  advance_visible(noted);
  if (noted <= log_->written()) return {};
  env_.reached("before visible mark cut");
  auto set = shown_->set(lsn{visible_});
  env_.reached("after visible mark cut");
  return set;
}

}  // namespace helios::storage
