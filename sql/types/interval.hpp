#pragma once
// interval: microseconds, days and months, kept apart because days and months have no fixed length. In a datum: the 16
// bytes of PostgreSQL's binary format (us i64, days i32, months i32, big-endian).

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/types/datum.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

struct interval {
  std::int64_t us = 0;
  std::int32_t days = 0, months = 0;

  static interval from(datum v);
  datum to_datum(arena& mem) const;
};

interval parse_interval(std::string_view text);
void write_interval(const interval& v, const format_settings& settings, std::string& out);
/// As if a month had 30 days and a day 24 hours.
std::strong_ordering compare(const interval& a, const interval& b);
/// Each throws 22008 "interval out of range".
interval add(const interval& a, const interval& b);
interval negate(const interval& v);
interval multiply(const interval& v, double by);
/// Months first (the day cut to the month's end), then days, then the rest. With a zone, days are local days.
std::int64_t add_to_timestamp(std::int64_t timestamp, const interval& v);
std::int64_t add_to_timestamptz(std::int64_t timestamp, const interval& v, const format_settings& settings);
/// Days beyond 30 to months, hours beyond 24 to days.
interval justify_hours(interval v);
interval justify_days(interval v);

}  // namespace helios::sql
