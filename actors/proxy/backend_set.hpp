#pragma once
// The backends of one client session, at most one per node: found in the pool or opened, and given back. Owned by the
// conversation; on_* run on the session actor's thread, the rest on its fiber.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "actors/proxy/backend.hpp"
#include "actors/proxy/proxy_services.hpp"
#include "base/sql_error.hpp"

namespace helios::actors {

/// How the actor learns of a channel's events: messages that carry the backend's number.
using channel_callbacks = std::function<backend_channel::callbacks(std::uint64_t number)>;

class backend_set {
 public:
  struct identity {
    std::string user, database, client_address;
    std::uint16_t client_port = 0;
    std::map<std::string, std::string> settings;
  };
  backend_set(proxy_services& services, session_fiber& host, channel_callbacks callbacks);

  // --- actor's thread ---
  backend* numbered(std::uint64_t number);

  // --- fiber ---
  /// The session's backend on this node. Else why there is none: a node's refusal of this session (user, database), which
  /// is the client's to hear, or trouble with the node, after which another may be tried.
  struct refused {
    error_report report;
  };
  struct unreachable {
    std::string why;
  };
  std::variant<backend*, refused, unreachable> get(const node_view& node, bool for_writes, const identity& as,
                                                   std::chrono::steady_clock::time_point deadline);
  /// The one at hand on this node; null if there is none that is alive.
  backend* on(const node_id& node);
  void drop(backend* gone);
  /// Idle and outside a transaction: to the pool.
  void give_back(backend* spare);
  void give_back_all_but(const backend* kept);

 private:
  std::variant<backend*, refused, unreachable> open(const node_view& node, backend_key key, std::shared_ptr<void> slot,
                                                    const identity& as, std::chrono::steady_clock::time_point deadline);
  std::optional<std::variant<refused, unreachable>> await_opened(backend& b, std::chrono::steady_clock::time_point deadline);
  backend* adopt(backend_channel_ptr channel);

  proxy_services& services_;
  session_fiber& host_;
  channel_callbacks callbacks_;
  std::map<std::uint64_t, std::unique_ptr<backend>> backends_;
  std::uint64_t last_number_ = 0;
};

}  // namespace helios::actors
