#pragma once
// A table that a plan writes: how its rows and index entries are encoded, and what must hold for them. Made once per
// plan; immutable.

#include <memory>
#include <string>
#include <vector>

#include "sql/bind/bind_index.hpp"
#include "sql/exec/row_codec.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

/// One foreign key, seen from either side. Columns are 0-based, in the constraint's order.
struct foreign_key {
  const constraint_def* rule = nullptr;
  const table_def* child = nullptr;
  const table_def* parent = nullptr;
  std::vector<int> child_columns, parent_columns;
  const index_def* parent_index = nullptr;  ///< unique, over exactly the parent columns
  const index_def* child_index = nullptr;   ///< begins with the child columns; may be null
};

struct table_target {
  explicit table_target(const table_def& t) : table(&t), codec(t) {}

  const table_def* table;
  int base = 0;                             ///< slots of the row as it is written
  row_codec codec;
  std::vector<index_codec> indexes;
  row_terms terms;                          ///< what the indexes compute
  struct check {
    std::string name;
    expression_ptr condition;
  };
  std::vector<check> checks;
  /// GENERATED ALWAYS AS: computed from the rest of the row before it is checked.
  struct generated_column {
    std::size_t column = 0;
    expression_ptr value;
  };
  std::vector<generated_column> generated;
  /// WITH CHECK OPTION of the views that the row is written through.
  std::vector<check> view_checks;
  std::vector<foreign_key> outgoing, incoming;

  std::span<const datum> row(const evaluation& in) const {
    return {in.slots.data() + base, table->columns.size()};
  }
};

/// Indexes and foreign keys from the catalog; checks are the binder's.
std::shared_ptr<table_target> make_target(const table_def& table, const bind_environment& env);
/// A row with what the target's indexes compute behind its columns, in `memory` where there is something to compute.
std::span<const datum> with_terms(const row_terms& terms, std::span<const datum> row, std::vector<datum>& memory, evaluation& in);

/// Reads one row of a table into its slots again.
class row_loader {
 public:
  explicit row_loader(table_source source) : source_(std::move(source)), codec_(*source_.table) {}
  void settle(const std::vector<bool>& used);
  void load(std::string_view row, std::int64_t row_id, lsn version, evaluation& in) const;
  const table_source& source() const { return source_; }
  /// Slots that load() writes.
  const std::vector<int>& slots() const { return slots_; }

 private:
  table_source source_;
  row_codec codec_;
  std::vector<int> wanted_, slots_;
};

}  // namespace helios::sql
