// text, varchar, bpchar, name, "char", bytea, unknown, cstring, and types that only show text.
#include "sql/types/support.hpp"
#include "sql/types/text.hpp"

namespace helios::sql {

std::string_view without_trailing_spaces(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

namespace {

[[noreturn]] void too_long(const char* type, std::size_t length) {
  throw sql_error(sqlstate::string_data_right_truncation,
                  "value too long for type " + std::string(type) + "(" + std::to_string(length) + ")");
}

/// The part of `text` that fits in `length` characters; what is cut may only be spaces unless `is_explicit`.
std::string_view fit(std::string_view text, std::size_t length, bool is_explicit, const char* type) {
  const std::size_t cut = utf8_offset(text, length);
  if (!is_explicit && text.find_first_not_of(' ', cut) != std::string_view::npos) too_long(type, length);
  return text.substr(0, cut);
}

}  // namespace

std::string_view fit_varchar(std::string_view text, std::int32_t modifier, bool is_explicit) {
  return modifier < 4 ? text : fit(text, static_cast<std::size_t>(modifier - 4), is_explicit, "character varying");
}

datum fit_bpchar(std::string_view text, std::int32_t modifier, bool is_explicit, arena& mem) {
  if (modifier < 4) return datum::of_bytes(text);
  const auto length = static_cast<std::size_t>(modifier - 4);
  text = fit(text, length, is_explicit, "character");
  const std::size_t have = utf8_length(text);
  if (have >= length) return datum::of_bytes(text);
  char* to = mem.allocate(text.size() + length - have);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  std::memset(to + text.size(), ' ', length - have);
  return datum::of_bytes({to, text.size() + length - have});
}

std::string_view fit_name(std::string_view text) {
  if (text.size() <= name_bytes_max) return text;
  std::size_t end = name_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

void write_bytea_text(std::string_view bytes, bool hex, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  if (hex) {
    out.append("\\x");
    for (char c : bytes) {
      out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
    return;
  }
  for (char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '\\') {
      out.append("\\\\");
    } else if (b < 0x20 || b > 0x7e) {
      out.push_back('\\');
      for (int shift : {6, 3, 0}) out.push_back(static_cast<char>('0' + ((b >> shift) & 7)));
    } else {
      out.push_back(c);
    }
  }
}

namespace {

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = to_lower_ascii(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string parse_bytea_hex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i])) continue;
    const int high = hex_digit(text[i]);
    if (high < 0)
      throw sql_error(sqlstate::invalid_parameter_value,
                      "invalid hexadecimal digit: \"" + std::string(text.substr(i, utf8_size(text[i]))) + "\"");
    if (++i >= text.size())
      throw sql_error(sqlstate::invalid_parameter_value, "invalid hexadecimal data: odd number of digits");
    const int low = hex_digit(text[i]);
    if (low < 0)
      throw sql_error(sqlstate::invalid_parameter_value,
                      "invalid hexadecimal digit: \"" + std::string(text.substr(i, utf8_size(text[i]))) + "\"");
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

}  // namespace

std::string parse_bytea_text(std::string_view text) {
  if (text.starts_with("\\x")) return parse_bytea_hex(text.substr(2));
  std::string out;
  const auto octal = [&](std::size_t i, char max) { return i < text.size() && text[i] >= '0' && text[i] <= max; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out.push_back('\\');
      ++i;
    } else {
      throw sql_error(sqlstate::invalid_text_representation, "invalid input syntax for type bytea");
    }
  }
  return out;
}

namespace {

datum parse_plain(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  check_utf8(text);
  return datum::of_bytes(mem.copy(text));
}
datum parse_plain_binary(std::string_view bytes, std::int32_t, arena& mem) {
  check_utf8(bytes);
  return datum::of_bytes(mem.copy(bytes));
}
void write_plain(datum v, const format_settings&, std::string& out) { out.append(v.as_bytes()); }
void write_plain_binary(datum v, std::string& out) { out.append(v.as_bytes()); }
std::strong_ordering compare_plain(datum a, datum b) { return compare_bytes(a.as_bytes(), b.as_bytes()); }
std::uint64_t hash_plain(datum v) { return hash_bytes(v.as_bytes()); }
void write_plain_key(datum v, std::string& out) { put_ordered_bytes(out, v.as_bytes()); }

datum parse_varchar(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem) {
  check_utf8(text);
  return datum::of_bytes(mem.copy(fit_varchar(text, modifier, false)));
}
datum parse_varchar_binary(std::string_view bytes, std::int32_t modifier, arena& mem) {
  check_utf8(bytes);
  return datum::of_bytes(mem.copy(fit_varchar(bytes, modifier, false)));
}
datum parse_bpchar_binary(std::string_view bytes, std::int32_t modifier, arena& mem) {
  check_utf8(bytes);
  return fit_bpchar(mem.copy(bytes), modifier, false, mem);
}
datum parse_bpchar(std::string_view text, std::int32_t modifier, const format_settings&, arena& mem) {
  return parse_bpchar_binary(text, modifier, mem);
}
std::strong_ordering compare_bpchar(datum a, datum b) {
  return compare_bytes(without_trailing_spaces(a.as_bytes()), without_trailing_spaces(b.as_bytes()));
}
std::uint64_t hash_bpchar(datum v) { return hash_bytes(without_trailing_spaces(v.as_bytes())); }
void write_bpchar_key(datum v, std::string& out) { put_ordered_bytes(out, without_trailing_spaces(v.as_bytes())); }

datum parse_name(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  check_utf8(text);
  return datum::of_bytes(mem.copy(fit_name(text)));
}
datum parse_name_binary(std::string_view bytes, std::int32_t, arena& mem) {
  check_utf8(bytes);
  return datum::of_bytes(mem.copy(fit_name(bytes)));
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// "\\303" is the byte of that octal number, as write_char gives it.
datum parse_char(std::string_view text, std::int32_t, const format_settings&, arena&) {
  if (text.size() == 4 && text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3]))
    return datum::of_int(static_cast<signed char>((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')));
  return datum::of_int(text.empty() ? 0 : static_cast<signed char>(text[0]));
}
void write_char(datum v, const format_settings&, std::string& out) {
  const auto byte = static_cast<unsigned char>(v.as_int());
  if (byte == 0) return;
  if (byte < 0x80) return out.push_back(static_cast<char>(byte));
  out.push_back('\\');
  for (int shift : {6, 3, 0}) out.push_back(static_cast<char>('0' + ((byte >> shift) & 7)));
}
datum parse_char_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 1);
  return datum::of_int(static_cast<signed char>(bytes[0]));
}
void write_char_binary(datum v, std::string& out) { out.push_back(static_cast<char>(v.as_int())); }
std::strong_ordering compare_char(datum a, datum b) {
  return static_cast<unsigned char>(a.as_int()) <=> static_cast<unsigned char>(b.as_int());
}

datum parse_bytea(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  return datum::of_bytes(mem.copy(parse_bytea_text(text)));
}
datum parse_bytea_binary(std::string_view bytes, std::int32_t, arena& mem) { return datum::of_bytes(mem.copy(bytes)); }
void write_bytea(datum v, const format_settings& f, std::string& out) {
  write_bytea_text(v.as_bytes(), f.bytea_hex, out);
}

constexpr type_ops text_like(oid id, const char* name, const char* sql_name, char category, bool preferred, oid array,
                             std::int16_t length = -1) {
  return {id, name, sql_name, length, category, preferred, false, array,
          parse_plain, write_plain, parse_plain_binary, write_plain_binary, compare_plain, hash_plain, write_plain_key};
}

constexpr type_ops text_ops = text_like(type_oid::text, "text", "text", 'S', true, type_oid::text_array);
constexpr type_ops unknown_ops = text_like(type_oid::unknown, "unknown", "unknown", 'X', false, 0, -2);
constexpr type_ops cstring_ops = text_like(type_oid::cstring, "cstring", "cstring", 'P', false, 1263, -2);
constexpr type_ops node_tree_ops = text_like(type_oid::pg_node_tree, "pg_node_tree", "pg_node_tree", 'Z', false, 0);
constexpr type_ops aclitem_ops =
    text_like(type_oid::aclitem, "aclitem", "aclitem", 'U', false, type_oid::aclitem_array, 12);
constexpr type_ops varchar_ops{type_oid::varchar, "varchar", "character varying", -1, 'S', false, false,
                               type_oid::varchar_array, parse_varchar, write_plain, parse_varchar_binary,
                               write_plain_binary, compare_plain, hash_plain, write_plain_key};
constexpr type_ops bpchar_ops{type_oid::bpchar, "bpchar", "character", -1, 'S', false, false, type_oid::bpchar_array,
                              parse_bpchar, write_plain, parse_bpchar_binary, write_plain_binary, compare_bpchar,
                              hash_bpchar, write_bpchar_key};
constexpr type_ops name_ops{type_oid::name, "name", "name", 64, 'S', false, false, type_oid::name_array,
                            parse_name, write_plain, parse_name_binary, write_plain_binary, compare_plain, hash_plain,
                            write_plain_key};
constexpr type_ops char_ops{type_oid::char_, "char", "\"char\"", 1, 'Z', false, true, type_oid::char_array,
                            parse_char, write_char, parse_char_binary, write_char_binary, compare_char, hash_int_datum,
                            write_char_binary};
constexpr type_ops bytea_ops{type_oid::bytea, "bytea", "bytea", -1, 'U', false, false, type_oid::bytea_array,
                             parse_bytea, write_bytea, parse_bytea_binary, write_plain_binary, compare_plain,
                             hash_plain, write_plain_key};

}  // namespace

void add_text_types(type_list& list) {
  list.insert(list.end(), {&text_ops, &unknown_ops, &cstring_ops, &node_tree_ops, &aclitem_ops, 
                           &varchar_ops, &bpchar_ops, &name_ops, &char_ops, &bytea_ops});
}

}  // namespace helios::sql
