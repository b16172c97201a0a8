#include <doctest/doctest.h>

#include <chrono>
#include <vector>

#include "replication/backoff.hpp"
#include "replication/health.hpp"
#include "replication/lag.hpp"

using namespace helios;
using namespace helios::replication;
using std::chrono::milliseconds;
using time_point = std::chrono::steady_clock::time_point;

namespace {

backoff without_jitter() {
  return {{.base = milliseconds(5000), .cap = milliseconds(60'000), .jitter = 0, .healthy_period = milliseconds(10'000)},
          [] { return 0.5; }};
}

}  // namespace

TEST_CASE("the first attempt is immediate and the delays double up to the cap") {
  auto b = without_jitter();
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 8; ++i) delays.push_back(b.next_delay().count());
  CHECK(delays == std::vector<std::int64_t>{0, 5000, 10'000, 20'000, 40'000, 60'000, 60'000, 60'000});
  CHECK(b.attempts() == 8);
}

TEST_CASE("a healthy connection starts the series anew, a short one does not") {
  auto b = without_jitter();
  b.next_delay();
  b.next_delay();
  b.connected(time_point(milliseconds(0)));
  b.disconnected(time_point(milliseconds(9'999)));
  CHECK(b.next_delay() == milliseconds(10'000));
  b.connected(time_point(milliseconds(20'000)));
  b.disconnected(time_point(milliseconds(30'000)));
  CHECK(b.next_delay() == milliseconds(0));
  CHECK(b.attempts() == 1);
}

TEST_CASE("a failed attempt is not a connection") {
  auto b = without_jitter();
  b.next_delay();
  b.disconnected(time_point(milliseconds(100'000)));
  CHECK(b.next_delay() == milliseconds(5000));
}

TEST_CASE("jitter stays within its fraction and below the cap, whatever the random source gives") {
  for (double r : {0.0, 0.1, 0.5, 0.9, 0.999999}) {
    backoff b({.base = milliseconds(1000), .cap = milliseconds(3000), .jitter = 0.5}, [r] { return r; });
    CHECK(b.next_delay() == milliseconds(0));
    const auto second = b.next_delay();
    CHECK(second >= milliseconds(500));
    CHECK(second <= milliseconds(1500));
    for (int i = 0; i < 200; ++i) {
      const auto delay = b.next_delay();
      CHECK(delay >= milliseconds(1));
      CHECK(delay <= milliseconds(3000));
    }
  }
}

TEST_CASE("a peer is judged by its silence") {
  const silence_limits limits{milliseconds(1000), milliseconds(5000)};
  const time_point heard(milliseconds(10'000));
  CHECK(judge(heard, true, heard, limits) == health::healthy);
  CHECK(judge(heard, true, heard + milliseconds(999), limits) == health::healthy);
  CHECK(judge(heard, true, heard + milliseconds(1000), limits) == health::suspect);
  CHECK(judge(heard, true, heard + milliseconds(5000), limits) == health::lost);
  CHECK(judge(heard, false, heard, limits) == health::lost);
  CHECK(judge(std::nullopt, true, heard, limits) == health::lost);
}

TEST_CASE("lag is the age of the oldest change not applied, and 0 when caught up") {
  CHECK(measure_lag(lsn{100}, lsn{100}, std::nullopt, 9'000'000).ms == 0);
  CHECK(measure_lag(lsn{100}, lsn{100}, 1, 9'000'000).ms == 0);
  const auto behind = measure_lag(lsn{100}, lsn{250}, 4'000'000, 9'500'000);
  CHECK(behind.bytes == 150);
  CHECK(behind.ms == 5500);
  CHECK(measure_lag(lsn{100}, lsn{250}, 9'900'000, 9'500'000).ms == 0);
  CHECK(measure_lag(lsn{300}, lsn{250}, std::nullopt, 0).bytes == 0);
}
