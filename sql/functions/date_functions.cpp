// Functions of dates and times: the clock, extract, date_trunc, age, make_*, to_timestamp(number).
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/fiber_host.hpp"
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

std::int64_t transaction_time(call_context& c) { return c.hooks ? c.hooks->transaction_time_us() : current_time_us(formats_of(c)); }
datum now(call_context& c, args_t) { return datum::of_int(transaction_time(c)); }
datum statement_time(call_context& c, args_t) {
  return datum::of_int(c.hooks ? c.hooks->statement_time_us() : current_time_us(formats_of(c)));
}
datum clock_time(call_context&, args_t) { return datum::of_int(clock_time_us()); }
std::int64_t local_now(call_context& c) { return time_zone::of(formats_of(c)).to_local(transaction_time(c)); }
datum local_timestamp(call_context& c, args_t) { return datum::of_int(local_now(c)); }
datum local_time(call_context& c, args_t) { return datum::of_int(split(local_now(c)).us); }
datum current_date(call_context& c, args_t) { return datum::of_int(split(local_now(c)).days); }
template <scalar_fn F>
datum with_precision(call_context& c, args_t a) {
  return datum::of_int(round_to_precision(F(c, {}).as_int(), static_cast<std::int32_t>(std::min<std::int64_t>(a[0].as_int(), 6))));
}
datum time_of_day(call_context& c, args_t) {
  format_settings f = formats_of(c);
  f.date_style = "Postgres, MDY";
  std::string out;
  write_timestamptz(clock_time_us(), f, out);
  return text_result(c, out);
}

/// What extract() can ask for. `zone` only where there is one.
struct fields {
  std::int64_t days = 0, us = 0;        // local
  std::int64_t since_2000_us = 0;       // of a time: since midnight
  bool has_date = true, has_time = true, has_zone = false;
  int seconds_east = 0;
};

[[noreturn]] void unknown_unit(std::string_view unit, const char* type, bool known) {
  if (known) throw sql_error(sqlstate::feature_not_supported, "unit \"" + std::string(unit) + "\" not supported for type " + type);
  throw sql_error(sqlstate::invalid_parameter_value, "unit \"" + std::string(unit) + "\" not recognized for type " + type);
}

std::string canonical_unit(std::string_view unit) {
  std::string u = lower_ascii(unit);
  static constexpr std::string_view plural[][2] = {
      {"years", "year"}, {"y", "year"}, {"months", "month"}, {"mon", "month"}, {"mons", "month"}, {"days", "day"}, {"d", "day"},
      {"hours", "hour"}, {"h", "hour"}, {"hr", "hour"}, {"hrs", "hour"}, {"minutes", "minute"}, {"min", "minute"}, {"mins", "minute"},
      {"m", "minute"}, {"seconds", "second"}, {"sec", "second"}, {"secs", "second"}, {"s", "second"}, {"ms", "milliseconds"},
      {"msec", "milliseconds"}, {"millisecond", "milliseconds"}, {"us", "microseconds"}, {"usec", "microseconds"},
      {"microsecond", "microseconds"}, {"weeks", "week"}, {"w", "week"}, {"qtr", "quarter"}, {"quarters", "quarter"},
      {"decades", "decade"}, {"centuries", "century"}, {"c", "century"}, {"millennia", "millennium"}, {"millenniums", "millennium"}};
  for (const auto& [from, to] : plural)
    if (u == from) return std::string(to);
  return u;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
decimal micros(std::int64_t us, int scale) { return {mpz_class(static_cast<long>(us)), scale}; }

std::optional<decimal> date_field(std::string_view unit, const fields& f) {
  const civil_date d = civil_of(f.days);
  const auto whole = [](std::int64_t v) { return decimal::of_int(v); };
  const std::int64_t shown_year = d.year > 0 ? d.year : d.year - 1;  // 1 BC is -1
  if (unit == "year") return whole(shown_year);
  if (unit == "month") return whole(d.month);
  if (unit == "day") return whole(d.day);
  if (unit == "quarter") return whole((d.month - 1) / 3 + 1);
  if (unit == "week") return whole(iso_week_of(f.days).week);
  if (unit == "isoyear") return whole(iso_week_of(f.days).year > 0 ? iso_week_of(f.days).year : iso_week_of(f.days).year - 1);
  if (unit == "dow") return whole(day_of_week(f.days));
  if (unit == "isodow") return whole(day_of_week(f.days) == 0 ? 7 : day_of_week(f.days));
  if (unit == "doy") return whole(day_of_year(d));
  if (unit == "decade") return whole(floor_div(d.year, 10));
  if (unit == "century") return whole(d.year > 0 ? (d.year + 99) / 100 : -((99 - (d.year - 1)) / 100));
  if (unit == "millennium") return whole(d.year > 0 ? (d.year + 999) / 1000 : -((999 - (d.year - 1)) / 1000));
  if (unit == "julian") {
    if (!f.has_time) return whole(f.days - days_least);
    return add(whole(f.days - days_least), divide(whole(f.us), whole(us_per_day)));
  }
  return std::nullopt;
}

std::optional<decimal> time_field(std::string_view unit, std::int64_t us) {
  if (unit == "hour") return decimal::of_int(us / us_per_hour);
  if (unit == "minute") return decimal::of_int(us / us_per_minute % 60);
  if (unit == "second") return micros(us % us_per_minute, 6);
  if (unit == "milliseconds") return micros(us % us_per_minute, 3);
  if (unit == "microseconds") return decimal::of_int(us % us_per_minute);
  return std::nullopt;
}

bool is_known_unit(std::string_view unit) {
  static constexpr std::string_view known[] = {"timezone", "timezone_hour", "timezone_minute", "hour", "minute", "second", "year",
                                               "month", "day", "week", "dow", "doy", "isodow", "isoyear", "quarter", "decade",
                                               "century", "millennium", "julian", "milliseconds", "microseconds"};
  return std::find(std::begin(known), std::end(known), unit) != std::end(known);
}

decimal extract_from(std::string_view given, const fields& f, const char* type) {
  const std::string unit = canonical_unit(given);
  if (unit == "epoch" && !f.has_time) return decimal::of_int((f.days + unix_epoch_days) * 86400);
  if (unit == "epoch") return f.has_date ? add(micros(f.since_2000_us, 6), micros(unix_epoch_us, 6)) : micros(f.since_2000_us, 6);
  if (f.has_date)
    if (auto v = date_field(unit, f)) return *v;
  if (f.has_time)
    if (auto v = time_field(unit, f.us)) return *v;
  if (f.has_zone) {
    if (unit == "timezone") return decimal::of_int(f.seconds_east);
    if (unit == "timezone_hour") return decimal::of_int(f.seconds_east / 3600);
    if (unit == "timezone_minute") return decimal::of_int(f.seconds_east / 60 % 60);
  }
  unknown_unit(given, type, is_known_unit(unit));
}

/// Fields that only grow are infinite, those that go round are NULL.
std::optional<decimal> infinite_field(std::string_view given, bool positive, const char* type) {
  const std::string unit = canonical_unit(given);
  const bool is_date = std::string_view(type) == "date";
  const bool of_clock = unit == "hour" || unit == "minute" || unit == "second" || unit == "milliseconds" || unit == "microseconds";
  if (!is_known_unit(unit) && unit != "epoch") unknown_unit(given, type, false);
  if (is_date && (of_clock || unit.starts_with("timezone"))) unknown_unit(given, type, true);
  for (std::string_view grows : {"year", "decade", "century", "millennium", "julian", "isoyear", "epoch"})
    if (unit == grows) return decimal(positive ? decimal::kind::plus_infinity : decimal::kind::minus_infinity);
  return std::nullopt;
}

using reader = std::optional<decimal> (*)(call_context&, std::string_view, datum);

std::optional<decimal> of_timestamp(call_context&, std::string_view unit, datum v) {
  if (is_infinite(v.as_int())) return infinite_field(unit, v.as_int() > 0, "timestamp without time zone");
  const auto [days, us] = split(v.as_int());
  return extract_from(unit, {days, us, v.as_int()}, "timestamp without time zone");
}
std::optional<decimal> of_timestamptz(call_context& c, std::string_view unit, datum v) {
  if (is_infinite(v.as_int())) return infinite_field(unit, v.as_int() > 0, "timestamp with time zone");
  const int east = time_zone::of(formats_of(c)).at(v.as_int()).seconds_east;
  const auto [days, us] = split(v.as_int() + east * us_per_second);
  return extract_from(unit, {days, us, v.as_int(), true, true, true, east}, "timestamp with time zone");
}
std::optional<decimal> of_date(call_context&, std::string_view unit, datum v) {
  if (is_infinite_date(v.as_int())) return infinite_field(unit, v.as_int() > 0, "date");
  return extract_from(unit, {v.as_int(), 0, 0, true, false}, "date");
}
std::optional<decimal> of_time(call_context&, std::string_view unit, datum v) {
  return extract_from(unit, {0, v.as_int(), v.as_int(), false, true}, "time without time zone");
}
std::optional<decimal> of_interval(call_context&, std::string_view given, datum v) {
  const interval i = interval::from(v);
  const std::string unit = canonical_unit(given);
  const int year = i.months / 12;
  if (unit == "year") return decimal::of_int(year);
  if (unit == "month") return decimal::of_int(i.months % 12);
  if (unit == "day") return decimal::of_int(i.days);
  if (unit == "quarter") return decimal::of_int(i.months % 12 / 3 + 1);
  if (unit == "decade") return decimal::of_int(year / 10);
  if (unit == "century") return decimal::of_int(year / 100);
  if (unit == "millennium") return decimal::of_int(year / 1000);
  if (unit == "epoch") {
    // A year counts 365.25 days, a month 30.
    const mpz_class days = mpz_class(year) * 1461 * 6 + mpz_class(i.months % 12) * 30 * 24 + mpz_class(i.days) * 24;
    return decimal(days * mpz_class(static_cast<long>(us_per_hour)) + mpz_class(static_cast<long>(i.us)), 6);
  }
  if (auto f = time_field(unit, i.us)) return f;
  unknown_unit(given, "interval", is_known_unit(unit));
}

template <reader F>
datum extract(call_context& c, args_t a) {
  const auto v = F(c, a[0].as_bytes(), a[1]);
  return v ? v->to_datum(*c.mem) : datum::null();
}
template <reader F>
datum date_part(call_context& c, args_t a) {
  const auto v = F(c, a[0].as_bytes(), a[1]);
  return v ? datum::of_double(v->to_double()) : datum::null();
}

std::int64_t truncate_days(std::string_view unit, std::int64_t days) {
  const civil_date d = civil_of(days);
  if (unit == "day") return days;
  if (unit == "week") return days - (day_of_week(days) + 6) % 7;
  if (unit == "month") return days_of({d.year, d.month, 1});
  if (unit == "quarter") return days_of({d.year, (d.month - 1) / 3 * 3 + 1, 1});
  if (unit == "year") return days_of({d.year, 1, 1});
  if (unit == "decade") return days_of({d.year > 0 ? d.year / 10 * 10 : -((8 - (d.year - 1)) / 10) * 10, 1, 1});
  if (unit == "century") return days_of({d.year > 0 ? (d.year + 99) / 100 * 100 - 99 : -((99 - (d.year - 1)) / 100) * 100 + 1, 1, 1});
  if (unit == "millennium") return days_of({d.year > 0 ? (d.year + 999) / 1000 * 1000 - 999 : -((999 - (d.year - 1)) / 1000) * 1000 + 1, 1, 1});
  return INT64_MIN;
}
std::int64_t unit_us(std::string_view unit) {
  if (unit == "hour") return us_per_hour;
  if (unit == "minute") return us_per_minute;
  if (unit == "second") return us_per_second;
  if (unit == "milliseconds") return 1000;
  if (unit == "microseconds") return 1;
  return 0;
}
std::int64_t truncate_local(std::string_view given, std::int64_t local, const char* type) {
  const std::string unit = canonical_unit(given);
  const auto [days, us] = split(local);
  if (const std::int64_t u = unit_us(unit)) return make_timestamp(days, us - us % u);
  const std::int64_t first = truncate_days(unit, days);
  if (first == INT64_MIN) unknown_unit(given, type, unit.starts_with("timezone"));
  return make_timestamp(first, 0);
}
datum truncate_timestamp(call_context&, args_t a) {
  if (is_infinite(a[1].as_int())) return a[1];
  return datum::of_int(truncate_local(a[0].as_bytes(), a[1].as_int(), "timestamp without time zone"));
}
std::int64_t truncate_in(const time_zone& zone, std::string_view unit, std::int64_t t) {
  const std::int64_t local = zone.to_local(t);
  const std::int64_t cut = truncate_local(unit, local, "timestamp with time zone");
  // Within a day keep the offset, so that the hour repeated in autumn stays itself.
  return unit_us(canonical_unit(unit)) != 0 ? cut - (local - t) : zone.to_utc(cut);
}
datum truncate_timestamptz(call_context& c, args_t a) {
  if (is_infinite(a[1].as_int())) return a[1];
  return datum::of_int(truncate_in(time_zone::of(formats_of(c)), a[0].as_bytes(), a[1].as_int()));
}
datum truncate_in_zone(call_context&, args_t a) {
  const auto zone = time_zone::find(a[2].as_bytes());
  if (!zone) throw sql_error(sqlstate::invalid_parameter_value, "time zone \"" + std::string(a[2].as_bytes()) + "\" not recognized");
  return is_infinite(a[1].as_int()) ? a[1] : datum::of_int(truncate_in(*zone, a[0].as_bytes(), a[1].as_int()));
}
/// The beginning of the stride, counted from the origin, in which the moment lies.
datum bin(call_context&, args_t a) {
  const std::int64_t moment = a[1].as_int(), origin = a[2].as_int();
  if (is_infinite(moment)) return a[1];
  if (is_infinite(origin)) throw sql_error(sqlstate::datetime_field_overflow, "origin out of range");
  const interval stride = interval::from(a[0]);
  if (stride.months != 0)
    throw sql_error(sqlstate::feature_not_supported, "timestamps cannot be binned into intervals containing months or years");
  std::int64_t us = 0, difference = 0, out = 0;
  const bool fits = !__builtin_mul_overflow(std::int64_t{stride.days}, us_per_day, &us) && !__builtin_add_overflow(us, stride.us, &us) &&
                    !__builtin_sub_overflow(moment, origin, &difference);
  if (!fits) throw sql_error(sqlstate::datetime_field_overflow, "interval out of range");
  if (us <= 0) throw sql_error(sqlstate::datetime_field_overflow, "stride must be greater than zero");
  const std::int64_t rest = difference % us;
  if (__builtin_sub_overflow(moment, rest < 0 ? rest + us : rest, &out))
    throw sql_error(sqlstate::datetime_field_overflow, "timestamp out of range");
  return datum::of_int(out);
}
datum truncate_interval(call_context& c, args_t a) {
  const std::string unit = canonical_unit(a[0].as_bytes());
  interval v = interval::from(a[1]);
  const int step = unit == "millennium" ? 12000 : unit == "century" ? 1200 : unit == "decade" ? 120 : unit == "year" ? 12
                   : unit == "quarter" ? 3 : unit == "month" ? 1 : 0;
  if (step > 0) return interval{0, 0, v.months / step * step}.to_datum(*c.mem);
  if (unit == "day") return interval{0, v.days, v.months}.to_datum(*c.mem);
  const std::int64_t u = unit_us(unit);
  if (u == 0) unknown_unit(a[0].as_bytes(), "interval", unit == "week" || unit.starts_with("timezone"));
  v.us -= v.us % u;
  return v.to_datum(*c.mem);
}

/// Years, months and days as a person counts them.
interval age_between(std::int64_t later, std::int64_t earlier) {
  if (is_infinite(later) || is_infinite(earlier)) throw sql_error(sqlstate::datetime_field_overflow, "timestamp out of range");
  if (later < earlier) return negate(age_between(earlier, later));
  const auto l = split(later), e = split(earlier);
  const civil_date a = civil_of(l.days), b = civil_of(e.days);
  std::int64_t us = l.us - e.us, days = a.day - b.day, months = a.month - b.month, years = a.year - b.year;
  if (us < 0) us += us_per_day, --days;
  while (days < 0) days += days_in_month(b.year, b.month), --months;
  if (months < 0) months += 12, --years;
  return {us, static_cast<std::int32_t>(days), static_cast<std::int32_t>(years * 12 + months)};
}
datum age(call_context& c, args_t a) { return age_between(a[0].as_int(), a[1].as_int()).to_datum(*c.mem); }
datum age_zoned(call_context& c, args_t a) {
  const time_zone zone = time_zone::of(formats_of(c));
  return age_between(zone.to_local(a[0].as_int()), zone.to_local(a[1].as_int())).to_datum(*c.mem);
}
std::int64_t midnight(call_context& c) { return split(local_now(c)).days * us_per_day; }
datum age_today(call_context& c, args_t a) { return age_between(midnight(c), a[0].as_int()).to_datum(*c.mem); }
datum age_today_zoned(call_context& c, args_t a) {
  return age_between(midnight(c), time_zone::of(formats_of(c)).to_local(a[0].as_int())).to_datum(*c.mem);
}

std::int64_t days_from(args_t a) {
  std::int64_t year = a[0].as_int();
  const std::int64_t month = a[1].as_int(), day = a[2].as_int();
  if (year < 0) ++year;  // -1 is 1 BC
  if (a[0].as_int() == 0 || month < 1 || month > 12 || day < 1 || year > 6000000 || year < -5000 ||
      day > days_in_month(year, static_cast<int>(month)))
    throw sql_error(sqlstate::datetime_field_overflow, "date field value out of range: " + std::to_string(a[0].as_int()) + "-" +
                                                           (month < 10 && month >= 0 ? "0" : "") + std::to_string(month) + "-" +
                                                           (day < 10 && day >= 0 ? "0" : "") + std::to_string(day));
  return days_of({year, static_cast<int>(month), static_cast<int>(day)});
}
std::int64_t us_from(args_t a) {
  const std::int64_t hour = a[0].as_int(), minute = a[1].as_int();
  const double second = a[2].as_double();
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60) ||
      (hour == 24 && (minute > 0 || second > 0)))
    throw sql_error(sqlstate::datetime_field_overflow, "time field value out of range: " + std::to_string(hour) + ":" +
                                                           (minute < 10 ? "0" : "") + std::to_string(minute) + ":" +
                                                           (second < 10 ? "0" : "") + decimal::of_double(second, 15).to_text());
  return hour * us_per_hour + minute * us_per_minute + static_cast<std::int64_t>(std::rint(second * 1e6));
}
datum make_date(call_context&, args_t a) { return datum::of_int(days_from(a)); }
datum make_time(call_context&, args_t a) { return datum::of_int(us_from(a)); }
datum make_local(call_context&, args_t a) { return datum::of_int(make_timestamp(days_from(a), us_from(a.subspan(3)))); }
datum make_zoned(call_context& c, args_t a) {
  const std::int64_t local = make_timestamp(days_from(a), us_from(a.subspan(3)));
  if (a.size() < 7) return datum::of_int(time_zone::of(formats_of(c)).to_utc(local));
  const auto zone = time_zone::find(a[6].as_bytes());
  if (!zone) throw sql_error(sqlstate::invalid_parameter_value, "time zone \"" + std::string(a[6].as_bytes()) + "\" not recognized");
  return datum::of_int(zone->to_utc(local));
}
datum from_unix_time(call_context&, args_t a) {
  const double seconds = a[0].as_double();
  if (std::isnan(seconds)) throw sql_error(sqlstate::datetime_field_overflow, "timestamp cannot be NaN");
  if (std::isinf(seconds)) return datum::of_int(seconds > 0 ? timestamp_infinity : timestamp_minus_infinity);
  const double us = std::rint((seconds - static_cast<double>(unix_epoch_days) * 86400) * 1e6);
  if (us < static_cast<double>(timestamp_least) || us >= static_cast<double>(timestamp_end)) {
    char shown[32];
    std::snprintf(shown, sizeof shown, "%g", seconds);
    throw sql_error(sqlstate::datetime_field_overflow, std::string("timestamp out of range: \"") + shown + "\"");
  }
  return datum::of_int(static_cast<std::int64_t>(us));
}
datum is_finite_timestamp(call_context&, args_t a) { return datum::of_bool(!is_infinite(a[0].as_int())); }
datum is_finite_date(call_context&, args_t a) { return datum::of_bool(!is_infinite_date(a[0].as_int())); }

void add_extract(registry& r) {
  using namespace sig;
  r.add("extract", {txt, dt}, num, extract<of_date>);
  r.add("extract", {txt, ts}, num, extract<of_timestamp>);
  r.add("extract", {txt, tz}, num, extract<of_timestamptz>, stable);
  r.add("extract", {txt, tm}, num, extract<of_time>);
  r.add("extract", {txt, iv}, num, extract<of_interval>);
  r.add("date_part", {txt, dt}, f8, date_part<of_date>);
  r.add("date_part", {txt, ts}, f8, date_part<of_timestamp>);
  r.add("date_part", {txt, tz}, f8, date_part<of_timestamptz>, stable);
  r.add("date_part", {txt, tm}, f8, date_part<of_time>);
  r.add("date_part", {txt, iv}, f8, date_part<of_interval>);
  r.add("date_trunc", {txt, ts}, ts, truncate_timestamp);
  r.add("date_trunc", {txt, tz}, tz, truncate_timestamptz, stable);
  r.add("date_trunc", {txt, tz, txt}, tz, truncate_in_zone, stable);
  r.add("date_trunc", {txt, iv}, iv, truncate_interval);
  r.add("date_bin", {iv, ts, ts}, ts, bin);
  r.add("date_bin", {iv, tz, tz}, tz, bin);
}

}  // namespace

void add_date_functions(registry& r) {
  using namespace sig;
  for (const char* name : {"now", "transaction_timestamp", "current_timestamp"}) r.add(name, {}, tz, now, stable);
  r.add("statement_timestamp", {}, tz, statement_time, stable);
  r.add("clock_timestamp", {}, tz, clock_time, volatile_flag);
  r.add("timeofday", {}, txt, time_of_day, volatile_flag);
  r.add("localtimestamp", {}, ts, local_timestamp, stable);
  r.add("localtime", {}, tm, local_time, stable);
  r.add("current_date", {}, dt, current_date, stable);
  r.add("current_timestamp", {i4}, tz, with_precision<now>, stable);
  r.add("localtimestamp", {i4}, ts, with_precision<local_timestamp>, stable);
  r.add("localtime", {i4}, tm, with_precision<local_time>, stable);
  add_extract(r);
  r.add("age", {ts, ts}, iv, age);
  r.add("age", {tz, tz}, iv, age_zoned, stable);
  r.add("age", {ts}, iv, age_today, stable);
  r.add("age", {tz}, iv, age_today_zoned, stable);
  r.add("make_date", {i4, i4, i4}, dt, make_date);
  r.add("make_time", {i4, i4, f8}, tm, make_time);
  r.add("make_timestamp", {i4, i4, i4, i4, i4, f8}, ts, make_local);
  r.add("make_timestamptz", {i4, i4, i4, i4, i4, f8}, tz, make_zoned, stable);
  r.add("make_timestamptz", {i4, i4, i4, i4, i4, f8, txt}, tz, make_zoned, stable);
  r.add("to_timestamp", {f8}, tz, from_unix_time);
  for (oid t : {ts, tz}) r.add("isfinite", {t}, b, is_finite_timestamp);
  r.add("isfinite", {dt}, b, is_finite_date);
}

}  // namespace helios::sql
