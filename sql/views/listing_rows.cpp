// pg_tables, pg_indexes, pg_views, pg_sequences, pg_settings, pg_language.
#include "sql/functions/definition_text.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

void table_rows(view_rows& out) {
  for (const auto& view : all_system_views())
    if (view.kind == 'r')
      out.row().set("schemaname", view.relation.schema).set("tablename", view.relation.name)
          .set("tableowner", out.role_name(bootstrap_role)).set("hasindexes", false).set("hasrules", false)
          .set("hastriggers", false).set("rowsecurity", false);
  for (const auto& [id, t] : out.definitions->tables())
    if (t.kind == 'r') out.row().set("schemaname", out.schema_name(t.schema)).set("tablename", t.name).set("tableowner", out.role_name(t.owner))
        .set("hasindexes", !t.indexes.empty()).set("hasrules", false).set("hastriggers", false).set("rowsecurity", false);
}

void index_rows(view_rows& out) {
  for (const auto& [id, i] : out.definitions->indexes()) {
    const table_def* t = out.definitions->find_table(i.table);
    if (!t) continue;
    out.row().set("schemaname", out.schema_name(t->schema)).set("tablename", t->name).set("indexname", i.name);
    out.set("indexdef", index_text(*out.definitions, i, {true, {}}));
  }
}

/// Views of the system are computed by the server, so they have no defining query.
void system_view_rows(view_rows& out) {
  for (const auto& view : all_system_views())
    if (view.kind == 'v')
      out.row().set("schemaname", view.relation.schema).set("viewname", view.relation.name)
          .set("viewowner", out.role_name(bootstrap_role));
  for (const auto& [id, t] : out.definitions->tables()) {
    if (!t.is_view()) continue;
    out.row().set("schemaname", out.schema_name(t.schema)).set("viewname", t.name).set("viewowner", out.role_name(t.owner));
    out.set("definition", out.hooks.view_text(id, false));
  }
}

void materialized_view_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables()) {
    if (t.kind != 'm') continue;
    out.row().set("schemaname", out.schema_name(t.schema)).set("matviewname", t.name).set("matviewowner", out.role_name(t.owner));
    out.set("hasindexes", !t.indexes.empty()).set("ispopulated", t.populated).set("definition", out.hooks.view_text(id, false));
  }
}

void description_rows(view_rows& out) {
  for (const auto& [id, c] : out.definitions->comments()) {
    if (c.class_id == 1260 || c.class_id == 1262) continue;
    out.row().set("objoid", c.object).set("classoid", c.class_id).set("objsubid", c.column).set("description", c.text);
  }
}

void shared_description_rows(view_rows& out) {
  for (const auto& [id, c] : out.definitions->comments()) {
    if (c.class_id != 1260 && c.class_id != 1262) continue;
    out.row().set("objoid", c.object).set("classoid", c.class_id).set("description", c.text);
  }
}

void sequence_rows(view_rows& out) {
  for (const auto& [id, s] : out.definitions->sequences()) {
    out.row().set("schemaname", out.schema_name(s.schema)).set("sequencename", s.name).set("sequenceowner", out.role_name(s.owner));
    out.set("data_type", s.type.id).set("start_value", s.rule.start).set("min_value", s.rule.minimum);
    out.set("max_value", s.rule.maximum).set("increment_by", s.rule.increment).set("cycle", s.rule.cycle).set("cache_size", 1);
    const auto state = out.hooks.db().engine().sequences().peek(id);
    if (state && state->is_called) out.set("last_value", state->last_value);
  }
}

void setting_rows(view_rows& out) {
  for (const auto& s : out.hooks.all_settings()) {
    out.row().set("name", s.name).set("setting", s.value).set_if("unit", s.unit).set("category", s.category);
    out.set("short_desc", s.description).set("context", s.context).set("vartype", s.type).set("pending_restart", false);
    out.set("source", s.value == s.boot_value ? "default" : s.value == s.reset_value ? "client" : "session");
    out.set("boot_val", s.boot_value).set("reset_val", s.reset_value);
    if (s.minimum) out.set("min_val", *s.minimum);
    if (s.maximum) out.set("max_val", *s.maximum);
  }
}

void language_rows(view_rows& out) {
  out.row().set("oid", 12).set("lanname", "internal").set("lanowner", bootstrap_role);
}

}  // namespace

void add_listing_rows(row_sources& s) {
  s.emplace("pg_tables", table_rows);
  s.emplace("pg_indexes", index_rows);
  s.emplace("pg_views", system_view_rows);
  s.emplace("pg_matviews", materialized_view_rows);
  s.emplace("pg_description", description_rows);
  s.emplace("pg_shdescription", shared_description_rows);
  s.emplace("pg_sequences", sequence_rows);
  s.emplace("pg_settings", setting_rows);
  s.emplace("pg_language", language_rows);
}

}  // namespace helios::sql
