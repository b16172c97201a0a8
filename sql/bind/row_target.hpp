#pragma once
// ROW(...) where the type of its value is known: its parameters and literals take their types from the fields of that type, not text.

#include "sql/bind/binder.hpp"

namespace helios::sql {

/// nullptr when `e` is no ROW(...) of as many values as the row type `to` has columns; then it is bound as any other expression.
/// Throws 42846 as a cast of the record does.
expression_ptr bind_row_as(binder& bind, const ast::expr& e, type_ref to, cast_context context, scope& s, int position);

}  // namespace helios::sql
