#pragma once
// What a merged cursor is made of: the entries of one level (own writes, a memtable, LMDB) within one space, a range and
// a direction, tombstones included, each key once.

#include <string_view>

#include "storage/engine.hpp"

namespace helios::storage {

struct entry {
  std::string_view key;
  std::string_view value;
  lsn version;
  bool erased = false;
};

class entry_source {
 public:
  virtual ~entry_source() = default;
  virtual bool valid() const = 0;
  /// Only when valid(); views hold until next().
  virtual const entry& current() const = 0;
  virtual void next() = 0;
};

/// True when `key` lies before the end of `range`, seen in the direction of the walk.
inline bool within(const key_range& range, scan_direction direction, std::string_view key) {
  if (direction == scan_direction::backward) return key >= range.lower;
  return !range.upper || key < *range.upper;
}

}  // namespace helios::storage
