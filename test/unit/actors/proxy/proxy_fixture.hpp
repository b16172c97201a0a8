#pragma once
// A proxy on a runtime of its own, in front of a fake primary and two fake standbys.

#include <algorithm>
#include <cctype>
#include <future>

#include "actors/proxy/proxy.hpp"
#include "fake_node.hpp"
#include "net/http.hpp"
#include "pg_client.hpp"

namespace helios::actors::test {

/// Classifies by the first word, in the place of the SQL parser.
inline std::vector<statement_facts> inspect_words(std::string_view text) {
  using kind = sql::statement_class;
  if (text.starts_with("SYNTAX")) throw sql_error(sqlstate::syntax_error, "syntax error").at(1);
  if (text.empty()) return {};
  statement_facts f;
  f.text = text;
  if (text.starts_with("SELECT") || text.starts_with("SHOW")) f.kind = kind::read;
  else if (text == "BEGIN") f.kind = kind::begin;
  else if (text == "BEGIN READ ONLY") f.kind = kind::begin_read_only;
  else if (text == "COMMIT" || text == "ROLLBACK") f.kind = kind::end;
  else if (text.starts_with("SET ") || text.starts_with("DISCARD")) f.kind = kind::session;
  else f.kind = kind::write;
  if (text.starts_with("SET ")) {
    f.effect = session_effect::setting;
    f.name = text.substr(4, text.find('=') - 4);
  }
  if (text == "DISCARD ALL") f.effect = session_effect::discard_all;
  if (text.starts_with("INSERT temp")) f.effect = session_effect::local_object;
  return {f};
}

class proxy_fixture {
 public:
  explicit proxy_fixture(std::chrono::milliseconds write_timeout = std::chrono::seconds(20), std::uint32_t pool_max = 50) {
    options.role = node_role::proxy;
    options.id = {"proxy"};
    options.cluster_id = "helios";
    options.cluster_secret = cluster.secret;
    options.superuser_password = "helios";
    options.api_token = "token";
    options.listen.pg_port = 0;
    options.listen.http_port = 0;
    options.proxy.write_timeout = write_timeout;
    // Three of these without a beat (every 20 ms) and a node is down: far more than the threads of a busy machine are kept waiting.
    options.proxy.health_interval = std::chrono::seconds(1);
    options.proxy.pool_size_max = pool_max;
    for (auto* n : {&primary, &first, &second}) options.peers.push_back({{n->id()}, "127.0.0.1", 5432, n->port(), 8080});
    routing = std::move(*spawn_proxy(runtime, options, inspect_words));
    if (!eventually([this] { return fetch("/health").body.find("\"healthy_nodes\":3") != std::string::npos; })) {
      throw std::runtime_error("the proxy does not see its nodes");
    }
  }

  net::http_response fetch(const std::string& path, const std::string& method = "GET", const std::string& authorization = "") {
    net::http_request r;
    r.method = method;
    r.path = path;
    r.authorization = authorization;
    std::promise<result<net::http_response>> done;
    net::http_fetch(runtime.control_io(), "127.0.0.1", routing->http_port(), r, std::chrono::seconds(5),
                    [&](result<net::http_response> got) { done.set_value(std::move(got)); });
    auto got = done.get_future().get();
    if (!got) throw std::runtime_error(to_string(got.failure()));
    return *got;
  }

  std::unique_ptr<pg_client> connect(const std::string& database = "heliosdb") {
    auto c = std::make_unique<pg_client>(routing->pg_port());
    const auto failure = c->login("helios", "helios", database);
    if (failure) throw std::runtime_error(failure->message);
    return c;
  }
  /// Asks until a condition holds; each question is a round trip through the proxy.
  template <class Condition>
  bool eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < until) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  fake_cluster cluster;
  fake_node primary{cluster, "primary", node_role::primary};
  fake_node first{cluster, "standby-1", node_role::standby};
  fake_node second{cluster, "standby-2", node_role::standby};
  config::node_options options;
  actor_runtime runtime{2};
  std::unique_ptr<proxy> routing;
};

}  // namespace helios::actors::test
