// Operators of json and jsonb: -> ->> #> #>> @> <@ ? ?| ?&, order, and the casts of jsonb. Those that make a new value are in
// jsonb_functions.cpp.
#include <charconv>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/numeric.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

/// A path element that is an array's index: the whole text is an int4.
std::optional<std::int64_t> index_of(std::string_view text) {
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int32_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return v;
}

/// json: the text of a part, as written.
const json_node* element(const json_node& v, std::int64_t index) {
  if (v.what != json_node::kind::array) return nullptr;
  const auto size = static_cast<std::int64_t>(v.items.size());
  if (index < 0) index += size;
  return index < 0 || index >= size ? nullptr : &v.items[static_cast<std::size_t>(index)];
}
datum json_text(call_context& c, const json_node* v) {
  if (!v || v->what == json_node::kind::null) return datum::null();
  return text_result(c, v->what == json_node::kind::string ? v->text : v->source);
}
template <bool AsText>
datum json_part(call_context& c, const json_node* v) {
  if constexpr (AsText) return json_text(c, v);
  return v ? text_result(c, v->source) : datum::null();
}
template <bool AsText>
datum json_member(call_context& c, args_t a) {
  arena scratch;
  return json_part<AsText>(c, parse_json_tree(a[0].as_bytes(), scratch).find(a[1].as_bytes()));
}
template <bool AsText>
datum json_element(call_context& c, args_t a) {
  arena scratch;
  const json_node v = parse_json_tree(a[0].as_bytes(), scratch);
  return json_part<AsText>(c, element(v, a[1].as_int()));
}
/// NULL where the path has a NULL.
bool has_null(const array_value& path) {
  for (datum e : path.elements)
    if (e.is_null()) return true;
  return false;
}
template <bool AsText>
datum json_path(call_context& c, args_t a) {
  const array_value path = array_value::from(a[1]);
  if (has_null(path)) return datum::null();
  arena scratch;
  const json_node root = parse_json_tree(a[0].as_bytes(), scratch);
  const json_node* at = &root;
  for (std::size_t i = 0; at && i < path.elements.size(); ++i) {
    const auto step = path.elements[i].as_bytes();
    if (at->what == json_node::kind::object) {
      at = at->find(step);
    } else {
      const auto index = index_of(step);
      at = index ? element(*at, *index) : nullptr;
    }
  }
  return json_part<AsText>(c, at);
}

datum as_text(call_context& c, const jsonb_view& v) {
  if (v.what() == json_node::kind::null) return datum::null();
  if (v.what() == json_node::kind::string) return text_result(c, v.text());
  std::string out;
  write_jsonb(v, out);
  return text_result(c, out);
}
template <bool AsText>
datum part(call_context& c, const std::optional<jsonb_view>& v) {
  if (!v) return datum::null();
  // A part's bytes are a value: no copy is needed while the argument lives, but the result may outlive it.
  if constexpr (AsText) return as_text(c, *v);
  return text_result(c, v->bytes());
}
template <bool AsText>
datum member(call_context& c, args_t a) { return part<AsText>(c, jsonb_view(a[0]).find(a[1].as_bytes())); }
/// A scalar counts as an array of itself here.
template <bool AsText>
datum element_at(call_context& c, args_t a) {
  const jsonb_view v(a[0]);
  const std::int64_t index = a[1].as_int();
  if (v.scalar()) return index == 0 || index == -1 ? part<AsText>(c, v) : datum::null();
  return part<AsText>(c, v.at(index));
}
template <bool AsText>
datum path(call_context& c, args_t a) {
  const array_value steps = array_value::from(a[1]);
  if (has_null(steps)) return datum::null();
  std::optional<jsonb_view> at = jsonb_view(a[0]);
  for (std::size_t i = 0; at && i < steps.elements.size(); ++i) {
    const auto step = steps.elements[i].as_bytes();
    if (at->what() == json_node::kind::object) {
      at = at->find(step);
    } else {
      const auto index = index_of(step);
      at = index ? at->at(*index) : std::nullopt;
    }
  }
  return part<AsText>(c, at);
}

bool exists(const jsonb_view& v, std::string_view key) {
  if (v.what() == json_node::kind::object) return v.find(key).has_value();
  if (v.what() == json_node::kind::string) return v.text() == key;
  if (v.what() != json_node::kind::array) return false;
  for (std::uint32_t i = 0; i < v.size(); ++i)
    if (const jsonb_view item = v.item(i); item.what() == json_node::kind::string && item.text() == key) return true;
  return false;
}
datum has_key(call_context&, args_t a) { return datum::of_bool(exists(jsonb_view(a[0]), a[1].as_bytes())); }
template <bool All>
datum has_keys(call_context&, args_t a) {
  const jsonb_view v(a[0]);
  for (datum key : array_value::from(a[1]).elements)
    if (!key.is_null() && exists(v, key.as_bytes()) != All) return datum::of_bool(!All);
  return datum::of_bool(All);
}
datum contains(call_context&, args_t a) { return datum::of_bool(jsonb_contains(jsonb_view(a[0]), jsonb_view(a[1]))); }
datum contained(call_context&, args_t a) { return datum::of_bool(jsonb_contains(jsonb_view(a[1]), jsonb_view(a[0]))); }

template <class Test>
datum compared(call_context&, args_t a) { return datum::of_bool(Test()(compare_jsonb(jsonb_view(a[0]), jsonb_view(a[1])), 0)); }
struct test_equal { bool operator()(std::strong_ordering o, int) const { return o == 0; } };
struct test_unequal { bool operator()(std::strong_ordering o, int) const { return o != 0; } };
struct test_less { bool operator()(std::strong_ordering o, int) const { return o < 0; } };
struct test_less_equal { bool operator()(std::strong_ordering o, int) const { return o <= 0; } };
struct test_greater { bool operator()(std::strong_ordering o, int) const { return o > 0; } };
struct test_greater_equal { bool operator()(std::strong_ordering o, int) const { return o >= 0; } };

/// A jsonb scalar of the wanted kind, or 22023.
jsonb_view expect(datum v, json_node::kind wanted, oid to) {
  const jsonb_view out(v);
  if (out.what() == wanted) return out;
  static constexpr const char* names[] = {"null", "string", "numeric", "boolean", "array", "object"};
  throw sql_error(sqlstate::invalid_parameter_value, std::string("cannot cast jsonb ") + names[static_cast<int>(out.what())] +
                                                         " to type " + format_type({to, -1}));
}
datum to_boolean(call_context&, datum v, std::int32_t, bool) {
  return datum::of_bool(expect(v, json_node::kind::boolean, type_oid::boolean).truth());
}
template <oid To>
datum to_number(call_context& c, datum v, std::int32_t modifier, bool is_explicit) {
  const datum number = expect(v, json_node::kind::number, To).number();
  const cast_def* cast = find_cast(type_oid::numeric, To, cast_context::explicit_);
  return cast->call(c, number, modifier, is_explicit);
}
datum json_to_jsonb(call_context& c, datum v, std::int32_t, bool) { return parse_jsonb(v.as_bytes(), *c.mem); }
datum jsonb_to_json(call_context& c, datum v, std::int32_t, bool) {
  std::string out;
  write_jsonb(jsonb_view(v), out);
  return text_result(c, out);
}

void add_access(registry& r) {
  using namespace sig;
  r.op("->", {js, txt}, js, json_member<false>);
  r.op("->>", {js, txt}, txt, json_member<true>);
  r.op("->", {js, i4}, js, json_element<false>);
  r.op("->>", {js, i4}, txt, json_element<true>);
  r.op("#>", {js, ta}, js, json_path<false>);
  r.op("#>>", {js, ta}, txt, json_path<true>);
  r.op("->", {jb, txt}, jb, member<false>);
  r.op("->>", {jb, txt}, txt, member<true>);
  r.op("->", {jb, i4}, jb, element_at<false>);
  r.op("->>", {jb, i4}, txt, element_at<true>);
  r.op("#>", {jb, ta}, jb, path<false>);
  r.op("#>>", {jb, ta}, txt, path<true>);
  r.add("json_object_field", {js, txt}, js, json_member<false>);
  r.add("json_object_field_text", {js, txt}, txt, json_member<true>);
  r.add("json_array_element", {js, i4}, js, json_element<false>);
  r.add("json_array_element_text", {js, i4}, txt, json_element<true>);
  r.add("jsonb_object_field", {jb, txt}, jb, member<false>);
  r.add("jsonb_object_field_text", {jb, txt}, txt, member<true>);
  r.add("jsonb_array_element", {jb, i4}, jb, element_at<false>);
  r.add("jsonb_array_element_text", {jb, i4}, txt, element_at<true>);
}

}  // namespace

void add_json_operators(registry& r) {
  using namespace sig;
  add_access(r);
  r.op("=", {jb, jb}, b, compared<test_equal>);
  r.op("<>", {jb, jb}, b, compared<test_unequal>);
  r.op("<", {jb, jb}, b, compared<test_less>);
  r.op("<=", {jb, jb}, b, compared<test_less_equal>);
  r.op(">", {jb, jb}, b, compared<test_greater>);
  r.op(">=", {jb, jb}, b, compared<test_greater_equal>);
  r.op("@>", {jb, jb}, b, contains);
  r.op("<@", {jb, jb}, b, contained);
  r.op("?", {jb, txt}, b, has_key);
  r.op("?|", {jb, ta}, b, has_keys<false>);
  r.op("?&", {jb, ta}, b, has_keys<true>);
  r.add("jsonb_exists", {jb, txt}, b, has_key);
  r.add("jsonb_exists_any", {jb, ta}, b, has_keys<false>);
  r.add("jsonb_exists_all", {jb, ta}, b, has_keys<true>);
  r.add("jsonb_contains", {jb, jb}, b, contains);
  r.add("jsonb_contained", {jb, jb}, b, contained);
  constexpr auto explicit_only = cast_context::explicit_;
  r.cast(jb, b, explicit_only, to_boolean);
  r.cast(jb, num, explicit_only, to_number<num>);
  r.cast(jb, i2, explicit_only, to_number<i2>);
  r.cast(jb, i4, explicit_only, to_number<i4>);
  r.cast(jb, i8, explicit_only, to_number<i8>);
  r.cast(jb, f4, explicit_only, to_number<f4>);
  r.cast(jb, f8, explicit_only, to_number<f8>);
  r.cast(js, jb, cast_context::assignment, json_to_jsonb);
  r.cast(jb, js, cast_context::assignment, jsonb_to_json);
}

}  // namespace helios::sql
