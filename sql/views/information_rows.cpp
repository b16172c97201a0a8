// information_schema: tables, columns, schemata, sequences, views, roles, character sets.
#include <algorithm>

#include "sql/catalog/privileges.hpp"
#include "sql/types/type.hpp"
#include "sql/types/type_name.hpp"
#include "sql/views/type_facts.hpp"
#include "sql/views/information_facts.hpp"

namespace helios::sql {
namespace {

const char* yes_or_no(bool v) { return v ? "YES" : "NO"; }

oid current_role(const view_rows& out) {
  const role_def* role = out.definitions->find_role(out.hooks.current_user());
  return role == nullptr ? 0 : role->id;
}
bool is_owner(const view_rows& out, oid owner) { return has_rights_of(*out.definitions, current_role(out), owner); }
/// These views show what the current role owns, or has some right on.
bool shows(const view_rows& out, const protected_object& object) {
  return is_owner(out, object.owner) || rights_of(*out.definitions, current_role(out), object, all_rights(object)) != 0;
}
bool shows_column(const view_rows& out, const table_def& t, const column_def& c) {
  constexpr rights_mask of_columns = right::select | right::insert | right::update | right::references;
  const oid self = current_role(out);
  return is_owner(out, t.owner) || (rights_of(*out.definitions, self, protect(t), of_columns) | rights_of(*out.definitions, self, protect(t, c.number), of_columns)) != 0;
}
bool shows_table(const view_rows& out, const table_def& t) {
  return shows(out, protect(t)) ||
         std::any_of(t.columns.begin(), t.columns.end(), [&](const column_def& c) { return !c.dropped && shows_column(out, t, c); });
}

void table_row(view_rows& out, const std::string& schema, const std::string& name, bool is_view, bool temporary = false) {
  out.row().set("table_catalog", out.definitions->database_name()).set("table_schema", schema).set("table_name", name);
  if (temporary) out.set("commit_action", "PRESERVE");
  out.set("table_type", temporary ? "LOCAL TEMPORARY" : is_view ? "VIEW" : "BASE TABLE").set("is_insertable_into", yes_or_no(!is_view)).set("is_typed", "NO");
}
void table_rows(view_rows& out) {
  for (const auto& view : all_system_views()) table_row(out, view.relation.schema, view.relation.name, view.kind == 'v');
  for (const auto& [id, t] : out.definitions->tables())
    if (t.kind != 'm' && !t.is_composite() && shows_table(out, t))
      table_row(out, out.schema_name(t.schema), t.name, t.is_view(), is_temporary(id));
}
void view_definition_rows(view_rows& out) {
  for (const auto& view : all_system_views()) {
    if (view.kind != 'v') continue;
    out.row().set("table_catalog", out.definitions->database_name()).set("table_schema", view.relation.schema);
    out.set("table_name", view.relation.name).set("check_option", "NONE");
    for (const char* column : {"is_updatable", "is_insertable_into", "is_trigger_updatable", "is_trigger_deletable", "is_trigger_insertable_into"})
      out.set(column, "NO");
  }
  for (const auto& [id, t] : out.definitions->tables()) {
    if (!t.is_view() || !shows_table(out, t)) continue;
    out.row().set("table_catalog", out.definitions->database_name()).set("table_schema", out.schema_name(t.schema)).set("table_name", t.name);
    if (is_owner(out, t.owner)) out.set("view_definition", out.hooks.view_text(id, false));
    out.set("check_option", t.check_option == 'l' ? "LOCAL" : t.check_option == 'c' ? "CASCADED" : "NONE");
    for (const char* column : {"is_updatable", "is_insertable_into", "is_trigger_updatable", "is_trigger_deletable", "is_trigger_insertable_into"})
      out.set(column, "NO");
  }
}

struct number_facts {
  int precision = 0, radix = 2, scale = -1;
};
number_facts number_facts_of(type_ref type) {
  switch (type.id) {
    case type_oid::int2: return {16, 2, 0};
    case type_oid::int4: return {32, 2, 0};
    case type_oid::int8: return {64, 2, 0};
    case type_oid::float4: return {24, 2, -1};
    case type_oid::float8: return {53, 2, -1};
    case type_oid::numeric:
      if (type.modifier < 4) return {0, 10, -1};
      return {((type.modifier - 4) >> 16) & 0xffff, 10, (((type.modifier - 4) & 0x7ff) ^ 1024) - 1024};
    default: return {0, 0, -1};
  }
}
void set_numbers(view_rows& out, type_ref type) {
  const auto n = number_facts_of(type);
  if (n.precision > 0) out.set("numeric_precision", n.precision);
  if (n.radix > 0) out.set("numeric_precision_radix", n.radix);
  if (n.scale >= 0 || (type.id == type_oid::numeric && n.precision > 0)) out.set("numeric_scale", n.scale);
}
void set_lengths(view_rows& out, type_ref type) {
  constexpr std::int64_t unlimited = 1 << 30;
  const bool limited = type.id == type_oid::varchar || type.id == type_oid::bpchar;
  if (limited && type.modifier >= 4)
    out.set("character_maximum_length", type.modifier - 4).set("character_octet_length", (type.modifier - 4) * std::int64_t{4});
  else if (limited || type.id == type_oid::text) out.set("character_octet_length", unlimited);
}
void set_times(view_rows& out, type_ref type) {
  switch (type.id) {
    case type_oid::date: out.set("datetime_precision", 0); break;
    case type_oid::time: case type_oid::timetz: case type_oid::timestamp: case type_oid::timestamptz:
      out.set("datetime_precision", type.modifier >= 0 ? type.modifier : 6);
      break;
    case type_oid::interval:
      out.set("datetime_precision", type.modifier >= 0 && (type.modifier & 0xffff) != 0xffff ? type.modifier & 0xffff : 6);
      break;
    default: break;
  }
}

}  // namespace

std::string schema_of_type(const view_rows& out, const type_ops& type) {
  return type.schema == 0 ? "pg_catalog" : out.schema_name(type.schema);
}

type_ref below_domain(type_ref type) {
  const type_ops* ops = find_type(type.id);
  return ops && ops->kind == 'd' ? type_ref{ops->base, ops->base_modifier} : type;
}

void set_type_columns(view_rows& out, type_ref type) {
  if (element_type(type.id) != 0) out.set("data_type", "ARRAY");
  else if (type.id >= first_defined_oid) out.set("data_type", "USER-DEFINED");
  else out.set("data_type", type.id == type_oid::bpchar ? "character" : format_type({type.id, -1}));
  set_lengths(out, type);
  set_numbers(out, type);
  set_times(out, type);
  const type_facts* facts = find_type_facts(type.id);
  if (!facts || facts->collation != c_collation) return;
  out.set("collation_catalog", out.definitions->database_name()).set("collation_schema", "pg_catalog").set("collation_name", "C");
}

namespace {

struct column_facts {
  std::string schema, table, name, default_text;
  std::size_t number = 0;
  type_ref type;
  bool nullable = true, updatable = true;
};
void column_row(view_rows& out, const column_facts& c) {
  const std::string& catalog = out.definitions->database_name();
  out.row().set("table_catalog", catalog).set("table_schema", c.schema).set("table_name", c.table).set("column_name", c.name);
  out.set("ordinal_position", c.number).set_if("column_default", c.default_text).set("is_nullable", yes_or_no(c.nullable));
  const type_ref stored = below_domain(c.type);
  set_type_columns(out, stored);
  if (const type_def* d = out.definitions->find_type_definition(c.type.id); d && d->kind == 'd')
    out.set("domain_catalog", catalog).set("domain_schema", out.schema_name(d->schema)).set("domain_name", d->name);
  const type_ops& udt = get_type(stored.id);
  out.set("udt_catalog", catalog).set("udt_schema", schema_of_type(out, udt)).set("udt_name", udt.name);
  out.set("dtd_identifier", std::to_string(c.number)).set("is_self_referencing", "NO").set("is_identity", "NO");
  out.set("identity_cycle", "NO").set("is_generated", "NEVER").set("is_updatable", yes_or_no(c.updatable));
}
/// A domain alone, not what it is over, tells whether its columns may be NULL.
bool refuses_null(const view_rows& out, oid type) {
  const type_def* d = out.definitions->find_type_definition(type);
  return d && d->not_null;
}
void stored_column_row(view_rows& out, const table_def& t, const column_def& c) {
  const bool has_default = c.identity == 0 && !c.generated;
  column_row(out, {out.schema_name(t.schema), t.name, c.name, has_default ? with_type_names(c.default_text) : std::string(),
                   static_cast<std::size_t>(c.number), c.type, !c.not_null && !refuses_null(out, c.type.id), t.kind == 'r'});
  if (c.generated) out.set("is_generated", "ALWAYS").set("generation_expression", with_type_names(c.default_text));
  if (c.identity == 0) return;
  out.set("is_identity", "YES").set("identity_generation", c.identity == 'a' ? "ALWAYS" : "BY DEFAULT");
  if (const sequence_def* s = out.definitions->find_sequence(c.owned_sequence)) {
    out.set("identity_start", std::to_string(s->rule.start)).set("identity_increment", std::to_string(s->rule.increment));
    out.set("identity_maximum", std::to_string(s->rule.maximum)).set("identity_minimum", std::to_string(s->rule.minimum));
    out.set("identity_cycle", yes_or_no(s->rule.cycle));
  }
}
void column_rows(view_rows& out) {
  for (const auto& view : all_system_views())
    for (std::size_t i = 0; i < view.relation.columns.size(); ++i)
      column_row(out, {view.relation.schema, view.relation.name, view.relation.columns[i].name, {}, i + 1,
                       view.relation.columns[i].type, !view.not_null[i], view.kind == 'r'});
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& c : t.columns)
      if (!c.dropped && !t.is_composite() && shows_column(out, t, c))
        stored_column_row(out, t, c);
}

void schema_rows(view_rows& out) {
  for (const auto& [id, s] : out.definitions->schemas())
    if (shows(out, protect(s))) out.row().set("catalog_name", out.definitions->database_name()).set("schema_name", s.name)
        .set("schema_owner", out.role_name(s.owner));
}

void sequence_rows(view_rows& out) {
  for (const auto& [id, s] : out.definitions->sequences()) {
    if (!shows(out, protect(s))) continue;
    out.row().set("sequence_catalog", out.definitions->database_name()).set("sequence_schema", out.schema_name(s.schema));
    out.set("sequence_name", s.name).set("data_type", format_type({s.type.id, -1}));
    out.set("numeric_precision", number_facts_of(s.type).precision).set("numeric_precision_radix", 2).set("numeric_scale", 0);
    out.set("start_value", std::to_string(s.rule.start)).set("minimum_value", std::to_string(s.rule.minimum));
    out.set("maximum_value", std::to_string(s.rule.maximum)).set("increment", std::to_string(s.rule.increment));
    out.set("cycle_option", yes_or_no(s.rule.cycle));
  }
}

void catalog_name_rows(view_rows& out) { out.row().set("catalog_name", out.definitions->database_name()); }
void character_set_rows(view_rows& out) {
  out.row().set("character_set_name", "UTF8").set("character_repertoire", "UCS").set("form_of_use", "UTF8");
  out.set("default_collate_catalog", out.definitions->database_name()).set("default_collate_schema", "pg_catalog").set("default_collate_name", "C");
}
void collation_rows(view_rows& out) {
  for (const char* name : {"default", "C", "POSIX"})
    out.row().set("collation_catalog", out.definitions->database_name()).set("collation_schema", "pg_catalog")
        .set("collation_name", name).set("pad_attribute", "NO PAD");
}

}  // namespace

void add_information_rows(row_sources& s) {
  s.emplace("information_schema.tables", table_rows);
  s.emplace("information_schema.views", view_definition_rows);
  s.emplace("information_schema.columns", column_rows);
  s.emplace("information_schema.schemata", schema_rows);
  s.emplace("information_schema.sequences", sequence_rows);
  s.emplace("information_schema.information_schema_catalog_name", catalog_name_rows);
  add_information_access_rows(s);
  s.emplace("information_schema.character_sets", character_set_rows);
  s.emplace("information_schema.collations", collation_rows);
}

}  // namespace helios::sql
