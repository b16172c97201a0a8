#pragma once
// Rows of tables as bytes (FORMAT.md), and the keys of rows and index entries. Decoding touches only the wanted columns.
// Pure functions over definitions; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/catalog.hpp"
#include "sql/types/datum.hpp"
#include "sql/types/type.hpp"

namespace helios::sql {

/// How the bytes of one column look.
enum class column_layout : std::uint8_t { int1, int2, int4, int8, real4, real8, bytes };

class row_codec {
 public:
  explicit row_codec(const table_def& table);
  /// `values`: one per column of the definition, dropped ones included (they become NULL).
  void encode(std::span<const datum> values, std::string& out) const;
  /// Writes values[i] for each wanted column i (ascending). Views point into `row`. Throws XX001 on damaged bytes.
  void decode(std::string_view row, std::span<const int> wanted, datum* values) const;

 private:
  std::vector<column_layout> layouts_;
  std::vector<bool> dropped_;
};

std::string row_key(std::int64_t row_id);
std::int64_t row_id_of(std::string_view row_key);

/// Keys of one index: the values' order-preserving bytes, then the row id unless the key alone is unique. A row comes with
/// what its table's indexes compute behind its columns (bind_index.hpp, row_terms).
class index_codec {
 public:
  /// `computed`: position of the index's first computed value in a row.
  index_codec(const index_def& index, const table_def& table, std::size_t computed = 0);
  const index_def& index() const { return *index_; }
  /// 0-based positions in a row, in key order.
  const std::vector<int>& columns() const { return columns_; }
  oid key_type(std::size_t key) const { return types_[key]->id; }
  /// How many values of a row are computed for this index.
  std::size_t computed() const { return computed_; }
  /// Whether the row belongs into the index at all.
  bool has(std::span<const datum> row) const;
  /// The bytes of the key columns alone.
  std::string prefix(std::span<const datum> row) const;
  /// True when no other row can have the same key, because a NULL in it equals nothing.
  bool differs_from_all(std::span<const datum> row) const;
  /// The entry of a row: {key, value}.
  std::pair<std::string, std::string> entry(std::span<const datum> row, std::int64_t row_id) const;
  void append_part(std::size_t key, datum value, std::string& out) const;
  static std::int64_t row_id(std::string_view key, std::string_view value);
  /// "(a, lower(b))=(1, x)" for error details.
  std::string describe(const table_def& table, std::span<const datum> row) const;

 private:
  const index_def* index_;
  std::vector<int> columns_;
  std::vector<const type_ops*> types_;
  int predicate_ = -1;  ///< position of its value in a row
  std::size_t computed_ = 0;
};

}  // namespace helios::sql
