#pragma once
// The proxy's HTTP endpoints for operators: health, nodes, sessions, pools, configuration without secrets, metrics.

#include "actors/proxy/proxy_services.hpp"
#include "net/http.hpp"

namespace helios::actors {

/// Never waits. Actions (POST) need the configuration's api_token as a bearer token.
net::http_response answer_admin(proxy_services& services, const net::http_request& request);

}  // namespace helios::actors
