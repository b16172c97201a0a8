#pragma once
// The clock of leases: CLOCK_BOOTTIME, which goes on while the machine sleeps (ha_protocol: a lease must not outlive a suspend).
// Any thread.

#include <time.h>

#include <chrono>

namespace helios {

/// As a steady_clock time point, so that the arithmetic of the rules is the standard one; never compared with steady_clock::now().
inline std::chrono::steady_clock::time_point boot_now() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

}  // namespace helios
