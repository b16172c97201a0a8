#pragma once
// What indexes compute from the rows of their tables: the expressions that are keys, and the predicates of partial ones.

#include "sql/bind/binder.hpp"

namespace helios::sql {

/// Bound to the slots of a row: column i of the table stands in slot base + i.
struct index_terms {
  std::vector<expression_ptr> keys;       ///< one per key; null where it is a column
  std::vector<expression_ptr> predicate;  ///< conditions that all hold; none: the index has every row
};
/// Made once per analysis, index and base.
std::shared_ptr<const index_terms> terms_of(analysis& in, const index_def& index, const table_def& table, int base);

/// The same of all indexes of a table, over a frame of their own: slot i is column i. Values follow the columns of a row
/// in the order of its indexes: first the keys that are expressions, then the predicate.
struct row_terms {
  std::vector<expression_ptr> values;
  std::size_t frame = 0;                  ///< slots that the values read
};
row_terms row_terms_of(const bind_environment& env, const table_def& table, const std::vector<const index_def*>& indexes);

/// The text of an index's expression once a column of its table has another name: `table` has the new one already.
std::string renamed_term(const bind_environment& env, const table_def& table, const std::string& text, const std::string& from,
                         const std::string& to);

/// False when the result may change although the arguments do not.
bool is_immutable(const expression& e);
/// The columns (by number) that an index reads, whatever for; sorted.
std::vector<std::int16_t> index_columns(const bind_environment& env, const table_def& table, const index_def& index);
/// True when each row that meets all of `filter` meets all of `predicate`.
bool implies(const std::vector<expression_ptr>& filter, const std::vector<expression_ptr>& predicate);

}  // namespace helios::sql
