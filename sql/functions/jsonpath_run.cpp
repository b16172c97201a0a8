#include "sql/functions/jsonpath_run.hpp"

#include <re2/re2.h>

#include <cmath>

#include "base/sql_error.hpp"
#include "sql/functions/pattern.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using kind = json_node::kind;
using view = std::string_view;

enum class truth { no, yes, unknown };
truth of(bool v) { return v ? truth::yes : truth::no; }

// SQLSTATEs of SQL/JSON.
constexpr const char* member_not_found = "2203A";
constexpr const char* array_not_found = "22039";
constexpr const char* object_not_found = "2203C";
constexpr const char* number_not_found = "2203B";
constexpr const char* bad_subscript = "22033";
constexpr const char* not_numeric = "22036";
constexpr const char* singleton_required = "22038";

/// `found` null: only whether there is an item is asked, and the first one ends the search.
class path_runner {
 public:
  path_runner(const json_path& path, const jsonb_view& root, const jsonb_view* vars, std::deque<std::string>& kept)
      : lax_(path.lax), ignore_structure_(path.lax), root_(root), vars_(vars), current_(root.bytes()), kept_(kept) {}

  using found_t = std::vector<view>*;

  bool item(const path_node& n, view v, found_t found) { return item(n, v, found, lax_); }

 private:
  /// Puts a value back when a block ends, also by an error.
  template <class T>
  struct restoring {
    restoring(T& to, T value) : to_(to), before_(to) { to = value; }
    ~restoring() { to_ = before_; }
    T& to_;
    T before_;
  };

  bool next(const path_node& n, view v, found_t found) {
    if (n.next) return item(*n.next, v, found);
    if (found) found->push_back(v);
    return true;
  }
  view keep(std::string bytes) { return kept_.emplace_back(std::move(bytes)); }
  view number(const decimal& v) {
    arena scratch;
    std::string out;
    put_jsonb_number(v.to_datum(scratch), out);
    return keep(std::move(out));
  }
  view text(view characters) {
    std::string out;
    put_jsonb_string(characters, out);
    return keep(std::move(out));
  }
  bool literal(const path_node& n, std::string bytes, found_t found) {
    if (!n.next && !found) return true;
    return next(n, keep(std::move(bytes)), found);
  }

  bool item(const path_node& n, view v, found_t found, bool unwrap) {
    switch (n.what) {
      case path_kind::key: return member(n, v, found, unwrap);
      case path_kind::root: {
        const view whole = root_.bytes();
        return next(n, whole, found);
      }
      case path_kind::current: return next(n, current_, found);
      case path_kind::any_array: return all_elements(n, v, found);
      case path_kind::index_array: return elements(n, v, found);
      case path_kind::last: return next(n, number(decimal::of_int(innermost_size_ - 1)), found);
      case path_kind::any_key: return all_members(n, v, found, unwrap);
      case path_kind::any: return any(n, v, found);
      case path_kind::filter: return filter(n, v, found, unwrap);
      case path_kind::add: case path_kind::subtract: case path_kind::multiply: case path_kind::divide: case path_kind::modulo:
        return arithmetic(n, v, found);
      case path_kind::plus: case path_kind::minus: return sign(n, v, found);
      case path_kind::null: case path_kind::string: case path_kind::number: case path_kind::boolean: case path_kind::variable:
        return constant(n, found);
      case path_kind::type: case path_kind::size: case path_kind::abs: case path_kind::floor: case path_kind::ceiling:
      case path_kind::double_: case path_kind::datetime: case path_kind::keyvalue:
        return method(n, v, found, unwrap);
      default: return predicate_item(n, v, found);
    }
  }

  bool predicate_item(const path_node& n, view v, found_t found) {
    const truth result = test(n, v);
    if (!n.next && !found) return true;
    std::string out;
    if (result == truth::unknown) put_jsonb_null(out);
    else put_jsonb_bool(result == truth::yes, out);
    return next(n, keep(std::move(out)), found);
  }

  bool constant(const path_node& n, found_t found) {
    std::string out;
    switch (n.what) {
      case path_kind::null: put_jsonb_null(out); break;
      case path_kind::string: put_jsonb_string(n.text, out); break;
      case path_kind::number: put_jsonb_number(n.number, out); break;
      case path_kind::boolean: put_jsonb_bool(n.truth, out); break;
      default: out = variable(n.text); break;
    }
    return literal(n, std::move(out), found);
  }
  std::string variable(const std::string& name) const {
    const auto value = vars_ ? vars_->find(name) : std::nullopt;
    if (!value) throw sql_error(sqlstate::undefined_object, "could not find jsonpath variable \"" + name + "\"");
    return std::string(value->bytes());
  }

  /// The path on each element of an array, which are not unwrapped again.
  bool unwrapped(const path_node& n, const jsonb_view& array, found_t found) {
    bool any_found = false;
    for (std::uint32_t i = 0; i < array.size(); ++i) {
      any_found = item(n, array.item(i).bytes(), found, false) || any_found;
      if (any_found && !found) return true;
    }
    return any_found;
  }

  bool member(const path_node& n, view bytes, found_t found, bool unwrap) {
    const jsonb_view v(bytes);
    if (v.what() == kind::object) {
      if (const auto value = v.find(n.text)) return next(n, value->bytes(), found);
      if (!ignore_structure_) throw path_error(member_not_found, "JSON object does not contain key \"" + n.text + "\"");
      return false;
    }
    if (unwrap && v.what() == kind::array) return unwrapped(n, v, found);
    if (!ignore_structure_) throw path_error(member_not_found, "jsonpath member accessor can only be applied to an object");
    return false;
  }

  /// Each value inside `v`, levels `first` to `until` deep.
  bool inside(const path_node& n, const jsonb_view& v, found_t found, std::uint32_t level, std::uint32_t first, std::uint32_t until, bool ignore, bool unwrap) {
    bool any_found = false;
    if (level > until) return false;
    for (std::uint32_t i = 0; i < v.size(); ++i) {
      const jsonb_view inner = v.item(i);
      const bool leaf_wanted = first == path_level_last && until == path_level_last && inner.scalar();
      if (level >= first || leaf_wanted) {
        if (n.next) {
          restoring<bool> structure(ignore_structure_, ignore || ignore_structure_);
          any_found = item(*n.next, inner.bytes(), found, unwrap) || any_found;
        } else {
          any_found = true;
          if (found) found->push_back(inner.bytes());
        }
        if (any_found && !found) return true;
      }
      if (level < until && !inner.scalar()) {
        any_found = inside(n, inner, found, level + 1, first, until, ignore, unwrap) || any_found;
        if (any_found && !found) return true;
      }
    }
    return any_found;
  }

  bool all_elements(const path_node& n, view bytes, found_t found) {
    const jsonb_view v(bytes);
    if (v.what() == kind::array) return inside(n, v, found, 1, 1, 1, false, lax_);
    if (lax_) return next(n, bytes, found);
    if (!ignore_structure_) throw path_error(array_not_found, "jsonpath wildcard array accessor can only be applied to an array");
    return false;
  }
  bool all_members(const path_node& n, view bytes, found_t found, bool unwrap) {
    const jsonb_view v(bytes);
    if (v.what() == kind::object) return inside(n, v, found, 1, 1, 1, false, lax_);
    if (unwrap && v.what() == kind::array) return unwrapped(n, v, found);
    if (!ignore_structure_) throw path_error(object_not_found, "jsonpath wildcard member accessor can only be applied to an object");
    return false;
  }
  bool any(const path_node& n, view bytes, found_t found) {
    bool any_found = false;
    if (n.first == 0) {
      restoring<bool> structure(ignore_structure_, true);
      any_found = next(n, bytes, found);
      if (any_found && !found) return true;
    }
    const jsonb_view v(bytes);
    if (!v.scalar()) any_found = inside(n, v, found, 1, n.first, n.until, true, lax_) || any_found;
    return any_found;
  }

  std::int64_t subscript(const path_node& n, view v) {
    std::vector<view> values;
    item(n, v, &values);
    if (values.size() != 1 || jsonb_view(values[0]).what() != kind::number)
      throw path_error(bad_subscript, "jsonpath array subscript is not a single numeric value");
    const decimal index = truncate(decimal::from(jsonb_view(values[0]).number()), 0);
    if (!index.finite() || !index.coefficient.fits_sint_p())
      throw path_error(bad_subscript, "jsonpath array subscript is out of integer range");
    return index.coefficient.get_si();
  }
  bool elements(const path_node& n, view bytes, found_t found) {
    const jsonb_view v(bytes);
    const bool array = v.what() == kind::array;
    if (!array && !lax_) {
      if (!ignore_structure_) throw path_error(array_not_found, "jsonpath array accessor can only be applied to an array");
      return false;
    }
    const std::int64_t size = array ? v.size() : 1;
    bool any_found = false;
    for (std::size_t i = 0; i < n.arguments.size(); i += 2) {
      std::int64_t from = 0, until = 0;
      {
        restoring<std::int64_t> innermost(innermost_size_, size);
        from = subscript(*n.arguments[i], bytes);
        until = n.arguments[i + 1] ? subscript(*n.arguments[i + 1], bytes) : from;
      }
      if (!ignore_structure_ && (from < 0 || from > until || until >= size))
        throw path_error(bad_subscript, "jsonpath array subscript is out of bounds");
      from = std::max<std::int64_t>(from, 0);
      until = std::min(until, size - 1);
      for (std::int64_t k = from; k <= until; ++k) {
        any_found = next(n, array ? v.item(static_cast<std::uint32_t>(k)).bytes() : bytes, found) || any_found;
        if (any_found && !found) return true;
      }
    }
    return any_found;
  }

  bool filter(const path_node& n, view bytes, found_t found, bool unwrap) {
    const jsonb_view v(bytes);
    if (unwrap && v.what() == kind::array) return unwrapped(n, v, found);
    truth result{};
    {
      restoring<view> at(current_, bytes);
      result = test(*n.arguments[0], bytes);
    }
    return result == truth::yes && next(n, bytes, found);
  }

  /// What a path gives, with arrays replaced by their elements in lax mode.
  std::vector<view> values_of(const path_node& n, view v, bool unwrap) {
    std::vector<view> values;
    item(n, v, &values);
    if (!unwrap || !lax_) return values;
    std::vector<view> out;
    for (view value : values) {
      const jsonb_view inner(value);
      if (inner.what() != kind::array) {
        out.push_back(value);
        continue;
      }
      for (std::uint32_t i = 0; i < inner.size(); ++i) out.push_back(inner.item(i).bytes());
    }
    return out;
  }

  static decimal operand(const path_node& n, std::size_t which, const std::vector<view>& values) {
    if (values.size() != 1 || jsonb_view(values[0]).what() != kind::number)
      throw path_error(singleton_required, std::string(which == 0 ? "left" : "right") + " operand of jsonpath operator " +
                                               path_operator(n.what) + " is not a single numeric value");
    return decimal::from(jsonb_view(values[0]).number());
  }
  bool arithmetic(const path_node& n, view v, found_t found) {
    // Both sides are evaluated before either is looked at.
    const auto left = values_of(*n.arguments[0], v, true), right = values_of(*n.arguments[1], v, true);
    const decimal l = operand(n, 0, left), r = operand(n, 1, right);
    if ((n.what == path_kind::divide || n.what == path_kind::modulo) && r.sign() == 0 && r.finite())
      throw path_error(sqlstate::division_by_zero, "division by zero");
    decimal result;
    switch (n.what) {
      case path_kind::add: result = add(l, r); break;
      case path_kind::subtract: result = subtract(l, r); break;
      case path_kind::multiply: result = multiply(l, r); break;
      case path_kind::divide: result = divide(l, r); break;
      default: result = modulo(l, r); break;
    }
    if (!n.next && !found) return true;
    return next(n, number(check_range(result)), found);
  }
  bool sign(const path_node& n, view v, found_t found) {
    bool any_found = false;
    for (view value : values_of(*n.arguments[0], v, true)) {
      const jsonb_view operand_value(value);
      const bool numeric = operand_value.what() == kind::number;
      if (!found && !n.next) {
        if (numeric) return true;
        continue;
      }
      if (!numeric) throw path_error(number_not_found, std::string("operand of unary jsonpath operator ") + path_operator(n.what) + " is not a numeric value");
      const decimal d = decimal::from(operand_value.number());
      any_found = next(n, n.what == path_kind::minus ? number(negate(d)) : value, found) || any_found;
      if (any_found && !found) return true;
    }
    return any_found;
  }

  bool method(const path_node& n, view bytes, found_t found, bool unwrap) {
    const jsonb_view v(bytes);
    if (n.what == path_kind::type) {
      static constexpr const char* names[] = {"null", "string", "number", "boolean", "array", "object"};
      return next(n, text(names[static_cast<int>(v.what())]), found);
    }
    if (n.what == path_kind::size) {
      if (v.what() != kind::array && !lax_ && !ignore_structure_)
        throw path_error(array_not_found, "jsonpath item method .size() can only be applied to an array");
      if (v.what() != kind::array && !lax_) return false;
      return next(n, number(decimal::of_int(v.what() == kind::array ? v.size() : 1)), found);
    }
    if (unwrap && v.what() == kind::array) return unwrapped(n, v, found);
    switch (n.what) {
      case path_kind::abs: case path_kind::floor: case path_kind::ceiling: return rounding(n, v, found);
      case path_kind::double_: return next(n, number(as_double(v)), found);
      case path_kind::keyvalue: return key_values(n, v, found);
      default: throw sql_error(sqlstate::feature_not_supported, "jsonpath item method .datetime() is not supported");
    }
  }
  bool rounding(const path_node& n, const jsonb_view& v, found_t found) {
    const char* name = n.what == path_kind::abs ? "abs" : n.what == path_kind::floor ? "floor" : "ceiling";
    if (v.what() != kind::number)
      throw path_error(not_numeric, std::string("jsonpath item method .") + name + "() can only be applied to a numeric value");
    decimal d = decimal::from(v.number());
    if (n.what == path_kind::abs) d = d.sign() < 0 ? negate(d) : d;
    else d = n.what == path_kind::floor ? helios::sql::floor(d) : ceiling(d);
    return next(n, number(d), found);
  }
  static decimal as_double(const jsonb_view& v) {
    if (v.what() != kind::number && v.what() != kind::string)
      throw path_error(not_numeric, "jsonpath item method .double() can only be applied to a string or numeric value");
    const bool numeric = v.what() == kind::number;
    double value = INFINITY;
    try {
      value = parse_float8(numeric ? decimal::from(v.number()).to_text() : std::string(v.text()));
    } catch (const sql_error&) {
      value = INFINITY;  // out of range, or no number
    }
    if (!std::isfinite(value)) {
      throw path_error(not_numeric, numeric ? "numeric argument of jsonpath item method .double() is out of range for type double precision"
                                            : "string argument of jsonpath item method .double() is not a valid representation of a double precision number");
    }
    if (numeric) return decimal::from(v.number());
    std::string digits;
    write_float8(value, 1, digits);
    return decimal::parse(digits);
  }
  /// The id tells the objects of one target apart: where the object begins in it.
  bool key_values(const path_node& n, const jsonb_view& v, found_t found) {
    if (v.what() != kind::object) throw path_error(object_not_found, "jsonpath item method .keyvalue() can only be applied to an object");
    const view all = root_.bytes();
    const bool within = v.bytes().data() >= all.data() && v.bytes().data() < all.data() + all.size();
    const decimal id = decimal::of_int(within ? v.bytes().data() - all.data() : 0);
    bool any_found = false;
    for (std::uint32_t i = 0; i < v.size(); ++i) {
      if (!n.next && !found) return true;
      std::string object;
      put_jsonb_object({{"key", text(v.key(i))}, {"value", v.item(i).bytes()}, {"id", number(id)}}, object);
      any_found = next(n, keep(std::move(object)), found) || any_found;
      if (any_found && !found) return true;
    }
    return any_found;
  }

  truth test(const path_node& n, view v) {
    switch (n.what) {
      case path_kind::and_: {
        const truth l = test(*n.arguments[0], v);
        if (l == truth::no) return l;
        const truth r = test(*n.arguments[1], v);
        return r == truth::yes ? l : r;
      }
      case path_kind::or_: {
        const truth l = test(*n.arguments[0], v);
        if (l == truth::yes) return l;
        const truth r = test(*n.arguments[1], v);
        return r == truth::no ? l : r;
      }
      case path_kind::not_: {
        const truth inner = test(*n.arguments[0], v);
        return inner == truth::unknown ? inner : of(inner == truth::no);
      }
      case path_kind::is_unknown: return of(test(*n.arguments[0], v) == truth::unknown);
      case path_kind::exists: return exists(*n.arguments[0], v);
      default: return compared(n, v);
    }
  }
  truth exists(const path_node& n, view v) {
    try {
      if (lax_) return of(item(n, v, nullptr));
      std::vector<view> values;
      item(n, v, &values);
      return of(!values.empty());
    } catch (const path_error&) {
      return truth::unknown;
    }
  }

  truth compared(const path_node& n, view v) {
    std::vector<view> left, right{view()};
    try {
      left = values_of(*n.arguments[0], v, true);
      if (n.what != path_kind::like_regex) right = values_of(*n.arguments[1], v, n.what != path_kind::starts_with);
    } catch (const path_error&) {
      return truth::unknown;
    }
    bool error = false, any_found = false;
    for (view l : left) {
      for (view r : right) {
        const truth one = pair(n, l, r);
        if (one == truth::unknown) {
          if (!lax_) return truth::unknown;
          error = true;
        } else if (one == truth::yes) {
          if (lax_) return truth::yes;
          any_found = true;
        }
      }
    }
    if (any_found) return truth::yes;
    return error ? truth::unknown : truth::no;
  }
  static truth pair(const path_node& n, view left, view right) {
    const jsonb_view l(left);
    if (n.what == path_kind::like_regex) return l.what() == kind::string ? of(matches(n, l.text())) : truth::unknown;
    const jsonb_view r(right);
    if (n.what == path_kind::starts_with)
      return l.what() == kind::string && r.what() == kind::string ? of(l.text().starts_with(r.text())) : truth::unknown;
    if (l.what() != r.what()) return l.what() == kind::null || r.what() == kind::null ? of(n.what == path_kind::not_equal) : truth::unknown;
    if (!l.scalar()) return truth::unknown;
    const auto order = compare_jsonb(l, r);
    switch (n.what) {
      case path_kind::equal: return of(order == 0);
      case path_kind::not_equal: return of(order != 0);
      case path_kind::less: return of(order < 0);
      case path_kind::greater: return of(order > 0);
      case path_kind::less_equal: return of(order <= 0);
      default: return of(order >= 0);
    }
  }
  /// XQuery's flags in PostgreSQL's terms.
  static bool matches(const path_node& n, view subject) {
    const auto has = [&n](char f) { return n.flags.find(f) != std::string::npos; };
    std::string flags = has('i') ? "i" : "c";
    const std::string pattern = has('q') ? re2::RE2::QuoteMeta(n.text) : n.text;
    if (!has('q')) {
      if (!has('s')) flags += has('m') ? "n" : "p";
      else if (has('m')) flags += "w";
    }
    const auto expression = regular_expression(pattern, flags);
    return re2::RE2::PartialMatch({subject.data(), subject.size()}, *expression);
  }

  const bool lax_;
  bool ignore_structure_;
  const jsonb_view root_;
  const jsonb_view* vars_;
  view current_;
  std::int64_t innermost_size_ = -1;
  std::deque<std::string>& kept_;
};

}  // namespace

void run_jsonpath(const json_path& path, const jsonb_view& target, const jsonb_view* vars, path_result& out) {
  path_runner(path, target, vars, out.kept).item(*path.root, target.bytes(), &out.items);
}

bool jsonpath_exists(const json_path& path, const jsonb_view& target, const jsonb_view* vars) {
  path_result out;
  if (path.lax) return path_runner(path, target, vars, out.kept).item(*path.root, target.bytes(), nullptr);
  run_jsonpath(path, target, vars, out);
  return !out.items.empty();
}

}  // namespace helios::sql
