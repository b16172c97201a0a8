#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

constexpr std::size_t uuid_bytes = 16;

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = to_lower_ascii(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Braces around it, and a hyphen after each group of four digits, are optional.
datum parse_uuid(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  std::string_view rest = text;
  const bool braces = rest.starts_with('{');
  if (braces) rest.remove_prefix(1);
  char* to = mem.allocate(uuid_bytes);
  for (std::size_t i = 0; i < uuid_bytes; ++i) {
    const int high = rest.size() >= 2 ? hex_value(rest[0]) : -1, low = rest.size() >= 2 ? hex_value(rest[1]) : -1;
    if (high < 0 || low < 0) invalid_text("uuid", text);
    to[i] = static_cast<char>(high * 16 + low);
    rest.remove_prefix(2);
    if (rest.starts_with('-') && i % 2 == 1 && i + 1 < uuid_bytes) rest.remove_prefix(1);
  }
  if (braces ? rest != "}" : !rest.empty()) invalid_text("uuid", text);
  return datum::of_bytes({to, uuid_bytes});
}

void write_uuid(datum v, const format_settings&, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto bytes = v.as_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(digits[static_cast<unsigned char>(bytes[i]) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(bytes[i]) & 15]);
  }
}

datum parse_uuid_binary(std::string_view bytes, std::int32_t, arena& mem) {
  expect_binary_size(bytes, uuid_bytes);
  return datum::of_bytes(mem.copy(bytes));
}
void write_raw(datum v, std::string& out) { out.append(v.as_bytes()); }
std::strong_ordering compare_uuid(datum a, datum b) { return compare_bytes(a.as_bytes(), b.as_bytes()); }
std::uint64_t hash_uuid(datum v) { return hash_bytes(v.as_bytes()); }

constexpr type_ops uuid_ops{type_oid::uuid, "uuid", "uuid", 16, 'U', false, false, type_oid::uuid_array,
                            parse_uuid, write_uuid, parse_uuid_binary, write_raw, compare_uuid, hash_uuid, write_raw};

}  // namespace

void add_uuid_type(type_list& list) { list.push_back(&uuid_ops); }

}  // namespace helios::sql
