#pragma once
// When to try again to reach a peer: at once the first time, then after base, 2 x base, 4 x base ... up to a cap, each delay
// varied at random so that many nodes do not knock together. Pure: time and randomness come from the caller. Owned by
// one actor.
//
// I1 A delay is 0 exactly for the first attempt after the start or after a healthy connection.
// I2 No delay exceeds the cap.

#include <chrono>
#include <cstdint>
#include <functional>

namespace helios::replication {

struct backoff_options {
  std::chrono::milliseconds base{5'000};
  std::chrono::milliseconds cap{60'000};
  double jitter = 0.1;                          ///< a delay varies by this fraction up and down; 0 to 0.5
  std::chrono::milliseconds healthy_period{10'000};  ///< a connection that lived this long starts the series anew
};

class backoff {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// Uniform in [0, 1).
  using random_source = std::function<double()>;

  backoff(backoff_options options, random_source random);

  /// How long to wait before the next attempt, which is counted by this call.
  std::chrono::milliseconds next_delay();
  /// Attempts since the start or the last healthy connection: N of "attempt N".
  std::uint64_t attempts() const { return attempts_; }

  void connected(time_point now);
  /// The connection ended; a healthy one starts the series anew, so that the next attempt is immediate.
  void disconnected(time_point now);

 private:
  backoff_options options_;
  random_source random_;
  std::uint64_t attempts_ = 0;
  bool connected_ = false;
  time_point since_{};
};

}  // namespace helios::replication
