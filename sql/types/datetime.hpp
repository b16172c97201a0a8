#pragma once
// Dates and times as PostgreSQL counts them: days since 2000-01-01, microseconds since 2000-01-01 00:00 (UTC for
// timestamptz, local for timestamp), microseconds of the day. The greatest and least numbers mean infinity.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "sql/types/type.hpp"

namespace helios::sql {

inline constexpr std::int64_t us_per_second = 1'000'000, us_per_minute = 60 * us_per_second,
                              us_per_hour = 60 * us_per_minute, us_per_day = 24 * us_per_hour;
inline constexpr std::int64_t timestamp_infinity = std::numeric_limits<std::int64_t>::max(),
                              timestamp_minus_infinity = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t date_infinity = std::numeric_limits<std::int32_t>::max(),
                              date_minus_infinity = std::numeric_limits<std::int32_t>::min();
/// From 4713-11-24 BC (Julian day 0) up to, not including, 294277-01-01 and 5874898-01-01.
inline constexpr std::int64_t days_least = -2451545, date_days_end = 2145031949;
inline constexpr std::int64_t timestamp_least = -211813488000000000, timestamp_end = 9223371331200000000;
/// Days between 1970-01-01 and 2000-01-01.
inline constexpr std::int64_t unix_epoch_days = 10957;
inline constexpr std::int64_t unix_epoch_us = unix_epoch_days * us_per_day;

/// `year` is astronomical: 0 is 1 BC.
struct civil_date {
  std::int64_t year = 2000;
  int month = 1, day = 1;
};
std::int64_t days_of(civil_date date);
civil_date civil_of(std::int64_t days);
int days_in_month(std::int64_t year, int month);
/// 0 = Sunday.
int day_of_week(std::int64_t days);
int day_of_year(civil_date date);
/// ISO 8601: week 1 has the year's first Thursday.
struct iso_week {
  std::int64_t year;
  int week;
};
iso_week iso_week_of(std::int64_t days);

/// A timestamp taken apart. `day` counts days, `us` the rest of the day.
struct split_time {
  std::int64_t days = 0, us = 0;
};
constexpr split_time split(std::int64_t timestamp) {
  std::int64_t days = timestamp / us_per_day, us = timestamp % us_per_day;
  if (us < 0) us += us_per_day, --days;
  return {days, us};
}
constexpr bool is_infinite(std::int64_t timestamp) {
  return timestamp == timestamp_infinity || timestamp == timestamp_minus_infinity;
}
constexpr bool is_infinite_date(std::int64_t date) { return date == date_infinity || date == date_minus_infinity; }
/// 22008 "timestamp out of range" unless it is one; infinities pass.
std::int64_t check_timestamp(std::int64_t timestamp);
/// The same of days and microseconds; overflow is out of range.
std::int64_t make_timestamp(std::int64_t days, std::int64_t us);
/// Rounds to `precision` (0 to 6) digits behind the second; negative: none given.
std::int64_t round_to_precision(std::int64_t us, std::int32_t precision);

/// A time zone by name, abbreviation or fixed offset. Cheap to copy.
class time_zone {
 public:
  /// nullopt when PostgreSQL would not know it either. "Europe/Berlin", "utc", "EST", "+02", "-03:30", "<x>-2".
  static std::optional<time_zone> find(std::string_view name);
  static time_zone fixed(int seconds_east);
  /// Of the session; the names were checked by SET. Falls back to UTC.
  static time_zone of(const format_settings& settings);

  struct info {
    int seconds_east;
    std::string abbreviation;
    bool dst;
  };
  info at(std::int64_t utc) const;
  std::int64_t to_local(std::int64_t utc) const;
  /// In a gap the offset before it holds, in an overlap the one after it.
  std::int64_t to_utc(std::int64_t local) const;
  int offset_of_local(std::int64_t local) const;

 private:
  const void* zone_ = nullptr;  // date::time_zone, owned by the library's database for the whole run
  int fixed_ = 0;
  std::string abbreviation_;
};

enum class date_output : std::uint8_t { iso, sql, postgres, german };
enum class date_order : std::uint8_t { ymd, dmy, mdy };
struct date_style {
  date_output output = date_output::iso;
  date_order order = date_order::mdy;
};
/// Of a DateStyle that SET has checked, "ISO, MDY".
date_style parse_date_style(std::string_view text);

/// Now as SQL sees it: the transaction's start, or the clock outside of one. Microseconds since 2000 UTC.
std::int64_t current_time_us(const format_settings& settings);
std::int64_t clock_time_us();

std::int64_t parse_date(std::string_view text, const format_settings& settings);
std::int64_t parse_time(std::string_view text, const format_settings& settings);
std::int64_t parse_timestamp(std::string_view text, const format_settings& settings);
std::int64_t parse_timestamptz(std::string_view text, const format_settings& settings);

void write_date(std::int64_t days, const format_settings& settings, std::string& out);
void write_time(std::int64_t us, std::string& out);
void write_timestamp(std::int64_t timestamp, const format_settings& settings, std::string& out);
void write_timestamptz(std::int64_t timestamp, const format_settings& settings, std::string& out);

}  // namespace helios::sql
