#pragma once
// GROUP BY of one query: which expressions are grouped, and the check that nothing else is read outside aggregates.

#include <string>
#include <vector>

#include "sql/bind/binder.hpp"

namespace helios::sql {

class grouping {
 public:
  grouping(binder& owner, const scope& s) : owner_(owner), scope_(s) {}
  void add(expression_ptr value);
  const std::vector<expression_ptr>& values() const { return values_; }
  /// Throws 42803 when `e` reads a column that is neither grouped nor determined by a grouped primary key.
  /// `detail`: what the error adds.
  void check(const expression& e, const char* detail = nullptr) const;
  /// GROUPING's arguments must be grouped.
  void check_functions(const std::vector<grouping_check>& calls) const;

 private:
  bool determined(const relation_entry& relation) const;
  int position_of(int slot) const;

  binder& owner_;
  const scope& scope_;
  std::vector<expression_ptr> values_;
  std::vector<std::string> keys_;
};

/// The sets that GROUP BY names, each a list of expressions; empty without GROUP BY. One set: a plain GROUP BY.
std::vector<std::vector<const ast::expr*>> expand_grouping(const ast::select& q);

}  // namespace helios::sql
