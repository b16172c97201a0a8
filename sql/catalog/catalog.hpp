#pragma once
// What the database contains: schemas, tables, indexes, sequences, roles. Stored as ordinary versioned rows of
// storage::catalog_space (key: one byte of kind, then big-endian oid), so that DDL is transactional and replicated.
// `catalog` is an immutable picture of them at one catalog version, shared by all sessions that read at it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "sql/catalog/access_list.hpp"
#include "sql/catalog/type_set.hpp"
#include "sql/types/enum_type.hpp"
#include "sql/types/type.hpp"
#include "storage/engine.hpp"
#include "storage/sequence.hpp"
#include "storage/transaction.hpp"

namespace helios::sql {

struct schema_def {
  oid id = 0;
  std::string name;
  oid owner = 0;
};

struct column_def {
  std::int16_t number = 0;        ///< 1-based, never reused
  std::string name;
  type_ref type;
  bool not_null = false;
  bool dropped = false;
  std::string default_text;       ///< SQL text of the default expression; empty if none
  oid owned_sequence = 0;         ///< SERIAL's sequence
  bool generated = false;         ///< default_text is GENERATED ALWAYS AS (...) STORED
  char identity = 0;              ///< as pg_attribute: 'a' always, 'd' by default, 0 none
};

enum class constraint_kind : std::uint8_t { primary_key, unique, foreign_key, check };
enum class fk_action : std::uint8_t { no_action, restrict, cascade, set_null, set_default };
struct constraint_def {
  oid id = 0;
  std::string name = {};
  constraint_kind kind{};
  std::vector<std::int16_t> columns = {};
  oid index = 0;                  ///< of primary key and unique
  oid referenced_table = 0;
  std::vector<std::int16_t> referenced_columns = {};
  fk_action on_delete = fk_action::no_action, on_update = fk_action::no_action;
  std::string check_text = {};
  bool deferrable = false, initially_deferred = false;
  bool validated = true;          ///< false: NOT VALID, rows from before may break it
  bool match_full = false;
  std::vector<std::int16_t> delete_columns = {};  ///< of ON DELETE SET NULL or DEFAULT (columns); empty: all of `columns`
};

struct index_key {
  std::int16_t column = 0;        ///< 0: an expression
  bool descending = false;
  bool nulls_first = false;
  std::string expression;         ///< as SQL, over the table's columns
  type_ref type;                  ///< of the expression
  std::string operator_class;     ///< when another than the type's own was named
};
struct index_def {
  oid id = 0;
  std::string name;
  oid table = 0;
  oid schema = 0;
  storage::space_id space{};
  std::vector<index_key> keys;
  bool unique = false, primary = false;
  bool nulls_not_distinct = false;
  bool deferrable = false;        ///< of a constraint that may be broken for a while: equal keys stand side by side
  std::vector<std::int16_t> included;
  std::string predicate;          ///< of a partial index, as SQL; empty: all rows have an entry
  /// A key has at most one entry, unless a NULL makes it different from itself.
  bool keeps_keys_apart() const { return unique && !deferrable; }
  bool has_expressions() const;
};

/// What a view reads: a relation, and a column of it or 0 for the relation alone.
struct relation_use {
  oid relation = 0;
  std::int16_t column = 0;
  friend auto operator<=>(const relation_use&, const relation_use&) = default;
};

/// A table, a view, a materialized view or a composite type.
struct table_def {
  oid id = 0;
  std::string name;
  oid schema = 0;
  oid owner = 0;
  storage::space_id space{};      ///< changes with TRUNCATE
  std::vector<column_def> columns;
  std::vector<constraint_def> constraints;
  std::vector<oid> indexes;
  char kind = 'r';                ///< as pg_class.relkind: 'r', 'v', 'm', 'c'
  bool populated = true;          ///< false: a materialized view WITH NO DATA
  char check_option = 0;          ///< of a view: 'l' local, 'c' cascaded, 0 none
  std::string definition;         ///< a view's query; names are qualified, so that search_path means nothing to it
  std::vector<relation_use> uses; ///< of a view, sorted
  bool security_barrier = false;  ///< of a view: no condition from outside sees a row before its own conditions have
  bool security_invoker = false;  ///< of a view: what it reads, it reads as whoever uses it
  char on_commit = 'p';           ///< of a temporary table: 'p' preserve rows, 'd' delete rows, 'D' drop
  bool is_view() const { return kind == 'v'; }
  bool is_composite() const { return kind == 'c'; }
  const column_def* column(std::string_view name) const;
};

struct domain_constraint {
  oid id = 0;
  std::string name;
  std::string check_text;         ///< over a column named value
  bool validated = true;
};

/// An enum or a domain. (A composite type is a table_def.)
struct type_def {
  oid id = 0;
  std::string name;
  oid schema = 0, owner = 0;
  char kind = 'e';                ///< as pg_type.typtype: 'e', 'd'
  oid array = 0;                  ///< its array type
  std::string array_name;
  std::vector<enum_label> labels;
  type_ref base;                  ///< of a domain
  bool not_null = false;
  std::string default_text;       ///< SQL text; empty if none
  std::vector<domain_constraint> constraints;
};

struct sequence_def {
  oid id = 0;
  std::string name;
  oid schema = 0;
  oid owner = 0;
  type_ref type{type_oid::int8, -1};
  storage::sequence_rule rule;
  oid owned_by_table = 0;
  std::int16_t owned_by_column = 0;
};

/// COMMENT ON: of an object of a system catalog, or of one of its columns.
struct comment_def {
  oid id = 0;
  oid class_id = 0;               ///< 1259 relations, 2606 constraints, 2615 schemas, 1260 roles, 1262 databases
  oid object = 0;
  std::int16_t column = 0;
  std::string text;
};

struct role_def {
  oid id = 0;
  std::string name;
  bool superuser = false, can_login = true;
  std::string scram_verifier;     ///< "SCRAM-SHA-256$..."; empty: no password login
  bool inherit = true, create_role = false, create_database = false, replication = false, bypass_row_security = false;
  std::int32_t connection_limit = -1;
  std::optional<std::int64_t> valid_until = {};  ///< of the password: a timestamptz
};

/// `member` is a member of `role`. At most one of each pair.
struct membership_def {
  oid id = 0;
  oid role = 0, member = 0, grantor = 0;
  bool admin = false;
};

/// Who may do what with an object of a system catalog, or with one of its columns. Without one the default of its kind holds.
struct access_def {
  oid id = 0;
  oid class_id = 0;               ///< 1259 relations, 2615 schemas, 1262 databases
  oid object = 0;
  std::int16_t column = 0;
  access_list items;
};

/// ALTER DEFAULT PRIVILEGES: what future objects of a role get.
struct default_access_def {
  oid id = 0;
  oid role = 0;
  oid schema = 0;                 ///< 0: in all, and then this is the whole list; else what is added to it
  char kind = 'r';                ///< 'r' relations, 'S' sequences, 'n' schemas
  access_list items;
};

/// Immutable. Pointers live as long as the catalog_ptr they came from. Names are matched as given (already folded).
class catalog {
 public:
  /// Reads all definitions at `at`, with the transaction's own changes below `before` (own may be null).
  static std::shared_ptr<const catalog> load(const storage::snapshot_ptr& at, const storage::transaction* own,
                                             std::uint64_t before);

  const schema_def* find_schema(std::string_view name) const;
  const schema_def* find_schema(oid id) const;
  /// Of the session that this catalog is for; nullptr while it has none. "pg_temp" means it.
  const schema_def* temporary_schema() const;
  const table_def* find_table(oid schema, std::string_view name) const;
  const table_def* find_table(oid id) const;
  const index_def* find_index(oid schema, std::string_view name) const;
  const index_def* find_index(oid id) const;
  const sequence_def* find_sequence(oid schema, std::string_view name) const;
  const sequence_def* find_sequence(oid id) const;
  const role_def* find_role(std::string_view name) const;
  const role_def* find_role(oid id) const;

  const std::map<oid, schema_def>& schemas() const { return schemas_; }
  const std::map<oid, table_def>& tables() const { return tables_; }
  const std::map<oid, index_def>& indexes() const { return indexes_; }
  const std::map<oid, sequence_def>& sequences() const { return sequences_; }
  const std::map<oid, role_def>& roles() const { return roles_; }
  const type_def* find_type_definition(oid id) const;
  const std::map<oid, type_def>& type_definitions() const { return type_definitions_; }
  /// All types of this catalog, those of its relations' rows and arrays included.
  const type_set& types() const { return types_; }
  const std::map<oid, comment_def>& comments() const { return comments_; }
  const comment_def* find_comment(oid class_id, oid object, std::int16_t column) const;
  const std::map<oid, membership_def>& memberships() const { return memberships_; }
  const membership_def* find_membership(oid role, oid member) const;
  using access_key = std::tuple<oid, oid, std::int16_t>;  ///< class, object, column
  const std::map<access_key, access_def>& access_lists() const { return access_; }
  const access_def* find_access(oid class_id, oid object, std::int16_t column) const;
  const std::map<oid, default_access_def>& default_access() const { return default_access_; }
  const default_access_def* find_default_access(oid role, oid schema, char kind) const;
  const std::string& database_name() const { return database_name_; }

 private:
  friend class catalog_loader;
  std::map<oid, schema_def> schemas_;
  std::map<oid, table_def> tables_;
  std::map<oid, index_def> indexes_;
  std::map<oid, sequence_def> sequences_;
  std::map<oid, role_def> roles_;
  std::map<oid, comment_def> comments_;
  std::map<oid, type_def> type_definitions_;
  type_set types_;
  std::map<oid, membership_def> memberships_;
  std::map<access_key, access_def> access_;
  std::map<oid, default_access_def> default_access_;
  std::string database_name_;
  std::unordered_map<std::string, oid> relations_by_name_;  ///< "schema oid/name": tables, indexes and sequences share names
};
using catalog_ptr = std::shared_ptr<const catalog>;

/// Temporary objects and their spaces have ids from here on. Their definitions and rows are the session's own: they live in
/// storage's private spaces, not in the WAL.
inline constexpr oid first_temporary_oid = storage::first_private_space.value;
constexpr bool is_temporary(oid id) { return id >= first_temporary_oid && id <= storage::last_private_space.value; }
inline constexpr storage::space_id temporary_catalog_space = storage::last_private_space;

/// Fixed oids of what every database has.
inline constexpr oid pg_catalog_schema = 11, public_schema = 2200, information_schema_oid = 13000, bootstrap_role = 10;

/// Writes of definitions, into a transaction. The encoding has a version byte and is described in sql/catalog/FORMAT.md.
void put_definition(storage::transaction&, const schema_def&);
void put_definition(storage::transaction&, const table_def&);
void put_definition(storage::transaction&, const index_def&);
void put_definition(storage::transaction&, const sequence_def&);
void put_definition(storage::transaction&, const role_def&);
void put_definition(storage::transaction&, const comment_def&);
void put_definition(storage::transaction&, const type_def&);
void put_definition(storage::transaction&, const membership_def&);
void put_definition(storage::transaction&, const access_def&);
void put_definition(storage::transaction&, const default_access_def&);
enum class definition_kind : std::uint8_t {
  database = 1, schema, table, index, sequence, role, comment, type = 20, membership = 40, access, default_access
};
void erase_definition(storage::transaction&, definition_kind kind, oid id);

struct bootstrap_options {
  std::string database = "heliosdb";
  std::string superuser = "helios";
  std::string password;           ///< plain text; stored as a SCRAM-SHA-256 verifier
};
/// True once bootstrap_catalog has been committed on this engine, visible or not.
bool has_catalog(storage::engine&);
/// The first commit of a new cluster: database, schemas, superuser. Only on an empty catalog.
void bootstrap_catalog(storage::transaction&, const bootstrap_options&);

}  // namespace helios::sql
