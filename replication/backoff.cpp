#include "replication/backoff.hpp"

#include <algorithm>
#include <utility>

namespace helios::replication {

backoff::backoff(backoff_options options, random_source random) : options_(options), random_(std::move(random)) {}

std::chrono::milliseconds backoff::next_delay() {
  if (++attempts_ == 1) return std::chrono::milliseconds(0);
  auto delay = std::min(options_.base, options_.cap);
  for (std::uint64_t i = 2; i < attempts_ && delay < options_.cap; ++i)
    delay = delay > options_.cap / 2 ? options_.cap : delay * 2;
  const double factor = 1.0 + options_.jitter * (2.0 * random_() - 1.0);
  const auto varied = std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * factor));
  return std::clamp(varied, std::chrono::milliseconds(1), std::max(options_.cap, std::chrono::milliseconds(1)));
}

void backoff::connected(time_point now) {
  connected_ = true;
  since_ = now;
}

void backoff::disconnected(time_point now) {
  if (connected_ && now - since_ >= options_.healthy_period) attempts_ = 0;
  connected_ = false;
}

}  // namespace helios::replication
