#include "actors/session/pg_conversation.hpp"

#include "base/wall_clock.hpp"

#include <utility>

namespace helios::actors {

using wire::pg::frontend_kind;

pg_conversation::pg_conversation(environment use)
    : use_(std::move(use)), io_(use_.io), source_{"pg_session", use_.entry.id} {}
pg_conversation::~pg_conversation() = default;

char pg_conversation::status() const {
  if (router_ && router_->status() != 'I') return router_->status();
  return static_cast<char>(session_->status());
}

bool pg_conversation::cancel_upstream() {
  if (!forwarding()) return false;
  router_->upstream().cancel();
  return true;
}

void pg_conversation::run() {
  std::optional<error_report> last_words;
  try {
    if (!session_) {
      if (use_.forwarded) open_forwarded();
      else if (!start_up()) over_ = true;
    }
    if (!over_) serve();
  } catch (const sql_error& e) {
    last_words = e.report();
  } catch (const std::exception& e) {
    last_words.emplace();
    last_words->sqlstate = sqlstate::internal_error;
    last_words->message = e.what();
  }
  if (!last_words) return;
  over_ = true;
  if (io_.closed()) return;
  if (last_words->severity == "ERROR") last_words->severity = "FATAL";
  log::debug(source_, "session ends: {} {}", last_words->sqlstate, last_words->message);
  io_.out().error_response(*last_words);
  io_.send_now();
}

// Between statements. A proxy may have sent another one meanwhile: it learns that this one was not executed, as from
// sql/write_admission.hpp, and gives it to the next primary.
sql_error pg_conversation::ending(interrupt why) const {
  auto out = to_error(why);
  const bool node_ends = why == interrupt::fenced || why == interrupt::terminate;
  if (use_.forwarded && node_ends && !series_open_ && session_->status() == sql::transaction_status::idle) {
    out.report().sqlstate = sqlstate::cannot_connect_now;
    out.report().detail = "What was not answered was not executed.";
  }
  return out;
}

// Returns when there is no whole message left; the next bytes begin a new fiber.
void pg_conversation::serve() {
  while (!over_) {
    if (const auto why = use_.host.ending()) throw ending(*why);
    if (!series_open_) {
      if (router_) router_->follow_upstream();
      relay_notifications();
      io_.flush();
    }
    auto message = io_.next_if_here();
    if (!message) {
      if (io_.closed()) over_ = true;
      // A pipeline whose Sync has not come yet keeps its answers here until Flush, Sync or a full buffer.
      return;
    }
    if (!handle(*message)) over_ = true;
  }
}

// After a promotion the session writes here, and needs its router no more. What the primary of before still owes it comes first.
void pg_conversation::follow_role() {
  if (!session_->options().read_only || use_.services.read_only()) return;
  if (router_ && router_->forwarding()) return;
  if (session_->lift_read_only()) router_.reset();
}

bool pg_conversation::handle(const wire::pg::frontend_message& message) {
  follow_role();
  switch (message.kind) {
    case frontend_kind::query: {
      const auto text = wire::pg::parse_string(message.body);
      if (!text) throw sql_error(wire::pg::report_of(text.failure()));
      skip_to_sync_ = false;
      simple_query(*text);
      return true;
    }
    case frontend_kind::parse:
    case frontend_kind::bind:
    case frontend_kind::describe:
    case frontend_kind::execute:
    case frontend_kind::close:
    case frontend_kind::flush:
    case frontend_kind::sync:
      extended(message);
      return true;
    case frontend_kind::copy_data:
    case frontend_kind::copy_done:
    case frontend_kind::copy_fail:
      return true;  // the rest of a COPY that has already failed
    case frontend_kind::function_call:
      fail(sql_error(sqlstate::feature_not_supported, "the function call protocol is not supported").report());
      ready();
      return true;
    case frontend_kind::terminate:
      return false;
    default:
      throw sql_error(sqlstate::protocol_violation, "a message of this type is not expected here");
  }
}

void pg_conversation::fail(const error_report& report) {
  if (report.severity == "FATAL") throw sql_error(report);
  log::debug(source_, "statement failed: {} {}", report.sqlstate, report.message);
  portals_.clear();
  session_->failed();
  io_.out().error_response(report);
}

/// Between transactions alone.
void pg_conversation::relay_notifications() {
  if (status() != 'I') return;
  for (const auto& n : session_->take_notifications()) {
    io_.out().notification_response(static_cast<std::uint32_t>(n.process), n.channel, n.payload);
  }
}

void pg_conversation::ready() {
  announce_position();
  if (session_->status() == sql::transaction_status::idle) portals_.clear();
  relay_notifications();
  io_.out().ready_for_query(status());
  note_state();
  ++statement_number_;  // a deadline of the statement that is over finds another number
  series_open_ = false;
  io_.flush();
  use_.entry.activity->answer_first = false;
}

void pg_conversation::announce_position() {
  if (!use_.forwarded) return;
  // What is visible now is no less than what any snapshot of this session has shown.
  const auto position = std::max(session_->last_commit(), use_.services.db.engine().positions().visible);
  if (position <= announced_) return;
  announced_ = position;
  use_.forwarded->announce_position(announced_);
}

void pg_conversation::begin_statement() {
  use_.host.begin_statement();
  ++statement_number_;
  limit_statement();
}

// Also for the statements behind a SET in the same string.
void pg_conversation::limit_statement() {
  if (limited_statement_ == statement_number_) return;
  const auto limit = session_->statement_timeout();
  if (limit.count() == 0) return;
  limited_statement_ = statement_number_;
  use_.arm_statement_timeout(statement_number_, limit);
}

void pg_conversation::note_query(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 1024;
  const auto now = wall_clock_us();
  use_.entry.activity->update([now, text](sql::activity_row& row) {
    row.state = "active";
    row.query = text.substr(0, shown_bytes_max);
    row.query_start_us = now;
    row.state_change_us = now;
    if (row.transaction_start_us == 0) row.transaction_start_us = now;
  });
}

void pg_conversation::note_state() {
  const auto now = wall_clock_us();
  const char where = status();
  use_.entry.activity->update([now, where](sql::activity_row& row) {
    row.state = where == 'I' ? "idle" : where == 'T' ? "idle in transaction" : "idle in transaction (aborted)";
    row.state_change_us = now;
    if (where == 'I') row.transaction_start_us = 0;
  });
}

}  // namespace helios::actors
