#pragma once
// How far a standby is behind, in bytes of WAL and in the age of the oldest change that it has not applied. Pure.
//
// I1 A standby that has applied everything is 0 behind in both, however long nothing was written.

#include <cstdint>
#include <optional>

#include "base/types.hpp"

namespace helios::replication {

struct lag {
  std::uint64_t bytes = 0;
  std::int64_t ms = 0;
};

/// `oldest_unapplied_us`: commit time (microseconds since the Unix epoch) of the first commit after `applied`; nothing if
/// there is none. A commit time ahead of `now_us` (clocks of two machines) counts as no age.
lag measure_lag(lsn applied, lsn written, std::optional<std::int64_t> oldest_unapplied_us, std::int64_t now_us);

}  // namespace helios::replication
