#pragma once
// Statements as parsed. `statement` holds exactly one of them. See expr.hpp for the rules.

#include <utility>
#include <variant>

#include "sql/ast/access.hpp"
#include "sql/ast/select.hpp"

namespace helios::sql::ast {

using select_ptr = std::shared_ptr<const select>;
using options = std::vector<std::pair<std::string, expr_ptr>>;  ///< WITH (name = value); value may be null

struct select_statement {
  select_ptr query;
};

struct conflict_clause {
  bool update = false;                ///< DO UPDATE, else DO NOTHING
  std::vector<std::string> columns;   ///< inference
  std::vector<expr_ptr> expressions;  ///< inference
  std::string constraint;
  expr_ptr infer_where;
  std::vector<target> set;
  expr_ptr where;
  int position = 0;
};

struct insert_statement {
  std::vector<common_table> with;
  relation_name table;
  std::string alias;
  std::vector<target> columns;        ///< names only
  select_ptr source;                  ///< null: DEFAULT VALUES
  std::optional<conflict_clause> conflict;
  std::vector<target> returning;
  enum class overriding : std::uint8_t { none, user, system } override_kind = overriding::none;
};

struct update_statement {
  std::vector<common_table> with;
  relation_name table;
  std::string alias;
  std::vector<target> set;
  std::vector<from_ptr> from;
  expr_ptr where;
  std::vector<target> returning;
};

struct delete_statement {
  std::vector<common_table> with;
  relation_name table;
  std::string alias;
  std::vector<from_ptr> using_items;
  expr_ptr where;
  std::vector<target> returning;
};

struct merge_clause {                 ///< WHEN [NOT] MATCHED [AND condition] THEN ...
  enum class action : std::uint8_t { nothing, insert, update, erase } what{};
  bool matched = false;
  expr_ptr condition;
  std::vector<target> targets;        ///< columns of INSERT, or SET
  std::vector<expr_ptr> values;       ///< of INSERT; none: DEFAULT VALUES
  bool has_values = false;
  insert_statement::overriding override_kind = insert_statement::overriding::none;
};
struct merge_statement {
  std::vector<common_table> with;
  relation_name table;
  std::string alias;
  std::vector<from_ptr> source;       ///< one
  expr_ptr on;
  std::vector<merge_clause> clauses;
};

struct truncate_statement {
  std::vector<relation_name> tables;
  bool restart_identity = false, cascade = false;
};

enum class constraint_kind : std::uint8_t { null, not_null, default_, check, primary_key, unique, foreign_key, identity, generated, other };
struct constraint {
  constraint_kind kind{};
  std::string name;
  expr_ptr value;                     ///< default, check
  std::vector<std::string> columns;
  relation_name referenced;
  std::vector<std::string> referenced_columns;
  char on_delete = 'a', on_update = 'a';  ///< as pg_constraint: a r c n d
  bool deferrable = false, initially_deferred = false, not_valid = false, always = false;
  bool match_full = false, nulls_not_distinct = false;
  std::vector<std::string> delete_columns;  ///< ON DELETE SET NULL or DEFAULT (columns)
  std::vector<std::string> included;  ///< INCLUDE
  std::string index;                  ///< USING INDEX
  options settings;
  int position = 0;
};

struct table_column {
  std::string name;
  type_name type;
  std::vector<constraint> constraints;
  std::string collation;
  int position = 0;
};

struct like_clause {
  relation_name table;
  bool comments = false, constraints = false, defaults = false, generated = false, identity = false, indexes = false;
  std::size_t before = 0;             ///< how many columns stand before it
};

struct create_table_statement {
  relation_name table;
  char persistence = 'p';
  bool if_not_exists = false, partitioned = false, inherits = false;
  std::vector<table_column> columns;
  std::vector<constraint> constraints;
  std::vector<like_clause> like;
  options settings;
  char on_commit = 'p';               ///< 'p' preserve rows, 'd' delete rows, 'D' drop
  bool on_commit_given = false;
};

struct create_view_statement {
  relation_name view;
  std::vector<std::string> columns;
  std::shared_ptr<const statement> query;
  bool replace = false;
  char persistence = 'p', check_option = 0;  ///< 'l' local, 'c' cascaded
  options settings;
};
struct refresh_statement {
  relation_name view;
  bool concurrent = false, with_data = true;
};
struct comment_statement {
  enum class kind : std::uint8_t { table, view, materialized_view, column, index, sequence, constraint, schema, role, database, other, type,
                                   domain, domain_constraint } what = kind::other;
  std::string kind_name;              ///< "TABLE", ...
  relation_name name;
  std::string part;                   ///< the column or the constraint
  std::optional<std::string> text;    ///< nothing: remove it
};

struct create_table_as_statement {
  relation_name table;
  std::vector<std::string> columns;
  std::shared_ptr<const statement> query;
  bool if_not_exists = false, with_data = true, materialized_view = false;
  char persistence = 'p';
  char on_commit = 'p';
  bool on_commit_given = false;
};

enum class object_kind : std::uint8_t { table, index, sequence, schema, view, materialized_view, other, type, domain };
struct drop_statement {
  object_kind kind{};
  std::string kind_name;              ///< "TABLE", "INDEX", ...
  std::vector<relation_name> names;
  bool if_exists = false, cascade = false, concurrent = false;
};

struct index_element {
  std::string column;
  expr_ptr value;
  sort_item::direction order = sort_item::direction::none;
  sort_item::nulls null_order = sort_item::nulls::none;
  std::string operator_class;
};
struct create_index_statement {
  std::string name;
  relation_name table;
  std::vector<index_element> elements;
  std::string method;
  bool unique = false, if_not_exists = false, concurrent = false, nulls_not_distinct = false;
  expr_ptr where;
  std::vector<index_element> included;
};
struct reindex_statement {
  enum class kind : std::uint8_t { index, table, schema, system, database } what{};
  relation_name relation;
  std::string name;                   ///< of the schema or the database
  bool concurrent = false;
};

struct sequence_statement {           ///< CREATE / ALTER SEQUENCE
  bool alter = false, if_exists = false, if_not_exists = false;
  relation_name name;
  char persistence = 'p';
  options settings;                   ///< as, start, increment, minvalue, maxvalue, cycle, cache, restart, owned_by
  std::vector<std::string> owned_by;
};

struct create_schema_statement {
  std::string name;
  std::optional<role_name> owner;
  bool if_not_exists = false;
};

struct alter_table_command {
  enum class kind : std::uint8_t { add_column, drop_column, add_constraint, drop_constraint, set_default, drop_default, set_not_null,
                                   drop_not_null, alter_type, owner, set_options, drop_expression, set_identity, drop_identity, add_identity,
                                   validate_constraint, alter_constraint, other } what = kind::other;
  std::string name;
  role_name owner_to;
  table_column column;
  constraint added;
  expr_ptr value;
  options settings;                   ///< SET (...) and RESET (...)
  bool reset = false;
  bool if_exists = false, if_not_exists = false, cascade = false;
  int position = 0;
};
struct alter_table_statement {
  relation_name table;
  object_kind kind = object_kind::table;
  bool if_exists = false;
  std::vector<alter_table_command> commands;
};

struct rename_statement {
  enum class kind : std::uint8_t { table, column, constraint, index, sequence, schema, view, materialized_view, role, type, domain,
                                   domain_constraint, attribute, other } what = kind::other;
  relation_name name;
  std::string from, to;
  object_kind of = object_kind::table;  ///< column: as what the statement names its relation
  bool if_exists = false;
};

struct copy_statement {
  relation_name table;
  std::vector<std::string> columns;
  std::shared_ptr<const statement> query;
  bool from = false, file_or_program = false;
  options settings;
  expr_ptr where;
};

struct vacuum_statement {
  bool vacuum = true;                 ///< else ANALYZE alone
  std::vector<relation_name> tables;
};
struct checkpoint_statement {};

struct set_statement {
  enum class kind : std::uint8_t { value, default_, current, reset, reset_all, transaction, session_characteristics } what = kind::value;
  std::string name;
  std::vector<expr_ptr> values;
  options modes;                      ///< transaction modes
  bool local = false;
};
struct show_statement {
  std::string name;
};

struct transaction_statement {
  enum class kind : std::uint8_t { begin, start, commit, rollback, savepoint, release, rollback_to, prepare, commit_prepared, rollback_prepared } what{};
  std::string savepoint;
  options modes;
  bool chain = false;
};

struct prepare_statement {
  std::string name;
  std::vector<type_name> types;
  std::shared_ptr<const statement> query;
};
struct execute_statement {
  std::string name;
  std::vector<expr_ptr> parameters;
};
struct deallocate_statement {
  std::string name;                   ///< empty: ALL
};
struct declare_cursor_statement {
  std::string name;
  std::shared_ptr<const statement> query;
  bool hold = false, scroll = false, no_scroll = false, binary = false;
};
struct fetch_statement {
  enum class direction : std::uint8_t { forward, backward, absolute, relative } where{};
  std::int64_t count = 1;
  bool all = false;
  std::string cursor;
  bool move = false;
};
struct close_statement {
  std::string name;                   ///< empty: ALL
};
struct explain_statement {
  std::shared_ptr<const statement> query;
  options settings;
};
struct discard_statement {
  enum class kind : std::uint8_t { all, plans, sequences, temporary } what{};
};
struct lock_statement {
  std::vector<relation_name> tables;
  int mode = 8;
  bool nowait = false;
};
struct channel_statement {
  enum class kind : std::uint8_t { listen, unlisten, unlisten_all, notify } what{};
  std::string channel, payload;
};
struct set_constraints_statement {
  std::vector<relation_name> names;   ///< none: ALL
  bool deferred = false;
};
struct role_statement {
  bool alter = false, user = false;
  std::string name;
  options settings;
  role_name who;                      ///< ALTER: may be CURRENT_USER
  std::vector<role_name> in_roles, members, admins;
  bool drop_members = false;          ///< ALTER GROUP ... DROP USER
};
struct create_enum_statement {
  relation_name name;
  std::vector<std::string> labels;
};
struct alter_enum_statement {
  relation_name name;
  std::string from;                   ///< RENAME VALUE; empty: ADD VALUE
  std::string value, neighbour;
  bool after = false, if_not_exists = false;
};
struct create_domain_statement {
  relation_name name;
  type_name base;
  std::string collation;
  std::vector<constraint> constraints;
};
struct alter_domain_statement {
  enum class kind : std::uint8_t { set_default, drop_default, set_not_null, drop_not_null, add_constraint, drop_constraint, validate } what{};
  relation_name name;
  std::string constraint_name;
  expr_ptr value;
  constraint added;
  bool cascade = false, if_exists = false;
};
struct create_composite_statement {
  relation_name name;
  std::vector<table_column> columns;
};
/// ALTER TYPE or DOMAIN ... OWNER TO / SET SCHEMA.
struct move_type_statement {
  bool domain = false, owner = false;
  relation_name name;
  std::string to;
};
/// Known to the grammar and not to us; `writes` tells a standby what to do with it.
struct unsupported_statement {
  std::string what;
  bool writes = true;
};

struct statement {
  std::variant<select_statement, insert_statement, update_statement, delete_statement, merge_statement, truncate_statement,
               create_table_statement, create_table_as_statement, create_view_statement, refresh_statement, comment_statement, drop_statement, create_index_statement,
               sequence_statement, create_schema_statement, alter_table_statement, rename_statement, copy_statement,
               vacuum_statement, checkpoint_statement, set_statement, show_statement, transaction_statement,
               prepare_statement, execute_statement, deallocate_statement, declare_cursor_statement, fetch_statement,
               close_statement, explain_statement, discard_statement, lock_statement, channel_statement, role_statement,
               grant_statement, grant_role_statement, drop_role_statement, owner_statement, owned_statement, create_enum_statement,
               alter_enum_statement, create_domain_statement, alter_domain_statement, create_composite_statement, move_type_statement,
               reindex_statement, set_constraints_statement,
               unsupported_statement>
      node;
};
using statement_ptr = std::shared_ptr<const statement>;

}  // namespace helios::sql::ast
