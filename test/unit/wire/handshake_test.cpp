#include "wire/repl/handshake.hpp"

#include <doctest/doctest.h>

using namespace helios;
using namespace helios::wire::repl;

namespace {

identity node(const char* id, node_role role, const char* secret = "cluster-secret", const char* cluster = "helios") {
  return {cluster, secret, id, role};
}

/// Runs both machines; what the listener decided, or the dialer's complaint.
std::variant<purpose, refusal> run(identity dialer_self, identity listener_self, purpose wants) {
  dialer_handshake dialer(std::move(dialer_self), wants);
  listener_handshake listener(std::move(listener_self));
  const auto answer = listener.on_hello(dialer.first());
  if (const auto* no = std::get_if<refusal>(&answer)) return *no;
  const auto proof = dialer.on_reply(std::get<hello_reply>(answer));
  if (!proof) return refusal{"dialer", proof.failure().detail};
  return listener.on_authenticate(*proof);
}

std::string code(const std::variant<purpose, refusal>& outcome) {
  const auto* no = std::get_if<refusal>(&outcome);
  return no != nullptr ? no->code : "";
}

}  // namespace

TEST_CASE("nodes that share the secret agree on what the dialer wants") {
  for (const auto wants : {purpose::wal_stream, purpose::forward, purpose::watch}) {
    const auto outcome = run(node("s1", node_role::standby), node("p", node_role::primary), wants);
    REQUIRE(std::holds_alternative<purpose>(outcome));
    CHECK(std::get<purpose>(outcome) == wants);
  }
}

TEST_CASE("both sides learn who the other is") {
  dialer_handshake dialer(node("s1", node_role::standby), purpose::watch);
  listener_handshake listener(node("p", node_role::primary));
  const auto reply = std::get<hello_reply>(listener.on_hello(dialer.first()));
  REQUIRE(dialer.on_reply(reply, "p").ok());
  CHECK(dialer.peer_node() == "p");
  CHECK(dialer.peer_role() == node_role::primary);
  CHECK(listener.peer_node() == "s1");
  CHECK(listener.peer_role() == node_role::standby);
}

TEST_CASE("another cluster is refused before anything is proved") {
  CHECK(code(run(node("s", node_role::standby, "cluster-secret", "other"), node("p", node_role::primary),
                 purpose::watch)) == "cluster");
}

TEST_CASE("a dialer notices a listener without the secret, and never answers it") {
  const auto outcome = run(node("s", node_role::standby), node("p", node_role::primary, "wrong-secret"), purpose::watch);
  CHECK(code(outcome) == "dialer");
  CHECK(std::get<refusal>(outcome).message.starts_with("secret:"));
}

TEST_CASE("a listener refuses a dialer without the secret") {
  dialer_handshake honest(node("s", node_role::standby), purpose::watch);
  listener_handshake listener(node("p", node_role::primary));
  REQUIRE(std::holds_alternative<hello_reply>(listener.on_hello(honest.first())));
  const auto outcome = listener.on_authenticate(authenticate{std::string(32, 'x'), purpose::watch});
  CHECK(code(outcome) == "secret");
}

TEST_CASE("a proof does not serve for another purpose, nor a second time") {
  dialer_handshake dialer(node("s", node_role::standby), purpose::watch);
  listener_handshake listener(node("p", node_role::primary));
  auto proof = *dialer.on_reply(std::get<hello_reply>(listener.on_hello(dialer.first())));
  proof.wants = purpose::wal_stream;
  CHECK(code(listener.on_authenticate(proof)) == "secret");
  proof.wants = purpose::watch;
  CHECK(code(listener.on_authenticate(proof)) == "version");
}

TEST_CASE("a replayed proof fails on another connection") {
  dialer_handshake dialer(node("s", node_role::standby), purpose::watch);
  listener_handshake first(node("p", node_role::primary)), second(node("p", node_role::primary));
  const auto proof = *dialer.on_reply(std::get<hello_reply>(first.on_hello(dialer.first())));
  REQUIRE(std::holds_alternative<hello_reply>(second.on_hello(dialer.first())));
  CHECK(code(second.on_authenticate(proof)) == "secret");
}

TEST_CASE("a listener's own proof cannot be reflected to it") {
  listener_handshake listener(node("p", node_role::primary));
  dialer_handshake dialer(node("s", node_role::standby), purpose::watch);
  const auto reply = std::get<hello_reply>(listener.on_hello(dialer.first()));
  CHECK(code(listener.on_authenticate(authenticate{reply.proof, purpose::watch})) == "secret");
}

TEST_CASE("roles bound what a node may ask for") {
  const auto asks = [](node_role role, purpose wants) {
    return code(run(node("x", role), node("p", node_role::primary), wants));
  };
  CHECK(asks(node_role::observer, purpose::wal_stream) == "role");
  CHECK(asks(node_role::proxy, purpose::wal_stream) == "role");
  CHECK(asks(node_role::observer, purpose::forward) == "role");
  CHECK(asks(node_role::proxy, purpose::forward).empty());
  CHECK(asks(node_role::observer, purpose::watch).empty());
}

TEST_CASE("wrong versions, wrong frames and one's own node id are refused") {
  dialer_handshake dialer(node("s", node_role::standby), purpose::watch);
  auto old = dialer.first();
  old.version = 99;
  CHECK(std::get<refusal>(listener_handshake(node("p", node_role::primary)).on_hello(old)).code == "version");
  CHECK(std::get<refusal>(listener_handshake(node("p", node_role::primary)).on_hello(goodbye{})).code == "version");
  CHECK(code(listener_handshake(node("p", node_role::primary)).on_authenticate(authenticate{})) == "version");
  CHECK(std::get<refusal>(listener_handshake(node("s", node_role::primary)).on_hello(dialer.first())).code == "role");
  auto weak = dialer.first();
  weak.challenge = "short";
  CHECK(std::get<refusal>(listener_handshake(node("p", node_role::primary)).on_hello(weak)).code == "version");
  CHECK(dialer.on_reply(goodbye{}).failure().code == errc::protocol);
  const auto refused = dialer.on_reply(refusal{"epoch", "stale"});
  CHECK(refused.failure().code == errc::refused);
  CHECK(refused.failure().detail == "epoch: stale");
}

TEST_CASE("a dialer refuses to talk to another node than it expected") {
  dialer_handshake dialer(node("s", node_role::standby), purpose::watch);
  listener_handshake listener(node("p", node_role::primary));
  const auto outcome = dialer.on_reply(std::get<hello_reply>(listener.on_hello(dialer.first())), "q");
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.failure().detail == "role: expected node q, reached p");
}
