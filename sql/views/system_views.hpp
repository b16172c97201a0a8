#pragma once
// The relations that are computed when they are read: pg_catalog, information_schema and the replication views. Built
// once, on first use, from relation_definitions.hpp and the row sources of sql/views/*.cpp; immutable afterwards.

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sql/catalog/virtual_relation.hpp"

namespace helios::sql {

class view_rows;
using row_source = void (*)(view_rows&);

struct system_view {
  virtual_relation relation;
  oid schema = 0;
  char kind = 'v';  ///< pg_class.relkind
  std::vector<bool> not_null;
  std::vector<datum> defaults;
  std::unordered_map<std::string_view, std::size_t> positions;  ///< of columns; views into `relation`
};

const std::deque<system_view>& all_system_views();
/// nullptr when there is none.
const system_view* find_system_view(oid id);
const system_view* find_system_view(oid schema, std::string_view name);

/// Which function gives the rows of which relation.
using row_sources = std::unordered_map<std::string_view, row_source>;
void add_relation_rows(row_sources&);
void add_attribute_rows(row_sources&);
void add_constraint_rows(row_sources&);
void add_type_rows(row_sources&);
void add_function_rows(row_sources&);
void add_role_rows(row_sources&);
void add_listing_rows(row_sources&);
void add_activity_rows(row_sources&);
void add_replication_rows(row_sources&);
void add_information_rows(row_sources&);
void add_information_access_rows(row_sources&);
void add_information_constraint_rows(row_sources&);

}  // namespace helios::sql
