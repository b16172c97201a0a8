// Advisory locks (pg_advisory_*, pg_try_advisory_*), who blocks whom, and the functions of LISTEN and NOTIFY.
#include <algorithm>

#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/notifications.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_advisory_functions(registry&);

namespace {

using args_t = std::span<const datum>;

storage::advisory_key key_of(args_t a) {
  if (a.size() == 2) return {static_cast<std::uint32_t>(a[0].as_int()), static_cast<std::uint32_t>(a[1].as_int()), 2};
  const auto whole = static_cast<std::uint64_t>(a[0].as_int());
  return {static_cast<std::uint32_t>(whole >> 32), static_cast<std::uint32_t>(whole), 1};
}

template <bool Shared, bool OfSession>
datum lock(call_context& c, args_t a) {
  (void)hooks_of(c).lock_advisory(key_of(a), Shared, OfSession, true);
  return datum::of_bytes("");
}
template <bool Shared, bool OfSession>
datum try_lock(call_context& c, args_t a) {
  return datum::of_bool(hooks_of(c).lock_advisory(key_of(a), Shared, OfSession, false));
}
template <bool Shared>
datum unlock(call_context& c, args_t a) {
  return datum::of_bool(hooks_of(c).unlock_advisory(key_of(a), Shared));
}
datum unlock_all(call_context& c, args_t) {
  hooks_of(c).unlock_all_advisory();
  return datum::of_bytes("");
}

/// Who holds what this session waits for, or waits for it before this one.
datum blocking_sessions(call_context& c, args_t a) {
  const auto locks = hooks_of(c).db().engine().locks().list();
  const auto session = static_cast<std::uint64_t>(a[0].as_int());
  const auto waits = std::find_if(locks.begin(), locks.end(), [&](const auto& l) { return !l.granted && l.process == session; });
  std::vector<datum> out;
  // Of one lock the holders come first, then those who wait, in their order.
  for (auto l = locks.begin(); waits != locks.end() && l != locks.end(); ++l) {
    const bool before = l->tag == waits->tag && l->process != session && (l->granted || l < waits) && storage::conflicts(l->mode, waits->mode);
    const auto holder = datum::of_int(static_cast<std::int64_t>(l->process));
    if (before && std::none_of(out.begin(), out.end(), [&](datum d) { return d.as_int() == holder.as_int(); })) out.push_back(holder);
  }
  return array_value::of(type_oid::int4, std::move(out)).to_datum(*c.mem);
}

datum notify(call_context& c, args_t a) {
  hooks_of(c).notify(a[0].is_null() ? std::string_view() : a[0].as_bytes(), a[1].is_null() ? std::string_view() : a[1].as_bytes());
  return datum::of_bytes("");
}
void listening_channels(call_context& c, args_t, std::vector<datum>& rows) {
  for (const auto& name : hooks_of(c).listening_channels()) rows.push_back(text_result(c, name));
}
datum queue_usage(call_context& c, args_t) { return datum::of_double(hooks_of(c).db().notifications().usage()); }

}  // namespace

// `writing`: a standby forwards them, so that there is one set of locks and of channels, the primary's.
void add_advisory_functions(registry& r) {
  using namespace sig;
  const auto both = [&r](const char* name, oid result, scalar_fn call) {
    r.add(name, {i8}, result, call, writing);
    r.add(name, {i4, i4}, result, call, writing);
  };
  both("pg_advisory_lock", vd, lock<false, true>);
  both("pg_advisory_lock_shared", vd, lock<true, true>);
  both("pg_advisory_xact_lock", vd, lock<false, false>);
  both("pg_advisory_xact_lock_shared", vd, lock<true, false>);
  both("pg_try_advisory_lock", b, try_lock<false, true>);
  both("pg_try_advisory_lock_shared", b, try_lock<true, true>);
  both("pg_try_advisory_xact_lock", b, try_lock<false, false>);
  both("pg_try_advisory_xact_lock_shared", b, try_lock<true, false>);
  both("pg_advisory_unlock", b, unlock<false>);
  both("pg_advisory_unlock_shared", b, unlock<true>);
  r.add("pg_advisory_unlock_all", {}, vd, unlock_all, writing);
  r.add("pg_blocking_pids", {i4}, type_oid::int4_array, blocking_sessions, volatile_flag);
  r.add("pg_notify", {txt, txt}, vd, notify, writing | takes_null);
  r.add_set("pg_listening_channels", {}, txt, listening_channels, writing | stable);
  r.add("pg_notification_queue_usage", {}, f8, queue_usage, volatile_flag);
}

}  // namespace helios::sql
