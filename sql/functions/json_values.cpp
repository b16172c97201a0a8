#include "sql/functions/json_values.hpp"

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/row_type.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

enum class shape { boolean, number, moment, json, jsonb, array, record, text };
shape shape_of(oid given) {
  const oid type = base_type(given);
  switch (type) {
    case type_oid::boolean: return shape::boolean;
    case type_oid::int2: case type_oid::int4: case type_oid::int8: case type_oid::oid:
    case type_oid::float4: case type_oid::float8: case type_oid::numeric: return type == type_oid::oid ? shape::text : shape::number;
    case type_oid::timestamp: case type_oid::timestamptz: return shape::moment;
    case type_oid::json: return shape::json;
    case type_oid::jsonb: return shape::jsonb;
    case type_oid::record: return shape::record;
    case type_oid::int2vector: case type_oid::oidvector: return shape::array;
    default: return element_type(type) != 0 ? shape::array : is_row_type(type) ? shape::record : shape::text;
  }
}

std::string text_of(datum v, oid type, const format_settings& settings) {
  std::string text;
  get_type(type).write_text(v, settings, text);
  return text;
}
/// ISO 8601: a T between date and time, and "+00" as "+00:00".
std::string moment_text(std::string text) {
  if (const auto space = text.find(' '); space != std::string::npos && is_digit(text[0])) text[space] = 'T';
  const auto sign = text.find_last_of("+-");
  if (text.find('T') < sign && sign != std::string::npos && text.size() - sign == 3) text += ":00";
  return text;
}
/// NaN and infinities are no JSON numbers.
bool is_json_number(const std::string& text) { return text.find_first_of("NIn") == std::string::npos; }
/// A row that was stored before its type got more columns has NULL in them.
std::vector<record_field> fields_of(datum v, oid type) {
  auto out = read_record(v);
  if (!is_row_type(type)) return out;
  const auto columns = attributes_of(get_type(type));
  for (std::size_t i = out.size(); i < columns.size(); ++i) out.push_back({columns[i].type.id, datum::null()});
  return out;
}

/// Names of a row's fields: the row type's, or those of the record, or f1, f2, ...
std::vector<std::string> field_names(const std::vector<record_field>& fields, oid type) {
  std::vector<std::string> out;
  if (is_row_type(type))
    for (auto& a : attributes_of(get_type(type))) out.push_back(std::move(a.name));
  for (std::size_t i = out.size(); i < fields.size(); ++i)
    out.push_back(fields[i].name.empty() ? "f" + std::to_string(i + 1) : std::string(fields[i].name));
  return out;
}

format_settings iso(const call_context& c) {
  format_settings out = formats_of(c);
  out.date_style = "ISO, YMD";
  return out;
}

}  // namespace

json_writer::json_writer(call_context& c, std::string& out) : context_(c), out_(out), settings_(iso(c)) {}

void json_writer::write(datum v, oid type, bool pretty) {
  if (v.is_null()) return void(out_ += "null");
  switch (shape_of(type)) {
    case shape::boolean: out_ += v.as_bool() ? "true" : "false"; return;
    case shape::json: out_ += v.as_bytes(); return;
    case shape::jsonb: return write_jsonb(jsonb_view(v), out_);
    case shape::array: return write_array(array_value::from(v), pretty);
    case shape::record: return write_record(v, type, pretty);
    case shape::moment: return write_json_string(moment_text(text_of(v, type, settings_)), out_);
    case shape::text: return write_json_string(text_of(v, type, settings_), out_);
    case shape::number: break;
  }
  const std::string text = text_of(v, type, settings_);
  if (is_json_number(text)) out_ += text;
  else write_json_string(text, out_);
}

void json_writer::write_array(const array_value& v, bool pretty) {
  if (v.dimensions.empty()) return void(out_ += "[]");
  std::size_t at = 0;
  write_level(v, 0, at, pretty);
}
void json_writer::write_level(const array_value& v, std::size_t level, std::size_t& at, bool pretty) {
  out_.push_back('[');
  for (std::int32_t i = 0; i < v.dimensions[level].length; ++i) {
    if (i > 0) out_ += pretty ? ",\n " : ",";
    if (level + 1 < v.dimensions.size()) write_level(v, level + 1, at, false);
    else write(v.elements[at++], v.element);
  }
  out_.push_back(']');
}
void json_writer::write_record(datum v, oid type, bool pretty) {
  out_.push_back('{');
  const auto fields = fields_of(v, type);
  const auto names = field_names(fields, type);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out_ += pretty ? ",\n " : ",";
    write_json_string(names[i], out_);
    out_.push_back(':');
    write(fields[i].value, fields[i].type);
  }
  out_.push_back('}');
}

namespace {

void put_level(call_context& c, const array_value& v, std::size_t level, std::size_t& at, std::string& out) {
  std::vector<std::string> parts;
  for (std::int32_t i = 0; i < v.dimensions[level].length; ++i) {
    std::string& part = parts.emplace_back();
    if (level + 1 < v.dimensions.size()) {
      put_level(c, v, level + 1, at, part);
    } else {
      put_value(c, v.elements[at], v.element, part);
      ++at;
    }
  }
  put_jsonb_array(std::vector<std::string_view>(parts.begin(), parts.end()), out);
}

void put_record(call_context& c, datum v, oid type, std::string& out) {
  const auto fields = fields_of(v, type);
  const auto names = field_names(fields, type);
  std::vector<std::string> values;
  std::vector<jsonb_member> members;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    put_value(c, fields[i].value, fields[i].type, values.emplace_back());
  }
  for (std::size_t i = 0; i < fields.size(); ++i) members.emplace_back(names[i], values[i]);
  put_jsonb_object(std::move(members), out);
}

void put_number(datum v, oid type, std::string& out) {
  if (type == type_oid::numeric) {
    // As its text, so that NaN and infinities are strings.
    const std::string text = text_of(v, type, {});
    return is_json_number(text) ? put_jsonb_number(v, out) : put_jsonb_string(text, out);
  }
  const std::string text = text_of(v, type, {});
  if (!is_json_number(text)) return put_jsonb_string(text, out);
  arena scratch;
  put_jsonb_number(get_type(type_oid::numeric).parse_text(text, -1, {}, scratch), out);
}

}  // namespace

void put_value(call_context& c, datum v, oid type, std::string& out) {
  if (v.is_null()) return put_jsonb_null(out);
  switch (shape_of(type)) {
    case shape::boolean: return put_jsonb_bool(v.as_bool(), out);
    case shape::number: return put_number(v, type, out);
    case shape::moment: return put_jsonb_string(moment_text(text_of(v, type, iso(c))), out);
    case shape::text: return put_jsonb_string(text_of(v, type, iso(c)), out);
    case shape::jsonb: out += v.as_bytes(); return;
    case shape::record: return put_record(c, v, type, out);
    case shape::json: {
      arena scratch;
      return put_jsonb(parse_json_tree(v.as_bytes(), scratch), out);
    }
    case shape::array: break;
  }
  const array_value a = array_value::from(v);
  std::size_t at = 0;
  if (a.dimensions.empty()) put_jsonb_array({}, out);
  else put_level(c, a, 0, at, out);
}

std::string key_text(call_context& c, datum v, oid type) {
  switch (shape_of(type)) {
    case shape::json: case shape::jsonb: case shape::array: case shape::record:
      throw sql_error(sqlstate::invalid_parameter_value, "key value must be scalar, not array, composite, or json");
    case shape::boolean: return v.as_bool() ? "true" : "false";
    case shape::moment: return moment_text(text_of(v, type, iso(c)));
    default: return text_of(v, type, iso(c));
  }
}

}  // namespace helios::sql
