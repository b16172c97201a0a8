#pragma once
// Definitions: CREATE, ALTER, DROP, TRUNCATE. Each call changes catalog entries and data within the session's
// transaction, under the relation locks that PostgreSQL takes. Returns the command tag.

#include <functional>
#include <set>

#include "sql/ast/deparse.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

class ddl {
 public:
  explicit ddl(session_core& owner) : owner_(owner), work_(owner.work()) {}

  std::string create_table(const ast::create_table_statement& s);
  std::string create_table_as(const ast::create_table_as_statement& s, const session_core::call& c);
  std::string create_index(const ast::create_index_statement& s);
  std::string reindex(const ast::reindex_statement& s);
  std::string create_view(const ast::create_view_statement& s);
  std::string create_materialized_view(const ast::create_table_as_statement& s, const session_core::call& c);
  std::string refresh(const ast::refresh_statement& s, const session_core::call& c);
  std::string comment(const ast::comment_statement& s);
  std::string create_schema(const ast::create_schema_statement& s);
  std::string sequence(const ast::sequence_statement& s);
  std::string drop(const ast::drop_statement& s);
  std::string alter_table(const ast::alter_table_statement& s);
  std::string rename(const ast::rename_statement& s);
  std::string truncate(const ast::truncate_statement& s);
  std::string role(const ast::role_statement& s);
  std::string create_enum(const ast::create_enum_statement& s);
  std::string alter_enum(const ast::alter_enum_statement& s);
  std::string create_domain(const ast::create_domain_statement& s);
  std::string alter_domain(const ast::alter_domain_statement& s);
  std::string create_composite(const ast::create_composite_statement& s);
  std::string move_type(const ast::move_type_statement& s);
  std::string grant(const ast::grant_statement& s);
  std::string grant_role(const ast::grant_role_statement& s);
  std::string drop_role(const ast::drop_role_statement& s);
  std::string owner(const ast::owner_statement& s);
  std::string owned(const ast::owned_statement& s);
  /// Tables, views and sequences of the session: all, or those that go at COMMIT.
  void drop_temporary(bool at_commit_only);

 private:
  struct constraint_request {
    const ast::constraint* rule;
    std::string column;  ///< of a column constraint
  };

  /// One DROP: what goes, and what depends on it (refused, or told of).
  struct drop_work {
    bool cascade = false;
    std::set<oid> tables;
    std::vector<std::string> dependents;
  };
  // types (ddl_types.cpp, ddl_enum.cpp, ddl_domain.cpp, ddl_composite.cpp)
  oid schema_of_type(const ast::relation_name& name);
  /// Throws 42710 unless the name is free for a type in this schema; the array type of another gets out of the way.
  void refuse_existing_type(oid schema, const std::string& name, bool of_relation = false);
  std::string free_array_name(oid schema, const std::string& name) const;
  /// The name locked against changes by others; nullptr when there is none.
  const type_ops* find_type_of(const ast::relation_name& name);
  const type_ops& type_for(const ast::relation_name& name);
  /// For as long as the transaction runs nobody drops it.
  void use_type(type_ref type);
  void put_new_type(type_def type, const ast::relation_name& name);
  void drop_types(const ast::drop_statement& s);
  void drop_type(const type_ops& type, drop_work& drops);
  void drop_uses_of_type(const type_ops& type, drop_work& drops);
  void forget_dropped_columns(oid type);
  void drop_default_or_check(const table_def& table, oid type, const std::string& what, drop_work& drops);
  std::string rename_type(const ast::rename_statement& s);
  std::string rename_domain_constraint(const ast::rename_statement& s);
  std::string described_type(const type_ops& type) const;
  std::string stored_default(const ast::expr& value, type_ref type) const;
  void check_row_type_unused(const table_def& table);
  std::string make_domain(const ast::create_domain_statement& s);
  std::string change_domain(const ast::alter_domain_statement& s);
  std::string make_composite(const ast::create_composite_statement& s);
  type_def domain_for(const ast::relation_name& name);
  void add_domain_check(type_def& domain, const ast::constraint& rule);
  void check_domain_values(const type_def& domain, const std::string& what);
  // views (ddl_view.cpp)
  struct view_query {
    std::vector<output_column> outputs;
    std::string text;
    std::vector<relation_use> uses;
  };
  view_query analyze_view(const ast::select& q, const std::vector<std::string>& columns);
  void replace_view(const table_def& old, table_def& fresh);
  static void set_view_options(table_def& view, const ast::options& settings, bool reset);
  void drop_views_of(oid relation, std::int16_t column, const std::string& what, drop_work& drops);
  void drop_view(const table_def& view, drop_work& drops);
  void rename_in_views(oid relation, std::int16_t column, const std::function<void()>& change);
  std::string described(const table_def& table) const;
  std::uint64_t fill(const table_def& view, const session_core::call& c);
  void erase_comments(oid class_id, oid object, std::int16_t column);
  // ddl_like.cpp
  std::vector<std::int16_t> check_generated(const table_def& table, const column_def& column, const ast::expr& value);
  std::vector<std::int16_t> generated_uses(const table_def& table, const column_def& column);
  void fill_generated(const table_def& before, const table_def& after, const column_def& column);
  void copy_columns(const ast::like_clause& like, const table_def& source, table_def& table);
  void copy_rest(const ast::like_clause& like, const table_def& source, table_def& table);
  void make_columns(const ast::create_table_statement& s, table_def& table, std::vector<constraint_request>& later);
  // access lists (ddl_grant.cpp)
  oid role_oid(const ast::role_name& role) const;
  void store_access(const protected_object& object, const access_list& list);
  void change_access(const protected_object& object, rights_mask rights, bool all, const ast::grant_statement& s, const std::vector<oid>& grantees);
  void change_relation(const protected_object& object, const ast::grant_statement& s, const std::vector<oid>& grantees);
  std::vector<protected_object> granted_objects(const ast::grant_statement& s);
  protected_object relation_object(const ast::relation_name& name, bool sequence);
  void change_defaults(const ast::grant_statement& s, const std::vector<oid>& grantees);
  void give_defaults(const protected_object& object, oid schema);
  void change_owner(const protected_object& object, oid to);
  void erase_access(oid class_id, oid object, std::int16_t column);
  void own_subject(oid class_id, oid object) const;
  // roles (ddl_role.cpp)
  void set_role_options(role_def& def, const ast::role_statement& s);
  void check_role_change(const role_def& def, const ast::role_statement& s, const role_def* before);
  void check_membership(const role_def& role);
  void add_member(oid role, oid member, bool admin);
  void remove_member(oid role, oid member, bool admin_only);
  void rename_role(const ast::rename_statement& s);
  void check_new_owner(const protected_object& object, oid schema, oid to);
  void give_to(const protected_object& object, oid to);
  std::string sequence_owner(const ast::alter_table_statement& s);
  void drop_owned(oid role, bool cascade);
  /// Throws 42501 unless the current role owns it, or may do this with it.
  void own(const protected_object& object) const { require_owner(*owner_.definitions(), owner_.role_id(), object); }
  void own_or_schema(const protected_object& object, oid schema) const;
  void need(const protected_object& object, rights_mask rights) const { require_right(*owner_.definitions(), owner_.role_id(), object, rights); }
  // shared
  void begin(const char* command);
  void refuse_existing(oid schema, const std::string& name, int position) const;
  bool exists(oid schema, const std::string& name) const;
  std::string free_name(oid schema, const std::string& base) const;
  const table_def& table_for(const ast::relation_name& name, storage::lock_mode mode);
  const table_def* try_table(const ast::relation_name& name, storage::lock_mode mode);
  template <class Def>
  void put(const Def& definition) {
    put_definition(work_.writer(), definition);
    owner_.definitions_changed();
  }
  void erase(definition_kind kind, oid id) {
    erase_definition(work_.writer(), kind, id);
    owner_.definitions_changed();
  }
  table_def current(oid id) const { return *owner_.definitions()->find_table(id); }
  /// For an object that belongs to the table, and for its spaces.
  oid new_oid(const table_def& table) { return is_temporary(table.id) ? owner_.next_temporary_oid() : owner_.next_oid(); }
  /// Throws 55006 while checks of the table's rows wait for the end of the transaction.
  void refuse_waiting(const table_def& table, const char* command) const;

  // tables and columns (ddl_table.cpp)
  column_def make_column(const ast::table_column& c, table_def& table, std::vector<constraint_request>& later);
  static void refuse_identity(type_ref type);
  table_def new_table(const std::string& name, oid schema);
  static void refuse_on_commit(oid schema, bool given);
  void make_serial(column_def& column, const table_def& table, const ast::options* settings);
  std::string check_default(const ast::expr& value, const column_def& column);
  // constraints and indexes (ddl_constraint.cpp)
  void add_constraint(table_def& table, const constraint_request& request, bool existing_rows);
  void add_key(table_def& table, const constraint_request& request, bool existing_rows);
  void require_referenced_key(const table_def& parent, const constraint_def& rule, bool implied);
  void add_foreign_key(table_def& table, const constraint_request& request, bool existing_rows);
  void add_check(table_def& table, const constraint_request& request, bool existing_rows);
  std::vector<std::int16_t> column_numbers(const table_def& table, const std::vector<std::string>& names, const char* what, int position) const;
  // ddl_index.cpp
  struct stored_term {
    std::string text;
    type_ref type;
  };
  stored_term index_term(const table_def& table, const ast::expr& value, const char* what);
  index_key make_index_key(const table_def& table, const ast::index_element& e);
  std::string index_name(const table_def& table, const std::vector<std::string>& columns, const char* suffix) const;
  void build_index(const table_def& table, const index_def& index, bool is_constraint);
  void rebuild_index(const table_def& table, oid id);
  void refuse_index(const ast::relation_name& name) const;
  void reindex_one(const ast::relation_name& name);
  void reindex_all(const ast::reindex_statement& s);
  void check_not_null(const table_def& table, const std::vector<std::int16_t>& columns);
  void bound_check(const table_def& table, const std::string& condition);
  void check_rows(const table_def& table, const std::string& name, const std::string& condition);
  void check_references(const table_def& table, const constraint_def& rule);
  void validate_constraint(table_def& table, const std::string& name);
  void alter_constraint(table_def& table, const ast::constraint& wanted);
  std::string constraint_name(const table_def& table, const std::vector<std::string>& columns, const char* suffix) const;
  // ddl_alter.cpp
  void change_generation(table_def& table, const ast::alter_table_command& c);
  void retype_index(const table_def& table, oid id);
  void rename_in_indexes(const table_def& table, const std::string& from, const std::string& to);
  std::string rename_other(const ast::rename_statement& s);
  void alter(table_def& table, const ast::alter_table_command& c);
  void add_column(table_def& table, const ast::alter_table_command& c);
  void drop_column(table_def& table, const ast::alter_table_command& c);
  void drop_constraint(table_def& table, const ast::alter_table_command& c);
  void check_default_cast(const column_def& column, type_ref to);
  void change_type(table_def& table, const ast::alter_table_command& c);
  /// Every row written anew: `change` gets the decoded values.
  void rewrite(const table_def& before, const table_def& after, const std::function<void(std::vector<datum>&, evaluation&)>& change);
  // ddl_drop.cpp
  using missing_report = std::function<void(const ast::relation_name&, const char* what, const char* state)>;
  void drop_table(const table_def& table, drop_work& drops);
  void drop_tables(const ast::drop_statement& s, const missing_report& missing);
  void drop_schema(const std::string& name, oid id, bool cascade);
  void finish_drops(const drop_work& drops, const std::string& what);
  void drop_index(const index_def& index);
  void drop_keys_on(const index_def& index, bool cascade);
  void drop_sequence(const sequence_def& sequence, bool cascade);
  void restart_sequence(const sequence_def& sequence, std::int64_t value);
  void remove_index(oid id);
  void lock_for_drop(oid id, const std::string& name);

  session_core& owner_;
  session_transaction& work_;
};

}  // namespace helios::sql
