// Functions that take values of any type as text: concat, format, quote_*, pg_typeof, and text || anything.
#include <optional>

#include "base/sql_error.hpp"
#include "sql/functions/identifier.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

datum quote_ident(call_context& c, args_t a) { return text_result(c, quote_identifier(a[0].as_bytes())); }
datum quote_text(call_context& c, args_t a) { return text_result(c, quote_literal(a[0].as_bytes())); }
datum quote_any(call_context& c, args_t a) {
  std::string text;
  append_argument(c, a, 0, text);
  return text_result(c, quote_literal(text));
}
datum quote_nullable(call_context& c, args_t a) { return a[0].is_null() ? text_result(c, "NULL") : quote_any(c, a); }

datum concat(call_context& c, args_t a) {
  std::string out;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!a[i].is_null()) append_argument(c, a, i, out);
  return text_result(c, out);
}
datum concat_ws(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  std::string out;
  bool first = true;
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (a[i].is_null()) continue;
    if (!first) out.append(a[0].as_bytes());
    first = false;
    append_argument(c, a, i, out);
  }
  return text_result(c, out);
}
/// Each side as its cast to text gives it: unlike its output, a boolean's is the whole word.
datum concat_operator(call_context& c, args_t a) {
  std::string out;
  for (std::size_t i = 0; i < 2; ++i) {
    if (argument_type(c, i) == type_oid::boolean) out += a[i].as_bool() ? "true" : "false";
    else append_argument(c, a, i, out);
  }
  return text_result(c, out);
}

datum type_of(call_context& c, args_t) { return datum::of_int(argument_type(c, 0)); }

/// format('%1$-10s and %I', ...): %s, %I, %L, with positions, widths and '-'.
class formatter {
 public:
  formatter(call_context& c, args_t args) : c_(c), args_(args), rest_(args[0].as_bytes()) {}

  std::string run() {
    while (!rest_.empty()) {
      const char ch = take();
      if (ch != '%') out_.push_back(ch);
      else specifier();
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] static void fail(std::string message) { throw sql_error(sqlstate::invalid_parameter_value, std::move(message)); }
  char take() {
    if (rest_.empty()) throw sql_error(sqlstate::invalid_parameter_value, "unterminated format() type specifier").hint("For a single \"%\" use \"%%\".");
    const char ch = rest_[0];
    rest_.remove_prefix(1);
    return ch;
  }
  std::optional<int> number() {
    std::optional<int> n;
    while (!rest_.empty() && is_digit(rest_[0])) {
      if (n.value_or(0) > 100000000) fail("number is out of range");
      n = n.value_or(0) * 10 + (take() - '0');
    }
    return n;
  }
  std::size_t argument(std::optional<int> position) {
    if (position && *position == 0) fail("format specifies argument 0, but arguments are numbered from 1");
    const std::size_t i = position ? static_cast<std::size_t>(*position) : next_;
    next_ = i + 1;
    if (i >= args_.size()) fail("too few arguments for format()");
    return i;
  }

  void specifier() {
    if (!rest_.empty() && rest_[0] == '%') return void(out_.push_back(take()));
    std::optional<int> position, width = number();
    if (width && rest_.starts_with('$')) {
      take();
      position = width;
      width.reset();
    }
    bool left = false;
    for (; rest_.starts_with('-'); take()) left = true;
    if (!width) width = number();
    if (rest_.starts_with('*')) {
      take();
      const auto at = number();
      if (at) take();
      const std::size_t i = argument(at);
      width = args_[i].is_null() ? 0 : static_cast<int>(args_[i].as_int());
      if (*width < 0) left = true, width = -*width;
    }
    convert(take(), position, width.value_or(0), left);
  }

  void convert(char kind, std::optional<int> position, int width, bool left) {
    if (kind != 's' && kind != 'I' && kind != 'L')
      throw sql_error(sqlstate::invalid_parameter_value, std::string("unrecognized format() type specifier \"") + kind + "\"")
          .hint("For a single \"%\" use \"%%\".");
    const std::size_t i = argument(position);
    std::string text;
    if (!args_[i].is_null()) append_argument(c_, args_, i, text);
    else if (kind == 'I') throw sql_error("22004", "null values cannot be formatted as an SQL identifier");
    if (kind == 'I') text = quote_identifier(text);
    if (kind == 'L') text = args_[i].is_null() ? "NULL" : quote_literal(text);
    const std::size_t size = utf8_length(text), wanted = static_cast<std::size_t>(width);
    const std::string padding(size < wanted ? wanted - size : 0, ' ');
    out_ += left ? text + padding : padding + text;
  }

  call_context& c_;
  args_t args_;
  std::string_view rest_;
  std::size_t next_ = 1;
  std::string out_;
};

datum format(call_context& c, args_t a) { return a[0].is_null() ? datum::null() : text_result(c, formatter(c, a).run()); }

datum column_size(call_context& c, args_t a) {
  std::string bytes;
  pack(get_type(argument_type(c, 0)), a[0], bytes);
  return datum::of_int(static_cast<std::int64_t>(bytes.size()));
}
datum count_nulls(call_context&, args_t a) {
  std::int64_t n = 0;
  for (datum v : a) n += v.is_null();
  return datum::of_int(n);
}
datum count_non_nulls(call_context& c, args_t a) {
  return datum::of_int(static_cast<std::int64_t>(a.size()) - count_nulls(c, a).as_int());
}

}  // namespace

void add_format_functions(registry& r) {
  using namespace sig;
  r.add("quote_ident", {txt}, txt, quote_ident);
  r.add("quote_literal", {txt}, txt, quote_text);
  r.add("quote_literal", {elem}, txt, quote_any, typed | stable);
  r.add("quote_nullable", {elem}, txt, quote_nullable, typed | takes_null | stable);
  r.add("concat", {any}, txt, concat, variadic | typed | takes_null | stable);
  r.add("concat_ws", {txt, any}, txt, concat_ws, variadic | typed | takes_null | stable);
  r.add("format", {txt}, txt, format, typed | takes_null | stable);
  r.add("format", {txt, any}, txt, format, variadic | typed | takes_null | stable);
  r.op("||", {txt, type_oid::anynonarray}, txt, concat_operator, typed | stable);
  r.op("||", {type_oid::anynonarray, txt}, txt, concat_operator, typed | stable);
  r.add("pg_typeof", {any}, rt, type_of, typed | takes_null | stable);
  r.add("pg_column_size", {any}, i4, column_size, typed | stable);
  r.add("num_nulls", {any}, i4, count_nulls, variadic | takes_null);
  r.add("num_nonnulls", {any}, i4, count_non_nulls, variadic | takes_null);
}

}  // namespace helios::sql
