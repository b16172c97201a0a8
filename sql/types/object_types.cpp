// Types that stand for catalog objects (regclass, regtype, ...), log positions and row positions.
#include <charconv>

#include "sql/types/support.hpp"
#include "sql/types/type_name.hpp"

namespace helios::sql {
namespace {

std::optional<oid> numeric_form(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  oid v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc()) text_out_of_range("oid", text);
  return v;
}

/// Common to all of them: "-" is 0, digits are the oid itself, the rest is looked up.
template <class Find>
datum parse_object(std::string_view text, Find find) {
  if (text == "-") return datum::of_int(0);
  if (const auto number = numeric_form(text)) return datum::of_int(*number);
  return datum::of_int(find());
}
template <class Name>
void write_object(datum v, std::string& out, Name name) {
  const auto id = static_cast<oid>(v.as_int());
  if (id == 0) return void(out.push_back('-'));
  const std::string known = name(id);
  out += known.empty() ? std::to_string(id) : known;
}

datum parse_regclass(std::string_view text, std::int32_t, const format_settings& f, arena&) {
  return parse_object(text, [&] {
    const oid id = f.names ? f.names->find_relation(text) : 0;
    if (id == 0) throw sql_error(sqlstate::undefined_table, "relation \"" + std::string(text) + "\" does not exist");
    return id;
  });
}
void write_regclass(datum v, const format_settings& f, std::string& out) {
  write_object(v, out, [&](oid id) { return f.names ? f.names->relation_name(id) : std::string(); });
}
datum parse_regrole(std::string_view text, std::int32_t, const format_settings& f, arena&) {
  return parse_object(text, [&] {
    const oid id = f.names ? f.names->find_role(text) : 0;
    if (id == 0) throw sql_error(sqlstate::undefined_object, "role \"" + std::string(text) + "\" does not exist");
    return id;
  });
}
void write_regrole(datum v, const format_settings& f, std::string& out) {
  write_object(v, out, [&](oid id) { return f.names ? f.names->role_name(id) : std::string(); });
}
datum parse_regnamespace(std::string_view text, std::int32_t, const format_settings& f, arena&) {
  return parse_object(text, [&] {
    const oid id = f.names ? f.names->find_schema(text) : 0;
    if (id == 0) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + std::string(text) + "\" does not exist");
    return id;
  });
}
void write_regnamespace(datum v, const format_settings& f, std::string& out) {
  write_object(v, out, [&](oid id) { return f.names ? f.names->schema_name(id) : std::string(); });
}
datum parse_regtype(std::string_view text, std::int32_t, const format_settings&, arena&) {
  return parse_object(text, [&] {
    const type_ops* type = find_type_by_sql_name(text);
    if (!type) throw sql_error(sqlstate::undefined_object, "type \"" + std::string(text) + "\" does not exist");
    return type->id;
  });
}
void write_regtype(datum v, const format_settings&, std::string& out) {
  write_object(v, out, [](oid id) { return find_type(id) ? format_type({id, -1}) : std::string(); });
}
datum parse_regproc(std::string_view text, std::int32_t, const format_settings&, arena&) {
  return parse_object(text, [&] {
    const oid id = function_oid(text);
    if (id == 0)
      throw sql_error(sqlstate::undefined_function, "function \"" + std::string(text) + "\" does not exist");
    return id;
  });
}
void write_regproc(datum v, const format_settings&, std::string& out) { write_object(v, out, function_name); }

datum parse_oid_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 4);
  return datum::of_int(load_be<std::uint32_t>(bytes.data()));
}
void write_oid_binary(datum v, std::string& out) { put_be(out, static_cast<std::uint32_t>(v.as_int())); }

datum parse_lsn(std::string_view text, std::int32_t, const format_settings&, arena&) {
  const auto slash = text.find('/');
  const auto part = [&](std::string_view digits) {
    std::uint64_t v = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v, 16);
    if (digits.empty() || digits.size() > 8 || error != std::errc() || end != digits.data() + digits.size())
      invalid_text("pg_lsn", text);
    return v;
  };
  if (slash == std::string_view::npos) invalid_text("pg_lsn", text);
  return datum::of_int(static_cast<std::int64_t>(part(text.substr(0, slash)) << 32 | part(text.substr(slash + 1))));
}
void write_lsn(datum v, const format_settings&, std::string& out) {
  const auto bits = static_cast<std::uint64_t>(v.as_int());
  char buffer[24];
  const int n = std::snprintf(buffer, sizeof buffer, "%X/%X", static_cast<unsigned>(bits >> 32), static_cast<unsigned>(bits));
  out.append(buffer, static_cast<std::size_t>(n));
}
datum parse_lsn_binary(std::string_view bytes, std::int32_t, arena&) {
  expect_binary_size(bytes, 8);
  return datum::of_int(load_be<std::int64_t>(bytes.data()));
}
void write_lsn_binary(datum v, std::string& out) { put_be(out, v.as_int()); }
std::strong_ordering compare_lsn(datum a, datum b) {
  return static_cast<std::uint64_t>(a.as_int()) <=> static_cast<std::uint64_t>(b.as_int());
}

constexpr type_ops object(oid id, const char* name, oid array,
                          datum (*parse)(std::string_view, std::int32_t, const format_settings&, arena&),
                          void (*write)(datum, const format_settings&, std::string&)) {
  return {id, name, name, 4, 'N', false, true, array, parse, write, parse_oid_binary, write_oid_binary,
          compare_int_datums, hash_int_datum, write_oid_binary};
}

constexpr type_ops object_types[] = {
    object(type_oid::regclass, "regclass", type_oid::regclass_array, parse_regclass, write_regclass),
    object(type_oid::regtype, "regtype", type_oid::regtype_array, parse_regtype, write_regtype),
    object(type_oid::regproc, "regproc", type_oid::regproc_array, parse_regproc, write_regproc),
    object(type_oid::regprocedure, "regprocedure", 2207, parse_regproc, write_regproc),
    object(type_oid::regrole, "regrole", 4097, parse_regrole, write_regrole),
    object(type_oid::regnamespace, "regnamespace", 4090, parse_regnamespace, write_regnamespace),
    {type_oid::pg_lsn, "pg_lsn", "pg_lsn", 8, 'U', false, true, 3221, parse_lsn, write_lsn, parse_lsn_binary,
     write_lsn_binary, compare_lsn, hash_int_datum, write_lsn_binary}};

}  // namespace

void add_object_types(type_list& list) {
  for (const auto& t : object_types) list.push_back(&t);
}

}  // namespace helios::sql
