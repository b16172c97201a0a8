#pragma once
// Judging a peer by its silence. Pure.

#include <chrono>
#include <optional>

namespace helios::replication {

enum class health { healthy, suspect, lost };

struct silence_limits {
  std::chrono::milliseconds suspect_after{1'000};
  std::chrono::milliseconds lost_after{5'000};
};

/// `last_heard`: when the last frame came; nothing if none ever did. A closed connection is lost at once.
health judge(std::optional<std::chrono::steady_clock::time_point> last_heard, bool connected,
             std::chrono::steady_clock::time_point now, const silence_limits& limits);

const char* to_string(health verdict);

}  // namespace helios::replication
