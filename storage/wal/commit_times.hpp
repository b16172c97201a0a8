#pragma once
// When the newest commits were made: (end of the record, commit time), for lag_ms. Bounded: what is older than it
// remembers is looked up in the WAL. Written by the writer thread, read by any.

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "base/types.hpp"

namespace helios::storage {

class commit_times {
 public:
  /// Nothing before `from` is known.
  void start(lsn from);
  void add(lsn end, std::int64_t time_us);
  struct answer {
    bool known = false;                  ///< false: `position` is older than what is remembered
    std::optional<std::int64_t> time_us; ///< of the first commit that ends after it
  };
  answer first_after(lsn position) const;

 private:
  static constexpr std::size_t entries_max = 64u << 10;
  struct entry {
    lsn end;
    std::int64_t time_us;
  };
  mutable std::mutex mutex_;
  lsn from_;
  std::deque<entry> entries_;
};

}  // namespace helios::storage
