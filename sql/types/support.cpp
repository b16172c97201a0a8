#include "sql/types/support.hpp"

#include <cmath>
#include <cstring>

namespace helios::sql {

void invalid_text(std::string_view type, std::string_view text) {
  throw sql_error(sqlstate::invalid_text_representation,
                  std::string("invalid input syntax for type ").append(type).append(": \"").append(text).append("\""));
}

void text_out_of_range(std::string_view type, std::string_view text) {
  throw sql_error(
      sqlstate::numeric_value_out_of_range,
      std::string("value \"").append(text).append("\" is out of range for type ").append(type));
}

void invalid_binary(std::string_view type) {
  throw sql_error(sqlstate::invalid_binary_representation,
                  std::string("incorrect binary data format for type ").append(type));
}

void expect_binary_size(std::string_view bytes, std::size_t size) {
  if (bytes.size() < size) throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
  if (bytes.size() > size)
    throw sql_error(sqlstate::invalid_binary_representation, "incorrect binary data format in bind parameter");
}

namespace {
/// Length of the valid UTF-8 character at `at`, or 0.
std::size_t valid_character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const std::size_t size = utf8_size(text[at]);
  if (byte(0) == 0 || (byte(0) >= 0x80 && byte(0) < 0xC2) || byte(0) > 0xF4 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (byte(0) == 0xE0 && byte(1) < 0xA0) return 0;
  if (byte(0) == 0xED && byte(1) > 0x9F) return 0;
  if (byte(0) == 0xF0 && byte(1) < 0x90) return 0;
  if (byte(0) == 0xF4 && byte(1) > 0x8F) return 0;
  return size;
}
}  // namespace

void check_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = valid_character(text, i);
    if (size == 0) {
      static constexpr char hex[] = "0123456789abcdef";
      std::string bytes;
      for (std::size_t k = i; k < text.size() && k < i + utf8_size(text[i]); ++k) {
        const auto b = static_cast<unsigned char>(text[k]);
        bytes.append(bytes.empty() ? "0x" : " 0x");
        bytes.push_back(hex[b >> 4]);
        bytes.push_back(hex[b & 15]);
      }
      throw sql_error(sqlstate::character_not_in_repertoire, "invalid byte sequence for encoding \"UTF8\": " + bytes);
    }
    i += size;
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower_ascii(a[i]) != to_lower_ascii(b[i])) return false;
  return true;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower_ascii(c);
  return out;
}

std::size_t utf8_length(std::string_view text) {
  std::size_t n = 0;
  for (char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

std::size_t utf8_offset(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  for (; n > 0 && at < text.size(); --n) at += utf8_size(text[at]);
  return at < text.size() ? at : text.size();
}

void put_ordered_double(std::string& out, double v) {
  if (v == 0) v = 0;  // -0 and 0 are one key
  if (std::isnan(v)) v = std::numeric_limits<double>::quiet_NaN();
  auto bits = std::bit_cast<std::uint64_t>(v);
  bits = (bits >> 63) != 0 && !std::isnan(v) ? ~bits : bits | (std::uint64_t{1} << 63);
  put_be(out, bits);
}

void put_ordered_bytes(std::string& out, std::string_view v) {
  for (;;) {
    const auto zero = v.find('\0');
    out.append(v.substr(0, zero));
    if (zero == std::string_view::npos) break;
    out.append("\0\xff", 2);
    v.remove_prefix(zero + 1);
  }
  out.append("\0\0", 2);
}

std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t h = 0x9e3779b97f4a7c15ULL ^ (bytes.size() * 0xff51afd7ed558ccdULL);
  while (bytes.size() >= 8) {
    h = hash_integer(h ^ load_le<std::uint64_t>(bytes.data()));
    bytes.remove_prefix(8);
  }
  std::uint64_t tail = 0;
  if (!bytes.empty()) std::memcpy(&tail, bytes.data(), bytes.size());
  return hash_integer(h ^ tail);
}

std::strong_ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) <=> static_cast<int>(std::isnan(b));
  return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

std::uint64_t hash_double(double v) {
  if (v == 0) v = 0;
  if (std::isnan(v)) v = std::numeric_limits<double>::quiet_NaN();
  return hash_integer(std::bit_cast<std::uint64_t>(v));
}

namespace {
bool is_real(const type_ops& type) {
  const oid id = type.storage().id;
  return id == type_oid::float4 || id == type_oid::float8;
}
}  // namespace

void pack(const type_ops& type, datum value, std::string& out) {
  if (!type.inline_value) {
    const auto bytes = value.as_bytes();
    put_le(out, static_cast<std::uint32_t>(bytes.size()));
    out.append(bytes);
  } else if (is_real(type)) {
    put_le(out, std::bit_cast<std::uint64_t>(value.as_double()));
  } else {
    put_le(out, value.as_int());
  }
}

datum unpack(const type_ops& type, byte_reader& in) {
  datum out;
  if (!type.inline_value) {
    const auto size = in.le<std::uint32_t>();
    out = datum::of_bytes(in.bytes(size));
  } else if (is_real(type)) {
    out = datum::of_double(std::bit_cast<double>(in.le<std::uint64_t>()));
  } else {
    out = datum::of_int(in.le<std::int64_t>());
  }
  if (!in.ok()) throw sql_error(sqlstate::data_corrupted, "a stored array or record ends early");
  return out;
}

}  // namespace helios::sql
