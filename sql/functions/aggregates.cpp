// count, sum, avg, min, max, bool_and/or, bit_and/or, string_agg, array_agg.
#include <cmath>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;
__extension__ using wide_int = __int128;
__extension__ using wide_uint = unsigned __int128;

template <class State>
std::unique_ptr<aggregate_state> start() { return std::make_unique<State>(); }

class count_state final : public aggregate_state {
 public:
  void add(call_context&, args_t) override { ++rows_; }
  bool remove(args_t) override { return --rows_, true; }
  datum finish(call_context&) override { return datum::of_int(rows_); }

 private:
  std::int64_t rows_ = 0;
};

decimal to_decimal(wide_int v) {
  const bool negative = v < 0;
  const auto magnitude = negative ? -static_cast<wide_uint>(v) : static_cast<wide_uint>(v);
  mpz_class c(static_cast<unsigned long>(magnitude >> 64));
  c <<= 64;
  c += static_cast<unsigned long>(magnitude);
  return {negative ? mpz_class(-c) : c, 0};
}

enum class give { total, mean };
/// Integers add up in 128 bits, which no number of rows overflows.
template <give What, bool AsInt8>
class integer_sum final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override { sum_ += a[0].as_int(), ++rows_; }
  bool remove(args_t a) override { return sum_ -= a[0].as_int(), --rows_, true; }
  datum finish(call_context& c) override {
    if (rows_ == 0) return datum::null();
    if constexpr (What == give::mean) return divide(to_decimal(sum_), decimal::of_int(rows_)).to_datum(*c.mem);
    if constexpr (!AsInt8) return to_decimal(sum_).to_datum(*c.mem);
    if (sum_ > INT64_MAX || sum_ < INT64_MIN) throw sql_error(sqlstate::numeric_value_out_of_range, "bigint out of range");
    return datum::of_int(static_cast<std::int64_t>(sum_));
  }

 private:
  wide_int sum_ = 0;
  std::int64_t rows_ = 0;
};

template <give What>
class numeric_sum final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const decimal v = decimal::from(a[0]);
    if (v.finite() && sum_.finite() && v.scale == sum_.scale) sum_.coefficient += v.coefficient;
    else sum_ = helios::sql::add(sum_, v);
    ++rows_;
  }
  datum finish(call_context& c) override {
    if (rows_ == 0) return datum::null();
    check_range(sum_);
    return (What == give::mean ? divide(sum_, decimal::of_int(rows_)) : sum_).to_datum(*c.mem);
  }

 private:
  decimal sum_;
  std::int64_t rows_ = 0;
};

template <class Float, give What>
class float_sum final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const double v = a[0].as_double();
    const double before = sum_;
    sum_ = What == give::mean ? sum_ + v : static_cast<double>(static_cast<Float>(sum_ + v));
    if (std::isinf(sum_) && !std::isinf(before) && !std::isinf(v))
      throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: overflow");
    ++rows_;
  }
  datum finish(call_context&) override {
    if (rows_ == 0) return datum::null();
    return datum::of_double(What == give::mean ? sum_ / static_cast<double>(rows_) : sum_);
  }

 private:
  double sum_ = 0;
  std::int64_t rows_ = 0;
};

template <give What>
class interval_sum final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override { sum_ = helios::sql::add(sum_, interval::from(a[0])), ++rows_; }
  datum finish(call_context& c) override {
    if (rows_ == 0) return datum::null();
    return (What == give::mean ? multiply(sum_, 1.0 / static_cast<double>(rows_)) : sum_).to_datum(*c.mem);
  }

 private:
  interval sum_;
  std::int64_t rows_ = 0;
};

/// min and max keep the bytes of their value themselves.
template <oid Type, bool Greatest>
class extreme final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    if (!best_.is_null() && (type_.compare(a[0], best_) > 0) != Greatest) return;
    if (!best_.is_null() && type_.compare(a[0], best_) == 0) return;
    best_ = a[0];
    if (!best_.has_bytes()) return;
    bytes_.assign(best_.as_bytes());
    best_ = datum::of_bytes(bytes_);
  }
  datum finish(call_context& c) override { return c.mem->copy(best_); }

 private:
  const type_ops& type_ = get_type(Type);
  datum best_;
  std::string bytes_;
};

/// Of arrays of any type: their values say what they hold.
template <bool Greatest>
class array_extreme final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    static const type_ops& arrays = get_type(type_oid::int4_array);
    if (any_ && (Greatest ? arrays.compare(a[0], datum::of_bytes(best_)) <= 0 : arrays.compare(a[0], datum::of_bytes(best_)) >= 0)) return;
    best_.assign(a[0].as_bytes());
    any_ = true;
  }
  datum finish(call_context& c) override { return any_ ? text_result(c, best_) : datum::null(); }

 private:
  bool any_ = false;
  std::string best_;
};

template <bool And>
class bool_state final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    value_ = any_ ? (And ? value_ && a[0].as_bool() : value_ || a[0].as_bool()) : a[0].as_bool();
    any_ = true;
  }
  datum finish(call_context&) override { return any_ ? datum::of_bool(value_) : datum::null(); }

 private:
  bool any_ = false, value_ = false;
};

template <char Operation>
class bit_state final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const std::int64_t v = a[0].as_int();
    bits_ = !any_ ? v : Operation == '&' ? bits_ & v : Operation == '|' ? bits_ | v : bits_ ^ v;
    any_ = true;
  }
  datum finish(call_context&) override { return any_ ? datum::of_int(bits_) : datum::null(); }

 private:
  bool any_ = false;
  std::int64_t bits_ = 0;
};

class string_agg final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    if (a[0].is_null()) return;
    if (any_ && !a[1].is_null()) text_.append(a[1].as_bytes());
    any_ = true;
    text_.append(a[0].as_bytes());
  }
  datum finish(call_context& c) override { return any_ ? text_result(c, text_) : datum::null(); }

 private:
  bool any_ = false;
  std::string text_;
};

template <oid Element>
class array_agg final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override { values_.push_back(memory_.copy(a[0])); }
  datum finish(call_context& c) override {
    return values_.empty() ? datum::null() : array_value::of(Element, values_).to_datum(*c.mem);
  }

 private:
  arena memory_;
  std::vector<datum> values_;
};

template <oid... Types>
void add_extremes(registry& r) {
  (r.aggregate("min", {Types}, Types, start<extreme<Types, false>>), ...);
  (r.aggregate("max", {Types}, Types, start<extreme<Types, true>>), ...);
}
template <oid... Types>
void add_array_aggs(registry& r) {
  (r.aggregate("array_agg", {Types}, get_type(Types).array_type, start<array_agg<Types>>, false), ...);
}

void add_sums(registry& r) {
  using namespace sig;
  r.aggregate("sum", {i2}, i8, start<integer_sum<give::total, true>>);
  r.aggregate("sum", {i4}, i8, start<integer_sum<give::total, true>>);
  r.aggregate("sum", {i8}, num, start<integer_sum<give::total, false>>);
  r.aggregate("sum", {num}, num, start<numeric_sum<give::total>>);
  r.aggregate("sum", {f4}, f4, start<float_sum<float, give::total>>);
  r.aggregate("sum", {f8}, f8, start<float_sum<double, give::total>>);
  r.aggregate("sum", {iv}, iv, start<interval_sum<give::total>>);
  for (oid t : {i2, i4, i8}) r.aggregate("avg", {t}, num, start<integer_sum<give::mean, false>>);
  r.aggregate("avg", {num}, num, start<numeric_sum<give::mean>>);
  r.aggregate("avg", {f4}, f8, start<float_sum<double, give::mean>>);
  r.aggregate("avg", {f8}, f8, start<float_sum<double, give::mean>>);
  r.aggregate("avg", {iv}, iv, start<interval_sum<give::mean>>);
}

}  // namespace

void add_aggregates(registry& r) {
  using namespace sig;
  r.aggregate("count", {}, i8, start<count_state>, false);
  r.aggregate("count", {any}, i8, start<count_state>);
  add_sums(r);
  add_extremes<type_oid::int2, type_oid::int4, type_oid::int8, type_oid::float4, type_oid::float8, type_oid::numeric,
               type_oid::text, type_oid::bpchar, type_oid::date, type_oid::time, type_oid::timestamp,
               type_oid::timestamptz, type_oid::interval, type_oid::oid, type_oid::pg_lsn, type_oid::inet>(r);
  r.aggregate("min", {arr}, arr, start<array_extreme<false>>);
  r.aggregate("max", {arr}, arr, start<array_extreme<true>>);
  for (const char* name : {"bool_and", "every"}) r.aggregate(name, {b}, b, start<bool_state<true>>);
  r.aggregate("bool_or", {b}, b, start<bool_state<false>>);
  for (oid t : {i2, i4, i8}) {
    r.aggregate("bit_and", {t}, t, start<bit_state<'&'>>);
    r.aggregate("bit_or", {t}, t, start<bit_state<'|'>>);
    r.aggregate("bit_xor", {t}, t, start<bit_state<'^'>>);
  }
  r.aggregate("string_agg", {txt, txt}, txt, start<string_agg>, false);
  r.aggregate("string_agg", {by, by}, by, start<string_agg>, false);
  add_array_aggs<type_oid::boolean, type_oid::bytea, type_oid::char_, type_oid::name, type_oid::int2, type_oid::int4,
                 type_oid::int8, type_oid::text, type_oid::varchar, type_oid::bpchar, type_oid::float4,
                 type_oid::float8, type_oid::oid, type_oid::date, type_oid::time, type_oid::timestamp,
                 type_oid::timestamptz, type_oid::interval, type_oid::numeric, type_oid::uuid, type_oid::json, type_oid::jsonb,
                 type_oid::inet, type_oid::cidr, type_oid::bit, type_oid::varbit,
                 type_oid::macaddr, type_oid::macaddr8>(r);
}

}  // namespace helios::sql
