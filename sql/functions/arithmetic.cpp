// Operators of the integer and float types, with PostgreSQL's overflow errors, and bit operators. numeric's operators
// are in numeric_functions.cpp.
#include <cmath>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

[[noreturn]] void out_of_range(const char* type) {
  throw sql_error(sqlstate::numeric_value_out_of_range, std::string(type) + " out of range");
}
[[noreturn]] void by_zero() { throw sql_error(sqlstate::division_by_zero, "division by zero"); }

template <class Int>
constexpr const char* int_name = sizeof(Int) == 2 ? "smallint" : sizeof(Int) == 4 ? "integer" : "bigint";

/// By reference: the order in which arguments are computed is open, and the first one sets `v`.
template <class Int>
datum checked(bool overflow, const Int& v) {
  if (overflow) out_of_range(int_name<Int>);
  return datum::of_int(v);
}
template <class Int>
datum add_int(call_context&, args_t a) {
  Int v{};
  return checked(__builtin_add_overflow(a[0].as_int(), a[1].as_int(), &v), v);
}
template <class Int>
datum subtract_int(call_context&, args_t a) {
  Int v{};
  return checked(__builtin_sub_overflow(a[0].as_int(), a[1].as_int(), &v), v);
}
template <class Int>
datum multiply_int(call_context&, args_t a) {
  Int v{};
  return checked(__builtin_mul_overflow(a[0].as_int(), a[1].as_int(), &v), v);
}
template <class Int>
datum divide_int(call_context&, args_t a) {
  const std::int64_t x = a[0].as_int(), y = a[1].as_int();
  if (y == 0) by_zero();
  if (y == -1) {
    Int v{};
    return checked(__builtin_sub_overflow(std::int64_t{0}, x, &v), v);
  }
  return datum::of_int(x / y);
}
datum modulo_int(call_context&, args_t a) {
  if (a[1].as_int() == 0) by_zero();
  return datum::of_int(a[1].as_int() == -1 ? 0 : a[0].as_int() % a[1].as_int());
}
template <class Int>
datum negate_int(call_context&, args_t a) {
  Int v{};
  return checked(__builtin_sub_overflow(std::int64_t{0}, a[0].as_int(), &v), v);
}
datum same(call_context&, args_t a) { return a[0]; }
template <class Int>
datum absolute_int(call_context& c, args_t a) { return a[0].as_int() < 0 ? negate_int<Int>(c, a) : a[0]; }

datum and_int(call_context&, args_t a) { return datum::of_int(a[0].as_int() & a[1].as_int()); }
datum or_int(call_context&, args_t a) { return datum::of_int(a[0].as_int() | a[1].as_int()); }
datum xor_int(call_context&, args_t a) { return datum::of_int(a[0].as_int() ^ a[1].as_int()); }
datum not_int(call_context&, args_t a) { return datum::of_int(~a[0].as_int()); }
template <class Int>
datum shift_left(call_context&, args_t a) {
  // Only the lower bits of the count matter, as on the machine.
  const auto count = static_cast<unsigned>(a[1].as_int()) & (sizeof(Int) == 8 ? 63u : 31u);
  const auto bits = static_cast<std::uint64_t>(a[0].as_int()) << count;
  return datum::of_int(static_cast<Int>(bits));
}
template <class Int>
datum shift_right(call_context&, args_t a) {
  const auto count = static_cast<unsigned>(a[1].as_int()) & (sizeof(Int) == 8 ? 63u : 31u);
  return datum::of_int(a[0].as_int() >> count);
}

/// An infinite result of finite arguments is an overflow; a zero of non-zero ones an underflow.
template <class Float>
datum checked_float(double result, bool arguments_finite, bool zero_allowed) {
  const auto v = static_cast<Float>(result);
  if (std::isinf(v) && arguments_finite) throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: overflow");
  if (v == 0 && !zero_allowed) throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: underflow");
  return datum::of_double(static_cast<double>(v));
}
bool both_finite(args_t a) { return !std::isinf(a[0].as_double()) && !std::isinf(a[1].as_double()); }
template <class Float>
datum add_float(call_context&, args_t a) {
  return checked_float<Float>(a[0].as_double() + a[1].as_double(), both_finite(a), true);
}
template <class Float>
datum subtract_float(call_context&, args_t a) {
  return checked_float<Float>(a[0].as_double() - a[1].as_double(), both_finite(a), true);
}
template <class Float>
datum multiply_float(call_context&, args_t a) {
  return checked_float<Float>(a[0].as_double() * a[1].as_double(), both_finite(a),
                              a[0].as_double() == 0 || a[1].as_double() == 0);
}
template <class Float>
datum divide_float(call_context&, args_t a) {
  if (a[1].as_double() == 0 && !std::isnan(a[0].as_double())) by_zero();
  return checked_float<Float>(a[0].as_double() / a[1].as_double(), !std::isinf(a[0].as_double()),
                              a[0].as_double() == 0 || std::isinf(a[1].as_double()));
}
datum negate_float(call_context&, args_t a) { return datum::of_double(-a[0].as_double()); }
datum absolute_float(call_context&, args_t a) { return datum::of_double(std::fabs(a[0].as_double())); }

template <class Int>
void add_int_pair(registry& r, oid left, oid right, oid result) {
  r.op("+", {left, right}, result, add_int<Int>);
  r.op("-", {left, right}, result, subtract_int<Int>);
  r.op("*", {left, right}, result, multiply_int<Int>);
  r.op("/", {left, right}, result, divide_int<Int>);
}
template <class Int>
void add_int_type(registry& r, oid t) {
  r.op("%", {t, t}, t, modulo_int);
  r.add("mod", {t, t}, t, modulo_int);
  r.op("-", {t}, t, negate_int<Int>);
  r.op("+", {t}, t, same);
  r.op("@", {t}, t, absolute_int<Int>);
  r.add("abs", {t}, t, absolute_int<Int>);
  r.op("&", {t, t}, t, and_int);
  r.op("|", {t, t}, t, or_int);
  r.op("#", {t, t}, t, xor_int);
  r.op("~", {t}, t, not_int);
  r.op("<<", {t, sig::i4}, t, shift_left<Int>);
  r.op(">>", {t, sig::i4}, t, shift_right<Int>);
}
template <class Float>
void add_float_pair(registry& r, oid left, oid right, oid result) {
  r.op("+", {left, right}, result, add_float<Float>);
  r.op("-", {left, right}, result, subtract_float<Float>);
  r.op("*", {left, right}, result, multiply_float<Float>);
  r.op("/", {left, right}, result, divide_float<Float>);
}

}  // namespace

void add_arithmetic(registry& r) {
  using namespace sig;
  add_int_pair<std::int16_t>(r, i2, i2, i2);
  add_int_pair<std::int32_t>(r, i2, i4, i4);
  add_int_pair<std::int32_t>(r, i4, i2, i4);
  add_int_pair<std::int32_t>(r, i4, i4, i4);
  for (oid t : {i2, i4}) {
    add_int_pair<std::int64_t>(r, t, i8, i8);
    add_int_pair<std::int64_t>(r, i8, t, i8);
  }
  add_int_pair<std::int64_t>(r, i8, i8, i8);
  add_int_type<std::int16_t>(r, i2);
  add_int_type<std::int32_t>(r, i4);
  add_int_type<std::int64_t>(r, i8);
  add_float_pair<float>(r, f4, f4, f4);
  add_float_pair<double>(r, f4, f8, f8);
  add_float_pair<double>(r, f8, f4, f8);
  add_float_pair<double>(r, f8, f8, f8);
  for (oid t : {f4, f8}) {
    r.op("-", {t}, t, negate_float);
    r.op("+", {t}, t, same);
    r.op("@", {t}, t, absolute_float);
    r.add("abs", {t}, t, absolute_float);
  }
}

}  // namespace helios::sql
