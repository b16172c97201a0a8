#pragma once
// How one table is read: all of it, or a range of an index that the conditions give, or an index in a wanted order.
// Without statistics yet: guesses that prefer unique keys, then equalities, then ranges.

#include <functional>
#include <optional>

#include "sql/plan/nodes.hpp"

namespace helios::sql {

struct access_path {
  std::optional<index_range> range;  ///< nothing: read the whole table
  double rows = 0;                   ///< expected
  bool ordered = false;
};

/// `usable`: can the expression be computed before the table is read?
access_path choose_access(analysis& in, const table_source& source, const condition_list& filter,
                          const std::function<bool(const expression&)>& usable, const std::vector<sort_key>& order,
                          bool limited);

}  // namespace helios::sql
