#pragma once
// What several views of information_schema say of a type. Not for use outside sql/views.

#include <string>

#include "sql/views/view_rows.hpp"

namespace helios::sql {

/// Of a domain what it is over, which may be another domain; other types themselves.
type_ref below_domain(type_ref type);
/// data_type and what follows it, but the udt columns.
void set_type_columns(view_rows& out, type_ref type);
/// The name of a type's schema.
std::string schema_of_type(const view_rows& out, const type_ops& type);

}  // namespace helios::sql
