#include "sql/catalog/catalog.hpp"

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/catalog/encoding.hpp"
#include "sql/catalog/privileges.hpp"

namespace helios::sql {
namespace {

std::string relation_key(oid schema, std::string_view name) {
  return std::to_string(schema).append("/").append(name);
}

template <class Def>
const Def* by_oid(const std::map<oid, Def>& defs, oid id) {
  auto it = defs.find(id);
  return it == defs.end() ? nullptr : &it->second;
}

template <class Def>
const Def* by_name(const std::map<oid, Def>& defs, std::string_view name) {
  for (const auto& [id, def] : defs)
    if (def.name == name) return &def;
  return nullptr;
}

template <class Def>
const Def* relation(const std::map<oid, Def>& defs, const std::unordered_map<std::string, oid>& names, oid schema,
                    std::string_view name) {
  auto it = names.find(relation_key(schema, name));
  return it == names.end() ? nullptr : by_oid(defs, it->second);
}

}  // namespace

class catalog_loader {
 public:
  void add(std::string_view key, std::string_view value) {
    const auto [kind, id] = parse_definition_key(key);
    catalog& c = *catalog_;
    switch (kind) {
      case definition_kind::database: c.database_name_ = decode_database(id, value).name; break;
      case definition_kind::schema: c.schemas_.emplace(id, decode_schema(id, value)); break;
      case definition_kind::table: name(c.tables_.emplace(id, decode_table(id, value)).first->second); break;
      case definition_kind::index: name(c.indexes_.emplace(id, decode_index(id, value)).first->second); break;
      case definition_kind::sequence: name(c.sequences_.emplace(id, decode_sequence(id, value)).first->second); break;
      case definition_kind::role: c.roles_.emplace(id, decode_role(id, value)); break;
      case definition_kind::comment: c.comments_.emplace(id, decode_comment(id, value)); break;
      case definition_kind::type: c.type_definitions_.emplace(id, decode_type(id, value)); break;
      case definition_kind::membership: c.memberships_.emplace(id, decode_membership(id, value)); break;
      case definition_kind::access: {
        auto def = decode_access(id, value);
        const catalog::access_key whose{def.class_id, def.object, def.column};
        c.access_.insert_or_assign(whose, std::move(def));
        break;
      }
      case definition_kind::default_access: c.default_access_.emplace(id, decode_default_access(id, value)); break;
    }
  }
  std::shared_ptr<const catalog> take() {
    catalog& c = *catalog_;
    for (const auto& role : predefined_roles()) c.roles_.emplace(role.id, role);
    for (const auto& m : predefined_memberships()) c.memberships_.emplace(m.id, m);
    for (const auto& [id, t] : c.type_definitions_)
      if (t.kind == 'e') c.types_.add_enum(t);
    for (const auto& [id, t] : c.tables_) c.types_.add_relation(t);
    for (const auto& [id, t] : c.tables_) c.types_.add_relation_array(t);
    for (const auto& [id, t] : c.type_definitions_)
      if (t.kind == 'd') c.types_.add_domain(t);
    return std::move(catalog_);
  }

 private:
  template <class Def>
  void name(const Def& def) {
    auto [it, fresh] = catalog_->relations_by_name_.emplace(relation_key(def.schema, def.name), def.id);
    if (!fresh)
      throw sql_error(sqlstate::data_corrupted, "catalog entries " + std::to_string(it->second) + " and " +
                                                    std::to_string(def.id) + " have the same name \"" + def.name + "\"");
  }
  std::shared_ptr<catalog> catalog_ = std::make_shared<catalog>();
};

std::shared_ptr<const catalog> catalog::load(const storage::snapshot_ptr& at, const storage::transaction* own,
                                             std::uint64_t before) {
  const storage::key_range everything;
  auto rows = own ? own->scan(at, storage::catalog_space, everything, storage::scan_direction::forward, before)
                  : at->scan(storage::catalog_space, everything);
  catalog_loader loader;
  for (; rows->valid(); rows->next()) loader.add(rows->key(), rows->value());
  if (own == nullptr) return loader.take();
  auto temporary = own->scan(at, temporary_catalog_space, everything, storage::scan_direction::forward, before);
  for (; temporary->valid(); temporary->next()) loader.add(temporary->key(), temporary->value());
  return loader.take();
}

bool index_def::has_expressions() const {
  return std::any_of(keys.begin(), keys.end(), [](const index_key& k) { return k.column == 0; });
}

const column_def* table_def::column(std::string_view wanted) const {
  for (const auto& c : columns)
    if (!c.dropped && c.name == wanted) return &c;
  return nullptr;
}

const schema_def* catalog::find_schema(std::string_view name) const {
  return name == "pg_temp" ? temporary_schema() : by_name(schemas_, name);
}
const schema_def* catalog::temporary_schema() const {
  return schemas_.empty() || !is_temporary(schemas_.rbegin()->first) ? nullptr : &schemas_.rbegin()->second;
}
const schema_def* catalog::find_schema(oid id) const { return by_oid(schemas_, id); }
const table_def* catalog::find_table(oid schema, std::string_view name) const {
  return relation(tables_, relations_by_name_, schema, name);
}
const table_def* catalog::find_table(oid id) const { return by_oid(tables_, id); }
const index_def* catalog::find_index(oid schema, std::string_view name) const {
  return relation(indexes_, relations_by_name_, schema, name);
}
const index_def* catalog::find_index(oid id) const { return by_oid(indexes_, id); }
const sequence_def* catalog::find_sequence(oid schema, std::string_view name) const {
  return relation(sequences_, relations_by_name_, schema, name);
}
const sequence_def* catalog::find_sequence(oid id) const { return by_oid(sequences_, id); }
const role_def* catalog::find_role(std::string_view name) const { return by_name(roles_, name); }
const role_def* catalog::find_role(oid id) const { return by_oid(roles_, id); }
const type_def* catalog::find_type_definition(oid id) const { return by_oid(type_definitions_, id); }
const comment_def* catalog::find_comment(oid class_id, oid object, std::int16_t column) const {
  for (const auto& [id, c] : comments_)
    if (c.class_id == class_id && c.object == object && c.column == column) return &c;
  return nullptr;
}

const membership_def* catalog::find_membership(oid role, oid member) const {
  for (const auto& [id, m] : memberships_)
    if (m.role == role && m.member == member) return &m;
  return nullptr;
}
const access_def* catalog::find_access(oid class_id, oid object, std::int16_t column) const {
  const auto it = access_.find({class_id, object, column});
  return it == access_.end() ? nullptr : &it->second;
}
const default_access_def* catalog::find_default_access(oid role, oid schema, char kind) const {
  for (const auto& [id, d] : default_access_)
    if (d.role == role && d.schema == schema && d.kind == kind) return &d;
  return nullptr;
}

namespace {
storage::space_id space_of(oid id) { return is_temporary(id) ? temporary_catalog_space : storage::catalog_space; }

template <class Def>
void put(storage::transaction& txn, definition_kind kind, const Def& def) {
  txn.put(space_of(def.id), definition_key(kind, def.id), encode(def));
}
}  // namespace

void put_definition(storage::transaction& txn, const schema_def& d) { put(txn, definition_kind::schema, d); }
void put_definition(storage::transaction& txn, const table_def& d) { put(txn, definition_kind::table, d); }
void put_definition(storage::transaction& txn, const index_def& d) { put(txn, definition_kind::index, d); }
void put_definition(storage::transaction& txn, const sequence_def& d) { put(txn, definition_kind::sequence, d); }
void put_definition(storage::transaction& txn, const role_def& d) { put(txn, definition_kind::role, d); }
void put_definition(storage::transaction& txn, const comment_def& d) { put(txn, definition_kind::comment, d); }
void put_definition(storage::transaction& txn, const type_def& d) { put(txn, definition_kind::type, d); }
void put_definition(storage::transaction& txn, const membership_def& d) { put(txn, definition_kind::membership, d); }
void put_definition(storage::transaction& txn, const access_def& d) { put(txn, definition_kind::access, d); }
void put_definition(storage::transaction& txn, const default_access_def& d) { put(txn, definition_kind::default_access, d); }

void erase_definition(storage::transaction& txn, definition_kind kind, oid id) {
  txn.erase(space_of(id), definition_key(kind, id));
}

}  // namespace helios::sql
