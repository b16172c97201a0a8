#pragma once
// Physical plans. A plan_node is an immutable description, shared by all executions of a cached plan; make() gives the
// operator that runs it. Operators pull: open() (again for a rescan), then next() until it returns false; the row stands
// in the slots of the evaluation's frame.

#include <memory>
#include <string>
#include <vector>

#include "sql/bind/expression.hpp"

namespace helios::sql {

class operation {
 public:
  virtual ~operation() = default;
  /// Starts from the first row. May be called again, also before the end.
  virtual void open(evaluation& in) = 0;
  virtual bool next(evaluation& in) = 0;
};
using operation_ptr = std::unique_ptr<operation>;

class plan_node;
using plan_node_ptr = std::shared_ptr<plan_node>;

class plan_node {
 public:
  virtual ~plan_node() = default;
  virtual operation_ptr make() const = 0;
  /// One line of EXPLAIN, and the lines below it ("Filter: ...").
  virtual std::string title() const = 0;
  virtual std::vector<std::string> details() const { return {}; }
  virtual std::vector<plan_node_ptr> inputs() const { return {}; }
  /// Called once when the whole statement is bound: `used[slot]` tells which slots anyone reads. Inputs come first;
  /// afterwards slots() is what a row of this node consists of.
  virtual void settle(const std::vector<bool>& used);
  const std::vector<int>& slots() const { return slots_; }

 protected:
  std::vector<int> slots_;
};

/// "Limit\n  ->  Seq Scan on t ..." appended to `lines`.
void explain(const plan_node& node, int depth, std::vector<std::string>& lines);

}  // namespace helios::sql
