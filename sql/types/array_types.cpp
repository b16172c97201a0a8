// Array types: text '{1,NULL,"a b"}' with any number of dimensions and bounds, and the binary format. int2vector and
// oidvector are arrays from 0 with a text of their own.
#include <charconv>

#include "sql/types/array.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

class array_parser {
 public:
  array_parser(std::string_view text, oid element, std::int32_t modifier, const format_settings& settings, arena& mem)
      : text_(text), rest_(trim(text)), type_(get_type(element)), modifier_(modifier), settings_(settings), mem_(mem) {
    out_.element = element;
  }

  array_value parse() {
    std::vector<array_value::dimension> stated;
    while (rest_.starts_with('[')) stated.push_back(parse_bounds());
    if (!stated.empty()) {
      skip_spaces();
      if (!rest_.starts_with('=')) malformed("Missing \"=\" after array dimensions.");
      rest_.remove_prefix(1);
      skip_spaces();
    }
    if (!rest_.starts_with('{'))
      malformed(stated.empty() ? "Array value must start with \"{\" or dimension information."
                               : "Array contents must start with \"{\".");
    parse_level(0);
    skip_spaces();
    if (!rest_.empty()) malformed("Junk after closing right brace.");
    finish(stated);
    return std::move(out_);
  }

 private:
  [[noreturn]] void malformed(const char* why) const {
    throw sql_error(sqlstate::invalid_text_representation, "malformed array literal: \"" + std::string(text_) + "\"")
        .detail(why);
  }
  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }
  std::int32_t take_int() {
    skip_spaces();
    std::int32_t v = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), v);
    if (error != std::errc()) malformed("\"[\" must introduce explicitly-specified array dimensions.");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    skip_spaces();
    return v;
  }
  array_value::dimension parse_bounds() {
    rest_.remove_prefix(1);
    std::int32_t lower = 1, upper = take_int();
    if (rest_.starts_with(':')) {
      rest_.remove_prefix(1);
      lower = upper;
      upper = take_int();
    }
    if (!rest_.starts_with(']')) malformed("Missing \"]\" after array dimensions.");
    rest_.remove_prefix(1);
    if (upper < lower) throw sql_error("2202E", "upper bound cannot be less than lower bound");
    std::int32_t length = 0;
    if (__builtin_sub_overflow(upper, lower, &length) || length == INT32_MAX) malformed("Array bounds are too large.");
    return {length + 1, lower};
  }

  /// One pair of braces; returns its number of members.
  void parse_level(std::size_t depth) {
    if (depth >= 6) throw sql_error(sqlstate::program_limit_exceeded, "number of array dimensions (7) exceeds the maximum allowed (6)");
    rest_.remove_prefix(1);
    skip_spaces();
    std::int32_t members = 0;
    if (rest_.starts_with('}')) {
      rest_.remove_prefix(1);
      if (depth > 0) malformed("Unexpected \"}\" character.");
      return;
    }
    for (;;) {
      skip_spaces();
      if (rest_.starts_with('{')) {
        if (leaf_depth_ != 0 && leaf_depth_ <= depth + 1) malformed("Unexpected \"{\" character.");
        parse_level(depth + 1);
      } else {
        if (leaf_depth_ == 0) leaf_depth_ = depth + 1;
        if (leaf_depth_ != depth + 1) malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
        parse_element();
      }
      ++members;
      skip_spaces();
      if (rest_.empty()) malformed("Unexpected end of input.");
      const char c = rest_[0];
      if (c != ',' && c != '}') malformed("Unexpected array element.");
      rest_.remove_prefix(1);
      if (c == '}') break;
    }
    if (lengths_.size() <= depth) lengths_.resize(depth + 1, 0);
    if (lengths_[depth] != 0 && lengths_[depth] != members)
      malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
    lengths_[depth] = members;
  }

  void parse_element() {
    std::string value;
    bool quoted = false;
    std::size_t spaces = 0;  // unquoted ones at the end do not count
    while (!rest_.empty() && rest_[0] != ',' && rest_[0] != '}') {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '{') malformed("Unexpected \"{\" character.");
      if (c == '"') {
        quoted = true;
        take_quoted(value);
        spaces = 0;
      } else if (c == '\\') {
        if (rest_.empty()) malformed("Unexpected end of input.");
        value.push_back(rest_[0]);
        rest_.remove_prefix(1);
        spaces = 0;
      } else {
        value.push_back(c);
        spaces = is_space(c) ? spaces + 1 : 0;
      }
    }
    value.resize(value.size() - spaces);
    if (value.empty() && !quoted) malformed(rest_.starts_with('}') ? "Unexpected \"}\" character." : "Unexpected \",\" character.");
    if (!quoted && equal_ignoring_case(value, "null")) out_.elements.push_back(datum::null());
    else out_.elements.push_back(type_.parse_text(value, modifier_, settings_, mem_));
  }
  void take_quoted(std::string& value) {
    for (; !rest_.empty() && rest_[0] != '"'; rest_.remove_prefix(1)) {
      if (rest_[0] == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) break;
      value.push_back(rest_[0]);
    }
    if (rest_.empty()) malformed("Unexpected end of input.");
    rest_.remove_prefix(1);
  }

  void finish(const std::vector<array_value::dimension>& stated) {
    for (std::int32_t n : lengths_) out_.dimensions.push_back({n, 1});
    if (stated.empty()) return;
    if (stated.size() != out_.dimensions.size()) malformed("Specified array dimensions do not match array contents.");
    for (std::size_t i = 0; i < stated.size(); ++i)
      if (stated[i].length != out_.dimensions[i].length) malformed("Specified array dimensions do not match array contents.");
    out_.dimensions = stated;
  }

  std::string_view text_, rest_;
  const type_ops& type_;
  std::int32_t modifier_;
  const format_settings& settings_;
  arena& mem_;
  array_value out_;
  std::vector<std::int32_t> lengths_;
  std::size_t leaf_depth_ = 0;
};

bool needs_quotes(std::string_view text) {
  if (text.empty() || equal_ignoring_case(text, "null")) return true;
  for (char c : text)
    if (c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || is_space(c)) return true;
  return false;
}

void put_element(const type_ops& type, datum v, const format_settings& settings, std::string& out) {
  if (v.is_null()) return void(out += "NULL");
  std::string text;
  type.write_text(v, settings, text);
  if (!needs_quotes(text)) return void(out += text);
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

void put_level(const array_value& a, const type_ops& type, std::size_t depth, std::size_t& next,
               const format_settings& settings, std::string& out) {
  out.push_back('{');
  for (std::int32_t i = 0; i < a.dimensions[depth].length; ++i) {
    if (i > 0) out.push_back(',');
    if (depth + 1 < a.dimensions.size()) put_level(a, type, depth + 1, next, settings, out);
    else put_element(type, a.elements[next++], settings, out);
  }
  out.push_back('}');
}

template <oid Element>
datum parse_array(std::string_view text, std::int32_t modifier, const format_settings& settings, arena& mem) {
  return array_parser(text, Element, modifier, settings, mem).parse().to_datum(mem);
}

void write_array(datum v, const format_settings& settings, std::string& out) {
  const array_value a = array_value::from(v);
  if (a.dimensions.empty()) return void(out += "{}");
  bool shifted = false;
  for (const auto& d : a.dimensions) shifted = shifted || d.lower != 1;
  if (shifted) {
    for (const auto& d : a.dimensions)
      out.append("[").append(std::to_string(d.lower)).append(":").append(std::to_string(d.lower + d.length - 1)).append("]");
    out.push_back('=');
  }
  std::size_t next = 0;
  put_level(a, get_type(a.element), 0, next, settings, out);
}

void write_array_binary(datum v, std::string& out) {
  const array_value a = array_value::from(v);
  const type_ops& type = get_type(a.element);
  bool nulls = false;
  for (datum e : a.elements) nulls = nulls || e.is_null();
  put_be(out, static_cast<std::int32_t>(a.dimensions.size()));
  put_be(out, std::int32_t{nulls});
  put_be(out, a.element);
  for (const auto& d : a.dimensions) {
    put_be(out, d.length);
    put_be(out, d.lower);
  }
  for (datum e : a.elements) {
    const std::size_t at = out.size();
    put_be(out, std::int32_t{-1});
    if (e.is_null()) continue;
    type.write_binary(e, out);
    store_be(out.data() + at, static_cast<std::int32_t>(out.size() - at - 4));
  }
}

[[noreturn]] void short_binary() {
  throw sql_error(sqlstate::protocol_violation, "insufficient data left in message");
}

datum parse_array_binary_of(oid element, std::string_view bytes, std::int32_t modifier, arena& mem) {
  byte_reader in(bytes);
  const auto count = in.be<std::int32_t>(), flags = in.be<std::int32_t>();
  const auto stated = in.be<std::uint32_t>();
  if (!in.ok()) short_binary();
  if (count < 0 || count > 6)
    throw sql_error(sqlstate::invalid_binary_representation, "invalid number of dimensions: " + std::to_string(count));
  if (flags != 0 && flags != 1) throw sql_error(sqlstate::invalid_binary_representation, "invalid array flags");
  if (stated != element)
    throw sql_error(sqlstate::datatype_mismatch, "binary data has array element type " + std::to_string(stated) +
                                                     " instead of expected " + std::to_string(element));
  array_value out;
  out.element = element;
  std::uint64_t total = count == 0 ? 0 : 1;
  for (int i = 0; i < count; ++i) {
    array_value::dimension d;
    d.length = in.be<std::int32_t>();
    d.lower = in.be<std::int32_t>();
    if (!in.ok() || d.length < 0) short_binary();
    total *= static_cast<std::uint64_t>(d.length);
    if (total > bytes.size() / 4) short_binary();
    out.dimensions.push_back(d);
  }
  if (total == 0) out.dimensions.clear();
  const type_ops& type = get_type(element);
  for (; total > 0; --total) {
    const auto size = in.be<std::int32_t>();
    const auto value = size > 0 ? in.bytes(static_cast<std::size_t>(size)) : std::string_view();
    if (!in.ok() || size < -1) short_binary();
    out.elements.push_back(size < 0 ? datum::null() : type.parse_binary(value, modifier, mem));
  }
  if (!in.finished()) throw sql_error(sqlstate::invalid_binary_representation, "improper binary format in array");
  return out.to_datum(mem);
}
template <oid Element>
datum parse_array_binary(std::string_view bytes, std::int32_t modifier, arena& mem) {
  return parse_array_binary_of(Element, bytes, modifier, mem);
}

/// Elements first, then their number, dimensions and bounds. NULLs sort last and are equal.
std::strong_ordering compare_arrays(datum x, datum y) {
  const array_value a = array_value::from(x), b = array_value::from(y);
  const type_ops& type = get_type(a.element);
  for (std::size_t i = 0; i < a.elements.size() && i < b.elements.size(); ++i) {
    const datum l = a.elements[i], r = b.elements[i];
    if (l.is_null() || r.is_null()) {
      if (l.is_null() != r.is_null()) return l.is_null() ? std::strong_ordering::greater : std::strong_ordering::less;
      continue;
    }
    if (const auto order = type.compare(l, r); order != 0) return order;
  }
  if (a.elements.size() != b.elements.size()) return a.elements.size() <=> b.elements.size();
  if (a.dimensions.size() != b.dimensions.size()) return a.dimensions.size() <=> b.dimensions.size();
  for (std::size_t i = 0; i < a.dimensions.size(); ++i) {
    if (a.dimensions[i].length != b.dimensions[i].length) return a.dimensions[i].length <=> b.dimensions[i].length;
    if (a.dimensions[i].lower != b.dimensions[i].lower) return a.dimensions[i].lower <=> b.dimensions[i].lower;
  }
  return std::strong_ordering::equal;
}

/// Per element 01 and its key, or 02 for NULL; 00; then the shape.
void write_array_key(datum v, std::string& out) {
  const array_value a = array_value::from(v);
  const type_ops& type = get_type(a.element);
  for (datum e : a.elements) {
    out.push_back(e.is_null() ? '\2' : '\1');
    if (!e.is_null()) type.write_key(e, out);
  }
  out.push_back('\0');
  out.push_back(static_cast<char>(a.dimensions.size()));
  for (const auto& d : a.dimensions) {
    put_ordered(out, d.length);
    put_ordered(out, d.lower);
  }
}
std::uint64_t hash_array(datum v) {
  std::string key;
  write_array_key(v, key);
  return hash_bytes(key);
}

template <oid Element>
datum parse_vector(std::string_view text, std::int32_t, const format_settings& settings, arena& mem) {
  std::vector<datum> values;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    std::size_t size = 0;
    while (size < text.size() && !is_space(text[size])) ++size;
    values.push_back(get_type(Element).parse_text(text.substr(0, size), -1, settings, mem));
    text.remove_prefix(size);
  }
  array_value out = array_value::of(Element, std::move(values));
  for (auto& d : out.dimensions) d.lower = 0;
  return out.to_datum(mem);
}
void write_vector(datum v, const format_settings& settings, std::string& out) {
  const array_value a = array_value::from(v);
  for (std::size_t i = 0; i < a.elements.size(); ++i) {
    if (i > 0) out.push_back(' ');
    get_type(a.element).write_text(a.elements[i], settings, out);
  }
}

template <oid Element>
constexpr type_ops array_of(oid id, const char* name, const char* sql_name) {
  return {id, name, sql_name, -1, 'A', false, false, 0,
          parse_array<Element>, write_array, parse_array_binary<Element>, write_array_binary,
          compare_arrays, hash_array, write_array_key};
}
template <oid Element>
constexpr type_ops vector_of(oid id, const char* name, oid array) {
  return {id, name, name, -1, 'A', false, false, array,
          parse_vector<Element>, write_vector, parse_array_binary<Element>, write_array_binary,
          compare_arrays, hash_array, write_array_key};
}

constexpr type_ops array_types[] = {
    array_of<type_oid::boolean>(1000, "_bool", "boolean[]"),
    array_of<type_oid::bytea>(1001, "_bytea", "bytea[]"),
    array_of<type_oid::char_>(1002, "_char", "\"char\"[]"),
    array_of<type_oid::name>(1003, "_name", "name[]"),
    array_of<type_oid::int2>(1005, "_int2", "smallint[]"),
    array_of<type_oid::int4>(1007, "_int4", "integer[]"),
    array_of<type_oid::regproc>(1008, "_regproc", "regproc[]"),
    array_of<type_oid::text>(1009, "_text", "text[]"),
    array_of<type_oid::xid>(1011, "_xid", "xid[]"),
    array_of<type_oid::bpchar>(1014, "_bpchar", "character[]"),
    array_of<type_oid::varchar>(1015, "_varchar", "character varying[]"),
    array_of<type_oid::int8>(1016, "_int8", "bigint[]"),
    array_of<type_oid::float4>(1021, "_float4", "real[]"),
    array_of<type_oid::float8>(1022, "_float8", "double precision[]"),
    array_of<type_oid::oid>(1028, "_oid", "oid[]"),
    array_of<type_oid::aclitem>(1034, "_aclitem", "aclitem[]"),
    array_of<type_oid::timestamp>(1115, "_timestamp", "timestamp without time zone[]"),
    array_of<type_oid::date>(1182, "_date", "date[]"),
    array_of<type_oid::time>(1183, "_time", "time without time zone[]"),
    array_of<type_oid::timetz>(1270, "_timetz", "time with time zone[]"),
    array_of<type_oid::timestamptz>(1185, "_timestamptz", "timestamp with time zone[]"),
    array_of<type_oid::interval>(1187, "_interval", "interval[]"),
    array_of<type_oid::numeric>(1231, "_numeric", "numeric[]"),
    array_of<type_oid::regclass>(2210, "_regclass", "regclass[]"),
    array_of<type_oid::regtype>(2211, "_regtype", "regtype[]"),
    array_of<type_oid::uuid>(2951, "_uuid", "uuid[]"),
    array_of<type_oid::json>(199, "_json", "json[]"),
    array_of<type_oid::jsonb>(3807, "_jsonb", "jsonb[]"),
    array_of<type_oid::jsonpath>(4073, "_jsonpath", "jsonpath[]"),
    array_of<type_oid::pg_lsn>(3221, "_pg_lsn", "pg_lsn[]"),
    array_of<type_oid::int2vector>(1006, "_int2vector", "int2vector[]"),
    array_of<type_oid::cid>(1012, "_cid", "cid[]"),
    array_of<type_oid::oidvector>(1013, "_oidvector", "oidvector[]"),
    array_of<type_oid::inet>(1041, "_inet", "inet[]"),
    array_of<type_oid::cidr>(651, "_cidr", "cidr[]"),
    array_of<type_oid::macaddr>(1040, "_macaddr", "macaddr[]"),
    array_of<type_oid::macaddr8>(775, "_macaddr8", "macaddr8[]"),
    array_of<type_oid::bit>(1561, "_bit", "bit[]"),
    array_of<type_oid::varbit>(1563, "_varbit", "bit varying[]"),
    array_of<type_oid::cstring>(1263, "_cstring", "cstring[]"),
    array_of<type_oid::regprocedure>(2207, "_regprocedure", "regprocedure[]"),
    array_of<type_oid::record>(2287, "_record", "record[]"),
    array_of<type_oid::regnamespace>(4090, "_regnamespace", "regnamespace[]"),
    array_of<type_oid::regrole>(4097, "_regrole", "regrole[]"),
    vector_of<type_oid::int2>(type_oid::int2vector, "int2vector", 1006),
    vector_of<type_oid::oid>(type_oid::oidvector, "oidvector", 1013)};

class defined_array final : public defined_type {
 public:
  explicit defined_array(oid element) : element_(element) {}
  datum parse_text(std::string_view text, std::int32_t modifier, const format_settings& settings, arena& mem) const override {
    return array_parser(text, element_, modifier, settings, mem).parse().to_datum(mem);
  }
  void write_text(datum v, const format_settings& settings, std::string& out) const override { write_array(v, settings, out); }
  datum parse_binary(std::string_view bytes, std::int32_t modifier, arena& mem) const override {
    return parse_array_binary_of(element_, bytes, modifier, mem);
  }
  void write_binary(datum v, std::string& out) const override { write_array_binary(v, out); }
  std::strong_ordering compare(datum a, datum b) const override { return compare_arrays(a, b); }
  std::uint64_t hash(datum v) const override { return hash_array(v); }
  void write_key(datum v, std::string& out) const override { write_array_key(v, out); }

 private:
  oid element_;
};

}  // namespace

std::unique_ptr<defined_type> make_defined_array(oid element) { return std::make_unique<defined_array>(element); }

void add_array_types(type_list& list) {
  for (const auto& t : array_types) list.push_back(&t);
}

}  // namespace helios::sql
