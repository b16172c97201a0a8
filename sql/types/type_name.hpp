#pragma once
// Names of types and functions as text, for regtype, regproc and format_type's inverse.

#include <optional>
#include <string>
#include <string_view>

#include "sql/types/type.hpp"

namespace helios::sql {

/// "int4", "integer", "character varying", "text[]", "pg_catalog.int4", any case; nullptr if there is none.
const type_ops* find_type_by_sql_name(std::string_view name);

/// Of the function table (sql/functions): 0 or empty when there is none.
oid function_oid(std::string_view name);
std::string function_name(oid id);

}  // namespace helios::sql
