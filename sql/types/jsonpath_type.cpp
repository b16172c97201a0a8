// jsonpath as PostgreSQL prints it, and its entry in the type table.
#include "sql/types/json_syntax.hpp"
#include "sql/types/jsonpath.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {

const char* path_operator(path_kind what) {
  switch (what) {
    case path_kind::and_: return "&&";
    case path_kind::or_: return "||";
    case path_kind::equal: return "==";
    case path_kind::not_equal: return "!=";
    case path_kind::less: return "<";
    case path_kind::greater: return ">";
    case path_kind::less_equal: return "<=";
    case path_kind::greater_equal: return ">=";
    case path_kind::starts_with: return "starts with";
    case path_kind::add: case path_kind::plus: return "+";
    case path_kind::subtract: case path_kind::minus: return "-";
    case path_kind::multiply: return "*";
    case path_kind::divide: return "/";
    case path_kind::modulo: return "%";
    default: return "";
  }
}

namespace {

int priority(path_kind what) {
  switch (what) {
    case path_kind::or_: return 0;
    case path_kind::and_: return 1;
    case path_kind::equal: case path_kind::not_equal: case path_kind::less: case path_kind::greater:
    case path_kind::less_equal: case path_kind::greater_equal: case path_kind::starts_with: return 2;
    case path_kind::add: case path_kind::subtract: return 3;
    case path_kind::multiply: case path_kind::divide: case path_kind::modulo: return 4;
    case path_kind::plus: case path_kind::minus: return 5;
    default: return 6;
  }
}

class path_writer {
 public:
  explicit path_writer(std::string& out) : out_(out) {}

  void write(const path_node& n, bool in_key, bool brackets) {
    one(n, in_key, brackets);
    if (n.next) write(*n.next, true, true);
  }

 private:
  void operand(const path_node& n, const path_node& of) { write(n, false, priority(n.what) <= priority(of.what)); }
  void inside(const char* before, const path_node& n, const char* after) {
    out_ += before;
    write(n, false, false);
    out_ += after;
  }
  void binary(const path_node& n, bool brackets) {
    if (brackets) out_ += '(';
    operand(*n.arguments[0], n);
    out_.append(" ").append(path_operator(n.what)).append(" ");
    operand(*n.arguments[1], n);
    if (brackets) out_ += ')';
  }
  void unary(const path_node& n, bool brackets) {
    if (brackets) out_ += '(';
    out_ += path_operator(n.what);
    operand(*n.arguments[0], n);
    if (brackets) out_ += ')';
  }
  void regex(const path_node& n, bool brackets) {
    if (brackets) out_ += '(';
    operand(*n.arguments[0], n);
    out_ += " like_regex ";
    write_json_string(n.text, out_);
    if (!n.flags.empty()) out_.append(" flag \"").append(n.flags).append("\"");
    if (brackets) out_ += ')';
  }
  void subscripts(const path_node& n) {
    out_ += '[';
    for (std::size_t i = 0; i < n.arguments.size(); i += 2) {
      if (i > 0) out_ += ',';
      write(*n.arguments[i], false, false);
      if (n.arguments[i + 1]) inside(" to ", *n.arguments[i + 1], "");
    }
    out_ += ']';
  }
  void levels(const path_node& n, bool in_key) {
    const auto level = [](std::uint32_t v) { return v == path_level_last ? std::string("last") : std::to_string(v); };
    if (in_key) out_ += '.';
    out_ += "**";
    if (n.first == 0 && n.until == path_level_last) return;
    out_ += "{" + level(n.first) + (n.first == n.until ? "" : " to " + level(n.until)) + "}";
  }
  void number(const path_node& n) {
    const std::string digits = decimal::from(n.number).to_text();
    out_ += n.next ? "(" + digits + ")" : digits;
  }

  void one(const path_node& n, bool in_key, bool brackets) {
    switch (n.what) {
      case path_kind::null: out_ += "null"; return;
      case path_kind::string: return write_json_string(n.text, out_);
      case path_kind::number: return number(n);
      case path_kind::boolean: out_ += n.truth ? "true" : "false"; return;
      case path_kind::variable: out_ += '$'; return write_json_string(n.text, out_);
      case path_kind::key:
        if (in_key) out_ += '.';
        return write_json_string(n.text, out_);
      case path_kind::not_: return inside("!(", *n.arguments[0], ")");
      case path_kind::is_unknown: return inside("(", *n.arguments[0], ") is unknown");
      case path_kind::exists: return inside("exists (", *n.arguments[0], ")");
      case path_kind::filter: return inside("?(", *n.arguments[0], ")");
      case path_kind::like_regex: return regex(n, brackets);
      case path_kind::plus: case path_kind::minus: return unary(n, brackets);
      case path_kind::root: out_ += '$'; return;
      case path_kind::current: out_ += '@'; return;
      case path_kind::last: out_ += "last"; return;
      case path_kind::any_key: out_ += in_key ? ".*" : "*"; return;
      case path_kind::any_array: out_ += "[*]"; return;
      case path_kind::index_array: return subscripts(n);
      case path_kind::any: return levels(n, in_key);
      case path_kind::type: out_ += ".type()"; return;
      case path_kind::size: out_ += ".size()"; return;
      case path_kind::abs: out_ += ".abs()"; return;
      case path_kind::floor: out_ += ".floor()"; return;
      case path_kind::ceiling: out_ += ".ceiling()"; return;
      case path_kind::double_: out_ += ".double()"; return;
      case path_kind::keyvalue: out_ += ".keyvalue()"; return;
      case path_kind::datetime:
        out_ += ".datetime(";
        if (n.has_template) write_json_string(n.text, out_);
        out_ += ')';
        return;
      default: return binary(n, brackets);
    }
  }

  std::string& out_;
};

datum parse_path(std::string_view text, std::int32_t, const format_settings&, arena& mem) {
  check_utf8(text);
  return datum::of_bytes(mem.copy(jsonpath_text(parse_jsonpath(text))));
}
datum parse_path_binary(std::string_view bytes, std::int32_t, arena& mem) {
  if (bytes.empty()) throw sql_error(sqlstate::protocol_violation, "no data left in message");
  if (bytes[0] != 1)
    throw sql_error(sqlstate::internal_error, "unsupported jsonpath version number: " + std::to_string(static_cast<unsigned char>(bytes[0])));
  check_utf8(bytes.substr(1));
  return datum::of_bytes(mem.copy(jsonpath_text(parse_jsonpath(bytes.substr(1)))));
}
void write_path(datum v, const format_settings&, std::string& out) { out += v.as_bytes(); }
void write_path_binary(datum v, std::string& out) { out.append(1, '\1').append(v.as_bytes()); }
std::strong_ordering compare_path(datum a, datum b) { return compare_bytes(a.as_bytes(), b.as_bytes()); }
std::uint64_t hash_path(datum v) { return hash_bytes(v.as_bytes()); }
void write_path_key(datum v, std::string& out) { put_ordered_bytes(out, v.as_bytes()); }

constexpr type_ops jsonpath_ops{type_oid::jsonpath, "jsonpath", "jsonpath", -1, 'U', false, false, type_oid::jsonpath_array,
                                parse_path, write_path, parse_path_binary, write_path_binary, compare_path, hash_path, write_path_key};

}  // namespace

std::string jsonpath_text(const json_path& path) {
  std::string out = path.lax ? "" : "strict ";
  path_writer(out).write(*path.root, false, true);
  return out;
}

void add_jsonpath_type(type_list& list) { list.push_back(&jsonpath_ops); }

}  // namespace helios::sql
