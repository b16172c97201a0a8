#pragma once
// A client that has logged in, with shorthands for the extended protocol.

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "test/unit/actors/proxy/pg_client.hpp"
#include "test/unit/actors/session/session_fixture.hpp"

namespace helios::actors::test {

class session_client : public pg_client {
 public:
  using pg_client::pg_client;

  wire::pg::frontend_encoder encoder() { return wire::pg::frontend_encoder(out); }
  void bind(std::string_view portal, std::string_view statement, const std::vector<std::string>& values) {
    wire::pg::bind_message b;
    b.portal = portal;
    b.statement = statement;
    for (const auto& p : values) b.parameters.emplace_back(p);
    encoder().bind(b);
  }
  void run_unnamed(std::string_view text) {
    encoder().parse("", text, {});
    bind("", "", {});
    encoder().execute("", 0);
  }
  /// Syncs and reads up to ReadyForQuery.
  answer finish() {
    encoder().sync();
    send();
    return read_answer();
  }
};

struct logged_in : session_fixture {
  explicit logged_in(const fixture_options& options = {}) : session_fixture(options) { log_in(client); }

  static void log_in(session_client& client) {
    const auto failure = client.login(user, password, database);
    REQUIRE_MESSAGE(!failure, failure->message);
  }
  session_client client{port()};
};

/// Waits until `condition` holds; false after ten seconds.
template <class F>
bool eventually(F condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace helios::actors::test
