// json_build_object, json_build_array, to_json: SQL values written as JSON. Type json itself is kept as text.
#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/datetime.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

void write_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out.push_back(c);
          break;
        }
        static constexpr char digits[] = "0123456789abcdef";
        out += "\\u00";
        out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
        out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
  }
  out.push_back('"');
}

class json_writer {
 public:
  json_writer(call_context& c, std::string& out) : out_(out), settings_(formats_of(c)) {
    // Times are ISO 8601 in JSON, whatever the session prefers.
    settings_.date_style = "ISO, YMD";
  }

  void write(datum v, oid type) {
    if (v.is_null()) return void(out_ += "null");
    if (element_type(type) != 0) return write_array(array_value::from(v));
    switch (type) {
      case type_oid::boolean: out_ += v.as_bool() ? "true" : "false"; return;
      case type_oid::json: out_ += v.as_bytes(); return;
      case type_oid::int2: case type_oid::int4: case type_oid::int8: case type_oid::oid:
      case type_oid::float4: case type_oid::float8: case type_oid::numeric: return write_number(text_of(v, type));
      case type_oid::timestamp: case type_oid::timestamptz: return write_moment(text_of(v, type));
      default: return write_quoted(text_of(v, type), out_);
    }
  }

 private:
  std::string text_of(datum v, oid type) const {
    std::string text;
    get_type(type).write_text(v, settings_, text);
    return text;
  }
  void write_number(const std::string& text) {
    // NaN and infinities are no JSON numbers.
    if (text.find_first_of("NIn") != std::string::npos) write_quoted(text, out_);
    else out_ += text;
  }
  void write_moment(std::string text) {
    if (const auto space = text.find(' '); space != std::string::npos && is_digit(text[0])) text[space] = 'T';
    // "+00" becomes "+00:00".
    const auto sign = text.find_last_of("+-");
    if (text.find('T') < sign && sign != std::string::npos && text.size() - sign == 3) text += ":00";
    write_quoted(text, out_);
  }
  void write_array(const array_value& v) {
    if (v.dimensions.empty()) return void(out_ += "[]");
    std::size_t at = 0;
    write_level(v, 0, at);
  }
  void write_level(const array_value& v, std::size_t level, std::size_t& at) {
    out_.push_back('[');
    for (std::int32_t i = 0; i < v.dimensions[level].length; ++i) {
      if (i > 0) out_.push_back(',');
      if (level + 1 < v.dimensions.size()) write_level(v, level + 1, at);
      else write(v.elements[at++], v.element);
    }
    out_.push_back(']');
  }

  std::string& out_;
  format_settings settings_;
};

datum build_object(call_context& c, args_t a) {
  if (a.size() % 2 != 0)
    throw sql_error(sqlstate::invalid_parameter_value, "argument list must have even number of elements")
        .hint("The arguments of json_build_object() must consist of alternating keys and values.");
  std::string out = "{";
  json_writer writer(c, out);
  for (std::size_t i = 0; i < a.size(); i += 2) {
    if (a[i].is_null())
      throw sql_error(sqlstate::invalid_parameter_value, "argument " + std::to_string(i + 1) + " cannot be null")
          .hint("Object keys should be text.");
    out += i > 0 ? ", " : "";
    std::string key;
    append_argument(c, a, i, key);
    write_quoted(key, out);
    out += " : ";
    writer.write(a[i + 1], argument_type(c, i + 1));
  }
  return text_result(c, out + "}");
}
datum build_array(call_context& c, args_t a) {
  std::string out = "[";
  json_writer writer(c, out);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i > 0) out += ", ";
    writer.write(a[i], argument_type(c, i));
  }
  return text_result(c, out + "]");
}
datum to_json(call_context& c, args_t a) {
  std::string out;
  json_writer(c, out).write(a[0], argument_type(c, 0));
  return text_result(c, out);
}
datum empty_object(call_context& c, args_t) { return text_result(c, "{}"); }
datum empty_array(call_context& c, args_t) { return text_result(c, "[]"); }

}  // namespace

void add_json_functions(registry& r) {
  using namespace sig;
  constexpr oid json = type_oid::json;
  r.add("json_build_object", {any}, json, build_object, variadic | typed | takes_null | stable);
  r.add("json_build_object", {}, json, empty_object, stable);
  r.add("json_build_array", {any}, json, build_array, variadic | typed | takes_null | stable);
  r.add("json_build_array", {}, json, empty_array, stable);
  r.add("to_json", {elem}, json, to_json, typed | stable);
}

}  // namespace helios::sql
