// COMMENT ON, and the end of comments with their objects.

#include "base/sql_error.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

namespace {

constexpr oid of_relations = 1259, of_constraints = 2606, of_schemas = 2615, of_roles = 1260, of_databases = 1262, the_database = 5;
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
    case comment_kind::other: throw sql_error(sqlstate::feature_not_supported, "COMMENT ON " + s.kind_name + " is not supported");
    default: return relation_subject(owner, s);
  }
}

}  // namespace

std::string ddl::comment(const ast::comment_statement& s) {
  begin("COMMENT");
  auto about = subject_of(owner_, s);
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

/// `column` 0: of the object and of all its columns.
void ddl::erase_comments(oid class_id, oid object, std::int16_t column) {
  auto definitions = owner_.definitions();
  for (auto& [id, c] : definitions->comments()) {
    if (c.class_id == class_id && c.object == object && (column == 0 || c.column == column)) erase(definition_kind::comment, id);
  }
}

}  // namespace helios::sql
