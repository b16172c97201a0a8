// Start-up of a session: SSLRequest, cancel requests, SCRAM-SHA-256, and what a client is told before its first query.

#include "actors/session/pg_conversation.hpp"
#include "wire/pg/server_auth.hpp"
#include "wire/pg/startup_options.hpp"

namespace helios::actors {
namespace {

using wire::pg::frontend_kind;

sql_error fatal(const char* state, std::string message) {
  sql_error e(state, std::move(message));
  e.report().severity = "FATAL";
  return e;
}

}  // namespace

bool pg_conversation::negotiate_tls() {
  if (io_.decoder().buffered_bytes() > 0 || io_.input_waiting()) {
    throw fatal(sqlstate::protocol_violation, "received unencrypted data after SSL request");
  }
  io_.out().out() += use_.services.tls ? 'S' : 'N';
  io_.flush();
  if (!use_.services.tls) return true;
  auto done = std::make_shared<completion>();
  io_.connection().start_tls_server([done](result<void> outcome) { done->complete(std::move(outcome)); });
  use_.host.await(done);
  return done->outcome().ok();
}

bool pg_conversation::start_up() {
  for (;;) {
    const auto message = io_.next();
    switch (message.kind) {
      case frontend_kind::ssl_request:
        if (!negotiate_tls()) return false;
        break;
      case frontend_kind::gssenc_request:
        io_.out().out() += 'N';
        io_.flush();
        break;
      case frontend_kind::cancel_request:
        if (const auto key = wire::pg::parse_cancel_request(message.body)) {
          use_.services.directory->cancel(key->process_id, key->secret);
        }
        return false;
      case frontend_kind::startup:
        on_startup(message.body);
        return true;
      default:
        throw fatal(sqlstate::protocol_violation, "invalid startup packet");
    }
  }
}

void pg_conversation::on_startup(std::string_view body) {
  auto parsed = wire::pg::parse_startup(body);
  if (!parsed) throw sql_error(wire::pg::report_of(parsed.failure()));
  const auto& startup = *parsed;
  if (startup.minor > 0 || !startup.unknown_options.empty()) {
    io_.out().negotiate_protocol_version(0, startup.unknown_options);
  }
  const std::string user(startup.parameter("user"));
  if (user.empty()) throw fatal(sqlstate::invalid_authorization, "no PostgreSQL user name specified in startup packet");
  std::string database(startup.parameter("database"));
  if (database.empty()) database = user;
  const auto replication = startup.parameter("replication");
  if (!replication.empty() && replication != "false" && replication != "off" && replication != "0") {
    throw fatal(sqlstate::feature_not_supported, "physical and logical replication over this port are not supported");
  }
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : startup.parameters) {
    if (name != "user" && name != "database" && name != "options" && name != "replication") settings[name] = value;
  }
  auto options = wire::pg::parse_startup_options(startup.parameter("options"));
  if (!options) throw fatal(sqlstate::syntax_error, options.failure().detail);
  for (auto& [name, value] : *options) settings[name] = value;

  if (const auto& gate = use_.services.not_accepting; gate) {
    if (const auto why = gate()) throw fatal(sqlstate::cannot_connect_now, *why);
  }
  if (!use_.services.directory->admit(use_.entry.id)) {
    throw fatal(sqlstate::too_many_connections, "sorry, too many clients already");
  }
  authenticate(user);
  open_session(user, database, std::move(settings));
  greet();
}

void pg_conversation::authenticate(const std::string& user) {
  const auto stored = sql::login_verifier(use_.services.db, user);
  wire::pg::server_authentication exchange(stored ? wire::pg::parse_verifier(*stored) : std::nullopt, user,
                                           use_.services.options.cluster_secret);
  exchange.start(io_.out());
  for (;;) {
    io_.flush();
    const auto message = io_.next();
    if (message.kind == frontend_kind::terminate) throw to_error(interrupt::client_gone);
    if (message.kind != frontend_kind::password) throw fatal(sqlstate::protocol_violation, "expected a password message");
    const auto done = exchange.on_password(message.body, io_.out());
    if (!done) {
      auto report = exchange.failure_report(done.failure());
      if (report.sqlstate == sqlstate::invalid_password) {
        log::info(source_, "{} from {}", report.message, io_.connection().remote_host());
      }
      throw sql_error(std::move(report));
    }
    if (*done) break;
  }
  io_.decoder().authenticated();
}

void pg_conversation::open_session(const std::string& user, const std::string& database,
                                   std::map<std::string, std::string> settings) {
  sql::session_options options;
  options.id = use_.entry.id;
  options.user = user;
  options.database = database;
  options.client_address = use_.forwarded ? use_.forwarded->client_address : io_.connection().remote_host();
  options.client_port = use_.forwarded ? use_.forwarded->client_port : io_.connection().remote_port();
  options.settings = std::move(settings);
  options.read_only = use_.services.read_only();
  if (options.read_only) {
    const auto primary = use_.services.current_primary();
    options.read_only_hint = "Connect to the primary \"" + primary.primary.value + "\" at " + primary.host + ":" +
                             std::to_string(primary.pg_port) + " for writes.";
  }
  show_in_activity(options);
  if (const auto& gate = use_.services.may_answer) {
    io_.set_answer_gate([gate, activity = use_.entry.activity](bool asked_in_time) { return activity->answer_first || gate(asked_in_time); });
  }
  session_ = sql::session::open(
      use_.services.db, use_.host, std::move(options), [this](const error_report& r) { io_.out().notice_response(r); },
      [this](std::string_view name, std::string_view value) {
        io_.out().parameter_status(name, value);
        if (name == "application_name") {
          use_.entry.activity->update([value](sql::activity_row& row) { row.application = value; });
        }
      });
  session_->on_notification(use_.notified);
  const bool async = use_.services.mode && use_.services.mode() == sync_mode::async;
  const bool routes = session_->options().read_only && use_.services.options.replication.write_routing && !async && !use_.forwarded;
  if (routes) router_ = std::make_unique<write_router>(use_.services, use_.host, io_, *session_, use_.dial_upstream, source_);
}

void pg_conversation::show_in_activity(const sql::session_options& options) {
  use_.entry.activity->update([&options](sql::activity_row& row) {
    row.user = options.user;
    row.database = options.database;
    row.client_address = options.client_address;
    row.client_port = options.client_port;
    if (auto found = options.settings.find("application_name"); found != options.settings.end()) {
      row.application = found->second;
    }
  });
}

void pg_conversation::open_forwarded() {
  io_.decoder().authenticated();
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : use_.forwarded->settings) settings[name] = value;
  open_session(use_.forwarded->user, use_.forwarded->database, std::move(settings));
  use_.forwarded->opened(static_cast<std::uint32_t>(use_.entry.id.value), use_.entry.secret);
}

void pg_conversation::greet() {
  auto& out = io_.out();
  for (const auto& [name, value] : session_->reported_settings()) out.parameter_status(name, value);
  out.backend_key_data(static_cast<std::uint32_t>(use_.entry.id.value), use_.entry.secret);
  ready();
  log::debug(source_, "session of user \"{}\" opened from {}", session_->options().user, session_->options().client_address);
}

}  // namespace helios::actors
