#pragma once
// What the scans of tables share: decoding a stored row into its slots, the filter, and EXPLAIN's lines.

#include "sql/exec/row_codec.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

class table_scan_base : public plan_node {
 public:
  table_scan_base(table_source source, condition_list filter)
      : source_(std::move(source)), filter_(std::move(filter)), codec_(*source_.table) {}
  void settle(const std::vector<bool>& used) override;
  const table_source& source() const { return source_; }

  /// Puts a row into its slots.
  void load(std::string_view row, std::int64_t row_id, lsn version, evaluation& in) const {
    codec_.decode(row, wanted_, in.slots.data() + source_.base);
    in.slots[static_cast<std::size_t>(source_.row_slot())] = datum::of_int(row_id);
    in.slots[static_cast<std::size_t>(source_.version_slot())] = datum::of_int(static_cast<std::int64_t>(version.value));
  }
  bool passes(evaluation& in) const {
    for (auto& f : filter_) {
      if (!holds(*f, in)) return false;
    }
    return true;
  }

 protected:
  std::string name() const;
  std::string filter_text() const;

  table_source source_;
  condition_list filter_;
  row_codec codec_;
  std::vector<int> wanted_;
};

/// "(a = 1) AND (b > 2)".
std::string conjunction(const condition_list& filter);

}  // namespace helios::sql
