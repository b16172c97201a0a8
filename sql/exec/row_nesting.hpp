#pragma once
// How row types stand inside each other, through columns, arrays and domains. Values nest as deeply as their types, and are
// read and written on a fiber's stack; so the depth is bounded, and no row type may contain itself.
//
// Pure functions over a catalog; within a session, whose types they look up.

#include <vector>

#include "sql/catalog/catalog.hpp"

namespace helios::sql {

/// After a change of `relation`'s columns. Throws 42P16 when its rows would contain themselves, 54001 when any rows nest too deeply.
void check_nesting(const catalog& definitions, const table_def& relation);
/// True when values of `type` may contain values of `domain`, other than by being of it.
bool contains_domain(oid type, oid domain);

}  // namespace helios::sql
