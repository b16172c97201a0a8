#include "actors/session/write_router.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <variant>

#include "actors/session/null_sink.hpp"
#include "sql/parse/parsed_statement.hpp"
#include "wire/pg/client.hpp"

namespace helios::actors {
namespace {

using sql::statement_class;
using namespace std::chrono_literals;

// A standby that streams shows a commit within milliseconds. One that does not answers, and its later reads wait.
constexpr auto show_wait_max = 5s;

std::string quote_literal(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  return out + "'";
}

std::string set_config_call(std::string_view name, std::string_view value) {
  return "SELECT set_config(" + quote_literal(name) + "," + quote_literal(value) + ",false);";
}

// currval() and lastval() are of the session that drew the value: the one on the primary.
bool asks_for_sequence_value(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find("currval") != std::string::npos || lower.find("lastval") != std::string::npos;
}

// Temporary objects are of the session that made them: the one on the primary.
struct temporary_finder {
  template <class Statement>
  bool operator()(const Statement& s) const {
    if constexpr (requires { s.persistence; s.table; }) return is(s.persistence, s.table);
    else if constexpr (requires { s.persistence; s.view; }) return is(s.persistence, s.view);
    else if constexpr (requires { s.persistence; s.name; }) return is(s.persistence, s.name);
    else return false;
  }
  static bool is(char persistence, const sql::ast::relation_name& name) { return persistence == 't' || name.schema == "pg_temp"; }
};
bool makes_temporary(const sql::parsed_statement& statement) { return std::visit(temporary_finder{}, statement.tree().node); }

}  // namespace

write_router::write_router(session_services& services, session_fiber& host, client_io& io, sql::session& local,
                           upstream_dialer dial, log::source source)
    : services_(services), host_(host), io_(io), local_(local), upstream_(services, host, std::move(dial)), source_(source) {}

// --- which statements ---

bool write_router::is_primary_only(const sql::parsed_statement& statement) const {
  const auto what = sql::classify(statement);
  if (what == statement_class::write || what == statement_class::begin) return true;
  // Whatever may read a temporary table goes where it is; settings are carried over before each statement.
  const bool follows_temporary = temporary_ && upstream_.connected();
  if (follows_temporary && what != statement_class::session) return true;
  if (what == statement_class::read) return upstream_.connected() && asks_for_sequence_value(sql::text_of(statement));
  const auto& node = statement.tree().node;
  if (follows_temporary) {
    // A statement that reads a temporary table can be prepared where that is, and nowhere else.
    const auto* drop = std::get_if<sql::ast::deallocate_statement>(&node);
    if (std::holds_alternative<sql::ast::prepare_statement>(node) || std::holds_alternative<sql::ast::execute_statement>(node)) return true;
    return drop != nullptr && !drop->name.empty() && !local_.find_statement(drop->name);
  }
  const auto* run = std::get_if<sql::ast::execute_statement>(&node);
  if (!run) return false;
  const auto prepared = local_.find_statement(run->name);
  return prepared && sql::classify(prepared->source()) == statement_class::write;
}

bool write_router::wants(const std::vector<sql::parsed_statement_ptr>& statements) const {
  if (forwarding()) return true;
  // Inside a local transaction, a read-only one, a write is refused as such.
  if (local_.status() != sql::transaction_status::idle) return false;
  return std::any_of(statements.begin(), statements.end(), [this](const auto& s) { return is_primary_only(*s); });
}

bool write_router::wants(const known_statement& statement) const {
  if (lost_transaction_ && statement.parsed && sql::classify(*statement.parsed) == statement_class::end) return false;
  if (forwarding()) return true;
  if (local_.status() != sql::transaction_status::idle) return false;
  return statement.parsed && is_primary_only(*statement.parsed);
}

void write_router::on_local_statement(const sql::parsed_statement& statement) {
  const auto& node = statement.tree().node;
  const auto* discard = std::get_if<sql::ast::discard_statement>(&node);
  const auto* drop = std::get_if<sql::ast::deallocate_statement>(&node);
  if ((discard == nullptr && drop == nullptr) || status_ != 'I') return;
  using kind = sql::ast::discard_statement::kind;
  if (discard != nullptr && discard->what == kind::all) keeps_state_ = temporary_ = false;
  const bool ends_temporary = discard != nullptr && discard->what == kind::temporary && std::exchange(temporary_, false);
  if (!keeps_state_ && !temporary_) return upstream_.close();
  // The session there has what the client still wants: only what the statement names goes.
  if (ends_temporary) tell_upstream("DISCARD TEMP");
  if (drop == nullptr) return;
  if (drop->name.empty()) {
    if (tell_upstream("DEALLOCATE ALL")) prepared_.clear();
  } else if (prepared_.count(drop->name) > 0 && tell_upstream(std::string(sql::text_of(statement)))) {
    prepared_.erase(drop->name);
  }
}

bool write_router::tell_upstream(const std::string& statement) {
  if (!upstream_.connected()) return false;
  std::string bytes;
  wire::pg::frontend_encoder(bytes).query(statement);
  try {
    guarded([this, &bytes] { run_unseen(bytes); });
    return true;
  } catch (const sql_error&) {
    return false;  // the link is gone, and all that was there with it
  }
}

void write_router::throw_if_state_lost() {
  if (!keeps_state_ || upstream_.connected()) return;
  error_report report;
  report.severity = "FATAL";
  report.sqlstate = sqlstate::admin_shutdown;
  report.message = "terminating connection because the primary was lost, where it listened or held advisory locks";
  throw sql_error(std::move(report));
}

void write_router::follow_upstream() {
  if (busy_ || batch_ || status_ != 'I') return;
  throw_if_state_lost();
  while (upstream_.connected()) {
    const auto message = upstream_.next_if_here();
    if (!message) return;
    if (message->type == 'A' || message->type == 'N') io_.out().out().append(message->raw);
  }
}

void write_router::note_kept(const sql::parsed_statement& statement) {
  if (sql::keeps_in_session(statement)) keeps_state_ = true;
  const auto* run = std::get_if<sql::ast::execute_statement>(&statement.tree().node);
  if (!run) return;
  if (const auto prepared = local_.find_statement(run->name); prepared && sql::keeps_in_session(prepared->source())) keeps_state_ = true;
}

void write_router::note_commits(const sql::parsed_statement& statement) {
  const auto what = sql::classify(statement);
  // Outside of a transaction block each statement commits; inside, only its end does.
  if (what == statement_class::end || (status_ == 'I' && what == statement_class::write)) committing_ = true;
  if (makes_temporary(statement)) temporary_ = true;
}

// --- the session on the primary ---

void write_router::connect() {
  // The session that a transaction block belongs to is not replaced by another one: its loss is noticed by the next send.
  if (upstream_.connected() || status_ != 'I') return;
  throw_if_state_lost();
  const auto& mine = local_.options();
  wire::repl::open_session as;
  as.user = mine.user;
  as.database = mine.database;
  as.client_address = mine.client_address;
  as.client_port = static_cast<std::uint16_t>(mine.client_port);
  as.settings = local_.changed_settings();
  upstream_.connect(as, std::chrono::steady_clock::now() + services_.options.replication.write_routing_timeout);
  log::debug(source_, "forwarding writes to {}", upstream_.target().primary.value);
  prepared_.clear();
  temporary_ = false;
  replayed_ = as.settings;
}

// Messages of our own: their replies are for nobody.
void write_router::run_unseen(std::string_view messages) {
  upstream_.send(messages);
  for (;;) {
    const auto message = upstream_.next();
    if (message.type == 'Z') return;
    if (message.type == 'A') io_.out().out().append(message.raw);
    if (message.type != 'E') continue;
    if (const auto report = wire::pg::parse_error_report(message.body)) {
      log::warning(source_, "the primary did not take over the session's state: {}", report->message);
    }
  }
}

void write_router::replay_settings() {
  if (status_ != 'I') return;
  auto now = local_.changed_settings();
  if (now == replayed_) return;
  std::string calls;
  for (const auto& [name, value] : now) {
    const auto known = std::find(replayed_.begin(), replayed_.end(), std::pair{name, value});
    if (known == replayed_.end()) calls += set_config_call(name, value);
  }
  for (const auto& [name, value] : replayed_) {
    const bool stays = std::any_of(now.begin(), now.end(), [&n = name](const auto& s) { return s.first == n; });
    // Not RESET: the value that the session there began with may be another one.
    if (!stays) calls += set_config_call(name, local_.setting(name).value_or(""));
  }
  std::string bytes;
  wire::pg::frontend_encoder(bytes).query(calls);
  run_unseen(bytes);
  replayed_ = std::move(now);
}

// SQL's EXECUTE of a statement that was prepared on this node.
void write_router::prepare_for_execute(const sql::parsed_statement& statement) {
  const auto* run = std::get_if<sql::ast::execute_statement>(&statement.tree().node);
  if (!run || prepared_.count(run->name) > 0) return;
  const auto found = local_.find_statement(run->name);
  if (!found) return;
  std::string bytes;
  wire::pg::frontend_encoder to(bytes);
  const auto text = sql::text_of(found->source());
  const auto as = sql::parse(text);
  const bool whole = as.size() == 1 && std::holds_alternative<sql::ast::prepare_statement>(as.front()->tree().node);
  if (whole) {
    to.query(text);  // PREPARE itself
  } else {
    to.parse(run->name, text, found->parameter_types());
    to.sync();
  }
  run_unseen(bytes);
  prepared_[run->name] = true;
}

// --- simple protocol ---

void write_router::forward_query(std::string_view text, const std::vector<sql::parsed_statement_ptr>& statements) {
  if (lost_transaction_) {
    if (statements.size() != 1 || !leaves_lost_transaction(*statements.front())) throw aborted();
    return io_.out().command_complete("ROLLBACK");
  }
  forget("");  // a simple query ends the unnamed statement there as here
  std::string bytes;
  wire::pg::frontend_encoder(bytes).query(text);
  guarded([this, &bytes, &statements] {
    connect();
    replay_settings();
    for (const auto& s : statements) {
      prepare_for_execute(*s);
      if (status_ == 'T' && sql::classify(*s) == statement_class::session) mirror_.push_back(s);
    }
    // BEGIN; ...; COMMIT in one string commits whatever the state before.
    for (const auto& s : statements) {
      note_commits(*s);
      note_kept(*s);
    }
    sent_ = busy_ = true;
    upstream_.send(bytes);
    relay_query();
  });
}

void write_router::relay_query() {
  for (;;) {
    const auto message = upstream_.next();
    if (message.type == 'Z') return finish(message.body.empty() ? 'I' : message.body[0]);
    relay(message);
    if (message.type == 'G') pump_copy_in(false);
  }
}

void write_router::relay(const wire::pg::backend_message& message) {
  if (message.type == 'E') throw_if_fatal(message.body);
  if (message.type == 'C') last_tag_ = message.body.substr(0, message.body.find('\0'));
  io_.out().out().append(message.raw);
  io_.flush_if_full();
}

// The primary ends its session, not the client's. What it was working on has not committed: it would have said so first, or that it may not
// say what has become of it.
void write_router::throw_if_fatal(std::string_view body) {
  const auto report = wire::pg::parse_error_report(body);
  if (!report || report->severity == "ERROR") return;
  committing_ = false;
  if (report->sqlstate == sqlstate::transaction_resolution_unknown)
    throw sql_error(sqlstate::transaction_resolution_unknown, report->message).detail(report->detail);
  throw sql_error(sqlstate::connection_failure,
                  "the primary \"" + upstream_.target().primary.value + "\" has ended the session")
      .detail(report->message);
}

// CopyData from the client to the primary, up to CopyDone or CopyFail. After an error there it discards the rest.
void write_router::pump_copy_in(bool extended) {
  using wire::pg::frontend_kind;
  copied_ = true;
  io_.flush();
  for (;;) {
    const auto message = io_.next();
    if (message.kind == frontend_kind::terminate) throw to_error(interrupt::client_gone);
    if (message.kind == frontend_kind::sync || message.kind == frontend_kind::flush) continue;
    upstream_.send(message.raw);
    if (message.kind != frontend_kind::copy_data) break;
  }
  if (!extended) return;
  // The Sync behind the Execute is eaten: without this the primary would keep COPY's end until the client's next one.
  std::string flush;
  wire::pg::frontend_encoder(flush).flush();
  upstream_.send(flush);
}

// --- ends ---

void write_router::finish(char status) {
  busy_ = sent_ = committing_ = false;
  status_ = status;
  if (status_ != 'I') return;
  mirror_settings();
  show_commit();
}

void write_router::show_commit() {
  const auto position = upstream_.position();
  if (position <= shown_) return;
  shown_ = position;
  local_.set_read_floor(position);
  const auto wait = services_.db.wait_visible(position);
  if (!wait) return;
  try {
    host_.await_until(wait, std::chrono::steady_clock::now() + show_wait_max);
  } catch (const sql_error&) {
    // The statement has succeeded: a cancel that comes now is too late. What ends the session ends it at the next message.
  }
}

// The client's SETs inside of the transaction hold for its later statements on this node too.
void write_router::mirror_settings() {
  const auto statements = std::exchange(mirror_, {});
  if (statements.empty() || last_tag_ != "COMMIT") return;
  null_sink rows;
  null_copy copy;
  for (const auto& s : statements) {
    try {
      local_.begin_implicit();
      local_.run(s, rows, copy);
      local_.end_implicit();
    } catch (const sql_error& e) {
      local_.failed();
      log::debug(source_, "a setting of a forwarded transaction does not hold here: {}", e.report().message);
    }
  }
  replayed_ = local_.changed_settings();
}

void write_router::guarded(const std::function<void()>& work) {
  std::optional<sql_error> failure;
  try {
    work();
    return;
  } catch (const sql_error& e) {
    failure = e;
  }
  throw lost(*failure);
}

sql_error write_router::lost(const sql_error& why) {
  const bool was_sent = std::exchange(sent_, false), may_commit = std::exchange(committing_, false);
  const bool in_transaction = status_ != 'I';
  busy_ = batch_ = false;
  batch_bytes_.clear();
  expected_.clear();
  mirror_.clear();
  // Whatever stopped us in the middle, replies may still be on their way: this link is of no more use.
  upstream_.close();
  if (in_transaction) {
    lost_transaction_ = !may_commit;
    status_ = may_commit ? 'I' : 'E';
  }
  // What the primary answered is relayed; what is thrown came from here, and says nothing of the commit's fate.
  if (!was_sent || !may_commit || why.report().severity != "ERROR") return why;
  return sql_error(sqlstate::transaction_resolution_unknown,
                   "the primary \"" + upstream_.target().primary.value + "\" was lost while a commit was under way")
      .detail(why.report().message)
      .hint("The change may or may not have been made durable; check before trying again.");
}

bool write_router::leaves_lost_transaction(const sql::parsed_statement& statement) {
  if (!lost_transaction_ || sql::classify(statement) != statement_class::end) return false;
  lost_transaction_ = false;
  status_ = 'I';
  return true;
}

sql_error write_router::aborted() {
  return sql_error(sqlstate::in_failed_sql_transaction,
                   "current transaction is aborted, commands ignored until end of transaction block")
      .detail("The connection to the primary was lost inside of it.");
}

}  // namespace helios::actors
