// variance and stddev: exact in numeric, by the Youngs-Cramer recurrence in floats, as PostgreSQL computes them.
#include <cmath>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/numeric_math.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

template <bool Sample, bool Root, bool Integer>
class exact_spread final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const decimal v = Integer ? decimal::of_int(a[0].as_int()) : decimal::from(a[0]);
    ++rows_;
    if (!v.finite()) return void(special_ = true);
    sum_ = helios::sql::add(sum_, v);
    squares_ = helios::sql::add(squares_, multiply(v, v));
  }
  datum finish(call_context& c) override {
    if (rows_ == 0 || (Sample && rows_ == 1)) return datum::null();
    if (special_) return decimal(decimal::kind::nan).to_datum(*c.mem);
    const decimal n = decimal::of_int(rows_);
    const decimal top = subtract(multiply(n, squares_), multiply(sum_, sum_));
    if (top.sign() <= 0) return decimal().to_datum(*c.mem);
    const decimal bottom = multiply(n, decimal::of_int(Sample ? rows_ - 1 : rows_));
    const int scale = division_scale(top, bottom);
    const decimal variance = divide(top, bottom, scale, false);
    return (Root ? square_root(variance, scale) : variance).to_datum(*c.mem);
  }

 private:
  decimal sum_, squares_;
  std::int64_t rows_ = 0;
  bool special_ = false;
};

template <bool Sample, bool Root>
class float_spread final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    const double v = a[0].as_double();
    rows_ += 1;
    sum_ += v;
    if (rows_ > 1) {
      const double difference = v * rows_ - sum_;
      spread_ += difference * difference / (rows_ * (rows_ - 1));
      if (std::isinf(sum_) || std::isinf(spread_)) {
        if (!std::isinf(v) && !special_) throw sql_error(sqlstate::numeric_value_out_of_range, "value out of range: overflow");
        special_ = true;
      }
    }
    if (!std::isfinite(v)) special_ = true;
    if (special_) spread_ = std::numeric_limits<double>::quiet_NaN();
  }
  datum finish(call_context&) override {
    if (rows_ == 0 || (Sample && rows_ == 1)) return datum::null();
    const double variance = spread_ / (Sample ? rows_ - 1 : rows_);
    return datum::of_double(Root ? std::sqrt(variance) : variance);
  }

 private:
  double rows_ = 0, sum_ = 0, spread_ = 0;
  bool special_ = false;
};

template <class State>
std::unique_ptr<aggregate_state> start() { return std::make_unique<State>(); }

template <bool Sample, bool Root>
void add_spread(registry& r, const char* name) {
  using namespace sig;
  for (oid t : {i2, i4, i8}) r.aggregate(name, {t}, num, start<exact_spread<Sample, Root, true>>);
  r.aggregate(name, {num}, num, start<exact_spread<Sample, Root, false>>);
  for (oid t : {f4, f8}) r.aggregate(name, {t}, f8, start<float_spread<Sample, Root>>);
}

}  // namespace

void add_statistics_aggregates(registry& r) {
  add_spread<true, true>(r, "stddev");
  add_spread<true, true>(r, "stddev_samp");
  add_spread<false, true>(r, "stddev_pop");
  add_spread<true, false>(r, "variance");
  add_spread<true, false>(r, "var_samp");
  add_spread<false, false>(r, "var_pop");
}

}  // namespace helios::sql
