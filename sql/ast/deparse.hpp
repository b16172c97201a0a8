#pragma once
// Text of parsed expressions, for definitions that keep them.

#include <string>

#include "sql/ast/expr.hpp"

namespace helios::sql::ast {

/// Throws 0A000 for what has no place in a definition (subqueries, parameters).
/// With `rename`, a column of one name is written with another.
struct column_rename {
  std::string from, to;
};
std::string to_sql(const expr& e, const column_rename* rename = nullptr);
std::string quote_identifier(const std::string& name);

}  // namespace helios::sql::ast
