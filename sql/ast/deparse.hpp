#pragma once
// Text of parsed expressions, for definitions that keep them.

#include <functional>
#include <string>
#include <vector>

#include "sql/ast/select.hpp"

namespace helios::sql::ast {

/// Throws 0A000 for what has no place in a definition (subqueries, parameters).
/// With `rename`, a column of one name is written with another.
struct column_rename {
  std::string from, to;
};
std::string to_sql(const expr& e, const column_rename* rename = nullptr);

/// How the names of a query are written. Null functions: as they stand.
struct query_style {
  std::function<const std::string*(const expr&)> column;                     ///< a reference; null: as it stands
  std::function<const std::vector<std::string>*(const expr&)> star;          ///< what * stands for
  std::function<std::string(const relation_name&)> relation;                 ///< empty: as it stands
  std::function<const std::string*(const expr&)> literal_type;               ///< of an unknown literal
  std::function<const std::vector<std::string>*(const select&)> outputs;     ///< names of the result's columns
  bool all_names = false;  ///< every relation and result column gets its name, also where it would have it anyway
  bool pretty = false;     ///< without parentheses that mean nothing
};
/// In PostgreSQL's lay-out of pg_get_viewdef, without the semicolon.
std::string to_sql(const select& q, const query_style& style);
/// A defined type's name as definitions keep it (sql/types/type_name.hpp), without array bounds; empty for a built-in one.
std::string stored_type_text(const type_name& t);
/// One expression in that style.
std::string to_sql(const expr& e, const query_style& style);
std::string quote_identifier(const std::string& name);

}  // namespace helios::sql::ast
