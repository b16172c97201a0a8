// Who and where: user, database, settings, the backend, sleeping, transaction ids.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/fiber_host.hpp"
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/array.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

datum current_user(call_context& c, args_t) { return text_result(c, hooks_of(c).current_user()); }
datum session_user(call_context& c, args_t) { return text_result(c, hooks_of(c).session_user()); }
datum current_database(call_context& c, args_t) { return text_result(c, hooks_of(c).database_name()); }

datum current_schema(call_context& c, args_t) {
  session_hooks& hooks = hooks_of(c);
  const auto catalog = hooks.catalog();
  for (oid id : hooks.search_path(false))
    if (const schema_def* s = catalog->find_schema(id)) return text_result(c, s->name);
  return datum::null();
}
datum current_schemas(call_context& c, args_t a) {
  session_hooks& hooks = hooks_of(c);
  const auto catalog = hooks.catalog();
  std::vector<datum> names;
  for (oid id : hooks.search_path(a[0].as_bool()))
    if (const schema_def* s = catalog->find_schema(id)) names.push_back(text_result(c, s->name));
  return array_value::of(type_oid::name, std::move(names)).to_datum(*c.mem);
}

datum version(call_context& c, args_t) {
  const std::string server = hooks_of(c).setting_value("server_version").value_or("15");
#if defined(__x86_64__)
  const std::string machine = "x86_64";
#elif defined(__aarch64__)
  const std::string machine = "aarch64";
#else
  const std::string machine = "unknown";
#endif
  return text_result(c, "PostgreSQL " + server + " on " + machine + "-pc-linux-gnu, compiled by g++ " + __VERSION__ + ", " +
                            std::to_string(sizeof(void*) * 8) + "-bit");
}

datum current_setting(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  if (auto value = hooks_of(c).setting_value(a[0].as_bytes())) return text_result(c, *value);
  if (a.size() > 1 && !a[1].is_null() && a[1].as_bool()) return datum::null();
  throw sql_error(sqlstate::undefined_object,
                  "unrecognized configuration parameter \"" + std::string(a[0].as_bytes()) + "\"");
}

/// What RESET would restore.
std::string reset_value(session_hooks& hooks, std::string_view name) {
  for (const auto& row : hooks.all_settings())
    if (equal_ignoring_case(row.name, name)) return row.reset_value;
  return {};
}
datum set_config(call_context& c, args_t a) {
  if (a[0].is_null()) throw sql_error("22004", "SET requires parameter name");
  session_hooks& hooks = hooks_of(c);
  const std::string name(a[0].as_bytes());
  const std::string value = a[1].is_null() ? reset_value(hooks, name) : std::string(a[1].as_bytes());
  hooks.set_setting(name, value, !a[2].is_null() && a[2].as_bool());
  return text_result(c, hooks.setting_value(name).value_or(""));
}

datum backend_pid(call_context& c, args_t) { return datum::of_int(hooks_of(c).backend_pid()); }
datum client_address(call_context& c, args_t) {
  const std::string address = hooks_of(c).client_address();
  return address.empty() ? datum::null() : text_result(c, address);
}
datum client_port(call_context& c, args_t) {
  session_hooks& hooks = hooks_of(c);
  return hooks.client_address().empty() ? datum::null() : datum::of_int(hooks.client_port());
}

/// Waits on a completion that nobody completes: cancel, timeout and shutdown end it as they end any wait.
void sleep_until(call_context& c, std::chrono::steady_clock::time_point end) {
  const auto never = std::make_shared<completion>();
  while (std::chrono::steady_clock::now() < end) hooks_of(c).host().await_until(never, end);
}
void sleep_seconds(call_context& c, double seconds) {
  hooks_of(c).host().checkpoint();
  if (!(seconds > 0)) return;
  // Longer than any session lives, and still a time point.
  constexpr double longest = 100.0 * 366 * 86400;
  const auto us = std::chrono::microseconds(std::llround(std::min(seconds, longest) * 1e6));
  sleep_until(c, std::chrono::steady_clock::now() + us);
}
datum sleep_for_seconds(call_context& c, args_t a) {
  sleep_seconds(c, a[0].as_double());
  return datum::of_bytes("");
}
datum sleep_for_interval(call_context& c, args_t a) {
  const std::int64_t now = clock_time_us();
  sleep_seconds(c, static_cast<double>(add_to_timestamp(now, interval::from(a[0])) - now) / 1e6);
  return datum::of_bytes("");
}
datum sleep_until_time(call_context& c, args_t a) {
  if (a[0].as_int() == timestamp_infinity) sleep_seconds(c, HUGE_VAL);
  else if (a[0].as_int() != timestamp_minus_infinity) sleep_seconds(c, static_cast<double>(a[0].as_int() - clock_time_us()) / 1e6);
  return datum::of_bytes("");
}

datum transaction_id(call_context& c, args_t) {
  return datum::of_int(static_cast<std::int64_t>(hooks_of(c).transaction_id()));
}

datum encoding_name(call_context& c, args_t) { return text_result(c, "UTF8"); }
/// The numbers that PostgreSQL gives to encodings; only the one in use and the absence of one are known here.
datum encoding_to_char(call_context& c, args_t a) {
  return text_result(c, a[0].as_int() == 6 ? "UTF8" : a[0].as_int() == 0 ? "SQL_ASCII" : "");
}
datum char_to_encoding(call_context&, args_t a) {
  std::string name = lower_ascii(a[0].as_bytes());
  std::erase_if(name, [](char ch) { return ch == '-' || ch == '_'; });
  return datum::of_int(name == "utf8" || name == "unicode" ? 6 : name == "sqlascii" ? 0 : -1);
}

datum temporary_schema(call_context& c, args_t) {
  const auto catalog = hooks_of(c).catalog();
  const schema_def* schema = catalog->temporary_schema();
  return datum::of_int(schema ? schema->id : 0);
}
datum no(call_context&, args_t) { return datum::of_bool(false); }

}  // namespace

void add_session_functions(registry& r) {
  using namespace sig;
  for (const char* name : {"current_user", "user", "current_role"}) r.add(name, {}, nm, current_user, stable);
  r.add("session_user", {}, nm, session_user, stable);
  r.add("current_database", {}, nm, current_database, stable);
  r.add("current_schema", {}, nm, current_schema, stable);
  r.add("current_schemas", {b}, type_oid::name_array, current_schemas, stable);
  r.add("version", {}, txt, version, stable);
  r.add("current_setting", {txt}, txt, current_setting, stable);
  r.add("current_setting", {txt, b}, txt, current_setting, stable);
  r.add("set_config", {txt, txt, b}, txt, set_config, takes_null | volatile_flag);
  r.add("pg_backend_pid", {}, i4, backend_pid, stable);
  r.add("inet_client_addr", {}, type_oid::inet, client_address, stable);
  r.add("inet_client_port", {}, i4, client_port, stable);
  r.add("pg_sleep", {f8}, vd, sleep_for_seconds, volatile_flag);
  r.add("pg_sleep_for", {iv}, vd, sleep_for_interval, volatile_flag);
  r.add("pg_sleep_until", {tz}, vd, sleep_until_time, volatile_flag);
  r.add("txid_current", {}, i8, transaction_id, volatile_flag);
  r.add("getdatabaseencoding", {}, nm, encoding_name, stable);
  r.add("pg_client_encoding", {}, nm, encoding_name, stable);
  r.add("pg_encoding_to_char", {i4}, nm, encoding_to_char, stable);
  r.add("pg_char_to_encoding", {nm}, i4, char_to_encoding, stable);
  r.add("pg_my_temp_schema", {}, id, temporary_schema, stable);
  r.add("pg_is_other_temp_schema", {id}, b, no, stable);
  r.add("pg_jit_available", {}, b, no, stable);
}

}  // namespace helios::sql
