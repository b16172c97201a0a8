// The writer thread: records into the WAL and their changes into the memtable.

#include <fmt/format.h>

#include <algorithm>

#include "base/invariant.hpp"
#include "storage/engine_core.hpp"
#include "storage/wal/change.hpp"

namespace helios::storage {

record_header engine_core::next_header(record_type type, lsn position) const {
  record_header out;
  out.type = type;
  out.position = position;
  out.number = last_epoch();
  out.durable = log_->flushed();
  return out;
}

// --- what a record does, on the primary, on a standby and in recovery alike ---

void engine_core::apply_record(const record_view& record) {
  switch (record.header.type) {
    case record_type::commit: apply_commit(record); break;
    case record_type::epoch_start: apply_epoch_start(record); break;
    case record_type::config: apply_config(record); break;
  }
  set_applied(record.end());
}

void engine_core::apply_commit(const record_view& record) {
  const lsn at = record.end();
  bool changes_catalog = false;
  change_reader changes(record.body);
  while (auto change = changes.next()) {
    changes_catalog |= is_catalog(change->space);
    active_->apply(*change, at);
  }
  HELIOS_INVARIANT(changes.ok(), "changes are checked before they are applied");
  active_bytes_.store(active_->bytes(), std::memory_order_relaxed);
  count_commit(record.header, at, changes_catalog);
}

void engine_core::count_commit(const record_header& header, lsn end, bool changes_catalog) {
  last_txn_ = std::max(last_txn_, header.txn);
  commits_.fetch_add(1, std::memory_order_relaxed);
  times_.add(end, header.commit_time_us);
  if (!changes_catalog) return;
  catalog_version_ = end;
  std::lock_guard lock(view_mutex_);
  catalog_versions_.push_back(end);
}

void engine_core::apply_epoch_start(const record_view& record) {
  auto entry = decode_epoch_start(record.body, record.header.number, record.header.position);
  HELIOS_INVARIANT(entry.has_value(), "an epoch's start is checked before it is applied");
  std::lock_guard lock(history_mutex_);
  epochs_.push_back(std::move(*entry));
  epoch_.store(record.header.number.value, std::memory_order_release);
}

void engine_core::apply_config(const record_view& record) {
  auto config = decode_config(record.body);
  HELIOS_INVARIANT(config.has_value(), "a config is checked before it is applied");
  std::lock_guard lock(history_mutex_);
  config_ = std::move(*config);
}

// --- primary ---

// A change of role: what was cached about the other one's writes is forgotten.
result<void> engine_core::become(bool receiver) {
  if (is_receiver_ == receiver) return {};
  if (auto set = log_->set_received(receiver); !set) return set;
  // Directly after opening nothing can have been cached in another role, and this role's counters must stay.
  if (is_receiver_) {
    role_changes_.fetch_add(1, std::memory_order_release);
    std::unique_lock lock(row_ids_mutex_);
    row_ids_.clear();
  }
  is_receiver_ = receiver;
  const std::uint64_t next = last_txn_.value + 1;
  if (next > next_txn_.load(std::memory_order_relaxed)) next_txn_.store(next, std::memory_order_relaxed);
  return {};
}

result<wal_chunk_ptr> engine_core::append_own(record_header header, std::string_view body) {
  auto chunk = std::make_shared<wal_chunk>();
  chunk->begin = header.position;
  encode_record(chunk->bytes, header, body);
  if (auto written = log_->append(chunk->bytes); !written) return written.failure();
  header.length = static_cast<std::uint32_t>(chunk->bytes.size());
  apply_record({header, body});
  return wal_chunk_ptr(chunk);
}

result<wal_chunk_ptr> engine_core::begin_epoch(epoch number, const node_id& leader) {
  std::lock_guard lock(writer_mutex_);
  if (number <= last_epoch()) {
    return error{errc::refused, fmt::format("epoch {} is not above epoch {} of the log", number.value,
                                            last_epoch().value)};
  }
  if (auto became = become(false); !became) return became.failure();
  auto header = next_header(record_type::epoch_start, log_->written());
  header.number = number;
  return append_own(header, encode_epoch_start({number, last_epoch(), header.position, leader.value}));
}

result<wal_chunk_ptr> engine_core::append_config(const cohort_config& config) {
  std::lock_guard lock(writer_mutex_);
  if (auto became = become(false); !became) return became.failure();
  return append_own(next_header(record_type::config, log_->written()), encode_config(config));
}

// Sets the units' ends; those that do not fit are refused one by one, so that their neighbours commit.
std::string engine_core::encode_units(std::span<const commit_unit_ptr> units, lsn begin) const {
  std::size_t bytes = 0;
  for (const auto& unit : units) bytes += record_header_bytes + unit->body.size();
  std::string out;
  out.reserve(bytes);
  auto header = next_header(record_type::commit, begin);
  for (const auto& unit : units) {
    if (record_header_bytes + unit->body.size() > options_.record_bytes_max) {
      unit->end = lsn{0};
      if (unit->acknowledged != nullptr)
        unit->acknowledged->complete(error{
            errc::invalid_argument, fmt::format("the transaction changes {} bytes, more than the {} that one commit may",
                                                unit->body.size(), options_.record_bytes_max - record_header_bytes)});
      continue;
    }
    header.position = begin + out.size();
    header.txn = unit->txn;
    header.commit_time_us = unit->commit_time_us;
    encode_record(out, header, unit->body);
    unit->end = begin + out.size();
  }
  return out;
}

result<wal_chunk_ptr> engine_core::append(std::span<const commit_unit_ptr> units) {
  auto chunk = append_units(units);
  if (!chunk) return chunk;
  for (const auto& unit : units) {
    if (unit->end.value != 0 && !unit->handed_over.empty()) locks_->hand_over(unit->txn, unit->handed_over);
  }
  return chunk;
}

result<wal_chunk_ptr> engine_core::append_units(std::span<const commit_unit_ptr> units) {
  std::lock_guard lock(writer_mutex_);
  if (auto became = become(false); !became) return became.failure();
  auto chunk = std::make_shared<wal_chunk>();
  chunk->begin = log_->written();
  chunk->bytes = encode_units(units, chunk->begin);
  if (auto written = log_->append(chunk->bytes); !written) return written.failure();
  record_header header;
  header.position = chunk->begin;
  for (const auto& unit : units) {
    if (unit->end.value == 0) continue;
    header.length = static_cast<std::uint32_t>(unit->end.value - header.position.value);
    header.txn = unit->txn;
    header.commit_time_us = unit->commit_time_us;
    apply_record({header, unit->body});
    chunk->last_commit_time_us = unit->commit_time_us;
    header.position = unit->end;
  }
  return wal_chunk_ptr(chunk);
}

result<lsn> engine_core::sync() {
  auto synced = log_->sync();
  if (synced) wake_checkpoint();
  return synced;
}

// --- standby ---

result<engine_core::verified> engine_core::verify_replicated(lsn begin, std::string_view bytes) const {
  verified at{begin, last_epoch()};
  const auto refuse = [&at](errc code, std::string_view why) {
    return error{code, fmt::format("WAL from the primary at {}: {}", at.end.value, why)};
  };
  while (!bytes.empty()) {
    const auto parsed = parse_record(bytes, at.end, options_.record_bytes_max);
    if (parsed.fault == record_fault::checksum) return refuse(errc::corrupt, to_string(parsed.fault));
    if (parsed.fault != record_fault::none) return refuse(errc::protocol, to_string(parsed.fault));
    const auto& record = parsed.record;
    if (record.header.type == record_type::epoch_start) {
      if (record.header.number <= at.number) return refuse(errc::protocol, "its epoch does not grow");
      if (!decode_epoch_start(record.body, record.header.number, record.header.position))
        return refuse(errc::corrupt, "an epoch's start is malformed");
      at.number = record.header.number;
    } else if (record.header.number != at.number) {
      return refuse(errc::protocol, fmt::format("a record of epoch {} within epoch {}", record.header.number.value,
                                                at.number.value));
    } else if (record.header.type == record_type::commit ? !well_formed(record.body) : !decode_config(record.body)) {
      return refuse(errc::corrupt, "its body is malformed");
    }
    at.end = record.end();
    bytes.remove_prefix(record.header.length);
  }
  return at;
}

result<void> engine_core::append_replicated(lsn begin, std::string_view bytes) {
  std::lock_guard lock(writer_mutex_);
  if (begin != log_->written()) {
    return error{errc::protocol, fmt::format("WAL from the primary begins at {}, but this log ends at {}", begin.value,
                                             log_->written().value)};
  }
  if (auto checked = verify_replicated(begin, bytes); !checked) return checked.failure();
  if (auto became = become(true); !became) return became;
  if (auto written = log_->append(bytes); !written) return written;
  while (!bytes.empty()) {
    const auto record = view_record(bytes);
    apply_record(record);
    bytes.remove_prefix(record.header.length);
  }
  return {};
}

// --- a node of its own ---

void direct_commit_sink::submit(commit_unit_ptr unit) {
  result<void> outcome;
  {
    std::lock_guard lock(mutex_);
    auto appended = engine_.append({&unit, 1});
    auto synced = appended ? engine_.sync() : result<lsn>(appended.failure());
    if (synced) engine_.advance_visible(unit->end);
    else outcome = synced.failure();
  }
  if (unit->acknowledged != nullptr) unit->acknowledged->complete(std::move(outcome));
}

}  // namespace helios::storage
