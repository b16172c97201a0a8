#pragma once
// The session behind sql/session.hpp: settings, transaction, plan cache, prepared statements and cursors. Its parts live
// in sql/session/*.cpp; definitions (DDL) in sql/exec/ddl*.cpp. Used on the session's fiber only.

#include <memory>
#include <set>
#include <unordered_map>

#include "sql/exec/plan.hpp"
#include "sql/exec/row_writer.hpp"
#include "sql/parse/parsed_statement.hpp"
#include "sql/session.hpp"
#include "sql/session/session_transaction.hpp"
#include "sql/session/settings.hpp"

namespace helios::sql {

class session_core;

/// One execution of a plan. Its rows stand in the evaluation until the next one.
class running_query {
 public:
  running_query(session_core& owner, plan_ptr source, std::vector<datum> parameters, std::shared_ptr<arena> memory);
  /// False at the end. `row` is valid until the next call.
  bool next(std::vector<datum>& row);
  const plan& source() const { return *plan_; }
  std::uint64_t count() const { return count_; }
  bool ended() const { return ended_; }

 private:
  plan_ptr plan_;
  std::shared_ptr<arena> memory_;  ///< of the parameters
  evaluation in_;
  pending_checks pending_;
  operation_ptr root_;
  std::uint64_t count_ = 0;
  bool next_row(std::vector<datum>& row);
  bool opened_ = false, ended_ = false;
  bool hides_rows_ = false;  ///< it changes a table that the role may not read
};

class prepared_core final : public prepared_statement {
 public:
  prepared_core(parsed_statement_ptr source, std::vector<oid> types) : source_(std::move(source)), types_(std::move(types)) {}
  const std::vector<oid>& parameter_types() const override { return types_; }
  const std::vector<result_column>& columns() const override { return columns_; }
  bool returns_rows() const override { return returns_rows_; }
  const parsed_statement& source() const override { return *source_; }

 private:
  friend class session_core;
  parsed_statement_ptr source_;
  std::vector<oid> types_;
  std::vector<result_column> columns_;
  bool returns_rows_ = false;
  mutable plan_ptr plan_;  ///< the last one; the session checks and renews it
};

/// Rows kept whole: results of utility statements, RETURNING in parts, cursors that scroll.
class row_buffer final : public row_sink {
 public:
  void columns(std::span<const result_column> columns) override { columns_.assign(columns.begin(), columns.end()); }
  void row(std::span<const datum> values) override;
  std::size_t size() const { return rows_; }
  std::span<const datum> at(std::size_t i) const { return {values_.data() + i * columns_.size(), columns_.size()}; }
  const std::vector<result_column>& described() const { return columns_; }

 private:
  std::vector<result_column> columns_;
  std::vector<datum> values_;
  arena memory_;
  std::size_t rows_ = 0;
};

struct sql_cursor {
  std::string name;
  std::vector<result_column> columns;
  std::unique_ptr<running_query> live;  ///< reads forward as it is asked
  std::unique_ptr<row_buffer> kept;     ///< SCROLL or WITH HOLD
  std::int64_t position = 0;            ///< row it stands on; 0: before the first
  bool hold = false;
  bool survived = false;                ///< its transaction has committed
};

class domain_checker;

class session_core final : public session, public session_hooks, public object_names, public type_directory {
 public:
  session_core(database& db, fiber_host& host, session_options options, std::function<void(const error_report&)> notice,
               std::function<void(std::string_view, std::string_view)> setting_changed);

  // --- session ---
  transaction_status status() const override;
  void begin_implicit() override;
  void end_implicit() override;
  void failed() override;
  prepared_statement_ptr prepare(const parsed_statement_ptr& statement, std::span<const oid> parameter_types) override;
  std::unique_ptr<portal> bind(const prepared_statement_ptr& statement, std::span<const parameter> parameters) override;
  execution run(const parsed_statement_ptr& statement, row_sink& sink, copy_channel& copy) override;
  void store_statement(const std::string& name, prepared_statement_ptr statement) override;
  prepared_statement_ptr find_statement(const std::string& name) const override;
  bool drop_statement(const std::string& name) override;
  const format_settings& formats() const override { return formats_; }
  const type_directory& types() const override { return *this; }
  std::optional<std::string> setting(std::string_view name) const override;
  std::vector<std::pair<std::string, std::string>> changed_settings() const override { return settings_.changed(); }
  std::vector<std::pair<std::string, std::string>> reported_settings() const override { return settings_.reported(); }
  std::chrono::milliseconds statement_timeout() const override { return statement_timeout_; }
  std::chrono::milliseconds idle_in_transaction_timeout() const override { return idle_timeout_; }
  void on_notification(std::function<void()> wake) override { work_.channels().on_notification(std::move(wake)); }
  std::vector<notification> take_notifications() override { return work_.channels().take(); }
  lsn last_commit() const override { return last_commit_; }
  bool lift_read_only() override;
  void set_read_floor(lsn position) override { work_.set_read_floor(position); }
  void reset() override;
  const session_options& options() const override { return options_; }

  // --- session_hooks ---
  database& db() override { return db_; }
  fiber_host& host() override { return host_; }
  catalog_ptr catalog() override { return definitions(); }
  storage::snapshot_ptr snapshot() override;
  std::int64_t statement_time_us() const override;
  std::int64_t transaction_time_us() const override;
  std::uint64_t transaction_id() override { return work_.id(); }
  bool lock_advisory(const storage::advisory_key& key, bool shared, bool of_session, bool wait) override;
  bool unlock_advisory(const storage::advisory_key& key, bool shared) override;
  void unlock_all_advisory() override { work_.advisory().release_session(); }
  void notify(std::string_view channel, std::string_view payload) override;
  std::vector<std::string> listening_channels() const override;
  std::string current_user() const override { return current_role_.empty() ? session_user_ : current_role_; }
  std::string session_user() const override { return session_user_; }
  std::string database_name() const override { return options_.database; }
  std::string client_address() const override { return options_.client_address; }
  int client_port() const override { return options_.client_port; }
  std::int64_t backend_pid() const override { return static_cast<std::int64_t>(options_.id.value); }
  std::vector<oid> search_path(bool with_implicit) const override;
  std::optional<std::string> setting_value(std::string_view name) const override { return setting(name); }
  void set_setting(std::string_view name, std::string_view value, bool is_local) override;
  std::vector<setting_row> all_settings() const override { return settings_.rows(); }
  void require_writable(std::string_view command) override;
  void require_no_writer(std::string_view command) override;
  std::string view_text(oid view, bool pretty) const override;
  std::string pretty_expression(std::string_view text) const override;
  std::map<oid, storage::sequence_state>& temporary_sequences() override { return temporary_sequences_; }
  bool is_superuser() const override;
  void warn(const std::string& message, const std::string& detail) override { notice("WARNING", "01000", message, {}, detail); }
  void remember_sequence(oid sequence, std::int64_t value) override;
  std::optional<std::int64_t> remembered_sequence(oid sequence) const override;
  std::optional<oid> last_sequence() const override { return last_sequence_; }

  // --- object_names ---
  std::string relation_name(oid id) const override;
  std::string role_name(oid id) const override;
  std::string schema_name(oid id) const override;
  oid find_relation(std::string_view text) const override;
  oid find_role(std::string_view text) const override;
  oid find_schema(std::string_view text) const override;

  // --- type_directory (session_types.cpp) ---
  const type_ops* find_defined(oid id) const override;
  const type_ops* find_defined(std::string_view schema, std::string_view name) const override;
  std::string shown_name(const type_ops& type) const override;
  void check_domain(const type_ops& domain, datum value) const override;
  bool usable_label(oid type, oid label) const override;
  std::vector<row_attribute> attributes(const type_ops& row_type) const override;

  // --- for the statements ---
  session_transaction& work() { return work_; }
  settings& parameters() { return settings_; }
  /// The catalog of the running statement, with own definitions.
  catalog_ptr definitions() const;
  /// After a change of definitions in this transaction.
  void definitions_changed();
  bind_environment environment();
  call_context context(arena& memory);
  void notice(const char* severity, const char* state, const std::string& message, const std::string& hint = {}, const std::string& detail = {});
  oid next_oid() { return db_.engine().sequences().next_oid(db_.sink()); }
  /// Unique on the node for as long as it runs: locks go by it.
  oid next_temporary_oid() { return db_.next_temporary_oid(); }
  /// Where an object of this name goes: without a schema, the first of search_path; throws 3F000.
  oid schema_of(const ast::relation_name& name, const char* what) const;
  /// The same for CREATE with this persistence: 't' leads to the session's temporary schema, which comes into being.
  oid schema_for(const ast::relation_name& name, char persistence, const char* what);
  /// The current role; 0 when it was dropped meanwhile.
  oid role_id() const;
  void note_added_label(oid id) { added_labels_.insert(id); }
  /// Throws 42501 when the role, or a view's owner, lacks a right that a plan needs. True when it changes what it may not read.
  bool check_access(const std::vector<access_need>& needs) const;

  /// Snapshot, locks and a plan that fits both; `cached` may be null or stale.
  plan_ptr begin_plan(const ast::statement& tree, plan_ptr cached, std::span<const oid> types, const char* command);
  /// Runs it to its end. `sink` may be null.
  std::uint64_t run_plan(const plan_ptr& p, std::vector<datum> parameters, std::shared_ptr<arena> memory, row_sink* sink);
  static bool is_planned(const ast::statement& tree);
  static const parsed_statement_ptr& source_of(const prepared_core& s) { return s.source_; }
  static const plan_ptr& plan_of(const prepared_core& s) { return s.plan_; }
  static void keep_plan(const prepared_core& s, plan_ptr p) { s.plan_ = std::move(p); }
  /// Throws when a new plan gives other columns than the client was told of.
  static void check_result(const prepared_core& statement, const plan& p);

  struct call {
    const ast::statement& tree;
    const parsed_statement_ptr& source;
    const std::vector<oid>& types;
    const std::vector<datum>& parameters;
    std::shared_ptr<arena> memory;
    row_sink& sink;
    copy_channel& copy;
  };
  /// Every statement that is not planned. Returns its command tag.
  std::string run_utility(const call& c);
  execution run_now(const parsed_statement_ptr& statement, row_sink& sink, copy_channel& copy);
  std::vector<result_column> describe_utility(const ast::statement& tree, std::vector<oid>& types);
  void check_usable(const ast::statement& tree) const;
  /// At the start of each statement, also of a portal.
  void start_statement(const ast::statement& tree);
  bool in_explicit() const { return explicit_; }
  std::uint64_t transaction_number() const { return transaction_number_; }

 private:
  void open();
  std::optional<execution> run_lifted(const parsed_statement& statement, row_sink& sink);
  void apply_setting(const std::string& name, const std::string& value);
  transaction_modes default_modes() const;
  // temporary.cpp
  oid make_temporary_schema();
  void drop_temporary();
  void drop_on_commit();
  std::vector<storage::space_id> spaces_to_empty() const;
  void run_checks(std::deque<row_check> checks);
  std::string run_set_constraints(const ast::set_constraints_statement& s);
  void commit_transaction();
  void rollback_transaction();
  void finish_cursors(bool committed);
  /// They are loaded anew when they are asked for.
  void forget_definitions();
  std::string run_transaction(const ast::transaction_statement& s);
  void set_modes(const ast::options& modes, transaction_modes& out) const;
  std::string run_set(const ast::set_statement& s);
  std::string run_show(const ast::show_statement& s, row_sink& sink);
  std::string run_prepare(const ast::prepare_statement& s, const parsed_statement_ptr& source);
  prepared_statement_ptr execute_parameters(const ast::execute_statement& s, std::vector<datum>& values, arena& memory);
  std::string run_execute(const ast::execute_statement& s, const call& c);
  std::string run_declare(const ast::declare_cursor_statement& s, const call& c);
  std::string run_fetch(const ast::fetch_statement& s, row_sink& sink);
  std::string run_explain(const ast::explain_statement& s, const call& c);
  std::string run_discard(const ast::discard_statement& s);
  std::string run_vacuum(const ast::vacuum_statement& s);
  std::string run_lock(const ast::lock_statement& s);
  std::string run_channel(const ast::channel_statement& s);
  void require_primary(const char* command) const;
  void check_role_setting(std::string_view name, std::string_view value) const;
  void role_changed();
  void check_lock_right(const table_def& table, int mode) const;
  sql_cursor& find_cursor(const std::string& name);
  bool fetch_row(sql_cursor& c, std::vector<datum>& row);
  /// The value of EXECUTE's parameter `number`.
  datum evaluate(const ast::expr& e, type_ref to, std::size_t number, arena& memory);
  std::string setting_text(const ast::expr& e) const;

  database& db_;
  fiber_host& host_;
  session_options options_;
  std::string session_user_, current_role_;  ///< SET SESSION AUTHORIZATION and SET ROLE; empty: no other role is set
  mutable catalog_ptr role_known_in_;
  mutable oid role_ = 0;
  std::function<void(const error_report&)> notice_;
  std::function<void(std::string_view, std::string_view)> setting_changed_;
  settings settings_;
  format_settings formats_;
  std::chrono::milliseconds statement_timeout_{0}, idle_timeout_{0};
  session_transaction work_;
  bool explicit_ = false, aborted_ = false;
  std::uint64_t transaction_number_ = 1;
  std::set<oid> added_labels_;  ///< of enums, by the open transaction: not to be used before it commits
  std::int64_t statement_started_us_ = 0;
  lsn last_commit_;

  mutable catalog_ptr definitions_;
  mutable lsn definitions_version_;
  mutable std::uint64_t own_definitions_ = 0;
  mutable std::vector<catalog_ptr> seen_definitions_;  ///< their types may be in use until the statement ends
  mutable std::shared_ptr<domain_checker> domains_;

  std::unordered_map<std::string, plan_ptr> plans_;
  struct lifted_plan {
    parsed_statement_ptr source;  ///< null: this text cannot be shared
    plan_ptr plan;
  };
  std::unordered_map<std::string, lifted_plan> lifted_;  ///< by the text without its numbers
  std::map<std::string, prepared_statement_ptr> statements_;
  std::map<std::string, std::unique_ptr<sql_cursor>> cursors_;
  std::unordered_map<oid, std::int64_t> sequence_values_;
  std::map<oid, storage::sequence_state> temporary_sequences_;
  std::optional<oid> last_sequence_;
};

}  // namespace helios::sql
