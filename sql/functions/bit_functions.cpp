// Functions, operators, casts and aggregates of bit strings.
#include <bit>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/bit_string.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

void add_bit_casts(registry&);

namespace {

using args_t = std::span<const datum>;

bit_string arg(args_t a, std::size_t i = 0) { return bit_string::from(a[i]); }
datum result(call_context& c, const bit_string& v) { return v.to_datum(*c.mem); }
[[noreturn]] void different_sizes(const char* what) {
  throw sql_error("22026", std::string("cannot ") + what + " bit strings of different sizes");
}

template <char Operation>
bit_string combined(bit_string l, const bit_string& r) {
  if (l.size() != r.size()) different_sizes(Operation == '&' ? "AND" : Operation == '|' ? "OR" : "XOR");
  for (std::size_t i = 0; i < l.size(); ++i) {
    const bool x = l.get(i), y = r.get(i);
    l.set(i, Operation == '&' ? x && y : Operation == '|' ? x || y : x != y);
  }
  return l;
}
template <char Operation>
datum combine(call_context& c, args_t a) { return result(c, combined<Operation>(arg(a, 0), arg(a, 1))); }
datum invert(call_context& c, args_t a) {
  bit_string v = arg(a);
  for (std::size_t i = 0; i < v.size(); ++i) v.set(i, !v.get(i));
  return result(c, v);
}
datum shifted(call_context& c, const bit_string& v, std::int64_t left) {
  bit_string out(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::int64_t from = static_cast<std::int64_t>(i) + left;
    if (from >= 0 && from < static_cast<std::int64_t>(v.size())) out.set(i, v.get(static_cast<std::size_t>(from)));
  }
  return result(c, out);
}
datum shift_left(call_context& c, args_t a) { return shifted(c, arg(a), a[1].as_int()); }
datum shift_right(call_context& c, args_t a) { return shifted(c, arg(a), -a[1].as_int()); }
datum concatenate(call_context& c, args_t a) {
  bit_string v = arg(a, 0);
  v.append(arg(a, 1));
  return result(c, v);
}

datum length(call_context&, args_t a) { return datum::of_int(static_cast<std::int64_t>(arg(a).size())); }
datum octets(call_context&, args_t a) { return datum::of_int(static_cast<std::int64_t>(arg(a).bytes().size())); }
datum count_ones(call_context&, args_t a) {
  const bit_string v = arg(a);
  std::int64_t n = 0;
  for (char byte : v.bytes()) n += std::popcount(static_cast<unsigned char>(byte));
  return datum::of_int(n);
}

bit_string substring_of(const bit_string& v, std::int64_t from, std::int64_t count, bool to_end) {
  const auto size = static_cast<std::int64_t>(v.size());
  if (!to_end && count < 0) throw sql_error("22011", "negative substring length not allowed");
  const std::int64_t begin = std::max<std::int64_t>(from - 1, 0);
  const std::int64_t end = to_end ? size : std::min(size, from - 1 + count);
  return end <= begin ? bit_string() : v.part(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}
datum substring(call_context& c, args_t a) { return result(c, substring_of(arg(a), a[1].as_int(), a.size() > 2 ? a[2].as_int() : 0, a.size() < 3)); }
datum overlay(call_context& c, args_t a) {
  const bit_string v = arg(a), with = arg(a, 1);
  const std::int64_t from = a[2].as_int(), count = a.size() > 3 ? a[3].as_int() : static_cast<std::int64_t>(with.size());
  if (from <= 0) throw sql_error("22011", "negative substring length not allowed");
  bit_string out = substring_of(v, 1, from - 1, false);
  out.append(with);
  out.append(substring_of(v, from + count, 0, true));
  return result(c, out);
}
datum position(call_context&, args_t a) {
  const bit_string v = arg(a), wanted = arg(a, 1);
  if (v.size() == 0) return datum::of_int(0);
  for (std::size_t at = 0; at + wanted.size() <= v.size(); ++at) {
    std::size_t n = 0;
    while (n < wanted.size() && v.get(at + n) == wanted.get(n)) ++n;
    if (n == wanted.size()) return datum::of_int(static_cast<std::int64_t>(at) + 1);
  }
  return datum::of_int(0);
}
std::size_t index_in(const bit_string& v, datum index) {
  const std::int64_t i = index.as_int();
  if (i < 0 || i >= static_cast<std::int64_t>(v.size()))
    throw sql_error("2202E", "bit index " + std::to_string(i) + " out of valid range (0.." + std::to_string(static_cast<std::int64_t>(v.size()) - 1) + ")");
  return static_cast<std::size_t>(i);
}
datum get_bit(call_context&, args_t a) {
  const bit_string v = arg(a);
  return datum::of_int(v.get(index_in(v, a[1])));
}
datum set_bit(call_context& c, args_t a) {
  bit_string v = arg(a);
  const std::size_t i = index_in(v, a[1]);
  if (a[2].as_int() != 0 && a[2].as_int() != 1) throw sql_error(sqlstate::invalid_parameter_value, "new bit must be 0 or 1");
  v.set(i, a[2].as_int() == 1);
  return result(c, v);
}

template <char Operation>
class bits_state final : public aggregate_state {
 public:
  void add(call_context&, args_t a) override {
    bits_ = any_ ? combined<Operation>(std::move(bits_), arg(a)) : arg(a);
    any_ = true;
  }
  datum finish(call_context& c) override { return any_ ? result(c, bits_) : datum::null(); }

 private:
  bool any_ = false;
  bit_string bits_;
};
template <class State>
std::unique_ptr<aggregate_state> start() { return std::make_unique<State>(); }

datum to_bit(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  return result(c, fit_bit(bit_string::from(v), modifier, is_explicit));
}
datum to_varbit(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  return result(c, fit_varbit(bit_string::from(v), modifier, is_explicit));
}
/// The lowest bits of the number, its sign filling up from the left; without a length it is one bit.
datum from_integer(call_context& c, datum v, std::int32_t modifier, bool) {
  const auto size = static_cast<std::size_t>(std::max(modifier, 1));
  bit_string out(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = size - 1 - i;
    out.set(i, place > 63 ? v.as_int() < 0 : (v.as_int() >> place & 1) != 0);
  }
  return result(c, out);
}
template <int Width>
datum to_integer(call_context&, datum v, std::int32_t, bool) {
  const bit_string b = bit_string::from(v);
  if (b.size() > Width) throw sql_error(sqlstate::numeric_value_out_of_range, Width == 32 ? "integer out of range" : "bigint out of range");
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < b.size(); ++i) out = out << 1 | static_cast<std::uint64_t>(b.get(i));
  return datum::of_int(Width == 32 ? static_cast<std::int32_t>(out) : static_cast<std::int64_t>(out));
}

template <class Test>
datum compared(call_context&, args_t a) { return datum::of_bool(Test::holds(get_type(type_oid::bit).compare(a[0], a[1]))); }
struct is_equal { static bool holds(std::strong_ordering o) { return o == 0; } };
struct is_unequal { static bool holds(std::strong_ordering o) { return o != 0; } };
struct is_less { static bool holds(std::strong_ordering o) { return o < 0; } };
struct is_less_equal { static bool holds(std::strong_ordering o) { return o <= 0; } };
struct is_greater { static bool holds(std::strong_ordering o) { return o > 0; } };
struct is_greater_equal { static bool holds(std::strong_ordering o) { return o >= 0; } };

void add_comparisons(registry& r, oid type) {
  r.op("=", {type, type}, sig::b, compared<is_equal>);
  r.op("<>", {type, type}, sig::b, compared<is_unequal>);
  r.op("<", {type, type}, sig::b, compared<is_less>);
  r.op("<=", {type, type}, sig::b, compared<is_less_equal>);
  r.op(">", {type, type}, sig::b, compared<is_greater>);
  r.op(">=", {type, type}, sig::b, compared<is_greater_equal>);
}

}  // namespace

/// Before the casts through text.
void add_bit_casts(registry& r) {
  using namespace sig;
  constexpr oid bits = type_oid::bit, varying = type_oid::varbit;
  r.cast(bits, bits, cast_context::implicit, to_bit);
  r.cast(varying, varying, cast_context::implicit, to_varbit);
  r.cast(bits, varying, cast_context::implicit, nullptr);
  r.cast(varying, bits, cast_context::implicit, nullptr);
  r.cast(i4, bits, cast_context::explicit_, from_integer);
  r.cast(i8, bits, cast_context::explicit_, from_integer);
  r.cast(bits, i4, cast_context::explicit_, to_integer<32>);
  r.cast(bits, i8, cast_context::explicit_, to_integer<64>);
}

void add_bit_functions(registry& r) {
  using namespace sig;
  constexpr oid bits = type_oid::bit, varying = type_oid::varbit;
  add_comparisons(r, bits);
  add_comparisons(r, varying);
  r.op("&", {bits, bits}, bits, combine<'&'>);
  r.op("|", {bits, bits}, bits, combine<'|'>);
  r.op("#", {bits, bits}, bits, combine<'#'>);
  r.op("~", {bits}, bits, invert);
  r.op("<<", {bits, i4}, bits, shift_left);
  r.op(">>", {bits, i4}, bits, shift_right);
  r.op("||", {varying, varying}, varying, concatenate);
  for (const char* name : {"length", "bit_length"}) r.add(name, {bits}, i4, length);
  r.add("octet_length", {bits}, i4, octets);
  r.add("bit_count", {bits}, i8, count_ones);
  r.add("substring", {bits, i4}, bits, substring);
  r.add("substring", {bits, i4, i4}, bits, substring);
  r.add("overlay", {bits, bits, i4}, bits, overlay);
  r.add("overlay", {bits, bits, i4, i4}, bits, overlay);
  r.add("position", {bits, bits}, i4, position);
  r.add("get_bit", {bits, i4}, i4, get_bit);
  r.add("set_bit", {bits, i4, i4}, bits, set_bit);
  r.aggregate("bit_and", {bits}, bits, start<bits_state<'&'>>);
  r.aggregate("bit_or", {bits}, bits, start<bits_state<'|'>>);
  r.aggregate("bit_xor", {bits}, bits, start<bits_state<'#'>>);
}

}  // namespace helios::sql
