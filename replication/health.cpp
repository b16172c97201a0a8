#include "replication/health.hpp"

namespace helios::replication {

health judge(std::optional<std::chrono::steady_clock::time_point> last_heard, bool connected,
             std::chrono::steady_clock::time_point now, const silence_limits& limits) {
  if (!connected || !last_heard) return health::lost;
  const auto silence = now - *last_heard;
  if (silence >= limits.lost_after) return health::lost;
  return silence >= limits.suspect_after ? health::suspect : health::healthy;
}

const char* to_string(health verdict) {
  switch (verdict) {
    case health::healthy: return "healthy";
    case health::suspect: return "suspect";
    case health::lost: return "lost";
  }
  return "?";
}

}  // namespace helios::replication
