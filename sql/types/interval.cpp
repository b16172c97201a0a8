// Arithmetic of intervals, and interval's entry in the type table. Its text is in interval_text.cpp.
#include "sql/types/interval.hpp"

#include <cmath>

#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

__extension__ using wide_int = __int128;

[[noreturn]] void out_of_range() { throw sql_error(sqlstate::datetime_field_overflow, "interval out of range"); }

template <class Int>
Int checked_add(Int a, Int b) {
  Int out{};
  if (__builtin_add_overflow(a, b, &out)) out_of_range();
  return out;
}

wide_int span_of(const interval& v) {
  return (static_cast<wide_int>(v.months) * 30 + v.days) * us_per_day + v.us;
}

double rounded_us(double v) { return std::rint(v * 1e6) / 1e6; }

}  // namespace

interval interval::from(datum v) {
  const auto b = v.as_bytes();
  if (b.size() != 16) throw sql_error(sqlstate::data_corrupted, "a stored interval value is damaged");
  return {load_be<std::int64_t>(b.data()), load_be<std::int32_t>(b.data() + 8), load_be<std::int32_t>(b.data() + 12)};
}

datum interval::to_datum(arena& mem) const {
  char* to = mem.allocate(16);
  store_be(to, us);
  store_be(to + 8, days);
  store_be(to + 12, months);
  return datum::of_bytes({to, 16});
}

std::strong_ordering compare(const interval& a, const interval& b) {
  const wide_int x = span_of(a), y = span_of(b);
  return x < y ? std::strong_ordering::less : x > y ? std::strong_ordering::greater : std::strong_ordering::equal;
}

interval add(const interval& a, const interval& b) {
  return {checked_add(a.us, b.us), checked_add(a.days, b.days), checked_add(a.months, b.months)};
}

interval negate(const interval& v) {
  interval out;
  if (__builtin_sub_overflow(std::int64_t{0}, v.us, &out.us) || __builtin_sub_overflow(0, v.days, &out.days) ||
      __builtin_sub_overflow(0, v.months, &out.months))
    out_of_range();
  return out;
}

interval multiply(const interval& v, double by) {
  const double months = v.months * by, days = v.days * by;
  if (std::isnan(months) || std::fabs(months) > INT32_MAX || std::isnan(days) || std::fabs(days) > INT32_MAX)
    out_of_range();
  interval out;
  out.months = static_cast<std::int32_t>(months);
  out.days = static_cast<std::int32_t>(days);
  // A month's fraction becomes days of a thirtieth; what is left of a day becomes time.
  double month_days = rounded_us((months - out.months) * 30);
  double seconds = rounded_us((days - out.days + month_days - static_cast<int>(month_days)) * 86400);
  if (std::fabs(seconds) >= 86400) {
    out.days = checked_add(out.days, static_cast<std::int32_t>(seconds / 86400));
    seconds -= static_cast<int>(seconds / 86400) * 86400.0;
  }
  out.days = checked_add(out.days, static_cast<std::int32_t>(month_days));
  const double us = std::rint(static_cast<double>(v.us) * by + seconds * 1e6);
  if (std::isnan(us) || us < -9223372036854775808.0 || us >= 9223372036854775808.0) out_of_range();
  out.us = static_cast<std::int64_t>(us);
  return out;
}

namespace {
split_time add_months(split_time t, std::int32_t months) {
  if (months == 0) return t;
  civil_date d = civil_of(t.days);
  const std::int64_t count = d.year * 12 + d.month - 1 + months;
  d.year = count >= 0 ? count / 12 : (count - 11) / 12;
  d.month = static_cast<int>(count - d.year * 12) + 1;
  d.day = std::min(d.day, days_in_month(d.year, d.month));
  return {days_of(d), t.us};
}

std::int64_t add_time(std::int64_t timestamp, std::int64_t us) {
  std::int64_t out = 0;
  if (__builtin_add_overflow(timestamp, us, &out))
    throw sql_error(sqlstate::datetime_field_overflow, "timestamp out of range");
  return check_timestamp(out);
}

std::int64_t add_calendar(std::int64_t timestamp, const interval& v) {
  const split_time moved = add_months(split(timestamp), v.months);
  return make_timestamp(moved.days + v.days, moved.us);
}
}  // namespace

std::int64_t add_to_timestamp(std::int64_t timestamp, const interval& v) {
  return is_infinite(timestamp) ? timestamp : add_time(add_calendar(timestamp, v), v.us);
}

std::int64_t add_to_timestamptz(std::int64_t timestamp, const interval& v, const format_settings& settings) {
  if (is_infinite(timestamp)) return timestamp;
  if (v.months != 0 || v.days != 0) {
    const time_zone zone = time_zone::of(settings);
    timestamp = zone.to_utc(add_calendar(zone.to_local(timestamp), v));
  }
  return add_time(timestamp, v.us);
}

interval justify_hours(interval v) {
  v.days = checked_add(v.days, static_cast<std::int32_t>(v.us / us_per_day));
  v.us %= us_per_day;
  if (v.days > 0 && v.us < 0) v.us += us_per_day, --v.days;
  else if (v.days < 0 && v.us > 0) v.us -= us_per_day, ++v.days;
  return v;
}

interval justify_days(interval v) {
  v.months = checked_add(v.months, v.days / 30);
  v.days %= 30;
  if (v.months > 0 && v.days < 0) v.days += 30, --v.months;
  else if (v.months < 0 && v.days > 0) v.days -= 30, ++v.months;
  return v;
}

namespace {

datum parse_interval_text(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem) {
  interval v = parse_interval(text);
  if (modifier >= 0) v.us = round_to_precision(v.us, modifier & 0xffff);
  return v.to_datum(mem);
}
void write_interval_text(datum v, const format_settings& f, std::string& out) {
  write_interval(interval::from(v), f, out);
}
datum parse_interval_binary(std::string_view bytes, std::int32_t, arena& mem) {
  expect_binary_size(bytes, 16);
  return datum::of_bytes(mem.copy(bytes));
}
void write_interval_binary(datum v, std::string& out) { out.append(v.as_bytes()); }
std::strong_ordering compare_intervals(datum a, datum b) { return compare(interval::from(a), interval::from(b)); }
void write_interval_key(datum v, std::string& out) {
  const wide_int span = span_of(interval::from(v));
  put_ordered(out, static_cast<std::int64_t>(span >> 64));
  put_be(out, static_cast<std::uint64_t>(span));
}
std::uint64_t hash_interval(datum v) {
  const wide_int span = span_of(interval::from(v));
  return hash_integer(static_cast<std::uint64_t>(span) ^ hash_integer(static_cast<std::uint64_t>(span >> 64)));
}

constexpr type_ops interval_ops{type_oid::interval, "interval", "interval", 16, 'T', true, false,
                                type_oid::interval_array, parse_interval_text, write_interval_text,
                                parse_interval_binary, write_interval_binary, compare_intervals, hash_interval,
                                write_interval_key};

}  // namespace

void add_interval_type(type_list& list) { list.push_back(&interval_ops); }

}  // namespace helios::sql
