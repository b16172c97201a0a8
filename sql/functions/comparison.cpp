// = <> < <= > >= for every type, and across the integer, float and date types as PostgreSQL's btree families have them.
#include "sql/functions/registry.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

// How two datums compare, one struct per family; resolved at compile time so that the common ones are one instruction.
struct by_integer {
  static std::strong_ordering order(call_context&, datum a, datum b) { return a.as_int() <=> b.as_int(); }
};
struct by_double {
  static std::strong_ordering order(call_context&, datum a, datum b) { return compare_doubles(a.as_double(), b.as_double()); }
};
struct by_bytes {
  static std::strong_ordering order(call_context&, datum a, datum b) { return compare_bytes(a.as_bytes(), b.as_bytes()); }
};
template <oid Type>
struct by_type {
  static std::strong_ordering order(call_context&, datum a, datum b) {
    static const type_ops& ops = get_type(Type);
    return ops.compare(a, b);
  }
};

std::int64_t as_timestamp(std::int64_t date) {
  if (is_infinite_date(date)) return date > 0 ? timestamp_infinity : timestamp_minus_infinity;
  std::int64_t out = 0;  // a date beyond the timestamps is still below infinity
  return __builtin_mul_overflow(date, us_per_day, &out) ? timestamp_infinity - 1 : out;
}
std::int64_t as_zoned(call_context& c, std::int64_t local) {
  return is_infinite(local) ? local : local - time_zone::of(formats_of(c)).offset_of_local(local) * us_per_second;
}
enum class moment_kind { date, timestamp, timestamptz };
template <moment_kind L, moment_kind R>
struct by_moment {
  template <moment_kind K>
  static std::int64_t value(call_context& c, datum v) {
    const std::int64_t t = K == moment_kind::date ? as_timestamp(v.as_int()) : v.as_int();
    constexpr bool other_is_zoned = (L == moment_kind::timestamptz) != (R == moment_kind::timestamptz);
    return other_is_zoned && K != moment_kind::timestamptz ? as_zoned(c, t) : t;
  }
  static std::strong_ordering order(call_context& c, datum a, datum b) { return value<L>(c, a) <=> value<R>(c, b); }
};

template <class By>
datum equal(call_context& c, args_t a) { return datum::of_bool(By::order(c, a[0], a[1]) == 0); }
template <class By>
datum unequal(call_context& c, args_t a) { return datum::of_bool(By::order(c, a[0], a[1]) != 0); }
template <class By>
datum less(call_context& c, args_t a) { return datum::of_bool(By::order(c, a[0], a[1]) < 0); }
template <class By>
datum less_equal(call_context& c, args_t a) { return datum::of_bool(By::order(c, a[0], a[1]) <= 0); }
template <class By>
datum greater(call_context& c, args_t a) { return datum::of_bool(By::order(c, a[0], a[1]) > 0); }
template <class By>
datum greater_equal(call_context& c, args_t a) { return datum::of_bool(By::order(c, a[0], a[1]) >= 0); }

template <class By>
void add_six(registry& r, oid left, oid right, unsigned flags = plain) {
  r.op("=", {left, right}, sig::b, equal<By>, flags);
  r.op("<>", {left, right}, sig::b, unequal<By>, flags);
  r.op("<", {left, right}, sig::b, less<By>, flags);
  r.op("<=", {left, right}, sig::b, less_equal<By>, flags);
  r.op(">", {left, right}, sig::b, greater<By>, flags);
  r.op(">=", {left, right}, sig::b, greater_equal<By>, flags);
}

/// Arrays and records: the datum says what it holds.
struct by_array {
  static std::strong_ordering order(call_context&, datum a, datum b) { return get_type(type_oid::int4_array).compare(a, b); }
};

}  // namespace

void add_comparison_operators(registry& r) {
  using namespace sig;
  for (oid left : {i2, i4, i8})
    for (oid right : {i2, i4, i8}) add_six<by_integer>(r, left, right);
  for (oid left : {f4, f8})
    for (oid right : {f4, f8}) add_six<by_double>(r, left, right);
  for (oid t : {b, oid{type_oid::oid}, dt, tm, ts, tz}) add_six<by_integer>(r, t, t);
  for (oid t : {txt, nm, by, oid{type_oid::uuid}}) add_six<by_bytes>(r, t, t);
  add_six<by_bytes>(r, nm, txt);
  add_six<by_bytes>(r, txt, nm);
  add_six<by_type<type_oid::bpchar>>(r, bp, bp);
  add_six<by_type<type_oid::numeric>>(r, num, num);
  add_six<by_type<type_oid::interval>>(r, iv, iv);
  add_six<by_type<type_oid::char_>>(r, ch, ch);
  add_six<by_type<type_oid::inet>>(r, type_oid::inet, type_oid::inet);
  add_six<by_type<type_oid::pg_lsn>>(r, lsn_, lsn_);
  add_six<by_array>(r, arr, arr);
  add_six<by_bytes>(r, type_oid::any_enum, type_oid::any_enum);  // keys of labels
  add_six<by_type<type_oid::record>>(r, type_oid::record, type_oid::record);
  using enum moment_kind;
  add_six<by_moment<date, timestamp>>(r, dt, ts);
  add_six<by_moment<timestamp, date>>(r, ts, dt);
  add_six<by_moment<date, timestamptz>>(r, dt, tz, stable);
  add_six<by_moment<timestamptz, date>>(r, tz, dt, stable);
  add_six<by_moment<timestamp, timestamptz>>(r, ts, tz, stable);
  add_six<by_moment<timestamptz, timestamp>>(r, tz, ts, stable);
  for (oid right : {oid{type_oid::xid}, i4}) {
    r.op("=", {type_oid::xid, right}, b, equal<by_integer>);
    r.op("<>", {type_oid::xid, right}, b, unequal<by_integer>);
  }
  r.op("=", {type_oid::cid, type_oid::cid}, b, equal<by_integer>);
}

}  // namespace helios::sql
