#pragma once
// A proxied client's sequential code: start-up and authentication, then unit after unit of work, each sent to the node that
// suits it. Owned by the proxy session actor; everything runs on the session's fiber, but for the two calls marked.
//
// I1 From the first statement of a transaction to its end everything goes to one node (`pinned_`).
// I2 What may have changed something is sent once. A read is sent again elsewhere as long as the client has seen nothing of it.
// I3 A session reads what it has written, and never less than it has read: its reads go to nodes that show `floor_`.
// I4 No wait happens inside a catch handler.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/proxy/backend_set.hpp"
#include "actors/proxy/work_unit.hpp"
#include "actors/session/client_io.hpp"
#include "base/log.hpp"
#include "wire/pg/server_auth.hpp"

namespace helios::actors {

class admin_console;

class proxy_conversation {
 public:
  struct environment {
    proxy_services& services;
    session_directory::entry entry;
    session_fiber& host;
    client_io& io;
    channel_callbacks callbacks;
  };
  explicit proxy_conversation(environment use);
  ~proxy_conversation();

  /// Handles what is here, and returns when the client is silent between messages or the session is over.
  void run();
  bool over() const { return over_; }
  bool started() const { return started_; }
  /// One of its backends may say something by itself.
  bool keeps_backend() const { return started_ && kept_number_ != 0; }

  // --- actor's thread ---
  backend_set& backends() { return backends_; }
  /// A cancel request: for the node that works for us. False if none does.
  bool cancel();

 private:
  // proxy_startup.cpp
  bool start_up();
  void begin_session(const wire::pg::startup_message& startup);
  void authenticate(const std::string& user);
  std::optional<wire::pg::scram_verifier> verifier_of(const std::string& user);
  /// False when no node could be asked.
  bool fetch_verifier(const std::string& user);
  std::optional<std::optional<std::string>> ask_for_verifier(backend& from, const std::string& user);
  void greet();
  std::optional<parameter_cache::parameters> fetch_parameters(backend& from);

  // proxy_conversation.cpp
  void serve();
  bool handle(const wire::pg::frontend_message& message);
  void simple_query(std::string_view text);
  void report(const error_report& r);
  void ready();
  void note_state(const char* state);
  void begin_statement(std::string_view text);
  void follow_kept();

  // proxy_units.cpp: from a unit to its answers
  void run_unit(work_unit& unit);
  bool attempt(work_unit& unit, backend& on);
  backend* acquire(work_unit& unit);
  const node_view* choose(const topology& nodes, const work_unit& unit);
  [[noreturn]] void throw_no_node(const work_unit& unit, const std::string& why) const;
  void log_selection(const work_unit& unit, const node_view& node);
  bool replay(backend& on);
  bool prepare(work_unit& unit, backend& on, std::string& bytes);
  bool may_repeat(const work_unit& unit) const;
  void lose(work_unit& unit, const backend& gone);
  bool give_up_after_losses(work_unit& unit, const backend& gone);
  bool lose_pinned(work_unit& unit);
  void answer_error(work_unit& unit, const error_report& r);
  void answer_in_lost_transaction(work_unit& unit);
  void spare_backends();

  // proxy_relay.cpp: a unit's answers to the client
  relay_end relay(work_unit& unit, backend& from);
  relay_end relay_one(work_unit& unit, backend& from, const wire::pg::backend_message& message, bool& finished);
  std::optional<wire::pg::backend_message> next_answer(work_unit& unit, backend& from);
  relay_end relay_error(work_unit& unit, backend& from, const wire::pg::backend_message& message, bool& finished);
  void relay_bytes(work_unit& unit, std::string_view raw);
  void answered(work_unit& unit, backend& from, const wire::pg::backend_message& message);
  void completed(const std::vector<statement_facts>& facts, std::size_t at, std::string_view tag, const backend& from);
  void apply(const statement_facts& facts, backend& from);
  void finish_ready(work_unit& unit, backend& from, char status);
  void take_back(work_unit& unit);
  void drain(const work_unit& unit, backend& from);
  void pump_copy_in(backend& to);

  // proxy_extended.cpp: the client's pipeline, collected into units
  void extended(const wire::pg::frontend_message& message);
  void add_parse(const wire::pg::frontend_message& message);
  void add_bind(const wire::pg::frontend_message& message);
  void add_target(const wire::pg::frontend_message& message);
  void add_execute(const wire::pg::frontend_message& message);
  void add(const wire::pg::frontend_message& message, expected_reply reply);
  void use_statement(const client_statement_ptr& statement);
  client_statement_ptr statement_named(const std::string& name) const;
  void run_batch(bool sync);
  void leave_standby_batch();

  environment use_;
  proxy_services& services_;
  client_io& io_;
  log::source source_;
  backend_set backends_;
  backend_set::identity identity_;
  std::unique_ptr<admin_console> console_;

  session_log log_;
  std::vector<statement_facts> uncommitted_;  ///< effects of the transaction under way
  std::map<std::string, client_statement_ptr, std::less<>> statements_;
  std::uint64_t last_statement_id_ = 0;

  backend* pinned_ = nullptr;      ///< the transaction's node
  backend* busy_ = nullptr;        ///< works for us now
  char status_ = 'I';
  lsn floor_;
  bool lost_transaction_ = false;  ///< its node is gone: only its end is accepted
  bool stay_on_primary_ = false;   ///< the session has something that only the primary has
  std::uint64_t kept_number_ = 0;  ///< the backend that has it: its notifications are the client's, and its loss the session's end

  work_unit batch_;                ///< extended: since the last Flush or Sync
  std::map<std::string, client_statement_ptr, std::less<>> batch_statements_;  ///< parsed in it, not yet answered
  std::map<std::string, client_statement_ptr, std::less<>> portals_;
  backend* batch_on_ = nullptr;    ///< extended: earlier messages since the last Sync went there
  bool skip_to_sync_ = false;

  wire::pg::bind_message bind_;
  wire::pg::parse_message parse_;
  bool started_ = false;
  bool over_ = false;
};

}  // namespace helios::actors
