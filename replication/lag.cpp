#include "replication/lag.hpp"

#include <algorithm>

namespace helios::replication {

lag measure_lag(lsn applied, lsn written, std::optional<std::int64_t> oldest_unapplied_us, std::int64_t now_us) {
  lag out;
  out.bytes = distance(applied, written);
  if (out.bytes != 0 && oldest_unapplied_us) out.ms = std::max<std::int64_t>(0, now_us - *oldest_unapplied_us) / 1000;
  return out;
}

}  // namespace helios::replication
