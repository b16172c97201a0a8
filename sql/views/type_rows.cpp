// pg_type, pg_collation, pg_opclass and pg_opfamily.
#include <map>
#include <set>

#include "sql/types/support.hpp"
#include "sql/types/type_name.hpp"
#include "sql/views/type_facts.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

void type_row(view_rows& out, const type_ops& t) {
  const type_facts* facts = find_type_facts(t.id);
  const oid element = t.kind == 'd' ? 0 : element_type(t.id);
  const char kind = t.category == 'P' ? 'p' : t.kind;
  out.row().set("oid", t.id).set("typname", t.name);
  out.set("typnamespace", t.schema == 0 ? pg_catalog_schema : t.schema).set("typowner", t.owner == 0 ? bootstrap_role : t.owner);
  out.set("typlen", t.length).set("typtype", kind).set("typcategory", t.category).set("typispreferred", t.preferred);
  out.set("typisdefined", true).set("typdelim", ',').set("typelem", element).set("typarray", t.array_type).set("typtypmod", -1);
  out.set("typrelid", t.relation);
  out.set("typalign", facts ? facts->align : 'i').set("typstorage", facts ? facts->storage : 'p').set("typbyval", facts && facts->by_value);
  if (element != 0) out.set("typsubscript", 6179);
  if (!facts) return;
  out.set("typcollation", facts->collation).set("typinput", facts->input).set("typoutput", facts->output);
  out.set("typreceive", facts->receive).set("typsend", facts->send);
  out.set("typmodin", facts->modifier_in).set("typmodout", facts->modifier_out);
}

void domain_facts(view_rows& out, const type_def& d) {
  constexpr oid domain_in = 2597, domain_receive = 2598;
  out.set("typbasetype", d.base.id).set("typtypmod", d.base.modifier).set("typnotnull", d.not_null);
  out.set("typndims", element_type(d.base.id) != 0 ? 1 : 0).set("typinput", domain_in).set("typreceive", domain_receive);
  out.set("typmodin", 0).set("typmodout", 0);
  if (!d.default_text.empty()) out.set("typdefault", with_type_names(d.default_text)).set("typdefaultbin", d.default_text);
}

void type_rows(view_rows& out) {
  for (const type_ops* t : all_types()) type_row(out, *t);
  std::map<oid, const type_ops*> defined;
  for (const auto& [id, t] : out.definitions->types().all()) defined.emplace(id, t.get());
  for (const auto& [id, t] : defined) {
    type_row(out, *t);
    if (t->kind == 'd') domain_facts(out, *out.definitions->find_type_definition(id));
  }
}

void collation_rows(view_rows& out) {
  const auto collation = [&](oid id, const char* name, char provider) {
    out.row().set("oid", id).set("collname", name).set("collnamespace", pg_catalog_schema).set("collowner", bootstrap_role);
    out.set("collprovider", provider).set("collisdeterministic", true).set("collencoding", -1);
  };
  collation(default_collation, "default", 'd');
  collation(c_collation, "C", 'c');
  out.set("collcollate", "C").set("collctype", "C");
  collation(951, "POSIX", 'c');
  out.set("collcollate", "POSIX").set("collctype", "POSIX");
}

/// Several types share a class (varchar has text's): each class once.
template <class Row>
void for_each_class(Row row) {
  std::set<oid> seen;
  for (const type_ops* t : all_types())
    if (const type_facts* facts = find_type_facts(t->id); facts && facts->btree_class != 0 && seen.insert(facts->btree_class).second)
      row(*t, *facts);
}
void class_rows(view_rows& out) {
  for (const auto& c : operator_classes()) {
    const type_facts* facts = find_type_facts(c.input);
    out.row().set("oid", c.id).set("opcmethod", btree_method).set("opcname", c.name);
    out.set("opcnamespace", pg_catalog_schema).set("opcowner", bootstrap_role).set("opcfamily", facts ? facts->btree_family : oid{0});
    out.set("opcintype", c.input).set("opcdefault", c.is_default);
  }
}
void family_rows(view_rows& out) {
  std::set<oid> seen;
  for_each_class([&](const type_ops& t, const type_facts& facts) {
    if (!seen.insert(facts.btree_family).second) return;
    out.row().set("oid", facts.btree_family).set("opfmethod", btree_method).set("opfname", std::string(t.name) + "_ops");
    out.set("opfnamespace", pg_catalog_schema).set("opfowner", bootstrap_role);
  });
}

}  // namespace

void add_type_rows(row_sources& s) {
  s.emplace("pg_type", type_rows);
  s.emplace("pg_collation", collation_rows);
  s.emplace("pg_opclass", class_rows);
  s.emplace("pg_opfamily", family_rows);
}

}  // namespace helios::sql
