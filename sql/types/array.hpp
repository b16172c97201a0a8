#pragma once
// Arrays and records as values. Array bytes: element oid (u32), dimensions (u8, 0 to 6), per dimension its length and
// lower bound (i32 each), then the elements in row-major order: a flag byte (1 NULL) and the packed value. A record is
// a count (u32; its highest bit says that there are names) and per column its type oid (u32), a flag byte, the packed
// value and, if there are names, the column's name (u32 length and bytes). All little-endian.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/types/datum.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

struct array_value {
  struct dimension {
    std::int32_t length = 0, lower = 1;
  };
  oid element = 0;
  std::vector<dimension> dimensions;  ///< empty: '{}'
  std::vector<datum> elements;        ///< views into the bytes it was read from

  /// Throws XX001 when the bytes are damaged.
  static array_value from(datum v);
  datum to_datum(arena& mem) const;
  /// One dimension from 1; empty when there are no values.
  static array_value of(oid element, std::vector<datum> values);
};

/// The array type of an element type; throws 42704 `could not find array type for data type x`.
oid array_type_of(oid element);

/// What an array of a defined type does.
std::unique_ptr<defined_type> make_defined_array(oid element);

struct record_field {
  oid type = 0;
  datum value;
  std::string_view name = {};  ///< empty in a row of expressions, whose columns are f1, f2, ...
};
datum make_record(std::span<const record_field> fields, arena& mem);
std::vector<record_field> read_record(datum v);

}  // namespace helios::sql
