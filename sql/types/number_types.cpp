// bool, int2, int4, int8, oid, xid, float4, float8: values that are inline in the datum.
#include <charconv>
#include <limits>

#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

template <class Int>
struct integer_name;
template <>
struct integer_name<std::int16_t> { static constexpr const char* value = "smallint"; };
template <>
struct integer_name<std::int32_t> { static constexpr const char* value = "integer"; };
template <>
struct integer_name<std::int64_t> { static constexpr const char* value = "bigint"; };

template <class Int>
datum parse_integer(std::string_view text, std::int32_t, const format_settings&, arena&) {
  std::string_view body = trim(text);
  if (body.starts_with('+') && body.size() > 1 && is_digit(body[1])) body.remove_prefix(1);
  Int v{};
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), v);
  if (error == std::errc::invalid_argument || end != body.data() + body.size())
    invalid_text(integer_name<Int>::value, text);
  if (error == std::errc::result_out_of_range) text_out_of_range(integer_name<Int>::value, text);
  return datum::of_int(v);
}

void write_integer(datum v, const format_settings&, std::string& out) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v.as_int()).ptr;
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

template <class Int>
datum parse_integer_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, sizeof(Int));
  return datum::of_int(static_cast<std::int64_t>(load_be<Int>(bytes.data())));
}
template <class Int>
void write_integer_binary(datum v, std::string& out) { put_be(out, static_cast<Int>(v.as_int())); }
template <class Int>
void write_integer_key(datum v, std::string& out) { put_ordered(out, static_cast<Int>(v.as_int())); }

datum parse_oid(std::string_view text, std::int32_t, const format_settings&, arena&) {
  std::string_view body = trim(text);
  if (body.starts_with('+')) body.remove_prefix(1);
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), v);
  if (error == std::errc::invalid_argument || end != body.data() + body.size()) invalid_text("oid", text);
  // Negative numbers wrap, as strtoul lets them.
  if (error == std::errc::result_out_of_range || v > std::numeric_limits<std::uint32_t>::max() ||
      v < std::numeric_limits<std::int32_t>::min())
    text_out_of_range("oid", text);
  return datum::of_int(static_cast<std::int64_t>(static_cast<std::uint32_t>(v)));
}
void write_oid_key(datum v, std::string& out) { put_be(out, static_cast<std::uint32_t>(v.as_int())); }

datum parse_bool(std::string_view text, std::int32_t, const format_settings&, arena&) {
  const std::string word = lower_ascii(trim(text));
  const auto prefix_of = [&](std::string_view full, std::size_t least) {
    return word.size() >= least && full.starts_with(word);
  };
  if (prefix_of("true", 1) || prefix_of("yes", 1) || word == "on" || word == "1") return datum::of_bool(true);
  if (prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2) || word == "0") return datum::of_bool(false);
  invalid_text("boolean", text);
}
void write_bool(datum v, const format_settings&, std::string& out) { out.push_back(v.as_bool() ? 't' : 'f'); }
datum parse_bool_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 1);
  return datum::of_bool(bytes[0] != 0);
}
void write_bool_binary(datum v, std::string& out) { out.push_back(v.as_bool() ? '\1' : '\0'); }

datum parse_float8_datum(std::string_view text, std::int32_t, const format_settings&, arena&) {
  return datum::of_double(parse_float8(text));
}
datum parse_float4_datum(std::string_view text, std::int32_t, const format_settings&, arena&) {
  return datum::of_double(static_cast<double>(parse_float4(text)));
}
void write_float8_datum(datum v, const format_settings& f, std::string& out) {
  write_float8(v.as_double(), f.extra_float_digits, out);
}
void write_float4_datum(datum v, const format_settings& f, std::string& out) {
  write_float4(static_cast<float>(v.as_double()), f.extra_float_digits, out);
}
datum parse_float8_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 8);
  return datum::of_double(std::bit_cast<double>(load_be<std::uint64_t>(bytes.data())));
}
datum parse_float4_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 4);
  return datum::of_double(static_cast<double>(std::bit_cast<float>(load_be<std::uint32_t>(bytes.data()))));
}
void write_float8_binary(datum v, std::string& out) { put_be(out, std::bit_cast<std::uint64_t>(v.as_double())); }
void write_float4_binary(datum v, std::string& out) {
  put_be(out, std::bit_cast<std::uint32_t>(static_cast<float>(v.as_double())));
}
std::strong_ordering compare_float(datum a, datum b) { return compare_doubles(a.as_double(), b.as_double()); }
std::uint64_t hash_float(datum v) { return hash_double(v.as_double()); }
void write_float_key(datum v, std::string& out) { put_ordered_double(out, v.as_double()); }

template <class Int>
constexpr type_ops integer_ops(oid id, const char* name, std::int16_t length, oid array) {
  return {id, name, integer_name<Int>::value, length, 'N', false, true, array,
          parse_integer<Int>, write_integer, parse_integer_binary<Int>, write_integer_binary<Int>,
          compare_int_datums, hash_int_datum, write_integer_key<Int>};
}
constexpr type_ops unsigned_ops(oid id, const char* name, char category, bool preferred, oid array) {
  return {id, name, name, 4, category, preferred, true, array,
          parse_oid, write_integer, parse_integer_binary<std::uint32_t>, write_integer_binary<std::uint32_t>,
          compare_int_datums, hash_int_datum, write_oid_key};
}

constexpr type_ops bool_ops{type_oid::boolean, "bool", "boolean", 1, 'B', true, true, type_oid::bool_array,
                            parse_bool, write_bool, parse_bool_binary, write_bool_binary,
                            compare_int_datums, hash_int_datum, write_bool_binary};
constexpr type_ops int2_ops = integer_ops<std::int16_t>(type_oid::int2, "int2", 2, type_oid::int2_array);
constexpr type_ops int4_ops = integer_ops<std::int32_t>(type_oid::int4, "int4", 4, type_oid::int4_array);
constexpr type_ops int8_ops = integer_ops<std::int64_t>(type_oid::int8, "int8", 8, type_oid::int8_array);
constexpr type_ops oid_ops = unsigned_ops(type_oid::oid, "oid", 'N', true, type_oid::oid_array);
constexpr type_ops xid_ops = unsigned_ops(type_oid::xid, "xid", 'U', false, 1011);
constexpr type_ops cid_ops = unsigned_ops(type_oid::cid, "cid", 'U', false, 1012);
constexpr type_ops float4_ops{type_oid::float4, "float4", "real", 4, 'N', false, true, type_oid::float4_array,
                              parse_float4_datum, write_float4_datum, parse_float4_binary, write_float4_binary,
                              compare_float, hash_float, write_float_key};
constexpr type_ops float8_ops{type_oid::float8, "float8", "double precision", 8, 'N', true, true,
                              type_oid::float8_array, parse_float8_datum, write_float8_datum, parse_float8_binary,
                              write_float8_binary, compare_float, hash_float, write_float_key};

}  // namespace

void add_number_types(type_list& list) {
  list.insert(list.end(), {&bool_ops, &int2_ops, &int4_ops, &int8_ops, &oid_ops, &xid_ops, &cid_ops, &float4_ops,
                           &float8_ops});
}

}  // namespace helios::sql
