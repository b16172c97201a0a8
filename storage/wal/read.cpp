#include <fmt/format.h>

#include <algorithm>

#include "storage/wal/wal_log.hpp"

namespace helios::storage {
namespace {

struct piece {
  const file& from;
  segment_ref segment;
  std::uint64_t available;  ///< written bytes of the segment from the position on
};

result<void> load(const piece& what, wal_chunk& chunk, std::uint64_t bytes) {
  chunk.bytes.resize(static_cast<std::size_t>(std::min(bytes, what.available)));
  const auto offset = chunk.begin.value - what.segment.first.value;
  auto got = what.from.read_at(offset, chunk.bytes.size(), chunk.bytes.data());
  if (!got) return got.failure();
  if (*got == chunk.bytes.size()) return {};
  return error{errc::corrupt, describe(what.segment, chunk.begin + *got, "the file ends before the log does")};
}

// Cuts the chunk to its whole records and checks each of them.
result<void> keep_whole_records(const piece& what, wal_chunk& chunk, std::uint64_t record_bytes_max) {
  std::size_t whole = 0;
  while (whole < chunk.bytes.size()) {
    const lsn at = chunk.begin + whole;
    const auto parsed = parse_record(std::string_view(chunk.bytes).substr(whole), at, record_bytes_max);
    const bool last = chunk.bytes.size() == what.available;
    if (parsed.fault == record_fault::incomplete && whole != 0 && !last) break;
    if (parsed.fault != record_fault::none)
      return error{errc::corrupt, describe(what.segment, at, to_string(parsed.fault))};
    if (parsed.record.header.type == record_type::commit)
      chunk.last_commit_time_us = parsed.record.header.commit_time_us;
    whole += parsed.record.header.length;
  }
  chunk.bytes.resize(whole);
  return {};
}

}  // namespace

result<wal_chunk_ptr> wal_log::read(lsn from, std::size_t bytes_max) const {
  auto chunk = std::make_shared<wal_chunk>();
  chunk->begin = from;
  const lsn end = written();
  if (from > end) return error{errc::invalid_argument, fmt::format("WAL position {} is beyond its end", from.value)};
  const auto found = segments_->find(from);
  if (!found) return error{errc::not_found, fmt::format("WAL position {} has been recycled", from.value)};
  if (from == end) return wal_chunk_ptr(chunk);
  auto opened = env_.open(found->segment.path, open_mode::read);
  if (!opened) {
    if (env_.exists(found->segment.path)) return opened.failure();
    return error{errc::not_found, fmt::format("WAL position {} has just been recycled", from.value)};
  }
  const piece what{**opened, found->segment, std::min(found->next.value_or(end), end).value - from.value};
  if (auto loaded = load(what, *chunk, std::max<std::uint64_t>(bytes_max, record_header_bytes)); !loaded)
    return loaded.failure();
  // A first record that is longer than the bound is still handed out whole.
  if (chunk->bytes.size() >= record_header_bytes) {
    const auto first = record_length(chunk->bytes);
    if (first > chunk->bytes.size()) {
      if (auto loaded = load(what, *chunk, first); !loaded) return loaded.failure();
    }
  }
  if (auto kept = keep_whole_records(what, *chunk, options_.record_bytes_max); !kept) return kept.failure();
  return wal_chunk_ptr(chunk);
}

}  // namespace helios::storage
