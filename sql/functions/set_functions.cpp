// generate_series. The rows are made at once, so their number is bounded.
#include "base/fiber_host.hpp"
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/functions/session_hooks.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/numeric.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

[[noreturn]] void zero_step() { throw sql_error(sqlstate::invalid_parameter_value, "step size cannot equal zero"); }

/// An interrupt point every few thousand rows.
void tick(call_context& c, std::size_t rows) {
  if (c.hooks && (rows & 4095) == 4095) c.hooks->host().checkpoint();
}

template <class Int>
void integers(call_context& c, args_t a, std::vector<datum>& rows) {
  std::int64_t v = a[0].as_int();
  const std::int64_t end = a[1].as_int(), step = a.size() > 2 ? a[2].as_int() : 1;
  if (step == 0) zero_step();
  while (step > 0 ? v <= end : v >= end) {
    rows.push_back(datum::of_int(v));
    tick(c, rows.size());
    Int next{};
    if (__builtin_add_overflow(v, step, &next)) break;
    v = next;
  }
}

void numerics(call_context& c, args_t a, std::vector<datum>& rows) {
  const decimal end = decimal::from(a[1]), step = a.size() > 2 ? decimal::from(a[2]) : decimal::of_int(1);
  const auto check = [](const decimal& v, const char* what) {
    if (!v.finite())
      throw sql_error(sqlstate::invalid_parameter_value, std::string(what) + " value cannot be " + (v.nan() ? "NaN" : "infinity"));
  };
  decimal v = decimal::from(a[0]);
  check(v, "start");
  check(end, "stop");
  check(step, "step size");
  if (step.sign() == 0) zero_step();
  for (; step.sign() > 0 ? compare(v, end) <= 0 : compare(v, end) >= 0; v = add(v, step)) {
    rows.push_back(v.to_datum(*c.mem));
    tick(c, rows.size());
  }
}

template <bool Zoned>
void timestamps(call_context& c, args_t a, std::vector<datum>& rows) {
  std::int64_t v = a[0].as_int();
  const std::int64_t end = a[1].as_int();
  const interval step = interval::from(a[2]);
  const auto direction = compare(step, interval{});
  if (direction == 0) zero_step();
  if (is_infinite(v)) return;
  while (direction > 0 ? v <= end : v >= end) {
    rows.push_back(datum::of_int(v));
    tick(c, rows.size());
    v = Zoned ? add_to_timestamptz(v, step, formats_of(c)) : add_to_timestamp(v, step);
  }
}

}  // namespace

void add_set_functions(registry& r) {
  using namespace sig;
  r.add_set("generate_series", {i4, i4}, i4, integers<std::int32_t>);
  r.add_set("generate_series", {i4, i4, i4}, i4, integers<std::int32_t>);
  r.add_set("generate_series", {i8, i8}, i8, integers<std::int64_t>);
  r.add_set("generate_series", {i8, i8, i8}, i8, integers<std::int64_t>);
  r.add_set("generate_series", {num, num}, num, numerics);
  r.add_set("generate_series", {num, num, num}, num, numerics);
  r.add_set("generate_series", {ts, ts, iv}, ts, timestamps<false>);
  r.add_set("generate_series", {tz, tz, iv}, tz, timestamps<true>, stable);
}

}  // namespace helios::sql
