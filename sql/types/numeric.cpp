#include "sql/types/numeric.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

constexpr int scale_max = 16383;
constexpr int digits_before_max = 131072;

[[noreturn]] void overflow() {
  throw sql_error(sqlstate::numeric_value_out_of_range, "value overflows numeric format");
}

std::string magnitude_text(const mpz_class& v) {
  std::string text = v.get_str();
  if (text.front() == '-') text.erase(0, 1);
  return text;
}

/// coefficient brought to a larger scale.
mpz_class widened(const decimal& v, int scale) {
  return v.scale == scale ? v.coefficient : mpz_class(v.coefficient * power_of_ten(static_cast<unsigned>(scale - v.scale)));
}

mpz_class divide_rounded(const mpz_class& a, const mpz_class& b) {
  mpz_class quotient, rest;
  mpz_tdiv_qr(quotient.get_mpz_t(), rest.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
  rest *= 2;
  if (mpz_cmpabs(rest.get_mpz_t(), b.get_mpz_t()) >= 0) quotient += sgn(a) * sgn(b);
  return quotient;
}

struct scanned {
  bool negative = false;
  std::string digits;
  std::int64_t scale = 0;  ///< digits behind the point, less the exponent
};

std::int64_t scan_exponent(std::string_view& rest, std::string_view text) {
  if (rest.empty() || (rest[0] != 'e' && rest[0] != 'E')) return 0;
  rest.remove_prefix(1);
  if (rest.starts_with('+') && rest.size() > 1 && is_digit(rest[1])) rest.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
  if (error != std::errc() || std::abs(exponent) >= INT32_MAX / 2) invalid_text("numeric", text);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return exponent;
}

scanned scan(std::string_view rest, std::string_view text) {
  scanned out;
  if (rest.starts_with('-') || rest.starts_with('+')) {
    out.negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  bool point = false;
  for (; !rest.empty(); rest.remove_prefix(1)) {
    if (is_digit(rest[0])) {
      out.digits.push_back(rest[0]);
      out.scale += point;
    } else if (rest[0] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (out.digits.empty()) invalid_text("numeric", text);
  out.scale -= scan_exponent(rest, text);
  if (!rest.empty()) invalid_text("numeric", text);
  return out;
}

bool parse_special(std::string_view word, decimal& out) {
  if (equal_ignoring_case(word, "nan")) {
    out = decimal(decimal::kind::nan);
    return true;
  }
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) word.remove_prefix(1);
  if (!equal_ignoring_case(word, "infinity") && !equal_ignoring_case(word, "inf")) return false;
  out = decimal(negative ? decimal::kind::minus_infinity : decimal::kind::plus_infinity);
  return true;
}

}  // namespace

mpz_class power_of_ten(unsigned n) {
  static constexpr std::uint64_t small[] = {1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull,
                                            100000000ull, 1000000000ull, 10000000000ull, 100000000000ull,
                                            1000000000000ull, 10000000000000ull, 100000000000000ull,
                                            1000000000000000ull, 10000000000000000ull, 100000000000000000ull,
                                            1000000000000000000ull};
  if (n < std::size(small)) return mpz_class(static_cast<unsigned long>(small[n]));
  mpz_class out;
  mpz_ui_pow_ui(out.get_mpz_t(), 10, n);
  return out;
}

decimal decimal::of_int(std::int64_t v) {
  static_assert(sizeof(long) == sizeof(std::int64_t));
  return {mpz_class(static_cast<long>(v)), 0};
}

decimal decimal::of_double(double v, int digits) {
  if (std::isnan(v)) return decimal(kind::nan);
  if (std::isinf(v)) return decimal(v < 0 ? kind::minus_infinity : kind::plus_infinity);
  char buffer[64];
  const int n = std::snprintf(buffer, sizeof buffer, "%.*g", digits, v);
  return parse({buffer, static_cast<std::size_t>(n)});
}

decimal decimal::parse(std::string_view text) {
  const std::string_view body = trim(text);
  decimal special;
  if (parse_special(body, special)) return special;
  scanned s = scan(body, text);
  const auto first = s.digits.find_first_not_of('0');
  if (first == std::string::npos) s.digits = "0", s.scale = std::max<std::int64_t>(s.scale, 0);
  else if (static_cast<std::int64_t>(s.digits.size() - first) - s.scale > digits_before_max) overflow();
  decimal out(mpz_class(s.digits, 10), 0);
  if (s.negative) out.coefficient = -out.coefficient;
  if (s.scale < 0) {
    if (sgn(out.coefficient) != 0) out.coefficient *= power_of_ten(static_cast<unsigned>(-s.scale));
    return out;
  }
  // Far below the smallest value everything rounds to zero; bound the work.
  if (s.scale > scale_max + static_cast<std::int64_t>(s.digits.size()) + 1) return {mpz_class(0), scale_max};
  out.scale = static_cast<int>(s.scale);
  return out.scale > scale_max ? round(out, scale_max) : out;
}

decimal decimal::from(datum v) {
  const auto bytes = v.as_bytes();
  if (bytes.size() < 3 || static_cast<std::uint8_t>(bytes[0]) > 4)
    throw sql_error(sqlstate::data_corrupted, "a stored numeric value is damaged");
  const auto code = static_cast<std::uint8_t>(bytes[0]);
  if (code >= 2) return decimal(static_cast<kind>(code - 1));
  decimal out;
  out.scale = load_le<std::uint16_t>(bytes.data() + 1);
  mpz_import(out.coefficient.get_mpz_t(), bytes.size() - 3, -1, 1, 0, 0, bytes.data() + 3);
  if (code == 1) out.coefficient = -out.coefficient;
  return out;
}

datum decimal::to_datum(arena& mem) const {
  const std::size_t size = sgn(coefficient) == 0 ? 0 : (mpz_sizeinbase(coefficient.get_mpz_t(), 2) + 7) / 8;
  char* to = mem.allocate(size + 3);
  to[0] = static_cast<char>(finite() ? (sgn(coefficient) < 0 ? 1 : 0) : static_cast<int>(what) + 1);
  store_le(to + 1, static_cast<std::uint16_t>(scale));
  if (size > 0) mpz_export(to + 3, nullptr, -1, 1, 0, 0, coefficient.get_mpz_t());
  return datum::of_bytes({to, size + 3});
}

std::string decimal::to_text() const {
  switch (what) {
    case kind::nan: return "NaN";
    case kind::plus_infinity: return "Infinity";
    case kind::minus_infinity: return "-Infinity";
    case kind::finite: break;
  }
  std::string digits = magnitude_text(coefficient);
  const auto behind = static_cast<std::size_t>(scale);
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  if (behind > 0) digits.insert(digits.size() - behind, 1, '.');
  if (sgn(coefficient) < 0) digits.insert(0, 1, '-');
  return digits;
}

double decimal::to_double() const {
  switch (what) {
    case kind::nan: return std::numeric_limits<double>::quiet_NaN();
    case kind::plus_infinity: return std::numeric_limits<double>::infinity();
    case kind::minus_infinity: return -std::numeric_limits<double>::infinity();
    case kind::finite: break;
  }
  return parse_float8(to_text());
}

std::int64_t decimal::to_int(std::int64_t least, std::int64_t most, const char* type) const {
  if (!finite())
    throw sql_error(sqlstate::feature_not_supported,
                    std::string("cannot convert ") + (nan() ? "NaN" : "infinity") + " to " + type);
  const decimal whole = round(*this, 0);
  if (!whole.coefficient.fits_slong_p() || whole.coefficient.get_si() < least || whole.coefficient.get_si() > most)
    throw sql_error(sqlstate::numeric_value_out_of_range, std::string(type) + " out of range");
  return whole.coefficient.get_si();
}

int decimal::sign() const {
  switch (what) {
    case kind::minus_infinity: return -1;
    case kind::finite: return sgn(coefficient);
    default: return 1;
  }
}

int decimal::digits_before_point() const {
  if (sgn(coefficient) == 0) return 0;
  auto size = mpz_sizeinbase(coefficient.get_mpz_t(), 10);  // exact or one too many
  if (mpz_cmpabs(coefficient.get_mpz_t(), power_of_ten(static_cast<unsigned>(size - 1)).get_mpz_t()) < 0) --size;
  return static_cast<int>(size) - scale;
}

const decimal& check_range(const decimal& v) {
  if (v.finite() && v.digits_before_point() > digits_before_max) overflow();
  return v;
}

std::strong_ordering compare(const decimal& a, const decimal& b) {
  const auto rank = [](const decimal& v) {
    return v.nan() ? 2 : v.what == decimal::kind::plus_infinity ? 1 : v.what == decimal::kind::minus_infinity ? -1 : 0;
  };
  if (rank(a) != 0 || rank(b) != 0) return rank(a) <=> rank(b);
  if (a.scale == b.scale) return cmp(a.coefficient, b.coefficient) <=> 0;
  const int scale = std::max(a.scale, b.scale);
  return cmp(widened(a, scale), widened(b, scale)) <=> 0;
}

decimal negate(decimal v) {
  if (v.what == decimal::kind::plus_infinity) return decimal(decimal::kind::minus_infinity);
  if (v.what == decimal::kind::minus_infinity) return decimal(decimal::kind::plus_infinity);
  v.coefficient = -v.coefficient;
  return v;
}

decimal add(const decimal& a, const decimal& b) {
  if (!a.finite() || !b.finite()) {
    if (a.nan() || b.nan() || (!a.finite() && !b.finite() && a.what != b.what)) return decimal(decimal::kind::nan);
    return decimal(a.finite() ? b.what : a.what);
  }
  const int scale = std::max(a.scale, b.scale);
  return check_range({widened(a, scale) + widened(b, scale), scale});
}

decimal subtract(const decimal& a, const decimal& b) { return add(a, negate(b)); }

decimal multiply(const decimal& a, const decimal& b) {
  if (!a.finite() || !b.finite()) {
    const int s = a.sign() * b.sign();
    if (a.nan() || b.nan() || s == 0) return decimal(decimal::kind::nan);
    return decimal(s > 0 ? decimal::kind::plus_infinity : decimal::kind::minus_infinity);
  }
  decimal out(a.coefficient * b.coefficient, a.scale + b.scale);
  check_range(out);
  return out.scale > scale_max ? round(out, scale_max) : out;
}

group_position leading_group(const decimal& v) {
  if (sgn(v.coefficient) == 0) return {};
  const int before = v.digits_before_point();
  const std::string digits = magnitude_text(v.coefficient);
  // floor((before - 1) / 4): the group that holds the first digit.
  const int weight = before > 0 ? (before - 1) / 4 : -((4 - before) / 4);
  const int take = before - weight * 4;
  int first = 0;
  for (int i = 0; i < take; ++i)
    first = first * 10 + (static_cast<std::size_t>(i) < digits.size() ? digits[static_cast<std::size_t>(i)] - '0' : 0);
  return {weight, first};
}

int division_scale(const decimal& a, const decimal& b) {
  const auto left = leading_group(a), right = leading_group(b);
  int weight = left.weight - right.weight;
  if (left.first <= right.first) --weight;
  const int scale = std::max({16 - weight * 4, a.scale, b.scale, 0});
  return std::min(scale, 1000);
}

decimal divide(const decimal& a, const decimal& b, int scale, bool cut) {
  // a.c/10^a.s / (b.c/10^b.s) * 10^scale = a.c * 10^(scale + b.s - a.s) / b.c
  mpz_class top = a.coefficient, bottom = b.coefficient;
  const int shift = scale + b.scale - a.scale;
  if (shift >= 0) top *= power_of_ten(static_cast<unsigned>(shift));
  else bottom *= power_of_ten(static_cast<unsigned>(-shift));
  return {cut ? mpz_class(top / bottom) : divide_rounded(top, bottom), scale};
}

namespace {
[[noreturn]] void by_zero() { throw sql_error(sqlstate::division_by_zero, "division by zero"); }
}  // namespace

decimal divide(const decimal& a, const decimal& b) {
  if (a.nan() || b.nan()) return decimal(decimal::kind::nan);
  if (a.infinite()) {
    if (b.infinite()) return decimal(decimal::kind::nan);
    if (b.sign() == 0) by_zero();
    return decimal(a.sign() * b.sign() > 0 ? decimal::kind::plus_infinity : decimal::kind::minus_infinity);
  }
  if (b.infinite()) return {};
  if (b.sign() == 0) by_zero();
  return check_range(divide(a, b, division_scale(a, b), false));
}

decimal modulo(const decimal& a, const decimal& b) {
  if (a.nan() || b.nan()) return decimal(decimal::kind::nan);
  if (a.infinite()) {
    if (b.sign() == 0) by_zero();
    return decimal(decimal::kind::nan);
  }
  if (b.infinite()) return a;
  if (b.sign() == 0) by_zero();
  const int scale = std::max(a.scale, b.scale);
  return {widened(a, scale) % widened(b, scale), scale};
}

decimal round(const decimal& v, int scale) {
  if (!v.finite()) return v;
  scale = std::min(scale, scale_max);
  if (scale >= v.scale) return {widened(v, scale), scale};
  if (scale < -digits_before_max - 1) return {};
  mpz_class c = divide_rounded(v.coefficient, power_of_ten(static_cast<unsigned>(v.scale - scale)));
  if (scale < 0) c *= power_of_ten(static_cast<unsigned>(-scale));
  return check_range({c, std::max(scale, 0)});
}

decimal truncate(const decimal& v, int scale) {
  if (!v.finite()) return v;
  scale = std::min(scale, scale_max);
  if (scale >= v.scale) return {widened(v, scale), scale};
  if (scale < -digits_before_max - 1) return {};
  mpz_class c = v.coefficient / power_of_ten(static_cast<unsigned>(v.scale - scale));
  if (scale < 0) c *= power_of_ten(static_cast<unsigned>(-scale));
  return {c, std::max(scale, 0)};
}

decimal ceiling(const decimal& v) {
  if (!v.finite()) return v;
  decimal out;
  mpz_cdiv_q(out.coefficient.get_mpz_t(), v.coefficient.get_mpz_t(),
             power_of_ten(static_cast<unsigned>(v.scale)).get_mpz_t());
  return out;
}

decimal floor(const decimal& v) { return negate(ceiling(negate(v))); }

decimal apply_modifier(const decimal& v, std::int32_t modifier) {
  if (modifier < 4 || v.nan()) return v;
  const int packed = modifier - 4;
  const int precision = (packed >> 16) & 0xffff;
  const int scale = ((packed & 0x7ff) ^ 1024) - 1024;
  const std::string field = "A field with precision " + std::to_string(precision) + ", scale " + std::to_string(scale);
  if (v.infinite())
    throw sql_error(sqlstate::numeric_value_out_of_range, "numeric field overflow")
        .detail(field + " cannot hold an infinite value.");
  const decimal rounded = round(v, scale);
  if (rounded.digits_before_point() > precision - scale && rounded.sign() != 0)
    throw sql_error(sqlstate::numeric_value_out_of_range, "numeric field overflow")
        .detail(field + " must round to an absolute value less than " +
                (precision == scale ? "1" : "10^" + std::to_string(precision - scale)) + ".");
  return rounded;
}

}  // namespace helios::sql
