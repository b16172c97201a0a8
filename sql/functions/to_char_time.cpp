// to_char of timestamps and intervals.
#include <cstdio>
#include <cstdlib>

#include "base/sql_error.hpp"
#include "sql/functions/date_format.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_to_char_time(registry&);

namespace {

using args_t = std::span<const datum>;

/// A time taken apart. `year` is astronomical. An interval has no calendar.
struct time_fields {
  std::int64_t year = 0, days = 0;
  int month = 0, day = 0;
  std::int64_t hour = 0;
  int minute = 0, second = 0;
  int us = 0;
  int day_of_year = 0;
  bool is_interval = false;
  int seconds_east = 0;
  std::string zone;
};

[[noreturn]] void not_of_an_interval() {
  throw sql_error(sqlstate::invalid_datetime_format, "invalid format specification for an interval value")
      .hint("Intervals are not tied to specific calendar dates.");
}

std::string in_case(std::string text, letter_case letters) {
  if (letters == letter_case::lower) return lower_ascii(text);
  if (letters == letter_case::upper)
    for (char& c : text) c = to_upper_ascii(c);
  return text;
}

class time_writer {
 public:
  time_writer(const time_fields& f, std::string& out) : f_(f), out_(out) {}
  void write(const date_part& p) {
    if (p.what != date_part::kind::field) return void(out_ += p.text);
    if (!clock(p) && !calendar(p)) zone(p);
  }

 private:
  void number(const date_part& p, std::int64_t v, int width) {
    char buffer[32];
    // The sign of a negative day takes one of its places; that of other fields has one of its own.
    const bool narrow = p.key == date_key::dd || p.key == date_key::ddd;
    const int n = std::snprintf(buffer, sizeof buffer, "%0*lld", p.fill ? 0 : v < 0 && !narrow ? width + 1 : width,
                                static_cast<long long>(v));
    const std::string_view digits(buffer, static_cast<std::size_t>(n));
    out_ += digits;
    if (p.ordinal) out_ += ordinal_suffix(digits, p.ordinal_upper);
  }
  void name(const date_part& p, const std::string& text, std::size_t width) {
    out_ += in_case(text, p.letters);
    if (!p.fill && text.size() < width) out_.append(width - text.size(), ' ');
  }
  void needs_calendar() const {
    if (f_.is_interval) not_of_an_interval();
  }
  void half(const date_part& p, const char* first, const char* second, bool is_second) {
    out_ += in_case(is_second ? second : first, p.letters);
  }

  bool clock(const date_part& p) {
    static constexpr int powers[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    switch (p.key) {
      case date_key::am_dots: half(p, "A.M.", "P.M.", f_.hour % 24 >= 12); return true;
      case date_key::am: half(p, "AM", "PM", f_.hour % 24 >= 12); return true;
      case date_key::hh12: number(p, f_.hour % 12 == 0 ? 12 : f_.hour % 12, 2); return true;
      case date_key::hh24: number(p, f_.hour, 2); return true;
      case date_key::mi: number(p, f_.minute, 2); return true;
      case date_key::ss: number(p, f_.second, 2); return true;
      case date_key::ms: number(p, f_.us / 1000, 3); return true;
      case date_key::us: number(p, f_.us, 6); return true;
      case date_key::ff: number(p, f_.us / powers[p.digits], p.digits); return true;
      case date_key::ssss: number(p, f_.hour * 3600 + f_.minute * 60 + f_.second, 0); return true;
      default: return false;
    }
  }

  std::int64_t shown_year(std::int64_t year) const { return f_.is_interval || year > 0 ? year : -(year - 1); }

  bool year(const date_part& p) {
    const std::int64_t y = shown_year(f_.year);
    const auto iso = [&] { return shown_year(iso_week_of(f_.days).year); };
    switch (p.key) {
      case date_key::y_yyy: {
        char buffer[32];
        const int n = std::snprintf(buffer, sizeof buffer, "%lld,%03lld", static_cast<long long>(y / 1000), static_cast<long long>(y % 1000));
        out_.append(buffer, static_cast<std::size_t>(n));
        if (p.ordinal) out_ += ordinal_suffix(std::string_view(buffer, static_cast<std::size_t>(n)), p.ordinal_upper);
        return true;
      }
      case date_key::yyyy: number(p, y, 4); return true;
      case date_key::yyy: number(p, y % 1000, 3); return true;
      case date_key::yy: number(p, y % 100, 2); return true;
      case date_key::y: number(p, y % 10, 1); return true;
      case date_key::iyyy: needs_calendar(); number(p, iso(), 4); return true;
      case date_key::iyy: needs_calendar(); number(p, iso() % 1000, 3); return true;
      case date_key::iy: needs_calendar(); number(p, iso() % 100, 2); return true;
      case date_key::i: needs_calendar(); number(p, iso() % 10, 1); return true;
      case date_key::cc: {
        const std::int64_t cc = f_.is_interval ? f_.year / 100 : f_.year > 0 ? (f_.year - 1) / 100 + 1 : f_.year / 100 - 1;
        number(p, cc, cc <= 99 && cc >= -99 ? 2 : 0);
        return true;
      }
      default: return false;
    }
  }

  bool month(const date_part& p) {
    switch (p.key) {
      case date_key::month_name: needs_calendar(); name(p, month_names[f_.month - 1], 9); return true;
      case date_key::mon: needs_calendar(); name(p, std::string(month_names[f_.month - 1]).substr(0, 3), 0); return true;
      case date_key::mm: number(p, f_.month, 2); return true;
      case date_key::q:
        if (f_.month != 0) number(p, (f_.month - 1) / 3 + 1, 0);
        return true;
      case date_key::rm:
        if (f_.month != 0 || f_.year != 0) {
          const int m = f_.month > 0 ? f_.month - 1 : f_.month == 0 ? 11 : f_.month + 12;
          name(p, roman_months[m], 4);
        }
        return true;
      default: return false;
    }
  }

  bool day(const date_part& p) {
    const int weekday = f_.is_interval ? 0 : day_of_week(f_.days);
    switch (p.key) {
      case date_key::day_name: needs_calendar(); name(p, day_names[weekday], 9); return true;
      case date_key::dy: needs_calendar(); name(p, std::string(day_names[weekday]).substr(0, 3), 0); return true;
      case date_key::ddd: number(p, f_.day_of_year, 3); return true;
      case date_key::iddd: {
        needs_calendar();
        const auto iso = iso_week_of(f_.days);
        number(p, (iso.week - 1) * 7 + (weekday == 0 ? 7 : weekday), 3);
        return true;
      }
      case date_key::dd: number(p, f_.day, 2); return true;
      case date_key::d: needs_calendar(); number(p, weekday + 1, 0); return true;
      case date_key::id: needs_calendar(); number(p, weekday == 0 ? 7 : weekday, 0); return true;
      case date_key::ww: number(p, (f_.day_of_year - 1) / 7 + 1, 2); return true;
      case date_key::iw: needs_calendar(); number(p, iso_week_of(f_.days).week, 2); return true;
      case date_key::w: number(p, (f_.day - 1) / 7 + 1, 0); return true;
      case date_key::j: number(p, f_.days - days_least, 0); return true;
      default: return false;
    }
  }

  bool calendar(const date_part& p) {
    if (p.key == date_key::ad_dots) return needs_calendar(), half(p, "A.D.", "B.C.", f_.year <= 0), true;
    if (p.key == date_key::ad) return needs_calendar(), half(p, "AD", "BC", f_.year <= 0), true;
    return year(p) || month(p) || day(p);
  }

  void zone(const date_part& p) {
    needs_calendar();
    const int east = f_.seconds_east, size = std::abs(east);
    char buffer[32];
    int n = 0;
    switch (p.key) {
      case date_key::tz: out_ += p.letters == letter_case::lower ? lower_ascii(f_.zone) : f_.zone; return;
      case date_key::tzh: n = std::snprintf(buffer, sizeof buffer, "%c%02d", east < 0 ? '-' : '+', size / 3600); break;
      case date_key::tzm: n = std::snprintf(buffer, sizeof buffer, "%02d", size % 3600 / 60); break;
      default:
        n = std::snprintf(buffer, sizeof buffer, "%c%0*d", east < 0 ? '-' : '+', p.fill ? 0 : 2, size / 3600);
        if (size % 3600 != 0)
          n += std::snprintf(buffer + n, sizeof buffer - static_cast<std::size_t>(n), ":%02d", size % 3600 / 60);
    }
    out_.append(buffer, static_cast<std::size_t>(n));
  }

  const time_fields& f_;
  std::string& out_;
};

datum format_fields(call_context& c, const time_fields& f, std::string_view pattern) {
  if (pattern.empty()) return datum::null();
  std::string out;
  time_writer writer(f, out);
  for (const auto& p : parse_date_pattern(pattern).parts) writer.write(p);
  return text_result(c, out);
}

time_fields fields_of(std::int64_t local) {
  const auto [days, us] = split(local);
  const civil_date d = civil_of(days);
  time_fields f;
  f.year = d.year;
  f.days = days;
  f.month = d.month;
  f.day = d.day;
  f.day_of_year = day_of_year(d);
  f.hour = us / us_per_hour;
  f.minute = static_cast<int>(us / us_per_minute % 60);
  f.second = static_cast<int>(us / us_per_second % 60);
  f.us = static_cast<int>(us % us_per_second);
  return f;
}

datum of_timestamp(call_context& c, args_t a) {
  if (is_infinite(a[0].as_int())) return datum::null();
  return format_fields(c, fields_of(a[0].as_int()), a[1].as_bytes());
}
datum of_timestamptz(call_context& c, args_t a) {
  if (is_infinite(a[0].as_int())) return datum::null();
  const auto zone = time_zone::of(formats_of(c)).at(a[0].as_int());
  time_fields f = fields_of(a[0].as_int() + zone.seconds_east * us_per_second);
  f.seconds_east = zone.seconds_east;
  f.zone = zone.abbreviation;
  return format_fields(c, f, a[1].as_bytes());
}
datum of_interval(call_context& c, args_t a) {
  const interval v = interval::from(a[0]);
  time_fields f;
  f.is_interval = true;
  f.year = v.months / 12;
  f.month = v.months % 12;
  f.day = v.days;
  f.hour = v.us / us_per_hour;
  f.minute = static_cast<int>(v.us / us_per_minute % 60);
  f.second = static_cast<int>(v.us / us_per_second % 60);
  f.us = static_cast<int>(v.us % us_per_second);
  f.day_of_year = static_cast<int>(f.year * 360 + f.month * 30 + v.days);
  return format_fields(c, f, a[1].as_bytes());
}

}  // namespace

void add_to_char_time(registry& r) {
  using namespace sig;
  r.add("to_char", {ts, txt}, txt, of_timestamp, stable);
  r.add("to_char", {tz, txt}, txt, of_timestamptz, stable);
  r.add("to_char", {iv, txt}, txt, of_interval, stable);
}

}  // namespace helios::sql
