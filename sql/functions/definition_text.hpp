#pragma once
// Definitions of the catalog as SQL text, and what search_path makes of names: for pg_get_indexdef,
// pg_get_constraintdef, pg_indexes and the like. Pure functions over a catalog and a search path; any thread.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sql/catalog/catalog.hpp"

namespace helios::sql {

/// What a relation's oid stands for, system views included.
struct relation_identity {
  std::string name;
  oid schema = 0;
  char kind = 'r';  ///< pg_class.relkind
};
std::optional<relation_identity> identify_relation(const catalog& definitions, oid id);
/// False also when a schema that comes earlier in the path has a relation of the same name.
bool is_visible(const catalog& definitions, std::span<const oid> path, const relation_identity& relation);
/// Quoted, and qualified when the path does not lead to it; empty when there is none.
std::string shown_relation_name(const catalog& definitions, std::span<const oid> path, oid id);
/// Always qualified.
std::string qualified_name(const catalog& definitions, oid schema, std::string_view name);

/// How an expression's text reads without the parentheses that mean nothing.
using pretty_text = std::function<std::string(std::string_view)>;
/// "a", "lower(b)", "((a + b))": a key as it stands in CREATE INDEX. With `pretty`: "(a + b)".
std::string index_key_text(const table_def& table, const index_key& key, const pretty_text& pretty = {});
/// The name that the column of an index over this expression gets.
std::string index_expression_name(const std::string& text);

struct index_text_options {
  bool always_qualify = true;
  pretty_text pretty = {};
  std::span<const oid> path = {};
};
/// "CREATE UNIQUE INDEX i ON public.t USING btree (a, b DESC)"; empty when the table is gone.
std::string index_text(const catalog& definitions, const index_def& index, const index_text_options& options);
/// The key column with this 1-based number alone; empty when there is none.
std::string index_column_text(const catalog& definitions, const index_def& index, std::size_t number, const pretty_text& pretty);
/// "FOREIGN KEY (a) REFERENCES t(id) ON DELETE CASCADE". `pretty` leaves out parentheses that mean nothing.
std::string constraint_text(const catalog& definitions, const table_def& table, const constraint_def& constraint,
                            std::span<const oid> path, const pretty_text& pretty);
/// "(a < 1)" becomes "a < 1": without the parentheses around the whole.
std::string_view without_parentheses(std::string_view text);
struct found_constraint {
  const table_def* table = nullptr;
  const constraint_def* constraint = nullptr;
};
found_constraint find_constraint(const catalog& definitions, oid id);
struct found_domain_constraint {
  const type_def* domain = nullptr;
  const domain_constraint* constraint = nullptr;
};
found_domain_constraint find_domain_constraint(const catalog& definitions, oid id);
std::string constraint_text(const domain_constraint& constraint, bool pretty);

}  // namespace helios::sql
