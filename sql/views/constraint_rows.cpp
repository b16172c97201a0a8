// pg_constraint and pg_index.
#include "sql/views/type_facts.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

char kind_letter(constraint_kind kind) {
  switch (kind) {
    case constraint_kind::primary_key: return 'p';
    case constraint_kind::unique: return 'u';
    case constraint_kind::foreign_key: return 'f';
    case constraint_kind::check: return 'c';
  }
  return ' ';
}
char action_letter(fk_action action) {
  switch (action) {
    case fk_action::no_action: return 'a';
    case fk_action::restrict: return 'r';
    case fk_action::cascade: return 'c';
    case fk_action::set_null: return 'n';
    case fk_action::set_default: return 'd';
  }
  return ' ';
}

std::vector<datum> numbers(const std::vector<std::int16_t>& list) {
  std::vector<datum> out;
  for (auto n : list) out.push_back(datum::of_int(n));
  return out;
}

/// The unique index that a foreign key leans on, as PostgreSQL shows it in conindid.
oid referenced_index(const catalog& c, const constraint_def& k) {
  const table_def* t = c.find_table(k.referenced_table);
  if (t)
    for (const auto& other : t->constraints)
      if (other.index != 0 && other.columns == k.referenced_columns) return other.index;
  return 0;
}

void constraint_row(view_rows& out, const table_def& t, const constraint_def& k) {
  const bool foreign = k.kind == constraint_kind::foreign_key;
  out.row().set("oid", k.id).set("conname", k.name).set("connamespace", t.schema).set("contype", kind_letter(k.kind));
  out.set("condeferrable", k.deferrable).set("condeferred", k.initially_deferred);
  out.set("convalidated", k.validated).set("conrelid", t.id).set("conislocal", true).set("connoinherit", k.kind != constraint_kind::check);
  out.set("conindid", foreign ? referenced_index(*out.definitions, k) : k.index).set("confrelid", k.referenced_table);
  out.set("confupdtype", foreign ? action_letter(k.on_update) : ' ').set("confdeltype", foreign ? action_letter(k.on_delete) : ' ');
  out.set("confmatchtype", !foreign ? ' ' : k.match_full ? 'f' : 's');
  if (!k.delete_columns.empty()) out.set_array("confdelsetcols", type_oid::int2, numbers(k.delete_columns));
  if (!k.columns.empty()) out.set_array("conkey", type_oid::int2, numbers(k.columns));
  if (foreign) out.set_array("confkey", type_oid::int2, numbers(k.referenced_columns));
  if (k.kind == constraint_kind::check) out.set("conbin", k.check_text);
}

void constraint_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    for (const auto& k : t.constraints) constraint_row(out, t, k);
  for (const auto& [id, d] : out.definitions->type_definitions())
    for (const auto& k : d.constraints) {
      out.row().set("oid", k.id).set("conname", k.name).set("connamespace", d.schema).set("contype", 'c').set("contypid", id);
      out.set("convalidated", k.validated).set("conislocal", true).set("confupdtype", ' ').set("confdeltype", ' ');
      out.set("confmatchtype", ' ').set("conbin", k.check_text);
    }
}

const type_facts* facts_of_key(const table_def* t, const index_key& k) {
  if (k.column == 0) return find_type_facts(k.type.id);
  if (t)
    for (const auto& c : t->columns)
      if (c.number == k.column) return find_type_facts(c.type.id);
  return nullptr;
}

std::string expressions_of(const index_def& i) {
  std::string out;
  for (const auto& k : i.keys)
    if (k.column == 0) out.append(out.empty() ? "" : ", ").append(k.expression);
  return out;
}

void index_row(view_rows& out, const index_def& i) {
  const table_def* t = out.definitions->find_table(i.table);
  std::vector<datum> keys, collations, classes, options;
  for (const auto& k : i.keys) {
    const type_facts* facts = facts_of_key(t, k);
    keys.push_back(datum::of_int(k.column));
    collations.push_back(datum::of_int(facts ? facts->collation : 0));
    const oid named = named_operator_class(k.operator_class);
    classes.push_back(datum::of_int(named != 0 ? named : facts ? facts->btree_class : 0));
    options.push_back(datum::of_int((k.descending ? 1 : 0) | (k.nulls_first ? 2 : 0)));
  }
  for (auto c : i.included) keys.push_back(datum::of_int(c));
  out.row().set("indexrelid", i.id).set("indrelid", i.table).set("indnatts", i.keys.size() + i.included.size());
  out.set("indnkeyatts", i.keys.size()).set("indnullsnotdistinct", i.nulls_not_distinct);
  out.set("indisunique", i.unique).set("indisprimary", i.primary).set("indimmediate", !i.deferrable).set("indisvalid", true);
  out.set("indisready", true).set("indislive", true).set_vector("indkey", type_oid::int2, std::move(keys));
  out.set_vector("indcollation", type_oid::oid, std::move(collations)).set_vector("indclass", type_oid::oid, std::move(classes));
  out.set_vector("indoption", type_oid::int2, std::move(options));
  out.set_if("indexprs", expressions_of(i)).set_if("indpred", i.predicate);
}

void index_rows(view_rows& out) {
  for (const auto& [id, i] : out.definitions->indexes()) index_row(out, i);
}

}  // namespace

void add_constraint_rows(row_sources& s) {
  s.emplace("pg_constraint", constraint_rows);
  s.emplace("pg_index", index_rows);
}

}  // namespace helios::sql
