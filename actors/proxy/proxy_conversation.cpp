#include "actors/proxy/proxy_conversation.hpp"

#include <utility>

#include "actors/proxy/admin_console.hpp"
#include "actors/proxy/reports.hpp"
#include "base/wall_clock.hpp"

namespace helios::actors {

using wire::pg::frontend_kind;

proxy_conversation::proxy_conversation(environment use)
    : use_(std::move(use)),
      services_(use_.services),
      io_(use_.io),
      source_{"proxy_session", use_.entry.id},
      backends_(services_, use_.host, use_.callbacks) {}

// A backend between statements serves others; one that is in the middle of something is closed.
proxy_conversation::~proxy_conversation() {
  if (status_ == 'I' && busy_ == nullptr && batch_on_ == nullptr) backends_.give_back_all_but(nullptr);
}

bool proxy_conversation::cancel() {
  if (busy_ == nullptr) return false;
  busy_->cancel();
  return true;
}

void proxy_conversation::run() {
  std::optional<error_report> last_words;
  try {
    if (!started_) {
      if (start_up()) started_ = true;
      else over_ = true;
    }
    if (!over_) serve();
  } catch (const sql_error& e) {
    last_words = e.report();
  } catch (const std::exception& e) {
    last_words = make_fatal_report(sqlstate::internal_error, e.what());
  }
  if (!last_words) return;
  over_ = true;
  if (io_.closed()) return;
  last_words->severity = "FATAL";
  log::debug(source_, "session ends: {} {}", last_words->sqlstate, last_words->message);
  io_.out().error_response(*last_words);
  io_.send_now();
}

void proxy_conversation::serve() {
  while (!over_) {
    if (use_.host.ending()) throw to_error(*use_.host.ending());
    follow_kept();
    const auto message = io_.next_if_here();
    if (!message) {
      if (io_.closed()) over_ = true;
      return;
    }
    if (!handle(*message)) over_ = true;
  }
}

/// Between statements: what the backend that keeps something for the session says by itself.
void proxy_conversation::follow_kept() {
  if (kept_number_ == 0 || status_ != 'I' || batch_on_ != nullptr) return;
  auto* kept = backends_.numbered(kept_number_);
  while (kept != nullptr && !kept->lost()) {
    const auto message = kept->next_if_here();
    if (!message) return io_.flush();
    if (message->type == 'A' || message->type == 'N') io_.out().out().append(message->raw);
  }
  io_.flush();
  throw fatal_error(sqlstate::admin_shutdown,
                    "terminating connection because the primary was lost, where it had temporary tables, listened or held advisory locks");
}

bool proxy_conversation::handle(const wire::pg::frontend_message& message) {
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
      report(make_report(sqlstate::feature_not_supported, "the function call protocol is not supported"));
      ready();
      return true;
    case frontend_kind::terminate:
      return false;
    default:
      throw sql_error(sqlstate::protocol_violation, "unexpected message");
  }
}

void proxy_conversation::report(const error_report& r) {
  log::debug(source_, "statement failed: {} {}", r.sqlstate, r.message);
  ++services_.counters.failed;
  io_.out().error_response(r);
}

void proxy_conversation::ready() {
  io_.out().ready_for_query(status_);
  note_state(status_ == 'I' ? "idle" : status_ == 'T' ? "idle in transaction" : "idle in transaction (aborted)");
  io_.flush();
}

void proxy_conversation::note_state(const char* state) {
  use_.entry.activity->update([state](sql::activity_row& row) {
    row.state = state;
    row.state_change_us = wall_clock_us();
  });
}

void proxy_conversation::begin_statement(std::string_view text) {
  use_.host.begin_statement();
  use_.entry.activity->update([text](sql::activity_row& row) {
    row.state = "active";
    row.query = text.substr(0, 1024);
    row.query_start_us = wall_clock_us();
    row.state_change_us = row.query_start_us;
  });
}

void proxy_conversation::simple_query(std::string_view text) {
  begin_statement(text);
  if (console_) {
    console_->query(text, io_.out());
    return ready();
  }
  work_unit unit;
  unit.simple = true;
  std::optional<error_report> wrong;
  try {
    unit.facts = services_.inspect(text);
  } catch (const sql_error& e) {
    wrong = e.report();
  }
  if (wrong && status_ == 'I') {
    report(*wrong);
    return ready();
  }
  if (!wrong && unit.facts.empty() && status_ == 'I') {
    io_.out().empty_query_response();
    return ready();
  }
  classify(unit, unit.facts);
  if (wrong) unit.wants = need::writer;  // the transaction's node has to fail it
  wire::pg::frontend_encoder(unit.bytes).query(text);
  run_unit(unit);
}

}  // namespace helios::actors
