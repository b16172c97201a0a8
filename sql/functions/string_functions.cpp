// Functions and operators of text, by characters (UTF-8). Case is mapped by ICU, as a UTF-8 database of PostgreSQL does
// outside the "C" locale; order stays that of bytes.
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"
#include "sql/types/text.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;
constexpr std::size_t result_bytes_max = 0x3fffffff;  // PostgreSQL's limit of one value

void check_size(std::size_t bytes) {
  if (bytes > result_bytes_max) throw sql_error(sqlstate::program_limit_exceeded, "requested length too large");
}

bool is_ascii(std::string_view s) {
  return std::none_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

datum concatenate(call_context& c, args_t a) {
  const auto l = a[0].as_bytes(), r = a[1].as_bytes();
  check_size(l.size() + r.size());
  char* to = c.mem->allocate(l.size() + r.size());
  std::copy(l.begin(), l.end(), to);
  std::copy(r.begin(), r.end(), to + l.size());
  return datum::of_bytes({to, l.size() + r.size()});
}

datum length(call_context&, args_t a) { return datum::of_int(static_cast<std::int64_t>(utf8_length(a[0].as_bytes()))); }
datum length_padded(call_context&, args_t a) {
  return datum::of_int(static_cast<std::int64_t>(utf8_length(without_trailing_spaces(a[0].as_bytes()))));
}
datum bytes_length(call_context&, args_t a) { return datum::of_int(static_cast<std::int64_t>(a[0].as_bytes().size())); }
datum bits_length(call_context&, args_t a) { return datum::of_int(static_cast<std::int64_t>(a[0].as_bytes().size() * 8)); }

template <char (*Ascii)(char), icu::UnicodeString& (icu::UnicodeString::*Mapped)(const icu::Locale&)>
datum map_case(call_context& c, args_t a) {
  const auto text = a[0].as_bytes();
  if (is_ascii(text)) {
    char* to = c.mem->allocate(text.size());
    std::transform(text.begin(), text.end(), to, Ascii);
    return datum::of_bytes({to, text.size()});
  }
  auto wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  (wide.*Mapped)(icu::Locale::getRoot());
  std::string out;
  wide.toUTF8String(out);
  return text_result(c, out);
}
char lower_char(char c) { return to_lower_ascii(c); }
char upper_char(char c) { return to_upper_ascii(c); }

datum capitalize(call_context& c, args_t a) {
  auto wide = icu::UnicodeString::fromUTF8({a[0].as_bytes().data(), static_cast<std::int32_t>(a[0].as_bytes().size())});
  icu::UnicodeString out;
  bool inside = false;
  for (std::int32_t i = 0; i < wide.length(); i = wide.moveIndex32(i, 1)) {
    const UChar32 ch = wide.char32At(i);
    out.append(inside ? u_tolower(ch) : u_toupper(ch));
    inside = u_isalnum(ch) != 0;
  }
  std::string text;
  out.toUTF8String(text);
  return text_result(c, text);
}

/// Characters [from, from + count) counted from 1; positions before 1 shorten the result.
std::string_view part(std::string_view text, std::int64_t from, std::int64_t count) {
  std::int64_t end = 0;
  if (__builtin_add_overflow(from, count, &end)) end = INT64_MAX;
  from = std::max<std::int64_t>(from, 1);
  if (end <= from) return {};
  const std::size_t first = utf8_offset(text, static_cast<std::size_t>(from - 1));
  const auto rest = text.substr(first);
  return rest.substr(0, utf8_offset(rest, static_cast<std::size_t>(end - from)));
}
[[noreturn]] void negative_length() { throw sql_error("22011", "negative substring length not allowed"); }
datum substring(call_context&, args_t a) { return datum::of_bytes(part(a[0].as_bytes(), a[1].as_int(), INT64_MAX / 2)); }
datum substring_length(call_context&, args_t a) {
  if (a[2].as_int() < 0) negative_length();
  return datum::of_bytes(part(a[0].as_bytes(), a[1].as_int(), a[2].as_int()));
}
datum bytea_substring(call_context&, args_t a) {
  const auto bytes = a[0].as_bytes();
  std::int64_t from = a[1].as_int(), end = a.size() > 2 ? from + a[2].as_int() : INT64_MAX;
  if (a.size() > 2 && a[2].as_int() < 0) negative_length();
  from = std::max<std::int64_t>(from, 1);
  if (end <= from || from > static_cast<std::int64_t>(bytes.size())) return datum::of_bytes("");
  return datum::of_bytes(bytes.substr(static_cast<std::size_t>(from - 1), static_cast<std::size_t>(end - from)));
}

datum position(call_context&, args_t a) {
  const auto text = a[0].as_bytes();
  const auto at = text.find(a[1].as_bytes());
  return datum::of_int(at == std::string_view::npos ? 0 : static_cast<std::int64_t>(utf8_length(text.substr(0, at))) + 1);
}

datum replace(call_context& c, args_t a) {
  std::string_view rest = a[0].as_bytes();
  const auto from = a[1].as_bytes(), to = a[2].as_bytes();
  if (from.empty()) return a[0];
  std::string out;
  for (std::size_t at; (at = rest.find(from)) != std::string_view::npos; rest.remove_prefix(at + from.size())) {
    out.append(rest.substr(0, at)).append(to);
    check_size(out.size());
  }
  return text_result(c, out.append(rest));
}

enum sides { left_side = 1, right_side = 2 };
bool contains_character(std::string_view set, std::string_view character) {
  for (std::size_t i = 0; i < set.size(); i += utf8_size(set[i]))
    if (set.substr(i, utf8_size(set[i])) == character) return true;
  return false;
}
std::string_view trim_of(std::string_view text, std::string_view set, int which) {
  if (which & left_side)
    while (!text.empty() && contains_character(set, text.substr(0, utf8_size(text[0])))) text.remove_prefix(std::min(text.size(), utf8_size(text[0])));
  if (which & right_side)
    while (!text.empty()) {
      std::size_t last = text.size() - 1;
      while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
      if (!contains_character(set, text.substr(last))) break;
      text = text.substr(0, last);
    }
  return text;
}
template <int Which>
datum trim_spaces(call_context&, args_t a) { return datum::of_bytes(trim_of(a[0].as_bytes(), " ", Which)); }
template <int Which>
datum trim_set(call_context&, args_t a) { return datum::of_bytes(trim_of(a[0].as_bytes(), a[1].as_bytes(), Which)); }

std::string fill(std::string_view with, std::size_t characters) {
  std::string out;
  const std::size_t size = utf8_length(with);
  if (size == 0) return out;
  for (; characters >= size; characters -= size) out.append(with);
  return out.append(with.substr(0, utf8_offset(with, characters)));
}
template <bool Left>
datum pad(call_context& c, args_t a) {
  const auto text = a[0].as_bytes(), with = a.size() > 2 ? a[2].as_bytes() : std::string_view(" ");
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(a[1].as_int(), 0));
  const std::size_t have = utf8_length(text);
  if (have >= wanted) return datum::of_bytes(text.substr(0, utf8_offset(text, wanted)));
  check_size(wanted * std::max<std::size_t>(with.size(), 1));
  const std::string padding = fill(with, wanted - have);
  return text_result(c, Left ? padding + std::string(text) : std::string(text) + padding);
}

datum left_part(call_context&, args_t a) {
  const auto text = a[0].as_bytes();
  std::int64_t n = a[1].as_int();
  if (n < 0) n = std::max<std::int64_t>(static_cast<std::int64_t>(utf8_length(text)) + n, 0);
  return datum::of_bytes(text.substr(0, utf8_offset(text, static_cast<std::size_t>(n))));
}
datum right_part(call_context&, args_t a) {
  const auto text = a[0].as_bytes();
  const std::int64_t n = a[1].as_int(), size = static_cast<std::int64_t>(utf8_length(text));
  const std::int64_t skip = n < 0 ? -n : std::max<std::int64_t>(size - n, 0);
  return datum::of_bytes(text.substr(utf8_offset(text, static_cast<std::size_t>(skip))));
}

datum split_part(call_context&, args_t a) {
  const auto text = a[0].as_bytes(), separator = a[1].as_bytes();
  std::int64_t n = a[2].as_int();
  if (n == 0) throw sql_error(sqlstate::invalid_parameter_value, "field position must not be zero");
  if (text.empty()) return datum::of_bytes("");
  if (separator.empty()) return datum::of_bytes(n == 1 || n == -1 ? text : std::string_view());
  std::vector<std::string_view> fields;
  std::string_view rest = text;
  for (std::size_t at; (at = rest.find(separator)) != std::string_view::npos; rest.remove_prefix(at + separator.size()))
    fields.push_back(rest.substr(0, at));
  fields.push_back(rest);
  const auto count = static_cast<std::int64_t>(fields.size());
  if (n < 0) n = count + 1 + n;
  return datum::of_bytes(n < 1 || n > count ? std::string_view() : fields[static_cast<std::size_t>(n - 1)]);
}

datum repeat(call_context& c, args_t a) {
  const auto text = a[0].as_bytes();
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(a[1].as_int(), 0));
  if (n != 0 && text.size() > result_bytes_max / n) check_size(result_bytes_max + 1);
  char* to = c.mem->allocate(text.size() * n);
  for (std::size_t i = 0; i < n; ++i) std::copy(text.begin(), text.end(), to + i * text.size());
  return datum::of_bytes({to, text.size() * n});
}

datum reverse(call_context& c, args_t a) {
  const auto text = a[0].as_bytes();
  std::string out(text.size(), '\0');
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = std::min(utf8_size(text[i]), text.size() - i);
    std::copy_n(text.data() + i, size, out.data() + text.size() - i - size);
    i += size;
  }
  return text_result(c, out);
}

datum character_of(call_context& c, args_t a) {
  const std::int64_t code = a[0].as_int();
  if (code < 0) throw sql_error(sqlstate::invalid_parameter_value, "character number must be positive");
  if (code == 0) throw sql_error(sqlstate::program_limit_exceeded, "null character not permitted");
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    throw sql_error(sqlstate::program_limit_exceeded,
                    code > 0x10FFFF ? "requested character too large for encoding: " + std::to_string(code)
                                    : "requested character not valid for encoding: " + std::to_string(code));
  std::string out;
  icu::UnicodeString(static_cast<UChar32>(code)).toUTF8String(out);
  return text_result(c, out);
}
datum code_of(call_context&, args_t a) {
  const auto text = a[0].as_bytes();
  if (text.empty()) return datum::of_int(0);
  const auto size = std::min(utf8_size(text[0]), text.size());
  const auto wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(size)});
  return datum::of_int(wide.char32At(0));
}

datum translate(call_context& c, args_t a) {
  const auto text = a[0].as_bytes(), from = a[1].as_bytes(), to = a[2].as_bytes();
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += utf8_size(text[i])) {
    const auto character = text.substr(i, utf8_size(text[i]));
    std::size_t index = 0, at = 0;
    while (at < from.size() && from.substr(at, utf8_size(from[at])) != character) at += utf8_size(from[at]), ++index;
    if (at >= from.size()) {
      out.append(character);
    } else if (const std::size_t target = utf8_offset(to, index); target < to.size()) {
      out.append(to.substr(target, utf8_size(to[target])));
    }
  }
  return text_result(c, out);
}

datum starts_with(call_context&, args_t a) { return datum::of_bool(a[0].as_bytes().starts_with(a[1].as_bytes())); }

/// concat and concat_ws get text: the analyzer's "any" arguments arrive as their own types, so only strings here.
datum text_of_unknown(call_context&, args_t a) { return a[0]; }

datum overlay(call_context& c, args_t a) {
  const auto text = a[0].as_bytes(), with = a[1].as_bytes();
  const std::int64_t from = a[2].as_int();
  const std::int64_t count = a.size() > 3 ? a[3].as_int() : static_cast<std::int64_t>(utf8_length(with));
  if (from <= 0) negative_length();
  std::string out(part(text, 1, from - 1));
  return text_result(c, out.append(with).append(part(text, from + count, INT64_MAX / 2)));
}

datum to_hex(call_context& c, args_t a) {
  char buffer[24];
  const int n = std::snprintf(buffer, sizeof buffer, "%llx", static_cast<unsigned long long>(a[0].as_int()));
  return text_result(c, {buffer, static_cast<std::size_t>(n)});
}
datum to_hex_int4(call_context& c, args_t a) {
  const datum v = datum::of_int(static_cast<std::uint32_t>(a[0].as_int()));
  return to_hex(c, {&v, 1});
}

}  // namespace

void add_string_functions(registry& r) {
  using namespace sig;
  r.op("||", {txt, txt}, txt, concatenate);
  r.op("||", {by, by}, by, concatenate);
  for (const char* name : {"length", "char_length", "character_length"}) {
    r.add(name, {txt}, i4, length);
    r.add(name, {bp}, i4, length_padded);
  }
  r.add("length", {by}, i4, bytes_length);
  for (oid t : {txt, by, bp}) r.add("octet_length", {t}, i4, bytes_length);
  for (oid t : {txt, by}) r.add("bit_length", {t}, i4, bits_length);
  r.add("lower", {txt}, txt, map_case<lower_char, &icu::UnicodeString::toLower>);
  r.add("upper", {txt}, txt, map_case<upper_char, &icu::UnicodeString::toUpper>);
  r.add("initcap", {txt}, txt, capitalize);
  for (const char* name : {"substr", "substring"}) {
    r.add(name, {txt, i4}, txt, substring);
    r.add(name, {txt, i4, i4}, txt, substring_length);
    r.add(name, {by, i4}, by, bytea_substring);
    r.add(name, {by, i4, i4}, by, bytea_substring);
  }
  for (const char* name : {"position", "strpos"}) r.add(name, {txt, txt}, i4, position);
  r.add("replace", {txt, txt, txt}, txt, replace);
  r.add("btrim", {txt}, txt, trim_spaces<left_side | right_side>);
  r.add("btrim", {txt, txt}, txt, trim_set<left_side | right_side>);
  r.add("ltrim", {txt}, txt, trim_spaces<left_side>);
  r.add("ltrim", {txt, txt}, txt, trim_set<left_side>);
  r.add("rtrim", {txt}, txt, trim_spaces<right_side>);
  r.add("rtrim", {txt, txt}, txt, trim_set<right_side>);
  r.add("lpad", {txt, i4}, txt, pad<true>);
  r.add("lpad", {txt, i4, txt}, txt, pad<true>);
  r.add("rpad", {txt, i4}, txt, pad<false>);
  r.add("rpad", {txt, i4, txt}, txt, pad<false>);
  r.add("left", {txt, i4}, txt, left_part);
  r.add("right", {txt, i4}, txt, right_part);
  r.add("split_part", {txt, txt, i4}, txt, split_part);
  r.add("repeat", {txt, i4}, txt, repeat);
  r.add("reverse", {txt}, txt, reverse);
  r.add("chr", {i4}, txt, character_of);
  r.add("ascii", {txt}, i4, code_of);
  r.add("translate", {txt, txt, txt}, txt, translate);
  r.add("starts_with", {txt, txt}, b, starts_with);
  r.op("^@", {txt, txt}, b, starts_with);
  r.add("overlay", {txt, txt, i4}, txt, overlay);
  r.add("overlay", {txt, txt, i4, i4}, txt, overlay);
  r.add("to_hex", {i8}, txt, to_hex);
  r.add("to_hex", {i4}, txt, to_hex_int4);
  r.add("text", {nm}, txt, text_of_unknown);
}

}  // namespace helios::sql
