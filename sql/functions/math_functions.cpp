// Mathematical functions of float8 and the integers, and random numbers.
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

[[noreturn]] void overflow() { throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: overflow"); }
[[noreturn]] void underflow() { throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: underflow"); }
[[noreturn]] void input_range() { throw sql_error(sqlstate::numeric_value_out_of_range, "input is out of range"); }

template <double (*F)(double)>
datum one(call_context&, args_t a) { return datum::of_double(F(a[0].as_double())); }

double exponential(double x) {
  const double v = std::exp(x);
  if (std::isinf(v) && !std::isinf(x)) overflow();
  if (v == 0 && !std::isinf(x)) underflow();
  return v;
}
void check_logarithm(double x) {
  if (x == 0) throw sql_error("2201E", "cannot take logarithm of zero");
  if (x < 0) throw sql_error("2201E", "cannot take logarithm of a negative number");
}
double natural(double x) {
  check_logarithm(x);
  return std::log(x);
}
double decimal_log(double x) {
  check_logarithm(x);
  return std::log10(x);
}
double root(double x) {
  if (x < 0) throw sql_error("2201F", "cannot take square root of a negative number");
  return std::sqrt(x);
}
double cube_root(double x) { return std::cbrt(x); }
double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double up(double x) { return std::ceil(x); }
double down(double x) { return std::floor(x); }
double nearest(double x) { return std::rint(x); }
double cut(double x) { return std::trunc(x); }
double to_degrees(double x) {
  const double out = x / (std::numbers::pi / 180);
  if (std::isinf(out) && !std::isinf(x)) throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: overflow");
  return out;
}
double to_radians(double x) { return x * (std::numbers::pi / 180); }
double cotangent(double x) {
  if (std::isinf(x)) input_range();
  return 1 / std::tan(x);
}
double inverse_cosh(double x) {
  if (x < 1) input_range();
  return std::acosh(x);
}
double inverse_tanh(double x) {
  if (x < -1 || x > 1) input_range();
  return std::atanh(x);
}
template <double (*F)(double)>
double finite_only(double x) {
  if (std::isinf(x)) input_range();
  return F(x);
}
template <double (*F)(double)>
double unit_only(double x) {
  if (x < -1 || x > 1) input_range();
  return F(x);
}

double raise(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return x == 1 || y == 0 ? 1 : std::numeric_limits<double>::quiet_NaN();
  if (x == 0 && y < 0) throw sql_error("2201F", "zero raised to a negative power is undefined");
  if (x < 0 && std::floor(y) != y)
    throw sql_error("2201F", "a negative number raised to a non-integer power yields a complex result");
  const double v = std::pow(x, y);
  if (std::isinf(v) && !std::isinf(x) && !std::isinf(y)) overflow();
  if (v == 0 && x != 0 && !std::isinf(x) && !std::isinf(y)) underflow();
  return v;
}
datum power(call_context&, args_t a) { return datum::of_double(raise(a[0].as_double(), a[1].as_double())); }
datum arc_tangent_two(call_context&, args_t a) { return datum::of_double(std::atan2(a[0].as_double(), a[1].as_double())); }
datum pi_value(call_context&, args_t) { return datum::of_double(std::numbers::pi); }

std::mt19937_64& generator() {
  // Per thread; a statement may go on with another thread's generator after a suspension, which does no harm.
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return engine;
}
datum random_value(call_context&, args_t) {
  return datum::of_double(std::uniform_real_distribution<double>(0, 1)(generator()));
}
datum set_seed(call_context&, args_t a) {
  const double seed = a[0].as_double();
  if (seed < -1 || seed > 1 || std::isnan(seed)) {
    std::string shown;
    write_float8(seed, 1, shown);
    throw sql_error(sqlstate::invalid_parameter_value, "setseed parameter " + shown + " is out of allowed range [-1,1]");
  }
  generator().seed(std::bit_cast<std::uint64_t>(seed));
  return datum::of_bytes("");
}
datum make_uuid(call_context& c, args_t) {
  char bytes[16];
  store_be(bytes, static_cast<std::uint64_t>(generator()()));
  store_be(bytes + 8, static_cast<std::uint64_t>(generator()()));
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  return text_result(c, {bytes, sizeof bytes});
}

template <class Int>
datum divisor(call_context&, args_t a) {
  const auto g = std::gcd(static_cast<std::uint64_t>(std::abs(a[0].as_int())), static_cast<std::uint64_t>(std::abs(a[1].as_int())));
  if (g > static_cast<std::uint64_t>(std::numeric_limits<Int>::max()))
    throw sql_error(sqlstate::numeric_value_out_of_range, std::string(sizeof(Int) == 4 ? "integer" : "bigint") + " out of range");
  return datum::of_int(static_cast<std::int64_t>(g));
}
template <class Int>
datum multiple(call_context&, args_t a) {
  const std::int64_t x = a[0].as_int(), y = a[1].as_int();
  if (x == 0 || y == 0) return datum::of_int(0);
  Int v{};
  if (__builtin_mul_overflow(x / std::gcd(x, y), y, &v) || v == std::numeric_limits<Int>::min())
    throw sql_error(sqlstate::numeric_value_out_of_range, std::string(sizeof(Int) == 4 ? "integer" : "bigint") + " out of range");
  return datum::of_int(v < 0 ? -v : v);
}

}  // namespace

void add_math_functions(registry& r) {
  using sig::f8, sig::i4, sig::i8;
  for (const char* name : {"ceil", "ceiling"}) r.add(name, {f8}, f8, one<up>);
  r.add("floor", {f8}, f8, one<down>);
  r.add("round", {f8}, f8, one<nearest>);
  r.add("trunc", {f8}, f8, one<cut>);
  r.add("sign", {f8}, f8, one<sign_of>);
  r.add("sqrt", {f8}, f8, one<root>);
  r.add("cbrt", {f8}, f8, one<cube_root>);
  r.op("|/", {f8}, f8, one<root>);
  r.op("||/", {f8}, f8, one<cube_root>);
  r.add("exp", {f8}, f8, one<exponential>);
  r.add("ln", {f8}, f8, one<natural>);
  for (const char* name : {"log", "log10"}) r.add(name, {f8}, f8, one<decimal_log>);
  for (const char* name : {"power", "pow"}) r.add(name, {f8, f8}, f8, power);
  r.op("^", {f8, f8}, f8, power);
  r.add("pi", {}, f8, pi_value);
  r.add("degrees", {f8}, f8, one<to_degrees>);
  r.add("radians", {f8}, f8, one<to_radians>);
  r.add("sin", {f8}, f8, one<finite_only<std::sin>>);
  r.add("cos", {f8}, f8, one<finite_only<std::cos>>);
  r.add("tan", {f8}, f8, one<finite_only<std::tan>>);
  r.add("asin", {f8}, f8, one<unit_only<std::asin>>);
  r.add("acos", {f8}, f8, one<unit_only<std::acos>>);
  r.add("atan", {f8}, f8, one<std::atan>);
  r.add("sinh", {f8}, f8, one<std::sinh>);
  r.add("cosh", {f8}, f8, one<std::cosh>);
  r.add("tanh", {f8}, f8, one<std::tanh>);
  r.add("asinh", {f8}, f8, one<std::asinh>);
  r.add("acosh", {f8}, f8, one<inverse_cosh>);
  r.add("atanh", {f8}, f8, one<inverse_tanh>);
  r.add("cot", {f8}, f8, one<cotangent>);
  r.add("atan2", {f8, f8}, f8, arc_tangent_two);
  r.add("random", {}, f8, random_value, volatile_flag);
  r.add("setseed", {f8}, sig::vd, set_seed, volatile_flag);
  r.add("gen_random_uuid", {}, type_oid::uuid, make_uuid, volatile_flag);
  r.add("gcd", {i4, i4}, i4, divisor<std::int32_t>);
  r.add("gcd", {i8, i8}, i8, divisor<std::int64_t>);
  r.add("lcm", {i4, i4}, i4, multiple<std::int32_t>);
  r.add("lcm", {i8, i8}, i8, multiple<std::int64_t>);
}

}  // namespace helios::sql
