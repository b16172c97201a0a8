// Text of dates and times in the four output styles of DateStyle.
#include <cstdio>

#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"
#include "sql/types/zoned_time.hpp"

namespace helios::sql {
namespace {

constexpr const char* month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr const char* day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

void put_padded(std::string& out, std::int64_t v, std::size_t width) {
  const std::string digits = std::to_string(v);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

struct shown_year {
  std::int64_t number;
  bool before_christ;
};
shown_year show(std::int64_t year) { return year > 0 ? shown_year{year, false} : shown_year{1 - year, true}; }

void put_three(std::string& out, std::int64_t a, std::size_t wa, char separator, std::int64_t b, std::int64_t c,
               std::size_t wc) {
  put_padded(out, a, wa);
  out.push_back(separator);
  put_padded(out, b, 2);
  out.push_back(separator);
  put_padded(out, c, wc);
}

/// The date of SQL, German and (dates only) Postgres style: day and month in the session's order.
void put_day_month(std::string& out, const civil_date& d, std::int64_t year, char separator, date_order order) {
  if (order == date_order::dmy) put_three(out, d.day, 2, separator, d.month, year, 4);
  else put_three(out, d.month, 2, separator, d.day, year, 4);
}

void put_clock(std::string& out, std::int64_t us) {
  put_three(out, us / us_per_hour, 2, ':', us / us_per_minute % 60, us / us_per_second % 60, 2);
  std::int64_t fraction = us % us_per_second;
  if (fraction == 0) return;
  out.push_back('.');
  std::string digits;
  put_padded(digits, fraction, 6);
  digits.resize(digits.find_last_not_of('0') + 1);
  out += digits;
}

void put_offset(std::string& out, int seconds_east) {
  const int a = std::abs(seconds_east);
  out.push_back(seconds_east < 0 ? '-' : '+');
  put_padded(out, a / 3600, 2);
  if (a % 3600 != 0) {
    out.push_back(':');
    put_padded(out, a / 60 % 60, 2);
  }
  if (a % 60 != 0) {
    out.push_back(':');
    put_padded(out, a % 60, 2);
  }
}

bool put_infinity(bool infinite, std::int64_t v, std::string& out) {
  if (infinite) out += v > 0 ? "infinity" : "-infinity";
  return infinite;
}

void put_postgres_style(std::string& out, std::int64_t days, std::int64_t us, const civil_date& d, std::int64_t year,
                        date_order order, const time_zone::info* zone) {
  out.append(day_names[day_of_week(days)]).append(" ");
  const char* month = month_names[d.month - 1];
  if (order == date_order::dmy) {
    put_padded(out, d.day, 2);
    out.append(" ").append(month);
  } else {
    out.append(month).append(" ");
    put_padded(out, d.day, 2);
  }
  out.push_back(' ');
  put_clock(out, us);
  out.push_back(' ');
  put_padded(out, year, 4);
  if (zone) out.append(" ").append(zone->abbreviation);
}

void put_timestamp(std::int64_t local, const time_zone::info* zone, const format_settings& settings, std::string& out) {
  const auto [days, us] = split(local);
  const civil_date d = civil_of(days);
  const auto [year, before_christ] = show(d.year);
  const date_style style = parse_date_style(settings.date_style);
  switch (style.output) {
    case date_output::iso:
      put_three(out, year, 4, '-', d.month, d.day, 2);
      out.push_back(' ');
      put_clock(out, us);
      if (zone) put_offset(out, zone->seconds_east);
      break;
    case date_output::sql:
    case date_output::german:
      put_day_month(out, d, year, style.output == date_output::sql ? '/' : '.',
                    style.output == date_output::german ? date_order::dmy : style.order);
      out.push_back(' ');
      put_clock(out, us);
      if (zone) out.append(" ").append(zone->abbreviation);
      break;
    case date_output::postgres: put_postgres_style(out, days, us, d, year, style.order, zone); break;
  }
  if (before_christ) out += " BC";
}

}  // namespace

void write_date(std::int64_t days, const format_settings& settings, std::string& out) {
  if (put_infinity(is_infinite_date(days), days, out)) return;
  const civil_date d = civil_of(days);
  const auto [year, before_christ] = show(d.year);
  const date_style style = parse_date_style(settings.date_style);
  switch (style.output) {
    case date_output::iso: put_three(out, year, 4, '-', d.month, d.day, 2); break;
    case date_output::sql: put_day_month(out, d, year, '/', style.order); break;
    case date_output::german: put_day_month(out, d, year, '.', date_order::dmy); break;
    case date_output::postgres: put_day_month(out, d, year, '-', style.order); break;
  }
  if (before_christ) out += " BC";
}

void write_time(std::int64_t us, std::string& out) { put_clock(out, us); }

void write_zoned_time(const zoned_time& v, std::string& out) {
  put_clock(out, v.us);
  put_offset(out, -v.west);
}

void write_timestamp(std::int64_t timestamp, const format_settings& settings, std::string& out) {
  if (!put_infinity(is_infinite(timestamp), timestamp, out)) put_timestamp(timestamp, nullptr, settings, out);
}

void write_timestamptz(std::int64_t timestamp, const format_settings& settings, std::string& out) {
  if (put_infinity(is_infinite(timestamp), timestamp, out)) return;
  const auto info = time_zone::of(settings).at(timestamp);
  put_timestamp(timestamp + info.seconds_east * us_per_second, &info, settings, out);
}

}  // namespace helios::sql
