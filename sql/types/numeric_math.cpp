#include "sql/types/numeric_math.hpp"

#include <mpfr.h>

#include <algorithm>
#include <cmath>

#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

constexpr int scale_max = 1000, significant_least = 16;
/// PostgreSQL computes e^x only up to here.
constexpr double exponent_most = 6000;
constexpr double log10_e = 0.434294481903252;

class real {
 public:
  explicit real(mpfr_prec_t bits) { mpfr_init2(v_, bits); }
  real(const decimal& d, mpfr_prec_t bits) : real(bits) { mpfr_set_str(v_, d.to_text().c_str(), 10, MPFR_RNDN); }
  real(const real&) = delete;
  real& operator=(const real&) = delete;
  ~real() { mpfr_clear(v_); }
  mpfr_ptr get() { return v_; }

  decimal rounded(int scale) {
    if (!mpfr_number_p(v_)) throw sql_error(sqlstate::numeric_value_out_of_range, "value overflows numeric format");
    // value * 10^scale, to the nearest integer, ties away from zero.
    mpfr_t scaled;
    mpfr_init2(scaled, mpfr_get_prec(v_) + 64);
    const mpz_class shift = power_of_ten(static_cast<unsigned>(scale));
    mpfr_mul_z(scaled, v_, shift.get_mpz_t(), MPFR_RNDN);
    mpfr_round(scaled, scaled);
    decimal out;
    mpfr_get_z(out.coefficient.get_mpz_t(), scaled, MPFR_RNDN);
    out.scale = scale;
    mpfr_clear(scaled);
    return check_range(out);
  }

 private:
  mpfr_t v_;
};

mpfr_prec_t bits_for(int digits) { return static_cast<mpfr_prec_t>(digits * 3.3219280948873626) + 64; }

int clamp_scale(int scale, int least) { return std::min(std::max({scale, least, 0}), scale_max); }

[[noreturn]] void bad_logarithm(const char* of) {
  throw sql_error("2201E", std::string("cannot take logarithm of ") + of);
}
void check_logarithm(const decimal& v) {
  if (v.nan()) return;
  if (v.sign() < 0) bad_logarithm("a negative number");
  if (v.sign() == 0) bad_logarithm("zero");
}

/// As a double, with infinity and 0 for what is beyond its range.
double approximate(const decimal& v) {
  if (v.finite() && v.digits_before_point() > 308) return v.sign() < 0 ? -HUGE_VAL : HUGE_VAL;
  if (v.finite() && (v.sign() == 0 || v.digits_before_point() < -307)) return 0;
  return v.to_double();
}

/// Decimal weight of ln(v): how many digits it has before the point.
int logarithm_weight(const decimal& v) {
  const double x = approximate(v);
  double ln = 0;
  if (std::isinf(x) || x == 0) {
    ln = std::fabs((v.digits_before_point() - 1) * 2.302585092994046);
  } else if (x >= 0.9 && x <= 1.1) {
    const decimal near = subtract(v, decimal::of_int(1));
    if (near.sign() == 0) return 0;
    return near.digits_before_point() - 1;  // ln(1+d) ~ d
  } else {
    ln = std::fabs(std::log(x));
  }
  return ln == 0 ? 0 : static_cast<int>(std::log10(ln));  // towards zero
}

decimal logarithm_to(const decimal& v, int scale) {
  const int digits = scale + std::abs(v.digits_before_point()) + v.scale + 20;
  real x(v, bits_for(digits)), out(bits_for(digits));
  mpfr_log(out.get(), x.get(), MPFR_RNDN);
  return out.rounded(scale);
}

}  // namespace

decimal square_root(const decimal& v, int scale) {
  mpz_class scaled = v.coefficient;
  // sqrt(c / 10^s) * 10^r = sqrt(c * 10^(2r - s)); one more digit for rounding.
  const int shift = 2 * (scale + 1) - v.scale;
  if (shift >= 0) scaled *= power_of_ten(static_cast<unsigned>(shift));
  else scaled /= power_of_ten(static_cast<unsigned>(-shift));
  return round(decimal(sqrt(scaled), scale + 1), scale);
}

decimal square_root(const decimal& v) {
  if (v.nan() || v.what == decimal::kind::plus_infinity) return v;
  if (v.sign() < 0) throw sql_error("2201F", "cannot take square root of a negative number");
  const int digits = (leading_group(v).weight + 1) * 4 / 2 - 1;
  return square_root(v, clamp_scale(significant_least - digits, v.scale));
}

decimal exponential(const decimal& v) {
  if (v.nan() || v.what == decimal::kind::plus_infinity) return v;
  if (v.what == decimal::kind::minus_infinity) return {};
  double weight = approximate(v) * log10_e;
  weight = std::clamp(weight, -2000.0, 2000.0);
  const int scale = clamp_scale(significant_least - static_cast<int>(weight), v.scale);
  if (approximate(v) >= exponent_most) throw sql_error(sqlstate::numeric_value_out_of_range, "value overflows numeric format");
  if (approximate(v) <= -exponent_most) return {mpz_class(0), scale};
  const int digits = scale + std::max(0, static_cast<int>(approximate(v) * log10_e)) + 20;
  real x(v, bits_for(digits + v.scale + 10)), out(bits_for(digits));
  mpfr_exp(out.get(), x.get(), MPFR_RNDN);
  return out.rounded(scale);
}

decimal natural_logarithm(const decimal& v) {
  if (v.nan() || v.what == decimal::kind::plus_infinity) return v;
  check_logarithm(v);
  return logarithm_to(v, clamp_scale(significant_least - logarithm_weight(v), v.scale));
}

decimal logarithm(const decimal& base, const decimal& v) {
  if (base.nan() || v.nan()) return decimal(decimal::kind::nan);
  check_logarithm(base);
  check_logarithm(v);
  if (base.infinite()) return v.infinite() ? decimal(decimal::kind::nan) : decimal();
  if (v.infinite()) return decimal(decimal::kind::plus_infinity);
  const int result_weight = logarithm_weight(v) - logarithm_weight(base);
  const int scale = clamp_scale(significant_least - result_weight, std::max(base.scale, v.scale));
  const int digits = scale + std::abs(v.digits_before_point()) + std::abs(base.digits_before_point()) + v.scale + base.scale + 30;
  real x(v, bits_for(digits)), b(base, bits_for(digits));
  mpfr_log(x.get(), x.get(), MPFR_RNDN);
  mpfr_log(b.get(), b.get(), MPFR_RNDN);
  if (mpfr_zero_p(b.get())) throw sql_error(sqlstate::division_by_zero, "division by zero");
  mpfr_div(x.get(), x.get(), b.get(), MPFR_RNDN);
  return x.rounded(scale);
}

namespace {

decimal one_with_scale() { return {power_of_ten(16), 16}; }

decimal special_power(const decimal& base, const decimal& exponent) {
  const decimal one = decimal::of_int(1);
  if (base.nan()) return exponent.finite() && exponent.sign() == 0 ? one : base;
  if (exponent.nan()) return base.finite() && compare(base, one) == 0 ? one : exponent;
  if (base.sign() == 0 && exponent.sign() < 0)
    throw sql_error("2201F", "zero raised to a negative power is undefined");
  if (exponent.infinite()) {
    decimal size = base;
    if (size.sign() < 0) size = negate(size);
    if (compare(size, one) == 0) return one;
    const bool grows = (compare(size, one) > 0) == (exponent.sign() > 0);
    return grows ? decimal(decimal::kind::plus_infinity) : decimal();
  }
  if (exponent.sign() == 0) return one;
  const bool whole = compare(truncate(exponent, 0), exponent) == 0;
  if (base.sign() < 0 && !whole)
    throw sql_error("2201F", "a negative number raised to a non-integer power yields a complex result");
  if (exponent.sign() < 0) return {};
  const bool odd = whole && mpz_odd_p(truncate(exponent, 0).coefficient.get_mpz_t());
  return decimal(base.sign() < 0 && odd ? decimal::kind::minus_infinity : decimal::kind::plus_infinity);
}

}  // namespace

decimal power(const decimal& base, const decimal& exponent) {
  if (!base.finite() || !exponent.finite()) return special_power(base, exponent);
  const bool whole = compare(truncate(exponent, 0), exponent) == 0;
  if (base.sign() == 0) {
    if (exponent.sign() < 0) throw sql_error("2201F", "zero raised to a negative power is undefined");
    return exponent.sign() == 0 ? one_with_scale() : decimal(mpz_class(0), 16);
  }
  if (base.sign() < 0 && !whole)
    throw sql_error("2201F", "a negative number raised to a non-integer power yields a complex result");
  // log10 of the result's size, by way of a double as PostgreSQL computes it.
  const decimal size = base.sign() < 0 ? negate(base) : base;
  real estimate(size, 128), times(exponent, 128);
  mpfr_log(estimate.get(), estimate.get(), MPFR_RNDN);
  mpfr_mul(estimate.get(), estimate.get(), times.get(), MPFR_RNDN);
  const double natural = mpfr_get_d(estimate.get(), MPFR_RNDN);
  const double weight = natural * log10_e;
  // A whole exponent keeps the base's scale; any other gives 16 significant digits.
  const bool small = whole && truncate(exponent, 0).coefficient.fits_sint_p();
  const int scale = small ? clamp_scale(significant_least, base.scale)
                          : clamp_scale(significant_least - static_cast<int>(std::clamp(weight, -2000.0, 131072.0)),
                                        std::max(base.scale, exponent.scale));
  if (weight > 131072 || (!small && natural >= exponent_most))
    throw sql_error(sqlstate::numeric_value_out_of_range, "value overflows numeric format");
  if (weight < -scale - 1) return {mpz_class(0), scale};
  if (whole && exponent.sign() >= 0 && weight < 2000 && truncate(exponent, 0).coefficient < 100000) {
    decimal out;
    mpz_pow_ui(out.coefficient.get_mpz_t(), base.coefficient.get_mpz_t(), truncate(exponent, 0).coefficient.get_ui());
    out.scale = static_cast<int>(base.scale * static_cast<long>(truncate(exponent, 0).coefficient.get_ui()));
    return round(out, scale);
  }
  const int digits = scale + std::max(0, static_cast<int>(weight)) + exponent.digits_before_point() + exponent.scale + base.scale + 40;
  real x(base, bits_for(digits)), y(exponent, bits_for(digits));
  mpfr_pow(x.get(), x.get(), y.get(), MPFR_RNDN);
  return x.rounded(scale);
}

decimal factorial(std::int64_t n) {
  if (n < 0) throw sql_error(sqlstate::numeric_value_out_of_range, "factorial of a negative number is undefined");
  if (n > 32177) throw sql_error(sqlstate::numeric_value_out_of_range, "value overflows numeric format");
  decimal out;
  mpz_fac_ui(out.coefficient.get_mpz_t(), static_cast<unsigned long>(n));
  return out;
}

}  // namespace helios::sql
