#pragma once
// One cursor over several levels: the newest level that has a key decides its value; tombstones are left out.

#include <memory>
#include <vector>

#include "storage/mvcc/entry_source.hpp"

namespace helios::storage {

/// `sources`: newest level first. `keep_alive` is what their views point into.
std::unique_ptr<cursor> merge(std::vector<std::unique_ptr<entry_source>> sources, scan_direction direction,
                              std::shared_ptr<const void> keep_alive);

/// A cursor as the lowest level of another merge.
std::unique_ptr<entry_source> as_source(std::unique_ptr<cursor> from);

}  // namespace helios::storage
