#pragma once
// The JSON bodies of the status server. Pure functions of one look at the node.

#include <nlohmann/json.hpp>

#include "actors/node/node_status.hpp"

namespace helios::actors {

/// /health, the role paths and /patroni: Patroni's fields, with "status".
nlohmann::json status_json(const config::node_options& options, const node_status& node);
nlohmann::json cluster_json(const config::node_options& options, const node_status& node);
nlohmann::json members_json(const node_status& node);
nlohmann::json history_json(const node_status& node);
nlohmann::json ha_status_json(const config::node_options& options, const node_status& node);
nlohmann::json lsn_json(const node_status& node);
nlohmann::json lag_json(const node_status& node);
nlohmann::json fencing_json(const node_status& node);
nlohmann::json election_json(const config::node_options& options, const node_status& node);

}  // namespace helios::actors
