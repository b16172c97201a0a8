#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

namespace {
struct kind_and_name {
  ast::object_kind kind;
  const char* name;
};
kind_and_name object_kind_of(ObjectType type) {
  switch (type) {
    case OBJECT_TABLE: return {ast::object_kind::table, "TABLE"};
    case OBJECT_INDEX: return {ast::object_kind::index, "INDEX"};
    case OBJECT_SEQUENCE: return {ast::object_kind::sequence, "SEQUENCE"};
    case OBJECT_SCHEMA: return {ast::object_kind::schema, "SCHEMA"};
    case OBJECT_VIEW: return {ast::object_kind::view, "VIEW"};
    case OBJECT_MATVIEW: return {ast::object_kind::materialized_view, "MATERIALIZED VIEW"};
    case OBJECT_FUNCTION: return {ast::object_kind::other, "FUNCTION"};
    case OBJECT_TYPE: return {ast::object_kind::type, "TYPE"};
    case OBJECT_DOMAIN: return {ast::object_kind::domain, "DOMAIN"};
    case OBJECT_EXTENSION: return {ast::object_kind::other, "EXTENSION"};
    case OBJECT_TRIGGER: return {ast::object_kind::other, "TRIGGER"};
    default: return {ast::object_kind::other, "OBJECT"};
  }
}
ast::constraint_kind constraint_kind_of(ConstrType type) {
  using kind = ast::constraint_kind;
  switch (type) {
    case CONSTR_NULL: return kind::null;
    case CONSTR_NOTNULL: return kind::not_null;
    case CONSTR_DEFAULT: return kind::default_;
    case CONSTR_IDENTITY: return kind::identity;
    case CONSTR_GENERATED: return kind::generated;
    case CONSTR_CHECK: return kind::check;
    case CONSTR_PRIMARY: return kind::primary_key;
    case CONSTR_UNIQUE: return kind::unique;
    case CONSTR_FOREIGN: return kind::foreign_key;
    default: return kind::other;
  }
}
}  // namespace

char on_commit_of(OnCommitAction action) {
  return action == ONCOMMIT_DELETE_ROWS ? 'd' : action == ONCOMMIT_DROP ? 'D' : 'p';
}

bool transformer::definition_statement(const Node* node, ast::statement& out) {
  switch (nodeTag(node)) {
    case T_CreateStmt: out.node = create_table(reinterpret_cast<const CreateStmt*>(node)); return true;
    case T_CreateTableAsStmt: out = create_table_as(reinterpret_cast<const CreateTableAsStmt*>(node)); return true;
    case T_IndexStmt: out.node = create_index(reinterpret_cast<const IndexStmt*>(node)); return true;
    case T_DropStmt: out = drop(reinterpret_cast<const DropStmt*>(node)); return true;
    case T_AlterTableStmt: out.node = alter_table(reinterpret_cast<const AlterTableStmt*>(node)); return true;
    case T_ViewStmt: out.node = create_view(reinterpret_cast<const ViewStmt*>(node)); return true;
    case T_CommentStmt: out.node = comment(reinterpret_cast<const CommentStmt*>(node)); return true;
    case T_RefreshMatViewStmt: {
      auto* r = reinterpret_cast<const RefreshMatViewStmt*>(node);
      out.node = ast::refresh_statement{relation(r->relation), r->concurrent, !r->skipData};
      return true;
    }
    case T_RenameStmt: out = rename(reinterpret_cast<const RenameStmt*>(node)); return true;
    case T_CreateSeqStmt: {
      auto* s = reinterpret_cast<const CreateSeqStmt*>(node);
      ast::sequence_statement sequence;
      sequence.name = relation(s->sequence);
      sequence.persistence = s->sequence->relpersistence;
      sequence.if_not_exists = s->if_not_exists;
      sequence.settings = option_list(s->options);
      out.node = std::move(sequence);
      return true;
    }
    case T_AlterSeqStmt: {
      auto* s = reinterpret_cast<const AlterSeqStmt*>(node);
      ast::sequence_statement sequence;
      sequence.alter = true;
      sequence.name = relation(s->sequence);
      sequence.if_exists = s->missing_ok;
      sequence.settings = option_list(s->options);
      out.node = std::move(sequence);
      return true;
    }
    case T_CreateSchemaStmt: {
      auto* s = reinterpret_cast<const CreateSchemaStmt*>(node);
      if (s->schemaElts != nullptr) not_supported("CREATE SCHEMA with elements");
      ast::create_schema_statement schema{text_of(s->schemaname), {}, s->if_not_exists};
      if (s->authrole != nullptr) schema.owner = role(s->authrole);
      if (schema.name.empty() && schema.owner) schema.name = schema.owner->name;
      out.node = std::move(schema);
      return true;
    }
    case T_TruncateStmt: {
      auto* t = reinterpret_cast<const TruncateStmt*>(node);
      ast::truncate_statement truncate;
      each<RangeVar>(t->relations, [this, &truncate](const RangeVar* r) { truncate.tables.push_back(relation(r)); });
      truncate.restart_identity = t->restart_seqs;
      truncate.cascade = t->behavior == DROP_CASCADE;
      out.node = std::move(truncate);
      return true;
    }
    default: return upkeep_statement(node, out);
  }
}

/// REINDEX and SET CONSTRAINTS.
bool transformer::upkeep_statement(const Node* node, ast::statement& out) {
  switch (nodeTag(node)) {
    case T_ReindexStmt: {
      auto* r = reinterpret_cast<const ReindexStmt*>(node);
      ast::reindex_statement reindex;
      using kind = ast::reindex_statement::kind;
      reindex.what = r->kind == REINDEX_OBJECT_INDEX    ? kind::index
                     : r->kind == REINDEX_OBJECT_TABLE  ? kind::table
                     : r->kind == REINDEX_OBJECT_SCHEMA ? kind::schema
                     : r->kind == REINDEX_OBJECT_SYSTEM ? kind::system
                                                        : kind::database;
      if (r->relation != nullptr) reindex.relation = relation(r->relation);
      reindex.name = text_of(r->name);
      each<DefElem>(r->params, [&reindex](const DefElem* e) { reindex.concurrent |= text_of(e->defname) == "concurrently"; });
      out.node = std::move(reindex);
      return true;
    }
    case T_ConstraintsSetStmt: {
      auto* c = reinterpret_cast<const ConstraintsSetStmt*>(node);
      ast::set_constraints_statement set;
      set.deferred = c->deferred;
      each<RangeVar>(c->constraints, [this, &set](const RangeVar* r) { set.names.push_back(relation(r)); });
      out.node = std::move(set);
      return true;
    }
    default: return false;
  }
}

ast::create_table_statement transformer::create_table(const CreateStmt* node) {
  ast::create_table_statement out;
  if (node->ofTypename != nullptr) not_supported("CREATE TABLE OF a type");
  out.table = relation(node->relation);
  out.persistence = node->relation->relpersistence;
  out.if_not_exists = node->if_not_exists;
  out.partitioned = node->partspec != nullptr || node->partbound != nullptr;
  out.inherits = node->inhRelations != nullptr && node->partbound == nullptr;
  each<Node>(node->tableElts, [this, &out](const Node* n) {
    if (nodeTag(n) == T_ColumnDef) out.columns.push_back(column(reinterpret_cast<const ColumnDef*>(n)));
    else if (nodeTag(n) == T_Constraint) out.constraints.push_back(constraint(reinterpret_cast<const Constraint*>(n)));
    else if (nodeTag(n) == T_TableLikeClause) {
      out.like.push_back(like(reinterpret_cast<const TableLikeClause*>(n)));
      out.like.back().before = out.columns.size();
    }
  });
  out.settings = option_list(node->options);
  out.on_commit = on_commit_of(node->oncommit);
  out.on_commit_given = node->oncommit != ONCOMMIT_NOOP;
  return out;
}

namespace {
/// DEFERRABLE and its kin belong to the constraint before them. False when the node is none of them.
bool constraint_attribute(const Constraint* node, std::vector<ast::constraint>& list, ConstrType before, int position) {
  auto fits = [&list] {
    using kind = ast::constraint_kind;
    return !list.empty() && (list.back().kind == kind::primary_key || list.back().kind == kind::unique || list.back().kind == kind::foreign_key);
  };
  const char* name = node->contype == CONSTR_ATTR_DEFERRABLE       ? "DEFERRABLE"
                     : node->contype == CONSTR_ATTR_NOT_DEFERRABLE ? "NOT DEFERRABLE"
                     : node->contype == CONSTR_ATTR_DEFERRED       ? "INITIALLY DEFERRED"
                     : node->contype == CONSTR_ATTR_IMMEDIATE      ? "INITIALLY IMMEDIATE"
                                                                   : nullptr;
  if (name == nullptr) return false;
  if (!fits()) throw sql_error(sqlstate::syntax_error, std::string("misplaced ") + name + " clause").at(position);
  if (node->contype == CONSTR_ATTR_DEFERRED && before == CONSTR_ATTR_NOT_DEFERRABLE) {
    throw sql_error(sqlstate::syntax_error, "constraint declared INITIALLY DEFERRED must be DEFERRABLE").at(position);
  }
  if (node->contype == CONSTR_ATTR_DEFERRABLE) list.back().deferrable = true;
  if (node->contype == CONSTR_ATTR_DEFERRED) list.back().deferrable = list.back().initially_deferred = true;
  return true;
}
}  // namespace

ast::table_column transformer::column(const ColumnDef* node) {
  ast::table_column out;
  out.name = text_of(node->colname);
  out.position = position(node->location);
  if (node->typeName != nullptr) out.type = type(node->typeName);
  if (node->collClause != nullptr) out.collation = strings(node->collClause->collname).back();
  auto before = CONSTR_NULL;
  each<Constraint>(node->constraints, [this, &out, &before](const Constraint* c) {
    if (!constraint_attribute(c, out.constraints, before, position(c->location))) out.constraints.push_back(constraint(c));
    before = c->contype;
  });
  if (node->raw_default != nullptr) {
    ast::constraint value;
    value.kind = ast::constraint_kind::default_;
    value.value = expression(node->raw_default);
    out.constraints.push_back(std::move(value));
  }
  return out;
}

ast::constraint transformer::constraint(const Constraint* node) {
  ast::constraint out;
  out.kind = constraint_kind_of(node->contype);
  out.name = text_of(node->conname);
  out.position = position(node->location);
  out.value = expression(node->raw_expr);
  out.columns = strings(node->contype == CONSTR_FOREIGN ? node->fk_attrs : node->keys);
  if (node->pktable != nullptr) {
    out.referenced = relation(node->pktable);
    out.referenced_columns = strings(node->pk_attrs);
    if (node->fk_del_action != 0) out.on_delete = node->fk_del_action;
    if (node->fk_upd_action != 0) out.on_update = node->fk_upd_action;
    out.match_full = node->fk_matchtype == 'f';
    out.delete_columns = strings(node->fk_del_set_cols);
  }
  if (node->contype == CONSTR_EXCLUSION) not_supported("EXCLUDE constraint", out.position);
  out.deferrable = node->deferrable;
  out.initially_deferred = node->initdeferred;
  out.nulls_not_distinct = node->nulls_not_distinct;
  out.included = strings(node->including);
  out.not_valid = node->skip_validation;
  out.always = node->generated_when == 'a';
  out.index = text_of(node->indexname);
  out.settings = option_list(node->options);
  return out;
}

ast::statement transformer::create_table_as(const CreateTableAsStmt* node) {
  ast::create_table_as_statement out;
  out.table = relation(node->into->rel);
  out.persistence = node->into->rel->relpersistence;
  out.on_commit = on_commit_of(node->into->onCommit);
  out.on_commit_given = node->into->onCommit != ONCOMMIT_NOOP;
  out.columns = strings(node->into->colNames);
  out.query = nested(node->query);
  out.if_not_exists = node->if_not_exists;
  out.with_data = !node->into->skipData;
  out.materialized_view = node->objtype == OBJECT_MATVIEW;
  return {std::move(out)};
}

ast::create_index_statement transformer::create_index(const IndexStmt* node) {
  ast::create_index_statement out;
  out.name = text_of(node->idxname);
  out.table = relation(node->relation);
  out.method = text_of(node->accessMethod);
  out.unique = node->unique;
  out.if_not_exists = node->if_not_exists;
  out.concurrent = node->concurrent;
  out.nulls_not_distinct = node->nulls_not_distinct;
  out.where = expression(node->whereClause);
  each<IndexElem>(node->indexParams, [this, &out](const IndexElem* e) { out.elements.push_back(index_element(e)); });
  each<IndexElem>(node->indexIncludingParams, [this, &out](const IndexElem* e) { out.included.push_back(index_element(e)); });
  return out;
}

ast::index_element transformer::index_element(const IndexElem* node) {
  ast::index_element out;
  out.column = text_of(node->name);
  out.value = expression(node->expr);
  if (node->opclass != nullptr) out.operator_class = strings(node->opclass).back();
  if (node->ordering == SORTBY_DESC) out.order = ast::sort_item::direction::descending;
  if (node->ordering == SORTBY_ASC) out.order = ast::sort_item::direction::ascending;
  if (node->nulls_ordering == SORTBY_NULLS_FIRST) out.null_order = ast::sort_item::nulls::first;
  if (node->nulls_ordering == SORTBY_NULLS_LAST) out.null_order = ast::sort_item::nulls::last;
  return out;
}

ast::statement transformer::drop(const DropStmt* node) {
  ast::drop_statement out;
  auto kind = object_kind_of(node->removeType);
  out.kind = kind.kind;
  out.kind_name = kind.name;
  out.if_exists = node->missing_ok;
  out.cascade = node->behavior == DROP_CASCADE;
  out.concurrent = node->concurrent;
  each<Node>(node->objects, [this, &out](const Node* n) {
    if (nodeTag(n) == T_List) {
      out.names.push_back(qualified(reinterpret_cast<const List*>(n)));
    } else if (nodeTag(n) == T_String) {
      out.names.push_back({{}, {}, text_of(reinterpret_cast<const String*>(n)->sval), 0});
    } else if (nodeTag(n) == T_TypeName) {
      named_type(reinterpret_cast<const TypeName*>(n), out);
    }
  });
  return {std::move(out)};
}

ast::alter_table_statement transformer::alter_table(const AlterTableStmt* node) {
  ast::alter_table_statement out;
  out.table = relation(node->relation);
  out.kind = object_kind_of(node->objtype).kind;
  out.if_exists = node->missing_ok;
  each<AlterTableCmd>(node->cmds, [this, &out](const AlterTableCmd* c) { out.commands.push_back(alter_command(c)); });
  return out;
}

ast::alter_table_command transformer::alter_command(const AlterTableCmd* node) {
  using kind = ast::alter_table_command::kind;
  ast::alter_table_command out;
  out.name = text_of(node->name);
  out.cascade = node->behavior == DROP_CASCADE;
  switch (node->subtype) {
    case AT_AddColumn:
      out.what = kind::add_column;
      out.if_not_exists = node->missing_ok;
      out.column = column(reinterpret_cast<const ColumnDef*>(node->def));
      break;
    case AT_DropColumn: out.what = kind::drop_column; out.if_exists = node->missing_ok; break;
    case AT_AddConstraint:
      out.what = kind::add_constraint;
      out.added = constraint(reinterpret_cast<const Constraint*>(node->def));
      break;
    case AT_DropConstraint: out.what = kind::drop_constraint; out.if_exists = node->missing_ok; break;
    case AT_ColumnDefault:
      out.what = node->def == nullptr ? kind::drop_default : kind::set_default;
      out.value = expression(node->def);
      break;
    case AT_SetNotNull: out.what = kind::set_not_null; break;
    case AT_DropNotNull: out.what = kind::drop_not_null; break;
    case AT_AlterColumnType: {
      auto* definition = reinterpret_cast<const ColumnDef*>(node->def);
      out.what = kind::alter_type;
      out.column.type = type(definition->typeName);
      out.value = expression(definition->raw_default);
      break;
    }
    case AT_ChangeOwner: out.what = kind::owner; out.owner_to = role(node->newowner); break;
    case AT_DropExpression: out.what = kind::drop_expression; out.if_exists = node->missing_ok; break;
    case AT_DropIdentity: out.what = kind::drop_identity; out.if_exists = node->missing_ok; break;
    case AT_AddIdentity:
      out.what = kind::add_identity;
      out.added = constraint(reinterpret_cast<const Constraint*>(node->def));
      break;
    case AT_SetIdentity:
      out.what = kind::set_identity;
      each<DefElem>(reinterpret_cast<const List*>(node->def), [&out](const DefElem* e) {
        if (text_of(e->defname) != "generated") return;
        out.added.always = reinterpret_cast<const Integer*>(e->arg)->ival == 'a';
        out.added.kind = ast::constraint_kind::identity;
      });
      break;
    case AT_ValidateConstraint: out.what = kind::validate_constraint; break;
    case AT_AlterConstraint:
      out.what = kind::alter_constraint;
      out.added = constraint(reinterpret_cast<const Constraint*>(node->def));
      break;
    case AT_SetRelOptions: case AT_ResetRelOptions:
      out.what = kind::set_options;
      out.reset = node->subtype == AT_ResetRelOptions;
      out.settings = option_list(reinterpret_cast<const List*>(node->def));
      break;
    default: out.what = kind::other;
  }
  return out;
}

ast::statement transformer::rename(const RenameStmt* node) {
  using kind = ast::rename_statement::kind;
  ast::rename_statement out;
  if (node->relation != nullptr) out.name = relation(node->relation);
  out.from = text_of(node->subname);
  out.to = text_of(node->newname);
  out.if_exists = node->missing_ok;
  out.of = object_kind_of(node->relationType).kind;
  switch (node->renameType) {
    case OBJECT_TABLE: out.what = kind::table; break;
    case OBJECT_COLUMN: out.what = kind::column; break;
    case OBJECT_TABCONSTRAINT: out.what = kind::constraint; break;
    case OBJECT_INDEX: out.what = kind::index; break;
    case OBJECT_SEQUENCE: out.what = kind::sequence; break;
    case OBJECT_SCHEMA: out.what = kind::schema; break;
    case OBJECT_VIEW: out.what = kind::view; break;
    case OBJECT_MATVIEW: out.what = kind::materialized_view; break;
    case OBJECT_ATTRIBUTE: out.what = kind::attribute; break;
    case OBJECT_TYPE: case OBJECT_DOMAIN: case OBJECT_DOMCONSTRAINT:
      out.what = node->renameType == OBJECT_TYPE ? kind::type : node->renameType == OBJECT_DOMAIN ? kind::domain : kind::domain_constraint;
      out.name = qualified(reinterpret_cast<const List*>(node->object));
      break;
    case OBJECT_ROLE: out.what = kind::role; break;
    default: out.what = kind::other;
  }
  return {std::move(out)};
}

}  // namespace helios::sql::parsing
