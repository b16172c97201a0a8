// json, which is kept as its text, and jsonb.
#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

datum parse_json(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  check_utf8(text);
  check_json(text);
  return datum::of_bytes(mem.copy(text));
}
datum parse_json_binary(std::string_view bytes, std::int32_t, arena& mem) {
  check_utf8(bytes);
  check_json(bytes);
  return datum::of_bytes(mem.copy(bytes));
}
void write_text(datum v, const format_settings&, std::string& out) { out.append(v.as_bytes()); }
void write_text_binary(datum v, std::string& out) { out.append(v.as_bytes()); }
// json has no order in SQL; these serve DISTINCT's internals only.
std::strong_ordering compare_text(datum a, datum b) { return compare_bytes(a.as_bytes(), b.as_bytes()); }
std::uint64_t hash_text(datum v) { return hash_bytes(v.as_bytes()); }
void write_text_key(datum v, std::string& out) { put_ordered_bytes(out, v.as_bytes()); }

datum parse_jsonb_text(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  check_utf8(text);
  return parse_jsonb(text, mem);
}
void write_jsonb_text(datum v, const format_settings&, std::string& out) { write_jsonb(jsonb_view(v), out); }
/// A version byte and the text.
datum parse_jsonb_binary(std::string_view bytes, std::int32_t, arena& mem) {
  if (bytes.empty()) throw sql_error(sqlstate::protocol_violation, "no data left in message");
  if (bytes[0] != 1)
    throw sql_error(sqlstate::internal_error, "unsupported jsonb version number " + std::to_string(static_cast<unsigned char>(bytes[0])));
  check_utf8(bytes.substr(1));
  return parse_jsonb(bytes.substr(1), mem);
}
void write_jsonb_binary(datum v, std::string& out) {
  out.push_back('\1');
  write_jsonb(jsonb_view(v), out);
}
std::strong_ordering compare(datum a, datum b) { return compare_jsonb(jsonb_view(a), jsonb_view(b)); }
void write_key(datum v, std::string& out) { write_jsonb_key(jsonb_view(v), out); }
std::uint64_t hash(datum v) {
  std::string key;
  write_key(v, key);
  return hash_bytes(key);
}

constexpr type_ops json_ops{type_oid::json, "json", "json", -1, 'U', false, false, type_oid::json_array,
                            parse_json, write_text, parse_json_binary, write_text_binary, compare_text, hash_text, write_text_key};
constexpr type_ops jsonb_ops{type_oid::jsonb, "jsonb", "jsonb", -1, 'U', false, false, type_oid::jsonb_array,
                             parse_jsonb_text, write_jsonb_text, parse_jsonb_binary, write_jsonb_binary, compare, hash, write_key};

}  // namespace

void add_json_types(type_list& list) {
  list.push_back(&json_ops);
  list.push_back(&jsonb_ops);
}

}  // namespace helios::sql
