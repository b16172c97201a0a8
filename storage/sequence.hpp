#pragma once
// State of sequences: not transactional, as PostgreSQL's. Values are handed out from memory; every 32 of them one small
// commit in the WAL reserves the next 32, ordered before any commit that uses them, so that a crash leaves a gap and
// never a repeated value. Stored in sequence_space: key = big-endian oid. Any thread; primary only.

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "storage/engine.hpp"

namespace helios::storage {

struct sequence_rule {
  std::int64_t start = 1;
  std::int64_t increment = 1;  ///< not 0
  std::int64_t minimum = 1;
  std::int64_t maximum = INT64_MAX;
  bool cycle = false;
};

struct sequence_state {
  std::int64_t last_value = 0;
  bool is_called = false;
};

class sequence_table {
 public:
  virtual ~sequence_table() = default;
  /// errc::invalid_argument when the sequence is exhausted and does not cycle.
  virtual result<std::int64_t> next(std::uint32_t oid, const sequence_rule& rule, commit_sink& sink) = 0;
  virtual void set(std::uint32_t oid, std::int64_t value, bool is_called, commit_sink& sink) = 0;
  /// What the WAL says (on a standby) or memory knows (on the primary); nothing before the first use.
  virtual std::optional<sequence_state> peek(std::uint32_t oid) const = 0;
  /// Writes exact values at a clean shutdown, so that it leaves no gaps.
  virtual void flush(commit_sink& sink) = 0;
  /// Object ids from one sequence of their own, beginning at 16384.
  virtual std::uint32_t next_oid(commit_sink& sink) = 0;
};

}  // namespace helios::storage
