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

/// Keys of one index: the values' order-preserving bytes, then the row id unless the key alone is unique.
class index_codec {
 public:
  index_codec(const index_def& index, const table_def& table);
  const index_def& index() const { return *index_; }
  /// 0-based columns of the table, in key order.
  const std::vector<int>& columns() const { return columns_; }
  /// The bytes of the key columns alone.
  std::string prefix(std::span<const datum> row) const;
  bool has_null(std::span<const datum> row) const;
  /// The entry of a row: {key, value}.
  std::pair<std::string, std::string> entry(std::span<const datum> row, std::int64_t row_id) const;
  void append_part(std::size_t key, datum value, std::string& out) const;
  static std::int64_t row_id(std::string_view key, std::string_view value);

 private:
  const index_def* index_;
  std::vector<int> columns_;
  std::vector<const type_ops*> types_;
};

}  // namespace helios::sql
