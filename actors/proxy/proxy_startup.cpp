// Start-up of a proxied session: SSLRequest, cancel requests, SCRAM with the cluster's verifiers, and the greeting.

#include <algorithm>
#include <array>

#include "actors/proxy/admin_console.hpp"
#include "actors/proxy/proxy_conversation.hpp"
#include "actors/proxy/reports.hpp"
#include "wire/pg/startup_options.hpp"

namespace helios::actors {
namespace {

using namespace std::chrono_literals;
using wire::pg::frontend_kind;
using clock = std::chrono::steady_clock;

/// A node that is asked for a verifier has this long.
constexpr auto verifier_wait_max = 1500ms;

constexpr std::array reported_parameters{
    "server_version",   "server_encoding",    "client_encoding",     "is_superuser",
    "DateStyle",        "IntervalStyle",      "TimeZone",            "integer_datetimes",
    "standard_conforming_strings", "default_transaction_read_only"};

/// Sessions with the same key are greeted with the same values.
std::string parameter_key(const backend_set::identity& as) {
  std::string out = as.user;
  for (const auto& [name, value] : as.settings) {
    if (name != "application_name") out.append("\n" + name + "=" + value);
  }
  return out;
}

}  // namespace

bool proxy_conversation::start_up() {
  for (;;) {
    const auto message = io_.next();
    switch (message.kind) {
      case frontend_kind::ssl_request:
      case frontend_kind::gssenc_request:
        if (io_.decoder().buffered_bytes() > 0) {
          throw fatal_error(sqlstate::protocol_violation, "received unencrypted data after SSL request");
        }
        io_.out().out() += 'N';
        io_.flush();
        break;
      case frontend_kind::cancel_request:
        if (const auto key = wire::pg::parse_cancel_request(message.body)) {
          services_.directory.cancel(key->process_id, key->secret);
        }
        return false;
      case frontend_kind::startup: {
        const auto startup = wire::pg::parse_startup(message.body);
        if (!startup) throw sql_error(wire::pg::report_of(startup.failure()));
        begin_session(*startup);
        return true;
      }
      default: throw fatal_error(sqlstate::protocol_violation, "invalid startup packet");
    }
  }
}

void proxy_conversation::begin_session(const wire::pg::startup_message& startup) {
  if (startup.minor > 0 || !startup.unknown_options.empty()) {
    io_.out().negotiate_protocol_version(0, startup.unknown_options);
  }
  identity_.user = startup.parameter("user");
  if (identity_.user.empty()) {
    throw fatal_error(sqlstate::invalid_authorization, "no PostgreSQL user name specified in startup packet");
  }
  identity_.database = startup.parameter("database").empty() ? startup.parameter("user") : startup.parameter("database");
  if (!startup.parameter("replication").empty() && startup.parameter("replication") != "false") {
    throw fatal_error(sqlstate::feature_not_supported, "the proxy does not relay replication connections");
  }
  for (const auto& [name, value] : startup.parameters) {
    if (name != "user" && name != "database" && name != "options" && name != "replication") identity_.settings[name] = value;
  }
  const auto options = wire::pg::parse_startup_options(startup.parameter("options"));
  if (!options) throw fatal_error(sqlstate::syntax_error, options.failure().detail);
  for (const auto& [name, value] : *options) identity_.settings[name] = value;
  identity_.client_address = io_.connection().remote_host();
  identity_.client_port = io_.connection().remote_port();
  use_.entry.activity->update([this](sql::activity_row& row) {
    row.user = identity_.user;
    row.database = identity_.database;
    row.client_address = identity_.client_address;
    row.client_port = identity_.client_port;
    if (const auto found = identity_.settings.find("application_name"); found != identity_.settings.end()) {
      row.application = found->second;
    }
  });
  authenticate(identity_.user);
  if (identity_.database == console_database) {
    if (identity_.user != services_.options.superuser) {
      throw fatal_error(sqlstate::insufficient_privilege, "only the superuser may use the console");
    }
    console_ = std::make_unique<admin_console>(services_);
    io_.out().parameter_status("server_version", "1.0/heliosdb-proxy");
    io_.out().parameter_status("client_encoding", "UTF8");
    io_.out().backend_key_data(static_cast<std::uint32_t>(use_.entry.id.value), use_.entry.secret);
    return ready();
  }
  greet();
}

void proxy_conversation::authenticate(const std::string& user) {
  wire::pg::server_authentication authentication(verifier_of(user), user, services_.options.cluster_secret);
  authentication.start(io_.out());
  for (bool accepted = false; !accepted;) {
    io_.flush();
    const auto message = io_.next();
    if (message.kind != frontend_kind::password) throw to_error(interrupt::client_gone);
    const auto step = authentication.on_password(message.body, io_.out());
    if (!step) {
      ++services_.counters.refused_logins;
      services_.verifiers.doubt(user);
      log::info(source_, "login of user \"{}\" from {} refused: {}", user, io_.connection().remote_host(),
                step.failure().detail);
      throw sql_error(authentication.failure_report(step.failure()));
    }
    accepted = *step;
  }
  io_.decoder().authenticated();
}

std::optional<wire::pg::scram_verifier> proxy_conversation::verifier_of(const std::string& user) {
  auto known = services_.verifiers.find(user);
  if (known && known->fresh) return known->verifier;
  if (fetch_verifier(user)) {
    known = services_.verifiers.find(user);
    return known ? known->verifier : std::nullopt;
  }
  if (known) return known->verifier;  // no node answers: what was right before is right now
  throw fatal_error(sqlstate::cannot_connect_now, "no node of the cluster is reachable to authenticate \"" + user + "\"");
}

bool proxy_conversation::fetch_verifier(const std::string& user) {
  const backend_set::identity superuser{services_.options.superuser, services_.options.database, "", 0,
                                        {{"application_name", "heliosdb-proxy"}}};
  const auto deadline = clock::now() + verifier_wait_max;
  work_unit unit;
  for (;;) {
    const auto nodes = services_.board.now();
    const auto* node = choose(*nodes, unit);
    if (node == nullptr || clock::now() >= deadline) return false;
    auto got = backends_.get(*node, false, superuser, deadline);
    if (auto** asked = std::get_if<backend*>(&got)) {
      if (const auto answer = ask_for_verifier(**asked, user)) {
        backends_.give_back(*asked);
        services_.verifiers.learned(user, *answer ? wire::pg::parse_verifier(**answer) : std::nullopt);
        return true;
      }
      backends_.drop(*asked);
    } else if (const auto* no = std::get_if<backend_set::refused>(&got)) {
      log::warning(source_, "{} does not let the proxy read its roles: {}", node->address.id.value, no->report.message);
    }
    unit.tried.insert(node->address.id);
  }
}

// The verifier's text, nothing inside for no such role; nothing at all when the node did not answer.
std::optional<std::optional<std::string>> proxy_conversation::ask_for_verifier(backend& from, const std::string& user) {
  std::string bytes;
  wire::pg::frontend_encoder encoder(bytes);
  encoder.parse("", "SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1", {});
  wire::pg::bind_message bind;
  bind.parameters = {user};
  encoder.bind(bind);
  encoder.execute("", 1);
  encoder.sync();
  from.send(std::move(bytes));
  std::optional<std::string> verifier;
  bool failed = false;
  for (;;) {
    const auto message = from.next(clock::now() + verifier_wait_max);
    if (!message) return std::nullopt;
    if (message->type == 'D') {
      const auto row = wire::pg::parse_data_row(message->body);
      if (row && row->size() == 1 && row->front()) verifier = std::string(*row->front());
    } else if (message->type == 'E') {
      failed = true;
      const auto r = wire::pg::parse_error_report(message->body);
      log::warning(source_, "{} cannot tell a role's verifier: {}", from.key().node.value, r ? r->message : "?");
    } else if (message->type == 'Z') {
      if (failed) return std::nullopt;
      return std::optional(verifier);
    }
  }
}

void proxy_conversation::greet() {
  const auto key = parameter_key(identity_);
  auto parameters = services_.parameters.find(key);
  // A session on a node is opened now, so that a database or role that does not exist is refused at once.
  work_unit unit;
  unit.label = "connect";
  for (;;) {
    auto* first = acquire(unit);
    if (parameters) break;
    if (auto fetched = fetch_parameters(*first)) {
      services_.parameters.learned(key, std::move(*fetched));
      parameters = services_.parameters.find(key);
      break;
    }
    unit.tried.insert(first->key().node);
    first->give_up("the node did not answer");
  }
  auto& out = io_.out();
  for (const auto& [name, value] : *parameters) out.parameter_status(name, value);
  const auto application = identity_.settings.find("application_name");
  out.parameter_status("application_name", application == identity_.settings.end() ? "" : application->second);
  out.parameter_status("session_authorization", identity_.user);
  out.parameter_status("in_hot_standby", "off");
  out.backend_key_data(static_cast<std::uint32_t>(use_.entry.id.value), use_.entry.secret);
  ++services_.counters.clients;
  ready();
}

// One query each, so that a setting which a node does not know leaves the others alone.
std::optional<parameter_cache::parameters> proxy_conversation::fetch_parameters(backend& from) {
  std::string bytes;
  wire::pg::frontend_encoder encoder(bytes);
  for (const auto* name : reported_parameters) encoder.query(std::string("SHOW ") + name);
  from.send(std::move(bytes));
  parameter_cache::parameters out;
  for (std::size_t at = 0; at < reported_parameters.size();) {
    const auto message = from.next(clock::now() + verifier_wait_max);
    if (!message) return std::nullopt;
    if (message->type == 'Z') ++at;
    if (message->type != 'D') continue;
    const auto row = wire::pg::parse_data_row(message->body);
    if (row && !row->empty() && row->front()) out.emplace_back(reported_parameters[at], *row->front());
  }
  return out;
}

}  // namespace helios::actors
