// Statements that define types: enums, domains, composite types.
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

bool transformer::type_statement(const Node* node, ast::statement& out) {
  switch (nodeTag(node)) {
    case T_CreateEnumStmt: {
      auto* e = reinterpret_cast<const CreateEnumStmt*>(node);
      out.node = ast::create_enum_statement{qualified(e->typeName), strings(e->vals)};
      return true;
    }
    case T_AlterEnumStmt: {
      auto* e = reinterpret_cast<const AlterEnumStmt*>(node);
      out.node = ast::alter_enum_statement{qualified(e->typeName), text_of(e->oldVal), text_of(e->newVal), text_of(e->newValNeighbor),
                                           e->newValIsAfter, e->skipIfNewValExists};
      return true;
    }
    case T_CreateDomainStmt: out.node = create_domain(reinterpret_cast<const CreateDomainStmt*>(node)); return true;
    case T_AlterDomainStmt: out.node = alter_domain(reinterpret_cast<const AlterDomainStmt*>(node)); return true;
    case T_CompositeTypeStmt: {
      auto* c = reinterpret_cast<const CompositeTypeStmt*>(node);
      ast::create_composite_statement composite;
      composite.name = relation(c->typevar);
      each<ColumnDef>(c->coldeflist, [&](const ColumnDef* d) { composite.columns.push_back(column(d)); });
      out.node = std::move(composite);
      return true;
    }
    case T_AlterObjectSchemaStmt: {
      auto* a = reinterpret_cast<const AlterObjectSchemaStmt*>(node);
      if (a->objectType != OBJECT_TYPE && a->objectType != OBJECT_DOMAIN) return false;
      out.node = ast::move_type_statement{a->objectType == OBJECT_DOMAIN, false, qualified(reinterpret_cast<const List*>(a->object)),
                                          text_of(a->newschema)};
      return true;
    }
    case T_AlterOwnerStmt: {
      auto* a = reinterpret_cast<const AlterOwnerStmt*>(node);
      if (a->objectType != OBJECT_TYPE && a->objectType != OBJECT_DOMAIN) return false;
      std::string owner = a->newowner->roletype == ROLESPEC_CSTRING ? text_of(a->newowner->rolename) : std::string();
      out.node = ast::move_type_statement{a->objectType == OBJECT_DOMAIN, true, qualified(reinterpret_cast<const List*>(a->object)),
                                          std::move(owner)};
      return true;
    }
    default: return false;
  }
}

ast::create_domain_statement transformer::create_domain(const CreateDomainStmt* node) {
  ast::create_domain_statement out;
  out.name = qualified(node->domainname);
  out.base = type(node->typeName);
  if (node->collClause != nullptr) out.collation = strings(node->collClause->collname).back();
  each<Constraint>(node->constraints, [&](const Constraint* c) { out.constraints.push_back(constraint(c)); });
  return out;
}

ast::alter_domain_statement transformer::alter_domain(const AlterDomainStmt* node) {
  using kind = ast::alter_domain_statement::kind;
  ast::alter_domain_statement out;
  out.name = qualified(node->typeName);
  out.constraint_name = text_of(node->name);
  out.cascade = node->behavior == DROP_CASCADE;
  out.if_exists = node->missing_ok;
  switch (node->subtype) {
    case 'T':
      out.what = node->def == nullptr ? kind::drop_default : kind::set_default;
      out.value = expression(node->def);
      break;
    case 'N': out.what = kind::drop_not_null; break;
    case 'O': out.what = kind::set_not_null; break;
    case 'C':
      out.what = kind::add_constraint;
      out.added = constraint(reinterpret_cast<const Constraint*>(node->def));
      break;
    case 'X': out.what = kind::drop_constraint; break;
    default: out.what = kind::validate;
  }
  return out;
}

void transformer::named_type(const TypeName* node, ast::drop_statement& out) {
  out.names.push_back(qualified(node->names));
  out.names.back().position = position(node->location);
}

}  // namespace helios::sql::parsing
