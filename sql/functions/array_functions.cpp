// Functions and operators of arrays.
#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

[[noreturn]] void several_dimensions(const char* what) {
  throw sql_error(sqlstate::feature_not_supported, std::string(what) + " multidimensional arrays is not supported");
}

bool equal_values(const type_ops& type, datum a, datum b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  return type.compare(a, b) == 0;
}

std::string join(call_context& c, args_t a, const std::string* null_text) {
  const array_value v = array_value::from(a[0]);
  const type_ops& type = get_type(v.element);
  std::string out;
  bool first = true;
  for (datum e : v.elements) {
    if (e.is_null() && !null_text) continue;
    if (!first) out.append(a[1].as_bytes());
    first = false;
    if (e.is_null()) out += *null_text;
    else type.write_text(e, formats_of(c), out);
  }
  return out;
}
datum array_to_string(call_context& c, args_t a) {
  if (a[0].is_null() || a[1].is_null()) return datum::null();
  if (a.size() < 3 || a[2].is_null()) return text_result(c, join(c, a, nullptr));
  const std::string null_text(a[2].as_bytes());
  return text_result(c, join(c, a, &null_text));
}

std::vector<std::string> pieces(std::string_view text, datum separator) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  if (separator.is_null()) {
    for (std::size_t i = 0; i < text.size(); i += utf8_size(text[i])) out.emplace_back(text.substr(i, utf8_size(text[i])));
    return out;
  }
  const auto by = separator.as_bytes();
  if (!by.empty())
    for (std::size_t at; (at = text.find(by)) != std::string_view::npos; text.remove_prefix(at + by.size()))
      out.emplace_back(text.substr(0, at));
  out.emplace_back(text);
  return out;
}
std::vector<datum> piece_values(call_context& c, args_t a) {
  std::vector<datum> values;
  for (const auto& p : pieces(a[0].as_bytes(), a[1]))
    values.push_back(a.size() > 2 && !a[2].is_null() && p == a[2].as_bytes() ? datum::null() : text_result(c, p));
  return values;
}
datum string_to_array(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  return array_value::of(type_oid::text, piece_values(c, a)).to_datum(*c.mem);
}
void string_to_table(call_context& c, args_t a, std::vector<datum>& rows) {
  if (!a[0].is_null()) rows = piece_values(c, a);
}

const array_value::dimension* dimension(const array_value& v, std::int64_t n) {
  return n < 1 || n > static_cast<std::int64_t>(v.dimensions.size()) ? nullptr : &v.dimensions[static_cast<std::size_t>(n - 1)];
}
datum length(call_context&, args_t a) {
  const array_value v = array_value::from(a[0]);
  const auto* d = dimension(v, a[1].as_int());
  return d ? datum::of_int(d->length) : datum::null();
}
datum lower(call_context&, args_t a) {
  const array_value v = array_value::from(a[0]);
  const auto* d = dimension(v, a[1].as_int());
  return d ? datum::of_int(d->lower) : datum::null();
}
datum upper(call_context&, args_t a) {
  const array_value v = array_value::from(a[0]);
  const auto* d = dimension(v, a[1].as_int());
  return d ? datum::of_int(d->lower + d->length - 1) : datum::null();
}
datum dimensions(call_context&, args_t a) {
  const auto n = array_value::from(a[0]).dimensions.size();
  return n == 0 ? datum::null() : datum::of_int(static_cast<std::int64_t>(n));
}
datum shape(call_context& c, args_t a) {
  std::string out;
  for (const auto& d : array_value::from(a[0]).dimensions)
    out.append("[").append(std::to_string(d.lower)).append(":").append(std::to_string(d.lower + d.length - 1)).append("]");
  return out.empty() ? datum::null() : text_result(c, out);
}
datum cardinality(call_context&, args_t a) {
  return datum::of_int(static_cast<std::int64_t>(array_value::from(a[0]).elements.size()));
}

datum append(call_context& c, args_t a) {
  if (a[0].is_null() && c.argument_types.empty()) return datum::null();
  array_value v = a[0].is_null() ? array_value::of(element_type(argument_type(c, 0)), {}) : array_value::from(a[0]);
  if (v.dimensions.size() > 1) throw sql_error("22000", "argument must be empty or one-dimensional array");
  v.elements.push_back(a[1]);
  if (v.dimensions.empty()) v.dimensions.push_back({0, 1});
  ++v.dimensions[0].length;
  return v.to_datum(*c.mem);
}
datum prepend(call_context& c, args_t a) {
  array_value v = a[1].is_null() ? array_value::of(element_type(argument_type(c, 1)), {}) : array_value::from(a[1]);
  if (v.dimensions.size() > 1) throw sql_error("22000", "argument must be empty or one-dimensional array");
  v.elements.insert(v.elements.begin(), a[0]);
  if (v.dimensions.empty()) v.dimensions.push_back({0, 1});
  ++v.dimensions[0].length;
  return v.to_datum(*c.mem);
}
/// One side is an element of the other: its dimensions are those behind the other's first.
datum concatenate_nested(call_context& c, array_value l, const array_value& r) {
  const bool append = l.dimensions.size() == r.dimensions.size() + 1;
  const array_value& outer = append ? l : r;
  const array_value& inner = append ? r : l;
  bool fits = outer.dimensions.size() == inner.dimensions.size() + 1;
  for (std::size_t i = 0; fits && i < inner.dimensions.size(); ++i)
    fits = outer.dimensions[i + 1].length == inner.dimensions[i].length && outer.dimensions[i + 1].lower == inner.dimensions[i].lower;
  if (!fits) throw sql_error("2202E", "cannot concatenate incompatible arrays");
  array_value out = outer;
  ++out.dimensions[0].length;
  out.elements = std::move(l.elements);
  out.elements.insert(out.elements.end(), r.elements.begin(), r.elements.end());
  return out.to_datum(*c.mem);
}
datum concatenate(call_context& c, args_t a) {
  if (a[0].is_null() || a[1].is_null()) return a[0].is_null() ? a[1] : a[0];
  array_value l = array_value::from(a[0]);
  const array_value r = array_value::from(a[1]);
  if (r.dimensions.empty()) return a[0];
  if (l.dimensions.empty()) return a[1];
  if (l.dimensions.size() == r.dimensions.size()) {
    for (std::size_t i = 1; i < l.dimensions.size(); ++i)
      if (l.dimensions[i].length != r.dimensions[i].length) throw sql_error("2202E", "cannot concatenate incompatible arrays");
    l.dimensions[0].length += r.dimensions[0].length;
  } else {
    return concatenate_nested(c, std::move(l), r);
  }
  l.elements.insert(l.elements.end(), r.elements.begin(), r.elements.end());
  return l.to_datum(*c.mem);
}

datum trim(call_context& c, args_t a) {
  array_value v = array_value::from(a[0]);
  const std::int64_t length = v.dimensions.empty() ? 0 : v.dimensions[0].length, cut = a[1].as_int();
  if (cut < 0 || cut > length)
    throw sql_error("2202E", "number of elements to trim must be between 0 and " + std::to_string(length));
  if (cut == 0) return a[0];
  const std::size_t each = v.elements.size() / static_cast<std::size_t>(length);
  v.elements.resize(v.elements.size() - each * static_cast<std::size_t>(cut));
  v.dimensions[0].length -= static_cast<std::int32_t>(cut);
  for (auto& d : v.dimensions) d.lower = 1;  // as of every slice
  if (v.elements.empty()) v.dimensions.clear();
  return v.to_datum(*c.mem);
}

/// The numbers of one of array_fill's arrays; `detail` for one that has several dimensions.
std::vector<std::int64_t> fill_numbers(datum v, const char* what, const char* detail) {
  if (v.is_null()) throw sql_error("22004", "dimension array or low bound array cannot be null");
  const array_value numbers = array_value::from(v);
  if (numbers.dimensions.size() > 1) throw sql_error("2202E", "wrong number of array subscripts").detail(detail);
  std::vector<std::int64_t> out;
  for (datum n : numbers.elements) {
    if (n.is_null()) throw sql_error("22004", std::string(what) + " values cannot be null");
    out.push_back(n.as_int());
  }
  return out;
}
datum fill(call_context& c, args_t a) {
  constexpr std::uint64_t elements_max = 134217727;
  const auto lengths = fill_numbers(a[1], "dimension", "Dimension array must be one dimensional.");
  std::vector<std::int64_t> lowers(lengths.size(), 1);
  if (a.size() > 2) {
    lowers = fill_numbers(a[2], "dimension", "Low bound array must be one dimensional.");
    if (lowers.size() != lengths.size())
      throw sql_error("2202E", "wrong number of array subscripts").detail("Low bound array has different size than dimensions array.");
  }
  if (lengths.size() > 6)
    throw sql_error("54000", "number of array dimensions (" + std::to_string(lengths.size()) + ") exceeds the maximum allowed (6)");
  array_value out;
  out.element = argument_type(c, 0);
  std::uint64_t total = lengths.empty() ? 0 : 1;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 0 || (total *= static_cast<std::uint64_t>(lengths[i])) > elements_max)
      throw sql_error("54000", "array size exceeds the maximum allowed (134217727)");
    out.dimensions.push_back({static_cast<std::int32_t>(lengths[i]), static_cast<std::int32_t>(lowers[i])});
  }
  if (total == 0) out.dimensions.clear();
  out.elements.assign(total, a[0]);
  return out.to_datum(*c.mem);
}

datum position(call_context&, args_t a) {
  if (a[0].is_null()) return datum::null();
  const array_value v = array_value::from(a[0]);
  if (v.dimensions.size() > 1) several_dimensions("searching for elements in");
  const type_ops& type = get_type(v.element);
  const std::int64_t base = v.dimensions.empty() ? 1 : v.dimensions[0].lower;
  const std::int64_t from = a.size() > 2 && !a[2].is_null() ? a[2].as_int() : base;
  for (std::size_t i = 0; i < v.elements.size(); ++i) {
    const std::int64_t index = base + static_cast<std::int64_t>(i);
    if (index >= from && equal_values(type, v.elements[i], a[1])) return datum::of_int(index);
  }
  return datum::null();
}
datum positions(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  const array_value v = array_value::from(a[0]);
  if (v.dimensions.size() > 1) several_dimensions("searching for elements in");
  const std::int64_t base = v.dimensions.empty() ? 1 : v.dimensions[0].lower;
  std::vector<datum> found;
  for (std::size_t i = 0; i < v.elements.size(); ++i)
    if (equal_values(get_type(v.element), v.elements[i], a[1])) found.push_back(datum::of_int(base + static_cast<std::int64_t>(i)));
  return array_value::of(type_oid::int4, std::move(found)).to_datum(*c.mem);
}
datum remove(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  array_value v = array_value::from(a[0]);
  if (v.dimensions.size() > 1) several_dimensions("removing elements from");
  const type_ops& type = get_type(v.element);
  if (std::erase_if(v.elements, [&](datum e) { return equal_values(type, e, a[1]); }) == 0) return a[0];
  return array_value::of(v.element, std::move(v.elements)).to_datum(*c.mem);
}
datum replace(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  array_value v = array_value::from(a[0]);
  const type_ops& type = get_type(v.element);
  for (datum& e : v.elements)
    if (equal_values(type, e, a[1])) e = a[2];
  return v.to_datum(*c.mem);
}

bool contains_all(const array_value& in, const array_value& wanted) {
  const type_ops& type = get_type(in.element);
  return std::all_of(wanted.elements.begin(), wanted.elements.end(), [&](datum w) {
    return !w.is_null() && std::any_of(in.elements.begin(), in.elements.end(),
                                       [&](datum e) { return !e.is_null() && type.compare(e, w) == 0; });
  });
}
datum contains(call_context&, args_t a) { return datum::of_bool(contains_all(array_value::from(a[0]), array_value::from(a[1]))); }
datum contained(call_context&, args_t a) { return datum::of_bool(contains_all(array_value::from(a[1]), array_value::from(a[0]))); }
datum overlaps(call_context&, args_t a) {
  const array_value l = array_value::from(a[0]), r = array_value::from(a[1]);
  const type_ops& type = get_type(l.element);
  return datum::of_bool(std::any_of(l.elements.begin(), l.elements.end(), [&](datum x) {
    return !x.is_null() && std::any_of(r.elements.begin(), r.elements.end(),
                                       [&](datum y) { return !y.is_null() && type.compare(x, y) == 0; });
  }));
}

void unnest(call_context& c, args_t a, std::vector<datum>& rows) {
  for (datum e : array_value::from(a[0]).elements) rows.push_back(c.mem->copy(e));
}
void subscripts(call_context&, args_t a, std::vector<datum>& rows) {
  const array_value v = array_value::from(a[0]);
  if (const auto* d = dimension(v, a[1].as_int()))
    for (std::int32_t i = 0; i < d->length; ++i) rows.push_back(datum::of_int(d->lower + i));
}

}  // namespace

void add_array_functions(registry& r) {
  using namespace sig;
  r.add("array_to_string", {arr, txt}, txt, array_to_string, takes_null | stable);
  r.add("array_to_string", {arr, txt, txt}, txt, array_to_string, takes_null | stable);
  r.add("string_to_array", {txt, txt}, ta, string_to_array, takes_null);
  r.add("string_to_array", {txt, txt, txt}, ta, string_to_array, takes_null);
  r.add_set("string_to_table", {txt, txt}, txt, string_to_table, takes_null);
  r.add("array_length", {arr, i4}, i4, length);
  r.add("array_lower", {arr, i4}, i4, lower);
  r.add("array_upper", {arr, i4}, i4, upper);
  r.add("array_ndims", {arr}, i4, dimensions);
  r.add("array_dims", {arr}, txt, shape);
  r.add("cardinality", {arr}, i4, cardinality);
  r.add("array_append", {arr, elem}, arr, append, typed | takes_null);
  r.add("array_prepend", {elem, arr}, arr, prepend, typed | takes_null);
  r.add("array_cat", {arr, arr}, arr, concatenate, takes_null);
  r.op("||", {arr, arr}, arr, concatenate, takes_null);
  r.op("||", {arr, elem}, arr, append, typed | takes_null);
  r.op("||", {elem, arr}, arr, prepend, typed | takes_null);
  r.add("array_position", {arr, elem}, i4, position, takes_null);
  r.add("array_position", {arr, elem, i4}, i4, position, takes_null);
  r.add("array_positions", {arr, elem}, type_oid::int4_array, positions, takes_null);
  r.add("array_remove", {arr, elem}, arr, remove, takes_null);
  r.add("array_replace", {arr, elem, elem}, arr, replace, takes_null);
  r.add("trim_array", {arr, i4}, arr, trim);
  r.add("array_fill", {elem, type_oid::int4_array}, arr, fill, typed | takes_null);
  r.add("array_fill", {elem, type_oid::int4_array, type_oid::int4_array}, arr, fill, typed | takes_null);
  r.op("@>", {arr, arr}, b, contains);
  r.op("<@", {arr, arr}, b, contained);
  r.op("&&", {arr, arr}, b, overlaps);
  r.add_set("unnest", {arr}, elem, unnest);
  r.add_set("generate_subscripts", {arr, i4}, i4, subscripts);
}

}  // namespace helios::sql
