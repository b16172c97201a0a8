// Functions and operators that change jsonb: || - #- jsonb_set jsonb_insert jsonb_strip_nulls jsonb_pretty, and what tells
// about json and jsonb values.
#include <charconv>
#include <climits>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonb.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;
using kind = json_node::kind;

[[noreturn]] void invalid(std::string text) { throw sql_error(sqlstate::invalid_parameter_value, std::move(text)); }

std::vector<jsonb_member> members_of(const jsonb_view& v) {
  std::vector<jsonb_member> out;
  for (std::uint32_t i = 0; i < v.size(); ++i) out.emplace_back(v.key(i), v.item(i).bytes());
  return out;
}
/// A scalar or an object is one element.
void append_elements(const jsonb_view& v, std::vector<std::string_view>& out) {
  if (v.what() != kind::array) return out.push_back(v.bytes());
  for (std::uint32_t i = 0; i < v.size(); ++i) out.push_back(v.item(i).bytes());
}
datum object_result(call_context& c, std::vector<jsonb_member> members) {
  std::string out;
  put_jsonb_object(std::move(members), out);
  return checked_jsonb(out, *c.mem);
}
datum array_result(call_context& c, const std::vector<std::string_view>& items) {
  std::string out;
  put_jsonb_array(items, out);
  return checked_jsonb(out, *c.mem);
}

datum concatenate(call_context& c, args_t a) {
  const jsonb_view l(a[0]), r(a[1]);
  if (l.what() == kind::object && r.what() == kind::object) {
    auto members = members_of(l);
    const auto more = members_of(r);
    members.insert(members.end(), more.begin(), more.end());
    return object_result(c, std::move(members));
  }
  std::vector<std::string_view> items;
  append_elements(l, items);
  append_elements(r, items);
  return array_result(c, items);
}

/// Without the members, or string elements, that `drop` names.
template <class Drop>
datum without(call_context& c, const jsonb_view& v, Drop drop) {
  if (v.scalar()) invalid("cannot delete from scalar");
  if (v.what() == kind::object) {
    auto members = members_of(v);
    std::erase_if(members, [&](const jsonb_member& m) { return drop(m.first); });
    return object_result(c, std::move(members));
  }
  std::vector<std::string_view> items;
  append_elements(v, items);
  std::erase_if(items, [&](std::string_view bytes) {
    const jsonb_view item(bytes);
    return item.what() == kind::string && drop(item.text());
  });
  return array_result(c, items);
}
datum delete_key(call_context& c, args_t a) {
  return without(c, jsonb_view(a[0]), [&](std::string_view key) { return key == a[1].as_bytes(); });
}
datum delete_keys(call_context& c, args_t a) {
  const array_value keys = array_value::from(a[1]);
  if (keys.dimensions.size() > 1) throw sql_error("2202E", "wrong number of array subscripts");
  return without(c, jsonb_view(a[0]), [&](std::string_view key) {
    return std::any_of(keys.elements.begin(), keys.elements.end(), [&](datum k) { return !k.is_null() && k.as_bytes() == key; });
  });
}
datum delete_index(call_context& c, args_t a) {
  const jsonb_view v(a[0]);
  if (v.scalar()) invalid("cannot delete from scalar");
  if (v.what() == kind::object) invalid("cannot delete from object using integer index");
  std::vector<std::string_view> items;
  append_elements(v, items);
  std::int64_t index = a[1].as_int();
  if (index < 0) index += v.size();
  if (index < 0 || index >= v.size()) return a[0];
  items.erase(items.begin() + index);
  return array_result(c, items);
}

enum class edit { set, replace, insert_before, insert_after, remove };
bool adds(edit what) { return what == edit::set || what == edit::insert_before || what == edit::insert_after; }

/// jsonb_set, jsonb_insert and #-: one change at the end of a path.
class path_editor {
 public:
  path_editor(const array_value& path, edit what, std::string_view value) : path_(path), what_(what), value_(value) {}

  void run(const jsonb_view& v, std::size_t level, std::string& out) {
    if (level >= path_max) json_too_deep();
    if (level < path_.elements.size() && path_.elements[level].is_null())
      throw sql_error("22004", "path element at position " + std::to_string(level + 1) + " is null");
    if (v.what() == kind::object) object(v, level, out);
    else if (v.what() == kind::array) array(v, level, out);
    else out += v.bytes();
  }

 private:
  /// Each step takes stack, of which a fiber has little.
  static constexpr std::size_t path_max = 500;

  bool last(std::size_t level) const { return level + 1 == path_.elements.size(); }

  void object(const jsonb_view& v, std::size_t level, std::string& out) {
    const auto key = path_.elements[level].as_bytes();
    std::vector<jsonb_member> members = members_of(v);
    std::string inner;
    bool found = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].first != key) continue;
      found = true;
      if (!last(level)) {
        run(jsonb_view(members[i].second), level + 1, inner);
        members[i].second = inner;
      } else if (what_ == edit::remove) {
        members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (what_ == edit::insert_before || what_ == edit::insert_after) {
        throw sql_error(sqlstate::invalid_parameter_value, "cannot replace existing key")
            .hint("Try using the function jsonb_set to replace key value.");
      } else {
        members[i].second = value_;
      }
      break;
    }
    if (!found && last(level) && adds(what_)) members.emplace_back(key, value_);
    put_jsonb_object(std::move(members), out);
  }

  /// Counted from the start; -1 when it is before it.
  std::int64_t index_at(std::size_t level, std::int64_t size) const {
    const auto text = path_.elements[level].as_bytes();
    std::string_view digits = text;
    while (!digits.empty() && is_space(digits[0])) digits.remove_prefix(1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::int32_t index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
      throw sql_error(sqlstate::invalid_text_representation, "path element at position " + std::to_string(level + 1) +
                                                                 " is not an integer: \"" + std::string(text) + "\"");
    if (index < 0) return -std::int64_t{index} > size ? -1 : size + index;
    return std::min<std::int64_t>(index, size);
  }

  void array(const jsonb_view& v, std::size_t level, std::string& out) {
    const std::int64_t index = index_at(level, v.size());
    std::vector<std::string_view> items;
    append_elements(v, items);
    std::string inner;
    const auto at = items.begin() + std::max<std::int64_t>(index, 0);
    const bool inside = index >= 0 && index < v.size();
    if (!last(level)) {
      if (inside) {
        run(jsonb_view(*at), level + 1, inner);
        *at = inner;
      }
    } else if (!inside) {
      if (adds(what_)) items.insert(index < 0 ? items.begin() : items.end(), value_);
    } else {
      switch (what_) {
        case edit::set: case edit::replace: *at = value_; break;
        case edit::remove: items.erase(at); break;
        case edit::insert_before: items.insert(at, value_); break;
        case edit::insert_after: items.insert(at + 1, value_); break;
      }
    }
    put_jsonb_array(items, out);
  }

  const array_value& path_;
  edit what_;
  std::string_view value_;
};

datum edited(call_context& c, datum target, datum path_datum, edit what, std::string_view value, const char* refusal) {
  const array_value path = array_value::from(path_datum);
  if (path.dimensions.size() > 1) throw sql_error("2202E", "wrong number of array subscripts");
  const jsonb_view v(target);
  if (v.scalar()) invalid(refusal);
  if (path.elements.empty() || (v.size() == 0 && !adds(what))) return target;
  std::string out;
  path_editor(path, what, value).run(v, 0, out);
  return checked_jsonb(out, *c.mem);
}
datum set_path(call_context& c, args_t a) {
  const bool create = a.size() < 4 || a[3].as_bool();
  return edited(c, a[0], a[1], create ? edit::set : edit::replace, a[2].as_bytes(), "cannot set path in scalar");
}
datum insert_path(call_context& c, args_t a) {
  const bool after = a.size() > 3 && a[3].as_bool();
  return edited(c, a[0], a[1], after ? edit::insert_after : edit::insert_before, a[2].as_bytes(), "cannot set path in scalar");
}
datum delete_path(call_context& c, args_t a) { return edited(c, a[0], a[1], edit::remove, {}, "cannot delete path in scalar"); }
datum set_path_lax(call_context& c, args_t a) {
  if (a[0].is_null() || a[1].is_null() || (a.size() > 3 && a[3].is_null())) return datum::null();
  if (a.size() > 4 && a[4].is_null())
    invalid("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"");
  if (!a[2].is_null()) return set_path(c, a.first(std::min<std::size_t>(a.size(), 4)));
  const auto treatment = a.size() > 4 ? a[4].as_bytes() : std::string_view("use_json_null");
  if (treatment == "raise_exception")
    throw sql_error("22004", "JSON value must not be null")
        .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
        .hint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.");
  if (treatment == "return_target") return a[0];
  if (treatment == "delete_key") return delete_path(c, a.first(2));
  if (treatment != "use_json_null")
    invalid("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"");
  std::string null;
  put_jsonb_null(null);
  const datum with[] = {a[0], a[1], datum::of_bytes(null), a.size() > 3 ? a[3] : datum::of_bool(true)};
  return set_path(c, with);
}

void strip(const jsonb_view& v, std::string& out) {
  if (v.scalar()) return void(out += v.bytes());
  std::vector<std::string> kept(v.size());
  std::vector<jsonb_member> members;
  std::vector<std::string_view> items;
  for (std::uint32_t i = 0; i < v.size(); ++i) {
    const jsonb_view item = v.item(i);
    if (v.what() == kind::object && item.what() == kind::null) continue;
    strip(item, kept[i]);
    if (v.what() == kind::object) members.emplace_back(v.key(i), kept[i]);
    else items.push_back(kept[i]);
  }
  if (v.what() == kind::object) put_jsonb_object(std::move(members), out);
  else put_jsonb_array(items, out);
}
datum strip_jsonb(call_context& c, args_t a) {
  std::string out;
  strip(jsonb_view(a[0]), out);
  return text_result(c, out);
}
void strip(const json_node& v, std::string& out) {
  if (v.scalar()) {
    if (v.what == kind::string) write_json_string(v.text, out);
    else out += v.source;
    return;
  }
  const bool object = v.what == kind::object;
  out.push_back(object ? '{' : '[');
  bool first = true;
  for (std::size_t i = 0; i < v.items.size(); ++i) {
    if (object && v.items[i].what == kind::null) continue;
    if (!std::exchange(first, false)) out.push_back(',');
    if (object) {
      write_json_string(v.keys[i], out);
      out.push_back(':');
    }
    strip(v.items[i], out);
  }
  out.push_back(object ? '}' : ']');
}
datum strip_json(call_context& c, args_t a) {
  arena scratch;
  std::string out;
  strip(parse_json_tree(a[0].as_bytes(), scratch), out);
  return text_result(c, out);
}
datum pretty(call_context& c, args_t a) {
  std::string out;
  write_jsonb_pretty(jsonb_view(a[0]), out);
  return text_result(c, out);
}

constexpr const char* kind_names[] = {"null", "string", "number", "boolean", "array", "object"};
datum type_of_jsonb(call_context& c, args_t a) { return text_result(c, kind_names[static_cast<int>(jsonb_view(a[0]).what())]); }
datum type_of_json(call_context& c, args_t a) {
  arena scratch;
  return text_result(c, kind_names[static_cast<int>(parse_json_tree(a[0].as_bytes(), scratch).what)]);
}
datum array_size(kind what, std::size_t size) {
  if (what == kind::array) return datum::of_int(static_cast<std::int64_t>(size));
  invalid(what == kind::object ? "cannot get array length of a non-array" : "cannot get array length of a scalar");
}
datum jsonb_array_length(call_context&, args_t a) {
  const jsonb_view v(a[0]);
  return array_size(v.what(), v.size());
}
datum json_array_length(call_context&, args_t a) {
  arena scratch;
  const json_node v = parse_json_tree(a[0].as_bytes(), scratch);
  return array_size(v.what, v.items.size());
}

}  // namespace

void add_jsonb_functions(registry& r) {
  using namespace sig;
  r.op("||", {jb, jb}, jb, concatenate);
  r.op("-", {jb, txt}, jb, delete_key);
  r.op("-", {jb, ta}, jb, delete_keys);
  r.op("-", {jb, i4}, jb, delete_index);
  r.op("#-", {jb, ta}, jb, delete_path);
  r.add("jsonb_concat", {jb, jb}, jb, concatenate);
  r.add("jsonb_delete", {jb, txt}, jb, delete_key);
  r.add("jsonb_delete", {jb, i4}, jb, delete_index);
  r.add("jsonb_delete_path", {jb, ta}, jb, delete_path);
  r.add("jsonb_set", {jb, ta, jb}, jb, set_path);
  r.add("jsonb_set", {jb, ta, jb, b}, jb, set_path);
  r.add("jsonb_set_lax", {jb, ta, jb}, jb, set_path_lax, takes_null);
  r.add("jsonb_set_lax", {jb, ta, jb, b}, jb, set_path_lax, takes_null);
  r.add("jsonb_set_lax", {jb, ta, jb, b, txt}, jb, set_path_lax, takes_null);
  r.add("jsonb_insert", {jb, ta, jb}, jb, insert_path);
  r.add("jsonb_insert", {jb, ta, jb, b}, jb, insert_path);
  r.add("jsonb_strip_nulls", {jb}, jb, strip_jsonb);
  r.add("json_strip_nulls", {js}, js, strip_json);
  r.add("jsonb_pretty", {jb}, txt, pretty);
  r.add("jsonb_typeof", {jb}, txt, type_of_jsonb);
  r.add("json_typeof", {js}, txt, type_of_json);
  r.add("jsonb_array_length", {jb}, i4, jsonb_array_length);
  r.add("json_array_length", {js}, i4, json_array_length);
}

}  // namespace helios::sql
