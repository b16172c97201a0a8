// Types without values of their own: void, record, any and the polymorphic ones. They appear in signatures; only void
// and record are ever shown.
#include <unordered_map>

#include "sql/types/array.hpp"
#include "sql/types/support.hpp"
#include "sql/types/type_name.hpp"

namespace helios::sql {
namespace {

template <const char* const& Name>
[[noreturn]] void no_input() {
  if (std::string_view(Name) == "record")
    throw sql_error(sqlstate::feature_not_supported, "input of anonymous composite types is not implemented");
  throw sql_error(sqlstate::feature_not_supported, std::string("cannot accept a value of type ") + Name);
}
constexpr const char* record_name = "record";
constexpr const char* any_name = "any";

template <const char* const& Name>
datum refuse_text(std::string_view, std::int32_t, const format_settings&, arena&) { no_input<Name>(); }
template <const char* const& Name>
datum refuse_binary(std::string_view, std::int32_t, arena&) { no_input<Name>(); }

datum parse_void(std::string_view, std::int32_t, const format_settings&, arena&) { return datum::of_bytes(""); }
datum parse_void_binary(std::string_view, std::int32_t, arena&) { return datum::of_bytes(""); }
void write_nothing(datum, const format_settings&, std::string&) {}
void write_nothing_binary(datum, std::string&) {}
std::strong_ordering compare_equal(datum, datum) { return std::strong_ordering::equal; }
std::uint64_t hash_nothing(datum) { return 0; }

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (char c : text)
    if (c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || is_space(c)) return true;
  return false;
}

void write_record(datum v, const format_settings& settings, std::string& out) {
  out.push_back('(');
  bool first = true;
  for (const auto& field : read_record(v)) {
    if (!first) out.push_back(',');
    first = false;
    if (field.value.is_null()) continue;
    std::string text;
    get_type(field.type).write_text(field.value, settings, text);
    if (!needs_quotes(text)) {
      out += text;
      continue;
    }
    out.push_back('"');
    for (char c : text) {
      if (c == '"' || c == '\\') out.push_back(c);
      out.push_back(c);
    }
    out.push_back('"');
  }
  out.push_back(')');
}

void write_record_binary(datum v, std::string& out) {
  const auto fields = read_record(v);
  put_be(out, static_cast<std::int32_t>(fields.size()));
  for (const auto& field : fields) {
    put_be(out, field.type);
    const std::size_t at = out.size();
    put_be(out, std::int32_t{-1});
    if (field.value.is_null()) continue;
    get_type(field.type).write_binary(field.value, out);
    store_be(out.data() + at, static_cast<std::int32_t>(out.size() - at - 4));
  }
}

std::strong_ordering compare_records(datum x, datum y) {
  const auto a = read_record(x), b = read_record(y);
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i].type != b[i].type)
      throw sql_error(sqlstate::datatype_mismatch, "cannot compare dissimilar column types " + format_type({a[i].type, -1}) +
                                                       " and " + format_type({b[i].type, -1}) + " at record column " +
                                                       std::to_string(i + 1));
    const bool l = a[i].value.is_null(), r = b[i].value.is_null();
    if (l != r) return l ? std::strong_ordering::greater : std::strong_ordering::less;
    if (l) continue;
    if (const auto order = get_type(a[i].type).compare(a[i].value, b[i].value); order != 0) return order;
  }
  return a.size() <=> b.size();
}
void write_record_key(datum v, std::string& out) {
  for (const auto& field : read_record(v)) {
    out.push_back(field.value.is_null() ? '\2' : '\1');
    if (!field.value.is_null()) get_type(field.type).write_key(field.value, out);
  }
  out.push_back('\0');
}
std::uint64_t hash_record(datum v) {
  std::string key;
  write_record_key(v, key);
  return hash_bytes(key);
}

constexpr type_ops pseudo(oid id, const char* name, std::int16_t length) {
  return {id, name, name, length, 'P', false, false, 0, refuse_text<any_name>, write_nothing, refuse_binary<any_name>,
          write_nothing_binary, compare_equal, hash_nothing, write_nothing_binary};
}

constexpr type_ops pseudo_types[] = {
    {type_oid::void_, "void", "void", 4, 'P', false, false, 0, parse_void, write_nothing, parse_void_binary,
     write_nothing_binary, compare_equal, hash_nothing, write_nothing_binary},
    {type_oid::record, "record", "record", -1, 'P', false, false, 2287, refuse_text<record_name>, write_record,
     refuse_binary<record_name>, write_record_binary, compare_records, hash_record, write_record_key},
    {type_oid::any, "any", "\"any\"", 4, 'P', false, false, 0, refuse_text<any_name>, write_nothing, refuse_binary<any_name>,
     write_nothing_binary, compare_equal, hash_nothing, write_nothing_binary},
    pseudo(type_oid::anyelement, "anyelement", 4),
    pseudo(type_oid::anyarray, "anyarray", -1), pseudo(type_oid::anynonarray, "anynonarray", 4),
    pseudo(type_oid::any_enum, "anyenum", 4)};

}  // namespace

void add_pseudo_types(type_list& list) {
  for (const auto& t : pseudo_types) list.push_back(&t);
}

namespace {
/// "a"."B" or a.b, folded: schema (may be empty) and name.
const type_ops* find_defined_by_name(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') parts.back().push_back(text[++i - 1]);
    else if (c == '"') quoted = !quoted;
    else if (c == '.' && !quoted) parts.emplace_back();
    else parts.back().push_back(quoted ? c : to_lower_ascii(c));
  }
  if (parts.size() > 2) return nullptr;
  return current_types()->find_defined(parts.size() == 2 ? std::string_view(parts[0]) : std::string_view(), parts.back());
}
}  // namespace

const type_ops* find_type_by_sql_name(std::string_view name) {
  static const auto* aliases = new std::unordered_map<std::string_view, oid>{
      {"int", type_oid::int4}, {"decimal", type_oid::numeric}, {"float", type_oid::float8}, {"char", type_oid::bpchar},
      {"varchar", type_oid::varchar}, {"time", type_oid::time}, {"timestamp", type_oid::timestamp}};
  std::string lower = lower_ascii(trim(name));
  if (lower.starts_with("pg_catalog.")) lower.erase(0, 11);
  if (lower.ends_with("[]")) {
    const std::string_view given = trim(name);
    const type_ops* element = find_type_by_sql_name(given.substr(0, given.size() - 2));
    return element ? find_type(element->array_type) : nullptr;
  }
  if (lower == "\"char\"") return find_type(type_oid::char_);
  if (const auto paren = lower.find('('); paren != std::string::npos) {
    const auto close = lower.find(')', paren);
    if (close == std::string::npos) return nullptr;
    lower = std::string(trim(lower.substr(0, paren) + lower.substr(close + 1)));
  }
  if (auto it = aliases->find(lower); it != aliases->end()) return find_type(it->second);
  if (const type_ops* type = find_type(lower)) return type;
  for (const type_ops* type : all_types())
    if (lower == type->sql_name) return type;
  return current_types() ? find_defined_by_name(trim(name)) : nullptr;
}

}  // namespace helios::sql
