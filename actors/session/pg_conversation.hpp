#pragma once
// A PostgreSQL session's sequential code: start-up and authentication, then message after message of the simple and the
// extended protocol, against the SQL session or, on a standby, through the write router. Owned by the pg session actor;
// everything runs on the session's fiber, which ends whenever the client is silent between messages.
//
// I1 An error inside the extended protocol skips everything up to the client's Sync (protocol-flow.html).
// I2 CommandComplete of the last statement is sent after its implicit transaction has committed.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/session/client_io.hpp"
#include "actors/session/copy_stream.hpp"
#include "actors/session/pg_session.hpp"
#include "actors/session/write_router.hpp"
#include "base/log.hpp"
#include "sql/session.hpp"

namespace helios::actors {

class pg_conversation {
 public:
  struct environment {
    session_services& services;
    session_directory::entry entry;
    session_fiber& host;
    client_io& io;
    upstream_dialer dial_upstream;
    std::function<void(std::uint64_t statement, std::chrono::milliseconds after)> arm_statement_timeout;
    std::optional<forwarded_client> forwarded;
    std::function<void()> notified;  ///< a notification has come; any thread
  };
  explicit pg_conversation(environment use);
  ~pg_conversation();

  /// Handles what is here, and returns when the client is silent between messages or the session is over.
  void run();
  /// The session is over: close the connection.
  bool over() const { return over_; }
  /// The client is who it says, and its session is open.
  bool started() const { return session_ != nullptr; }
  /// True inside a transaction block, where idle_in_transaction_session_timeout counts.
  bool in_transaction() const { return session_ && status() != 'I'; }
  std::chrono::milliseconds idle_in_transaction_timeout() const { return session_->idle_in_transaction_timeout(); }
  /// The statement with this number is under way: its deadline counts.
  bool statement_runs(std::uint64_t number) const { return number == statement_number_; }

  write_router* router() { return router_.get(); }
  /// The primary works on this session's statement.
  bool forwarding() const { return router_ && router_->busy(); }
  /// True when the statement under way runs on the primary: it is cancelled there.
  bool cancel_upstream();

 private:
  struct bound_portal {
    std::unique_ptr<sql::portal> portal;  ///< empty for an empty query
    std::vector<std::int16_t> formats;
  };
  /// Kept beside the SQL session's own, to prepare it there or on the primary when it is first used.
  struct named_statement {
    sql::parsed_statement_ptr parsed;     ///< empty for an empty query
    std::string text;
    std::vector<sql::oid> parameter_types;
  };

  // startup.cpp
  bool start_up();
  void on_startup(std::string_view body);
  void open_session(const std::string& user, const std::string& database,
                    std::map<std::string, std::string> settings);
  void show_in_activity(const sql::session_options& options);
  void open_forwarded();
  void authenticate(const std::string& user);
  bool negotiate_tls();
  void greet();

  // pg_conversation.cpp
  void serve();
  bool handle(const wire::pg::frontend_message& message);
  void fail(const error_report& report);
  void ready();
  /// Of ReadyForQuery: where the client's transaction is, here or on the primary.
  char status() const;
  void begin_statement();
  void limit_statement();
  void note_query(std::string_view text);
  void note_state();
  void relay_notifications();
  void announce_position();
  void follow_role();
  sql_error ending(interrupt why) const;

  // simple_query.cpp
  void simple_query(std::string_view text);
  void run_statements(const std::vector<sql::parsed_statement_ptr>& statements);

  // extended_query.cpp
  void extended(const wire::pg::frontend_message& message);
  void extended_step(const wire::pg::frontend_message& message);
  void parse_step(const wire::pg::frontend_message& message);
  void bind_step(const wire::pg::frontend_message& message);
  void describe_step(const wire::pg::frontend_message& message);
  void execute_step(const wire::pg::frontend_message& message);
  void close_step(const wire::pg::frontend_message& message);
  void sync_step();
  void begin_series();
  sql::prepared_statement_ptr statement_named(const std::string& name);
  void describe_statement(const std::string& name);
  void describe_portal(const bound_portal& target);
  void run_portal(bound_portal& target, std::uint32_t rows_max);
  write_router::known_statement known(const std::string& name) const;
  void forget_unparsed();

  environment use_;
  client_io& io_;
  log::source source_;
  std::unique_ptr<sql::session> session_;
  std::unique_ptr<write_router> router_;
  std::map<std::string, named_statement, std::less<>> statements_;
  std::map<std::string, bound_portal, std::less<>> portals_;
  wire::pg::bind_message bind_;
  wire::pg::parse_message parse_;
  std::uint64_t statement_number_ = 0;
  std::uint64_t limited_statement_ = 0;  ///< the last one that was given a deadline
  lsn announced_;
  bool skip_to_sync_ = false;
  bool sync_seen_ = false;    ///< inside of a failed COPY: it is answered after the error
  bool series_open_ = false;  ///< messages of the extended protocol since the last Sync
  bool over_ = false;
};

}  // namespace helios::actors
