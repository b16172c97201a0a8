#pragma once
// Domains: values of another type that meet conditions. The conditions are the session's to check (type_directory).

#include <memory>

#include "sql/types/type.hpp"

namespace helios::sql {

/// `stored`: the type below all domains, which outlives what is made; `modifier`: what it has there.
std::unique_ptr<defined_type> make_domain_type(oid id, const type_ops& stored, std::int32_t modifier);

}  // namespace helios::sql
