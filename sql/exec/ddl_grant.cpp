// GRANT, REVOKE and ALTER DEFAULT PRIVILEGES: rights on objects.

#include <algorithm>
#include <optional>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

namespace {

/// What one role gave another stands once in a list.
void merge_into(access_list& list, const access_item& item) {
  auto at = std::find_if(list.begin(), list.end(), [&](auto& i) { return i.grantee == item.grantee && i.grantor == item.grantor; });
  if (at == list.end()) {
    list.push_back(item);
  } else {
    at->rights |= item.rights;
    at->grantable |= item.grantable;
  }
}

constexpr const char* invalid_grant = "0LP01";
constexpr rights_mask column_rights = right::insert | right::select | right::update | right::references;

rights_mask right_named(const std::string& name) {
  if (name == "temp") return right::temporary;
  for (std::size_t i = 0; i < std::size(right_names); ++i) {
    std::string lower(right_names[i]);
    for (char& ch : lower) ch = static_cast<char>(ch | 0x20);
    if (lower == name) return 1u << i;
  }
  throw sql_error(sqlstate::syntax_error, "unrecognized privilege type \"" + name + "\"");
}

void refuse_foreign(rights_mask asked, rights_mask known, const char* what) {
  for (std::size_t i = 0; i < std::size(right_names); ++i) {
    if ((asked & ~known & (1u << i)) == 0) continue;
    throw sql_error(invalid_grant, "invalid privilege type " + std::string(right_names[i]) + " for " + what);
  }
}

/// An access list while it is changed. `owner` has every grant option without saying so.
class list_editor {
 public:
  list_editor(const catalog& c, access_list list, oid owner) : catalog_(c), list_(std::move(list)), owner_(owner) {}

  void grant(oid grantee, oid grantor, rights_mask rights, bool option) {
    if (option && grantee == 0) throw sql_error(invalid_grant, "grant options can only be granted to roles");
    if (option && grantor != owner_ && grantee != owner_) refuse_circle(grantee, grantor, rights);
    auto& item = find(grantee, grantor);
    item.rights |= rights;
    if (option) item.grantable |= rights;
  }

  /// `option_only`: REVOKE GRANT OPTION FOR.
  void revoke(oid grantee, oid grantor, rights_mask rights, bool option_only, bool cascade) {
    const auto at = std::find_if(list_.begin(), list_.end(), [&](const access_item& i) { return i.grantee == grantee && i.grantor == grantor; });
    if (at == list_.end()) return;
    const auto options = at->grantable & rights;
    at->grantable &= ~rights;
    if (!option_only) at->rights &= ~rights;
    if (at->rights == 0) list_.erase(at);
    if (options != 0 && grantee != 0) revoke_dependent(grantee, options, cascade);
  }

  access_list take() { return std::move(list_); }

 private:
  access_item& find(oid grantee, oid grantor) {
    const auto at = std::find_if(list_.begin(), list_.end(), [&](const access_item& i) { return i.grantee == grantee && i.grantor == grantor; });
    if (at != list_.end()) return *at;
    list_.push_back({grantee, grantor, 0, 0});
    return list_.back();
  }

  rights_mask options_of(oid role) const {
    rights_mask out = 0;
    for (const auto& i : list_) {
      if (i.grantee == role) out |= i.grantable;
    }
    return out;
  }

  // What was given by one who may no longer give it.
  void revoke_dependent(oid grantor, rights_mask rights, bool cascade) {
    if (grantor == owner_) return;
    rights &= ~options_of(grantor);
    if (rights == 0) return;
    for (bool again = true; again;) {
      again = false;
      for (const auto& item : list_) {
        if (item.grantor != grantor || (item.rights & rights) == 0) continue;
        if (!cascade) throw sql_error("2BP01", "dependent privileges exist").hint("Use CASCADE to revoke them too.");
        const auto found = item;
        revoke(found.grantee, grantor, rights, false, true);
        again = true;
        break;
      }
    }
  }

  // The grantor must have its options from somebody who does not have them from the grantee.
  void refuse_circle(oid grantee, oid grantor, rights_mask rights) const {
    list_editor without(catalog_, list_, owner_);
    for (const auto& item : list_) {
      if (item.grantee == grantee && item.grantable != 0) without.revoke(grantee, item.grantor, item.grantable, true, true);
    }
    rights_mask left = 0;
    for (const auto& item : without.list_) {
      if (item.grantee != 0 && has_rights_of(catalog_, grantor, item.grantee)) left |= item.grantable;
    }
    if ((rights & ~left) != 0) throw sql_error(invalid_grant, "grant options cannot be granted back to your own grantor");
  }

  const catalog& catalog_;
  access_list list_;
  oid owner_;
};

/// Who gives: the owner for whoever may act as the owner, else the role of ours with the most of the options needed.
struct chosen_grantor {
  oid role = 0;
  rights_mask options = 0;
};
chosen_grantor choose_grantor(const catalog& c, oid self, const protected_object& object, const access_list& list, rights_mask wanted) {
  if (owns(c, self, object)) return {object.owner, wanted};
  chosen_grantor best{self, 0};
  for (const auto& item : list) {
    if (item.grantee == 0 || !has_rights_of(c, self, item.grantee)) continue;
    rights_mask options = 0;
    for (const auto& i : list) {
      if (i.grantee == item.grantee) options |= i.grantable & wanted;
    }
    if (__builtin_popcount(options) > __builtin_popcount(best.options)) best = {item.grantee, options};
  }
  return best;
}

bool has_any(const catalog& c, oid role, const protected_object& object) { return rights_of(c, role, object, all_rights(object)) != 0; }

}  // namespace

oid ddl::role_oid(const ast::role_name& role) const {
  using kind = ast::role_name::kind;
  auto c = owner_.definitions();
  auto name = role.what == kind::everyone ? "public" : role.what == kind::session_user ? owner_.session_user() : role.what == kind::named ? role.name : owner_.current_user();
  auto* found = role.what == kind::everyone ? nullptr : c->find_role(name);
  if (found == nullptr) throw sql_error(sqlstate::undefined_object, "role \"" + name + "\" does not exist");
  return found->id;
}

void ddl::store_access(const protected_object& object, const access_list& list) {
  auto c = owner_.definitions();
  const auto* stored = c->find_access(object.class_id, object.id, object.column);
  if (object.column != 0 && list.empty()) {
    if (stored != nullptr) erase(definition_kind::access, stored->id);
    return;
  }
  put(access_def{stored == nullptr ? owner_.next_oid() : stored->id, object.class_id, object.id, object.column, list});
}

/// One object's list after one GRANT or REVOKE.
void ddl::change_access(const protected_object& object, rights_mask rights, bool all, const ast::grant_statement& s, const std::vector<oid>& grantees) {
  auto c = owner_.definitions();
  const auto list = list_of(*c, object);
  const auto self = owner_.role_id();
  // Of a column: what the role may give on the whole table, it may give here.
  auto by = choose_grantor(*c, self, object, list, rights);
  if (object.column != 0 && by.options != rights) {
    protected_object table = object;
    table.column = 0;
    const auto of_table = choose_grantor(*c, self, table, list_of(*c, table), rights);
    if (of_table.options != 0) by = {of_table.role, by.options | of_table.options};
    if (by.options == 0 && !has_any(*c, self, table) && !has_any(*c, self, object)) refuse_access(table);
  } else if (by.options == 0 && !has_any(*c, self, object)) {
    bool some = false;
    if (object.class_id == class_relation && object.kind != 'S') {
      const auto* table = c->find_table(object.id);
      some = std::any_of(table->columns.begin(), table->columns.end(), [&](auto& col) { return !col.dropped && has_any(*c, self, protect(*table, col.number)); });
    }
    if (!some) refuse_access(object);
  }
  const auto given = rights & by.options;
  if (given == 0 || (!all && given != rights)) {
    auto what = "\"" + object.name + "\"";
    if (object.column != 0) what = "column \"" + c->find_table(object.id)->columns[static_cast<std::size_t>(object.column - 1)].name + "\" of relation " + what;
    owner_.notice("WARNING", s.grant ? "01007" : "01006",
                  std::string(given == 0 ? "no" : "not all") + " privileges " + (s.grant ? "were granted" : "could be revoked") + " for " + what);
  }
  if (given == 0) return;
  list_editor edit(*c, list, object.owner);
  for (oid grantee : grantees) {
    if (s.grant) edit.grant(grantee, by.role, given, s.grant_option);
    else edit.revoke(grantee, by.role, given, s.grant_option, s.cascade);
  }
  store_access(object, edit.take());
}

void ddl::change_relation(const protected_object& object, const ast::grant_statement& s, const std::vector<oid>& grantees) {
  rights_mask whole = 0;
  std::map<std::int16_t, rights_mask> by_column;
  const auto known = object.kind == 'S' && s.what == ast::grant_statement::target::table ? all_rights({class_relation, 0, 0, 'r', 0, {}}) : all_rights(object);
  for (auto& r : s.rights) {
    const auto asked = r.name.empty() ? column_rights : right_named(r.name);
    if (r.columns.empty()) {
      refuse_foreign(asked, known, object.kind == 'S' && s.what == ast::grant_statement::target::sequence ? "sequence" : "table");
      whole |= asked;
      continue;
    }
    refuse_foreign(asked, column_rights, "column");
    auto* table = owner_.definitions()->find_table(object.id);
    for (auto& name : r.columns) {
      auto* column = table == nullptr ? nullptr : table->column(name);
      if (column == nullptr) throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" of relation \"" + object.name + "\" does not exist");
      by_column[column->number] |= asked;
    }
  }
  const bool all = s.rights.empty();
  if (all) whole = all_rights(object);
  if (object.kind == 'S' && (whole & ~all_rights(object)) != 0) {
    owner_.notice("WARNING", invalid_grant, "sequence \"" + object.name + "\" only supports USAGE, SELECT, and UPDATE privileges");
    whole &= all_rights(object);
  }
  if (whole != 0) change_access(object, whole, all, s, grantees);
  if (!s.grant && object.kind != 'S') {
    // Taken from the whole table, it is taken from its columns.
    auto c = owner_.definitions();
    for (auto& column : c->find_table(object.id)->columns) {
      if (c->find_access(class_relation, object.id, column.number) != nullptr && (whole & column_rights) != 0) by_column[column.number] |= whole & column_rights;
    }
  }
  for (auto& [number, rights] : by_column) {
    auto of_column = object;
    of_column.column = number;
    change_access(of_column, rights, all, s, grantees);
  }
}

std::vector<protected_object> ddl::granted_objects(const ast::grant_statement& s) {
  using target = ast::grant_statement::target;
  auto c = owner_.definitions();
  std::vector<protected_object> out;
  const auto schema_named = [&](const std::string& name) -> const schema_def& {
    auto* schema = c->find_schema(name);
    if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + name + "\" does not exist");
    return *schema;
  };
  for (auto& name : s.objects) {
    if (s.all_in_schema) {
      const auto schema = schema_named(name.name).id;
      for (auto& [id, table] : c->tables()) {
        if (table.schema == schema && s.what == target::table) out.push_back(protect(table));
      }
      for (auto& [id, sequence] : c->sequences()) {
        if (sequence.schema == schema && s.what == target::sequence) out.push_back(protect(sequence));
      }
    } else if (s.what == target::schema) {
      out.push_back(protect(schema_named(name.name)));
    } else if (s.what == target::database) {
      if (name.name != c->database_name()) throw sql_error(sqlstate::invalid_catalog_name, "database \"" + name.name + "\" does not exist");
      out.push_back(protect_database(*c));
    } else {
      out.push_back(relation_object(name, s.what == target::sequence));
    }
  }
  return out;
}

protected_object ddl::relation_object(const ast::relation_name& name, bool sequence) {
  auto c = owner_.definitions();
  auto full = name.schema.empty() ? ast::quote_identifier(name.name) : ast::quote_identifier(name.schema) + "." + ast::quote_identifier(name.name);
  const oid id = owner_.find_relation(full);
  if (auto* found = c->find_sequence(id); found != nullptr) return protect(*found);
  if (auto* table = c->find_table(id); table != nullptr && !sequence) return protect(*table);
  if (c->find_table(id) != nullptr) throw sql_error("42809", "\"" + name.name + "\" is not a sequence");
  if (c->find_index(id) != nullptr) throw sql_error("42809", "\"" + name.name + "\" is an index");
  auto shown = name.schema.empty() ? name.name : name.schema + "." + name.name;
  throw sql_error(sqlstate::undefined_table, "relation \"" + shown + "\" does not exist");
}

std::string ddl::grant(const ast::grant_statement& s) {
  using target = ast::grant_statement::target;
  const char* tag = s.defaults ? "ALTER DEFAULT PRIVILEGES" : s.grant ? "GRANT" : "REVOKE";
  begin(tag);
  if (s.grantor && role_oid(*s.grantor) != owner_.role_id()) throw sql_error(sqlstate::feature_not_supported, "grantor must be current user");
  if (s.what == target::other) throw sql_error(sqlstate::feature_not_supported, std::string(tag) + " on this kind of object is not supported");
  std::vector<oid> grantees;
  for (auto& r : s.grantees) grantees.push_back(r.what == ast::role_name::kind::everyone ? 0 : role_oid(r));
  if (s.defaults) {
    change_defaults(s, grantees);
    return tag;
  }
  for (auto& object : granted_objects(s)) {
    if (object.class_id == class_relation) {
      change_relation(object, s, grantees);
      continue;
    }
    rights_mask rights = s.rights.empty() ? all_rights(object) : 0;
    for (auto& r : s.rights) {
      if (!r.columns.empty()) throw sql_error(invalid_grant, "column privileges are only valid for relations");
      rights |= right_named(r.name);
    }
    refuse_foreign(rights, all_rights(object), kind_word(object));
    change_access(object, rights, s.rights.empty(), s, grantees);
  }
  return tag;
}

// --- what future objects get ---

namespace {
char default_kind(ast::grant_statement::target what) {
  using target = ast::grant_statement::target;
  return what == target::table ? 'r' : what == target::sequence ? 'S' : 'n';
}
}  // namespace

void ddl::change_defaults(const ast::grant_statement& s, const std::vector<oid>& grantees) {
  const char kind = default_kind(s.what);
  if (kind == 'n' && !s.in_schemas.empty()) throw sql_error(invalid_grant, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
  const protected_object sample{kind == 'n' ? class_schema : class_relation, 0, 0, kind, 0, {}};
  rights_mask rights = s.rights.empty() ? all_rights(sample) : 0;
  for (auto& r : s.rights) {
    if (!r.columns.empty()) throw sql_error(invalid_grant, "default privileges cannot be set for columns");
    rights |= right_named(r.name);
  }
  refuse_foreign(rights, all_rights(sample), kind == 'r' ? "relation" : kind_word(sample));
  std::vector<oid> roles;
  for (auto& r : s.for_roles) roles.push_back(role_oid(r));
  if (roles.empty()) roles.push_back(owner_.role_id());
  auto c = owner_.definitions();
  std::vector<oid> schemas;
  for (auto& name : s.in_schemas) {
    auto* schema = c->find_schema(name);
    if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + name + "\" does not exist");
    schemas.push_back(schema->id);
  }
  if (schemas.empty()) schemas.push_back(0);
  for (oid role : roles) {
    if (!has_rights_of(*c, owner_.role_id(), role)) {
      throw sql_error(sqlstate::insufficient_privilege, "permission denied to change default privileges");
    }
    for (oid schema : schemas) {
      auto owned = sample;
      owned.owner = role;
      const auto* stored = owner_.definitions()->find_default_access(role, schema, kind);
      list_editor edit(*c, stored != nullptr ? stored->items : schema == 0 ? default_list(owned) : access_list{}, role);
      for (oid grantee : grantees) {
        if (s.grant) edit.grant(grantee, role, rights, s.grant_option);
        else edit.revoke(grantee, role, rights, s.grant_option, s.cascade);
      }
      auto list = edit.take();
      const bool plain = schema == 0 ? list == default_list(owned) : list.empty();
      if (!plain) put(default_access_def{stored == nullptr ? owner_.next_oid() : stored->id, role, schema, kind, list});
      else if (stored != nullptr) erase(definition_kind::default_access, stored->id);
    }
  }
}

/// A new object gets what its owner's defaults say, if they say anything.
void ddl::give_defaults(const protected_object& object, oid schema) {
  auto c = owner_.definitions();
  const char kind = object.class_id == class_schema ? 'n' : object.kind == 'S' ? 'S' : 'r';
  const auto* everywhere = c->find_default_access(object.owner, 0, kind);
  const auto* here = schema == 0 ? nullptr : c->find_default_access(object.owner, schema, kind);
  if (everywhere == nullptr && here == nullptr) return;
  auto list = everywhere != nullptr ? everywhere->items : default_list(object);
  if (here != nullptr) {
    for (const auto& item : here->items) merge_into(list, item);
  }
  std::sort(list.begin(), list.end(), [](auto& a, auto& b) { return std::pair(a.grantee, a.grantor) < std::pair(b.grantee, b.grantor); });
  store_access(object, list);
}

/// The rights of the old owner become the new one's.
void ddl::change_owner(const protected_object& object, oid to) {
  auto c = owner_.definitions();
  const auto move = [&](const protected_object& o) {
    const auto* stored = c->find_access(o.class_id, o.id, o.column);
    if (stored == nullptr) return;
    access_list list;
    for (auto item : stored->items) {
      if (item.grantee == object.owner) item.grantee = to;
      if (item.grantor == object.owner) item.grantor = to;
      merge_into(list, item);
    }
    put(access_def{stored->id, o.class_id, o.id, o.column, list});
  };
  move(object);
  if (object.class_id != class_relation || object.kind == 'S') return;
  const auto* table = c->find_table(object.id);
  for (auto& column : table->columns) {
    auto of_column = object;
    of_column.column = column.number;
    move(of_column);
  }
}

void ddl::erase_access(oid class_id, oid object, std::int16_t column) {
  auto c = owner_.definitions();
  for (auto& [key, def] : c->access_lists()) {
    if (def.class_id == class_id && def.object == object && (column == 0 || def.column == column)) erase(definition_kind::access, def.id);
  }
}

}  // namespace helios::sql
