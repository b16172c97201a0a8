#pragma once
// Transparent write routing: on a sync or semi-sync standby, whatever writes is executed by the primary as the same user, and
// its replies are relayed as they are. Owned by the conversation; runs on its fiber.
//
// I1 From BEGIN (unless READ ONLY) to its end, everything goes to the primary: a transaction reads its own writes.
// I2 After a forwarded commit the client is answered when this node shows it (or after a bounded wait; reads then wait).
// I3 A statement that was sent is never sent again. If the link is lost then, a commit's fate is unknown: 08007.
// I4 Replies are owed in order: expected_ has one entry for each message of the extended protocol that was sent.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/session/client_io.hpp"
#include "actors/session/session_services.hpp"
#include "actors/session/upstream_link.hpp"
#include "base/log.hpp"
#include "sql/session.hpp"

namespace helios::actors {

class write_router {
 public:
  write_router(session_services& services, session_fiber& host, client_io& io, sql::session& local, upstream_dialer dial,
               log::source source);

  upstream_link& upstream() { return upstream_; }
  /// True while a statement runs on the primary: a cancel request is for it.
  bool busy() const { return busy_; }
  /// The client's transaction is on the primary: 'T' or 'E'; 'I' when it is not.
  char status() const { return status_; }
  /// True for the end of a transaction whose primary is gone: it is over then, rolled back, and there is nothing to run.
  bool leaves_lost_transaction(const sql::parsed_statement& statement);
  /// Between statements: hands the client what its session on the primary says by itself, the notifications. FATAL 57P01 when that
  /// session is lost with what nobody could bring back: the client shall not believe that it still listens, or holds a lock.
  void follow_upstream();
  /// After a statement that this node ran: DISCARD and DEALLOCATE are for the session on the primary too.
  void on_local_statement(const sql::parsed_statement& statement);

  /// Simple protocol: do these statements belong to the primary?
  bool wants(const std::vector<sql::parsed_statement_ptr>& statements) const;
  /// Runs the query there and relays everything up to ReadyForQuery, which the caller sends.
  void forward_query(std::string_view text, const std::vector<sql::parsed_statement_ptr>& statements);

  // Extended protocol. A statement is known by its class, text and parameter types.
  struct known_statement {
    std::string name, text;
    std::vector<sql::oid> parameter_types;
    const sql::parsed_statement* parsed = nullptr;  ///< null for an empty query, or one that nobody here knows
  };
  /// True while messages up to the next Sync belong to the primary.
  bool forwarding() const { return batch_ || status_ != 'I'; }
  /// There is something to be synced on the primary.
  bool in_batch() const { return batch_; }
  /// True if this statement's Parse or Bind goes to the primary.
  bool wants(const known_statement& statement) const;
  /// `before`: what the name means to this node so far.
  void forward_parse(std::string_view raw, const known_statement& before);
  void forward_bind(std::string_view raw, const known_statement& statement);
  void forward_describe(std::string_view raw, const known_statement* statement);
  void forward_execute(std::string_view raw);
  void forward_close(std::string_view raw, const std::string* statement);
  /// The name has another meaning here now than on the primary.
  void forget(const std::string& statement);
  /// Sends what has gathered and relays its replies. False when an error came: everything up to Sync is to be skipped.
  bool forward_flush();
  /// Relays up to ReadyForQuery, which the caller sends. False when COPY has eaten this Sync: another one follows.
  bool forward_sync();
  /// An ErrorResponse was relayed since the last Sync.
  bool failed() const { return failed_; }
  /// Names whose Parse the primary refused, or never came to.
  std::vector<std::string> take_unparsed() { return std::exchange(unparsed_, {}); }

 private:
  struct expected_reply {
    bool swallow = false;   ///< of a message that we added
    bool parse = false;     ///< makes `statement` known there
    std::string statement;
  };

  // write_router.cpp
  bool is_primary_only(const sql::parsed_statement& statement) const;
  void connect();
  void replay_settings();
  void prepare_for_execute(const sql::parsed_statement& statement);
  void run_unseen(std::string_view messages);
  /// A statement of which the client sees nothing; false where the link is gone.
  bool tell_upstream(const std::string& statement);
  void note_commits(const sql::parsed_statement& statement);
  void note_kept(const sql::parsed_statement& statement);
  void throw_if_state_lost();
  void relay_query();
  void relay(const wire::pg::backend_message& message);
  void throw_if_fatal(std::string_view body);
  void pump_copy_in(bool extended);
  void finish(char status);
  void show_commit();
  void mirror_settings();
  /// Runs `work` with the primary; a lost link becomes the error that tells the client what it may know.
  void guarded(const std::function<void()>& work);
  sql_error lost(const sql_error& why);
  static sql_error aborted();

  // extended_routing.cpp
  void begin_batch();
  void add(std::string_view raw, expected_reply reply);
  void ensure_prepared(const known_statement& statement);
  void send_batch();
  void relay_reply(const wire::pg::backend_message& message);
  void on_refused();

  session_services& services_;
  session_fiber& host_;
  client_io& io_;
  sql::session& local_;
  upstream_link upstream_;
  log::source source_;
  std::map<std::string, bool> prepared_;       ///< statements there; false: perhaps of an earlier meaning of the name
  std::vector<std::pair<std::string, std::string>> replayed_;
  std::deque<expected_reply> expected_;
  std::string batch_bytes_;
  std::vector<std::string> unparsed_;
  std::vector<sql::parsed_statement_ptr> mirror_;  ///< SETs of the transaction there, for this node once it has committed
  std::string last_tag_;
  lsn shown_;
  char status_ = 'I';
  bool lost_transaction_ = false;  ///< its primary is gone: only its end is accepted
  bool temporary_ = false;         ///< the session there has temporary objects: reads go there too
  bool batch_ = false;
  bool busy_ = false;
  bool sent_ = false;              ///< the primary may have begun
  bool committing_ = false;        ///< what was sent may commit
  bool keeps_state_ = false;       ///< the session there may listen, or hold advisory locks
  bool failed_ = false;
  bool copied_ = false;            ///< a COPY FROM STDIN ran since the batch was sent
};

}  // namespace helios::actors
