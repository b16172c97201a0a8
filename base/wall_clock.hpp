#pragma once
// The time of day, for what users see and what the log records of commits; never for a deadline or a lease (boot_clock.hpp). Any thread.

#include <chrono>
#include <cstdint>

namespace helios {

/// Microseconds since the Unix epoch.
inline std::int64_t wall_clock_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace helios
