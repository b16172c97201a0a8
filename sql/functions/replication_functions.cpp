// WAL positions and the node's role, as PostgreSQL's administration functions show them.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "base/sql_error.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/numeric.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

datum of_lsn(lsn position) { return datum::of_int(static_cast<std::int64_t>(position.value)); }
storage::engine_status status(call_context& c) { return hooks_of(c).db().engine().status(); }
bool in_recovery(call_context& c) { return hooks_of(c).db().facts().in_recovery(); }

void require_primary(call_context& c) {
  if (in_recovery(c))
    throw sql_error(sqlstate::object_not_in_prerequisite_state, "recovery is in progress")
        .hint("WAL control functions cannot be executed during recovery.");
}

datum is_in_recovery(call_context& c, args_t) { return datum::of_bool(in_recovery(c)); }
datum current_lsn(call_context& c, args_t) {
  require_primary(c);
  return of_lsn(status(c).written);
}
datum flush_lsn(call_context& c, args_t) {
  require_primary(c);
  return of_lsn(status(c).flushed);
}
datum receive_lsn(call_context& c, args_t) { return in_recovery(c) ? of_lsn(status(c).flushed) : datum::null(); }
datum replay_lsn(call_context& c, args_t) { return in_recovery(c) ? of_lsn(status(c).visible) : datum::null(); }

datum lsn_difference(call_context& c, args_t a) {
  const decimal l(mpz_class(static_cast<unsigned long>(a[0].as_int())), 0), r(mpz_class(static_cast<unsigned long>(a[1].as_int())), 0);
  return subtract(l, r).to_datum(*c.mem);
}
/// A position moved by a number of bytes.
datum moved(datum position, const decimal& by) {
  if (by.nan()) throw sql_error(sqlstate::feature_not_supported, "cannot add NaN to pg_lsn");
  if (!by.finite()) throw sql_error(sqlstate::feature_not_supported, "cannot convert infinity to pg_lsn");
  const mpz_class sum = mpz_class(static_cast<unsigned long>(position.as_int())) + round(by, 0).coefficient;
  if (sgn(sum) < 0 || mpz_sizeinbase(sum.get_mpz_t(), 2) > 64)
    throw sql_error(sqlstate::numeric_value_out_of_range, "pg_lsn out of range");
  return datum::of_int(static_cast<std::int64_t>(sum.get_ui()));
}
datum lsn_plus(call_context&, args_t a) { return moved(a[0], decimal::from(a[1])); }
datum plus_lsn(call_context&, args_t a) { return moved(a[1], decimal::from(a[0])); }
datum lsn_minus(call_context&, args_t a) { return moved(a[0], negate(decimal::from(a[1]))); }

void require_superuser(call_context& c, const char* function) {
  if (!hooks_of(c).is_superuser())
    throw sql_error(sqlstate::insufficient_privilege, std::string("permission denied for function ") + function);
}

sql_error belongs_to_no_cluster(const char* function) {
  return sql_error(sqlstate::feature_not_supported, std::string("the primary cannot be changed by ") + function + "(): this node belongs to no cluster")
      .hint("Connect to a node of a cluster.");
}

bool streams(call_context& c) {
  const auto primary = hooks_of(c).db().facts().primary();
  return primary && primary->state == "streaming";
}

/// Until this node leads, the time is up, or the failover refuses though its primary is there. Without one it is asked again: the
/// lease of a lost primary may live yet. A standby is promoted in place: its sessions stay.
bool await_promotion(call_context& c, completion_ptr asked, std::int64_t seconds) {
  constexpr std::chrono::milliseconds look_again{20}, ask_again{200};
  auto& hooks = hooks_of(c);
  const auto never = std::make_shared<completion>();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  auto ask_at = std::chrono::steady_clock::now() + ask_again;
  std::string refusal;
  while (in_recovery(c)) {
    const auto now = std::chrono::steady_clock::now();
    if (asked->done() && !asked->outcome()) {
      refusal = "The failover refused: " + asked->outcome().failure().detail + ".";
      if (streams(c)) break;
      if (now >= ask_at) {
        asked = hooks.db().facts().take_over();
        ask_at = now + ask_again;
      }
    }
    if (now >= deadline) break;
    hooks.host().await_until(never, std::min(deadline, now + look_again));
  }
  if (!in_recovery(c)) return true;
  hooks.warn("server did not promote within " + std::to_string(seconds) + " seconds", refusal);
  return false;
}

/// Who may lead is the cluster's decision: a node that promoted itself could make two primaries.
datum promote(call_context& c, args_t a) {
  constexpr std::int64_t wait_seconds_default = 60;
  require_superuser(c, "pg_promote");
  if (!in_recovery(c))
    throw sql_error(sqlstate::object_not_in_prerequisite_state, "recovery is not in progress")
        .hint("Recovery control functions can only be executed during recovery.");
  if (a.size() > 1 && a[1].as_int() <= 0)
    throw sql_error(sqlstate::numeric_value_out_of_range, "\"wait_seconds\" must not be negative or zero");
  const auto asked = hooks_of(c).db().facts().take_over();
  if (!asked) throw belongs_to_no_cluster("pg_promote");
  if (!a.empty() && !a[0].as_bool()) return datum::of_bool(true);
  return datum::of_bool(await_promotion(c, asked, a.size() > 1 ? a[1].as_int() : wait_seconds_default));
}

/// The planned change of the primary. It waits for the end of all writers, so it must be none; and it ends the sessions of this
/// node, of which this one has its answer first.
datum switch_over(call_context& c, args_t a) {
  auto& hooks = hooks_of(c);
  require_superuser(c, "helios_switchover");
  hooks.require_writable("helios_switchover()");
  hooks.require_no_writer("helios_switchover()");
  const node_id to{a.empty() ? std::string() : std::string(a[0].as_bytes())};
  const auto asked = hooks.db().facts().hand_over(hooks.backend_pid(), to);
  if (!asked) throw belongs_to_no_cluster("helios_switchover");
  hooks.host().await(asked, fiber_host::cancel_policy::uncancellable);
  if (!asked->outcome())
    throw sql_error(sqlstate::object_not_in_prerequisite_state, "the primary was not changed: " + asked->outcome().failure().detail);
  return datum::of_bool(true);
}
datum start_time(call_context& c, args_t) {
  return datum::of_int(hooks_of(c).db().facts().status().started_at_us - unix_epoch_us);
}

/// Of one's own role, of roles whose rights one has, or of any as a member of pg_signal_backend; of a superuser only as one.
void require_signal_right(call_context& c, const std::string& user, bool terminate) {
  const auto catalog = hooks_of(c).catalog();
  const auto *self = catalog->find_role(hooks_of(c).current_user()), *target = catalog->find_role(user);
  if (self == nullptr || self->superuser || target == nullptr) return;
  if (target->superuser) {
    throw sql_error(sqlstate::insufficient_privilege,
                    terminate ? "must be a superuser to terminate superuser process" : "must be a superuser to cancel superuser query");
  }
  if (has_rights_of(*catalog, self->id, target->id) || has_rights_of(*catalog, self->id, role_signal_backend)) return;
  throw sql_error(sqlstate::insufficient_privilege,
                  std::string("must be a member of the role whose ") + (terminate ? "process is being terminated" : "query is being canceled") +
                      " or member of pg_signal_backend");
}

datum signal_session(call_context& c, std::int64_t session, bool terminate) {
  for (const auto& a : hooks_of(c).db().facts().activity()) {
    if (a.session == session) require_signal_right(c, a.user, terminate);
  }
  return datum::of_bool(hooks_of(c).db().facts().cancel_session(session, terminate));
}
datum cancel_backend(call_context& c, args_t a) { return signal_session(c, a[0].as_int(), false); }
datum terminate_backend(call_context& c, args_t a) { return signal_session(c, a[0].as_int(), true); }

}  // namespace

void add_replication_functions(registry& r) {
  using namespace sig;
  r.add("pg_is_in_recovery", {}, b, is_in_recovery, volatile_flag);
  r.add("pg_current_wal_lsn", {}, lsn_, current_lsn, volatile_flag);
  r.add("pg_current_wal_insert_lsn", {}, lsn_, current_lsn, volatile_flag);
  r.add("pg_current_wal_flush_lsn", {}, lsn_, flush_lsn, volatile_flag);
  r.add("pg_last_wal_receive_lsn", {}, lsn_, receive_lsn, volatile_flag);
  r.add("pg_last_wal_replay_lsn", {}, lsn_, replay_lsn, volatile_flag);
  r.add("pg_wal_lsn_diff", {lsn_, lsn_}, num, lsn_difference);
  r.op("-", {lsn_, lsn_}, num, lsn_difference);
  r.op("+", {lsn_, num}, lsn_, lsn_plus);
  r.op("+", {num, lsn_}, lsn_, plus_lsn);
  r.op("-", {lsn_, num}, lsn_, lsn_minus);
  r.add("pg_promote", {}, b, promote, volatile_flag);
  r.add("pg_promote", {b}, b, promote, volatile_flag);
  r.add("pg_promote", {b, i4}, b, promote, volatile_flag);
  r.add("helios_switchover", {}, b, switch_over, writing);
  r.add("helios_switchover", {txt}, b, switch_over, writing);
  r.add("pg_postmaster_start_time", {}, tz, start_time, stable);
  r.add("pg_cancel_backend", {i4}, b, cancel_backend, volatile_flag);
  r.add("pg_terminate_backend", {i4}, b, terminate_backend, volatile_flag);
  r.add("pg_terminate_backend", {i4, i8}, b, terminate_backend, volatile_flag);
}

}  // namespace helios::sql
