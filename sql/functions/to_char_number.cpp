// to_char and to_number of numbers. A pattern is read once into counts and flags; then the number's digits are laid
// out beside the pattern, position by position.
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/sql_error.hpp"
#include "sql/functions/date_format.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_to_char_number(registry&);

namespace {

using args_t = std::span<const datum>;

enum class number_key : std::uint8_t { nine, zero, comma, point, blank, group, currency, fill, minus, plus, plus_minus, sign, brackets, ordinal, roman, scientific, shift, text };

struct number_token {
  number_key key = number_key::text;
  bool lower = false;
  std::string text;
};

enum class sign_place : std::uint8_t { none, before, after };

struct number_pattern {
  std::vector<number_token> tokens;
  int before = 0, after = 0;  ///< digits before and behind the point
  int shift = 0;              ///< digits behind V
  bool has_point = false, has_zero = false, has_shift = false, fill = false, has_minus = false, has_plus = false;
  bool has_sign = false, brackets = false, roman = false, scientific = false, blank = false;
  int zero_first = 0, zero_last = 0;
  sign_place sign = sign_place::none;
  int digits_before_sign = 0;
};

[[noreturn]] void bad_pattern(const char* why) { throw sql_error(sqlstate::syntax_error, why); }

struct number_keyword {
  std::string_view name;
  number_key key;
};
constexpr number_keyword keywords[] = {
    {"EEEE", number_key::scientific}, {"FM", number_key::fill}, {"MI", number_key::minus}, {"PL", number_key::plus},
    {"PR", number_key::brackets}, {"RN", number_key::roman}, {"SG", number_key::plus_minus}, {"TH", number_key::ordinal},
    {"B", number_key::blank}, {"D", number_key::point}, {"G", number_key::group}, {"L", number_key::currency},
    {"S", number_key::sign}, {"V", number_key::shift}, {"9", number_key::nine}, {"0", number_key::zero},
    {",", number_key::comma}, {".", number_key::point}};

class number_pattern_parser {
 public:
  explicit number_pattern_parser(std::string_view text) : rest_(text) {}

  number_pattern parse() {
    while (!rest_.empty()) next();
    return std::move(p_);
  }

 private:
  void next() {
    for (const auto& k : keywords) {
      const std::string lower = lower_ascii(k.name);
      if (!rest_.starts_with(k.name) && !rest_.starts_with(lower)) continue;
      const bool is_lower = !rest_.starts_with(k.name);
      rest_.remove_prefix(k.name.size());
      note(k.key);
      p_.tokens.push_back({k.key, is_lower, {}});
      return;
    }
    literal();
  }
  void add_text(std::string_view character) { p_.tokens.push_back({number_key::text, false, std::string(character)}); }
  std::string_view take_character() {
    const auto size = std::min(utf8_size(rest_[0]), rest_.size());
    const auto c = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return c;
  }
  void literal() {
    if (rest_[0] != '"') {
      if (rest_.starts_with("\\\"")) rest_.remove_prefix(1);
      return add_text(take_character());
    }
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      if (rest_[0] == '"') return rest_.remove_prefix(1);
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      add_text(take_character());
    }
  }

  void digit(bool zero) {
    if (p_.brackets) bad_pattern(zero ? "\"0\" must be ahead of \"PR\"" : "\"9\" must be ahead of \"PR\"");
    if (zero && !p_.has_zero && !p_.has_point) {
      p_.has_zero = true;
      p_.zero_first = p_.before + 1;
    }
    if (p_.has_shift && !zero) ++p_.shift;
    else ++(p_.has_point ? p_.after : p_.before);
    if (zero) p_.zero_last = p_.before + p_.after;
  }
  void point() {
    if (p_.has_point) bad_pattern("multiple decimal points");
    if (p_.has_shift) bad_pattern("cannot use \"V\" and decimal point together");
    p_.has_point = true;
  }
  void sign() {
    if (p_.has_sign) bad_pattern("cannot use \"S\" twice");
    if (p_.has_plus || p_.has_minus || p_.brackets) bad_pattern("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    p_.has_sign = true;
    p_.sign = p_.has_point ? sign_place::after : sign_place::before;
    if (!p_.has_point) p_.digits_before_sign = p_.before;
  }
  void note(number_key key) {
    if (p_.scientific && key != number_key::scientific) bad_pattern("\"EEEE\" must be the last pattern used");
    switch (key) {
      case number_key::nine: digit(false); break;
      case number_key::zero: digit(true); break;
      case number_key::blank: p_.blank = p_.before == 0 && p_.after == 0 && !p_.has_zero; break;
      case number_key::point: point(); break;
      case number_key::fill: p_.fill = true; break;
      case number_key::sign: sign(); break;
      case number_key::minus:
        if (p_.has_sign) bad_pattern("cannot use \"S\" and \"MI\" together");
        p_.has_minus = true;
        break;
      case number_key::plus:
        if (p_.has_sign) bad_pattern("cannot use \"S\" and \"PL\" together");
        p_.has_plus = true;
        break;
      case number_key::plus_minus:
        if (p_.has_sign) bad_pattern("cannot use \"S\" and \"SG\" together");
        p_.has_plus = p_.has_minus = true;
        break;
      case number_key::brackets:
        if (p_.has_sign || p_.has_plus || p_.has_minus) bad_pattern("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        p_.brackets = true;
        break;
      case number_key::roman: p_.roman = true; break;
      case number_key::shift:
        if (p_.has_point) bad_pattern("cannot use \"V\" and decimal point together");
        p_.has_shift = true;
        break;
      case number_key::scientific: scientific(); break;
      default: break;
    }
  }
  void scientific() {
    if (p_.scientific) bad_pattern("cannot use \"EEEE\" twice");
    if (p_.blank || p_.fill || p_.has_sign || p_.brackets || p_.has_minus || p_.has_plus || p_.roman || p_.has_shift)
      throw sql_error(sqlstate::syntax_error, "\"EEEE\" is incompatible with other formats")
          .detail("\"EEEE\" may only be used together with digit and decimal point patterns.");
    p_.scientific = true;
  }

  std::string_view rest_;
  number_pattern p_;
};

/// Lays out one number. `digits` has no sign; `spaces` is how many positions before the point it leaves empty.
class number_writer {
 public:
  number_writer(number_pattern& p, bool negative, std::string digits, int spaces)
      : p_(p), negative_(negative), digits_(std::move(digits)), spaces_(spaces) {
    prepare();
  }

  std::string write() {
    for (const auto& t : p_.tokens) token(t);
    return std::move(out_);
  }

 private:
  static constexpr std::size_t nowhere = std::string::npos;

  void prepare() {
    if (p_.has_plus || p_.has_minus) {
      sign_written_ = p_.has_minus;
    } else {
      if (!negative_ && p_.fill && p_.brackets) p_.brackets = false;
      sign_written_ = !negative_ && p_.fill && !p_.has_sign;
      if (p_.sign == sign_place::before && p_.before == p_.digits_before_sign) p_.sign = sign_place::after;
    }
    count_ = p_.before + p_.after - 1;
    if (p_.fill && p_.has_point) find_last_relevant();
    if (!sign_written_ && spaces_ == 0) ++count_;
    if (p_.zero_first > 0) --p_.zero_first;
  }
  /// Zeros at the end of the fraction are left out with FM, but not where the pattern says 0.
  void find_last_relevant() {
    const auto point = digits_.find('.');
    if (point == nowhere) return;
    last_ = point;
    for (std::size_t i = point; i < digits_.size(); ++i)
      if (digits_[i] != '0') last_ = i;
    if (p_.has_zero || p_.zero_last > 0) {
      if (p_.zero_last > spaces_) {
        const auto keep = std::min(digits_.size() - 1, static_cast<std::size_t>(p_.zero_last - spaces_));
        if (last_ < keep) last_ = keep;
      }
    }
  }

  char digit() const { return at_ < digits_.size() ? digits_[at_] : '\0'; }
  bool last_is_point() const { return last_ != nowhere && digits_[last_] == '.'; }
  /// "9.9" of 0.1 is " .1".
  bool empty_before_point() const { return !p_.has_zero && at_ == 0 && digit() == '0' && p_.after != 0; }

  void write_sign() {
    if (sign_written_ || (position_ < spaces_ && !(p_.has_zero && p_.zero_first == position_))) return;
    if (empty_before_point() && !last_is_point()) return;
    if (p_.has_sign) {
      if (p_.sign != sign_place::before) return;
      out_ += negative_ ? '-' : '+';
    } else if (p_.brackets) {
      out_ += negative_ ? '<' : ' ';
    } else if (negative_) {
      out_ += '-';
    } else if (!p_.fill) {
      out_ += ' ';
    }
    sign_written_ = true;
  }
  void write_digit(bool zero) {
    if (digit() == '.') {
      out_ += '.';
    } else if (last_ != nowhere && at_ > last_ && !zero) {
      // Left out.
    } else if (empty_before_point()) {
      if (!p_.fill) out_ += ' ';
      else if (last_is_point()) out_ += '0';
    } else if (digit() != '\0') {
      out_ += digit();
      in_number_ = true;
    }
    if (at_ < digits_.size()) ++at_;
  }
  void write_end() {
    int end = count_ + (spaces_ != 0 ? 1 : 0) + (p_.has_point ? 1 : 0);
    if (last_ != nowhere && last_ == at_) end = position_;
    if (position_ + 1 != end) return;
    if (sign_written_ && p_.brackets) out_ += negative_ ? '>' : ' ';
    else if (p_.has_sign && p_.sign == sign_place::after) out_ += negative_ ? '-' : '+';
  }
  void number_position(number_key key) {
    in_number_ = false;
    write_sign();
    if (position_ < spaces_ && (p_.zero_first > position_ || !p_.has_zero)) {
      if (!p_.fill) out_ += ' ';
    } else if (p_.has_zero && position_ < spaces_ && p_.zero_first <= position_) {
      out_ += '0';
      in_number_ = true;
    } else {
      write_digit(key == number_key::zero);
    }
    write_end();
    ++position_;
  }

  void token(const number_token& t) {
    switch (t.key) {
      case number_key::nine: case number_key::zero: case number_key::point: return number_position(t.key);
      case number_key::comma: case number_key::group:
        if (in_number_) out_ += ',';
        else if (!p_.fill) out_ += ' ';
        return;
      case number_key::currency: out_ += ' '; return;
      case number_key::ordinal:
        if (!p_.roman && digits_.find('#') == nowhere && !negative_ && !p_.has_point) out_ += ordinal_suffix(digits_, !t.lower);
        return;
      case number_key::minus:
        if (negative_) out_ += '-';
        else if (!p_.fill) out_ += ' ';
        return;
      case number_key::plus:
        if (!negative_) out_ += '+';
        else if (!p_.fill) out_ += ' ';
        return;
      case number_key::plus_minus: out_ += negative_ ? '-' : '+'; return;
      case number_key::roman: return roman(t.lower);
      case number_key::text: out_ += t.text; return;
      default: return;
    }
  }
  void roman(bool lower) {
    const std::string text = lower ? lower_ascii(digits_) : digits_;
    if (!p_.fill && text.size() < 15) out_.append(15 - text.size(), ' ');
    out_ += text;
  }

  number_pattern& p_;
  bool negative_;
  std::string digits_;
  int spaces_;
  std::string out_;
  std::size_t at_ = 0, last_ = nowhere;
  int position_ = 0, count_ = 0;
  bool sign_written_ = false, in_number_ = false;
};

std::string roman_number(std::int64_t v) {
  if (v < 1 || v > 3999) return std::string(15, '#');
  static constexpr struct { int value; const char* text; } steps[] = {
      {1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}};
  std::string out;
  for (const auto& s : steps)
    for (; v >= s.value; v -= s.value) out += s.text;
  return out;
}

/// "1.23e+04" with `after` digits behind the point.
std::string scientific_text(const decimal& v, int after) {
  if (v.sign() == 0) return (after > 0 ? "0." + std::string(static_cast<std::size_t>(after), '0') : std::string("0")) + "e+00";
  int exponent = v.digits_before_point() - 1;
  const auto scaled = [&](int by) {
    const decimal moved = by >= 0 ? decimal(v.coefficient, v.scale + by)
                                  : decimal(mpz_class(v.coefficient * power_of_ten(static_cast<unsigned>(-by))), v.scale);
    return round(moved, after);
  };
  decimal mantissa = scaled(exponent);
  if (mantissa.digits_before_point() > 1) mantissa = scaled(++exponent);
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
  return mantissa.to_text() + buffer;
}

std::string roman_text(number_pattern& p, const decimal& value) {
  return number_writer(p, false, roman_number(value.to_int(INT32_MIN, INT32_MAX, "integer")), 0).write();
}

/// What EEEE makes of NaN and infinities.
std::string scientific_hashes(const number_pattern& p) {
  std::string hashes(static_cast<std::size_t>(p.before + p.after + 6), '#');
  hashes[0] = ' ';
  if (static_cast<std::size_t>(p.before + 1) < hashes.size()) hashes[static_cast<std::size_t>(p.before + 1)] = '.';
  return hashes;
}

std::string lay_out(number_pattern& p, std::string digits) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  const int before = static_cast<int>(std::min(digits.find('.'), digits.size()));
  if (before > p.before) {
    digits.assign(static_cast<std::size_t>(p.before + p.after + 1), '#');
    digits[static_cast<std::size_t>(p.before)] = '.';
  }
  return number_writer(p, negative, std::move(digits), std::max(0, p.before - before)).write();
}

std::string format_number(const decimal& value, std::string_view text) {
  number_pattern p = number_pattern_parser(text).parse();
  if (p.roman) return roman_text(p, value);
  if (p.scientific) {
    if (!value.finite()) return scientific_hashes(p);
    const std::string shown = scientific_text(value, p.after);
    return shown.starts_with('-') ? shown : " " + shown;
  }
  decimal shown = value;
  if (p.has_shift) {
    if (value.finite()) shown = multiply(value, decimal(power_of_ten(static_cast<unsigned>(p.shift)), 0));
    p.before += p.shift;
  }
  return lay_out(p, value.finite() ? round(shown, p.after).to_text() : value.to_text());
}

std::string print_double(const char* format, int precision, double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
  std::string out(400 + static_cast<std::size_t>(precision), '\0');
  const int n = std::snprintf(out.data(), out.size(), format, precision, v);
  out.resize(std::min(static_cast<std::size_t>(n), out.size() - 1));
  return out;
}

/// `digits_max`: how many significant digits a float of this type has.
std::string format_double(double value, std::string_view text, int digits_max) {
  number_pattern p = number_pattern_parser(text).parse();
  if (p.roman && !(std::fabs(value) < 4000.5)) value = 0;  // shown as too large
  if (p.roman) return roman_text(p, decimal::of_double(std::rint(value), 17));
  if (p.scientific) {
    if (!std::isfinite(value)) return scientific_hashes(p);
    const std::string shown = print_double("%.*e", p.after, value);
    return shown.starts_with('-') ? shown : " " + shown;
  }
  if (p.has_shift) {
    value *= std::pow(10, p.shift);
    p.before += p.shift;
  }
  const int before = static_cast<int>(print_double("%.*f", 0, std::fabs(value)).size());
  if (before >= digits_max) p.after = 0;
  else p.after = std::min(p.after, digits_max - before);
  return lay_out(p, print_double("%.*f", p.after, value));
}

datum of_numeric(call_context& c, args_t a) {
  if (a[1].as_bytes().empty()) return datum::null();
  return text_result(c, format_number(decimal::from(a[0]), a[1].as_bytes()));
}
template <class Int>
datum of_integer(call_context& c, args_t a) {
  if (a[1].as_bytes().empty()) return datum::null();
  const decimal value = decimal::of_int(a[0].as_int());
  // What V shifts must still be a number of the type.
  const number_pattern p = number_pattern_parser(a[1].as_bytes()).parse();
  if (p.has_shift)
    multiply(value, decimal(power_of_ten(static_cast<unsigned>(p.shift)), 0))
        .to_int(std::numeric_limits<Int>::min(), std::numeric_limits<Int>::max(), sizeof(Int) == 4 ? "integer" : "bigint");
  return text_result(c, format_number(value, a[1].as_bytes()));
}
template <int Digits>
datum of_float(call_context& c, args_t a) {
  if (a[1].as_bytes().empty()) return datum::null();
  return text_result(c, format_double(a[0].as_double(), a[1].as_bytes(), Digits));
}

/// Reads what a pattern would have written.
class number_reader {
 public:
  number_reader(const number_pattern& p, std::string_view text) : p_(p), rest_(text) {}

  std::string read() {
    for (const auto& t : p_.tokens) {
      if (rest_.empty()) break;
      token(t);
    }
    if (rest_.starts_with('-') && (p_.sign == sign_place::after || p_.has_minus || p_.has_sign)) negative_ = true;
    if (digits_.find_first_of("0123456789") == std::string::npos) return {};
    return (negative_ ? "-" : "") + digits_;
  }

 private:
  void leading_sign() {
    if (begun_) return;
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    if (rest_.starts_with('-') || rest_.starts_with('<')) negative_ = true;
    else if (!rest_.starts_with('+')) return;
    rest_.remove_prefix(1);
    begun_ = true;
  }
  void digit(bool point_place) {
    leading_sign();
    if (rest_.empty()) return;
    if (is_digit(rest_[0]) && !point_place) {
      begun_ = true;
      digits_ += rest_[0];
      rest_.remove_prefix(1);
    } else if (rest_[0] == '.' && p_.has_point && digits_.find('.') == std::string::npos) {
      digits_ += '.';
      rest_.remove_prefix(1);
      begun_ = true;
    }
  }
  void token(const number_token& t) {
    switch (t.key) {
      case number_key::nine: case number_key::zero: digit(false); return;
      case number_key::point:
        // More digits than the pattern has before its point are still digits of the number.
        digit(true);
        return;
      case number_key::comma: case number_key::group:
        if (rest_[0] == ',') rest_.remove_prefix(1);
        return;
      case number_key::minus: case number_key::plus: case number_key::plus_minus: case number_key::sign:
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
        if (rest_.starts_with('-')) negative_ = true;
        if (rest_.starts_with('-') || rest_.starts_with('+')) {
          rest_.remove_prefix(1);
          begun_ = true;
        }
        return;
      case number_key::currency: case number_key::text:
        if (!is_digit(rest_[0]) && rest_[0] != '.' && rest_[0] != ',' && rest_[0] != '-' && rest_[0] != '+')
          rest_.remove_prefix(std::min(utf8_size(rest_[0]), rest_.size()));
        return;
      case number_key::ordinal: rest_.remove_prefix(std::min<std::size_t>(2, rest_.size())); return;
      default: return;
    }
  }

  const number_pattern& p_;
  std::string_view rest_;
  std::string digits_;
  bool negative_ = false, begun_ = false;
};

datum to_number(call_context& c, args_t a) {
  if (a[1].as_bytes().empty()) return datum::null();
  const number_pattern p = number_pattern_parser(a[1].as_bytes()).parse();
  if (p.roman) throw sql_error(sqlstate::feature_not_supported, "\"RN\" not supported for input");
  if (p.scientific) throw sql_error(sqlstate::feature_not_supported, "\"EEEE\" not supported for input");
  const std::string digits = number_reader(p, a[0].as_bytes()).read();
  if (digits.empty()) invalid_text("numeric", " ");
  decimal v = decimal::parse(digits);
  if (p.has_shift) v = divide(v, decimal(power_of_ten(static_cast<unsigned>(p.shift)), 0));
  return round(v, p.has_shift ? p.shift : p.after).to_datum(*c.mem);
}

}  // namespace

void add_to_char_number(registry& r) {
  using namespace sig;
  r.add("to_char", {i4, txt}, txt, of_integer<std::int32_t>, stable);
  r.add("to_char", {i8, txt}, txt, of_integer<std::int64_t>, stable);
  r.add("to_char", {num, txt}, txt, of_numeric, stable);
  r.add("to_char", {f4, txt}, txt, of_float<6>, stable);
  r.add("to_char", {f8, txt}, txt, of_float<15>, stable);
  r.add("to_number", {txt, txt}, num, to_number, stable);
}

}  // namespace helios::sql
