// LIKE, ILIKE, SIMILAR TO and regular expressions as operators and functions.
#include <re2/re2.h>

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/functions/pattern.hpp"
#include "sql/functions/registry.hpp"
#include "sql/types/array.hpp"
#include "sql/types/support.hpp"
#include "sql/types/text.hpp"

namespace helios::sql {
namespace {

using args_t = std::span<const datum>;

re2::StringPiece piece(std::string_view s) { return {s.data(), s.size()}; }

template <bool Negated>
datum like_op(call_context&, args_t a) { return datum::of_bool(like(a[0].as_bytes(), a[1].as_bytes()) != Negated); }
template <bool Negated>
datum ilike_op(call_context&, args_t a) {
  return datum::of_bool(like_ignoring_case(a[0].as_bytes(), a[1].as_bytes()) != Negated);
}
template <bool Negated, bool IgnoreCase>
datum match_op(call_context&, args_t a) {
  const auto re = regular_expression(a[1].as_bytes(), IgnoreCase ? "i" : "");
  return datum::of_bool(re2::RE2::PartialMatch(piece(a[0].as_bytes()), *re) != Negated);
}

/// LIKE ... ESCAPE: the pattern with backslash as its escape character.
datum like_escape(call_context& c, args_t a) {
  const auto pattern = a[0].as_bytes(), escape = a[1].as_bytes();
  if (utf8_length(escape) > 1)
    throw sql_error("22019", "invalid escape string").hint("Escape string must be empty or one character.");
  if (escape == "\\") return a[0];
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); i += utf8_size(pattern[i])) {
    const auto character = pattern.substr(i, utf8_size(pattern[i]));
    if (!escape.empty() && character == escape) {
      out.push_back('\\');
      i += character.size();
      if (i >= pattern.size()) break;
      out.append(pattern.substr(i, utf8_size(pattern[i])));
    } else if (character == "\\") {
      out.append("\\\\");
    } else {
      out.append(character);
    }
  }
  return text_result(c, out);
}

/// SIMILAR TO's pattern as a regular expression.
datum similar_escape(call_context& c, args_t a) {
  if (a[0].is_null()) return datum::null();
  const auto pattern = a[0].as_bytes();
  const std::string_view escape = a.size() > 1 && !a[1].is_null() ? a[1].as_bytes() : std::string_view("\\");
  std::string out = "^(?:";
  bool in_set = false;
  for (std::size_t i = 0; i < pattern.size(); i += utf8_size(pattern[i])) {
    const auto ch = pattern.substr(i, utf8_size(pattern[i]));
    if (!escape.empty() && ch == escape && i + ch.size() < pattern.size()) {
      i += ch.size();
      out.append(re2::RE2::QuoteMeta(piece(pattern.substr(i, utf8_size(pattern[i])))));
    } else if (in_set) {
      out.append(ch == "\\" ? "\\\\" : ch);
      in_set = ch != "]";
    } else if (ch == "[") {
      out.append(ch);
      in_set = true;
    } else if (ch == "%") {
      out.append(".*");
    } else if (ch == "_") {
      out.append(".");
    } else if (ch == "(") {
      out.append("(?:");
    } else if (ch == "\\" || ch == "." || ch == "^" || ch == "$") {
      out.append("\\").append(ch);
    } else {
      out.append(ch);
    }
  }
  return text_result(c, out.append(")$"));
}

std::vector<re2::StringPiece> match_at(const re2::RE2& re, std::string_view text, std::size_t from) {
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
  if (!re.Match(piece(text), from, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) groups.clear();
  return groups;
}
std::string_view view(const re2::StringPiece& p) { return {p.data(), p.size()}; }
std::size_t end_of(std::string_view text, const re2::StringPiece& p) { return static_cast<std::size_t>(p.data() - text.data()) + p.size(); }

/// substring(text from pattern): the first parenthesised part, or the whole match.
datum regex_substring(call_context& c, args_t a) {
  const auto re = regular_expression(a[1].as_bytes(), "");
  const auto groups = match_at(*re, a[0].as_bytes(), 0);
  if (groups.empty()) return datum::null();
  const auto& chosen = groups.size() > 1 ? groups[1] : groups[0];
  return chosen.data() ? text_result(c, view(chosen)) : datum::null();
}

void append_replacement(std::string& out, std::string_view with, const std::vector<re2::StringPiece>& groups) {
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (with[i] != '\\' || i + 1 == with.size()) {
      out.push_back(with[i]);
      continue;
    }
    const char next = with[++i];
    if (next == '&') out.append(view(groups[0]));
    else if (is_digit(next) && next != '0') {
      const auto n = static_cast<std::size_t>(next - '0');
      if (n < groups.size()) out.append(view(groups[n]));
    } else if (next == '\\') out.push_back('\\');
    else out.append("\\").push_back(next);
  }
}

datum regex_replace(call_context& c, args_t a) {
  const auto text = a[0].as_bytes(), with = a[2].as_bytes();
  const auto flags = a.size() > 3 ? a[3].as_bytes() : std::string_view();
  const auto re = regular_expression(a[1].as_bytes(), flags);
  std::string out;
  std::size_t copied = 0, from = 0;
  while (from <= text.size()) {
    const auto groups = match_at(*re, text, from);
    if (groups.empty()) break;
    const std::size_t begin = end_of(text, groups[0]) - groups[0].size();
    out.append(text.substr(copied, begin - copied));
    append_replacement(out, with, groups);
    copied = end_of(text, groups[0]);
    from = groups[0].empty() ? copied + (copied < text.size() ? utf8_size(text[copied]) : 1) : copied;
    if (!has_flag(flags, 'g')) break;
  }
  return text_result(c, out.append(text.substr(std::min(copied, text.size()))));
}

datum groups_array(call_context& c, const std::vector<re2::StringPiece>& groups) {
  std::vector<datum> values;
  for (std::size_t i = groups.size() > 1 ? 1 : 0; i < groups.size(); ++i)
    values.push_back(groups[i].data() ? text_result(c, view(groups[i])) : datum::null());
  return array_value::of(type_oid::text, std::move(values)).to_datum(*c.mem);
}
datum regex_match(call_context& c, args_t a) {
  const auto flags = a.size() > 2 ? a[2].as_bytes() : std::string_view();
  if (has_flag(flags, 'g'))
    throw sql_error(sqlstate::invalid_parameter_value, "regexp_match() does not support the \"global\" option")
        .hint("Use the regexp_matches function instead.");
  const auto re = regular_expression(a[1].as_bytes(), flags);
  const auto groups = match_at(*re, a[0].as_bytes(), 0);
  return groups.empty() ? datum::null() : groups_array(c, groups);
}
void regex_matches(call_context& c, args_t a, std::vector<datum>& rows) {
  const auto text = a[0].as_bytes();
  const auto flags = a.size() > 2 ? a[2].as_bytes() : std::string_view();
  const auto re = regular_expression(a[1].as_bytes(), flags);
  for (std::size_t from = 0; from <= text.size();) {
    const auto groups = match_at(*re, text, from);
    if (groups.empty()) break;
    rows.push_back(groups_array(c, groups));
    const std::size_t end = end_of(text, groups[0]);
    from = groups[0].empty() ? end + 1 : end;
    if (!has_flag(flags, 'g')) break;
  }
}

std::vector<std::string_view> split_by(std::string_view text, const re2::RE2& re) {
  std::vector<std::string_view> out;
  std::size_t begin = 0, from = 0;
  while (from <= text.size()) {
    const auto groups = match_at(re, text, from);
    if (groups.empty()) break;
    const std::size_t end = end_of(text, groups[0]), start = end - groups[0].size();
    if (groups[0].empty() && (start == begin || start == text.size())) {  // no empty piece for an empty match
      if (start >= text.size()) break;
      from = start + utf8_size(text[start]);
      if (start != begin) out.push_back(text.substr(begin, start - begin)), begin = start;
      continue;
    }
    out.push_back(text.substr(begin, start - begin));
    begin = end;
    from = groups[0].empty() ? end + utf8_size(text[end]) : end;
  }
  out.push_back(text.substr(begin));
  return out;
}
datum regex_split_array(call_context& c, args_t a) {
  const auto re = regular_expression(a[1].as_bytes(), a.size() > 2 ? a[2].as_bytes() : std::string_view());
  std::vector<datum> values;
  for (auto s : split_by(a[0].as_bytes(), *re)) values.push_back(datum::of_bytes(s));
  return array_value::of(type_oid::text, std::move(values)).to_datum(*c.mem);
}
void regex_split_rows(call_context&, args_t a, std::vector<datum>& rows) {
  const auto re = regular_expression(a[1].as_bytes(), a.size() > 2 ? a[2].as_bytes() : std::string_view());
  for (auto s : split_by(a[0].as_bytes(), *re)) rows.push_back(datum::of_bytes(s));
}
datum regex_count(call_context&, args_t a) {
  const auto text = a[0].as_bytes();
  const auto re = regular_expression(a[1].as_bytes(), "");
  std::int64_t n = 0;
  for (std::size_t from = 0; from <= text.size(); ++n) {
    const auto groups = match_at(*re, text, from);
    if (groups.empty()) break;
    const std::size_t end = end_of(text, groups[0]);
    from = groups[0].empty() ? end + 1 : end;
  }
  return datum::of_int(n);
}
datum regex_like(call_context&, args_t a) {
  const auto re = regular_expression(a[1].as_bytes(), a.size() > 2 ? a[2].as_bytes() : std::string_view());
  return datum::of_bool(re2::RE2::PartialMatch(piece(a[0].as_bytes()), *re));
}

}  // namespace

void add_text_search_functions(registry& r) {
  using namespace sig;
  for (oid t : {txt, nm, bp}) {
    r.op("~~", {t, txt}, b, like_op<false>);
    r.op("!~~", {t, txt}, b, like_op<true>);
    r.op("~~*", {t, txt}, b, ilike_op<false>);
    r.op("!~~*", {t, txt}, b, ilike_op<true>);
    r.op("~", {t, txt}, b, match_op<false, false>);
    r.op("!~", {t, txt}, b, match_op<true, false>);
    r.op("~*", {t, txt}, b, match_op<false, true>);
    r.op("!~*", {t, txt}, b, match_op<true, true>);
  }
  r.op("~~", {by, by}, b, like_op<false>);
  r.op("!~~", {by, by}, b, like_op<true>);
  r.add("like", {txt, txt}, b, like_op<false>);
  r.add("notlike", {txt, txt}, b, like_op<true>);
  r.add("like_escape", {txt, txt}, txt, like_escape);
  r.add("similar_to_escape", {txt}, txt, similar_escape, takes_null);
  r.add("similar_to_escape", {txt, txt}, txt, similar_escape, takes_null);
  r.add("similar_escape", {txt, txt}, txt, similar_escape, takes_null);
  r.add("substring", {txt, txt}, txt, regex_substring);
  r.add("regexp_replace", {txt, txt, txt}, txt, regex_replace);
  r.add("regexp_replace", {txt, txt, txt, txt}, txt, regex_replace);
  r.add("regexp_match", {txt, txt}, ta, regex_match);
  r.add("regexp_match", {txt, txt, txt}, ta, regex_match);
  r.add_set("regexp_matches", {txt, txt}, ta, regex_matches);
  r.add_set("regexp_matches", {txt, txt, txt}, ta, regex_matches);
  r.add("regexp_split_to_array", {txt, txt}, ta, regex_split_array);
  r.add("regexp_split_to_array", {txt, txt, txt}, ta, regex_split_array);
  r.add_set("regexp_split_to_table", {txt, txt}, txt, regex_split_rows);
  r.add_set("regexp_split_to_table", {txt, txt, txt}, txt, regex_split_rows);
  r.add("regexp_count", {txt, txt}, i4, regex_count);
  r.add("regexp_like", {txt, txt}, b, regex_like);
  r.add("regexp_like", {txt, txt, txt}, b, regex_like);
}

}  // namespace helios::sql
