#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

ast::create_view_statement transformer::create_view(const ViewStmt* node) {
  ast::create_view_statement out;
  out.view = relation(node->view);
  out.persistence = node->view->relpersistence;
  out.columns = strings(node->aliases);
  out.query = nested(node->query);
  out.replace = node->replace;
  out.settings = option_list(node->options);
  out.check_option = node->withCheckOption == LOCAL_CHECK_OPTION ? 'l' : node->withCheckOption == CASCADED_CHECK_OPTION ? 'c' : '\0';
  return out;
}

namespace {
struct comment_object {
  ObjectType type;
  ast::comment_statement::kind what;
  const char* name;
};
using comment_kind = ast::comment_statement::kind;
constexpr comment_object comment_objects[] = {
    {OBJECT_TABLE, comment_kind::table, "TABLE"}, {OBJECT_VIEW, comment_kind::view, "VIEW"},
    {OBJECT_MATVIEW, comment_kind::materialized_view, "MATERIALIZED VIEW"}, {OBJECT_COLUMN, comment_kind::column, "COLUMN"},
    {OBJECT_INDEX, comment_kind::index, "INDEX"}, {OBJECT_SEQUENCE, comment_kind::sequence, "SEQUENCE"},
    {OBJECT_TABCONSTRAINT, comment_kind::constraint, "CONSTRAINT"}, {OBJECT_SCHEMA, comment_kind::schema, "SCHEMA"},
    {OBJECT_ROLE, comment_kind::role, "ROLE"}, {OBJECT_DATABASE, comment_kind::database, "DATABASE"},
    {OBJECT_TYPE, comment_kind::type, "TYPE"}, {OBJECT_DOMAIN, comment_kind::domain, "DOMAIN"},
    {OBJECT_DOMCONSTRAINT, comment_kind::domain_constraint, "CONSTRAINT"}};
}  // namespace

ast::comment_statement transformer::comment(const CommentStmt* node) {
  ast::comment_statement out;
  out.kind_name = "this kind of object";
  for (auto& o : comment_objects) {
    if (o.type != node->objtype) continue;
    out.what = o.what;
    out.kind_name = o.name;
  }
  if (node->comment != nullptr) out.text = text_of(node->comment);
  if (out.what == comment_kind::other) return out;
  if (nodeTag(node->object) == T_String) {
    out.name.name = text_of(reinterpret_cast<const String*>(node->object)->sval);
    return out;
  }
  if (nodeTag(node->object) == T_TypeName) {
    out.name = qualified(reinterpret_cast<const TypeName*>(node->object)->names);
    return out;
  }
  auto* list = reinterpret_cast<const List*>(node->object);
  if (out.what == comment_kind::domain_constraint) {
    out.name = qualified(reinterpret_cast<const TypeName*>(list->elements[0].ptr_value)->names);
    out.part = text_of(reinterpret_cast<const String*>(list->elements[1].ptr_value)->sval);
    return out;
  }
  out.name = qualified(list);
  if (out.what != comment_kind::column && out.what != comment_kind::constraint) return out;
  // The last name is the column's or the constraint's.
  out.part = out.name.name;
  out.name.name = out.name.schema;
  out.name.schema = out.name.catalog;
  out.name.catalog.clear();
  return out;
}

ast::like_clause transformer::like(const TableLikeClause* node) {
  ast::like_clause out;
  out.table = relation(node->relation);
  auto has = [node](int option) { return (node->options & static_cast<bits32>(option)) != 0; };
  out.comments = has(CREATE_TABLE_LIKE_COMMENTS);
  out.constraints = has(CREATE_TABLE_LIKE_CONSTRAINTS);
  out.defaults = has(CREATE_TABLE_LIKE_DEFAULTS);
  out.generated = has(CREATE_TABLE_LIKE_GENERATED);
  out.identity = has(CREATE_TABLE_LIKE_IDENTITY);
  out.indexes = has(CREATE_TABLE_LIKE_INDEXES);
  return out;
}

}  // namespace helios::sql::parsing
