#pragma once
// Row types: of composite types, and of every table and view. A value is a record (array.hpp) without names: one field per
// column that is not dropped, in order.

#include <memory>

#include "sql/types/type.hpp"

namespace helios::sql {

std::unique_ptr<defined_type> make_row_type(oid id);
/// Of a row type or a domain over one; 42809 for another type.
std::vector<row_attribute> attributes_of(const type_ops& type);
/// True for a row type or a domain over one.
bool is_row_type(oid type);

}  // namespace helios::sql
