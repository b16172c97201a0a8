// Aggregates with WITHIN GROUP (ORDER BY ...): percentiles and the mode pick among the sorted rows; a hypothetical row is
// ranked among them.

#include <cmath>
#include <cstdio>

#include "base/sql_error.hpp"
#include "sql/exec/call_state.hpp"
#include "sql/types/array.hpp"
#include "sql/types/interval.hpp"

namespace helios::sql {

std::strong_ordering compare_keys(const std::vector<sort_key>& keys, const datum* a, const datum* b) {
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (a[k].is_null() || b[k].is_null()) {
      if (a[k].is_null() && b[k].is_null()) continue;
      return a[k].is_null() == keys[k].nulls_first ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    auto c = get_type(keys[k].value->type().id).compare(a[k], b[k]);
    if (c != 0) return (c < 0) != keys[k].descending ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return std::strong_ordering::equal;
}

namespace {

class sorted_rows {
 public:
  sorted_rows(const aggregate_call& call, const std::vector<datum>& kept, evaluation& in)
      : call_(call), kept_(kept), width_(call.order.size()), order_(kept.size() / width_) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      in.tick();
      auto c = compare_keys(call_.order, row(a), row(b));
      return c != 0 ? c < 0 : a < b;
    });
  }
  std::size_t size() const { return order_.size(); }
  const datum* at(std::size_t i) const { return row(order_[i]); }
  std::strong_ordering compare(std::size_t i, const datum* with) const { return compare_keys(call_.order, at(i), with); }

 private:
  const datum* row(std::size_t i) const { return kept_.data() + i * width_; }

  const aggregate_call& call_;
  const std::vector<datum>& kept_;
  std::size_t width_;
  std::vector<std::size_t> order_;
};

double checked_fraction(datum value) {
  double p = value.as_double();
  if (p >= 0 && p <= 1) return p;
  char text[64];
  std::snprintf(text, sizeof text, "percentile value %g is not between 0 and 1", p);
  throw sql_error(sqlstate::numeric_value_out_of_range, text);
}

datum discrete(const sorted_rows& rows, double p) {
  auto n = static_cast<std::size_t>(std::ceil(p * static_cast<double>(rows.size())));
  return *rows.at(n < 1 ? 0 : n - 1);
}

/// Between two neighbours, in proportion.
datum continuous(const sorted_rows& rows, double p, oid type, arena& mem) {
  double place = p * static_cast<double>(rows.size() - 1);
  auto first = static_cast<std::size_t>(std::floor(place)), second = static_cast<std::size_t>(std::ceil(place));
  datum a = *rows.at(first);
  if (first == second) return a;
  datum b = *rows.at(second);
  double share = place - static_cast<double>(first);
  if (type == type_oid::interval) {
    auto low = interval::from(a);
    return add(low, multiply(add(interval::from(b), negate(low)), share)).to_datum(mem);
  }
  return datum::of_double(a.as_double() + share * (b.as_double() - a.as_double()));
}

datum percentile(const aggregate_call& call, const sorted_rows& rows, evaluation& in) {
  auto type = call.order[0].value->type().id;
  auto one = [&](datum p) {
    if (p.is_null()) return datum::null();
    double fraction = checked_fraction(p);
    if (rows.size() == 0) return datum::null();
    return call.function->ordered == ordered_set::percentile_disc ? discrete(rows, fraction)
                                                                  : continuous(rows, fraction, type, *in.call.mem);
  };
  datum wanted = call.arguments[0]->eval(in);
  if (wanted.is_null()) return wanted;
  if (element_type(call.arguments[0]->type().id) == 0) return one(wanted);
  auto list = array_value::from(wanted);
  if (rows.size() == 0) return datum::null();
  for (auto& e : list.elements) e = one(e);
  list.element = type;
  return list.to_datum(*in.call.mem);
}

datum most_frequent(const sorted_rows& rows) {
  std::size_t best = 0, best_count = 0;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i + 1;
    while (end < rows.size() && rows.compare(end, rows.at(i)) == 0) ++end;
    if (end - i > best_count) {
      best_count = end - i;
      best = i;
    }
    i = end;
  }
  return best_count == 0 ? datum::null() : *rows.at(best);
}

datum hypothetical(const aggregate_call& call, const sorted_rows& rows, evaluation& in) {
  std::vector<datum> wanted;
  for (auto& a : call.arguments) wanted.push_back(a->eval(in));
  std::size_t before = 0, distinct = 0, peers = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    in.tick();
    auto c = rows.compare(i, wanted.data());
    if (c > 0) break;
    if (c == 0) {
      ++peers;
      continue;
    }
    if (i == 0 || rows.compare(i, rows.at(i - 1)) != 0) ++distinct;
    ++before;
  }
  auto count = static_cast<double>(rows.size());
  switch (call.function->ordered) {
    case ordered_set::rank: return datum::of_int(static_cast<std::int64_t>(before + 1));
    case ordered_set::dense_rank: return datum::of_int(static_cast<std::int64_t>(distinct + 1));
    case ordered_set::percent_rank: return datum::of_double(rows.size() == 0 ? 0 : static_cast<double>(before) / count);
    default: return datum::of_double(static_cast<double>(before + peers + 1) / (count + 1));
  }
}

}  // namespace

datum ordered_set_result(const aggregate_call& call, const std::vector<datum>& kept, evaluation& in) {
  sorted_rows rows(call, kept, in);
  if (call.function->hypothetical()) return hypothetical(call, rows, in);
  datum out = call.function->ordered == ordered_set::mode ? most_frequent(rows) : percentile(call, rows, in);
  return in.call.mem->copy(out);
}

}  // namespace helios::sql
