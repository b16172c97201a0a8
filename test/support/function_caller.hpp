#pragma once
// Evaluates single calls of built-in functions, operators and casts without a session, from a line of tab-separated
// fields; answers with the result's text, \N for NULL, or "ERR <SQLSTATE> <message>". In a field, \n is a line end and
// \\ a backslash.
//
//   set        name value                 DateStyle, IntervalStyle, TimeZone, extra_float_digits, bytea_output
//   call       function (type value)*     a value is text in the type's input form; \N is NULL
//   op         name (type value){1,2}
//   cast       type value to [modifier]   explicit
//   binary     type value                 hex of the binary form, then its text after reading it back
//   aggregate  function type value*

#include <string>
#include <string_view>
#include <vector>

#include "base/sql_error.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"

namespace helios::testing {

using namespace sql;
inline std::vector<std::string> split_request(const std::string& line) {
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') out.emplace_back();
    else if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n') out.back() += '\n', ++i;
    else if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '\\') out.back() += '\\', ++i;
    else out.back() += line[i];
  }
  return out;
}

class function_caller {
 public:
  std::string run(std::string_view line) { return run(split_request(std::string(line))); }
  std::string run(const std::vector<std::string>& fields) {
    memory_.reset();
    try {
      return answer(fields);
    } catch (const sql_error& e) {
      return "ERR " + e.report().sqlstate + " " + e.report().message;
    }
  }

 private:
  struct value {
    oid type = 0;
    datum data;
  };

  std::string answer(const std::vector<std::string>& f) {
    const std::string& what = f.at(0);
    if (what == "set") return set(f.at(1), f.at(2));
    if (what == "call") return call(resolve_function(f.at(1), types(f, 2), false, 0), f, 2);
    if (what == "op") return op(f);
    if (what == "cast") return cast(f);
    if (what == "binary") return binary(f);
    if (what == "aggregate") return aggregate(f);
    throw sql_error("XX000", "unknown request");
  }

  std::string set(const std::string& name, const std::string& v) {
    if (name == "DateStyle") settings_.date_style = v;
    if (name == "IntervalStyle") settings_.interval_style = v;
    if (name == "TimeZone") settings_.time_zone = v;
    if (name == "extra_float_digits") settings_.extra_float_digits = std::stoi(v);
    if (name == "bytea_output") settings_.bytea_hex = v == "hex";
    return "ok";
  }

  static const type_ops& type_named(const std::string& name) {
    if (const type_ops* t = find_type(name)) return *t;
    if (name.ends_with("[]")) return get_type(type_named(name.substr(0, name.size() - 2)).array_type);
    throw sql_error("42704", "type \"" + name + "\" does not exist");
  }
  std::vector<oid> types(const std::vector<std::string>& f, std::size_t from) {
    std::vector<oid> out;
    for (std::size_t i = from; i + 1 < f.size(); i += 2) out.push_back(type_named(f[i]).id);
    return out;
  }
  value read(const std::string& type, const std::string& text) {
    const type_ops& ops = type_named(type);
    if (text == "\\N") return {ops.id, {}};
    return {ops.id, ops.parse_text(memory_.copy(text), -1, settings_, memory_)};
  }
  datum coerce(const value& v, oid to) {
    const type_ops& target = get_type(to);
    if (v.data.is_null() || v.type == to || target.category == 'P') return v.data;
    if (v.type == type_oid::unknown) return target.parse_text(v.data.as_bytes(), -1, settings_, memory_);
    const cast_def* cast = find_cast(v.type, to, cast_context::implicit);
    if (!cast || !cast->call) return v.data;
    call_context c = context({});
    return cast->call(c, v.data, -1, false);
  }
  call_context context(std::span<const oid> argument_types) {
    call_context c;
    c.mem = &memory_;
    c.format = &settings_;
    c.argument_types = argument_types;
    return c;
  }
  std::string show(datum v, oid type) {
    if (v.is_null()) return "\\N";
    std::string out;
    get_type(type).write_text(v, settings_, out);
    return out;
  }
  oid shown_type(const resolved_function& f) { return f.result_type; }

  std::string call(const resolved_function& f, const std::vector<std::string>& fields, std::size_t from) {
    std::vector<datum> arguments;
    for (std::size_t i = from; i + 1 < fields.size(); i += 2)
      arguments.push_back(coerce(read(fields[i], fields[i + 1]), f.argument_types.at((i - from) / 2)));
    if (!f.function) return "ERR XX000 an aggregate";
    if (f.function->strict)
      for (datum d : arguments)
        if (d.is_null()) return "\\N";
    call_context c = context(f.argument_types);
    if (!f.function->returns_set) return show(f.function->call(c, arguments), shown_type(f));
    std::vector<datum> rows;
    f.function->call_set(c, arguments, rows);
    std::string out;
    for (datum row : rows) out += (out.empty() ? "" : "|") + show(row, shown_type(f));
    return out;
  }
  std::string op(const std::vector<std::string>& f) {
    const auto actual = types(f, 2);
    return call(resolve_operator(f.at(1), actual.size() == 1 ? 0 : actual.at(0), actual.back(), 0), f, 2);
  }
  std::string cast(const std::vector<std::string>& f) {
    const value v = read(f.at(1), f.at(2));
    const oid to = type_named(f.at(3)).id;
    const std::int32_t modifier = f.size() > 4 ? std::stoi(f[4]) : -1;
    const cast_def* cast = v.type == to && modifier < 0 ? nullptr : find_cast(v.type, to, cast_context::explicit_);
    if (!cast && v.type != to)
      throw sql_error("42846", "cannot cast type " + format_type({v.type, -1}) + " to " + format_type({to, -1}));
    call_context c = context({});
    datum out = v.data;
    if (cast && cast->call) out = cast->call(c, out, modifier, true);
    // A cast to another type leaves the length to the type's own coercion, as the binder does.
    if (modifier >= 0 && v.type != to)
      if (const cast_def* fit = find_cast(to, to, cast_context::explicit_); fit && fit->call) out = fit->call(c, out, modifier, true);
    return show(out, to);
  }
  std::string binary(const std::vector<std::string>& f) {
    const value v = read(f.at(1), f.at(2));
    const type_ops& ops = get_type(v.type);
    std::string bytes, hex;
    ops.write_binary(v.data, bytes);
    for (char b : bytes) {
      static constexpr char digits[] = "0123456789abcdef";
      hex += digits[static_cast<unsigned char>(b) >> 4];
      hex += digits[static_cast<unsigned char>(b) & 15];
    }
    return hex + " " + show(ops.parse_binary(bytes, -1, memory_), v.type);
  }
  std::string aggregate(const std::vector<std::string>& f) {
    const oid type = type_named(f.at(2)).id;
    const resolved_function r = resolve_function(f.at(1), std::vector<oid>{type}, false, 0);
    const auto state = r.aggregate->start();
    call_context c = context(r.argument_types);
    for (std::size_t i = 3; i < f.size(); ++i) {
      const datum v = coerce(read(f[2], f[i]), r.argument_types.at(0));
      if (!v.is_null() || !r.aggregate->strict) state->add(c, std::span<const datum>(&v, 1));
    }
    return show(state->finish(c), r.result_type);
  }

  arena memory_;
  format_settings settings_;
};

}  // namespace helios::testing
