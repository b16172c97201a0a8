#pragma once
// What pg_type and pg_index say of a type beyond type_ops: storage, collation, its functions and its btree operator
// class, all by PostgreSQL's oids, so that clients that look them up find what they know.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/types/type.hpp"

namespace helios::sql {

struct type_facts {
  oid id;
  bool by_value;
  char align, storage;
  oid collation;
  oid input, output, receive, send, modifier_in, modifier_out;
  oid btree_class, btree_family;  ///< 0 when the type has no order of its own
};

/// nullptr when nothing is known of it.
const type_facts* find_type_facts(oid id);

/// An operator class of btree, by name; nullptr when there is none. The default ones are the types' own.
struct operator_class {
  oid id;
  std::string name;
  oid input;
  bool is_default;
};
const operator_class* find_operator_class(std::string_view name);
std::span<const operator_class> operator_classes();
/// 0 for an empty name.
oid named_operator_class(std::string_view name);

/// The functions that the facts name.
struct type_io_function {
  oid id;
  const char* name;
};
std::span<const type_io_function> type_io_functions();

}  // namespace helios::sql
