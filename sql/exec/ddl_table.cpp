// CREATE TABLE, CREATE TABLE AS, CREATE SCHEMA, and what all definitions share.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/catalog/virtual_relation.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/exec/row_nesting.hpp"
#include "sql/plan/finish.hpp"

namespace helios::sql {

using storage::lock_mode;

namespace {
constexpr std::size_t columns_max = 1600;
constexpr std::size_t name_max = 63;

bool is_serial(const ast::type_name& type, oid& as) {
  if (type.names.size() != 1) return false;
  auto& n = type.names[0];
  as = n == "serial" || n == "serial4" ? type_oid::int4 : n == "bigserial" || n == "serial8" ? type_oid::int8
       : n == "smallserial" || n == "serial2" ? type_oid::int2 : 0;
  return as != 0;
}
}  // namespace

void ddl::begin(const char* command) {
  owner_.require_writable(command);
  work_.begin_statement();
}

bool ddl::exists(oid schema, const std::string& name) const {
  auto c = owner_.definitions();
  return c->find_table(schema, name) != nullptr || c->find_index(schema, name) != nullptr || c->find_sequence(schema, name) != nullptr;
}

void ddl::refuse_existing(oid schema, const std::string& name, int) const {
  if (exists(schema, name)) throw sql_error(sqlstate::duplicate_table, "relation \"" + name + "\" already exists");
}

std::string ddl::free_name(oid schema, const std::string& base) const {
  for (int i = 0;; ++i) {
    auto suffix = i == 0 ? std::string() : std::to_string(i);
    auto name = base.substr(0, name_max - suffix.size()) + suffix;
    if (!exists(schema, name)) return name;
  }
}

const table_def* ddl::try_table(const ast::relation_name& name, lock_mode mode) {
  auto find = [&]() -> const table_def* {
    auto c = owner_.definitions();
    if (!name.schema.empty()) {
      auto* schema = c->find_schema(name.schema);
      return schema == nullptr ? nullptr : c->find_table(schema->id, name.name);
    }
    for (oid id : owner_.search_path(true)) {
      if (auto* t = c->find_table(id, name.name); t != nullptr) return t;
    }
    return nullptr;
  };
  auto* table = find();
  if (table == nullptr) return nullptr;
  work_.lock_relation(table->id, mode, table->name);
  // The definition that counts is the one behind the lock.
  work_.begin_statement();
  return find();
}

const table_def& ddl::table_for(const ast::relation_name& name, lock_mode mode) {
  auto* table = try_table(name, mode);
  if (table == nullptr) {
    auto full = name.schema.empty() ? name.name : name.schema + "." + name.name;
    throw sql_error(sqlstate::undefined_table, "relation \"" + full + "\" does not exist");
  }
  return *table;
}

void ddl::refuse_identity(type_ref type) {
  if (type.id == type_oid::int2 || type.id == type_oid::int4 || type.id == type_oid::int8) return;
  throw sql_error(sqlstate::invalid_parameter_value, "identity column type must be smallint, integer, or bigint");
}

void ddl::make_serial(column_def& column, const table_def& table, const ast::options* settings) {
  sequence_def sequence;
  sequence.id = new_oid(table);
  sequence.schema = table.schema;
  sequence.owner = table.owner;
  sequence.name = free_name(table.schema, table.name.substr(0, 29) + "_" + column.name.substr(0, 28) + "_seq");
  sequence.type = {column.type.id, -1};
  sequence.rule.maximum = column.type.id == type_oid::int2 ? 32767 : column.type.id == type_oid::int4 ? 2147483647 : INT64_MAX;
  if (settings != nullptr) {
    for (auto& [name, value] : *settings) {
      if (name == "start" && value) sequence.rule.start = std::stoll(value->text);
      if (name == "increment" && value) sequence.rule.increment = std::stoll(value->text);
    }
  }
  sequence.owned_by_table = table.id;
  sequence.owned_by_column = column.number;
  column.owned_sequence = sequence.id;
  column.not_null = true;
  column.default_text = "nextval('" + ast::quote_identifier(sequence.name) + "'::regclass)";
  put(sequence);
}

/// The text under which a default is stored; empty for NULL. Throws when it does not fit the column.
std::string ddl::check_default(const ast::expr& value, const column_def& column) {
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  s.clause = "DEFAULT expressions";
  if (value.kind == ast::expr_kind::column) {
    throw sql_error(sqlstate::feature_not_supported, "cannot use column reference in DEFAULT expression").at(value.position);
  }
  auto bound = bind.bind(value, s);
  auto fitting = bind.try_coerce(bound, {column.type.id, -1}, cast_context::assignment, value.position);
  if (!fitting) {
    throw sql_error(sqlstate::datatype_mismatch, "column \"" + column.name + "\" is of type " + format_type({column.type.id, -1}) +
                                                     " but default expression is of type " + format_type({bound->type().id, -1}))
        .hint("You will need to rewrite or cast the expression.");
  }
  // A literal is kept as the value that it is for this column, where no change of the type can give it another text.
  bool literal = value.kind == ast::expr_kind::string && column.type.id < first_defined_oid && as_constant(fitting) != nullptr && in.cacheable;
  return literal ? text_of(*fitting) : stored_default(value, column.type);
}

column_def ddl::make_column(const ast::table_column& c, table_def& table, std::vector<constraint_request>& later) {
  if (table.column(c.name) != nullptr) {
    throw sql_error(sqlstate::duplicate_column, "column \"" + c.name + "\" specified more than once");
  }
  column_def out;
  out.number = static_cast<std::int16_t>(table.columns.size() + 1);
  out.name = c.name;
  oid serial = 0;
  if (is_serial(c.type, serial)) {
    out.type = {serial, -1};
    make_serial(out, table, nullptr);
  } else {
    analysis in(owner_.environment());
    out.type = binder(in).resolve_type(c.type);
    use_type(out.type);
    if (get_type(out.type.id).category == 'P') {
      throw sql_error("42P16", "column \"" + c.name + "\" has pseudo-type " + format_type(out.type));
    }
  }
  for (auto& rule : c.constraints) {
    using kind = ast::constraint_kind;
    switch (rule.kind) {
      case kind::not_null: out.not_null = true; break;
      case kind::null: break;
      case kind::default_:
        out.default_text = check_default(*rule.value, out);
        break;
      case kind::identity:
        refuse_identity(out.type);
        make_serial(out, table, &rule.settings);
        out.identity = rule.always ? 'a' : 'd';
        break;
      case kind::generated:
        if (!out.default_text.empty()) {
          throw sql_error(sqlstate::syntax_error, "both default and generation expression specified for column \"" + c.name + "\" of table \"" +
                                                      table.name + "\"").at(rule.position);
        }
        out.generated = true;  // its text follows when all columns are known
        break;
      case kind::other: throw sql_error(sqlstate::feature_not_supported, "this kind of constraint is not supported");
      default: later.push_back({&rule, c.name});
    }
  }
  return out;
}

table_def ddl::new_table(const std::string& name, oid schema) {
  table_def out;
  bool temporary = is_temporary(schema);
  out.id = temporary ? owner_.next_temporary_oid() : owner_.next_oid();
  out.space = storage::space_id{temporary ? owner_.next_temporary_oid() : owner_.next_oid()};
  out.name = name;
  out.schema = schema;
  out.owner = owner_.role_id();
  return out;
}

void ddl::refuse_on_commit(oid schema, bool given) {
  if (given && !is_temporary(schema)) throw sql_error("42P16", "ON COMMIT can only be used on temporary tables");
}

std::string ddl::create_table(const ast::create_table_statement& s) {
  begin("CREATE TABLE");
  if (s.partitioned) throw sql_error(sqlstate::feature_not_supported, "partitioned tables are not supported");
  if (s.inherits) throw sql_error(sqlstate::feature_not_supported, "inheritance is not supported");
  oid schema = owner_.schema_for(s.table, s.persistence, "table");
  refuse_on_commit(schema, s.on_commit_given);
  work_.lock_relation(schema, lock_mode::row_exclusive, s.table.schema);
  // Two sessions that make the same name must not both succeed.
  if (!is_temporary(schema)) {
    (void)work_.lock({storage::lock_kind::unique_key, storage::catalog_space.value, std::to_string(schema) + "/" + s.table.name},
                     lock_mode::access_exclusive, row_wait::wait, [&s] { return "relation \"" + s.table.name + "\""; });
  }
  work_.begin_statement();
  if (exists(schema, s.table.name)) {
    if (!s.if_not_exists) refuse_existing(schema, s.table.name, s.table.position);
    owner_.notice("NOTICE", sqlstate::duplicate_table, "relation \"" + s.table.name + "\" already exists, skipping");
    return "CREATE TABLE";
  }
  refuse_existing_type(schema, s.table.name, true);
  if (s.columns.size() > columns_max) throw sql_error("54011", "tables can have at most 1600 columns");
  auto table = new_table(s.table.name, schema);
  table.on_commit = s.on_commit;
  std::vector<constraint_request> later;
  make_columns(s, table, later);
  for (auto& c : s.constraints) later.push_back({&c, {}});
  put(table);
  check_nesting(*owner_.definitions(), table);
  // Keys first: foreign keys to the table itself need them.
  auto rank = [](const constraint_request& r) { return r.rule->kind == ast::constraint_kind::primary_key ? 0 : r.rule->kind == ast::constraint_kind::foreign_key ? 2 : 1; };
  std::stable_sort(later.begin(), later.end(), [&](auto& a, auto& b) { return rank(a) < rank(b); });
  for (auto& r : later) add_constraint(table, r, false);
  for (auto& like : s.like) copy_rest(like, table_for(like.table, lock_mode::access_share), table);
  put(table);
  give_defaults(protect(table), schema);
  return "CREATE TABLE";
}

void ddl::make_columns(const ast::create_table_statement& s, table_def& table, std::vector<constraint_request>& later) {
  auto copy = [&](std::size_t before) {
    for (auto& like : s.like) {
      if (like.before != before) continue;
      auto* source = try_table(like.table, lock_mode::access_share);
      if (source == nullptr) {
        throw sql_error(sqlstate::undefined_table, "relation \"" + like.table.name + "\" does not exist").at(like.table.position);
      }
      need(protect(*source), right::select);
      copy_columns(like, *source, table);
    }
  };
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    copy(i);
    table.columns.push_back(make_column(s.columns[i], table, later));
  }
  copy(s.columns.size());
  for (auto& c : s.columns) {
    for (auto& rule : c.constraints) {
      if (rule.kind != ast::constraint_kind::generated) continue;
      (void)check_generated(table, *table.column(c.name), *rule.value);
      auto number = table.column(c.name)->number;
      table.columns[static_cast<std::size_t>(number - 1)].default_text = ast::to_sql(*rule.value);
    }
  }
}

std::string ddl::create_table_as(const ast::create_table_as_statement& s, const session_core::call& c) {
  if (s.materialized_view) return create_materialized_view(s, c);
  begin("CREATE TABLE AS");
  oid schema = owner_.schema_for(s.table, s.persistence, "");
  refuse_on_commit(schema, s.on_commit_given);
  if (exists(schema, s.table.name)) {
    if (!s.if_not_exists) refuse_existing(schema, s.table.name, s.table.position);
    owner_.notice("NOTICE", sqlstate::duplicate_table, "relation \"" + s.table.name + "\" already exists, skipping");
    return "CREATE TABLE AS";
  }
  auto* query = std::get_if<ast::select_statement>(&s.query->node);
  if (query == nullptr) throw sql_error(sqlstate::feature_not_supported, "CREATE TABLE AS of this statement is not supported");
  analysis in(owner_.environment());
  in.parameter_types = c.types;
  binder bind(in);
  auto bound = bind.bind_query(*query->query, nullptr);
  if (s.columns.size() > bound.outputs.size()) throw sql_error(sqlstate::syntax_error, "too many column names were specified");
  (void)owner_.check_access(in.needs);
  schema = owner_.schema_for(s.table, s.persistence, "new table");
  refuse_existing_type(schema, s.table.name, true);
  auto table = new_table(s.table.name, schema);
  table.on_commit = s.on_commit;
  std::vector<std::int16_t> numbers;
  std::vector<expression_ptr> values;
  for (auto& o : bound.outputs) {
    column_def column;
    column.number = static_cast<std::int16_t>(table.columns.size() + 1);
    column.name = table.columns.size() < s.columns.size() ? s.columns[table.columns.size()] : o.name;
    column.type = o.value->type();
    if (table.column(column.name) != nullptr) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + column.name + "\" specified more than once");
    }
    numbers.push_back(column.number);
    values.push_back(o.value);
    table.columns.push_back(std::move(column));
  }
  put(table);
  give_defaults(protect(table), schema);
  if (!s.with_data) return "CREATE TABLE AS";
  work_.lock_relation(table.id, lock_mode::access_exclusive, table.name);
  bound_query insert;
  for (auto& v : values) in.use(*v);
  insert.root = modify_binder(in).insert_rows(table, numbers, bound.root, values);
  auto p = finish_plan(in, plan::kind::insert, std::move(insert));
  auto count = owner_.run_plan(p, c.parameters, c.memory, nullptr);
  return "SELECT " + std::to_string(count);
}

std::string ddl::create_schema(const ast::create_schema_statement& s) {
  begin("CREATE SCHEMA");
  if (s.name.rfind("pg_", 0) == 0) {
    throw sql_error("42939", "unacceptable schema name \"" + s.name + "\"").detail("The prefix \"pg_\" is reserved for system schemas.");
  }
  need(protect_database(*owner_.definitions()), right::create);
  const oid owner = s.owner ? role_oid(*s.owner) : owner_.role_id();
  if (!is_member_of(*owner_.definitions(), owner_.role_id(), owner)) {
    throw sql_error(sqlstate::insufficient_privilege, "must be member of role \"" + owner_.definitions()->find_role(owner)->name + "\"");
  }
  if (owner_.definitions()->find_schema(s.name) != nullptr) {
    if (!s.if_not_exists) throw sql_error("42P06", "schema \"" + s.name + "\" already exists");
    owner_.notice("NOTICE", "42P06", "schema \"" + s.name + "\" already exists, skipping");
    return "CREATE SCHEMA";
  }
  const schema_def schema{owner_.next_oid(), s.name, owner};
  put(schema);
  give_defaults(protect(schema), 0);
  return "CREATE SCHEMA";
}

}  // namespace helios::sql
