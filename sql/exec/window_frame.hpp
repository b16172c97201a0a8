#pragma once
// Which rows of a partition a window frame holds: for each row a span, found from the rows' places, peer groups and sort
// key values. Used by the window operator on the statement's fiber.

#include <vector>

#include "sql/bind/analysis.hpp"

namespace helios::sql {

struct row_span {
  std::size_t begin = 0, end = 0;
  friend bool operator==(const row_span&, const row_span&) = default;
};

class frame_finder {
 public:
  explicit frame_finder(const bound_window& window) : window_(window) {}

  /// Computes the frame's offsets; throws 22004 or 22013 for those that no frame can have. Once, at the first row.
  void start(evaluation& in);
  /// `keys`: of `rows` rows in their order, all sort key values of a row after those of the row before. It must outlive
  /// the partition.
  void set_partition(const std::vector<datum>& keys, std::size_t rows, evaluation& in);

  /// Without regard to EXCLUDE; begin <= end.
  row_span frame(std::size_t row, evaluation& in) const;
  row_span peers(std::size_t row) const { return {group_begin_[group_of_[row]], group_begin_[group_of_[row] + 1]}; }
  std::size_t group(std::size_t row) const { return group_of_[row]; }

 private:
  std::size_t first(std::size_t row, evaluation& in) const;
  std::size_t last(std::size_t row, evaluation& in) const;
  std::size_t in_range(std::size_t row, bool preceding, bool is_end, datum offset, evaluation& in) const;

  const bound_window& window_;
  datum start_offset_, end_offset_;
  arena memory_;
  const std::vector<datum>* keys_ = nullptr;
  std::size_t rows_ = 0;
  std::vector<std::size_t> group_of_, group_begin_;
  row_span not_null_;  ///< of the first sort key, for RANGE with offsets
};

/// Can RANGE take an offset of type `offset` from a sort key of type `key`?
std::vector<oid> range_offset_types(oid key);

}  // namespace helios::sql
