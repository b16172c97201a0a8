// Arithmetic of dates, times, timestamps and intervals.
#include <cmath>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

std::int64_t check_date(std::int64_t days) {
  if (days < days_least || days >= date_days_end) throw sql_error(sqlstate::datetime_field_overflow, "date out of range");
  return days;
}
std::int64_t as_timestamp(std::int64_t date) {
  if (is_infinite_date(date)) return date > 0 ? timestamp_infinity : timestamp_minus_infinity;
  return make_timestamp(date, 0);
}

template <int Sign>
datum date_plus_days(call_context&, args_t a) {
  return is_infinite_date(a[0].as_int()) ? a[0] : datum::of_int(check_date(a[0].as_int() + Sign * a[1].as_int()));
}
datum days_plus_date(call_context& c, args_t a) {
  const datum swapped[] = {a[1], a[0]};
  return date_plus_days<1>(c, swapped);
}
datum date_minus_date(call_context&, args_t a) {
  if (is_infinite_date(a[0].as_int()) || is_infinite_date(a[1].as_int()))
    throw sql_error(sqlstate::datetime_field_overflow, "cannot subtract infinite dates");
  return datum::of_int(a[0].as_int() - a[1].as_int());
}
template <int Sign>
interval signed_interval(datum v) { return Sign > 0 ? interval::from(v) : negate(interval::from(v)); }

template <int Sign>
datum date_plus_interval(call_context&, args_t a) {
  return datum::of_int(add_to_timestamp(as_timestamp(a[0].as_int()), signed_interval<Sign>(a[1])));
}
template <int Sign>
datum timestamp_plus_interval(call_context&, args_t a) {
  return datum::of_int(add_to_timestamp(a[0].as_int(), signed_interval<Sign>(a[1])));
}
template <int Sign>
datum timestamptz_plus_interval(call_context& c, args_t a) {
  return datum::of_int(add_to_timestamptz(a[0].as_int(), signed_interval<Sign>(a[1]), formats_of(c)));
}
template <int Sign>
datum time_plus_interval(call_context&, args_t a) {
  return datum::of_int(split(a[0].as_int() + signed_interval<Sign>(a[1]).us % us_per_day).us);
}
template <scalar_fn F>
datum swapped(call_context& c, args_t a) {
  const datum other[] = {a[1], a[0]};
  return F(c, args_t(other));
}

datum difference(call_context& c, args_t a) {
  if (is_infinite(a[0].as_int()) || is_infinite(a[1].as_int()))
    throw sql_error(sqlstate::datetime_field_overflow, "cannot subtract infinite timestamps");
  std::int64_t us = 0;
  if (__builtin_sub_overflow(a[0].as_int(), a[1].as_int(), &us))
    throw sql_error(sqlstate::datetime_field_overflow, "interval out of range");
  return justify_hours({us, 0, 0}).to_datum(*c.mem);
}
datum time_difference(call_context& c, args_t a) {
  return interval{a[0].as_int() - a[1].as_int(), 0, 0}.to_datum(*c.mem);
}
datum date_plus_time(call_context&, args_t a) {
  const std::int64_t t = as_timestamp(a[0].as_int());
  return datum::of_int(is_infinite(t) ? t : check_timestamp(t + a[1].as_int()));
}

datum interval_sum(call_context& c, args_t a) { return add(interval::from(a[0]), interval::from(a[1])).to_datum(*c.mem); }
datum interval_difference(call_context& c, args_t a) {
  return add(interval::from(a[0]), negate(interval::from(a[1]))).to_datum(*c.mem);
}
datum interval_negated(call_context& c, args_t a) { return negate(interval::from(a[0])).to_datum(*c.mem); }
datum interval_times(call_context& c, args_t a) { return multiply(interval::from(a[0]), a[1].as_double()).to_datum(*c.mem); }
datum interval_by(call_context& c, args_t a) {
  if (a[1].as_double() == 0) throw sql_error(sqlstate::division_by_zero, "division by zero");
  const interval v = interval::from(a[0]);
  // Months and days are divided, not multiplied by the inverse, so that thirds come out whole.
  return multiply(v, 1.0 / a[1].as_double()).to_datum(*c.mem);
}

/// A bare offset is a POSIX zone here: positive is west of Greenwich.
std::optional<time_zone> zone_named(std::string_view name) {
  auto zone = time_zone::find(name);
  const bool bare = name.size() > 1 && (name[0] == '+' || name[0] == '-') && name[1] >= '0' && name[1] <= '9';
  return zone && bare ? time_zone::fixed(-zone->at(0).seconds_east) : zone;
}

datum at_zone_utc(call_context&, args_t a) {
  const auto zone = zone_named(a[0].as_bytes());
  if (!zone) throw sql_error(sqlstate::invalid_parameter_value, "time zone \"" + std::string(a[0].as_bytes()) + "\" not recognized");
  return datum::of_int(zone->to_local(a[1].as_int()));
}
datum at_zone_local(call_context&, args_t a) {
  const auto zone = zone_named(a[0].as_bytes());
  if (!zone) throw sql_error(sqlstate::invalid_parameter_value, "time zone \"" + std::string(a[0].as_bytes()) + "\" not recognized");
  return datum::of_int(zone->to_utc(a[1].as_int()));
}

datum overlap(std::int64_t s1, std::int64_t e1, std::int64_t s2, std::int64_t e2) {
  if (s1 > e1) std::swap(s1, e1);
  if (s2 > e2) std::swap(s2, e2);
  if (s1 == s2) return datum::of_bool(true);
  return datum::of_bool(s1 > s2 ? s1 < e2 : s2 < e1);
}
datum overlaps(call_context&, args_t a) { return overlap(a[0].as_int(), a[1].as_int(), a[2].as_int(), a[3].as_int()); }

template <interval (*F)(interval)>
datum justified(call_context& c, args_t a) { return F(interval::from(a[0])).to_datum(*c.mem); }
interval justify_both(interval v) {
  v = justify_days(justify_hours(v));
  // All parts get the sign of the greatest one.
  const auto sign_of_days = [&] { return v.days > 0 ? 1 : v.days < 0 ? -1 : v.us > 0 ? 1 : v.us < 0 ? -1 : 0; };
  if (v.months > 0 && sign_of_days() < 0) v.days += 30, --v.months;
  else if (v.months < 0 && sign_of_days() > 0) v.days -= 30, ++v.months;
  if (v.days > 0 && v.us < 0) v.us += us_per_day, --v.days;
  else if (v.days < 0 && v.us > 0) v.us -= us_per_day, ++v.days;
  return v;
}

}  // namespace

void add_date_operators(registry& r) {
  using namespace sig;
  r.op("+", {dt, i4}, dt, date_plus_days<1>);
  r.op("-", {dt, i4}, dt, date_plus_days<-1>);
  r.op("+", {i4, dt}, dt, days_plus_date);
  r.op("-", {dt, dt}, i4, date_minus_date);
  r.op("+", {dt, iv}, ts, date_plus_interval<1>);
  r.op("-", {dt, iv}, ts, date_plus_interval<-1>);
  r.op("+", {iv, dt}, ts, swapped<date_plus_interval<1>>);
  r.op("+", {dt, tm}, ts, date_plus_time);
  r.op("+", {tm, dt}, ts, swapped<date_plus_time>);
  r.op("+", {ts, iv}, ts, timestamp_plus_interval<1>);
  r.op("-", {ts, iv}, ts, timestamp_plus_interval<-1>);
  r.op("+", {iv, ts}, ts, swapped<timestamp_plus_interval<1>>);
  r.op("+", {tz, iv}, tz, timestamptz_plus_interval<1>, stable);
  r.op("-", {tz, iv}, tz, timestamptz_plus_interval<-1>, stable);
  r.op("+", {iv, tz}, tz, swapped<timestamptz_plus_interval<1>>, stable);
  r.op("+", {tm, iv}, tm, time_plus_interval<1>);
  r.op("-", {tm, iv}, tm, time_plus_interval<-1>);
  r.op("+", {iv, tm}, tm, swapped<time_plus_interval<1>>);
  r.op("-", {ts, ts}, iv, difference);
  r.op("-", {tz, tz}, iv, difference);
  r.op("-", {tm, tm}, iv, time_difference);
  r.op("+", {iv, iv}, iv, interval_sum);
  r.op("-", {iv, iv}, iv, interval_difference);
  r.op("-", {iv}, iv, interval_negated);
  r.op("*", {iv, f8}, iv, interval_times);
  r.op("*", {f8, iv}, iv, swapped<interval_times>);
  r.op("/", {iv, f8}, iv, interval_by);
  r.add("timezone", {txt, tz}, ts, at_zone_utc);
  r.add("timezone", {txt, ts}, tz, at_zone_local);
  for (oid t : {ts, tz, tm}) r.add("overlaps", {t, t, t, t}, b, overlaps);
  r.add("justify_hours", {iv}, iv, justified<justify_hours>);
  r.add("justify_days", {iv}, iv, justified<justify_days>);
  r.add("justify_interval", {iv}, iv, justified<justify_both>);
}

}  // namespace helios::sql
