// Hashes and encodings of bytes.
#include <openssl/evp.h>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"
#include "sql/types/text.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

std::string hex(std::string_view bytes) {
  std::string out;
  write_bytea_text(bytes, true, out);
  return out.substr(2);
}

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  unsigned char buffer[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), buffer, &size, kind, nullptr) != 1)
    throw sql_error(sqlstate::internal_error, "could not compute a hash");
  return {reinterpret_cast<const char*>(buffer), size};
}
datum md5(call_context& c, args_t a) { return text_result(c, hex(digest(EVP_md5(), a[0].as_bytes()))); }
template <const EVP_MD* (*Kind)()>
datum sha(call_context& c, args_t a) { return text_result(c, digest(Kind(), a[0].as_bytes())); }

std::string to_base64(std::string_view bytes) {
  std::string out;
  constexpr std::size_t per_line = 57;  // 76 characters, as in MIME
  for (std::size_t i = 0; i < bytes.size(); i += per_line) {
    const auto part = bytes.substr(i, per_line);
    unsigned char line[80];
    const int n = EVP_EncodeBlock(line, reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size()));
    if (i > 0) out.push_back('\n');
    out.append(reinterpret_cast<const char*>(line), static_cast<std::size_t>(n));
  }
  return out;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}
std::string from_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int count = 0, padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_space(c)) continue;
    if (c == '=') {
      ++padding;
      if (count + padding > 4 || count < 2) throw sql_error(sqlstate::invalid_parameter_value, "unexpected \"=\" while decoding base64 sequence");
      continue;
    }
    const int v = base64_value(c);
    if (v < 0 || padding > 0)
      throw sql_error(sqlstate::invalid_parameter_value, "invalid symbol \"" + std::string(text.substr(i, utf8_size(c))) + "\" found while decoding base64 sequence");
    bits = bits << 6 | static_cast<unsigned>(v);
    if (++count == 4) {
      for (int shift : {16, 8, 0}) out.push_back(static_cast<char>(bits >> shift));
      bits = 0, count = 0;
    }
  }
  if (count == 1 || (count > 0 && count + padding != 4))
    throw sql_error(sqlstate::invalid_parameter_value, "invalid base64 end sequence").hint("Input data is missing padding, is truncated, or is otherwise corrupted.");
  if (count == 2) out.push_back(static_cast<char>(bits >> 4));
  if (count == 3) out.push_back(static_cast<char>(bits >> 10)), out.push_back(static_cast<char>(bits >> 2));
  return out;
}

/// PostgreSQL's "escape": zero and bytes above 127 in octal, backslash doubled.
std::string to_escape(std::string_view bytes) {
  std::string out;
  for (char ch : bytes) {
    const auto v = static_cast<unsigned char>(ch);
    if (ch == '\\') {
      out += "\\\\";
    } else if (v == 0 || v >= 0x80) {
      out.push_back('\\');
      for (int shift : {6, 3, 0}) out.push_back(static_cast<char>('0' + ((v >> shift) & 7)));
    } else {
      out.push_back(ch);
    }
  }
  return out;
}

[[noreturn]] void unknown_encoding(std::string_view name) {
  throw sql_error(sqlstate::invalid_parameter_value, "unrecognized encoding: \"" + std::string(name) + "\"");
}
datum encode(call_context& c, args_t a) {
  const auto name = lower_ascii(a[1].as_bytes());
  if (name == "hex") return text_result(c, hex(a[0].as_bytes()));
  if (name == "base64") return text_result(c, to_base64(a[0].as_bytes()));
  if (name == "escape") return text_result(c, to_escape(a[0].as_bytes()));
  unknown_encoding(a[1].as_bytes());
}
datum decode(call_context& c, args_t a) {
  const auto name = lower_ascii(a[1].as_bytes());
  if (name == "hex") return text_result(c, parse_bytea_text("\\x" + std::string(a[0].as_bytes())));
  if (name == "base64") return text_result(c, from_base64(a[0].as_bytes()));
  if (name == "escape") return text_result(c, parse_bytea_text(a[0].as_bytes()));
  unknown_encoding(a[1].as_bytes());
}

void check_utf8_name(std::string_view name) {
  const auto lower = lower_ascii(name);
  if (lower != "utf8" && lower != "utf-8" && lower != "unicode")
    throw sql_error(sqlstate::feature_not_supported, "conversion with encoding \"" + std::string(name) + "\" is not supported");
}
datum convert_from(call_context& c, args_t a) {
  check_utf8_name(a[1].as_bytes());
  check_utf8(a[0].as_bytes());
  return text_result(c, a[0].as_bytes());
}
datum convert_to(call_context& c, args_t a) {
  check_utf8_name(a[1].as_bytes());
  return text_result(c, a[0].as_bytes());
}

std::size_t byte_index(args_t a) {
  const std::int64_t n = a[1].as_int(), size = static_cast<std::int64_t>(a[0].as_bytes().size());
  if (n < 0 || n >= size)
    throw sql_error("2202E", "index " + std::to_string(n) + " out of valid range, 0.." + std::to_string(size - 1));
  return static_cast<std::size_t>(n);
}
datum get_byte(call_context&, args_t a) { return datum::of_int(static_cast<unsigned char>(a[0].as_bytes()[byte_index(a)])); }
datum set_byte(call_context& c, args_t a) {
  const std::size_t at = byte_index(a);
  std::string bytes(a[0].as_bytes());
  bytes[at] = static_cast<char>(a[2].as_int());
  return text_result(c, bytes);
}

template <oid Type>
datum hash_value(call_context&, args_t a) {
  return datum::of_int(static_cast<std::int32_t>(get_type(Type).hash(a[0])));
}

}  // namespace

void add_encoding_functions(registry& r) {
  using namespace sig;
  r.add("md5", {txt}, txt, md5);
  r.add("md5", {by}, txt, md5);
  r.add("sha224", {by}, by, sha<EVP_sha224>);
  r.add("sha256", {by}, by, sha<EVP_sha256>);
  r.add("sha384", {by}, by, sha<EVP_sha384>);
  r.add("sha512", {by}, by, sha<EVP_sha512>);
  r.add("encode", {by, txt}, txt, encode);
  r.add("decode", {txt, txt}, by, decode);
  r.add("convert_from", {by, nm}, txt, convert_from);
  r.add("convert_to", {txt, nm}, by, convert_to);
  r.add("get_byte", {by, i4}, i4, get_byte);
  r.add("set_byte", {by, i4, i4}, by, set_byte);
  r.add("hashtext", {txt}, i4, hash_value<type_oid::text>);
  r.add("hashint4", {i4}, i4, hash_value<type_oid::int4>);
}

}  // namespace helios::sql
