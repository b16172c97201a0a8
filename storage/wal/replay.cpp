#include "storage/wal/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/bytes.hpp"

namespace helios::storage {
namespace {

// Large enough that reading it costs few calls, small enough that a block is still in the cache when it is applied.
constexpr std::size_t block_bytes = 1u << 20;

struct batch {
  std::vector<char> block;           ///< grows and stays: a new one would cost page faults
  std::vector<record_view> records;  ///< views into it
};

// A ring of batches between the scanning and the applying thread.
class batch_queue {
 public:
  /// The scanner's next batch to fill; waits for a free one. Null when the applier has given up.
  batch* to_fill() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return abandoned_ || filled_ - applied_ < ring_.size(); });
    return abandoned_ ? nullptr : &ring_[filled_ % ring_.size()];
  }
  void filled() { step([this] { ++filled_; }); }
  void finish() { step([this] { finished_ = true; }); }

  /// The applier's next batch; null after the last one.
  batch* to_apply() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_ || applied_ < filled_; });
    return applied_ < filled_ ? &ring_[applied_ % ring_.size()] : nullptr;
  }
  void applied() { step([this] { ++applied_; }); }
  void abandon() { step([this] { abandoned_ = true; }); }

 private:
  template <class Change>
  void step(Change&& change) {
    std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<batch, 4> ring_;
  std::size_t filled_ = 0, applied_ = 0;
  bool finished_ = false, abandoned_ = false;
};

class scanner {
 public:
  scanner(env& environment, const std::vector<segment_ref>& segments, const scan_options& options,
          const replay_target& target, batch_queue& to)
      : env_(environment), segments_(segments), options_(options), target_(target), to_(to) {}

  void run(lsn from);
  const scan_end& end() const { return end_; }

 private:
  struct opened_segment {
    std::unique_ptr<file> from;
    lsn first, end;
  };
  result<opened_segment> open_segment(std::size_t index) const;
  // Each returns whether the scan goes on.
  bool run_segment(const opened_segment& segment);
  bool read_block(const opened_segment& segment, batch& into);
  bool check_block(batch& what);
  bool stop(scan_end::reason kind, error why = {errc::corrupt, {}}) {
    end_.kind = kind;
    end_.why = std::move(why);
    return false;
  }
  bool at_truncation() const { return options_.truncate_to && end_.position == *options_.truncate_to; }

  env& env_;
  const std::vector<segment_ref>& segments_;
  scan_options options_;
  const replay_target& target_;
  batch_queue& to_;
  scan_end end_;
  std::string begun_;            ///< of a record that the last block ended in
  std::size_t needed_ = 0;       ///< length of that record, if known
  std::size_t block_size_ = 0;   ///< used bytes of the block
  bool segment_read_ = false;    ///< nothing follows the block in its segment
};

result<scanner::opened_segment> scanner::open_segment(std::size_t index) const {
  opened_segment out;
  auto opened = env_.open(segments_[index].path, open_mode::read);
  if (!opened) return opened.failure();
  out.from = std::move(*opened);
  out.first = segments_[index].first;
  auto size = out.from->size();
  if (!size) return size.failure();
  out.end = index + 1 == segments_.size() ? out.first + *size : segments_[index + 1].first;
  return out;
}

void scanner::run(lsn from) {
  end_.position = from;
  for (bool goes_on = true; goes_on; ++end_.segment) {
    auto segment = open_segment(end_.segment);
    if (!segment) {
      stop(scan_end::reason::failed, segment.failure());
      return;
    }
    if (!run_segment(*segment) || end_.segment + 1 == segments_.size()) return;
  }
}

bool scanner::run_segment(const opened_segment& segment) {
  if (segment.end < end_.position) {
    end_.position = segment.end;
    return stop(scan_end::reason::damaged, {errc::corrupt, "the log ends before its checkpoint"});
  }
  while (end_.position < segment.end && !at_truncation()) {
    auto* next = to_.to_fill();
    if (next == nullptr) return stop(scan_end::reason::failed, {errc::closed, "the replay was given up"});
    next->records.clear();
    if (!read_block(segment, *next)) return false;
    const bool goes_on = check_block(*next);
    to_.filled();
    if (!goes_on) return false;
  }
  return !at_truncation();
}

bool scanner::read_block(const opened_segment& segment, batch& into) {
  const lsn from = end_.position + begun_.size();
  const std::size_t wanted = std::max(block_bytes, needed_) - begun_.size();
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, distance(from, segment.end)));
  block_size_ = begun_.size() + bytes;
  if (into.block.size() < block_size_) into.block.resize(std::max(block_size_, block_bytes));
  std::memcpy(into.block.data(), begun_.data(), begun_.size());
  auto got = segment.from->read_at(from.value - segment.first.value, bytes, into.block.data() + begun_.size());
  if (!got) return stop(scan_end::reason::failed, got.failure());
  block_size_ = begun_.size() + *got;
  segment_read_ = *got < bytes || from + bytes == segment.end;
  begun_.clear();
  needed_ = 0;
  return true;
}

bool scanner::check_block(batch& what) {
  std::string_view rest(what.block.data(), block_size_);
  while (!at_truncation() && !(rest.empty() && segment_read_)) {
    const auto parsed = parse_record(rest, end_.position, options_.record_bytes_max);
    if (parsed.fault == record_fault::incomplete && !segment_read_) {
      begun_ = rest;
      if (rest.size() >= record_header_bytes) needed_ = record_length(rest);
      return true;
    }
    if (parsed.fault != record_fault::none)
      return stop(scan_end::reason::bad_record, {errc::corrupt, to_string(parsed.fault)});
    const auto& record = parsed.record;
    if (options_.truncate_to && record.end() > *options_.truncate_to) {
      return stop(scan_end::reason::failed,
                  {errc::invalid_argument,
                   fmt::format("WAL position {} is not a record's border", options_.truncate_to->value)});
    }
    if (auto checked = target_.check(record); !checked) return stop(scan_end::reason::damaged, checked.failure());
    what.records.push_back(record);
    end_.position = record.end();
    rest.remove_prefix(record.header.length);
  }
  return true;
}

// Ends the scanning thread, also when applying throws.
class scanning_thread {
 public:
  scanning_thread(scanner& work, lsn from, batch_queue& queue)
      : queue_(queue), thread_([&work, from, &queue] {
          work.run(from);
          queue.finish();
        }) {}
  scanning_thread(const scanning_thread&) = delete;
  ~scanning_thread() {
    queue_.abandon();
    thread_.join();
  }

 private:
  batch_queue& queue_;
  std::thread thread_;
};

}  // namespace

scan_end replay_log(env& environment, const std::vector<segment_ref>& segments, lsn from, const scan_options& options,
                    replay_target& target) {
  batch_queue queue;
  scanner ahead(environment, segments, options, target, queue);
  {
    scanning_thread running(ahead, from, queue);
    while (auto* next = queue.to_apply()) {
      target.apply(next->records);
      queue.applied();
    }
  }
  return ahead.end();
}

}  // namespace helios::storage
