#include "sql/session.hpp"

#include "base/sql_error.hpp"
#include "base/wall_clock.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

namespace {
constexpr std::int64_t postgres_epoch_us = 946684800000000;  // 2000-01-01 in Unix time
}

namespace {
void check_connect_right(const catalog& c, const role_def& role) {
  if (may(c, role.id, protect_database(c), right::connect)) return;
  sql_error e(sqlstate::insufficient_privilege, "permission denied for database \"" + c.database_name() + "\"");
  e.report().severity = "FATAL";
  e.report().detail = "User does not have CONNECT privilege.";
  throw e;
}

/// The new session is among those that the node shows already.
void check_connection_limit(database& db, const role_def& role) {
  if (role.connection_limit < 0 || role.superuser) return;
  std::int64_t open = 0;
  for (const auto& a : db.facts().activity()) open += a.user == role.name ? 1 : 0;
  if (open <= role.connection_limit) return;
  sql_error e(sqlstate::too_many_connections, "too many connections for role \"" + role.name + "\"");
  e.report().severity = "FATAL";
  throw e;
}
}  // namespace

std::unique_ptr<session> session::open(database& db, fiber_host& host, session_options options,
                                       std::function<void(const error_report&)> notice,
                                       std::function<void(std::string_view, std::string_view)> setting_changed) {
  auto definitions = db.latest_catalog();
  if (options.database.empty()) options.database = options.user;
  if (options.database != definitions->database_name()) {
    sql_error e(sqlstate::invalid_catalog_name, "database \"" + options.database + "\" does not exist");
    e.report().severity = "FATAL";
    throw e;
  }
  auto* role = definitions->find_role(options.user);
  if (role == nullptr || !role->can_login) {
    sql_error e(sqlstate::invalid_authorization, role == nullptr ? "role \"" + options.user + "\" does not exist"
                                                                 : "role \"" + options.user + "\" is not permitted to log in");
    e.report().severity = "FATAL";
    throw e;
  }
  check_connect_right(*definitions, *role);
  check_connection_limit(db, *role);
  return std::make_unique<session_core>(db, host, std::move(options), std::move(notice), std::move(setting_changed));
}

session_core::session_core(database& db, fiber_host& host, session_options options, std::function<void(const error_report&)> notice,
                           std::function<void(std::string_view, std::string_view)> setting_changed)
    : db_(db), host_(host), options_(std::move(options)), notice_(std::move(notice)), setting_changed_(std::move(setting_changed)),
      work_(db, host, options_.read_only, options_.id.value) {
  formats_.names = this;
  formats_.now_us = [](const void* owner) { return static_cast<const session_core*>(owner)->transaction_time_us(); };
  formats_.now_owner = this;
  settings_.on_change = [this](const std::string& name, const std::string& value) { apply_setting(name, value); };
  open();
}

void session_core::open() {
  session_user_ = options_.user;
  settings_.set_initial("session_authorization", options_.user);
  role_changed();
  settings_.set_initial("in_hot_standby", db_.facts().in_recovery() ? "on" : "off");
  // Who the session is comes last, session_authorization before role: both are checked as SET would.
  const auto is_role = [](std::string_view name) { return settings::proper_name(name) == "role"; };
  const auto is_user = [](std::string_view name) { return settings::proper_name(name) == "session_authorization"; };
  for (auto& [name, value] : options_.settings) {
    if (!is_role(name) && !is_user(name)) settings_.set_initial(name, value);
  }
  for (bool roles : {false, true}) {
    for (auto& [name, value] : options_.settings) {
      if (!(roles ? is_role(name) : is_user(name))) continue;
      check_role_setting(settings::proper_name(name), value);
      settings_.set_initial(name, value);
    }
  }
  settings_.commit();
  // From now on the client hears of changes.
  settings_.on_report = [this](const std::string& name, const std::string& value) {
    if (setting_changed_) setting_changed_(name, value);
  };
}

void session_core::apply_setting(const std::string& name, const std::string& value) {
  if (name == "role") {
    current_role_ = value == "none" ? std::string() : value;
    role_changed();
  } else if (name == "session_authorization") {
    session_user_ = value;
    role_changed();
  } else if (name == "DateStyle") formats_.date_style = value;
  else if (name == "IntervalStyle") formats_.interval_style = value;
  else if (name == "TimeZone") formats_.time_zone = value;
  else if (name == "extra_float_digits") formats_.extra_float_digits = std::stoi(value);
  else if (name == "bytea_output") formats_.bytea_hex = value == "hex";
  else if (name == "statement_timeout") statement_timeout_ = std::chrono::milliseconds(parse_milliseconds(value).value_or(0));
  else if (name == "idle_in_transaction_session_timeout") idle_timeout_ = std::chrono::milliseconds(parse_milliseconds(value).value_or(0));
  else if (name == "lock_timeout") work_.lock_timeout = std::chrono::milliseconds(parse_milliseconds(value).value_or(0));
}

bool session_core::lift_read_only() {
  if (work_.active()) return false;
  options_.read_only = false;
  work_.set_node_read_only(false);
  settings_.set_initial("in_hot_standby", "off");
  settings_.commit();
  if (setting_changed_) setting_changed_("in_hot_standby", "off");
  return true;
}

// --- transactions ---

transaction_status session_core::status() const {
  if (!explicit_) return transaction_status::idle;
  return aborted_ ? transaction_status::failed : transaction_status::in_transaction;
}

transaction_modes session_core::default_modes() const {
  transaction_modes out;
  auto& level = *settings_.find("default_transaction_isolation");
  if (level == "serializable") out.isolation = isolation_level::serializable;
  if (level == "repeatable read") out.isolation = isolation_level::repeatable_read;
  out.read_only = *settings_.find("default_transaction_read_only") == "on";
  return out;
}

void session_core::begin_implicit() {
  if (!work_.active()) work_.begin(default_modes());
}

void session_core::end_implicit() {
  if (!explicit_ && work_.active()) commit_transaction();
}

void session_core::failed() {
  if (explicit_) {
    aborted_ = true;
    work_.abandon();
    definitions_.reset();
    return;
  }
  rollback_transaction();
}

void session_core::commit_transaction() {
  const type_scope types(*this);  // of checks that have waited, and of tables that go now
  std::vector<storage::space_id> emptied;
  try {
    run_checks(work_.deferred().take_all());
    drop_on_commit();
    emptied = spaces_to_empty();
  } catch (...) {
    rollback_transaction();
    throw;
  }
  explicit_ = aborted_ = false;
  added_labels_.clear();
  try {
    if (auto position = work_.commit(); position.value != 0) last_commit_ = position;
  } catch (...) {
    settings_.rollback();
    finish_cursors(false);
    ++transaction_number_;
    forget_definitions();
    throw;
  }
  for (auto space : emptied) work_.private_rows().rows.erase(space);
  finish_cursors(true);
  settings_.commit();
  ++transaction_number_;
}

void session_core::rollback_transaction() {
  explicit_ = aborted_ = false;
  added_labels_.clear();
  finish_cursors(false);
  work_.rollback();
  settings_.rollback();
  ++transaction_number_;
}

void session_core::finish_cursors(bool committed) {
  std::erase_if(cursors_, [committed](auto& entry) {
    auto& c = *entry.second;
    // A held cursor of an earlier transaction stays whatever happens to this one.
    if (!c.hold || (!committed && !c.survived)) return true;
    c.survived = true;
    return false;
  });
}

// --- statements by name ---

void session_core::store_statement(const std::string& name, prepared_statement_ptr statement) {
  if (!name.empty() && statements_.count(name) > 0) {
    throw sql_error(sqlstate::duplicate_prepared_statement, "prepared statement \"" + name + "\" already exists");
  }
  statements_[name] = std::move(statement);
}

prepared_statement_ptr session_core::find_statement(const std::string& name) const {
  auto found = statements_.find(name);
  return found == statements_.end() ? nullptr : found->second;
}

bool session_core::drop_statement(const std::string& name) { return statements_.erase(name) > 0; }

void session_core::reset() {
  statements_.clear();
  cursors_.clear();
  plans_.clear();
  lifted_.clear();
  sequence_values_.clear();
  last_sequence_.reset();
  work_.channels().unlisten_all();
  work_.advisory().release_session();
  drop_temporary();
  settings_.reset_all();
  settings_.reset("session_authorization");
  settings_.reset("role");
}

// --- advisory locks and notifications ---

// They are the primary's: locks exclude each other whichever node a client is connected to, and a notification is heard everywhere.
void session_core::require_primary(const char* command) const {
  if (!options_.read_only) return;
  throw sql_error(sqlstate::read_only_sql_transaction, std::string("cannot execute ") + command + " during recovery").hint(options_.read_only_hint);
}

bool session_core::lock_advisory(const storage::advisory_key& key, bool shared, bool of_session, bool wait) {
  require_primary("an advisory lock function");
  return work_.advisory().acquire(key, shared, of_session ? lock_scope::session : lock_scope::transaction, wait);
}

bool session_core::unlock_advisory(const storage::advisory_key& key, bool shared) {
  if (work_.advisory().release(key, shared)) return true;
  notice("WARNING", "01000", std::string("you don't own a lock of type ") + (shared ? "ShareLock" : "ExclusiveLock"));
  return false;
}

void session_core::notify(std::string_view channel, std::string_view payload) {
  require_primary("NOTIFY");
  work_.channels().notify(channel, payload);
}

std::vector<std::string> session_core::listening_channels() const {
  return {work_.channels().channels().begin(), work_.channels().channels().end()};
}

std::string session_core::run_channel(const ast::channel_statement& s) {
  using kind = ast::channel_statement::kind;
  switch (s.what) {
    case kind::listen:
      require_primary("LISTEN");
      work_.channels().listen(s.channel);
      return "LISTEN";
    case kind::unlisten:
      work_.channels().unlisten(s.channel);
      return "UNLISTEN";
    case kind::unlisten_all:
      work_.channels().unlisten_all();
      return "UNLISTEN";
    case kind::notify: break;
  }
  notify(s.channel, s.payload);
  return "NOTIFY";
}

// --- what functions see ---

std::optional<std::string> session_core::setting(std::string_view name) const {
  if (name == "transaction_isolation" && work_.active()) return to_string(work_.modes().isolation);
  if (name == "transaction_read_only" && work_.active()) return work_.modes().read_only || options_.read_only ? "on" : "off";
  if (name == "in_hot_standby") return db_.facts().in_recovery() ? "on" : "off";
  auto* value = settings_.find(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(*value);
}

void session_core::set_setting(std::string_view name, std::string_view value, bool is_local) {
  const auto proper = settings::proper_name(name);
  if (proper == "role" || proper == "session_authorization") check_role_setting(proper, value);
  settings_.set(name, value, is_local);
  if (proper == "session_authorization") settings_.set("role", "none", is_local);
}

storage::snapshot_ptr session_core::snapshot() {
  return work_.snapshot() ? work_.snapshot() : db_.engine().take_snapshot();
}

std::int64_t session_core::statement_time_us() const {
  return (statement_started_us_ == 0 ? wall_clock_us() : statement_started_us_) - postgres_epoch_us;
}
std::int64_t session_core::transaction_time_us() const {
  return (work_.started_us() == 0 ? wall_clock_us() : work_.started_us()) - postgres_epoch_us;
}

void session_core::require_writable(std::string_view command) {
  if (options_.read_only) {
    throw sql_error(sqlstate::read_only_sql_transaction, "cannot execute " + std::string(command) + " in a read-only transaction")
        .hint(options_.read_only_hint);
  }
  if (work_.active() && work_.modes().read_only) {
    throw sql_error(sqlstate::read_only_sql_transaction, "cannot execute " + std::string(command) + " in a read-only transaction");
  }
}

void session_core::require_no_writer(std::string_view command) {
  if (explicit_ || work_.admitted())
    throw sql_error(sqlstate::active_sql_transaction, std::string(command) + " cannot run inside a transaction block, nor in a statement that writes");
}

void session_core::remember_sequence(oid sequence, std::int64_t value) {
  sequence_values_[sequence] = value;
  last_sequence_ = sequence;
}

std::optional<std::int64_t> session_core::remembered_sequence(oid sequence) const {
  auto found = sequence_values_.find(sequence);
  return found == sequence_values_.end() ? std::nullopt : std::optional<std::int64_t>(found->second);
}

void session_core::notice(const char* severity, const char* state, const std::string& message, const std::string& hint,
                          const std::string& detail) {
  static constexpr const char* levels[] = {"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"};
  auto rank = [](std::string_view level) {
    for (int i = 0; i < 9; ++i) {
      if (level == levels[i]) return i;
    }
    return 6;
  };
  std::string_view wanted = *settings_.find("client_min_messages");
  std::string_view own = std::string_view(severity) == "WARNING" ? "warning" : "notice";
  if (rank(own) < rank(wanted) || !notice_) return;
  error_report report;
  report.severity = severity;
  report.sqlstate = state;
  report.message = message;
  report.hint = hint;
  report.detail = detail;
  notice_(report);
}

}  // namespace helios::sql
