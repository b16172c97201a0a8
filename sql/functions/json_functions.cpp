// SQL values made into json and jsonb: to_json, the builders, json_object, array_to_json, row_to_json.
#include "base/sql_error.hpp"
#include "sql/functions/json_values.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonb.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

[[noreturn]] void invalid(std::string text) { throw sql_error(sqlstate::invalid_parameter_value, std::move(text)); }

[[noreturn]] void odd_arguments(const char* function) {
  throw sql_error(sqlstate::invalid_parameter_value, "argument list must have even number of elements")
      .hint("The arguments of " + std::string(function) + "() must consist of alternating keys and values.");
}

datum build_object(call_context& c, args_t a) {
  if (a.size() % 2 != 0) odd_arguments("json_build_object");
  std::string out = "{";
  json_writer writer(c, out);
  for (std::size_t i = 0; i < a.size(); i += 2) {
    if (a[i].is_null())
      throw sql_error(sqlstate::invalid_parameter_value, "argument " + std::to_string(i + 1) + " cannot be null")
          .hint("Object keys should be text.");
    out += i > 0 ? ", " : "";
    write_json_string(key_text(c, a[i], argument_type(c, i)), out);
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
  json_writer(c, out).write(a[0], argument_type(c, 0), a.size() > 1 && a[1].as_bool());
  return text_result(c, out);
}
datum empty_object(call_context& c, args_t) { return text_result(c, "{}"); }
datum empty_array(call_context& c, args_t) { return text_result(c, "[]"); }

datum build_jsonb_object(call_context& c, args_t a) {
  if (a.size() % 2 != 0) odd_arguments("jsonb_build_object");
  std::vector<std::string> keys, values;
  for (std::size_t i = 0; i < a.size(); i += 2) {
    if (a[i].is_null()) invalid("argument " + std::to_string(i + 1) + ": key must not be null");
    keys.push_back(key_text(c, a[i], argument_type(c, i)));
    put_value(c, a[i + 1], argument_type(c, i + 1), values.emplace_back());
  }
  std::vector<jsonb_member> members;
  for (std::size_t i = 0; i < keys.size(); ++i) members.emplace_back(keys[i], values[i]);
  std::string out;
  put_jsonb_object(std::move(members), out);
  return checked_jsonb(out, *c.mem);
}
datum build_jsonb_array(call_context& c, args_t a) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < a.size(); ++i) put_value(c, a[i], argument_type(c, i), values.emplace_back());
  std::string out;
  put_jsonb_array(std::vector<std::string_view>(values.begin(), values.end()), out);
  return checked_jsonb(out, *c.mem);
}
datum to_jsonb(call_context& c, args_t a) {
  std::string out;
  put_value(c, a[0], argument_type(c, 0), out);
  return checked_jsonb(out, *c.mem);
}

/// Keys and values of json_object's one or two arrays; a NULL value is no text.
struct text_pair {
  std::string_view key;
  datum value;
};
[[noreturn]] void bad_subscripts(const char* what) { throw sql_error("2202E", what); }
std::vector<text_pair> pairs_of(args_t a) {
  const array_value keys = array_value::from(a[0]);
  const array_value values = a.size() > 1 ? array_value::from(a[1]) : array_value();
  std::vector<text_pair> out;
  const auto add = [&out](datum key, datum value) {
    if (key.is_null()) throw sql_error("22004", "null value not allowed for object key");
    out.push_back({key.as_bytes(), value});
  };
  if (a.size() > 1) {
    if (keys.dimensions.size() > 1 || keys.dimensions.size() != values.dimensions.size()) bad_subscripts("wrong number of array subscripts");
    if (keys.elements.size() != values.elements.size()) bad_subscripts("mismatched array dimensions");
    for (std::size_t i = 0; i < keys.elements.size(); ++i) add(keys.elements[i], values.elements[i]);
    return out;
  }
  if (keys.dimensions.size() > 2) bad_subscripts("wrong number of array subscripts");
  if (keys.dimensions.size() == 1 && keys.elements.size() % 2 != 0) bad_subscripts("array must have even number of elements");
  if (keys.dimensions.size() == 2 && keys.dimensions[1].length != 2) bad_subscripts("array must have two columns");
  for (std::size_t i = 0; i + 1 < keys.elements.size(); i += 2) add(keys.elements[i], keys.elements[i + 1]);
  return out;
}
datum json_object(call_context& c, args_t a) {
  std::string out = "{";
  for (const auto& p : pairs_of(a)) {
    if (out.size() > 1) out += ", ";
    write_json_string(p.key, out);
    out += " : ";
    if (p.value.is_null()) out += "null";
    else write_json_string(p.value.as_bytes(), out);
  }
  return text_result(c, out + "}");
}
datum jsonb_object(call_context& c, args_t a) {
  const auto pairs = pairs_of(a);
  std::vector<std::string> values;
  std::vector<jsonb_member> members;
  for (const auto& p : pairs) {
    std::string& v = values.emplace_back();
    if (p.value.is_null()) put_jsonb_null(v);
    else put_jsonb_string(p.value.as_bytes(), v);
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) members.emplace_back(pairs[i].key, values[i]);
  std::string out;
  put_jsonb_object(std::move(members), out);
  return text_result(c, out);
}
template <bool Object>
datum empty_jsonb(call_context& c, args_t) {
  std::string out;
  if (Object) put_jsonb_object({}, out);
  else put_jsonb_array({}, out);
  return text_result(c, out);
}

}  // namespace

void add_json_functions(registry& r) {
  using namespace sig;
  constexpr unsigned builder = variadic | typed | takes_null | stable;
  r.add("json_build_object", {any}, js, build_object, builder);
  r.add("json_build_object", {}, js, empty_object, stable);
  r.add("json_build_array", {any}, js, build_array, builder);
  r.add("json_build_array", {}, js, empty_array, stable);
  r.add("jsonb_build_object", {any}, jb, build_jsonb_object, builder);
  r.add("jsonb_build_object", {}, jb, empty_jsonb<true>, stable);
  r.add("jsonb_build_array", {any}, jb, build_jsonb_array, builder);
  r.add("jsonb_build_array", {}, jb, empty_jsonb<false>, stable);
  r.add("to_json", {elem}, js, to_json, typed | stable);
  r.add("to_jsonb", {elem}, jb, to_jsonb, typed | stable);
  r.add("array_to_json", {arr}, js, to_json, typed | stable);
  r.add("array_to_json", {arr, b}, js, to_json, typed | stable);
  r.add("row_to_json", {type_oid::record}, js, to_json, typed | stable);
  r.add("row_to_json", {type_oid::record, b}, js, to_json, typed | stable);
  r.add("json_object", {ta}, js, json_object);
  r.add("json_object", {ta, ta}, js, json_object);
  r.add("jsonb_object", {ta}, jb, jsonb_object);
  r.add("jsonb_object", {ta, ta}, jb, jsonb_object);
}

}  // namespace helios::sql
