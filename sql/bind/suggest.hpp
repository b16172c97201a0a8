#pragma once
// What a wrong name may have meant: the hints of "column does not exist" and "missing FROM-clause entry".

#include <string>

#include "sql/bind/analysis.hpp"

namespace helios::sql {

/// "Perhaps you meant to reference the column "t.name"."; empty when nothing is near. `qualifier` may be empty.
std::string suggest_column(const scope& s, const std::string& qualifier, const std::string& name);
/// Raises "missing FROM-clause entry", or what is said of a table that has another name here.
[[noreturn]] void no_such_relation(const scope& s, const std::string& name, int position);

}  // namespace helios::sql
