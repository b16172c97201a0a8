#pragma once
// One client's SQL session, without the protocol: the pg session actor feeds it and encodes what comes out. All calls
// run on the session's fiber (or one thread in tests); everything that waits goes through the fiber_host. Calls throw
// sql_error; after one, the caller reports it and calls failed().
//
// Transactions: the caller marks the borders of the implicit transaction (begin_implicit .. end_implicit): around a
// simple Query message (all of its statements) and around an extended-protocol sequence up to Sync. Explicit
// BEGIN/COMMIT inside are seen by the session itself.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fiber_host.hpp"
#include "base/sql_error.hpp"
#include "base/types.hpp"
#include "sql/database.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

struct result_column {
  std::string name;
  oid table = 0;
  std::int16_t column = 0;
  type_ref type;
};

/// What a standby or proxy must know of a statement before it runs. Needs no catalog.
enum class statement_class : std::uint8_t {
  read,              ///< SELECT without side effects, SHOW, EXPLAIN, COPY TO
  write,             ///< changes data or definitions, or locks rows, or calls a function that writes
  begin,             ///< BEGIN / START TRANSACTION that may write
  begin_read_only,   ///< BEGIN READ ONLY
  end,               ///< COMMIT, ROLLBACK, PREPARE TRANSACTION
  savepoint,         ///< SAVEPOINT, RELEASE, ROLLBACK TO
  session            ///< SET, RESET, DISCARD, LISTEN, PREPARE, DEALLOCATE, ...
};

/// One statement of a query string, parsed but not analyzed. Immutable, shareable between threads.
class parsed_statement;
using parsed_statement_ptr = std::shared_ptr<const parsed_statement>;

/// Splits and parses. An empty string gives no statements. Throws 42601 with the position in `text`; 54001 when nested
/// deeper than the bound. Must run on an io thread (libpg_query takes a pthread key per new thread).
std::vector<parsed_statement_ptr> parse(std::string_view text);
statement_class classify(const parsed_statement& statement);
/// It may leave something in the session that no SET brings back: LISTEN, and advisory locks that outlive their transaction.
bool keeps_in_session(const parsed_statement& statement);
/// Its part of the query string.
std::string_view text_of(const parsed_statement& statement);

/// Receives the rows of one execution. Called on the fiber; may suspend it (back-pressure) through the session's host.
class row_sink {
 public:
  virtual ~row_sink() = default;
  /// Once before the first row, also when there are no rows; not for statements without a result.
  virtual void columns(std::span<const result_column> columns) = 0;
  virtual void row(std::span<const datum> values) = 0;
};

/// COPY's data side. Binary or text lines are sql's matter; the caller only moves bytes.
class copy_channel {
 public:
  virtual ~copy_channel() = default;
  /// CopyInResponse / CopyOutResponse: overall format (0 text, 1 binary) and number of columns.
  virtual void begin_in(int format, int columns) = 0;
  virtual void begin_out(int format, int columns) = 0;
  /// The next CopyData, or nothing at CopyDone. Throws 57014 at CopyFail. The view is valid until the next call.
  virtual std::optional<std::string_view> read() = 0;
  virtual void write(std::string_view line) = 0;
  virtual void end_out() = 0;
};

/// An analyzed and planned statement; replanned by itself when the catalog has changed. Immutable for its users.
class prepared_statement {
 public:
  virtual ~prepared_statement() = default;
  virtual const std::vector<oid>& parameter_types() const = 0;
  /// Empty for statements that return no rows.
  virtual const std::vector<result_column>& columns() const = 0;
  virtual bool returns_rows() const = 0;
  virtual const parsed_statement& source() const = 0;
};
using prepared_statement_ptr = std::shared_ptr<const prepared_statement>;

struct parameter {
  std::optional<std::string_view> value;  ///< nothing: NULL
  bool binary = false;
};

/// How an execution ended.
struct execution {
  bool suspended = false;    ///< the row limit was reached; call execute again for more
  std::string command_tag;   ///< "INSERT 0 1"; empty while suspended
};

/// A bound statement, possibly executed in parts. Closed by its destructor or the end of the transaction.
class portal {
 public:
  virtual ~portal() = default;
  virtual const prepared_statement& statement() const = 0;
  /// `rows_max` 0: all.
  virtual execution execute(std::uint64_t rows_max, row_sink& sink, copy_channel& copy) = 0;
};

struct session_options {
  session_id id{};
  std::string user;
  std::string database;
  std::string client_address;
  int client_port = 0;
  std::map<std::string, std::string> settings;  ///< startup parameters: client_encoding, application_name, DateStyle, options' -c ...
  bool read_only = false;                       ///< standby: write statements throw 25006 with `read_only_hint`
  std::string read_only_hint;
};

/// NOTIFY, on its way to one who listens.
struct notification {
  std::int64_t process = 0;  ///< of the session that sent it
  std::string channel, payload;
};

enum class transaction_status : char { idle = 'I', in_transaction = 'T', failed = 'E' };

class session {
 public:
  virtual ~session() = default;
  /// `notice` gets NOTICE and WARNING reports; `setting_changed` gets parameters to report as ParameterStatus.
  /// Throws 3D000 / 28000 when database or role do not exist.
  static std::unique_ptr<session> open(database& db, fiber_host& host, session_options options,
                                       std::function<void(const error_report&)> notice,
                                       std::function<void(std::string_view, std::string_view)> setting_changed);

  virtual transaction_status status() const = 0;
  virtual void begin_implicit() = 0;
  /// Commits the implicit transaction (throws if that fails) unless an explicit one is open.
  virtual void end_implicit() = 0;
  /// After an error: rolls an implicit transaction back, or marks the explicit one failed.
  virtual void failed() = 0;

  /// `parameter_types`: 0 for what is to be inferred.
  virtual prepared_statement_ptr prepare(const parsed_statement_ptr& statement, std::span<const oid> parameter_types) = 0;
  virtual std::unique_ptr<portal> bind(const prepared_statement_ptr& statement, std::span<const parameter> parameters) = 0;
  /// prepare, bind and execute in one, without parameters. Sessions cache plans by text below this.
  virtual execution run(const parsed_statement_ptr& statement, row_sink& sink, copy_channel& copy) = 0;

  /// SQL-level PREPARE/DEALLOCATE share their names with the protocol's.
  virtual void store_statement(const std::string& name, prepared_statement_ptr statement) = 0;
  virtual prepared_statement_ptr find_statement(const std::string& name) const = 0;
  virtual bool drop_statement(const std::string& name) = 0;

  virtual const format_settings& formats() const = 0;
  /// The types that the session sees; whoever reads or writes values outside of the calls below makes it current (type_scope).
  virtual const type_directory& types() const = 0;
  /// Value of a setting as SHOW prints it; nothing if there is none of that name.
  virtual std::optional<std::string> setting(std::string_view name) const = 0;
  /// Settings that differ from their start-up values: replayed on a forwarded connection.
  virtual std::vector<std::pair<std::string, std::string>> changed_settings() const = 0;
  /// Settings that a client is told of at connection start (ParameterStatus).
  virtual std::vector<std::pair<std::string, std::string>> reported_settings() const = 0;
  /// The settings statement_timeout and idle_in_transaction_session_timeout; 0: none. Read before every statement: cheap.
  virtual std::chrono::milliseconds statement_timeout() const = 0;
  virtual std::chrono::milliseconds idle_in_transaction_timeout() const = 0;
  /// `wake` is called, on any thread, when a notification has come and there was none before. Before the first statement.
  virtual void on_notification(std::function<void()> wake) = 0;
  /// What has come. The caller asks between transactions alone.
  virtual std::vector<notification> take_notifications() = 0;
  /// LSN after the last commit of this session; 0 if none.
  virtual lsn last_commit() const = 0;
  /// Waits until the node shows everything up to `position` (read-your-writes after a forwarded write).
  virtual void set_read_floor(lsn position) = 0;
  /// Applies RESET ALL, DEALLOCATE ALL, closes cursors, UNLISTEN * and releases advisory locks (DISCARD ALL).
  virtual void reset() = 0;
  virtual const session_options& options() const = 0;
  /// The node has become the primary: a session that was opened as read_only writes from its next transaction on, as in PostgreSQL. False,
  /// and nothing changes, while a transaction is open.
  virtual bool lift_read_only() = 0;
};

/// The SCRAM verifier of a role that may log in, from the latest catalog; nothing if it may not.
std::optional<std::string> login_verifier(database& db, std::string_view role);

}  // namespace helios::sql
