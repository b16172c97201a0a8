// Who the session is, and what its statements may do.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/session/session_core.hpp"

namespace helios::sql {

oid session_core::role_id() const {
  auto c = definitions();
  if (c == role_known_in_) return role_;
  auto* role = c->find_role(current_user());
  role_known_in_ = c;
  role_ = role == nullptr ? 0 : role->id;  // a role that was dropped meanwhile may do nothing
  return role_;
}

bool session_core::is_superuser() const { return sql::is_superuser(*definitions(), role_id()); }

/// SET ROLE and SET SESSION AUTHORIZATION, however they were said.
void session_core::check_role_setting(std::string_view name, std::string_view value) const {
  const bool role = name == "role";
  if (role && value == "none") return;
  auto c = definitions();
  auto* wanted = c->find_role(value);
  if (wanted == nullptr) throw sql_error(sqlstate::invalid_parameter_value, "role \"" + std::string(value) + "\" does not exist");
  auto* self = c->find_role(role ? session_user_ : options_.user);
  const bool allowed = self != nullptr && (self->superuser || (role ? is_member_of(*c, self->id, wanted->id) : self->id == wanted->id));
  if (allowed) return;
  throw sql_error(sqlstate::insufficient_privilege,
                  role ? "permission denied to set role \"" + std::string(value) + "\"" : std::string("permission denied to set session authorization"));
}

void session_core::role_changed() {
  role_known_in_.reset();
  settings_.set_initial("is_superuser", is_superuser() ? "on" : "off");
}

namespace {
[[noreturn]] void refuse(const catalog& c, oid relation) {
  if (const auto* t = c.find_table(relation)) refuse_access(protect(*t));
  throw sql_error(sqlstate::insufficient_privilege, "permission denied");
}

bool columns_allowed(const catalog& c, oid role, const table_def& table, const std::set<std::int16_t>& columns, rights_mask wanted) {
  if (columns.empty()) return may_any_column(c, role, table, wanted);
  return std::all_of(columns.begin(), columns.end(), [&](std::int16_t number) { return may_column(c, role, table, number, wanted); });
}
}  // namespace

/// Throws 42501. What the whole table does not allow, its columns may.
bool session_core::check_access(const std::vector<access_need>& needs) const {
  auto c = definitions();
  const oid self = role_id();
  bool unreadable = false;
  for (const auto& need : needs) {
    const oid role = need.as == 0 ? self : need.as;
    if (sql::is_superuser(*c, role)) continue;
    const auto* table = c->find_table(need.relation);
    if (table == nullptr) continue;
    auto missing = need.rights & ~rights_of(*c, role, protect(*table), need.rights);
    if ((missing & ~(right::select | right::insert | right::update)) != 0) refuse(*c, need.relation);
    if ((missing & right::select) != 0 && !columns_allowed(*c, role, *table, need.read, right::select)) refuse(*c, need.relation);
    if ((missing & right::insert) != 0 && !columns_allowed(*c, role, *table, need.inserted, right::insert)) refuse(*c, need.relation);
    if ((missing & right::update) != 0 && !columns_allowed(*c, role, *table, need.updated, right::update)) refuse(*c, need.relation);
    unreadable = unreadable || ((need.rights & (right::insert | right::update)) != 0 && !may(*c, role, protect(*table), right::select));
  }
  return unreadable;
}

/// LOCK TABLE: reading allows the weakest mode, inserting the next ones, other changes all.
void session_core::check_lock_right(const table_def& table, int mode) const {
  auto wanted = right::update | right::erase | right::truncate;
  if (mode <= static_cast<int>(storage::lock_mode::row_exclusive)) wanted |= right::insert;
  if (mode == static_cast<int>(storage::lock_mode::access_share)) wanted |= right::select;
  if (rights_of(*definitions(), role_id(), protect(table), wanted) == 0) refuse_access(protect(table));
}

}  // namespace helios::sql
