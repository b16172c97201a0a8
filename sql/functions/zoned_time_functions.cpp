// time with time zone: comparison, arithmetic, casts, extract, AT TIME ZONE, current_time.
#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"
#include "sql/types/zoned_time.hpp"

namespace helios::sql {

void add_zoned_time_functions(registry&);
void add_zoned_time_casts(registry&);

namespace {

using args_t = std::span<const datum>;
constexpr oid timetz = type_oid::timetz;

template <class Test>
datum compared(args_t a, Test test) { return datum::of_bool(test(zoned_time::from(a[0]) <=> zoned_time::from(a[1]))); }
datum equal(call_context&, args_t a) { return compared(a, [](auto o) { return o == 0; }); }
datum unequal(call_context&, args_t a) { return compared(a, [](auto o) { return o != 0; }); }
datum less(call_context&, args_t a) { return compared(a, [](auto o) { return o < 0; }); }
datum less_equal(call_context&, args_t a) { return compared(a, [](auto o) { return o <= 0; }); }
datum greater(call_context&, args_t a) { return compared(a, [](auto o) { return o > 0; }); }
datum greater_equal(call_context&, args_t a) { return compared(a, [](auto o) { return o >= 0; }); }

std::int64_t within_day(std::int64_t us) {
  us %= us_per_day;
  return us < 0 ? us + us_per_day : us;
}

template <int Sign>
datum moved(call_context& c, args_t a) {
  zoned_time v = zoned_time::from(a[0]);
  v.us = within_day(v.us + Sign * (interval::from(a[1]).us % us_per_day));
  return v.to_datum(*c.mem);
}
datum interval_and_time(call_context& c, args_t a) {
  const datum swapped[] = {a[1], a[0]};
  return moved<1>(c, args_t(swapped, 2));
}

datum date_and_time(call_context&, args_t a) {
  const std::int64_t days = a[0].as_int();
  if (is_infinite_date(days)) return datum::of_int(days > 0 ? timestamp_infinity : timestamp_minus_infinity);
  return datum::of_int(make_timestamp(days, zoned_time::from(a[1]).utc()));
}
datum time_and_date(call_context& c, args_t a) {
  const datum swapped[] = {a[1], a[0]};
  return date_and_time(c, args_t(swapped, 2));
}

datum overlaps(call_context&, args_t a) {
  auto s1 = zoned_time::from(a[0]), e1 = zoned_time::from(a[1]), s2 = zoned_time::from(a[2]), e2 = zoned_time::from(a[3]);
  if (s1 > e1) std::swap(s1, e1);
  if (s2 > e2) std::swap(s2, e2);
  if ((s1 <=> s2) == 0) return datum::of_bool(true);
  return datum::of_bool(s1 > s2 ? s1 < e2 : s2 < e1);
}

std::int64_t now_us(const call_context& c) { return c.hooks ? c.hooks->transaction_time_us() : current_time_us(formats_of(c)); }

zoned_time in_zone(const zoned_time& v, int seconds_east) {
  return {within_day(v.utc() + seconds_east * us_per_second), -seconds_east};
}

/// A bare offset is a POSIX zone here: positive is west of Greenwich. A zone with summer time counts as it is now.
datum at_named_zone(call_context& c, args_t a) {
  const std::string name(a[0].as_bytes());
  const auto zone = time_zone::find(name);
  if (!zone) throw sql_error(sqlstate::invalid_parameter_value, "time zone \"" + name + "\" not recognized");
  const bool bare = name.size() > 1 && (name[0] == '+' || name[0] == '-') && is_digit(name[1]);
  const int east = zone->at(now_us(c)).seconds_east;
  return in_zone(zoned_time::from(a[1]), bare ? -east : east).to_datum(*c.mem);
}
int offset_of(datum v, const call_context& c) {
  const interval i = interval::from(v);
  if (i.months != 0 || i.days != 0) {
    std::string text;
    get_type(type_oid::interval).write_text(v, formats_of(c), text);
    throw sql_error(sqlstate::invalid_parameter_value, "interval time zone \"" + text + "\" must not include months or days");
  }
  return static_cast<int>(i.us / us_per_second);
}
datum at_interval_zone(call_context& c, args_t a) {
  return in_zone(zoned_time::from(a[1]), offset_of(a[0], c)).to_datum(*c.mem);
}

[[noreturn]] void no_unit(std::string_view unit, bool known) {
  throw sql_error(known ? sqlstate::feature_not_supported : sqlstate::invalid_parameter_value,
                  "unit \"" + lower_ascii(unit) + (known ? "\" not supported" : "\" not recognized") + " for type time with time zone");
}

decimal micros(std::int64_t us, int scale) { return {mpz_class(static_cast<long>(us)), scale}; }

decimal field(std::string_view given, const zoned_time& v) {
  const std::string u = lower_ascii(given);
  const auto is = [&u](std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), u) != names.end(); };
  if (is({"hour", "hours", "h", "hr", "hrs"})) return decimal::of_int(v.us / us_per_hour);
  if (is({"minute", "minutes", "min", "mins", "m"})) return decimal::of_int(v.us / us_per_minute % 60);
  if (is({"second", "seconds", "sec", "secs", "s"})) return micros(v.us % us_per_minute, 6);
  if (is({"millisecond", "milliseconds", "ms", "msec", "msecs"})) return micros(v.us % us_per_minute, 3);
  if (is({"microsecond", "microseconds", "us", "usec", "usecs"})) return decimal::of_int(v.us % us_per_minute);
  if (u == "epoch") return micros(v.utc(), 6);
  if (is({"timezone"})) return decimal::of_int(-v.west);
  if (is({"timezone_hour", "timezone_h"})) return decimal::of_int(-v.west / 3600);
  if (is({"timezone_minute", "timezone_m"})) return decimal::of_int(-v.west / 60 % 60);
  no_unit(given, is({"year", "years", "y", "month", "months", "mon", "mons", "day", "days", "d", "week", "weeks", "w", "dow", "doy", "isodow",
                     "isoyear", "quarter", "qtr", "decade", "decades", "century", "centuries", "c", "millennium", "millennia", "julian"}));
}
datum extract(call_context& c, args_t a) { return field(a[0].as_bytes(), zoned_time::from(a[1])).to_datum(*c.mem); }
datum date_part(call_context&, args_t a) { return datum::of_double(field(a[0].as_bytes(), zoned_time::from(a[1])).to_double()); }

datum current_time(call_context& c, args_t a) {
  zoned_time v = zoned_time_at(now_us(c), formats_of(c));
  if (!a.empty()) v.us = round_to_precision(v.us, static_cast<std::int32_t>(std::min<std::int64_t>(a[0].as_int(), 6)));
  return v.to_datum(*c.mem);
}

template <bool Greatest>
class extreme final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const auto v = zoned_time::from(a[0]);
    if (!any_ || (Greatest ? v > best_ : v < best_)) best_ = v;
    any_ = true;
  }
  datum finish(call_context& c) override { return any_ ? best_.to_datum(*c.mem) : datum::null(); }

 private:
  bool any_ = false;
  zoned_time best_;
};
template <class State>
std::unique_ptr<aggregate_state> start() { return std::make_unique<State>(); }

datum from_time(call_context& c, datum v, std::int32_t modifier, bool) {
  const int east = time_zone::of(formats_of(c)).at(now_us(c)).seconds_east;
  return zoned_time{round_to_precision(v.as_int(), modifier), -east}.to_datum(*c.mem);
}
datum to_time(call_context&, datum v, std::int32_t modifier, bool) {
  return datum::of_int(round_to_precision(zoned_time::from(v).us, modifier));
}
datum from_timestamptz(call_context& c, datum v, std::int32_t modifier, bool) {
  if (is_infinite(v.as_int())) return datum::null();
  zoned_time out = zoned_time_at(v.as_int(), formats_of(c));
  out.us = round_to_precision(out.us, modifier);
  return out.to_datum(*c.mem);
}
datum to_precision(call_context& c, datum v, std::int32_t modifier, bool) {
  if (modifier < 0) return v;
  zoned_time out = zoned_time::from(v);
  out.us = round_to_precision(out.us, modifier);
  return out.to_datum(*c.mem);
}

}  // namespace

void add_zoned_time_functions(registry& r) {
  using namespace sig;
  r.op("=", {timetz, timetz}, b, equal);
  r.op("<>", {timetz, timetz}, b, unequal);
  r.op("<", {timetz, timetz}, b, less);
  r.op("<=", {timetz, timetz}, b, less_equal);
  r.op(">", {timetz, timetz}, b, greater);
  r.op(">=", {timetz, timetz}, b, greater_equal);
  r.op("+", {timetz, iv}, timetz, moved<1>);
  r.op("-", {timetz, iv}, timetz, moved<-1>);
  r.op("+", {iv, timetz}, timetz, interval_and_time);
  r.op("+", {dt, timetz}, tz, date_and_time);
  r.op("+", {timetz, dt}, tz, time_and_date);
  r.add("overlaps", {timetz, timetz, timetz, timetz}, b, overlaps);
  r.add("timezone", {txt, timetz}, timetz, at_named_zone, volatile_flag);
  r.add("timezone", {iv, timetz}, timetz, at_interval_zone);
  r.add("extract", {txt, timetz}, num, extract);
  r.add("date_part", {txt, timetz}, f8, date_part);
  r.add("current_time", {}, timetz, current_time, stable);
  r.add("current_time", {i4}, timetz, current_time, stable);
  r.aggregate("min", {timetz}, timetz, start<extreme<false>>);
  r.aggregate("max", {timetz}, timetz, start<extreme<true>>);
}

void add_zoned_time_casts(registry& r) {
  using namespace sig;
  r.cast(tm, timetz, cast_context::implicit, from_time);
  r.cast(timetz, tm, cast_context::assignment, to_time);
  r.cast(tz, timetz, cast_context::assignment, from_timestamptz);
  r.cast(timetz, timetz, cast_context::implicit, to_precision);
}

}  // namespace helios::sql
