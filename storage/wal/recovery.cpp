// Opening a log: replay, and the verdict over a record that does not check.
//
// A crash may leave the part of the log that was not fsynced torn in any way: that part is cut. A bad record in the part
// that was fsynced is damage, and the store must not open: cutting there would lose acknowledged commits. What proves
// that a position was durable: a later segment (segments are fsynced before their successor is created), the durable
// mark, or a later record of this node's own that names a higher `durable`.

#include <fmt/format.h>

#include "base/log.hpp"
#include "storage/wal/wal_log.hpp"

namespace helios::storage {
namespace {
constexpr log::source speaker{"recovery"};
constexpr std::string_view advice =
    "the WAL is damaged where it was durable; on a standby remove the data directory, it resynchronises by itself; on a "
    "primary promote a standby, or restore a base backup, and keep this directory for analysis";

class recovery {
 public:
  recovery(env& environment, const segment_list& segments, const mark_state& mark, std::uint64_t record_bytes_max)
      : env_(environment), segments_(segments.all()), mark_(mark), record_bytes_max_(record_bytes_max) {}

  /// The end of the good log.
  result<lsn> run(lsn replay_from, std::optional<lsn> truncate_to, replay_target& target);

 private:
  result<void> judge(const scan_end& at) const;
  std::optional<std::string> proof_of_durability(const scan_end& at, std::string_view bytes) const;
  error corrupt(std::size_t index, lsn position, std::string_view fault) const {
    return error{errc::corrupt, fmt::format("{}; {}", describe(segments_[index], position, fault), advice)};
  }

  env& env_;
  std::vector<segment_ref> segments_;
  mark_state mark_;
  std::uint64_t record_bytes_max_;
};

result<lsn> recovery::run(lsn replay_from, std::optional<lsn> truncate_to, replay_target& target) {
  if (segments_.empty() || segments_.front().first > replay_from) {
    return error{errc::corrupt, fmt::format("WAL from the checkpoint ({}) on is missing; {}", replay_from.value, advice)};
  }
  while (segments_.size() > 1 && segments_[1].first <= replay_from) segments_.erase(segments_.begin());
  const auto end = replay_log(env_, segments_, replay_from, {record_bytes_max_, truncate_to}, target);
  switch (end.kind) {
    case scan_end::reason::failed: return end.why;
    case scan_end::reason::damaged: return corrupt(end.segment, end.position, end.why.detail);
    case scan_end::reason::bad_record:
      if (auto verdict = judge(end); !verdict) return verdict.failure();
      break;
    case scan_end::reason::end_of_log: break;
  }
  const bool cut_on_demand = truncate_to && end.position == *truncate_to;
  if (mark_.durable > end.position && !cut_on_demand) {
    return corrupt(end.segment, end.position,
                   fmt::format("the log ends here, but was durable up to {}", mark_.durable.value));
  }
  return end.position;
}

result<void> recovery::judge(const scan_end& at) const {
  const auto bytes = read_file(env_, segments_[at.segment].path);
  if (!bytes) return bytes.failure();
  if (auto proof = proof_of_durability(at, *bytes))
    return corrupt(at.segment, at.position, fmt::format("{} ({})", at.why.detail, *proof));
  const auto lost = distance(at.position, segments_[at.segment].first + bytes->size());
  log::warning(speaker, "WAL: cut a torn tail of {} bytes, never acknowledged: {}", lost,
               describe(segments_[at.segment], at.position, at.why.detail));
  return {};
}

std::optional<std::string> recovery::proof_of_durability(const scan_end& at, std::string_view bytes) const {
  if (at.segment + 1 < segments_.size()) return fmt::format("{} follows", segments_[at.segment + 1].path.string());
  if (mark_.durable > at.position) return fmt::format("it was durable up to {}", mark_.durable.value);
  if (at.position >= mark_.received_from) return std::nullopt;
  const lsn first = segments_[at.segment].first;
  std::size_t from = static_cast<std::size_t>(at.position.value - first.value) + 1;
  while (auto later = find_record(bytes, first, from, record_bytes_max_)) {
    if (later->header.durable > at.position)
      return fmt::format("the record at {} says it was durable up to {}", later->header.position.value,
                         later->header.durable.value);
    from = static_cast<std::size_t>(later->end().value - first.value);
  }
  return std::nullopt;
}

}  // namespace

result<void> wal_log::create(env& environment, const std::filesystem::path& directory, lsn first) {
  if (auto made = environment.make_directory(directory); !made) return made;
  auto segments = segment_list::open(environment, directory);
  if (!segments) return segments.failure();
  auto created = (*segments)->create(first);
  if (!created) return created.failure();
  return (*created)->sync();
}

result<std::unique_ptr<wal_log>> wal_log::open(env& environment, wal_options options, lsn replay_from,
                                               std::optional<lsn> truncate_to, replay_target& target) {
  std::unique_ptr<wal_log> out(new wal_log(environment, std::move(options)));
  auto segments = segment_list::open(environment, out->options_.directory);
  if (!segments) return segments.failure();
  out->segments_ = std::move(*segments);
  auto mark = durable_mark::open(environment, out->options_.directory / "durable.mark");
  if (!mark) return mark.failure();
  out->mark_ = std::move(*mark);

  recovery replaying(environment, *out->segments_, out->mark_->state(), out->options_.record_bytes_max);
  const auto end = replaying.run(replay_from, truncate_to, target);
  if (!end) return end.failure();
  if (auto cut = out->cut(*end); !cut) return cut.failure();
  auto current = out->segments_->open_last();
  if (!current) return current.failure();
  out->current_ = std::move(*current);
  out->current_first_ = out->segments_->all().back().first;
  out->written_ = end->value;
  out->flushed_ = end->value;
  auto state = out->mark_->state();
  state.durable = *end;
  if (auto set = out->mark_->set(state); !set) return set.failure();
  return out;
}

}  // namespace helios::storage
