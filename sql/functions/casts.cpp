// Casts between types, with PostgreSQL's contexts (pg_cast). Text forms are in casts_text.cpp.
#include <cmath>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_text_casts(registry&);
void add_array_casts(registry&);
void add_network_casts(registry&);
void add_bit_casts(registry&);
void add_hardware_address_casts(registry&);
void add_zoned_time_casts(registry&);

namespace {

using cast_fn = datum (*)(call_context&, datum, std::int32_t, bool);
constexpr auto implicit = cast_context::implicit, assignment = cast_context::assignment, explicit_only = cast_context::explicit_;

[[noreturn]] void out_of_range(const char* type) {
  throw sql_error(sqlstate::numeric_value_out_of_range, std::string(type) + " out of range");
}

template <class Int>
constexpr const char* int_name = sizeof(Int) == 2 ? "smallint" : sizeof(Int) == 4 ? "integer" : "bigint";

template <class Int>
datum narrow(call_context&, datum v, std::int32_t, bool) {
  if (v.as_int() < std::numeric_limits<Int>::min() || v.as_int() > std::numeric_limits<Int>::max()) out_of_range(int_name<Int>);
  return v;
}
datum to_oid(call_context&, datum v, std::int32_t, bool) {
  if (v.as_int() < 0 || v.as_int() > UINT32_MAX) out_of_range("OID");
  return v;
}
/// int4 and int2 share oid's bits.
datum reinterpret_oid(call_context&, datum v, std::int32_t, bool) {
  return datum::of_int(static_cast<std::uint32_t>(v.as_int()));
}
datum oid_to_int4(call_context&, datum v, std::int32_t, bool) { return datum::of_int(static_cast<std::int32_t>(v.as_int())); }

datum int_to_float8(call_context&, datum v, std::int32_t, bool) { return datum::of_double(static_cast<double>(v.as_int())); }
datum int_to_float4(call_context&, datum v, std::int32_t, bool) {
  return datum::of_double(static_cast<double>(static_cast<float>(v.as_int())));
}
template <class Int>
datum float_to_int(call_context&, datum v, std::int32_t, bool) {
  const double rounded = std::rint(v.as_double());
  constexpr double low = static_cast<double>(std::numeric_limits<Int>::min());
  if (!(rounded >= low && rounded < -low)) out_of_range(int_name<Int>);
  return datum::of_int(static_cast<std::int64_t>(rounded));
}
datum float8_to_float4(call_context&, datum v, std::int32_t, bool) {
  const auto f = static_cast<float>(v.as_double());
  if (std::isinf(f) && !std::isinf(v.as_double())) throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: overflow");
  if (f == 0 && v.as_double() != 0) throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: underflow");
  return datum::of_double(static_cast<double>(f));
}

datum int_to_numeric(call_context& c, datum v, std::int32_t modifier, bool) {
  return apply_modifier(decimal::of_int(v.as_int()), modifier).to_datum(*c.mem);
}
template <int Digits>
datum float_to_numeric(call_context& c, datum v, std::int32_t modifier, bool) {
  return apply_modifier(decimal::of_double(v.as_double(), Digits), modifier).to_datum(*c.mem);
}
datum numeric_to_numeric(call_context& c, datum v, std::int32_t modifier, bool) {
  return modifier < 4 ? v : apply_modifier(decimal::from(v), modifier).to_datum(*c.mem);
}
template <class Int>
datum numeric_to_int(call_context&, datum v, std::int32_t, bool) {
  return datum::of_int(decimal::from(v).to_int(std::numeric_limits<Int>::min(), std::numeric_limits<Int>::max(), int_name<Int>));
}
datum numeric_to_float8(call_context&, datum v, std::int32_t, bool) { return datum::of_double(decimal::from(v).to_double()); }
datum numeric_to_float4(call_context&, datum v, std::int32_t, bool) {
  const decimal d = decimal::from(v);
  if (!d.finite()) return datum::of_double(d.to_double());
  return datum::of_double(static_cast<double>(parse_float4(d.to_text())));
}

datum bool_to_int(call_context&, datum v, std::int32_t, bool) { return datum::of_int(v.as_bool()); }
datum int_to_bool(call_context&, datum v, std::int32_t, bool) { return datum::of_bool(v.as_int() != 0); }
datum int_to_char(call_context&, datum v, std::int32_t, bool) {
  if (v.as_int() < -128 || v.as_int() > 127) out_of_range("\"char\"");
  return v;
}
datum same_value(call_context&, datum v, std::int32_t, bool) { return v; }

std::int64_t date_as_timestamp(std::int64_t days) {
  if (is_infinite_date(days)) return days > 0 ? timestamp_infinity : timestamp_minus_infinity;
  std::int64_t out = 0;
  if (__builtin_mul_overflow(days, us_per_day, &out) || out >= timestamp_end)
    throw sql_error(sqlstate::datetime_field_overflow, "date out of range for timestamp");
  return out;
}
datum date_to_timestamp(call_context&, datum v, std::int32_t, bool) { return datum::of_int(date_as_timestamp(v.as_int())); }
datum date_to_timestamptz(call_context& c, datum v, std::int32_t, bool) {
  return datum::of_int(time_zone::of(formats_of(c)).to_utc(date_as_timestamp(v.as_int())));
}
std::int64_t date_of(std::int64_t timestamp) {
  if (is_infinite(timestamp)) return timestamp > 0 ? date_infinity : date_minus_infinity;
  return split(timestamp).days;
}
datum timestamp_to_date(call_context&, datum v, std::int32_t, bool) { return datum::of_int(date_of(v.as_int())); }
datum timestamptz_to_date(call_context& c, datum v, std::int32_t, bool) {
  return datum::of_int(date_of(time_zone::of(formats_of(c)).to_local(v.as_int())));
}
datum timestamp_to_timestamptz(call_context& c, datum v, std::int32_t modifier, bool) {
  return datum::of_int(round_to_precision(time_zone::of(formats_of(c)).to_utc(v.as_int()), modifier));
}
datum timestamptz_to_timestamp(call_context& c, datum v, std::int32_t modifier, bool) {
  return datum::of_int(round_to_precision(time_zone::of(formats_of(c)).to_local(v.as_int()), modifier));
}
datum time_of(std::int64_t timestamp) { return is_infinite(timestamp) ? datum::null() : datum::of_int(split(timestamp).us); }
datum timestamp_to_time(call_context&, datum v, std::int32_t, bool) { return time_of(v.as_int()); }
datum timestamptz_to_time(call_context& c, datum v, std::int32_t, bool) {
  return time_of(time_zone::of(formats_of(c)).to_local(v.as_int()));
}
datum to_precision(call_context&, datum v, std::int32_t modifier, bool) {
  return datum::of_int(round_to_precision(v.as_int(), modifier));
}
datum interval_to_precision(call_context& c, datum v, std::int32_t modifier, bool) {
  if (modifier < 0) return v;
  interval i = interval::from(v);
  i.us = round_to_precision(i.us, modifier & 0xffff);
  return i.to_datum(*c.mem);
}
datum time_to_interval(call_context& c, datum v, std::int32_t, bool) { return interval{v.as_int(), 0, 0}.to_datum(*c.mem); }
datum interval_to_time(call_context&, datum v, std::int32_t, bool) { return datum::of_int(split(interval::from(v).us).us); }

void add_number_casts(registry& r) {
  using namespace sig;
  const auto both_ways = [&](oid small, oid big, cast_fn widen, cast_fn shrink) {
    r.cast(small, big, implicit, widen);
    r.cast(big, small, assignment, shrink);
  };
  both_ways(i2, i4, nullptr, narrow<std::int16_t>);
  both_ways(i2, i8, nullptr, narrow<std::int16_t>);
  both_ways(i4, i8, nullptr, narrow<std::int32_t>);
  both_ways(i2, f4, int_to_float4, float_to_int<std::int16_t>);
  both_ways(i4, f4, int_to_float4, float_to_int<std::int32_t>);
  both_ways(i8, f4, int_to_float4, float_to_int<std::int64_t>);
  both_ways(i2, f8, int_to_float8, float_to_int<std::int16_t>);
  both_ways(i4, f8, int_to_float8, float_to_int<std::int32_t>);
  both_ways(i8, f8, int_to_float8, float_to_int<std::int64_t>);
  both_ways(f4, f8, nullptr, float8_to_float4);
  both_ways(i2, num, int_to_numeric, numeric_to_int<std::int16_t>);
  both_ways(i4, num, int_to_numeric, numeric_to_int<std::int32_t>);
  both_ways(i8, num, int_to_numeric, numeric_to_int<std::int64_t>);
  r.cast(num, f4, implicit, numeric_to_float4);
  r.cast(num, f8, implicit, numeric_to_float8);
  r.cast(f4, num, assignment, float_to_numeric<6>);
  r.cast(f8, num, assignment, float_to_numeric<15>);
  r.cast(num, num, implicit, numeric_to_numeric);
  r.cast(b, i4, explicit_only, bool_to_int);
  r.cast(i4, b, explicit_only, int_to_bool);
  r.cast(i4, ch, explicit_only, int_to_char);
  r.cast(ch, i4, explicit_only, same_value);
}

void add_oid_casts(registry& r) {
  using namespace sig;
  for (oid t : {oid{type_oid::oid}, oid{type_oid::regclass}, oid{type_oid::regtype}, oid{type_oid::regproc},
                oid{type_oid::regprocedure}, oid{type_oid::regrole}, oid{type_oid::regnamespace}}) {
    r.cast(i8, t, implicit, to_oid);
    r.cast(i4, t, implicit, reinterpret_oid);
    r.cast(i2, t, implicit, reinterpret_oid);
    r.cast(t, i8, assignment, nullptr);
    r.cast(t, i4, assignment, oid_to_int4);
    if (t == type_oid::oid) continue;
    r.cast(t, type_oid::oid, implicit, nullptr);
    r.cast(type_oid::oid, t, implicit, nullptr);
  }
  r.cast(type_oid::regproc, type_oid::regprocedure, implicit, nullptr);
  r.cast(type_oid::regprocedure, type_oid::regproc, implicit, nullptr);
}

void add_time_casts(registry& r) {
  using namespace sig;
  r.cast(dt, ts, implicit, date_to_timestamp);
  r.cast(dt, tz, implicit, date_to_timestamptz);
  r.cast(ts, dt, assignment, timestamp_to_date);
  r.cast(tz, dt, assignment, timestamptz_to_date);
  r.cast(ts, tz, implicit, timestamp_to_timestamptz);
  r.cast(tz, ts, assignment, timestamptz_to_timestamp);
  r.cast(ts, tm, assignment, timestamp_to_time);
  r.cast(tz, tm, assignment, timestamptz_to_time);
  r.cast(tm, iv, implicit, time_to_interval);
  r.cast(iv, tm, assignment, interval_to_time);
  r.cast(ts, ts, implicit, to_precision);
  r.cast(tz, tz, implicit, to_precision);
  r.cast(tm, tm, implicit, to_precision);
  r.cast(iv, iv, implicit, interval_to_precision);
}

}  // namespace

void add_casts(registry& r) {
  add_number_casts(r);
  add_oid_casts(r);
  add_time_casts(r);
  add_network_casts(r);
  add_bit_casts(r);
  add_hardware_address_casts(r);
  add_zoned_time_casts(r);
  add_text_casts(r);
  add_array_casts(r);
}

const cast_def* find_cast(oid from, oid to, cast_context context) {
  const cast_def* found = builtins().cast(from, to);
  return found && found->context <= context ? found : nullptr;
}

}  // namespace helios::sql
