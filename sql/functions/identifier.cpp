#include "sql/functions/identifier.hpp"

#include <algorithm>
#include <iterator>

#include "base/sql_error.hpp"
#include "sql/types/support.hpp"

namespace helios::sql {
namespace {

/// Keywords that cannot stand alone as a name; in order.
constexpr std::string_view reserved[] = {
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between", "bigint",
    "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce", "collate", "collation",
    "column", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable",
    "desc", "distinct", "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
    "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in", "initially", "inner",
    "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull", "join", "lateral", "leading", "least",
    "left", "like", "limit", "localtime", "localtimestamp", "national", "natural", "nchar", "none", "normalize", "not",
    "notnull", "null", "nullif", "numeric", "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay",
    "placing", "position", "precision", "primary", "real", "references", "returning", "right", "row", "select",
    "session_user", "setof", "similar", "smallint", "some", "substring", "symmetric", "table", "tablesample", "then",
    "time", "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values",
    "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement",
    "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable"};

bool plain_start(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

[[noreturn]] void invalid_name() { throw sql_error("42602", "invalid name syntax"); }

}  // namespace

std::string quote_identifier(std::string_view name) {
  const bool safe = !name.empty() && plain_start(name[0]) &&
                    std::all_of(name.begin(), name.end(), [](char c) { return plain_start(c) || is_digit(c); }) &&
                    !std::binary_search(std::begin(reserved), std::end(reserved), name);
  if (safe) return std::string(name);
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}

std::string quote_literal(std::string_view text) {
  std::string out = text.find('\\') == std::string_view::npos ? "'" : "E'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  return out + "'";
}

std::vector<std::string> split_qualified_name(std::string_view text) {
  std::vector<std::string> parts;
  text = trim(text);
  for (;;) {
    std::string part;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      for (;;) {
        const auto quote = text.find('"');
        if (quote == std::string_view::npos) invalid_name();
        part.append(text.substr(0, quote));
        text.remove_prefix(quote + 1);
        if (!text.starts_with('"')) break;
        part.push_back('"');
        text.remove_prefix(1);
      }
    } else {
      std::size_t size = 0;
      while (size < text.size() && text[size] != '.' && !is_space(text[size])) ++size;
      part = lower_ascii(text.substr(0, size));
      text.remove_prefix(size);
    }
    if (part.empty()) invalid_name();
    parts.push_back(std::move(part));
    text = trim(text);
    if (text.empty()) return parts;
    if (text[0] != '.') invalid_name();
    text = trim(text.substr(1));
  }
}

}  // namespace helios::sql
