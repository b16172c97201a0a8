#pragma once
// numeric as a value: coefficient * 10^-scale with GMP, or NaN or an infinity. `scale` is PostgreSQL's display scale:
// 1.50 and 1.5 are equal but print differently. In a datum: one byte of kind (0 positive, 1 negative, 2 NaN,
// 3 Infinity, 4 -Infinity), scale (u16, little-endian), magnitude (little-endian, no trailing zero bytes).
//
// I1 scale is 0 to 16383 in a datum; a finite value has at most 131072 digits before the point.
// I2 NaN and infinities have coefficient 0 and scale 0.

#include <gmpxx.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/types/datum.hpp"

namespace helios::sql {

struct decimal {
  enum class kind : std::uint8_t { finite, nan, plus_infinity, minus_infinity };

  mpz_class coefficient;
  int scale = 0;
  kind what = kind::finite;

  decimal() = default;
  decimal(mpz_class c, int s) : coefficient(std::move(c)), scale(s) {}
  explicit decimal(kind k) : what(k) {}
  static decimal of_int(std::int64_t v);
  /// As a cast from float8 (15 digits) or float4 (6 digits).
  static decimal of_double(double v, int digits);
  /// Throws 22P02 or 22003.
  static decimal parse(std::string_view text);
  static decimal from(datum v);

  datum to_datum(arena& mem) const;
  std::string to_text() const;
  double to_double() const;
  /// Rounded; throws 22003 `type out of range`, 0A000 for NaN and infinities.
  std::int64_t to_int(std::int64_t least, std::int64_t most, const char* type) const;

  bool finite() const { return what == kind::finite; }
  bool nan() const { return what == kind::nan; }
  bool infinite() const { return !finite() && !nan(); }
  /// -1, 0, 1; NaN counts as 1.
  int sign() const;
  /// Decimal digits before the point; 0 or less when it begins behind the point; 0 for zero.
  int digits_before_point() const;
};

/// 10^n, from a table when small.
mpz_class power_of_ten(unsigned n);
/// Throws 22003 when the value is larger than numeric can be.
const decimal& check_range(const decimal& v);

std::strong_ordering compare(const decimal& a, const decimal& b);
decimal negate(decimal v);
decimal add(const decimal& a, const decimal& b);
decimal subtract(const decimal& a, const decimal& b);
decimal multiply(const decimal& a, const decimal& b);
decimal divide(const decimal& a, const decimal& b);
/// With a given scale, rounded half away from zero or, if `truncate`, cut.
decimal divide(const decimal& a, const decimal& b, int scale, bool truncate);
decimal modulo(const decimal& a, const decimal& b);
/// `scale` may be negative; the result's scale is max(scale, 0).
decimal round(const decimal& v, int scale);
decimal truncate(const decimal& v, int scale);
decimal ceiling(const decimal& v);
decimal floor(const decimal& v);
/// PostgreSQL's choice of the scale of a quotient: at least 16 significant digits.
int division_scale(const decimal& a, const decimal& b);
/// Position of the first non-zero digit in groups of four, and that group (PostgreSQL's NumericVar): its scale rules
/// count with them.
struct group_position {
  int weight = 0;
  int first = 0;
};
group_position leading_group(const decimal& v);
/// numeric(p, s): rounds, then throws 22003 with PostgreSQL's detail when it does not fit.
decimal apply_modifier(const decimal& v, std::int32_t modifier);

}  // namespace helios::sql
