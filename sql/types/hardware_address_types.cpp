// macaddr and macaddr8: six and eight bytes.
#include "sql/types/support.hpp"

namespace helios::sql {

void add_hardware_address_types(type_list&);

namespace {

constexpr std::size_t short_bytes = 6, long_bytes = 8;

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = to_lower_ascii(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// One or more hexadecimal digits; -1 where there is none, at most 0xffffff + 1 for a number that is too long.
long take_hex(std::string_view& rest) {
  long v = 0;
  std::size_t n = 0;
  while (n < rest.size() && hex_digit(rest[n]) >= 0) v = std::min(v * 16 + hex_digit(rest[n++]), 0x1000000L);
  rest.remove_prefix(n);
  return n == 0 ? -1 : v;
}

/// Six numbers between ':' or '-'.
bool parse_groups(std::string_view text, char separator, std::string& out) {
  bool in_range = true;
  for (std::size_t i = 0; i < short_bytes; ++i) {
    if (i > 0) {
      if (!text.starts_with(separator)) return false;
      text.remove_prefix(1);
    }
    const long v = take_hex(text);
    if (v < 0) return false;
    in_range = in_range && v <= 255;
    out.push_back(static_cast<char>(v));
  }
  if (text.empty() && !in_range) throw sql_error(sqlstate::numeric_value_out_of_range, "invalid octet value");
  return text.empty();
}
/// Bytes of two digits ('x' in the pattern), or of one where the next is none, between the pattern's separators.
bool parse_pattern(std::string_view text, std::string_view pattern, std::string& out) {
  for (char wanted : pattern) {
    if (wanted != 'x') {
      if (!text.starts_with(wanted)) return false;
      text.remove_prefix(1);
      continue;
    }
    auto digits = text.substr(0, 2);
    const std::size_t before = digits.size();
    const long v = take_hex(digits);
    if (v < 0) return false;
    text.remove_prefix(before - digits.size());
    out.push_back(static_cast<char>(v));
  }
  return text.empty();
}

datum parse_short(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  const auto trimmed = trim(text);
  std::string out;
  const auto attempt = [&](auto parse) { return out.clear(), parse(); };
  try {
    for (char separator : {':', '-'})
      if (attempt([&] { return parse_groups(trimmed, separator, out); })) return datum::of_bytes(mem.copy(out));
  } catch (const sql_error&) {
    throw sql_error(sqlstate::numeric_value_out_of_range, "invalid octet value in \"macaddr\" value: \"" + std::string(text) + "\"");
  }
  for (const char* pattern : {"xxx:xxx", "xxx-xxx", "xx.xx.xx", "xx-xx-xx", "xxxxxx"})
    if (attempt([&] { return parse_pattern(trimmed, pattern, out); })) return datum::of_bytes(mem.copy(out));
  invalid_text("macaddr", text);
}

/// Pairs of digits, with one kind of separator between some of them; six bytes get ff:fe in their middle.
datum parse_long(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  std::string_view rest = text;
  while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
  std::string out;
  char separator = '\0';
  while (!rest.empty() && out.size() < long_bytes) {
    const int high = hex_digit(rest[0]), low = rest.size() > 1 ? hex_digit(rest[1]) : -1;
    if (high < 0 || low < 0) invalid_text("macaddr8", text);
    out.push_back(static_cast<char>(high * 16 + low));
    rest.remove_prefix(2);
    if (rest.empty() || (rest[0] != ':' && rest[0] != '-' && rest[0] != '.')) {
      if (rest.empty() || hex_digit(rest[0]) < 0) break;
      continue;
    }
    if (separator == '\0') separator = rest[0];
    if (separator != rest[0]) invalid_text("macaddr8", text);
    rest.remove_prefix(1);
  }
  while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
  if (out.size() == short_bytes) out.insert(3, "\xff\xfe");
  if (!rest.empty() || out.size() != long_bytes) invalid_text("macaddr8", text);
  return datum::of_bytes(mem.copy(out));
}

void write_address(datum v, const format_settings&, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto bytes = v.as_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out.push_back(':');
    out.push_back(digits[static_cast<unsigned char>(bytes[i]) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(bytes[i]) & 15]);
  }
}
datum parse_short_binary(std::string_view bytes, std::int32_t, arena& mem) {
  expect_binary_size(bytes, short_bytes);
  return datum::of_bytes(mem.copy(bytes));
}
datum parse_long_binary(std::string_view bytes, std::int32_t, arena& mem) {
  if (bytes.size() == short_bytes) {
    std::string wide(bytes);
    wide.insert(3, "\xff\xfe");
    return datum::of_bytes(mem.copy(wide));
  }
  expect_binary_size(bytes, long_bytes);
  return datum::of_bytes(mem.copy(bytes));
}
void write_raw(datum v, std::string& out) { out.append(v.as_bytes()); }
std::strong_ordering compare_address(datum a, datum b) { return compare_bytes(a.as_bytes(), b.as_bytes()); }
std::uint64_t hash_address(datum v) { return hash_bytes(v.as_bytes()); }

constexpr type_ops short_ops{type_oid::macaddr, "macaddr", "macaddr", 6, 'U', false, false, type_oid::macaddr_array, parse_short, write_address,
                             parse_short_binary, write_raw, compare_address, hash_address, write_raw};
constexpr type_ops long_ops{type_oid::macaddr8, "macaddr8", "macaddr8", 8, 'U', false, false, type_oid::macaddr8_array, parse_long, write_address,
                            parse_long_binary, write_raw, compare_address, hash_address, write_raw};

}  // namespace

void add_hardware_address_types(type_list& list) {
  list.push_back(&short_ops);
  list.push_back(&long_ops);
}

}  // namespace helios::sql
