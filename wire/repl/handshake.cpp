#include "wire/repl/handshake.hpp"

#include <utility>

#include "base/bytes.hpp"
#include "wire/crypto.hpp"

namespace helios::wire::repl {

namespace {

struct transcript {
  const std::string& dialer_challenge;
  const std::string& listener_challenge;
  const std::string& cluster_id;
  const std::string& dialer_node;
  const std::string& listener_node;
};

/// Lengths go with the values, so that no two transcripts have the same bytes.
std::string proof(std::string_view secret, std::string_view side, const transcript& t) {
  std::string message(side);
  for (const auto* part : {&t.dialer_challenge, &t.listener_challenge, &t.cluster_id, &t.dialer_node, &t.listener_node}) {
    put_be(message, static_cast<std::uint32_t>(part->size()));
    message.append(*part);
  }
  return hmac_sha256(secret, {message});
}

std::string dialer_side(purpose wants) {
  std::string side = "dialer";
  side.push_back(static_cast<char>('0' + static_cast<int>(wants)));
  return side;
}

/// Data nodes stream and forward; observers and proxies watch; only a node that routes clients may forward.
bool may_ask_for(node_role role, purpose wants) {
  switch (wants) {
    case purpose::wal_stream: return role == node_role::primary || role == node_role::standby;
    case purpose::forward: return role != node_role::observer;
    case purpose::watch: return true;
  }
  return false;
}

}  // namespace

std::string to_string(const refusal& r) { return r.code + ": " + r.message; }

dialer_handshake::dialer_handshake(identity self, purpose wants) : self_(std::move(self)), wants_(wants) {
  hello_ = {protocol_version, self_.cluster_id, self_.node_id, self_.role, random_bytes(challenge_bytes)};
}

result<authenticate> dialer_handshake::on_reply(const frame& reply, const std::string& expected_node) {
  if (const auto* no = std::get_if<refusal>(&reply)) return error{errc::refused, to_string(*no)};
  const auto* yes = std::get_if<hello_reply>(&reply);
  if (yes == nullptr) return error{errc::protocol, "the peer answered hello with another frame"};
  if (yes->challenge.size() != challenge_bytes) return error{errc::protocol, "the peer's challenge has a wrong length"};
  const transcript t{hello_.challenge, yes->challenge, self_.cluster_id, self_.node_id, yes->node_id};
  if (!constant_time_equal(yes->proof, proof(self_.secret, "listener", t))) {
    return error{errc::refused, "secret: the peer at this address does not know the cluster's secret"};
  }
  if (!expected_node.empty() && expected_node != yes->node_id) {
    return error{errc::refused, "role: expected node " + expected_node + ", reached " + yes->node_id};
  }
  peer_node_ = yes->node_id;
  peer_role_ = yes->role;
  return authenticate{proof(self_.secret, dialer_side(wants_), t), wants_};
}

std::variant<hello_reply, refusal> listener_handshake::on_hello(const frame& first) {
  const auto* h = std::get_if<hello>(&first);
  if (h == nullptr || greeted_) return refusal{refusal_code::version, "expected hello"};
  if (h->version != protocol_version) {
    return refusal{refusal_code::version, "protocol version " + std::to_string(h->version) + " asked for, " +
                                              std::to_string(protocol_version) + " spoken here"};
  }
  if (h->cluster_id != self_.cluster_id) {
    return refusal{refusal_code::cluster, "this node belongs to another cluster than \"" + h->cluster_id + "\""};
  }
  if (h->challenge.size() != challenge_bytes) return refusal{refusal_code::version, "the challenge has a wrong length"};
  if (h->node_id.empty() || h->node_id == self_.node_id) {
    return refusal{refusal_code::role, "node id \"" + h->node_id + "\" is this node's own or empty"};
  }
  greeted_ = true;
  hello_ = *h;
  challenge_ = random_bytes(challenge_bytes);
  const transcript t{hello_.challenge, challenge_, self_.cluster_id, hello_.node_id, self_.node_id};
  return hello_reply{self_.node_id, self_.role, challenge_, proof(self_.secret, "listener", t)};
}

std::variant<purpose, refusal> listener_handshake::on_authenticate(const frame& second) {
  const auto* a = std::get_if<authenticate>(&second);
  if (a == nullptr || !greeted_) return refusal{refusal_code::version, "expected authenticate"};
  greeted_ = false;
  const transcript t{hello_.challenge, challenge_, self_.cluster_id, hello_.node_id, self_.node_id};
  if (!constant_time_equal(a->proof, proof(self_.secret, dialer_side(a->wants), t))) {
    return refusal{refusal_code::secret, "node " + hello_.node_id + " does not know the cluster's secret"};
  }
  if (!may_ask_for(hello_.role, a->wants)) {
    return refusal{refusal_code::role, std::string("a node of role ") + to_string(hello_.role) + " may not ask for this"};
  }
  return a->wants;
}

}  // namespace helios::wire::repl
