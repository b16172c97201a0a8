// COMMENT ON, and the end of comments (and access lists) with their objects.

#include "base/sql_error.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

namespace {

constexpr oid of_relations = 1259, of_constraints = 2606, of_schemas = 2615, of_roles = 1260, of_databases = 1262, of_types = 1247, the_database = 5;
using comment_kind = ast::comment_statement::kind;

std::string shown(const ast::relation_name& n) { return n.schema.empty() ? n.name : n.schema + "." + n.name; }
std::string quoted(const ast::relation_name& n) {
  auto own = ast::quote_identifier(n.name);
  return n.schema.empty() ? own : ast::quote_identifier(n.schema) + "." + own;
}

struct subject {
  oid class_id = of_relations, object = 0;
  std::int16_t column = 0;
};

subject relation_subject(session_core& owner, const ast::comment_statement& s) {
  oid id = owner.find_relation(quoted(s.name));
  auto c = owner.definitions();
  auto* table = c->find_table(id);
  if (id == 0) throw sql_error(sqlstate::undefined_table, "relation \"" + shown(s.name) + "\" does not exist");
  auto wrong = [&s](const char* what) { throw sql_error("42809", "\"" + s.name.name + "\" is not " + what); };
  switch (s.what) {
    case comment_kind::table: if (table == nullptr || table->kind != 'r') wrong("a table"); break;
    case comment_kind::view: if (table == nullptr || table->kind != 'v') wrong("a view"); break;
    case comment_kind::materialized_view: if (table == nullptr || table->kind != 'm') wrong("a materialized view"); break;
    case comment_kind::index: if (c->find_index(id) == nullptr) wrong("an index"); break;
    case comment_kind::sequence: if (c->find_sequence(id) == nullptr) wrong("a sequence"); break;
    default: break;
  }
  subject out{of_relations, id, 0};
  if (s.what != comment_kind::column) return out;
  if (table == nullptr) wrong("a table, view, materialized view, composite type, or foreign table");
  auto* column = table->column(s.part);
  if (column == nullptr) {
    throw sql_error(sqlstate::undefined_column, "column \"" + s.part + "\" of relation \"" + s.name.name + "\" does not exist");
  }
  out.column = column->number;
  return out;
}

subject constraint_subject(session_core& owner, const ast::comment_statement& s) {
  auto c = owner.definitions();
  auto* table = c->find_table(owner.find_relation(quoted(s.name)));
  if (table == nullptr) throw sql_error(sqlstate::undefined_table, "relation \"" + shown(s.name) + "\" does not exist");
  for (auto& rule : table->constraints) {
    if (rule.name == s.part) return {of_constraints, rule.id, 0};
  }
  throw sql_error(sqlstate::undefined_object, "constraint \"" + s.part + "\" for table \"" + table->name + "\" does not exist");
}

subject type_subject(session_core& owner, const ast::comment_statement& s) {
  auto* type = s.name.schema.empty() || s.name.schema == "pg_catalog" ? find_type(std::string_view(s.name.name)) : nullptr;
  if (type == nullptr) type = owner.find_defined(s.name.schema, s.name.name);
  if (type == nullptr) throw sql_error(sqlstate::undefined_object, "type \"" + shown(s.name) + "\" does not exist");
  if (s.what == comment_kind::type) return {of_types, type->id, 0};
  if (type->kind != 'd') throw sql_error("42809", "\"" + s.name.name + "\" is not a domain");
  if (s.what == comment_kind::domain) return {of_types, type->id, 0};
  auto definitions = owner.definitions();
  for (auto& rule : definitions->find_type_definition(type->id)->constraints) {
    if (rule.name == s.part) return {of_constraints, rule.id, 0};
  }
  throw sql_error(sqlstate::undefined_object, "constraint \"" + s.part + "\" for domain " + format_type({type->id, -1}) + " does not exist");
}

subject subject_of(session_core& owner, const ast::comment_statement& s) {
  auto c = owner.definitions();
  switch (s.what) {
    case comment_kind::constraint: return constraint_subject(owner, s);
    case comment_kind::schema: {
      auto* schema = c->find_schema(s.name.name);
      if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + s.name.name + "\" does not exist");
      return {of_schemas, schema->id, 0};
    }
    case comment_kind::role: {
      auto* role = c->find_role(s.name.name);
      if (role == nullptr) throw sql_error(sqlstate::undefined_object, "role \"" + s.name.name + "\" does not exist");
      return {of_roles, role->id, 0};
    }
    case comment_kind::database:
      if (s.name.name != c->database_name()) throw sql_error(sqlstate::invalid_catalog_name, "database \"" + s.name.name + "\" does not exist");
      return {of_databases, the_database, 0};
    case comment_kind::type: case comment_kind::domain: case comment_kind::domain_constraint: return type_subject(owner, s);
    case comment_kind::other: throw sql_error(sqlstate::feature_not_supported, "COMMENT ON " + s.kind_name + " is not supported");
    default: return relation_subject(owner, s);
  }
}

}  // namespace

std::string ddl::comment(const ast::comment_statement& s) {
  begin("COMMENT");
  auto about = subject_of(owner_, s);
  own_subject(about.class_id, about.object);
  auto definitions = owner_.definitions();
  auto* old = definitions->find_comment(about.class_id, about.object, about.column);
  if (!s.text || s.text->empty()) {
    if (old != nullptr) erase(definition_kind::comment, old->id);
    return "COMMENT";
  }
  comment_def fresh{old != nullptr ? old->id : is_temporary(about.object) ? owner_.next_temporary_oid() : owner_.next_oid(), about.class_id, about.object, about.column, *s.text};
  put(fresh);
  return "COMMENT";
}

/// Only the owner says what an object is for.
void ddl::own_subject(oid class_id, oid object) const {
  auto c = owner_.definitions();
  if (class_id == of_relations) {
    auto* table = c->find_table(object);
    if (auto* index = c->find_index(object); index != nullptr) table = c->find_table(index->table);
    if (table != nullptr) own(protect(*table));
    else if (auto* sequence = c->find_sequence(object); sequence != nullptr) own(protect(*sequence));
  } else if (class_id == of_schemas) {
    own(protect(*c->find_schema(object)));
  } else if (class_id == of_databases) {
    own(protect_database(*c));
  } else if (class_id == of_constraints) {
    for (auto& [id, table] : c->tables()) {
      for (auto& rule : table.constraints) {
        if (rule.id == object) own(protect(table));
      }
    }
  } else if (auto* self = c->find_role(owner_.role_id()); self == nullptr || (!self->superuser && !self->create_role)) {
    throw sql_error(sqlstate::insufficient_privilege, "must be superuser to comment on roles");
  }
}

/// `column` 0: of the object and of all its columns.
void ddl::erase_comments(oid class_id, oid object, std::int16_t column) {
  auto definitions = owner_.definitions();
  for (auto& [id, c] : definitions->comments()) {
    if (c.class_id == class_id && c.object == object && (column == 0 || c.column == column)) erase(definition_kind::comment, id);
  }
  erase_access(class_id, object, column);
}

}  // namespace helios::sql
