// Functions that take json and jsonb apart into rows: json_each, json_array_elements, json_object_keys, json_to_record(set), and
// json_extract_path.
#include <utility>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/row_type.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;
using rows_t = std::vector<datum>;
using kind = json_node::kind;

[[noreturn]] void invalid(std::string text) { throw sql_error(sqlstate::invalid_parameter_value, std::move(text)); }

enum class form { json, jsonb, text };

datum member_row(call_context& c, std::string_view key, oid type, datum value) {
  const record_field fields[] = {{type_oid::text, datum::of_bytes(key), "key"}, {type, value, "value"}};
  return make_record(fields, *c.mem);
}
datum text_of(call_context& c, const json_node& v) {
  if (v.what == kind::null) return datum::null();
  return text_result(c, v.what == kind::string ? v.text : v.source);
}
datum text_of(call_context& c, const jsonb_view& v) {
  if (v.what() == kind::null) return datum::null();
  if (v.what() == kind::string) return text_result(c, v.text());
  std::string out;
  write_jsonb(v, out);
  return text_result(c, out);
}

template <bool AsText>
void json_each(call_context& c, args_t a, rows_t& rows) {
  arena scratch;
  const json_node v = parse_json_tree(a[0].as_bytes(), scratch);
  if (v.what == kind::array) invalid("cannot deconstruct an array as an object");
  if (v.scalar()) invalid("cannot deconstruct a scalar");
  for (std::size_t i = 0; i < v.keys.size(); ++i)
    rows.push_back(AsText ? member_row(c, v.keys[i], type_oid::text, text_of(c, v.items[i]))
                          : member_row(c, v.keys[i], type_oid::json, datum::of_bytes(v.items[i].source)));
}
template <bool AsText>
void jsonb_each(call_context& c, args_t a, rows_t& rows) {
  const jsonb_view v(a[0]);
  if (v.what() != kind::object) invalid(AsText ? "cannot call jsonb_each_text on a non-object" : "cannot call jsonb_each on a non-object");
  for (std::uint32_t i = 0; i < v.size(); ++i)
    rows.push_back(AsText ? member_row(c, v.key(i), type_oid::text, text_of(c, v.item(i)))
                          : member_row(c, v.key(i), type_oid::jsonb, datum::of_bytes(v.item(i).bytes())));
}

template <bool AsText>
void json_elements(call_context& c, args_t a, rows_t& rows) {
  arena scratch;
  const json_node v = parse_json_tree(a[0].as_bytes(), scratch);
  const std::string name = AsText ? "json_array_elements_text" : "json_array_elements";
  if (v.what == kind::object) invalid("cannot call " + name + " on a non-array");
  if (v.scalar()) invalid("cannot call " + name + " on a scalar");
  for (const auto& item : v.items) rows.push_back(AsText ? text_of(c, item) : text_result(c, item.source));
}
template <bool AsText>
void jsonb_elements(call_context& c, args_t a, rows_t& rows) {
  const jsonb_view v(a[0]);
  if (v.what() != kind::array) invalid(v.scalar() ? "cannot extract elements from a scalar" : "cannot extract elements from an object");
  for (std::uint32_t i = 0; i < v.size(); ++i)
    rows.push_back(AsText ? text_of(c, v.item(i)) : text_result(c, v.item(i).bytes()));
}

void json_keys(call_context& c, args_t a, rows_t& rows) {
  arena scratch;
  const json_node v = parse_json_tree(a[0].as_bytes(), scratch);
  if (v.what != kind::object) invalid(v.scalar() ? "cannot call json_object_keys on a scalar" : "cannot call json_object_keys on an array");
  for (auto key : v.keys) rows.push_back(text_result(c, key));
}
void jsonb_keys(call_context& c, args_t a, rows_t& rows) {
  const jsonb_view v(a[0]);
  if (v.what() != kind::object) invalid(v.scalar() ? "cannot call jsonb_object_keys on a scalar" : "cannot call jsonb_object_keys on an array");
  for (std::uint32_t i = 0; i < v.size(); ++i) rows.push_back(text_result(c, v.key(i)));
}

/// The path's steps as an array for the operators #> and #>>.
template <oid Json, const char* const& Operator>
datum extract(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  static const function_def* const function = resolve_operator(Operator, Json, type_oid::text_array, 0).function;
  const datum steps = array_value::of(type_oid::text, {a.begin() + 1, a.end()}).to_datum(*c.mem);
  const datum with[] = {a[0], steps};
  return function->call(c, args_t(with, 2));
}
constexpr const char* get_path = "#>";
constexpr const char* get_path_text = "#>>";

[[noreturn]] void invalid_populate(const json_node& v) {
  invalid(v.scalar() ? "cannot call populate_composite on a scalar" : "cannot call populate_composite on an array");
}

/// JSON values as values of SQL types.
class populator {
 public:
  explicit populator(call_context& c) : context_(c) {}

  datum row(const json_node& object) {
    std::vector<record_field> fields;
    for (const auto& column : context_.result_columns) {
      const json_node* v = object.find(column.name);
      key_ = column.name;
      fields.push_back({column.type.id, v ? value(*v, column.type) : missing(column.type), column.name});
    }
    return make_record(fields, *context_.mem);
  }
  /// A value of a row type. What the object lacks is as in `base`, which may be NULL.
  datum row_of(const json_node& object, const std::vector<row_attribute>& columns, datum base) {
    const auto before = base.is_null() ? std::vector<record_field>() : read_record(base);
    std::vector<record_field> fields;
    for (const auto& column : columns) {
      const json_node* v = object.find(column.name);
      const std::string outer_key = std::exchange(key_, column.name);
      const std::size_t i = fields.size();
      fields.push_back({column.type.id, v ? value(*v, column.type) : i < before.size() ? before[i].value : missing(column.type)});
      key_ = outer_key;
    }
    return make_record(fields, *context_.mem);
  }

 private:
  /// A domain may refuse to be NULL.
  static datum missing(type_ref type) {
    const type_ops& ops = get_type(type.id);
    if (ops.kind == 'd') current_types()->check_domain(ops, datum::null());
    return datum::null();
  }
  datum value(const json_node& v, type_ref type) {
    if (type.id >= first_defined_oid && get_type(type.id).kind == 'd') {
      const datum below = value(v, base_type(type));
      current_types()->check_domain(get_type(type.id), below);
      return below;
    }
    if (is_row_type(type.id) && v.what == kind::object) return row_of(v, attributes_of(get_type(type.id)), datum::null());
    if (is_row_type(type.id) && v.what != kind::null && v.what != kind::string) invalid_populate(v);
    if (type.id == type_oid::json) return text_result(context_, v.source);
    if (type.id == type_oid::jsonb) return jsonb_of(v);
    if (v.what == kind::null) return datum::null();
    const oid element = element_type(type.id);
    if (element != 0 && v.what == kind::array) return array(v, element, type.modifier);
    if (element != 0 && v.what != kind::string) expected_array({});
    const auto text = v.what == kind::string ? v.text : v.source;
    return get_type(type.id).parse_text(text, type.modifier, formats_of(context_), *context_.mem);
  }
  datum jsonb_of(const json_node& v) {
    std::string out;
    put_jsonb(v, out);
    return text_result(context_, out);
  }

  struct shape {
    array_value array;
    std::size_t depth = 0;  ///< 0: not known yet
    std::int32_t modifier = -1;
  };
  datum array(const json_node& v, oid element, std::int32_t modifier) {
    shape s;
    s.array.element = element;
    s.modifier = modifier;
    level(v, 0, s, {});
    if (s.array.elements.empty()) s.array.dimensions.clear();
    return s.array.to_datum(*context_.mem);
  }
  void level(const json_node& v, std::size_t depth, shape& s, const std::string& where) {
    if (depth >= 6) throw sql_error("54000", "number of array dimensions (7) exceeds the maximum allowed (6)");
    const auto length = static_cast<std::int32_t>(v.items.size());
    auto& dimensions = s.array.dimensions;
    if (dimensions.size() == depth) dimensions.push_back({length, 1});
    else if (dimensions[depth].length != length)
      throw sql_error(sqlstate::invalid_text_representation, "malformed JSON array")
          .detail("Multidimensional arrays must have sub-arrays with matching dimensions.");
    for (std::size_t i = 0; i < v.items.size(); ++i) {
      const json_node& item = v.items[i];
      const std::string here = where + "[" + std::to_string(i) + "]";
      const bool nested = s.depth == 0 ? item.what == kind::array : depth + 1 < s.depth;
      if (nested && item.what != kind::array) expected_array(here);
      if (nested) {
        level(item, depth + 1, s, here);
        continue;
      }
      s.depth = depth + 1;
      s.array.elements.push_back(value(item, {s.array.element, s.modifier}));
    }
  }
  [[noreturn]] void expected_array(const std::string& where) {
    const std::string key = "key \"" + key_ + "\".";
    throw sql_error(sqlstate::invalid_text_representation, "expected JSON array")
        .hint(where.empty() ? "See the value of " + key : "See the array element " + where + " of " + key);
  }

  call_context& context_;
  std::string key_;
};

/// The tree of a json or jsonb argument; `text` keeps what its views show.
json_node tree_of(datum v, bool from_jsonb, std::string& text, arena& mem) {
  if (from_jsonb) write_jsonb(jsonb_view(v), text);
  else text = v.as_bytes();
  return parse_json_tree(text, mem);
}
void expect_columns(const call_context& c, const std::string& function) {
  if (!c.result_columns.empty()) return;
  throw sql_error(sqlstate::feature_not_supported, "could not determine row type for result of " + function)
      .hint("Provide a non-null record argument, or call the function in the FROM clause using a column definition list.");
}

template <bool Jsonb>
void to_record(call_context& c, args_t a, rows_t& rows) {
  expect_columns(c, Jsonb ? "jsonb_to_record" : "json_to_record");
  json_node v;
  v.what = kind::object;
  arena scratch;
  std::string text;
  if (!a[0].is_null()) v = tree_of(a[0], Jsonb, text, scratch);
  if (v.what != kind::object) invalid_populate(v);
  rows.push_back(populator(c).row(v));
}
/// The first item that is none is told before any row is made.
void require_objects(const json_node& v, bool binary, const std::string& name) {
  if (v.what != kind::array) {
    if (binary) invalid("cannot call " + name + " on a non-array");
    invalid("cannot call " + name + (v.scalar() ? " on a scalar" : " on an object"));
  }
  for (const auto& item : v.items) {
    if (item.what != kind::object) invalid("argument of " + name + " must be an array of objects");
  }
}

template <bool Jsonb>
void to_recordset(call_context& c, args_t a, rows_t& rows) {
  const std::string name = Jsonb ? "jsonb_to_recordset" : "json_to_recordset";
  expect_columns(c, name);
  arena scratch;
  std::string text;
  const json_node v = tree_of(a[0], Jsonb, text, scratch);
  require_objects(v, Jsonb, name);
  populator populate(c);
  for (const auto& item : v.items) rows.push_back(populate.row(item));
}

/// The columns that json_populate_record's first argument asks for.
std::vector<row_attribute> columns_of(const call_context& c, datum base, const char* function) {
  const oid type = argument_type(c, 0);
  if (is_row_type(type)) return attributes_of(get_type(type));
  if (type != type_oid::record) {
    throw sql_error(sqlstate::datatype_mismatch, std::string("first argument of ") + function + " must be a row type");
  }
  if (base.is_null()) {
    throw sql_error(sqlstate::feature_not_supported, std::string("could not determine row type for result of ") + function)
        .hint("Provide a non-null record argument, or call the function in the FROM clause using a column definition list.");
  }
  std::vector<row_attribute> out;
  for (const auto& f : read_record(base)) {
    const std::string name = f.name.empty() ? "f" + std::to_string(out.size() + 1) : std::string(f.name);
    out.push_back({name, {f.type, -1}});
  }
  return out;
}

template <bool Jsonb>
datum populate_record(call_context& c, args_t a) {
  const auto columns = columns_of(c, a[0], Jsonb ? "jsonb_populate_record" : "json_populate_record");
  if (a[1].is_null()) return a[0];
  arena scratch;
  std::string text;
  const json_node v = tree_of(a[1], Jsonb, text, scratch);
  if (v.what != kind::object) invalid_populate(v);
  const datum out = populator(c).row_of(v, columns, a[0]);
  const type_ops& type = get_type(argument_type(c, 0));
  if (type.kind == 'd') current_types()->check_domain(type, out);
  return out;
}
template <bool Jsonb>
void populate_recordset(call_context& c, args_t a, rows_t& rows) {
  const std::string name = Jsonb ? "jsonb_populate_recordset" : "json_populate_recordset";
  const auto columns = columns_of(c, a[0], name.c_str());
  if (a[1].is_null()) return;
  arena scratch;
  std::string text;
  const json_node v = tree_of(a[1], Jsonb, text, scratch);
  require_objects(v, Jsonb, name);
  populator populate(c);
  for (const auto& item : v.items) rows.push_back(populate.row_of(item, columns, a[0]));
}

}  // namespace

void add_json_set_functions(registry& r) {
  using namespace sig;
  const auto columns = [](oid value) {
    return std::vector<record_column>{{"key", {type_oid::text, -1}}, {"value", {value, -1}}};
  };
  r.add_rows("json_each", {js}, columns(js), json_each<false>);
  r.add_rows("json_each_text", {js}, columns(txt), json_each<true>);
  r.add_rows("jsonb_each", {jb}, columns(jb), jsonb_each<false>);
  r.add_rows("jsonb_each_text", {jb}, columns(txt), jsonb_each<true>);
  const auto elements = [&r](const char* name, oid from, oid value, auto call) {
    r.add_rows(name, {from}, {{"value", {value, -1}}}, call);
  };
  elements("json_array_elements", js, js, json_elements<false>);
  elements("json_array_elements_text", js, txt, json_elements<true>);
  elements("jsonb_array_elements", jb, jb, jsonb_elements<false>);
  elements("jsonb_array_elements_text", jb, txt, jsonb_elements<true>);
  r.add_set("json_object_keys", {js}, txt, json_keys);
  r.add_set("jsonb_object_keys", {jb}, txt, jsonb_keys);
  r.add("json_extract_path", {js, txt}, js, extract<js, get_path>, variadic | takes_null);
  r.add("json_extract_path_text", {js, txt}, txt, extract<js, get_path_text>, variadic | takes_null);
  r.add("jsonb_extract_path", {jb, txt}, jb, extract<jb, get_path>, variadic | takes_null);
  r.add("jsonb_extract_path_text", {jb, txt}, txt, extract<jb, get_path_text>, variadic | takes_null);
  constexpr unsigned populating = takes_null | typed | stable;
  r.add("json_populate_record", {elem, js}, elem, populate_record<false>, populating);
  r.add("jsonb_populate_record", {elem, jb}, elem, populate_record<true>, populating);
  r.add_set("json_populate_recordset", {elem, js}, elem, populate_recordset<false>, populating);
  r.add_set("jsonb_populate_recordset", {elem, jb}, elem, populate_recordset<true>, populating);
  r.add_record("json_to_record", {js}, to_record<false>, false);
  r.add_record("jsonb_to_record", {jb}, to_record<true>, false);
  r.add_record("json_to_recordset", {js}, to_recordset<false>, true);
  r.add_record("jsonb_to_recordset", {jb}, to_recordset<true>, true);
}

}  // namespace helios::sql
