#pragma once
// A database without a network: an engine in a temporary directory that commits to its own log, and clients that run SQL
// text as a simple Query message would be run. For tests of sql/ and for the runner of the compatibility tests.
//
// A node may be used by several clients, each on a thread of its own.

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sql/session.hpp"
#include "storage/engine.hpp"

namespace helios::testing {

/// A node on its own: no standbys, nothing to show in the replication views.
class lone_node_facts final : public sql::node_facts {
 public:
  bool in_recovery() const override { return false; }
  sql::replication_status_row status() const override;
  std::vector<sql::replication_standby_row> standbys() const override { return {}; }
  std::optional<sql::replication_primary_row> primary() const override { return std::nullopt; }
  std::vector<sql::metric_row> metrics() const override { return {}; }
  std::vector<sql::activity_row> activity() const override { return {}; }
  bool cancel_session(std::int64_t, bool) override { return false; }
  completion_ptr take_over() override { return nullptr; }
  completion_ptr hand_over(std::int64_t, const node_id&) override { return nullptr; }
};

/// Commits at once, fails, or keeps its acknowledgement back, as it is told to.
class steered_sink final : public storage::commit_sink {
 public:
  explicit steered_sink(storage::engine& engine) : engine_(engine), direct_(engine) {}
  /// The database whose waits end when a commit becomes visible. Before its first session.
  void serve(sql::database& db) { db_ = &db; }
  void submit(storage::commit_unit_ptr unit) override;
  std::optional<error> failure;  ///< no client may be committing meanwhile

  /// From now on commits get their place in the WAL, and wait there for release(). Any thread, as what follows.
  void hold();
  /// How many wait.
  std::size_t held() const;
  /// Shows and acknowledges them in their order, and commits at once again.
  void release();

 private:
  storage::engine& engine_;
  storage::direct_commit_sink direct_;
  sql::database* db_ = nullptr;
  mutable std::mutex mutex_;
  bool holding_ = false;
  std::vector<storage::commit_unit_ptr> held_;
};

class sql_node {
 public:
  sql_node();
  ~sql_node();
  sql::database& db() { return *db_; }
  storage::engine& engine() { return *engine_; }
  steered_sink& sink() { return *sink_; }
  /// Closes the engine and recovers it from its files. No client may be open.
  void restart();

 private:
  void open();

  std::filesystem::path directory_;
  std::unique_ptr<storage::engine> engine_;
  std::unique_ptr<steered_sink> sink_;
  lone_node_facts facts_;
  std::unique_ptr<sql::database> db_;
};

using text_row = std::vector<std::optional<std::string>>;

/// What one statement gave.
struct outcome {
  std::vector<sql::result_column> columns;
  std::vector<text_row> rows;
  std::string tag;
  std::optional<error_report> error;
  std::string copied;  ///< what COPY TO wrote

  /// SQLSTATE of the error, or "".
  std::string state() const { return error ? error->sqlstate : std::string(); }
  /// "1|a\n2|\n": NULL is nothing.
  std::string text() const;
};

class sql_client {
 public:
  explicit sql_client(sql_node& node, sql::session_options options = {});
  ~sql_client();

  /// One Query message. Stops at the first error, as the protocol does.
  std::vector<outcome> query(std::string_view text, std::string_view copy_data = {});
  /// A Query message of one statement (or of several, then the last one's outcome, or the one with the error).
  outcome run(std::string_view text, std::string_view copy_data = {});
  /// The single value of a query, "" for NULL; throws the error as sql_error if there is one.
  std::string value(std::string_view text);
  /// Parse, Bind, Execute and Sync with text parameters.
  outcome extended(std::string_view text, const std::vector<std::optional<std::string>>& parameters = {});
  /// Bind, Execute and Sync of a statement that prepare() gave.
  sql::prepared_statement_ptr prepare(std::string_view text);
  outcome execute(const sql::prepared_statement_ptr& statement, const std::vector<std::optional<std::string>>& parameters = {});

  sql::session& session() { return *session_; }
  /// NOTICE and WARNING reports so far; taking them empties the list.
  std::vector<error_report> take_notices() { return std::exchange(notices_, {}); }

 private:
  blocking_host host_;
  std::vector<error_report> notices_;
  std::unique_ptr<sql::session> session_;
};

}  // namespace helios::testing
