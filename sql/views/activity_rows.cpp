// pg_stat_activity, pg_locks, and the counters of pg_stat_*. What the server does not count is NULL, never 0.
#include "sql/catalog/privileges.hpp"
#include "sql/views/view_rows.hpp"
#include "storage/lock_table.hpp"

namespace helios::sql {
namespace {

void activity_rows(view_rows& out) {
  const role_def* self = out.definitions->find_role(out.hooks.current_user());
  for (const auto& a : out.hooks.db().facts().activity()) {
    out.row().set("datid", the_database).set("datname", a.database).set("pid", a.session).set("usename", a.user);
    const role_def* r = out.definitions->find_role(a.user);
    if (r != nullptr) out.set("usesysid", r->id);
    // What another role's session does is for those who have its rights, or read all statistics.
    const auto& c = *out.definitions;
    if (self == nullptr || r == nullptr || (!has_rights_of(c, self->id, r->id) && !has_rights_of(c, self->id, role_read_all_stats))) {
      out.set("query", "<insufficient privilege>").set("client_port", datum::null());
      continue;
    }
    out.set("application_name", a.application).set_if("client_addr", a.client_address);
    out.set("client_port", a.client_address.empty() ? -1 : a.client_port);
    out.set_time("backend_start", a.backend_start_us).set_time("xact_start", a.transaction_start_us);
    out.set_time("query_start", a.query_start_us).set_time("state_change", a.state_change_us);
    out.set_if("wait_event", a.wait_event).set("state", a.state).set("query", a.query);
    if (!a.wait_event.empty()) out.set("wait_event_type", a.wait_event == "ClientRead" || a.wait_event == "ClientWrite" ? "Client" : "IPC");
    out.set("backend_type", "client backend");
  }
}

const char* kind_name(storage::lock_kind kind) {
  switch (kind) {
    case storage::lock_kind::relation: return "relation";
    case storage::lock_kind::row: return "tuple";
    case storage::lock_kind::unique_key: return "object";
    case storage::lock_kind::advisory: return "advisory";
  }
  return "";
}
const char* mode_name(storage::lock_mode mode) {
  static constexpr const char* names[] = {
      "", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
      "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock", "ForKeyShareLock", "ForShareLock",
      "ForNoKeyUpdateLock", "ForUpdateLock"};
  const auto i = static_cast<std::size_t>(mode);
  return i < std::size(names) ? names[i] : "";
}
/// The table whose rows or index entries live in a space.
oid relation_of_space(const catalog& c, std::uint32_t space) {
  for (const auto& [id, t] : c.tables())
    if (t.space.value == space) return id;
  for (const auto& [id, i] : c.indexes())
    if (i.space.value == space) return id;
  return 0;
}
void lock_rows(view_rows& out) {
  for (const auto& lock : out.hooks.db().engine().locks().list()) {
    out.row().set("locktype", kind_name(lock.tag.kind)).set("mode", mode_name(lock.mode)).set("granted", lock.granted);
    out.set("virtualtransaction", std::to_string(lock.process) + "/" + std::to_string(lock.owner.value & ~(1ull << 63))).set("fastpath", false);
    out.set("pid", static_cast<std::int64_t>(lock.process));
    if (lock.tag.kind == storage::lock_kind::advisory) {
      const auto key = storage::advisory_key_of(lock.tag);
      out.set("database", the_database).set("classid", key.class_id).set("objid", key.object_id).set("objsubid", key.sub_id);
      continue;
    }
    const bool direct = lock.tag.kind == storage::lock_kind::relation;
    const oid relation = direct ? lock.tag.object : relation_of_space(*out.definitions, lock.tag.object);
    out.set("database", the_database);
    if (relation != 0) out.set("relation", relation);
  }
}

void table_row(view_rows& out, oid id, const std::string& schema, const std::string& name) {
  out.row().set("relid", id).set("schemaname", schema).set("relname", name);
}
void user_table_rows(view_rows& out) {
  for (const auto& [id, t] : out.definitions->tables())
    if (!t.is_composite()) table_row(out, id, out.schema_name(t.schema), t.name);
}
void system_table_rows(view_rows& out) {
  for (const auto& view : all_system_views())
    if (view.kind == 'r') table_row(out, view.relation.id, view.relation.schema, view.relation.name);
}
void all_table_rows(view_rows& out) {
  system_table_rows(out);
  user_table_rows(out);
}
void index_rows(view_rows& out) {
  for (const auto& [id, i] : out.definitions->indexes()) {
    const table_def* t = out.definitions->find_table(i.table);
    if (!t) continue;
    table_row(out, t->id, out.schema_name(t->schema), t->name);
    out.set("indexrelid", id).set("indexrelname", i.name);
  }
}
void database_rows(view_rows& out) {
  out.row().set("datid", the_database).set("datname", out.definitions->database_name());
  out.set("numbackends", out.hooks.db().facts().activity().size());
  out.set("xact_commit", out.hooks.db().engine().status().commits);
}

}  // namespace

void add_activity_rows(row_sources& s) {
  s.emplace("pg_stat_activity", activity_rows);
  s.emplace("pg_locks", lock_rows);
  s.emplace("pg_stat_user_tables", user_table_rows);
  s.emplace("pg_stat_sys_tables", system_table_rows);
  s.emplace("pg_stat_all_tables", all_table_rows);
  s.emplace("pg_stat_user_indexes", index_rows);
  s.emplace("pg_stat_all_indexes", index_rows);
  s.emplace("pg_stat_database", database_rows);
}

}  // namespace helios::sql
