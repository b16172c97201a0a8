// pg_class, pg_namespace, pg_database, pg_am, pg_tablespace, pg_sequence, pg_depend.
#include <set>

#include "sql/catalog/privileges.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

view_rows& relation(view_rows& out, oid id, std::string_view name, oid schema, oid owner, char kind) {
  out.row().set("oid", id).set("relname", name).set("relnamespace", schema).set("relowner", owner).set("relkind", kind);
  return out.set("relpersistence", is_temporary(id) ? 't' : 'p').set("relreplident", kind == 'r' ? 'd' : 'n').set("relispopulated", true);
}

std::int64_t check_count(const table_def& t) {
  std::int64_t n = 0;
  for (const auto& c : t.constraints) n += c.kind == constraint_kind::check ? 1 : 0;
  return n;
}

/// Tables on either side of a foreign key, or with a deferrable one of their own. PostgreSQL enforces these by triggers, and
/// psql asks for keys only where a table has triggers.
std::set<oid> keyed_tables(const catalog& c) {
  std::set<oid> out;
  for (const auto& [id, t] : c.tables())
    for (const auto& k : t.constraints)
      if (k.kind == constraint_kind::foreign_key) out.insert({id, k.referenced_table});
      else if (k.deferrable) out.insert(id);
  return out;
}

void class_rows(view_rows& out) {
  const auto keyed = keyed_tables(*out.definitions);
  for (const auto& view : all_system_views()) {
    relation(out, view.relation.id, view.relation.name, view.schema, bootstrap_role, view.kind);
    if (view.kind == 'r') out.set("relam", heap_method).set("relreplident", 'n');
    out.set_access("relacl", access_list{{bootstrap_role, bootstrap_role, all_rights({class_relation, 0, 0, 'r', 0, {}}), 0}, {0, bootstrap_role, right::select, 0}});
    out.set("relnatts", view.relation.columns.size()).set("reltuples", -1.0);
  }
  for (const auto& [id, t] : out.definitions->tables()) {
    relation(out, id, t.name, t.schema, t.owner, t.kind).set("relispopulated", t.populated).set("relhasrules", t.kind == 'v' || t.kind == 'm');
    out.set("reltype", row_type_of(id));
    if (!t.is_view() && !t.is_composite()) out.set("relam", heap_method).set("relfilenode", t.space.value);
    if (t.kind == 'm') out.set("relreplident", 'd');
    std::vector<datum> options;
    if (t.security_barrier) options.push_back(out.text("security_barrier=true"));
    if (t.security_invoker) options.push_back(out.text("security_invoker=true"));
    if (t.check_option != 0) options.push_back(out.text(t.check_option == 'l' ? "check_option=local" : "check_option=cascaded"));
    if (!options.empty()) out.set_array("reloptions", type_oid::text, std::move(options));
    out.set("relnatts", t.columns.size()).set("relhasindex", !t.indexes.empty()).set("relchecks", check_count(t));
    out.set("reltuples", -1.0).set("relhastriggers", keyed.contains(id)).set_access("relacl", shown_list(*out.definitions, protect(t)));
  }
  for (const auto& [id, i] : out.definitions->indexes()) {
    const table_def* table = out.definitions->find_table(i.table);
    relation(out, id, i.name, i.schema, table ? table->owner : bootstrap_role, 'i').set("relam", btree_method);
    out.set("relfilenode", i.space.value).set("relnatts", i.keys.size() + i.included.size()).set("reltuples", -1.0);
  }
  for (const auto& [id, s] : out.definitions->sequences())
    relation(out, id, s.name, s.schema, s.owner, 'S').set("relfilenode", id).set("relnatts", 3).set("reltuples", 1.0)
        .set_access("relacl", shown_list(*out.definitions, protect(s)));
}

void namespace_rows(view_rows& out) {
  for (const auto& [id, s] : out.definitions->schemas())
    out.row().set("oid", id).set("nspname", s.name).set("nspowner", s.owner).set_access("nspacl", shown_list(*out.definitions, protect(s)));
}

void database_rows(view_rows& out) {
  out.row().set("oid", the_database).set("datname", out.definitions->database_name()).set("datdba", bootstrap_role);
  out.set("encoding", 6).set("datlocprovider", 'c').set("datallowconn", true).set("datconnlimit", -1);
  out.set("dattablespace", default_tablespace).set("datcollate", "C").set("datctype", "C.UTF-8");
  out.set_access("datacl", shown_list(*out.definitions, protect_database(*out.definitions)));
}

void access_method_rows(view_rows& out) {
  out.row().set("oid", heap_method).set("amname", "heap").set("amtype", 't');
  out.row().set("oid", btree_method).set("amname", "btree").set("amtype", 'i');
}

void tablespace_rows(view_rows& out) {
  out.row().set("oid", default_tablespace).set("spcname", "pg_default").set("spcowner", bootstrap_role);
  out.row().set("oid", 1664).set("spcname", "pg_global").set("spcowner", bootstrap_role);
}

void sequence_rows(view_rows& out) {
  for (const auto& [id, s] : out.definitions->sequences()) {
    out.row().set("seqrelid", id).set("seqtypid", s.type.id).set("seqstart", s.rule.start).set("seqcache", 1);
    out.set("seqincrement", s.rule.increment).set("seqmax", s.rule.maximum).set("seqmin", s.rule.minimum);
    out.set("seqcycle", s.rule.cycle);
  }
}

void dependency(view_rows& out, oid dependent_class, oid dependent, oid table, std::int16_t column, char kind) {
  out.row().set("classid", dependent_class).set("objid", dependent).set("refclassid", class_of_relations);
  out.set("refobjid", table).set("refobjsubid", column).set("deptype", kind);
}
/// Only what clients ask for: which column owns a sequence, and which table an index or constraint belongs to.
void depend_rows(view_rows& out) {
  for (const auto& [id, s] : out.definitions->sequences())
    if (s.owned_by_table != 0) dependency(out, class_of_relations, id, s.owned_by_table, s.owned_by_column, 'a');
  for (const auto& [id, i] : out.definitions->indexes())
    for (const auto& k : i.keys)
      if (k.column != 0) dependency(out, class_of_relations, id, i.table, k.column, 'a');
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& c : t.constraints)
      for (auto column : c.columns) dependency(out, class_of_constraints, c.id, id, column, 'a');
}

}  // namespace

void add_relation_rows(row_sources& s) {
  s.emplace("pg_class", class_rows);
  s.emplace("pg_namespace", namespace_rows);
  s.emplace("pg_database", database_rows);
  s.emplace("pg_am", access_method_rows);
  s.emplace("pg_tablespace", tablespace_rows);
  s.emplace("pg_sequence", sequence_rows);
  s.emplace("pg_depend", depend_rows);
}

}  // namespace helios::sql
