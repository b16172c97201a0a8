#include "actors/status/members_command.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "replication/ha/message_codec.hpp"

namespace helios::actors {
namespace {

using nlohmann::json;

/// A new member takes a base backup before it is heard as one, which may take long; it is done before it votes.
constexpr std::chrono::seconds done_within{30};

error malformed(std::string why) { return {errc::protocol, std::move(why)}; }

result<json> parse(const std::string& text) {
  auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) return malformed("the body is no JSON object");
  return body;
}

result<node_id> id_of(const json& body) {
  const auto id = body.value("node_id", json());
  const replication::ha::member_entry named{node_id{id.is_string() ? id.get<std::string>() : std::string()}};
  if (!is_writable(named)) return malformed("node_id must be a node id: letters, digits, _ and -");
  return named.id;
}

/// What the body says, or what is known.
result<std::uint16_t> port_of(const json& body, const char* key, std::uint16_t known) {
  const auto found = body.find(key);
  if (found == body.end()) return known;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > 65'535) return malformed(std::string(key) + " must be a port");
  return found->get<std::uint16_t>();
}

result<config::peer> address_of(const json& body, config::peer known) {
  if (const auto host = body.find("host"); host != body.end()) {
    if (!host->is_string() || host->get<std::string>().find_first_of(" \t\r\n") != std::string::npos)
      return malformed("host must be a name or an address");
    known.host = host->get<std::string>();
  }
  for (const auto& [key, port] :
       {std::pair{"pg_port", &known.pg_port}, {"replication_port", &known.replication_port}, {"http_port", &known.http_port}}) {
    const auto given = port_of(body, key, *port);
    if (!given) return given.failure();
    *port = *given;
  }
  if (known.host.empty() || known.replication_port == 0) return malformed("a new member needs host and replication_port");
  return known;
}

}  // namespace

result<agent_command> put_member_command(const peer_book& known, const std::string& text) {
  const auto body = parse(text);
  if (!body) return body.failure();
  const auto id = id_of(*body);
  if (!id) return id.failure();
  const auto voter = body->value("voter", json(true));
  if (!voter.is_boolean()) return malformed("voter must be true or false");
  const auto at = address_of(*body, known.find(*id).value_or(config::peer{*id, {}, 0, 0, 0}));
  if (!at) return at.failure();
  agent_command out;
  out.what = agent_command::kind::members;
  out.timeout = done_within;
  out.change = {replication::ha::member_change::kind::put, {*id, at->pg_port != 0, voter.get<bool>(), to_contact(*at)}};
  if (!is_writable(out.change.entry)) return malformed("host must be a name or an address");
  return out;
}

result<agent_command> remove_member_command(const std::string& text) {
  const auto body = parse(text);
  if (!body) return body.failure();
  const auto id = id_of(*body);
  if (!id) return id.failure();
  agent_command out;
  out.what = agent_command::kind::members;
  out.timeout = done_within;
  out.change.what = replication::ha::member_change::kind::remove;
  out.change.entry.id = *id;
  return out;
}

}  // namespace helios::actors
