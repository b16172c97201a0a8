// What all defined types share: names, DROP, RENAME, OWNER TO, SET SCHEMA, and what depends on a type.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/types/type_name.hpp"

namespace helios::sql {

using storage::lock_mode;

namespace {
bool names_type(const std::string& text, oid type, oid array) {
  bool found = false;
  if (!text.empty()) for_each_stored_type(text, [&](oid id) { found = found || id == type || id == array; });
  return found;
}
bool is_of(type_ref type, oid id, oid array) { return type.id == id || (array != 0 && type.id == array); }
}  // namespace

oid ddl::schema_of_type(const ast::relation_name& name) { return owner_.schema_of(name, "type"); }

std::string ddl::free_array_name(oid schema, const std::string& name) const {
  auto all = owner_.definitions();
  return array_type_name(name, [&](const std::string& n) { return all->types().find(schema, n) != nullptr; });
}

void ddl::refuse_existing_type(oid schema, const std::string& name, bool of_relation) {
  auto all = owner_.definitions();
  auto* known = all->types().find(schema, name);
  if (known == nullptr) return;
  if (known->element == 0) {
    sql_error e(sqlstate::duplicate_object, "type \"" + name + "\" already exists");
    if (of_relation) {
      e.report().hint = "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.";
    }
    throw e;
  }
  // Row types make their arrays' names around what is there.
  auto* of = all->find_type_definition(known->element);
  if (of == nullptr) return;
  auto changed = *of;
  changed.array_name = free_array_name(schema, name);
  put(changed);
}

const type_ops* ddl::find_type_of(const ast::relation_name& name) {
  auto find = [&]() -> const type_ops* {
    if (name.schema.empty()) {
      if (auto* built_in = find_type(std::string_view(name.name)); built_in != nullptr) return built_in;
    }
    if (name.schema == "pg_catalog") return find_type(std::string_view(name.name));
    return owner_.find_defined(name.schema, name.name);
  };
  auto* type = find();
  if (type == nullptr || type->id < first_defined_oid) return type;
  work_.lock_relation(type->id, lock_mode::access_exclusive, name.name);
  work_.begin_statement();
  return find();
}

const type_ops& ddl::type_for(const ast::relation_name& name) {
  auto* type = find_type_of(name);
  if (type == nullptr) {
    auto full = name.schema.empty() ? name.name : name.schema + "." + name.name;
    throw sql_error(sqlstate::undefined_object, "type \"" + full + "\" does not exist");
  }
  return *type;
}

void ddl::use_type(type_ref type) {
  auto id = type.id;
  if (id >= first_defined_oid && get_type(id).element != 0) id = get_type(id).element;
  if (id < first_defined_oid) return;
  work_.lock_relation(id, lock_mode::access_share, get_type(id).name);
}

void ddl::put_new_type(type_def type, const ast::relation_name& name) {
  type.schema = schema_of_type(name);
  type.name = name.name;
  type.owner = owner_.role_id();
  (void)work_.lock({storage::lock_kind::unique_key, storage::catalog_space.value, std::to_string(type.schema) + "/" + name.name},
                   lock_mode::access_exclusive, row_wait::wait, [&name] { return "type \"" + name.name + "\""; });
  work_.begin_statement();
  refuse_existing_type(type.schema, type.name);
  type.array_name = free_array_name(type.schema, type.name);
  type.id = owner_.next_oid();
  type.array = owner_.next_oid();
  put(type);
}

std::string ddl::described_type(const type_ops& type) const { return "type " + format_type({type.id, -1}); }

/// A literal is written with its type, as PostgreSQL shows it.
std::string ddl::stored_default(const ast::expr& value, type_ref type) const {
  if (value.kind == ast::expr_kind::null) return {};
  auto text = ast::to_sql(value);
  bool literal = value.kind == ast::expr_kind::string && type.id >= first_defined_oid && get_type(type.id).kind != 'd';
  return literal ? text + "::" + stored_type_name({type.id, -1}) : text;
}

namespace {
[[noreturn]] void cannot_drop(const std::string& what, const std::string& why, std::string hint = {}) {
  throw sql_error(sqlstate::dependent_objects_still_exist, "cannot drop " + what + " because " + why).hint(std::move(hint));
}

void check_droppable(const type_ops& type, const catalog& all, bool domain) {
  auto shown = format_type({type.id, -1});
  if (domain && type.kind != 'd') throw sql_error("42809", "\"" + std::string(type.name) + "\" is not a domain");
  if (type.id < first_defined_oid) cannot_drop("type " + shown, "it is required by the database system");
  if (type.element != 0) {
    auto element = format_type({type.element, -1});
    cannot_drop("type " + shown, "type " + element + " requires it", "You can drop type " + element + " instead.");
  }
  if (type.kind != 'c') return;
  auto* relation = all.find_table(type.relation);
  if (relation->is_composite()) return;
  auto what = std::string(relation->kind == 'v' ? "view " : relation->kind == 'm' ? "materialized view " : "table ") + shown;
  cannot_drop("type " + shown, what + " requires it", "You can drop " + what + " instead.");
}
}  // namespace

void ddl::drop_types(const ast::drop_statement& s) {
  bool domain = s.kind == ast::object_kind::domain;
  drop_work drops;
  drops.cascade = s.cascade;
  std::vector<oid> order;
  for (auto& name : s.names) {
    bool no_schema = !name.schema.empty() && name.schema != "pg_catalog" && owner_.definitions()->find_schema(name.schema) == nullptr;
    auto* type = no_schema ? nullptr : find_type_of(name);
    if (type == nullptr) {
      auto full = name.schema.empty() ? name.name : name.schema + "." + name.name;
      auto message = no_schema ? "schema \"" + name.schema + "\" does not exist" : "type \"" + full + "\" does not exist";
      if (!s.if_exists) throw sql_error(no_schema ? sqlstate::invalid_schema_name : sqlstate::undefined_object, message);
      owner_.notice("NOTICE", sqlstate::successful_completion, message + ", skipping");
      continue;
    }
    check_droppable(*type, *owner_.definitions(), domain);
    if (drops.tables.insert(type->id).second) order.push_back(type->id);
  }
  std::string what = "desired object(s)";
  if (order.size() == 1) what = described_type(get_type(order[0]));
  for (oid id : order) {
    if (auto* type = find_type(id); type != nullptr) drop_type(*type, drops);
  }
  finish_drops(drops, what);
}

/// With RESTRICT nothing changes where something depends on it; the caller reports.
void ddl::drop_type(const type_ops& type, drop_work& drops) {
  oid id = type.id, array = type.array_type, relation = type.relation;
  drop_uses_of_type(type, drops);
  if (!drops.cascade && !drops.dependents.empty()) return;
  forget_dropped_columns(id);
  forget_dropped_columns(array);
  erase_comments(1247, id, 0);
  if (relation != 0) {
    erase_comments(1259, relation, 0);
    erase(definition_kind::table, relation);
    return;
  }
  auto rules = owner_.definitions()->find_type_definition(id)->constraints;
  for (auto& c : rules) erase_comments(2606, c.id, 0);
  erase(definition_kind::type, id);
}

/// Values of a column that is gone stay in the rows: it keeps a type that reads over them.
void ddl::forget_dropped_columns(oid type) {
  if (type == 0) return;
  auto* ops = find_type(type);
  bool inline_value = ops != nullptr && ops->storage().inline_value;
  oid stands_for = inline_value ? ops->storage().id : oid{type_oid::bytea};
  auto all = owner_.definitions();
  for (auto& [id, table] : all->tables()) {
    bool has = std::any_of(table.columns.begin(), table.columns.end(), [&](auto& c) { return c.dropped && c.type.id == type; });
    if (!has) continue;
    auto changed = current(id);
    for (auto& c : changed.columns) {
      if (c.dropped && c.type.id == type) c.type = {stands_for, -1};
    }
    put(changed);
  }
}

namespace {
std::string column_of_relation(const column_def& c, const table_def& t, const std::string& shown) {
  return "column " + c.name + " of " + (t.is_composite() ? "composite type " : t.kind == 'm' ? "materialized view " : "table ") + shown;
}
}  // namespace

void ddl::drop_default_or_check(const table_def& table, oid type, const std::string& what, drop_work& drops) {
  oid array = get_type(type).array_type;
  auto shown = owner_.relation_name(table.id);
  auto report = [&](const std::string& object) {
    drops.dependents.push_back(drops.cascade ? "drop cascades to " + object : object + " depends on " + what);
  };
  auto changed = table;
  bool any = false;
  for (auto& c : changed.columns) {
    if (c.dropped || is_of(c.type, type, array) || !names_type(c.default_text, type, array)) continue;
    report("default value for column " + c.name + " of table " + shown);
    c.default_text.clear();
    any = true;
  }
  std::erase_if(changed.constraints, [&](auto& rule) {
    if (!names_type(rule.check_text, type, array)) return false;
    report("constraint " + rule.name + " on table " + shown);
    return any = true;
  });
  if (any && drops.cascade) put(changed);
}

void ddl::drop_uses_of_type(const type_ops& type, drop_work& drops) {
  const oid id = type.id, array = type.array_type;
  const std::string what = described_type(type), array_what = "type " + format_type({array, -1});
  auto all = owner_.definitions();
  for (auto& [table_id, table] : all->tables()) {
    if (row_type_of(table_id) == id) continue;
    auto shown = owner_.relation_name(table_id);
    if (table.is_view()) {
      bool uses = names_type(table.definition, id, array) ||
                  std::any_of(table.columns.begin(), table.columns.end(), [&](auto& c) { return !c.dropped && is_of(c.type, id, array); });
      if (!uses || !drops.tables.insert(table_id).second) continue;
      drops.dependents.push_back(drops.cascade ? "drop cascades to view " + shown : "view " + shown + " depends on " + what);
      if (drops.cascade) drop_view(table, drops);
      continue;
    }
    if (drops.tables.count(table_id) > 0) continue;
    for (auto& c : table.columns) {
      if (c.dropped || !is_of(c.type, id, array)) continue;
      auto object = column_of_relation(c, table, shown);
      drops.dependents.push_back(drops.cascade ? "drop cascades to " + object
                                               : object + " depends on " + (c.type.id == id ? what : array_what));
      if (!drops.cascade) continue;
      work_.lock_relation(table_id, lock_mode::access_exclusive, table.name);
      if (table.is_composite()) check_row_type_unused(table);
      auto changed = current(table_id);
      ast::alter_table_command command;
      command.name = c.name;
      command.cascade = true;
      drop_column(changed, command);
      put(changed);
    }
    if (owner_.definitions()->find_table(table_id) != nullptr) drop_default_or_check(current(table_id), id, what, drops);
  }
  for (auto& [domain_id, domain] : all->type_definitions()) {
    if (domain.kind != 'd' || !is_of(domain.base, id, array) || !drops.tables.insert(domain_id).second) continue;
    auto object = described_type(get_type(domain_id));
    drops.dependents.push_back(drops.cascade ? "drop cascades to " + object : object + " depends on " + (domain.base.id == id ? what : array_what));
    if (drops.cascade) drop_type(get_type(domain_id), drops);
    else drop_uses_of_type(get_type(domain_id), drops);
  }
}

std::string ddl::rename_type(const ast::rename_statement& s) {
  bool domain = s.what == ast::rename_statement::kind::domain;
  auto& type = type_for(s.name);
  auto shown = format_type({type.id, -1});
  if (domain && type.kind != 'd') throw sql_error("42809", shown + " is not a domain");
  if (type.id < first_defined_oid) throw sql_error(sqlstate::insufficient_privilege, "must be owner of type " + shown);
  if (type.element != 0) {
    throw sql_error("42809", "cannot alter array type " + shown)
        .hint("You can alter type " + format_type({type.element, -1}) + ", which will alter the array type as well.");
  }
  auto all = owner_.definitions();
  if (type.kind == 'c') {
    auto relation = current(type.relation);
    if (!relation.is_composite()) throw sql_error("42809", shown + " is a table's row type").hint("Use ALTER TABLE instead.");
    refuse_existing(relation.schema, s.to, 0);
    refuse_existing_type(relation.schema, s.to);
    relation.name = s.to;
    put(relation);
    return "ALTER TYPE";
  }
  refuse_existing_type(type.schema, s.to);
  auto changed = *owner_.definitions()->find_type_definition(type.id);
  changed.name = s.to;
  changed.array_name = free_array_name(changed.schema, s.to);
  put(changed);
  return domain ? "ALTER DOMAIN" : "ALTER TYPE";
}

std::string ddl::move_type(const ast::move_type_statement& s) {
  auto tag = s.domain ? "ALTER DOMAIN" : "ALTER TYPE";
  begin(tag);
  auto& type = type_for(s.name);
  auto shown = format_type({type.id, -1});
  if (s.domain && type.kind != 'd') throw sql_error("42809", shown + " is not a domain");
  if (type.id < first_defined_oid) throw sql_error(sqlstate::insufficient_privilege, "must be owner of type " + shown);
  if (type.element != 0) {
    throw sql_error("42809", "cannot alter array type " + shown)
        .hint("You can alter type " + format_type({type.element, -1}) + ", which will alter the array type as well.");
  }
  auto all = owner_.definitions();
  oid to = 0;
  if (s.owner) {
    auto* role = s.to.empty() ? nullptr : all->find_role(s.to);
    if (role == nullptr && !s.to.empty()) throw sql_error(sqlstate::undefined_object, "role \"" + s.to + "\" does not exist");
    to = role == nullptr ? owner_.role_id() : role->id;
  } else {
    auto* schema = all->find_schema(s.to);
    if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + s.to + "\" does not exist");
    to = schema->id;
    if (to != type.schema && all->types().find(to, type.name) != nullptr) {
      throw sql_error(sqlstate::duplicate_object, "type \"" + std::string(type.name) + "\" already exists in schema \"" + s.to + "\"");
    }
  }
  if (type.kind == 'c') {
    auto relation = current(type.relation);
    if (!relation.is_composite()) throw sql_error("42809", shown + " is a table's row type").hint("Use ALTER TABLE instead.");
    (s.owner ? relation.owner : relation.schema) = to;
    put(relation);
    return tag;
  }
  auto changed = *all->find_type_definition(type.id);
  if (s.owner) {
    changed.owner = to;
  } else {
    changed.array_name = free_array_name(to, changed.name);
    changed.schema = to;
  }
  put(changed);
  return tag;
}

}  // namespace helios::sql
