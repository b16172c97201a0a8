#pragma once
// What the files of sql/types share: PostgreSQL's error texts, key encodings, hashing, and the list in which each file
// enters its types. Not for use outside sql/types and sql/functions.

#include <bit>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/sql_error.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

using type_list = std::vector<const type_ops*>;
void add_number_types(type_list&);
void add_text_types(type_list&);
void add_json_types(type_list&);
void add_jsonpath_type(type_list&);
void add_network_types(type_list&);
void add_bit_types(type_list&);
void add_numeric_type(type_list&);
void add_date_types(type_list&);
void add_interval_type(type_list&);
void add_uuid_type(type_list&);
void add_array_types(type_list&);
void add_object_types(type_list&);
void add_pseudo_types(type_list&);

/// 22P02 `invalid input syntax for type integer: "x"`.
[[noreturn]] void invalid_text(std::string_view type, std::string_view text);
/// 22003 `value "x" is out of range for type integer`.
[[noreturn]] void text_out_of_range(std::string_view type, std::string_view text);
/// 22P03 for a binary value of the wrong length or content.
[[noreturn]] void invalid_binary(std::string_view type);
/// 08P01 as PostgreSQL reports a short binary parameter.
void expect_binary_size(std::string_view bytes, std::size_t size);
/// 22021 unless valid UTF-8 without NUL.
void check_utf8(std::string_view text);

constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char to_lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char to_upper_ascii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
std::string_view trim(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string lower_ascii(std::string_view text);

/// Number of bytes of the UTF-8 character that begins with `lead`; 1 for a byte that begins none.
constexpr std::size_t utf8_size(char lead) {
  const auto b = static_cast<unsigned char>(lead);
  return b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
}
std::size_t utf8_length(std::string_view text);
/// Appends the character with this code point, 0 to 0x10FFFF.
void append_utf8(std::uint32_t code, std::string& out);
/// Byte offset of the character with index `n`; text.size() when there are fewer.
std::size_t utf8_offset(std::string_view text, std::size_t n);

/// Order of two strings as bytes: the "C" collation.
inline std::strong_ordering compare_bytes(std::string_view a, std::string_view b) { return a.compare(b) <=> 0; }

/// Key parts: memcmp order equals value order.
template <std::signed_integral T>
void put_ordered(std::string& out, T v) {
  using U = std::make_unsigned_t<T>;
  put_be(out, static_cast<U>(static_cast<U>(v) ^ (U{1} << (sizeof(U) * 8 - 1))));
}
void put_ordered_double(std::string& out, double v);
/// 00 becomes 00 FF, and 00 00 ends the part.
void put_ordered_bytes(std::string& out, std::string_view v);

std::uint64_t hash_bytes(std::string_view bytes);
constexpr std::uint64_t hash_integer(std::uint64_t v) {
  v ^= v >> 33;
  v *= 0xff51afd7ed558ccdULL;
  v ^= v >> 33;
  v *= 0xc4ceb9fe1a85ec53ULL;
  return v ^ (v >> 33);
}
/// PostgreSQL's order: -0 = 0, NaN = NaN and above all others.
std::strong_ordering compare_doubles(double a, double b);
std::uint64_t hash_double(double v);

inline std::strong_ordering compare_int_datums(datum a, datum b) { return a.as_int() <=> b.as_int(); }
inline std::uint64_t hash_int_datum(datum v) { return hash_integer(static_cast<std::uint64_t>(v.as_int())); }

/// Bytes of a value inside an array or a record. The type says how to read them back.
void pack(const type_ops& type, datum value, std::string& out);
/// Throws XX001 when the bytes end early. Views point into `in`.
datum unpack(const type_ops& type, byte_reader& in);

/// As PostgreSQL prints shortest floats: fixed up to 15 (float4: 6) digits before the point, else with an exponent.
void write_float8(double v, int extra_float_digits, std::string& out);
void write_float4(float v, int extra_float_digits, std::string& out);
double parse_float8(std::string_view text);
float parse_float4(std::string_view text);

}  // namespace helios::sql
