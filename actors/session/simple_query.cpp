// The simple query protocol: one string, all its statements in one implicit transaction.

#include "actors/session/pg_conversation.hpp"
#include "actors/session/result_writer.hpp"

namespace helios::actors {

void pg_conversation::simple_query(std::string_view text) {
  std::optional<error_report> failure;
  try {
    begin_statement();
    note_query(text);
    portals_.erase("");
    statements_.erase("");
    session_->drop_statement("");
    const auto statements = sql::parse(text);
    if (router_ && router_->wants(statements)) router_->forward_query(text, statements);
    else if (statements.empty()) io_.out().empty_query_response();
    else run_statements(statements);
  } catch (const sql_error& e) {
    failure = e.report();
  }
  if (failure) fail(*failure);
  ready();
}

void pg_conversation::run_statements(const std::vector<sql::parsed_statement_ptr>& statements) {
  copy_stream copy(io_);
  std::optional<sql_error> failure;
  try {
    for (std::size_t i = 0; i < statements.size(); ++i) {
      session_->begin_implicit();  // again after a COMMIT in the string
      if (i > 0) limit_statement();
      result_writer rows(io_, session_->formats(), {}, true);
      const auto done = session_->run(statements[i], rows, copy);
      if (router_) router_->on_local_statement(*statements[i]);
      if (i + 1 == statements.size()) session_->end_implicit();
      io_.out().command_complete(done.command_tag);
    }
  } catch (const sql_error& e) {
    failure = e;
  }
  if (!failure) return;
  if (copy.input_open()) copy.skip_rest(false);
  throw *failure;
}

}  // namespace helios::actors
