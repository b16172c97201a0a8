#include "sql/exec/window_frame.hpp"

#include <cmath>

#include "base/sql_error.hpp"
#include "sql/exec/call_state.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/interval.hpp"
#include "sql/types/numeric.hpp"

namespace helios::sql {

namespace {

using mode = ast::frame_mode;
using bound = ast::frame_bound;
__extension__ using wide_int = __int128;

bool is_integer(oid t) { return t == type_oid::int2 || t == type_oid::int4 || t == type_oid::int8; }

[[noreturn]] void bad_size() { throw sql_error("22013", "invalid preceding or following size in window function"); }

/// What in_range asks: does `value` lie on the wanted side of `base` plus or minus `offset`?
struct range_question {
  datum value, base, offset;
  bool subtract = false, less = false;
};

template <class T>
bool on_side(const range_question& q, const T& value, const T& limit) {
  return q.less ? value <= limit : value >= limit;
}

bool integers(const range_question& q) {
  if (q.offset.as_int() < 0) bad_size();
  wide_int base = q.base.as_int(), offset = q.offset.as_int();
  return on_side<wide_int>(q, q.value.as_int(), q.subtract ? base - offset : base + offset);
}

bool reals(const range_question& q) {
  double value = q.value.as_double(), base = q.base.as_double(), offset = q.offset.as_double();
  if (std::isnan(offset) || offset < 0) bad_size();
  if (std::isnan(value)) return std::isnan(base) || !q.less;
  if (std::isnan(base)) return q.less;
  if (std::isinf(offset) && std::isinf(base) && (q.subtract ? base > 0 : base < 0)) return true;
  return on_side(q, value, q.subtract ? base - offset : base + offset);
}

bool numerics(const range_question& q) {
  auto value = decimal::from(q.value), base = decimal::from(q.base), offset = decimal::from(q.offset);
  if (offset.nan() || offset.sign() < 0) bad_size();
  if (value.nan()) return base.nan() || !q.less;
  if (base.nan()) return q.less;
  if (offset.infinite() && base.infinite() && (q.subtract ? base.sign() > 0 : base.sign() < 0)) return true;
  auto c = compare(value, q.subtract ? subtract(base, offset) : add(base, offset));
  return q.less ? c <= 0 : c >= 0;
}

std::int64_t as_timestamp(std::int64_t date) {
  if (is_infinite_date(date)) return date == date_infinity ? timestamp_infinity : timestamp_minus_infinity;
  return date * us_per_day;
}

bool times(const range_question& q, oid type, evaluation& in) {
  auto offset = interval::from(q.offset);
  bool negative = type == type_oid::time ? offset.us < 0 : compare(offset, interval{}) < 0;
  if (negative) bad_size();
  auto distance = q.subtract ? negate(offset) : offset;
  std::int64_t value = q.value.as_int(), base = q.base.as_int();
  switch (type) {
    case type_oid::date: return on_side(q, as_timestamp(value), add_to_timestamp(as_timestamp(base), distance));
    case type_oid::timestamp: return on_side(q, value, add_to_timestamp(base, distance));
    case type_oid::timestamptz: return on_side(q, value, add_to_timestamptz(base, distance, *in.call.format));
    default: return on_side<wide_int>(q, value, static_cast<wide_int>(base) + distance.us);
  }
}

bool intervals(const range_question& q) {
  auto offset = interval::from(q.offset);
  if (compare(offset, interval{}) < 0) bad_size();
  auto c = compare(interval::from(q.value), add(interval::from(q.base), q.subtract ? negate(offset) : offset));
  return q.less ? c <= 0 : c >= 0;
}

bool answer(const range_question& q, oid type, evaluation& in) {
  if (is_integer(type)) return integers(q);
  if (type == type_oid::float4 || type == type_oid::float8) return reals(q);
  if (type == type_oid::numeric) return numerics(q);
  return type == type_oid::interval ? intervals(q) : times(q, type, in);
}

/// ROWS and GROUPS: a distance, no longer than the partition.
std::size_t steps(datum offset, std::size_t rows) {
  auto n = static_cast<std::uint64_t>(offset.as_int());
  return n > rows ? rows + 1 : static_cast<std::size_t>(n);
}

std::size_t back(std::size_t from, std::size_t by) { return by > from ? 0 : from - by; }

}  // namespace

std::vector<oid> range_offset_types(oid key) {
  using namespace type_oid;
  switch (key) {
    case int2: case int4: return {int8, int4, int2};
    case int8: return {int8};
    case float4: case float8: return {float8};
    case numeric: return {numeric};
    case date: case time: case timestamp: case timestamptz: case type_oid::interval: return {type_oid::interval};
    default: return {};
  }
}

void frame_finder::start(evaluation& in) {
  memory_.reset();
  auto evaluate = [&](const expression_ptr& e, const char* which) {
    if (!e) return datum::null();
    datum value = e->eval(in);
    if (value.is_null()) throw sql_error("22004", std::string("frame ") + which + " offset must not be null");
    bool counted = window_.frame.mode != mode::range;
    if (counted && value.as_int() < 0) throw sql_error("22013", std::string("frame ") + which + " offset must not be negative");
    return memory_.copy(value);
  };
  start_offset_ = evaluate(window_.frame.start_offset, "starting");
  end_offset_ = evaluate(window_.frame.end_offset, "ending");
}

void frame_finder::set_partition(const std::vector<datum>& keys, std::size_t rows, evaluation& in) {
  keys_ = &keys;
  rows_ = rows;
  group_of_.assign(rows, 0);
  group_begin_.assign(1, 0);
  auto width = window_.order.size();
  for (std::size_t i = 1; i < rows; ++i) {
    in.tick();
    bool peer = width == 0 || compare_keys(window_.order, keys.data() + (i - 1) * width, keys.data() + i * width) == 0;
    if (!peer) group_begin_.push_back(i);
    group_of_[i] = group_begin_.size() - 1;
  }
  group_begin_.push_back(rows);
  not_null_ = {0, rows};
  if (width != 1) return;
  while (not_null_.begin < rows && keys[not_null_.begin].is_null()) ++not_null_.begin;
  while (not_null_.end > not_null_.begin && keys[not_null_.end - 1].is_null()) --not_null_.end;
}

/// The first row that the bound lets in (start), or the first one that it does not (end).
std::size_t frame_finder::in_range(std::size_t row, bool preceding, bool is_end, datum offset, evaluation& in) const {
  datum base = (*keys_)[row];
  if (base.is_null()) return is_end ? peers(row).end : peers(row).begin;
  auto& key = window_.order[0];
  range_question q{datum::null(), base, offset, preceding != key.descending, is_end != key.descending};
  std::size_t low = not_null_.begin, high = not_null_.end;
  while (low < high) {
    std::size_t middle = low + (high - low) / 2;
    q.value = (*keys_)[middle];
    bool inside = answer(q, key.value->type().id, in);
    if (inside == is_end) low = middle + 1;
    else high = middle;
  }
  return low;
}

std::size_t frame_finder::first(std::size_t row, evaluation& in) const {
  auto& f = window_.frame;
  if (f.start == bound::unbounded_preceding) return 0;
  if (f.start == bound::current_row) return f.mode == mode::rows ? row : peers(row).begin;
  bool preceding = f.start == bound::offset_preceding;
  if (f.mode == mode::range) return in_range(row, preceding, false, start_offset_, in);
  auto n = steps(start_offset_, rows_);
  if (f.mode == mode::rows) return preceding ? back(row, n) : std::min(row + n, rows_);
  auto groups = group_begin_.size() - 1, wanted = preceding ? back(group_of_[row], n) : group_of_[row] + n;
  return group_begin_[std::min(wanted, groups)];
}

std::size_t frame_finder::last(std::size_t row, evaluation& in) const {
  auto& f = window_.frame;
  if (f.end == bound::unbounded_following) return rows_;
  if (f.end == bound::current_row) return f.mode == mode::rows ? row + 1 : peers(row).end;
  bool preceding = f.end == bound::offset_preceding;
  if (f.mode == mode::range) return in_range(row, preceding, true, end_offset_, in);
  auto n = steps(end_offset_, rows_);
  if (f.mode == mode::rows) return preceding ? back(row + 1, n) : std::min(row + 1 + n, rows_);
  auto groups = group_begin_.size() - 1, wanted = preceding ? back(group_of_[row] + 1, n) : group_of_[row] + 1 + n;
  return group_begin_[std::min(wanted, groups)];
}

row_span frame_finder::frame(std::size_t row, evaluation& in) const {
  row_span out{first(row, in), last(row, in)};
  if (out.end < out.begin) out.end = out.begin;
  return out;
}

}  // namespace helios::sql
