#pragma once
// What every client session of the proxy uses. Made by the proxy, outlives the sessions.

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/ha/peer_book.hpp"
#include "actors/proxy/backend_pool.hpp"
#include "actors/proxy/statement_facts.hpp"
#include "actors/proxy/topology.hpp"
#include "actors/proxy/verifiers.hpp"
#include "actors/session/session_directory.hpp"
#include "config/options.hpp"
#include "net/peer_link.hpp"

namespace helios::actors {

/// Counted since the start, for /metrics and SHOW STATS.
struct proxy_counters {
  std::atomic<std::uint64_t> clients{0}, refused_logins{0};
  std::atomic<std::uint64_t> reads{0}, writes{0}, retried{0}, waited_for_primary{0}, failed{0};
};

/// What clients are told at connection start, as a node last told it for the same user and settings.
class parameter_cache {
 public:
  using parameters = std::vector<std::pair<std::string, std::string>>;
  std::shared_ptr<const parameters> find(const std::string& key) const;
  void learned(const std::string& key, parameters values);
  void forget();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const parameters>> entries_;
};

/// PAUSE: statements wait here until RESUME.
class pause_gate {
 public:
  void pause() { paused_ = true; }
  void resume();
  bool paused() const { return paused_; }
  completion_ptr opened();

 private:
  std::atomic<bool> paused_{false};
  std::mutex mutex_;
  std::vector<std::weak_ptr<completion>> waiting_;
};

/// Routing decisions are in the log at INFO, as many of them as a log can take; the rest at DEBUG.
class routing_log {
 public:
  static constexpr std::uint64_t lines_per_second_max = 20;
  struct verdict {
    bool at_info = true;
    std::uint64_t left_out = 0;  ///< in a second that is over
  };
  verdict next(std::chrono::steady_clock::time_point now);

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point second_begin_{};
  std::uint64_t lines_ = 0;
};

struct proxy_services {
  proxy_services(const config::node_options& o, boost::asio::io_context& sessions, statement_inspector inspector);

  const config::node_options& options;
  boost::asio::io_context& io;
  const std::shared_ptr<topology_board> board_owner;  ///< links under way may outlive the rest
  topology_board& board;
  peer_book members;
  /// A node has shown a list of members. Set before the watches start; any thread.
  std::function<void(const std::string& bytes)> members_shown;
  std::shared_ptr<backend_pool> pool;
  verifier_cache verifiers;
  parameter_cache parameters;
  session_directory directory;
  pause_gate gate;
  proxy_counters counters;
  routing_log decisions;
  net::local_node self;
  std::atomic<std::uint64_t> turn{0};   ///< of the readers
  statement_inspector inspect;
};

}  // namespace helios::actors
