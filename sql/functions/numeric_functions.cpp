// Operators and functions of numeric.
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/numeric_math.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;
using binary = decimal (*)(const decimal&, const decimal&);
using unary = decimal (*)(const decimal&);

template <binary F>
datum two(call_context& c, args_t a) { return F(decimal::from(a[0]), decimal::from(a[1])).to_datum(*c.mem); }
template <unary F>
datum one(call_context& c, args_t a) { return F(decimal::from(a[0])).to_datum(*c.mem); }

decimal absolute(const decimal& v) { return v.sign() < 0 && !v.nan() ? negate(v) : v; }
decimal opposite(const decimal& v) { return negate(v); }
decimal sign_of(const decimal& v) { return v.nan() ? v : decimal::of_int(v.sign()); }
decimal round_whole(const decimal& v) { return round(v, 0); }
decimal truncate_whole(const decimal& v) { return truncate(v, 0); }
decimal logarithm_ten(const decimal& v) { return logarithm(decimal::of_int(10), v); }
decimal quotient(const decimal& a, const decimal& b) {
  if (!a.finite() || !b.finite() || b.sign() == 0) return divide(a, b);
  return divide(a, b, 0, true);
}
decimal greatest_divisor(const decimal& a, const decimal& b) {
  if (!a.finite() || !b.finite()) return decimal(decimal::kind::nan);
  const int scale = std::max(a.scale, b.scale);
  return {gcd(round(a, scale).coefficient, round(b, scale).coefficient), scale};
}

datum same(call_context&, args_t a) { return a[0]; }
datum round_to(call_context& c, args_t a) {
  return round(decimal::from(a[0]), static_cast<int>(a[1].as_int())).to_datum(*c.mem);
}
datum truncate_to(call_context& c, args_t a) {
  return truncate(decimal::from(a[0]), static_cast<int>(a[1].as_int())).to_datum(*c.mem);
}
datum scale_of(call_context&, args_t a) {
  const decimal v = decimal::from(a[0]);
  return v.finite() ? datum::of_int(v.scale) : datum::null();
}
decimal trimmed(decimal v) {
  while (v.finite() && v.scale > 0 && mpz_divisible_ui_p(v.coefficient.get_mpz_t(), 10)) v.coefficient /= 10, --v.scale;
  return v;
}
datum trim_scale(call_context& c, args_t a) { return trimmed(decimal::from(a[0])).to_datum(*c.mem); }
datum min_scale(call_context&, args_t a) {
  const decimal v = trimmed(decimal::from(a[0]));
  return v.finite() ? datum::of_int(v.scale) : datum::null();
}
datum factorial_of(call_context& c, args_t a) { return factorial(a[0].as_int()).to_datum(*c.mem); }

datum width_bucket(call_context&, args_t a) {
  const decimal v = decimal::from(a[0]), low = decimal::from(a[1]), high = decimal::from(a[2]);
  const std::int64_t count = a[3].as_int();
  if (count <= 0) throw sql_error("2201G", "count must be greater than zero");
  if (v.nan() || low.nan() || high.nan()) throw sql_error("2201G", "operand, lower bound, and upper bound cannot be NaN");
  if (!low.finite() || !high.finite()) throw sql_error("2201G", "lower and upper bounds must be finite");
  const auto order = compare(low, high);
  if (order == 0) throw sql_error("2201G", "lower bound cannot equal upper bound");
  const bool rising = order < 0;
  if ((compare(v, low) < 0) == rising && compare(v, low) != 0) return datum::of_int(0);
  if ((compare(v, high) >= 0) == rising || compare(v, high) == 0) return datum::of_int(count + 1);
  const decimal share = divide(multiply(subtract(v, low), decimal::of_int(count)), subtract(high, low));
  return datum::of_int(floor(share).coefficient.get_si() + 1);
}

}  // namespace

void add_numeric_functions(registry& r) {
  using sig::num, sig::i4, sig::i8;
  r.op("+", {num, num}, num, two<add>);
  r.op("-", {num, num}, num, two<subtract>);
  r.op("*", {num, num}, num, two<multiply>);
  r.op("/", {num, num}, num, two<static_cast<binary>(divide)>);
  r.op("%", {num, num}, num, two<modulo>);
  r.op("^", {num, num}, num, two<power>);
  r.op("-", {num}, num, one<opposite>);
  r.op("+", {num}, num, same);
  r.op("@", {num}, num, one<absolute>);
  r.add("mod", {num, num}, num, two<modulo>);
  r.add("div", {num, num}, num, two<quotient>);
  r.add("gcd", {num, num}, num, two<greatest_divisor>);
  r.add("abs", {num}, num, one<absolute>);
  r.add("sign", {num}, num, one<sign_of>);
  r.add("ceil", {num}, num, one<ceiling>);
  r.add("ceiling", {num}, num, one<ceiling>);
  r.add("floor", {num}, num, one<static_cast<unary>(floor)>);
  r.add("round", {num}, num, one<round_whole>);
  r.add("round", {num, i4}, num, round_to);
  r.add("trunc", {num}, num, one<truncate_whole>);
  r.add("trunc", {num, i4}, num, truncate_to);
  r.add("sqrt", {num}, num, one<static_cast<unary>(square_root)>);
  r.add("exp", {num}, num, one<exponential>);
  r.add("ln", {num}, num, one<natural_logarithm>);
  r.add("log", {num}, num, one<logarithm_ten>);
  r.add("log10", {num}, num, one<logarithm_ten>);
  r.add("log", {num, num}, num, two<logarithm>);
  r.add("power", {num, num}, num, two<power>);
  r.add("pow", {num, num}, num, two<power>);
  r.add("scale", {num}, i4, scale_of);
  r.add("min_scale", {num}, i4, min_scale);
  r.add("trim_scale", {num}, num, trim_scale);
  r.add("factorial", {i8}, num, factorial_of);
  r.add("width_bucket", {num, num, num, i4}, i4, width_bucket);
}

}  // namespace helios::sql
