// to_date and to_timestamp(text, pattern): text read by the same patterns that to_char writes.
#include <cstdlib>
#include <optional>

#include "base/sql_error.hpp"
#include "sql/functions/date_format.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_to_char_functions(registry&);
void add_to_char_time(registry&);
void add_to_char_number(registry&);

namespace {

using args_t = std::span<const datum>;

/// What the text said; 0 where it said nothing, as PostgreSQL assumes.
struct read_fields {
  std::int64_t year = 0, julian = 0, century = 0, iso_year = 0;
  int year_digits = 0;
  int month = 0, day = 0, day_of_year = 0, week_of_year = 0, week_of_month = 0, iso_week = 0, iso_day = 0, iso_day_of_year = 0;
  std::int64_t hour = 0, minute = 0, second = 0, day_seconds = 0, us = 0;
  bool twelve_hours = false, pm = false, has_half = false, bc = false;
  std::optional<int> zone_hours, zone_minutes;
  int zone_sign = 1;
  std::string zone_name;
};

class time_reader {
 public:
  time_reader(const date_pattern& pattern, std::string_view text) : pattern_(pattern), text_(text), rest_(text) {}

  read_fields read() {
    bool first = true;
    for (std::size_t i = 0; i < pattern_.parts.size() && !rest_.empty(); ++i, first = false) {
      const date_part& p = pattern_.parts[i];
      if (!pattern_.exact && (p.what == date_part::kind::field || first)) skipped_ += skip_spaces();
      if (rest_.empty()) break;
      if (p.what == date_part::kind::field) {
        field(p, i);
        if (!pattern_.exact) skipped_ = skip_spaces();
      } else {
        literal(p);
      }
    }
    return f_;
  }

 private:
  int skip_spaces() {
    int n = 0;
    for (; !rest_.empty() && is_space(rest_[0]); ++n) rest_.remove_prefix(1);
    return n;
  }
  static bool is_separator(char c) {
    return is_space(c) || (c > ' ' && c < 0x7f && !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'));
  }
  void skip_character() { rest_.remove_prefix(std::min(utf8_size(rest_[0]), rest_.size())); }
  void literal(const date_part& p) {
    if (pattern_.exact) return skip_character();
    if (p.what == date_part::kind::text) {
      if (skipped_ > 0) --skipped_;
      else skip_character();
      return;
    }
    --skipped_;
    if (!is_separator(rest_[0])) return;
    rest_.remove_prefix(1);
    ++skipped_;
  }

  [[noreturn]] void invalid(std::string_view value, const date_part& p, std::string detail, std::string hint = {}) const {
    throw sql_error(sqlstate::invalid_datetime_format, "invalid value \"" + std::string(value) + "\" for \"" + p.text + "\"")
        .detail(std::move(detail))
        .hint(std::move(hint));
  }
  /// A number ends where no digit follows; unless one does, it has a fixed width.
  bool ends_by_itself(std::size_t i) const {
    const date_part& p = pattern_.parts[i];
    if (p.fill || p.ordinal || i + 1 == pattern_.parts.size()) return true;
    const date_part& next = pattern_.parts[i + 1];
    if (next.what == date_part::kind::field) return !next.is_number;
    return !is_digit(next.text[0]);
  }
  std::int64_t number(std::size_t i, std::size_t width, std::size_t* used = nullptr) {
    const date_part& p = pattern_.parts[i];
    static constexpr const char* advice = "If your source string is not fixed-width, try using the \"FM\" modifier.";
    if (!pattern_.exact) skip_spaces();
    const bool free = ends_by_itself(i);
    if (!free && rest_.size() < width)
      throw sql_error(sqlstate::invalid_datetime_format, "source string too short for \"" + p.text + "\" formatting field")
          .detail("Field requires " + std::to_string(width) + " characters, but only " + std::to_string(rest_.size()) + " remain.")
          .hint(advice);
    const auto part = free ? rest_ : rest_.substr(0, width);
    std::size_t size = part.starts_with('-') || part.starts_with('+') ? 1 : 0;
    const std::size_t sign = size;
    while (size < part.size() && is_digit(part[size])) ++size;
    if (size == sign) invalid(rest_.substr(0, free ? width : part.size()), p, "Value must be an integer.");
    if (!free && size < width)
      invalid(part, p, "Field requires " + std::to_string(width) + " characters, but only " + std::to_string(size) + " could be parsed.", advice);
    if (size > 11) invalid(part.substr(0, size), p, "Value must be in the range -2147483648 to 2147483647.");
    const std::int64_t v = std::strtoll(std::string(part.substr(0, size)).c_str(), nullptr, 10);
    if (v > INT32_MAX || v < INT32_MIN) invalid(part.substr(0, size), p, "Value must be in the range -2147483648 to 2147483647.");
    rest_.remove_prefix(size);
    if (used) *used = size;
    if (p.ordinal) rest_.remove_prefix(std::min<std::size_t>(2, rest_.size()));
    return v;
  }
  /// Index of the name that the text begins with.
  template <class Names>
  int name(const date_part& p, const Names& names, std::size_t cut) {
    int best = -1;
    std::size_t best_size = 0;
    for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
      const auto full = std::string_view(names[i]).substr(0, cut);
      if (full.size() > best_size && rest_.size() >= full.size() && equal_ignoring_case(rest_.substr(0, full.size()), full)) {
        best = i;
        best_size = full.size();
      }
    }
    if (best < 0) {
      std::size_t size = 0;
      while (size < rest_.size() && !is_space(rest_[size])) ++size;
      invalid(rest_.substr(0, size), p, "The given value did not match any of the allowed values for this field.");
    }
    rest_.remove_prefix(best_size);
    return best;
  }
  void fraction(std::size_t i, std::size_t width) {
    std::size_t used = 0;
    std::int64_t v = number(i, width, &used);
    for (std::size_t n = used; n < 6; ++n) v *= 10;
    for (std::size_t n = used; n > 6; --n) v /= 10;
    f_.us += v;
  }
  void short_year(std::size_t i, std::size_t width) {
    std::size_t used = 0;
    f_.year = number(i, width, &used);
    // Up to three digits mean the year nearest to 2020.
    if (used < 4) f_.year += f_.year < 70 ? 2000 : f_.year < 100 ? 1900 : f_.year < 520 ? 2000 : f_.year < 1000 ? 1000 : 0;
    f_.year_digits = static_cast<int>(width);
  }
  void short_iso_year(std::size_t i, std::size_t width) {
    short_year(i, width);
    f_.iso_year = std::exchange(f_.year, 0);
  }

  void field(const date_part& p, std::size_t i) {
    if (!clock_field(p, i) && !date_field(p, i)) zone_field(p);
  }
  bool clock_field(const date_part& p, std::size_t i) {
    static constexpr const char* dotted[] = {"a.m.", "p.m."};
    static constexpr const char* plain_half[] = {"am", "pm"};
    switch (p.key) {
      case date_key::am_dots: f_.pm = name(p, dotted, 4) == 1; break;
      case date_key::am: f_.pm = name(p, plain_half, 2) == 1; break;
      case date_key::hh12: f_.hour = number(i, 2); f_.twelve_hours = true; return true;
      case date_key::hh24: f_.hour = number(i, 2); return true;
      case date_key::mi: f_.minute = number(i, 2); return true;
      case date_key::ss: f_.second = number(i, 2); return true;
      case date_key::ms: fraction(i, 3); return true;
      case date_key::us: fraction(i, 6); return true;
      case date_key::ff: fraction(i, p.digits); return true;
      case date_key::ssss: f_.day_seconds = number(i, 5); return true;
      default: return false;
    }
    f_.has_half = f_.twelve_hours = true;
    return true;
  }
  bool date_field(const date_part& p, std::size_t i) {
    static constexpr const char* dotted[] = {"a.d.", "b.c."};
    static constexpr const char* plain_era[] = {"ad", "bc"};
    switch (p.key) {
      case date_key::ad_dots: f_.bc = name(p, dotted, 4) == 1; return true;
      case date_key::ad: f_.bc = name(p, plain_era, 2) == 1; return true;
      case date_key::month_name: f_.month = name(p, month_names, 99) + 1; return true;
      case date_key::mon: f_.month = name(p, month_names, 3) + 1; return true;
      case date_key::rm: f_.month = name(p, roman_months, 99) + 1; return true;
      case date_key::mm: f_.month = int_of(number(i, 2)); return true;
      case date_key::day_name: name(p, day_names, 99); return true;
      case date_key::dy: name(p, day_names, 3); return true;
      case date_key::ddd: f_.day_of_year = int_of(number(i, 3)); return true;
      case date_key::iddd: f_.iso_day_of_year = int_of(number(i, 3)); return true;
      case date_key::dd: f_.day = int_of(number(i, 2)); return true;
      case date_key::d: number(i, 1); return true;
      case date_key::id: f_.iso_day = int_of(number(i, 1)); return true;
      case date_key::ww: f_.week_of_year = int_of(number(i, 2)); return true;
      case date_key::iw: f_.iso_week = int_of(number(i, 2)); return true;
      case date_key::w: f_.week_of_month = int_of(number(i, 1)); return true;
      case date_key::q: number(i, 1); return true;
      case date_key::cc: f_.century = number(i, 2); return true;
      case date_key::j: f_.julian = number(i, 18); return true;
      default: return year_field(p, i);
    }
  }
  bool year_field(const date_part& p, std::size_t i) {
    switch (p.key) {
      case date_key::yyyy: f_.year = number(i, 4); f_.year_digits = 4; return true;
      case date_key::y_yyy: grouped_year(p); return true;
      case date_key::yyy: short_year(i, 3); return true;
      case date_key::yy: short_year(i, 2); return true;
      case date_key::y: short_year(i, 1); return true;
      case date_key::iyyy: f_.iso_year = number(i, 4); return true;
      case date_key::iyy: short_iso_year(i, 3); return true;
      case date_key::iy: short_iso_year(i, 2); return true;
      case date_key::i: short_iso_year(i, 1); return true;
      default: return false;
    }
  }
  void grouped_year(const date_part& p) {
    const auto comma = rest_.find(',');
    if (comma == std::string_view::npos || rest_.size() < comma + 4) invalid(rest_, p, "Value must be an integer.");
    f_.year = std::atoll(std::string(rest_.substr(0, comma)).c_str()) * 1000 + std::atoll(std::string(rest_.substr(comma + 1, 3)).c_str());
    f_.year_digits = 4;
    rest_.remove_prefix(comma + 4);
  }
  static int int_of(std::int64_t v) { return static_cast<int>(v); }

  int two_digits() {
    int v = 0;
    for (int n = 0; n < 2 && !rest_.empty() && is_digit(rest_[0]); ++n) {
      v = v * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return v;
  }
  void zone_sign() {
    if (rest_.starts_with('-')) f_.zone_sign = -1;
    if (rest_.starts_with('-') || rest_.starts_with('+')) rest_.remove_prefix(1);
  }
  void zone_field(const date_part& p) {
    switch (p.key) {
      case date_key::tzh:
        zone_sign();
        f_.zone_hours = two_digits();
        return;
      case date_key::tzm:
        if (!f_.zone_hours) f_.zone_hours = 0;
        f_.zone_minutes = two_digits();
        return;
      default:
        throw sql_error(sqlstate::feature_not_supported, "formatting field \"" + p.text + "\" is only supported in to_char");
    }
  }

  const date_pattern& pattern_;
  std::string_view text_, rest_;
  read_fields f_;
  int skipped_ = 0;
};

[[noreturn]] void out_of_range(std::string_view text) {
  throw sql_error(sqlstate::datetime_field_overflow, "date/time field value out of range: \"" + std::string(text) + "\"");
}

/// Day of an ISO week date.
std::int64_t iso_days(std::int64_t year, int week, int day) {
  const std::int64_t fourth = days_of({year, 1, 4});
  const int weekday = day_of_week(fourth) == 0 ? 7 : day_of_week(fourth);
  return fourth - (weekday - 1) + (week - 1) * 7 + (day - 1);
}

std::int64_t year_of(const read_fields& f) {
  std::int64_t year = f.year;
  if (f.century != 0 && f.year_digits <= 2) {
    // Within a century only the last two digits count; CC alone is its first year.
    const std::int64_t short_form = f.year_digits > 0 ? f.year % 100 : 0;
    const bool bc = f.bc || f.century < 0;
    const std::int64_t century = f.century < 0 ? -f.century : f.century;
    if (f.year_digits == 0) return bc ? 1 - ((century - 1) * 100 + 1 + 99) : (century - 1) * 100 + 1;
    year = bc ? -(century * 100) + short_form + 1 : (century - 1) * 100 + short_form + (short_form == 0 ? 100 : 0);
    return year;
  }
  if (f.bc && year > 0) return 1 - year;
  if (f.bc && year < 0) return -year;
  if (year < 0) return year + 1;
  return year;
}

std::int64_t days_from(const read_fields& f, std::string_view text) {
  if (f.julian != 0) return f.julian + days_least;
  if (f.iso_year != 0) {
    if (f.iso_day_of_year != 0) return iso_days(f.iso_year, 1, 1) + f.iso_day_of_year - 1;
    if (f.iso_week > 53 || f.iso_day > 7) out_of_range(text);
    return iso_days(f.iso_year, f.iso_week == 0 ? 1 : f.iso_week, f.iso_day == 0 ? 1 : f.iso_day);
  }
  const std::int64_t year = year_of(f);
  int day_of_the_year = f.day_of_year;
  if (f.week_of_year != 0) day_of_the_year = (f.week_of_year - 1) * 7 + 1;
  int month = f.month == 0 ? 1 : f.month, day = f.day == 0 ? 1 : f.day;
  if (f.week_of_month != 0) day = (f.week_of_month - 1) * 7 + 1;
  if (year < -4713 || year > 5874898) out_of_range(text);
  if (day_of_the_year != 0 && f.month == 0 && f.day == 0) {
    const std::int64_t start = days_of({year, 1, 1});
    if (day_of_the_year < 1 || day_of_the_year > days_of({year + 1, 1, 1}) - start) out_of_range(text);
    return start + day_of_the_year - 1;
  }
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) out_of_range(text);
  return days_of({year, month, day});
}

std::int64_t us_from(const read_fields& f, std::string_view text) {
  std::int64_t hour = f.hour, minute = f.minute, second = f.second;
  if (f.day_seconds != 0) {
    hour = f.day_seconds / 3600;
    minute = f.day_seconds / 60 % 60;
    second = f.day_seconds % 60;
  }
  if (f.twelve_hours) {
    if (hour < 1 || hour > 12)
      throw sql_error(sqlstate::invalid_datetime_format, "hour \"" + std::to_string(hour) + "\" is invalid for the 12-hour clock")
          .hint("Use the 24-hour clock, or give an hour between 1 and 12.");
    if (f.pm && hour < 12) hour += 12;
    else if (!f.pm && hour == 12) hour = 0;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || f.us < 0) out_of_range(text);
  return hour * us_per_hour + minute * us_per_minute + second * us_per_second + f.us;
}

datum to_date(call_context&, args_t a) {
  const auto pattern = parse_date_pattern(a[1].as_bytes());
  const read_fields f = time_reader(pattern, a[0].as_bytes()).read();
  us_from(f, a[0].as_bytes());
  const std::int64_t days = days_from(f, a[0].as_bytes());
  if (days < days_least || days >= date_days_end)
    throw sql_error(sqlstate::datetime_field_overflow, "date out of range: \"" + std::string(a[0].as_bytes()) + "\"");
  return datum::of_int(days);
}

datum to_timestamp(call_context& c, args_t a) {
  const auto pattern = parse_date_pattern(a[1].as_bytes());
  const read_fields f = time_reader(pattern, a[0].as_bytes()).read();
  const std::int64_t us = us_from(f, a[0].as_bytes());
  const std::int64_t local = make_timestamp(days_from(f, a[0].as_bytes()), us);
  if (!f.zone_hours) return datum::of_int(check_timestamp(time_zone::of(formats_of(c)).to_utc(local)));
  if (*f.zone_hours > 15 || f.zone_minutes.value_or(0) > 59) out_of_range(a[0].as_bytes());
  const std::int64_t east = f.zone_sign * (*f.zone_hours * 3600 + f.zone_minutes.value_or(0) * 60);
  return datum::of_int(check_timestamp(local - east * us_per_second));
}

}  // namespace

void add_to_char_functions(registry& r) {
  using namespace sig;
  add_to_char_time(r);
  add_to_char_number(r);
  r.add("to_date", {txt, txt}, dt, to_date, stable);
  r.add("to_timestamp", {txt, txt}, tz, to_timestamp, stable);
}

}  // namespace helios::sql
