// pg_enum, and what information_schema says of domains and composite types.
#include "sql/types/type_name.hpp"
#include "sql/views/information_facts.hpp"

namespace helios::sql {

namespace {

void enum_rows(view_rows& out) {
  for (const auto& [id, type] : out.definitions->type_definitions())
    for (const auto& l : type.labels)
      out.row().set("oid", l.id).set("enumtypid", id).set("enumsortorder", static_cast<double>(l.sort_order)).set("enumlabel", l.name);
}

view_rows& domain(view_rows& out, const type_def& d) {
  return out.set("domain_catalog", out.definitions->database_name()).set("domain_schema", out.schema_name(d.schema)).set("domain_name", d.name);
}
view_rows& udt(view_rows& out, const std::string& prefix, const type_ops& type) {
  out.set(prefix + "udt_catalog", out.definitions->database_name()).set(prefix + "udt_schema", schema_of_type(out, type));
  return out.set(prefix + "udt_name", type.name);
}

void domain_rows(view_rows& out) {
  for (const auto& [id, d] : out.definitions->type_definitions()) {
    if (d.kind != 'd') continue;
    out.row();
    domain(out, d);
    set_type_columns(out, d.base);
    if (d.base.id < first_defined_oid) out.set("data_type", d.base.id == type_oid::bpchar ? "character" : format_type({d.base.id, -1}));
    udt(out, "", get_type(d.base.id)).set_if("domain_default", with_type_names(d.default_text)).set("dtd_identifier", "1");
  }
}

void domain_constraint_rows(view_rows& out) {
  for (const auto& [id, d] : out.definitions->type_definitions())
    for (const auto& c : d.constraints) {
      out.row().set("constraint_catalog", out.definitions->database_name()).set("constraint_schema", out.schema_name(d.schema));
      out.set("constraint_name", c.name).set("is_deferrable", "NO").set("initially_deferred", "NO");
      domain(out, d);
    }
}

void domain_udt_rows(view_rows& out) {
  for (const auto& [id, d] : out.definitions->type_definitions()) {
    if (d.kind != 'd') continue;
    out.row();
    domain(out, d);
    udt(out, "", get_type(d.base.id));
  }
}

void column_domain_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& c : t.columns) {
      const type_def* d = c.dropped ? nullptr : out.definitions->find_type_definition(c.type.id);
      if (!d || d->kind != 'd') continue;
      out.row().set("table_catalog", out.definitions->database_name()).set("table_schema", out.schema_name(t.schema));
      out.set("table_name", t.name).set("column_name", c.name);
      domain(out, *d);
    }
}

void attribute_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables()) {
    if (!t.is_composite()) continue;
    for (const auto& c : t.columns) {
      if (c.dropped) continue;
      out.row().set("udt_catalog", out.definitions->database_name()).set("udt_schema", out.schema_name(t.schema)).set("udt_name", t.name);
      out.set("attribute_name", c.name).set("ordinal_position", c.number).set("is_nullable", "YES");
      const type_ref stored = below_domain(c.type);
      set_type_columns(out, stored);
      if (stored.id != c.type.id) out.set("data_type", "USER-DEFINED");
      udt(out, "attribute_", get_type(c.type.id)).set("dtd_identifier", std::to_string(c.number));
      out.set("is_derived_reference_attribute", "NO");
    }
  }
}

void user_type_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables()) {
    if (!t.is_composite()) continue;
    out.row().set("user_defined_type_catalog", out.definitions->database_name()).set("user_defined_type_schema", out.schema_name(t.schema));
    out.set("user_defined_type_name", t.name).set("user_defined_type_category", "STRUCTURED").set("is_instantiable", "YES");
  }
}

}  // namespace

void add_defined_type_rows(row_sources& s) {
  s.emplace("pg_enum", enum_rows);
  s.emplace("information_schema.domains", domain_rows);
  s.emplace("information_schema.domain_constraints", domain_constraint_rows);
  s.emplace("information_schema.domain_udt_usage", domain_udt_rows);
  s.emplace("information_schema.column_domain_usage", column_domain_rows);
  s.emplace("information_schema.attributes", attribute_rows);
  s.emplace("information_schema.user_defined_types", user_type_rows);
}

}  // namespace helios::sql
