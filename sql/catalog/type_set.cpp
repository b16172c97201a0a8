#include "sql/catalog/type_set.hpp"

#include "base/sql_error.hpp"
#include "sql/catalog/catalog.hpp"
#include "sql/types/array.hpp"
#include "sql/types/domain_type.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {

namespace {
std::string name_key(oid schema, std::string_view name) { return std::to_string(schema).append("/").append(name); }
}  // namespace

type_ops& type_set::add(oid id, oid schema, oid owner, std::string_view name, std::unique_ptr<defined_type> behaviour) {
  const auto* kept = names_.emplace_back(std::make_unique<std::string>(name)).get();
  auto& out = types_[id];
  out = std::make_unique<type_ops>();
  out->id = id;
  out->name = out->sql_name = kept->c_str();
  out->length = -1;
  out->category = 'U';
  out->schema = schema;
  out->owner = owner;
  out->defined = behaviours_.emplace_back(std::move(behaviour)).get();
  by_name_.emplace(name_key(schema, name), id);
  return *out;
}

void type_set::add_array(const type_ops& element, std::string_view name) {
  if (element.array_type == 0) return;
  auto& array = add(element.array_type, element.schema, element.owner, name, make_defined_array(element.id));
  array.category = 'A';
  array.element = element.id;
}

void type_set::add_enum(const type_def& d) {
  auto& type = add(d.id, d.schema, d.owner, d.name, make_enum_type(d.id, d.labels));
  type.length = 4;
  type.category = 'E';
  type.kind = 'e';
  type.array_type = d.array;
  add_array(type, d.array_name);
}

void type_set::add_relation(const table_def& t) {
  const oid id = row_type_of(t.id);
  auto& type = add(id, t.schema, t.owner, t.name, make_row_type(id));
  type.category = 'C';
  type.kind = 'c';
  type.relation = t.id;
  type.array_type = row_array_of(t.id);
}

void type_set::add_relation_array(const table_def& t) {
  add_array(*find(row_type_of(t.id)), array_type_name(t.name, [&](const std::string& n) { return by_name_.contains(name_key(t.schema, n)); }));
}

void type_set::add_domain(const type_def& d) {
  type_ref under = d.base;
  const type_ops* base = nullptr;
  while ((base = under.id < first_defined_oid ? find_type(under.id) : find(under.id)) != nullptr && base->kind == 'd') {
    under = {base->base, base->base_modifier};
  }
  if (base == nullptr) {
    throw sql_error(sqlstate::data_corrupted, "catalog entry of type " + std::to_string(d.id) + " is damaged: its base type is missing");
  }
  auto& type = add(d.id, d.schema, d.owner, d.name, make_domain_type(d.id, *base, under.modifier));
  type.length = base->length;
  type.category = base->category;
  type.inline_value = base->inline_value;
  type.kind = 'd';
  type.base = d.base.id;
  type.base_modifier = d.base.modifier;
  type.stored = base;
  type.array_type = d.array;
  add_array(type, d.array_name);
}

const type_ops* type_set::find(oid id) const {
  auto it = types_.find(id);
  return it == types_.end() ? nullptr : it->second.get();
}

const type_ops* type_set::find(oid schema, std::string_view name) const {
  auto it = by_name_.find(name_key(schema, name));
  return it == by_name_.end() ? nullptr : find(it->second);
}

}  // namespace helios::sql
