#pragma once
// The bodies of the HTTP actions that change the members, as commands for the failover agent. Pure.

#include <string>

#include "actors/ha/peer_book.hpp"
#include "actors/handles/ha_agent.hpp"
#include "base/result.hpp"

namespace helios::actors {

/// {"node_id": "...", "host": "...", "pg_port": 5432, "replication_port": 5433, "http_port": 8080, "voter": true}: without a pg_port it is
/// an observer; of a member that `known` holds only what changes. errc::protocol says what is wrong.
result<agent_command> put_member_command(const peer_book& known, const std::string& body);
/// {"node_id": "..."}.
result<agent_command> remove_member_command(const std::string& body);

}  // namespace helios::actors
