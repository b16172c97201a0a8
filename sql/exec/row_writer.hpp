#pragma once
// Writes one row with all that hangs on it: constraints, index entries, unique keys, foreign keys. Foreign keys are
// checked at the end of the statement, as PostgreSQL's (NO ACTION) are, or later (pending_checks.hpp).

#include "sql/exec/pending_checks.hpp"
#include "sql/exec/row_lock.hpp"
#include "sql/exec/table_target.hpp"

namespace helios::sql {

class row_writer {
 public:
  explicit row_writer(const table_target& target) : target_(target) {}

  /// NOT NULL and CHECK, on the row in the target's slots.
  void check(evaluation& in) const;
  /// Stores the row in the target's slots as a new one.
  std::int64_t insert(evaluation& in) const;
  /// `before`: all key columns of the stored row, by column.
  void update(evaluation& in, std::int64_t row_id, std::span<const datum> before) const;
  void erase(evaluation& in, std::int64_t row_id, std::span<const datum> before) const;
  /// The row that holds this unique key now (committed or own), after locking the key. Nothing if none does.
  static std::optional<std::int64_t> holder(evaluation& in, const index_codec& index, const std::string& key);

 private:
  void add_entry(evaluation& in, const index_codec& index, std::span<const datum> row, std::int64_t row_id) const;
  void remove_entry(evaluation& in, const index_codec& index, std::span<const datum> row, std::int64_t row_id) const;
  [[noreturn]] void duplicate(const index_codec& index, std::span<const datum> row) const;

  const table_target& target_;
};

/// "(a, b)=(1, x)" for error details.
std::string describe_key(const table_def& table, const std::vector<int>& columns, std::span<const datum> row);

}  // namespace helios::sql
