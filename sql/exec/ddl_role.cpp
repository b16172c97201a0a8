// Roles: CREATE, ALTER, DROP, membership, and what they own.

#include <algorithm>
#include <set>

#include "base/sql_error.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/catalog/scram_verifier.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

namespace {

sql_error denied(std::string message) { return {sqlstate::insufficient_privilege, std::move(message)}; }

bool is_on(const ast::expr_ptr& value) {
  return value && (value->flag || (value->kind == ast::expr_kind::integer && value->text != "0"));
}

void refuse_reserved(const std::string& name) {
  if (name == "public" || name == "none") throw sql_error("42939", "role name \"" + name + "\" is reserved");
  if (!name.starts_with("pg_")) return;
  throw sql_error("42939", "role name \"" + name + "\" is reserved").detail("Role names starting with \"pg_\" are reserved.");
}

void refuse_predefined(const role_def& role) {
  if (role.id == bootstrap_role || role.id >= 16384 || !role.name.starts_with("pg_")) return;
  throw sql_error("42939", "role name \"" + role.name + "\" is reserved").detail("Cannot alter reserved roles.");
}

}  // namespace

void ddl::set_role_options(role_def& def, const ast::role_statement& s) {
  for (auto& [name, value] : s.settings) {
    if (name == "password") {
      const bool ready = value && value->text.rfind("SCRAM-SHA-256$", 0) == 0;
      def.scram_verifier = !value ? std::string() : ready ? value->text : make_scram_verifier(value->text);
    } else if (name == "connectionlimit") {
      auto negative = value->kind == ast::expr_kind::op;
      def.connection_limit = std::stoi((negative ? value->args[0] : value)->text) * (negative ? -1 : 1);
      if (def.connection_limit < -1) throw sql_error(sqlstate::invalid_parameter_value, "invalid connection limit: " + std::to_string(def.connection_limit));
    } else if (name == "validUntil") {
      arena memory;
      def.valid_until = get_type(type_oid::timestamptz).parse_text(value->text, -1, owner_.formats(), memory).as_int();
    } else {
      bool role_def::*flag = name == "superuser"       ? &role_def::superuser
                             : name == "canlogin"      ? &role_def::can_login
                             : name == "inherit"       ? &role_def::inherit
                             : name == "createdb"      ? &role_def::create_database
                             : name == "createrole"    ? &role_def::create_role
                             : name == "isreplication" ? &role_def::replication
                             : name == "bypassrls"     ? &role_def::bypass_row_security
                                                       : nullptr;
      if (flag == nullptr) throw sql_error(sqlstate::feature_not_supported, "role option \"" + name + "\" is not supported");
      def.*flag = is_on(value);
    }
  }
}

/// What only a superuser may say of a role, and what needs CREATEROLE.
void ddl::check_role_change(const role_def& def, const ast::role_statement& s, const role_def* before) {
  auto c = owner_.definitions();
  const auto* self = c->find_role(owner_.role_id());
  if (self != nullptr && self->superuser) return;
  const auto given = [&s](const char* name) { return std::any_of(s.settings.begin(), s.settings.end(), [name](auto& o) { return o.first == name; }); };
  const bool manages = self != nullptr && self->create_role;
  if (before == nullptr) {
    if (def.superuser) throw denied("must be superuser to create superusers");
    if (def.replication) throw denied("must be superuser to create replication users");
    if (def.bypass_row_security) throw denied("must be superuser to create bypassrls users");
    if (!manages) throw denied("permission denied to create role");
    return;
  }
  if (before->superuser || given("superuser")) throw denied("must be superuser to alter superuser roles or change superuser attribute");
  if (before->replication || given("isreplication")) throw denied("must be superuser to alter replication roles or change replication attribute");
  if (given("bypassrls")) throw denied("must be superuser to change bypassrls attribute");
  if (manages) return;
  const bool own_password = self != nullptr && self->id == before->id && s.settings.size() == 1 && given("password");
  if (!own_password) throw denied("permission denied");
}

std::string ddl::role(const ast::role_statement& s) {
  begin(s.alter ? "ALTER ROLE" : "CREATE ROLE");
  auto c = owner_.definitions();
  const auto name = s.alter && s.who.what != ast::role_name::kind::named ? c->find_role(role_oid(s.who))->name : s.name;
  auto* existing = c->find_role(name);
  if (s.alter && existing == nullptr) throw sql_error(sqlstate::undefined_object, "role \"" + name + "\" does not exist");
  if (existing != nullptr && s.alter) refuse_predefined(*existing);
  role_def def;
  if (s.alter) {
    def = *existing;
  } else {
    def.name = name;
    def.can_login = s.user;
  }
  set_role_options(def, s);
  check_role_change(def, s, s.alter ? existing : nullptr);
  if (!s.alter) {
    refuse_reserved(name);
    if (existing != nullptr) throw sql_error(sqlstate::duplicate_object, "role \"" + name + "\" already exists");
    def.id = owner_.next_oid();
  }
  put(def);
  for (auto& into : s.in_roles) add_member(role_oid(into), def.id, false);
  for (auto& member : s.members) {
    if (s.drop_members) remove_member(def.id, role_oid(member), false);
    else add_member(def.id, role_oid(member), false);
  }
  for (auto& member : s.admins) add_member(def.id, role_oid(member), true);
  return s.alter ? "ALTER ROLE" : "CREATE ROLE";
}

// --- membership ---

void ddl::check_membership(const role_def& role) {
  auto c = owner_.definitions();
  const auto* self = c->find_role(owner_.role_id());
  if (self != nullptr && self->superuser) return;
  if (role.superuser) throw denied("must be superuser to alter superusers");
  const bool manages = self != nullptr && self->create_role;
  if (!manages && !is_admin_of(*c, owner_.role_id(), role.id)) throw denied("must have admin option on role \"" + role.name + "\"");
}

void ddl::add_member(oid role, oid member, bool admin) {
  auto c = owner_.definitions();
  const auto &of = *c->find_role(role), &who = *c->find_role(member);
  check_membership(of);
  if (role == role_pg_database_owner) throw sql_error(sqlstate::internal_error, "role \"" + of.name + "\" cannot have explicit members");
  if (member == role_pg_database_owner) throw sql_error(sqlstate::internal_error, "role \"" + who.name + "\" cannot be a member of any role");
  // Superusers count as members of everything; here only what was granted counts.
  const auto reached = [&](oid from, oid to) {
    std::set<oid> seen{from};
    std::vector<oid> open{from};
    while (!open.empty()) {
      const oid at = open.back();
      open.pop_back();
      if (at == to) return true;
      for (auto& [id, m] : c->memberships()) {
        if (m.member == at && seen.insert(m.role).second) open.push_back(m.role);
      }
    }
    return false;
  };
  if (reached(role, member)) throw sql_error("0LP01", "role \"" + of.name + "\" is a member of role \"" + who.name + "\"");
  const auto* known = c->find_membership(role, member);
  if (known != nullptr && (known->admin || !admin)) {
    owner_.notice("NOTICE", sqlstate::successful_completion, "role \"" + who.name + "\" is already a member of role \"" + of.name + "\"");
    return;
  }
  put(membership_def{known == nullptr ? owner_.next_oid() : known->id, role, member, owner_.role_id(), admin});
}

void ddl::remove_member(oid role, oid member, bool admin_only) {
  auto c = owner_.definitions();
  const auto& of = *c->find_role(role);
  check_membership(of);
  const auto* known = c->find_membership(role, member);
  if (known == nullptr) {
    owner_.notice("WARNING", "01000", "role \"" + c->find_role(member)->name + "\" is not a member of role \"" + of.name + "\"");
    return;
  }
  if (!admin_only) {
    erase(definition_kind::membership, known->id);
    return;
  }
  auto changed = *known;
  changed.admin = false;
  put(changed);
}

std::string ddl::grant_role(const ast::grant_role_statement& s) {
  const char* tag = s.grant ? "GRANT ROLE" : "REVOKE ROLE";
  begin(tag);
  std::vector<oid> members;
  for (auto& m : s.members) members.push_back(role_oid(m));
  for (auto& name : s.roles) {
    auto* role = owner_.definitions()->find_role(name);
    if (role == nullptr) throw sql_error(sqlstate::undefined_object, "role \"" + name + "\" does not exist");
    const oid id = role->id;
    for (oid member : members) {
      if (s.grant) add_member(id, member, s.admin_option);
      else remove_member(id, member, s.admin_option);
    }
  }
  return tag;
}

void ddl::rename_role(const ast::rename_statement& s) {
  auto c = owner_.definitions();
  auto* role = c->find_role(s.from);
  if (role == nullptr) throw sql_error(sqlstate::undefined_object, "role \"" + s.from + "\" does not exist");
  if (role->name == owner_.session_user()) throw sql_error(sqlstate::feature_not_supported, "session user cannot be renamed");
  if (role->id == owner_.role_id()) throw sql_error(sqlstate::feature_not_supported, "current user cannot be renamed");
  refuse_predefined(*role);
  refuse_reserved(s.to);
  if (c->find_role(s.to) != nullptr) throw sql_error(sqlstate::duplicate_object, "role \"" + s.to + "\" already exists");
  const auto* self = c->find_role(owner_.role_id());
  if (role->superuser && !is_superuser(*c, owner_.role_id())) throw denied("must be superuser to rename superusers");
  if (self == nullptr || (!self->superuser && !self->create_role)) throw denied("permission denied to rename role");
  auto changed = *role;
  changed.name = s.to;
  put(changed);
}

// --- what depends on a role ---

namespace {
struct dependent {
  oid object = 0;
  std::string text;
};

std::string described(session_core& owner, const protected_object& o) {
  const auto name = o.class_id == class_relation ? owner.relation_name(o.id) : o.name;
  return std::string(kind_word(o)) + " " + name;
}

std::vector<protected_object> all_objects(const catalog& c) {
  std::vector<protected_object> out;
  for (auto& [id, t] : c.tables()) {
    // The sequences of its columns before it, as if they had been made first.
    for (auto& [number, s] : c.sequences()) {
      if (s.owned_by_table == id) out.push_back(protect(s));
    }
    out.push_back(protect(t));
  }
  for (auto& [id, s] : c.sequences()) {
    if (s.owned_by_table == 0) out.push_back(protect(s));
  }
  for (auto& [id, s] : c.schemas()) out.push_back(protect(s));
  out.push_back(protect_database(c));
  const auto place = [&c](const protected_object& o) {
    const auto* s = o.class_id == class_relation ? c.find_sequence(o.id) : nullptr;
    return s != nullptr && s->owned_by_table != 0 ? s->owned_by_table : o.id;
  };
  std::stable_sort(out.begin(), out.end(), [&](auto& a, auto& b) { return place(a) < place(b); });
  return out;
}

bool mentions(const access_list& list, oid role) {
  return std::any_of(list.begin(), list.end(), [role](auto& i) { return i.grantee == role || i.grantor == role; });
}

std::vector<std::string> dependents_of(session_core& owner, oid role) {
  auto c = owner.definitions();
  std::vector<std::string> out;
  for (auto& o : all_objects(*c)) {
    if (o.owner == role) out.push_back("owner of " + described(owner, o));
    const auto* stored = c->find_access(o.class_id, o.id, 0);
    // The owner's own entries are covered by the line above.
    if (stored != nullptr && o.owner != role && mentions(stored->items, role)) out.push_back("privileges for " + described(owner, o));
    if (o.class_id != class_relation || o.kind == 'S') continue;
    for (auto& column : c->find_table(o.id)->columns) {
      const auto* list = c->find_access(o.class_id, o.id, column.number);
      if (list != nullptr && o.owner != role && mentions(list->items, role)) out.push_back("privileges for column " + column.name + " of " + described(owner, o));
    }
  }
  for (auto& [id, d] : c->default_access()) {
    const char* what = d.kind == 'r' ? "relations" : d.kind == 'S' ? "sequences" : "schemas";
    auto where = d.schema == 0 ? std::string() : " in schema " + owner.schema_name(d.schema);
    auto text = std::string("default privileges on new ") + what + " belonging to role " + owner.role_name(d.role) + where;
    if (d.role == role) out.push_back("owner of " + text);
    else if (mentions(d.items, role)) out.push_back("privileges for " + text);
  }
  return out;
}
}  // namespace

std::string ddl::drop_role(const ast::drop_role_statement& s) {
  begin("DROP ROLE");
  auto c = owner_.definitions();
  const auto* self = c->find_role(owner_.role_id());
  if (self == nullptr || (!self->superuser && !self->create_role)) throw denied("permission denied to drop role");
  for (auto& name : s.roles) {
    if (name.what != ast::role_name::kind::named) throw sql_error(sqlstate::invalid_parameter_value, "cannot use special role specifier in DROP ROLE");
    c = owner_.definitions();
    auto* role = c->find_role(name.name);
    if (role == nullptr) {
      if (!s.if_exists) throw sql_error(sqlstate::undefined_object, "role \"" + name.name + "\" does not exist");
      owner_.notice("NOTICE", sqlstate::successful_completion, "role \"" + name.name + "\" does not exist, skipping");
      continue;
    }
    if (role->id == owner_.role_id()) throw sql_error("55006", "current user cannot be dropped");
    if (role->name == owner_.session_user()) throw sql_error("55006", "session user cannot be dropped");
    if (role->superuser && !is_superuser(*c, owner_.role_id())) throw denied("must be superuser to drop superusers");
    if (role->id < 16384) throw sql_error("2BP01", "cannot drop role " + role->name + " because it is required by the database system");
    auto lines = dependents_of(owner_, role->id);
    if (!lines.empty()) {
      std::string text;
      for (auto& l : lines) text += (text.empty() ? "" : "\n") + l;
      throw sql_error("2BP01", "role \"" + role->name + "\" cannot be dropped because some objects depend on it").detail(text);
    }
    const auto id = role->id;
    for (auto& [membership, m] : c->memberships()) {
      if (m.role == id || m.member == id) erase(definition_kind::membership, membership);
    }
    erase_comments(1260, id, 0);
    erase(definition_kind::role, id);
  }
  return "DROP ROLE";
}

// --- owners ---

/// Whoever gives something away must own it, and could act as the new owner, who could have made it there.
void ddl::check_new_owner(const protected_object& object, oid schema, oid to) {
  auto c = owner_.definitions();
  if (is_superuser(*c, owner_.role_id())) return;
  require_owner(*c, owner_.role_id(), object);
  if (!is_member_of(*c, owner_.role_id(), to)) throw denied("must be member of role \"" + c->find_role(to)->name + "\"");
  if (schema != 0) require_right(*c, to, protect(*c->find_schema(schema)), right::create);
  else if (object.class_id == class_schema) require_right(*c, owner_.role_id(), protect_database(*c), right::create);
}

std::string ddl::owner(const ast::owner_statement& s) {
  const char* tag = s.database ? "ALTER DATABASE" : "ALTER SCHEMA";
  begin(tag);
  auto c = owner_.definitions();
  if (s.database) throw sql_error(sqlstate::feature_not_supported, "the owner of the database cannot be changed");
  auto* schema = c->find_schema(s.name);
  if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + s.name + "\" does not exist");
  const oid to = role_oid(s.owner);
  if (to != schema->owner) {
    check_new_owner(protect(*schema), 0, to);
    change_owner(protect(*schema), to);
    auto changed = *owner_.definitions()->find_schema(s.name);
    changed.owner = to;
    put(changed);
  }
  return tag;
}

void ddl::give_to(const protected_object& object, oid to) {
  change_owner(object, to);
  auto c = owner_.definitions();
  if (object.class_id == class_schema) {
    auto changed = *c->find_schema(object.id);
    changed.owner = to;
    put(changed);
  } else if (object.kind == 'S') {
    auto changed = *c->find_sequence(object.id);
    changed.owner = to;
    put(changed);
  } else {
    auto changed = *c->find_table(object.id);
    changed.owner = to;
    put(changed);
    // The sequences of its columns go with it.
    for (auto& [id, sequence] : c->sequences()) {
      if (sequence.owned_by_table == object.id && sequence.owner != to) give_to(protect(sequence), to);
    }
  }
}

std::string ddl::owned(const ast::owned_statement& s) {
  const char* tag = s.drop ? "DROP OWNED" : "REASSIGN OWNED";
  begin(tag);
  std::vector<oid> roles;
  for (auto& r : s.roles) roles.push_back(role_oid(r));
  auto c = owner_.definitions();
  for (oid role : roles) {
    if (has_rights_of(*c, owner_.role_id(), role)) continue;
    throw denied(s.drop ? "permission denied to drop objects" : "permission denied to reassign objects");
  }
  const oid to = s.drop ? 0 : role_oid(s.to);
  if (!s.drop && !has_rights_of(*c, owner_.role_id(), to)) throw denied("permission denied to reassign objects");
  for (oid role : roles) {
    if (role == bootstrap_role) {
      throw sql_error("2BP01", std::string("cannot ") + (s.drop ? "drop" : "reassign ownership of") + " objects owned by role " + owner_.role_name(role) +
                                   " because they are required by the database system");
    }
    if (s.drop) drop_owned(role, s.cascade);
    else {
      for (auto& o : all_objects(*owner_.definitions())) {
        if (o.owner == role && o.class_id != class_database) give_to(o, to);
      }
    }
  }
  return tag;
}

void ddl::drop_owned(oid role, bool cascade) {
  drop_work drops;
  drops.cascade = cascade;
  auto c = owner_.definitions();
  for (auto& [id, table] : c->tables()) {
    if (table.owner == role) drops.tables.insert(id);
  }
  for (oid id : std::vector<oid>(drops.tables.begin(), drops.tables.end())) {
    auto* table = owner_.definitions()->find_table(id);
    if (table == nullptr) continue;
    lock_for_drop(id, table->name);
    if (table->kind == 'r') drop_table(current(id), drops);
    else drop_view(current(id), drops);
  }
  finish_drops(drops, "objects owned by role " + owner_.role_name(role));
  c = owner_.definitions();
  for (auto& [id, sequence] : c->sequences()) {
    if (sequence.owner == role && owner_.definitions()->find_sequence(id) != nullptr) drop_sequence(sequence, cascade);
  }
  for (auto& [id, schema] : c->schemas()) {
    if (schema.owner == role) drop_schema(schema.name, id, cascade);
  }
  // What it may do elsewhere, and what it has said of its future objects.
  c = owner_.definitions();
  for (auto& [key, def] : c->access_lists()) {
    if (!mentions(def.items, role)) continue;
    auto changed = def;
    std::erase_if(changed.items, [role](auto& i) { return i.grantee == role || i.grantor == role; });
    if (def.column != 0 && changed.items.empty()) erase(definition_kind::access, def.id);
    else put(changed);
  }
  for (auto& [id, d] : c->default_access()) {
    auto changed = d;
    std::erase_if(changed.items, [role](auto& i) { return i.grantee == role; });
    if (d.role == role) erase(definition_kind::default_access, id);
    else if (changed.items.size() != d.items.size()) put(changed);
  }
}

}  // namespace helios::sql
