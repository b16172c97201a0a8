#pragma once
// The answers of a data node's or observer's HTTP interface (net/http.hpp serves them): health in Patroni's paths and codes,
// the cluster, the node's high-availability state, metrics for Prometheus, and actions. Stateless: every answer is made from
// one look at the node. On the control plane's thread.
//
// I1 200 to /health and to a role's path is given only by a node that really serves in that role now.
// I2 No secret, token or password is in an answer.

#include <functional>

#include "actors/ha/peer_book.hpp"
#include "actors/handles/ha_agent.hpp"
#include "actors/node/node_status.hpp"
#include "net/http.hpp"

namespace helios::actors {

struct status_source {
  const config::node_options& options;
  std::shared_ptr<const peer_book> peers;
  std::function<node_status()> look;
  /// Take a fresh base backup from the primary; false where that makes no sense (not a standby).
  std::function<bool()> reinitialize;
  /// Reads the configuration again; the text says what changed, or why nothing did.
  std::function<result<std::string>()> reload;
  /// Gives a command to the node's failover agent; `done` with an empty string or why it failed, later and on any thread. Empty: the node
  /// is starting.
  std::function<void(agent_command)> command;
  /// Automatic failover: a launcher has reaped that process. Empty: failover is manual, where no lease waits for it.
  std::function<void(process_reaped)> reaped = {};
  /// Changes the node's mode as a standby; `done` as of a command. Empty: the node holds no data.
  std::function<void(sync_mode to, std::function<void(std::string why)> done)> change_mode = {};
};

/// `respond` is called once: at once, but for an action that takes its time (a change of the primary), which is answered when it is done.
void serve_status(const status_source& source, const net::http_request& request, net::http_respond respond);

/// "helios_..." lines in Prometheus' text format.
std::string prometheus_text(const node_status& node);

}  // namespace helios::actors
