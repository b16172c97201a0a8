#pragma once
// The mutual proof of the cluster's secret, as state machines without sockets: the actors only pump frames.
//
//   dialer                         listener
//   hello ------------------------>              cluster id, node id, role, challenge
//         <------------- hello_reply             its own challenge, and the proof for the dialer's
//   authenticate ----------------->              the dialer's proof, bound to what it wants
//
// I1 Neither secret nor key crosses the wire; proofs are compared in constant time.
// I2 A proof binds side, both challenges, cluster, both node ids and (the dialer's) purpose: it fits no other connection.
// I3 Each object serves one connection; a step out of order is a refusal.

#include <string>
#include <variant>

#include "base/result.hpp"
#include "wire/repl/frames.hpp"

namespace helios::wire::repl {

inline constexpr std::size_t challenge_bytes = 32;

/// Codes of a refusal. Strings, since they are on the wire and in logs.
namespace refusal_code {
inline constexpr const char cluster[] = "cluster";
inline constexpr const char secret[] = "secret";
inline constexpr const char version[] = "version";
inline constexpr const char role[] = "role";
inline constexpr const char epoch[] = "epoch";
}  // namespace refusal_code

/// Who this node says it is.
struct identity {
  std::string cluster_id;
  std::string secret;
  std::string node_id;
  node_role role{};
};

class dialer_handshake {
 public:
  dialer_handshake(identity self, purpose wants);

  const hello& first() const { return hello_; }
  /// Answers the listener's reply. errc::refused ("secret: ...") when it refuses, or cannot prove the secret itself;
  /// errc::protocol on any other frame. `expected_node`: refuse to talk to another; empty: any.
  result<authenticate> on_reply(const frame& reply, const std::string& expected_node = {});
  /// Known after on_reply succeeded.
  const std::string& peer_node() const { return peer_node_; }
  node_role peer_role() const { return peer_role_; }

 private:
  identity self_;
  purpose wants_;
  hello hello_;
  std::string peer_node_;
  node_role peer_role_{};
};

class listener_handshake {
 public:
  explicit listener_handshake(identity self) : self_(std::move(self)) {}

  /// The answer to the dialer's first frame; after a refusal the connection is to be closed.
  std::variant<hello_reply, refusal> on_hello(const frame& first);
  /// What the dialer wants, once its proof holds.
  std::variant<purpose, refusal> on_authenticate(const frame& second);
  const std::string& peer_node() const { return hello_.node_id; }
  node_role peer_role() const { return hello_.role; }

 private:
  identity self_;
  hello hello_;
  std::string challenge_;
  bool greeted_ = false;
};

/// A log needs `secret: the peer does not know the cluster's secret`.
std::string to_string(const refusal& r);

}  // namespace helios::wire::repl
