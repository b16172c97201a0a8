#pragma once
// What parse() returns: one statement of a query string with its AST. Immutable; any thread.

#include <memory>
#include <string>

#include "sql/ast/statement.hpp"
#include "sql/session.hpp"

namespace helios::sql {

class parsed_statement {
 public:
  parsed_statement(std::shared_ptr<const std::string> whole, std::size_t offset, std::size_t length,
                   ast::statement_ptr tree)
      : whole_(std::move(whole)), offset_(offset), length_(length), tree_(std::move(tree)) {}

  std::string_view text() const { return std::string_view(*whole_).substr(offset_, length_); }
  const ast::statement& tree() const { return *tree_; }
  ast::statement_ptr shared_tree() const { return tree_; }
  std::size_t offset() const { return offset_; }

 private:
  std::shared_ptr<const std::string> whole_;
  std::size_t offset_, length_;
  ast::statement_ptr tree_;
};

}  // namespace helios::sql
