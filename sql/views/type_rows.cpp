// pg_type, pg_collation, pg_opclass and pg_opfamily.
#include <set>

#include "sql/types/support.hpp"
#include "sql/views/type_facts.hpp"
#include "sql/views/view_rows.hpp"

namespace helios::sql {
namespace {

void type_row(view_rows& out, const type_ops& t) {
  const type_facts* facts = find_type_facts(t.id);
  const oid element = element_type(t.id);
  const bool pseudo = t.category == 'P';
  out.row().set("oid", t.id).set("typname", t.name).set("typnamespace", pg_catalog_schema).set("typowner", bootstrap_role);
  out.set("typlen", t.length).set("typtype", pseudo ? 'p' : 'b').set("typcategory", t.category).set("typispreferred", t.preferred);
  out.set("typisdefined", true).set("typdelim", ',').set("typelem", element).set("typarray", t.array_type).set("typtypmod", -1);
  out.set("typalign", facts ? facts->align : 'i').set("typstorage", facts ? facts->storage : 'p').set("typbyval", facts && facts->by_value);
  if (element != 0) out.set("typsubscript", 6179);
  if (!facts) return;
  out.set("typcollation", facts->collation).set("typinput", facts->input).set("typoutput", facts->output);
  out.set("typreceive", facts->receive).set("typsend", facts->send);
  out.set("typmodin", facts->modifier_in).set("typmodout", facts->modifier_out);
}

void type_rows(view_rows& out) {
  for (const type_ops* t : all_types()) type_row(out, *t);
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
