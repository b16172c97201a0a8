// Reads dates, times and timestamps as PostgreSQL does: the text is cut into fields (date, time, number, word, zone),
// then each field fills in what it can mean given those before it.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"
#include "sql/types/zoned_time.hpp"

namespace helios::sql {
namespace {

enum class field_kind : std::uint8_t { number, date, time, word, zone };
struct field {
  field_kind kind;
  std::string text;
};

struct moment {
  bool has_date = false, has_time = false, before_christ = false;
  int afternoon = -1;  ///< 0 AM, 1 PM
  std::optional<std::int64_t> year, month, day;
  bool year_has_two_digits = false;
  std::int64_t us = 0;
  std::optional<time_zone> zone;
  enum class special : std::uint8_t { none, infinity, minus_infinity, epoch, now, today, tomorrow, yesterday } special{};
};

class decoder {
 public:
  decoder(std::string_view text, const char* type, const format_settings& settings)
      : text_(text), type_(type), settings_(settings), order_(parse_date_style(settings.date_style).order) {
    only_time_ = std::string_view(type).starts_with("time") && !std::string_view(type).starts_with("timestamp");
  }

  moment decode() {
    split_fields();
    if (fields_.empty()) bad_format();
    for (std::size_t i = 0; i < fields_.size(); ++i) apply(i);
    return finish();
  }

 private:
  [[noreturn]] void bad_format() const {
    throw sql_error(sqlstate::invalid_datetime_format,
                    std::string("invalid input syntax for type ").append(type_) + ": \"" + std::string(text_) + "\"");
  }
  [[noreturn]] void out_of_range(bool hint = false) const {
    sql_error e(sqlstate::datetime_field_overflow, "date/time field value out of range: \"" + std::string(text_) + "\"");
    if (hint) throw std::move(e).hint("Perhaps you need a different \"datestyle\" setting.");
    throw e;
  }

  static bool letter(char c) {
    const char l = to_lower_ascii(c);
    return (l >= 'a' && l <= 'z') || static_cast<unsigned char>(c) >= 0x80;
  }

  template <class Pred>
  std::string take(Pred wanted) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && wanted(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  void split_fields() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_digit(c)) split_digits();
      else if (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) split_digits();
      else if (letter(c)) split_word();
      else if (c == '+' || c == '-') split_sign();
      else if (c == '<') add(field_kind::word, take([](char x) { return !is_space(x); }));
      else if (is_space(c) || c == ',' || c == '(' || c == ')' || c == '/' || c == ';') ++at_;
      else bad_format();
    }
  }
  void add(field_kind kind, std::string text) {
    if (fields_.size() >= 25 || text.size() > 128) bad_format();
    fields_.push_back({kind, std::move(text)});
  }

  void split_digits() {
    std::string digits = take(is_digit);
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    if (next == ':') {
      add(field_kind::time, digits + take([](char c) { return is_digit(c) || c == ':' || c == '.'; }));
    } else if (next == '-' || next == '/' || next == '.') {
      const char separator = next;
      std::string rest = take([&](char c) { return is_digit(c) || letter(c) || c == separator; });
      // A date has two separators, or a word behind the first.
      const bool second = std::count(rest.begin(), rest.end(), separator) >= 2;
      const bool named = rest.size() > 1 && letter(rest[1]);
      if (separator == '.' && !second && !named) {
        add(field_kind::number, digits + rest);
      } else if (only_time_ && separator == '-' && !second && !named) {
        add(field_kind::number, digits);  // "040506-08": a time and its zone
        at_ -= rest.size();
        split_sign();
      } else {
        split_date(digits + rest, separator);
      }
    } else {
      add(field_kind::number, digits);
    }
  }

  /// "2024-01-01T10:00" runs on with the time: hand back from the 'T'.
  void split_date(std::string text, char separator) {
    const auto last = text.rfind(separator);
    std::size_t end = last + 1;
    const bool begins_with_letter = end < text.size() && letter(text[end]);
    if (!begins_with_letter) {
      while (end < text.size() && is_digit(text[end])) ++end;
      if (end < text.size()) {
        at_ -= text.size() - end;
        text.resize(end);
      }
    }
    add(field_kind::date, std::move(text));
  }

  void split_word() {
    std::string word = take(letter);
    const std::string lower = lower_ascii(word);
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    if ((next == '-' || next == '/' || next == '.') && month_of(lower) > 0 && at_ + 1 < text_.size() &&
        is_digit(text_[at_ + 1])) {
      add(field_kind::date, word + take([&](char c) { return is_digit(c) || c == next; }));
      return;
    }
    if (next == '/' || next == '_' || ((next == '+' || next == '-') && lower != "t" && !lower.ends_with("am") && lower != "pm"))
      word += take([](char c) { return letter(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+' || c == ':'; });
    add(field_kind::word, word);
  }

  void split_sign() {
    const char sign = text_[at_++];
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    if (at_ < text_.size() && is_digit(text_[at_])) {
      add(field_kind::zone, sign + take([](char c) { return is_digit(c) || c == ':' || c == '.' || c == '-'; }));
    } else if (at_ < text_.size() && letter(text_[at_])) {
      add(field_kind::word, sign + take(letter));
    } else {
      bad_format();
    }
  }

  static int month_of(std::string_view lower) {
    static constexpr std::string_view names[] = {"january", "february", "march",     "april",   "may",      "june",
                                                 "july",    "august",   "september", "october", "november", "december"};
    if (lower == "sept") return 9;
    for (int i = 0; i < 12; ++i)
      if (lower == names[i] || (lower.size() == 3 && names[i].starts_with(lower))) return i + 1;
    return 0;
  }
  static bool weekday(std::string_view lower) {
    for (std::string_view name : {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"})
      if (lower == name || (lower.size() >= 3 && lower.size() <= 5 && name.starts_with(lower))) return true;
    return false;
  }

  std::int64_t integer(std::string_view digits) const {
    std::int64_t v = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
    if (error == std::errc::result_out_of_range) out_of_range();
    if (error != std::errc() || end != digits.data() + digits.size()) bad_format();
    return v;
  }
  /// ".123456789": microseconds, rounded.
  std::int64_t fraction(std::string_view digits) const {
    double v = 0;
    if (digits.size() > 1) v = parse_float8("0" + std::string(digits));
    return static_cast<std::int64_t>(std::rint(v * 1e6));
  }

  void apply(std::size_t i) {
    const field& f = fields_[i];
    switch (f.kind) {
      case field_kind::date: apply_date(f.text); break;
      case field_kind::time: apply_time(f.text); break;
      case field_kind::number: apply_number(f.text, i); break;
      case field_kind::zone: apply_zone(f.text); break;
      case field_kind::word: apply_word(f.text, i); break;
    }
  }

  void apply_date(const std::string& text) {
    if (out_.has_date || out_.year || out_.month || out_.day) {
      if (!(text.find('-') != std::string::npos && out_.has_date)) bad_format();
      bad_format();
    }
    std::vector<std::string> parts;
    std::string part;
    for (char c : text) {
      if (is_digit(c) || letter(c)) part.push_back(c);
      else parts.push_back(std::move(part)), part.clear();
    }
    parts.push_back(part);
    if (parts.size() == 2 && parts[1].size() == 3 && is_digit(parts[1][0])) {  // 2024-123: day of the year
      set_day_of_year(integer(parts[0]), integer(parts[1]));
      return;
    }
    if (parts.size() > 3) bad_format();
    for (auto& p : parts) {
      if (p.empty()) bad_format();
      if (!letter(p[0])) continue;
      const int month = month_of(lower_ascii(p));
      if (month == 0 || out_.month) bad_format();
      out_.month = month;
      p.clear();
    }
    year_is_last_ = parts.back().size() >= 3;
    for (const auto& p : parts)
      if (!p.empty()) place(p, parts.size() == 3);
    if (parts.size() < 3) bad_format();
    out_.has_date = true;
  }

  /// A number of a date goes to the year, month or day by what is known and by DateStyle's order.
  void place(const std::string& digits, bool whole_date) {
    const std::int64_t v = integer(digits);
    if (digits.size() >= 3 && !out_.year) {
      if (out_.month && out_.day && digits.size() < 3) bad_format();
      out_.year = v;
      return;
    }
    if (out_.year && out_.month && out_.day) bad_format();
    const bool named_month = out_.month.has_value() && !out_.day && !out_.year;
    if (out_.year && !out_.month) out_.month = v;
    else if (out_.year && !out_.day) out_.day = v;
    else if (out_.month && out_.day) set_short_year(v, digits);
    else if (named_month && order_ == date_order::ymd && digits.size() <= 2 && whole_date && !year_is_last_) set_short_year(v, digits);
    else if (out_.month && !out_.day) out_.day = v;
    else if (out_.day && !out_.month) out_.month = v;
    else if (order_ == date_order::ymd) set_short_year(v, digits);
    else if (order_ == date_order::dmy) out_.day = v;
    else out_.month = v;
  }
  void set_short_year(std::int64_t v, const std::string& digits) {
    out_.year = v;
    out_.year_has_two_digits = digits.size() <= 2;
  }
  void set_day_of_year(std::int64_t year, std::int64_t day) {
    if (day < 1 || day > 366) out_of_range();
    const civil_date d = civil_of(days_of({year, 1, 1}) + day - 1);
    out_.year = d.year, out_.month = d.month, out_.day = d.day;
    out_.has_date = true;
  }

  void apply_time(const std::string& text) {
    if (out_.has_time) bad_format();
    std::string_view rest = text;
    std::int64_t parts[3] = {0, 0, 0};
    int n = 0;
    std::int64_t us = 0;
    for (; n < 3; ++n) {
      std::size_t digits = 0;
      while (digits < rest.size() && is_digit(rest[digits])) ++digits;
      if (digits == 0) bad_format();
      parts[n] = integer(rest.substr(0, digits));
      rest.remove_prefix(digits);
      if (rest.empty() || rest[0] != ':') break;
      if (n == 2) bad_format();
      rest.remove_prefix(1);
    }
    if (rest.starts_with('.')) {
      us = fraction(rest);
      if (n == 1) parts[2] = parts[1], parts[1] = parts[0], parts[0] = 0;  // mm:ss.fff
      rest = {};
    }
    if (!rest.empty()) bad_format();
    set_time(parts[0], parts[1], parts[2], us);
  }
  void set_time(std::int64_t hour, std::int64_t minute, std::int64_t second, std::int64_t us) {
    if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute > 0 || second > 0 || us > 0)) ||
        (second == 60 && us > 0))
      out_of_range();
    out_.us = hour * us_per_hour + minute * us_per_minute + second * us_per_second + us;
    out_.has_time = true;
  }

  void apply_number(const std::string& text, std::size_t i) {
    const auto point = text.find('.');
    const std::string whole = text.substr(0, point);
    const std::string behind = point == std::string::npos ? std::string() : text.substr(point);
    if (time_follows_) {
      time_follows_ = false;
      apply_compact_time(whole, behind);
    } else if (whole.size() == 14 && !out_.year) {
      apply_compact_date(whole.substr(0, 8));
      apply_compact_time(whole.substr(8), behind);
    } else if (whole.size() == 8 && !out_.has_date && !out_.year && behind.empty()) {
      apply_compact_date(whole);
    } else if (out_.has_date && !out_.has_time && (whole.size() == 6 || whole.size() == 4)) {
      apply_compact_time(whole, behind);
    } else if (only_time_ && !out_.has_time && (whole.size() == 6 || whole.size() == 4)) {
      apply_compact_time(whole, behind);
    } else if (whole.size() == 6 && !out_.has_date && !out_.month && behind.empty()) {
      out_.year = integer(whole.substr(0, 2)), out_.year_has_two_digits = true;
      out_.month = integer(whole.substr(2, 2)), out_.day = integer(whole.substr(4, 2));
      out_.has_date = true;
    } else if (behind.size() == 4 && whole.size() == 4) {
      set_day_of_year(integer(whole), integer(behind.substr(1)));
    } else if (!behind.empty() || out_.has_date) {
      bad_format();
    } else {
      if (fields_.size() == 1) bad_format();
      place(whole, false);
      out_.has_date = out_.year && out_.month && out_.day;
    }
    (void)i;
  }
  void apply_compact_date(const std::string& d) {
    out_.year = integer(d.substr(0, 4)), out_.month = integer(d.substr(4, 2)), out_.day = integer(d.substr(6, 2));
    out_.has_date = true;
  }
  void apply_compact_time(const std::string& t, const std::string& behind) {
    if (t.size() == 6) set_time(integer(t.substr(0, 2)), integer(t.substr(2, 2)), integer(t.substr(4, 2)), fraction(behind));
    else if (t.size() == 4) set_time(integer(t.substr(0, 2)), integer(t.substr(2, 2)), 0, fraction(behind));
    else if (t.size() <= 2) set_time(integer(t), 0, 0, 0);
    else bad_format();
  }

  void apply_zone(const std::string& text) {
    if (out_.has_date && !out_.has_time && text[0] == '-' && !out_.year) bad_format();
    const auto zone = time_zone::find(text);
    if (out_.zone || !zone) bad_format();
    const int offset = zone->at(0).seconds_east;
    if (std::abs(offset) >= 16 * 3600)
      throw sql_error("22009", "time zone displacement out of range: \"" + std::string(text_) + "\"");
    out_.zone = zone;
  }

  void apply_word(const std::string& text, std::size_t i) {
    using special = enum moment::special;
    const std::string w = lower_ascii(text);
    if (const int month = month_of(w)) {
      if (out_.month && !out_.day && out_.month <= 31) out_.day = out_.month, out_.month.reset();  // "8 Jan 1999"
      if (out_.month) bad_format();
      out_.month = month;
      out_.has_date = out_.year && out_.day;
      return;
    }
    if (w == "t" && i + 1 < fields_.size() && fields_[i + 1].kind != field_kind::word) {
      time_follows_ = fields_[i + 1].kind == field_kind::number;
      return;
    }
    if (w == "am" || w == "pm") return void(out_.afternoon = w == "pm");
    if (w == "bc" || w == "ad" || w == "b.c." || w == "a.d.") return void(out_.before_christ = w[0] == 'b');
    if (w == "infinity" || w == "+infinity") return void(out_.special = special::infinity);
    if (w == "-infinity") return void(out_.special = special::minus_infinity);
    if (w == "epoch") return void(out_.special = special::epoch);
    if (w == "now") return void(out_.special = special::now);
    if (w == "today") return void(out_.special = special::today);
    if (w == "tomorrow") return void(out_.special = special::tomorrow);
    if (w == "yesterday") return void(out_.special = special::yesterday);
    if (w == "allballs") return set_time(0, 0, 0, 0), void(out_.zone = time_zone::fixed(0));
    if (w == "at" || w == "on" || weekday(w)) return;
    if (w[0] == 'j' && w.size() == 1 && i + 1 < fields_.size() && fields_[i + 1].kind == field_kind::number)
      return apply_julian(i + 1);
    auto zone = time_zone::find(text);
    if (!zone && (text.find('/') != std::string::npos || out_.has_time))
      throw sql_error(sqlstate::invalid_parameter_value, "time zone \"" + w + "\" not recognized");
    if (!zone || out_.zone) bad_format();
    out_.zone = std::move(zone);
  }
  void apply_julian(std::size_t i) {
    const civil_date d = civil_of(integer(fields_[i].text) + days_least);
    out_.year = d.year, out_.month = d.month, out_.day = d.day;
    out_.has_date = true;
    fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  moment finish() {
    if (out_.special != decltype(out_.special)::none) {
      if (out_.year || out_.month) bad_format();
      return out_;
    }
    if (out_.afternoon >= 0) apply_half_day();
    if (!out_.year && !out_.month && !out_.day) return out_;
    if (!out_.year || !out_.month || !out_.day) bad_format();
    if (out_.year_has_two_digits && !out_.before_christ) *out_.year += *out_.year < 70 ? 2000 : 1900;
    if (out_.before_christ) {
      if (*out_.year <= 0) out_of_range();
      out_.year = 1 - *out_.year;
    } else if (*out_.year <= 0 && !julian_) {
      out_of_range();
    }
    if (*out_.month < 1 || *out_.month > 12 || *out_.day < 1 || *out_.day > 31) out_of_range(true);
    if (*out_.year > 6'000'000 || *out_.day > days_in_month(*out_.year, static_cast<int>(*out_.month))) out_of_range();
    out_.has_date = true;
    return out_;
  }
  void apply_half_day() {
    const std::int64_t hour = out_.us / us_per_hour;
    if (hour > 12) out_of_range();
    if (out_.afternoon == 1 && hour != 12) out_.us += 12 * us_per_hour;
    if (out_.afternoon == 0 && hour == 12) out_.us -= 12 * us_per_hour;
  }

  std::string_view text_;
  const char* type_;
  const format_settings& settings_;
  date_order order_;
  std::size_t at_ = 0;
  std::vector<field> fields_;
  moment out_;
  bool time_follows_ = false, julian_ = false;
  bool only_time_ = false;      ///< six digits are a time then, not a date
  bool year_is_last_ = false;   ///< "8-Jan-1999", whatever the order of DateStyle
};

std::int64_t days_in(const moment& m) {
  return days_of({*m.year, static_cast<int>(*m.month), static_cast<int>(*m.day)});
}

/// Today in the session's zone, moved by `offset` days.
std::int64_t today(const format_settings& settings, int offset) {
  return split(time_zone::of(settings).to_local(current_time_us(settings))).days + offset;
}

[[noreturn]] void bad(const char* type, std::string_view text) {
  throw sql_error(sqlstate::invalid_datetime_format,
                  std::string("invalid input syntax for type ").append(type) + ": \"" + std::string(text) + "\"");
}

std::int64_t checked(const char* what, std::int64_t days, std::int64_t us, std::int64_t shift, std::string_view text) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(days, us_per_day, &out) || __builtin_add_overflow(out, us, &out) ||
      __builtin_sub_overflow(out, shift, &out) || out < timestamp_least || out >= timestamp_end)
    throw sql_error(sqlstate::datetime_field_overflow, std::string(what) + " out of range: \"" + std::string(text) + "\"");
  return out;
}

/// Both kinds of timestamps; `zoned` says which.
std::int64_t parse_moment(std::string_view text, const format_settings& settings, bool zoned) {
  using special = enum moment::special;
  const char* type = zoned ? "timestamp with time zone" : "timestamp";
  const moment m = decoder(text, type, settings).decode();
  const time_zone session = time_zone::of(settings);
  const auto local_day = [&](int offset) {
    const std::int64_t local = today(settings, offset) * us_per_day + m.us;
    return zoned ? session.to_utc(local) : local;
  };
  switch (m.special) {
    case special::infinity: return timestamp_infinity;
    case special::minus_infinity: return timestamp_minus_infinity;
    case special::epoch: return -unix_epoch_us;
    case special::now: return zoned ? current_time_us(settings) : session.to_local(current_time_us(settings));
    case special::today: return local_day(0);
    case special::tomorrow: return local_day(1);
    case special::yesterday: return local_day(-1);
    case special::none: break;
  }
  if (!m.has_date) bad(type, text);
  const std::int64_t local = checked("timestamp", days_in(m), m.us, 0, text);
  if (!zoned) return local;
  return checked("timestamp", 0, local, (m.zone ? *m.zone : session).offset_of_local(local) * us_per_second, text);
}

}  // namespace

std::int64_t parse_date(std::string_view text, const format_settings& settings) {
  using special = enum moment::special;
  const moment m = decoder(text, "date", settings).decode();
  switch (m.special) {
    case special::infinity: return date_infinity;
    case special::minus_infinity: return date_minus_infinity;
    case special::epoch: return -unix_epoch_days;
    case special::now:
    case special::today: return today(settings, 0);
    case special::tomorrow: return today(settings, 1);
    case special::yesterday: return today(settings, -1);
    case special::none: break;
  }
  if (!m.has_date) bad("date", text);
  const std::int64_t days = days_in(m);
  if (days < days_least || days >= date_days_end)
    throw sql_error(sqlstate::datetime_field_overflow, "date out of range: \"" + std::string(text) + "\"");
  return days;
}

std::int64_t parse_time(std::string_view text, const format_settings& settings) {
  const moment m = decoder(text, "time", settings).decode();
  if (m.special == decltype(m.special)::now) return split(time_zone::of(settings).to_local(current_time_us(settings))).us;
  if (!m.has_time || m.special != decltype(m.special)::none) bad("time", text);
  return m.us;
}

zoned_time parse_zoned_time(std::string_view text, const format_settings& settings) {
  const char* type = "time with time zone";
  const moment m = decoder(text, type, settings).decode();
  if (m.special == decltype(m.special)::now) return zoned_time_at(current_time_us(settings), settings);
  if (!m.has_time || m.special != decltype(m.special)::none) bad(type, text);
  // A zone with summer time needs a date to tell its offset.
  const bool by_rules = m.zone && text.find('/') != std::string_view::npos;
  if (by_rules && !m.has_date) bad(type, text);
  const std::int64_t local = (m.has_date ? days_in(m) : today(settings, 0)) * us_per_day + m.us;
  return {m.us, -(m.zone ? *m.zone : time_zone::of(settings)).offset_of_local(local)};
}

std::int64_t parse_timestamp(std::string_view text, const format_settings& settings) {
  return parse_moment(text, settings, false);
}
std::int64_t parse_timestamptz(std::string_view text, const format_settings& settings) {
  return parse_moment(text, settings, true);
}

}  // namespace helios::sql
