// Text of intervals: units ("1 year 2 days"), clock times, ISO 8601 ("P1Y2DT3H") and SQL ("1-2 3 4:05:06") in; the four
// settings of IntervalStyle out.
#include <charconv>
#include <cmath>

#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

enum class unit : std::uint8_t { microsecond, millisecond, second, minute, hour, day, week, month, quarter, year, decade, century,
                                 millennium, none };

struct unit_name {
  std::string_view name;
  unit what;
};
constexpr unit_name unit_names[] = {
    {"us", unit::microsecond},   {"usec", unit::microsecond},   {"usecs", unit::microsecond},  {"microsecond", unit::microsecond},
    {"microseconds", unit::microsecond}, {"ms", unit::millisecond}, {"msec", unit::millisecond}, {"msecs", unit::millisecond},
    {"millisecond", unit::millisecond}, {"milliseconds", unit::millisecond}, {"s", unit::second}, {"sec", unit::second},
    {"secs", unit::second},      {"second", unit::second},      {"seconds", unit::second},     {"m", unit::minute},
    {"min", unit::minute},       {"mins", unit::minute},        {"minute", unit::minute},      {"minutes", unit::minute},
    {"h", unit::hour},           {"hr", unit::hour},            {"hrs", unit::hour},           {"hour", unit::hour},
    {"hours", unit::hour},       {"d", unit::day},              {"day", unit::day},            {"days", unit::day},
    {"w", unit::week},           {"week", unit::week},          {"weeks", unit::week},         {"mon", unit::month},
    {"mons", unit::month},       {"month", unit::month},        {"months", unit::month},       {"qtr", unit::quarter},
    {"quarter", unit::quarter},  {"quarters", unit::quarter},   {"y", unit::year},             {"yr", unit::year},             {"yrs", unit::year},
    {"year", unit::year},        {"years", unit::year},         {"dec", unit::decade},         {"decs", unit::decade},
    {"decade", unit::decade},    {"decades", unit::decade},     {"c", unit::century},          {"cent", unit::century},
    {"century", unit::century},  {"centuries", unit::century},  {"mil", unit::millennium},     {"mils", unit::millennium},
    {"millennium", unit::millennium}, {"millennia", unit::millennium}};

unit find_unit(std::string_view name) {
  const std::string lower = lower_ascii(name);
  for (const auto& u : unit_names)
    if (u.name == lower) return u.what;
  return unit::none;
}

class interval_parser {
 public:
  explicit interval_parser(std::string_view text) : text_(text), rest_(trim(text)) {}

  interval parse() {
    if (rest_.empty()) bad();
    if (rest_[0] == 'P' || rest_[0] == 'p') parse_iso();
    else parse_units();
    return out_;
  }

 private:
  [[noreturn]] void bad() const {
    throw sql_error(sqlstate::invalid_datetime_format,
                    "invalid input syntax for type interval: \"" + std::string(text_) + "\"");
  }
  [[noreturn]] void overflow() const {
    throw sql_error("22015", "interval field value out of range: \"" + std::string(text_) + "\"");
  }

  void add_us(double us) {
    us = std::rint(us);
    if (std::fabs(us) >= 9.2e18 || __builtin_add_overflow(out_.us, static_cast<std::int64_t>(us), &out_.us)) overflow();
  }
  void add_whole_us(std::int64_t count, std::int64_t unit_us) {
    std::int64_t v = 0;
    if (__builtin_mul_overflow(count, unit_us, &v) || __builtin_add_overflow(out_.us, v, &out_.us)) overflow();
  }
  void add_days(double days) {
    const double whole = std::trunc(days);
    add_int(out_.days, whole);
    add_us((days - whole) * static_cast<double>(us_per_day));
  }
  void add_months(double months, double part_of_month_days) {
    add_int(out_.months, months);
    if (part_of_month_days != 0) add_days(part_of_month_days);
  }
  void add_int(std::int32_t& to, double v) {
    const double sum = to + v;
    if (std::fabs(sum) > INT32_MAX) overflow();
    to = static_cast<std::int32_t>(sum);
  }

  /// Each unit may come once; a clock time is hours, minutes and all kinds of seconds.
  void once(unsigned units) {
    if ((seen_ & units) != 0) bad();
    seen_ |= units;
  }
  static constexpr unsigned bit(unit u) { return 1u << static_cast<unsigned>(u); }
  static constexpr unsigned all_seconds = 1u << 0 | 1u << 1 | 1u << 2, clock_units = all_seconds | 1u << 3 | 1u << 4;

  /// `whole` and `fraction` have the same sign.
  void add_unit(unit u, std::int64_t whole, double fraction) {
    const auto w = static_cast<double>(whole);
    switch (u) {
      case unit::microsecond: add_whole_us(whole, 1), add_us(fraction); break;
      case unit::millisecond: add_whole_us(whole, 1000), add_us(fraction * 1e3); break;
      case unit::second: add_whole_us(whole, us_per_second), add_us(fraction * 1e6); break;
      case unit::minute: add_whole_us(whole, us_per_minute), add_us(fraction * 6e7); break;
      case unit::hour: add_whole_us(whole, us_per_hour), add_us(fraction * 3.6e9); break;
      case unit::day: add_days(w), add_us(fraction * static_cast<double>(us_per_day)); break;
      case unit::week: add_days(w * 7), add_days(fraction * 7); break;
      case unit::month: add_months(w, fraction * 30); break;
      case unit::quarter: bad();
      case unit::year: add_months(w * 12 + std::rint(fraction * 12), 0); break;
      case unit::decade: add_months(w * 120 + std::rint(fraction * 120), 0); break;
      case unit::century: add_months(w * 1200 + std::rint(fraction * 1200), 0); break;
      case unit::millennium: add_months(w * 12000 + std::rint(fraction * 12000), 0); break;
      case unit::none: bad();
    }
  }

  struct number {
    std::int64_t whole = 0;
    double fraction = 0;
    bool negative = false, any = false;
  };
  number take_number() {
    number n;
    if (!rest_.empty() && (rest_[0] == '-' || rest_[0] == '+')) {
      n.negative = rest_[0] == '-';
      rest_.remove_prefix(1);
      skip_spaces();
    }
    std::size_t size = 0;
    while (size < rest_.size() && is_digit(rest_[size])) ++size;
    if (size > 0) {
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + size, n.whole);
      if (error != std::errc()) overflow();
      n.any = true;
    }
    rest_.remove_prefix(size);
    if (rest_.starts_with('.')) {
      size = 1;
      while (size < rest_.size() && is_digit(rest_[size])) ++size;
      if (size > 1) n.fraction = parse_float8("0" + std::string(rest_.substr(0, size))), n.any = true;
      rest_.remove_prefix(size);
    }
    if (n.negative) n.whole = -n.whole, n.fraction = -n.fraction;
    return n;
  }
  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }
  std::string_view take_word() {
    std::size_t size = 0;
    while (size < rest_.size() && to_lower_ascii(rest_[size]) >= 'a' && to_lower_ascii(rest_[size]) <= 'z') ++size;
    const auto word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }

  /// Behind the first number and a ':'.
  void parse_clock(const number& first) {
    std::int64_t parts[3] = {std::abs(first.whole), 0, 0};
    double fraction = 0;
    int n = 1;
    while (n < 3 && rest_.starts_with(':')) {
      rest_.remove_prefix(1);
      const number next = take_number();
      if (!next.any || next.negative) bad();
      parts[n++] = next.whole;
      fraction = next.fraction;
    }
    if (n == 2 && fraction != 0) parts[2] = parts[1], parts[1] = parts[0], parts[0] = 0;
    if (parts[1] > 59 || parts[2] > 60) overflow();
    const std::int64_t before = out_.us;
    out_.us = 0;
    add_whole_us(parts[0], us_per_hour);
    add_whole_us(parts[1], us_per_minute);
    add_whole_us(parts[2], us_per_second);
    add_us(fraction * 1e6);
    out_.us = before + (first.negative ? -out_.us : out_.us);
  }

  void parse_units() {
    bool ago = false;
    if (rest_.starts_with('@')) rest_.remove_prefix(1);
    for (skip_spaces(); !rest_.empty(); skip_spaces()) {
      if (!is_digit(rest_[0]) && rest_[0] != '-' && rest_[0] != '+' && rest_[0] != '.') {
        if (!equal_ignoring_case(take_word(), "ago") || !any_) bad();
        ago = true;
        skip_spaces();
        if (!rest_.empty()) bad();
        break;
      }
      parse_one();
    }
    if (!any_) bad();
    if (ago) out_ = negate(out_);
  }

  void parse_one() {
    const number n = take_number();
    if (!n.any) bad();
    any_ = true;
    if (rest_.starts_with(':')) return once(clock_units), parse_clock(n);
    if (rest_.starts_with('-') && rest_.size() > 1 && is_digit(rest_[1]) && n.fraction == 0) {  // years-months
      rest_.remove_prefix(1);
      const number months = take_number();
      if (months.whole > 11) overflow();
      once(bit(unit::month));
      const std::int64_t count = std::abs(n.whole) * 12 + months.whole;
      return add_int(out_.months, static_cast<double>(n.negative ? -count : count));
    }
    skip_spaces();
    const auto word = take_word();
    if (!word.empty()) {
      const unit u = find_unit(word);
      if (u == unit::none) bad();
      once(u == unit::second && n.fraction != 0 ? all_seconds : bit(u));
      return add_unit(u, n.whole, n.fraction);
    }
    // A bare number counts days when a clock time follows it, else seconds.
    const auto colon = rest_.find(':');
    const bool clock_follows = colon != std::string_view::npos;
    once(bit(clock_follows ? unit::day : unit::second));
    add_unit(clock_follows ? unit::day : unit::second, n.whole, n.fraction);
  }

  void parse_iso() {
    rest_.remove_prefix(1);
    bool time = false;
    if (rest_.empty()) bad();
    while (!rest_.empty()) {
      if (rest_[0] == 'T' || rest_[0] == 't') {
        time = true;
        rest_.remove_prefix(1);
        if (rest_.empty()) bad();
        continue;
      }
      const number n = take_number();
      if (!n.any || rest_.empty()) bad();
      const char u = to_upper_ascii(rest_[0]);
      rest_.remove_prefix(1);
      if (time) add_unit(u == 'H' ? unit::hour : u == 'M' ? unit::minute : u == 'S' ? unit::second : unit::none, n.whole, n.fraction);
      else add_unit(u == 'Y' ? unit::year : u == 'M' ? unit::month : u == 'W' ? unit::week : u == 'D' ? unit::day : unit::none,
                    n.whole, n.fraction);
    }
  }

  std::string_view text_, rest_;
  interval out_;
  unsigned seen_ = 0;
  bool any_ = false;
};

void put_two(std::string& out, std::int64_t v) {
  if (v < 10) out.push_back('0');
  out += std::to_string(v);
}

struct clock {
  std::int64_t hour, minute, second, us;
  bool negative;
};
clock clock_of(std::int64_t us) {
  const bool negative = us < 0;
  const std::uint64_t a = negative ? 0 - static_cast<std::uint64_t>(us) : static_cast<std::uint64_t>(us);
  const auto signed_part = [](std::uint64_t v) { return static_cast<std::int64_t>(v); };
  return {signed_part(a / 3600000000u), signed_part(a / 60000000u % 60), signed_part(a / 1000000u % 60),
          signed_part(a % 1000000u), negative};
}
void put_fraction(std::string& out, std::int64_t us) {
  if (us == 0) return;
  std::string digits = std::to_string(us);
  digits.insert(0, 6 - digits.size(), '0');
  digits.resize(digits.find_last_not_of('0') + 1);
  out.append(".").append(digits);
}
void put_clock(std::string& out, const clock& c) {
  put_two(out, c.hour);
  out.push_back(':');
  put_two(out, c.minute);
  out.push_back(':');
  put_two(out, c.second);
  put_fraction(out, c.us);
}

/// "1 year 2 mons -3 days 04:05:06": a sign is shown when it differs from the part before.
void write_postgres(const interval& v, std::string& out) {
  bool any = false, negative_before = false;
  const auto part = [&](std::int64_t n, const char* name) {
    if (n == 0) return;
    if (any) out.push_back(' ');
    if (negative_before && n > 0) out.push_back('+');
    out.append(std::to_string(n)).append(" ").append(name).append(n == 1 ? "" : "s");
    negative_before = n < 0;
    any = true;
  };
  part(v.months / 12, "year");
  part(v.months % 12, "mon");
  part(v.days, "day");
  if (any && v.us == 0) return;
  const clock c = clock_of(v.us);
  if (any) out.push_back(' ');
  if (c.negative) out.push_back('-');
  else if (negative_before) out.push_back('+');
  put_clock(out, c);
}

void write_verbose(const interval& v, std::string& out) {
  out.push_back('@');
  bool any = false, ago = false;
  const auto part = [&](std::int64_t n, const char* name) {
    if (n == 0) return;
    if (!any) ago = n < 0;
    if (ago) n = -n;
    out.append(" ").append(std::to_string(n)).append(" ").append(name).append(n == 1 ? "" : "s");
    any = true;
  };
  part(v.months / 12, "year");
  part(v.months % 12, "mon");
  part(v.days, "day");
  const clock c = clock_of(v.us);
  const std::int64_t sign = c.negative ? -1 : 1;
  part(sign * c.hour, "hour");
  part(sign * c.minute, "min");
  if (c.second != 0 || c.us != 0) {
    if (!any) ago = c.negative;
    out.append(c.negative != ago ? " -" : " ").append(std::to_string(c.second));
    put_fraction(out, c.us);
    out.append(c.second == 1 && c.us == 0 ? " sec" : " secs");
    any = true;
  }
  if (!any) out.append(" 0");
  if (ago) out.append(" ago");
}

void write_iso(const interval& v, std::string& out) {
  if (v.months == 0 && v.days == 0 && v.us == 0) return void(out.append("PT0S"));
  out.push_back('P');
  const auto part = [&](std::int64_t n, char name) {
    if (n != 0) out.append(std::to_string(n)).push_back(name);
  };
  part(v.months / 12, 'Y');
  part(v.months % 12, 'M');
  part(v.days, 'D');
  if (v.us == 0) return;
  out.push_back('T');
  const clock c = clock_of(v.us);
  const std::int64_t sign = c.negative ? -1 : 1;
  part(sign * c.hour, 'H');
  part(sign * c.minute, 'M');
  if (c.second == 0 && c.us == 0) return;
  if (c.negative) out.push_back('-');
  out.append(std::to_string(c.second));
  put_fraction(out, c.us);
  out.push_back('S');
}

void write_sql(const interval& v, std::string& out) {
  const bool has_months = v.months != 0, has_days = v.days != 0, has_time = v.us != 0;
  const bool has_negative = v.months < 0 || v.days < 0 || v.us < 0, has_positive = v.months > 0 || v.days > 0 || v.us > 0;
  const clock c = clock_of(v.us);
  if (!has_negative && !has_positive) return void(out.push_back('0'));
  const auto put_months = [&] {
    out.append(std::to_string(std::abs(v.months / 12))).append("-").append(std::to_string(std::abs(v.months % 12)));
  };
  const auto put_time = [&] {
    out.append(std::to_string(c.hour)).push_back(':');
    put_two(out, c.minute);
    out.push_back(':');
    put_two(out, c.second);
    put_fraction(out, c.us);
  };
  if ((has_negative && has_positive) || (has_months && (has_days || has_time))) {  // every part with its sign
    out.push_back(v.months < 0 ? '-' : '+');
    put_months();
    out.append(v.days < 0 ? " -" : " +").append(std::to_string(std::abs(static_cast<std::int64_t>(v.days))));
    out.append(c.negative ? " -" : " +");
    return put_time();
  }
  if (has_negative) out.push_back('-');
  if (has_months) return put_months();
  if (has_days) out.append(std::to_string(std::abs(static_cast<std::int64_t>(v.days)))).push_back(' ');
  put_time();
}

}  // namespace

interval parse_interval(std::string_view text) { return interval_parser(text).parse(); }

void write_interval(const interval& v, const format_settings& settings, std::string& out) {
  if (settings.interval_style == "postgres_verbose") write_verbose(v, out);
  else if (settings.interval_style == "iso_8601") write_iso(v, out);
  else if (settings.interval_style == "sql_standard") write_sql(v, out);
  else write_postgres(v, out);
}

}  // namespace helios::sql
