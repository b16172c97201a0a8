#pragma once
// What functions and system views need of the session that runs them. The session implements this beside
// sql::session and puts itself into call_context::hooks; it is null in unit tests of pure functions. Called on the
// session's fiber only.
//
// For the session's author: relation names, current_schemas() and regclass are resolved by search_path() against
// catalog(); sequences draw from db().engine().sequences() with db().sink(), and only the remembered values live here.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fiber_host.hpp"
#include "sql/catalog/catalog.hpp"
#include "sql/database.hpp"
#include "storage/lock_table.hpp"

namespace helios::sql {

class session_hooks {
 public:
  virtual ~session_hooks() = default;

  virtual database& db() = 0;
  virtual fiber_host& host() = 0;
  /// The catalog and the snapshot of the running statement, with the transaction's own DDL.
  virtual catalog_ptr catalog() = 0;
  virtual storage::snapshot_ptr snapshot() = 0;

  /// Microseconds since 2000-01-01 UTC.
  virtual std::int64_t statement_time_us() const = 0;
  virtual std::int64_t transaction_time_us() const = 0;
  /// Of the transaction in progress, assigning one if needed.
  virtual std::uint64_t transaction_id() = 0;

  /// Advisory locks. False when it is not available and `wait` is not set; release: false when the session has no such lock.
  virtual bool lock_advisory(const storage::advisory_key& key, bool shared, bool of_session, bool wait) = 0;
  virtual bool unlock_advisory(const storage::advisory_key& key, bool shared) = 0;
  virtual void unlock_all_advisory() = 0;
  /// NOTIFY, and the channels that the session listens to.
  virtual void notify(std::string_view channel, std::string_view payload) = 0;
  virtual std::vector<std::string> listening_channels() const = 0;

  virtual std::string current_user() const = 0;
  virtual std::string session_user() const = 0;
  virtual std::string database_name() const = 0;
  virtual std::string client_address() const = 0;  ///< empty for a local connection
  virtual int client_port() const = 0;
  virtual std::int64_t backend_pid() const = 0;

  /// Existing schemas of search_path in order, "$user" replaced; pg_catalog first if it is searched implicitly.
  virtual std::vector<oid> search_path(bool with_implicit) const = 0;

  /// As SHOW prints it; nothing if there is none of that name.
  virtual std::optional<std::string> setting_value(std::string_view name) const = 0;
  /// SET or, with `is_local`, SET LOCAL; throws as SET does.
  virtual void set_setting(std::string_view name, std::string_view value, bool is_local) = 0;
  struct setting_row {
    std::string name, value, unit, category, description, context, type, reset_value, boot_value;
    std::optional<std::string> minimum, maximum;
  };
  virtual std::vector<setting_row> all_settings() const = 0;

  /// Throws 25006 when the transaction or the node may not write.
  virtual void require_writable(std::string_view command) = 0;
  /// Throws 25001 in a transaction block, and where the transaction may write already: what waits for the end of all writers would wait
  /// for itself.
  virtual void require_no_writer(std::string_view command) = 0;
  /// The query of a view as pg_get_viewdef shows it; empty when it is no view.
  virtual std::string view_text(oid view, bool pretty) const = 0;
  /// The text of a stored expression without the parentheses that mean nothing.
  virtual std::string pretty_expression(std::string_view text) const = 0;
  /// Sequences of temporary tables and the like; they live as long as the session.
  virtual std::map<oid, storage::sequence_state>& temporary_sequences() = 0;
  virtual bool is_superuser() const = 0;
  virtual void warn(const std::string& message, const std::string& detail) = 0;

  /// What nextval gave this session: for currval and lastval.
  virtual void remember_sequence(oid sequence, std::int64_t value) = 0;
  virtual std::optional<std::int64_t> remembered_sequence(oid sequence) const = 0;
  virtual std::optional<oid> last_sequence() const = 0;
};

}  // namespace helios::sql
