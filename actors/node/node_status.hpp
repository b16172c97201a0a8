#pragma once
// A picture of one node for those who look from outside: the HTTP status server and the state publisher. Made anew for each
// look by the node's owner (data_node, observer).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/ha/ha_facts.hpp"
#include "actors/watch/member_board.hpp"
#include "sql/database.hpp"

namespace helios::actors {

struct node_status {
  wire::repl::node_state state;               ///< as the watchers get it
  std::string trouble;                        ///< why the node does not serve; empty when it does
  bool degraded = false;                      ///< a primary with fewer sync standbys than it wants
  std::string commit_rule;                    ///< of a primary: the cohort in force
  bool fenced = false;                        ///< it knows a newer epoch than its own, and takes no writes
  epoch highest_epoch;                        ///< that the node has heard of
  std::optional<ha_facts::picture> failover;  ///< automatic failover: where this member is
  std::vector<ha_event> events;               ///< its last decisions, oldest first
  std::int64_t started_at_us = 0;
  std::vector<sql::replication_standby_row> standbys;        ///< of a primary
  std::optional<sql::replication_primary_row> primary;       ///< of a standby
  std::vector<storage::epoch_entry> history;                 ///< oldest first
  std::vector<sql::metric_row> metrics;
  std::vector<member> members;                ///< this node included
};

}  // namespace helios::actors
