#pragma once
// Relations whose rows are computed when they are read: pg_catalog, information_schema and the replication views.
// system_views defines them; the analyzer finds them by name and the executor calls `rows`.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.hpp"
#include "sql/functions/function.hpp"
#include "sql/plan/plan_node.hpp"

namespace helios::sql {

struct virtual_column {
  std::string name;
  type_ref type;
};

struct virtual_relation {
  oid id = 0;
  std::string schema, name;
  std::vector<virtual_column> columns;
  /// All rows, one after the other, each with as many values as there are columns; bytes are in `mem`.
  std::function<void(call_context&, arena& mem, std::vector<datum>& rows)> rows;
};

/// Without a schema: as search_path finds it, nullptr if a table of the path comes before it or there is none.
const virtual_relation* find_virtual_relation(const catalog& definitions, std::span<const oid> search_path, std::string_view schema,
                                              std::string_view name);
plan_node_ptr make_virtual_scan(const virtual_relation& relation, int base);

}  // namespace helios::sql
