#pragma once
// Names of types and functions as text, for regtype, regproc and format_type's inverse.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sql/types/type.hpp"

namespace helios::sql {

/// "int4", "integer", "character varying", "text[]", "pg_catalog.int4", any case; nullptr if there is none.
const type_ops* find_type_by_sql_name(std::string_view name);

/// Definitions that are kept as text (defaults, checks, views) name defined types by their ids, so that renaming a type changes
/// none of them: pg_type_oid."16384". Nobody can make a schema of this name.
inline constexpr const char* stored_type_schema = "pg_type_oid";
std::string stored_type_name(type_ref type);
/// A stored text with the types' names as search_path makes them.
std::string with_type_names(std::string_view stored);
/// Calls for each defined type that a stored text names.
void for_each_stored_type(std::string_view stored, const std::function<void(oid)>& visit);

/// Of the function table (sql/functions): 0 or empty when there is none.
oid function_oid(std::string_view name);
std::string function_name(oid id);

}  // namespace helios::sql
