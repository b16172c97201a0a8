#pragma once
// What roles may do: access lists of objects, membership, and the rules that put them together. PostgreSQL's model: rights
// are bits, an access list holds who has which rights from whom, and an object without a list has the default of its kind.
// Pure functions of a catalog; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/access_list.hpp"
#include "sql/catalog/catalog.hpp"

namespace helios::sql {

/// Classes of objects that have access lists, as pg_class numbers them.
inline constexpr oid class_relation = 1259, class_schema = 2615, class_database = 1262;
inline constexpr oid the_database_oid = 5;

/// Roles that every database has.
inline constexpr oid role_pg_database_owner = 6171, role_read_all_data = 6181, role_write_all_data = 6182, role_signal_backend = 4200,
                     role_read_all_settings = 3374, role_read_all_stats = 3375, role_checkpoint = 4544;
const std::vector<role_def>& predefined_roles();
const std::vector<membership_def>& predefined_memberships();

/// An object that has an owner and an access list.
struct protected_object {
  oid class_id = 0, id = 0;
  std::int16_t column = 0;
  char kind = 'r';  ///< of a relation, as pg_class.relkind: 'r', 'v', 'm', 'S'
  oid owner = 0;
  std::string name;
};
protected_object protect(const table_def& table, std::int16_t column = 0);
protected_object protect(const sequence_def& sequence);
protected_object protect(const schema_def& schema);
protected_object protect_database(const catalog& c);
/// "table", "view", "sequence", "schema", "database": for messages.
const char* kind_word(const protected_object& object);

/// All rights that this kind of object knows.
rights_mask all_rights(const protected_object& object);
access_list default_list(const protected_object& object);
/// The stored list, or the default one. Of a column: what is stored, or nothing.
access_list list_of(const catalog& c, const protected_object& object);
/// As pg_class.relacl and its kin show it: nothing where the default holds.
std::optional<access_list> shown_list(const catalog& c, const protected_object& object);

/// Roles whose rights `role` has by itself: its own and those that it inherits.
bool has_rights_of(const catalog& c, oid role, oid of);
/// Roles that it may become by SET ROLE.
bool is_member_of(const catalog& c, oid role, oid of);
/// It could administer `of`: it was granted WITH ADMIN OPTION.
bool is_admin_of(const catalog& c, oid role, oid of);
bool is_superuser(const catalog& c, oid role);
bool owns(const catalog& c, oid role, const protected_object& object);

/// Which of `wanted` the role has; `grantable`: with grant option.
rights_mask rights_of(const catalog& c, oid role, const protected_object& object, rights_mask wanted);
rights_mask grantable_rights(const catalog& c, oid role, const protected_object& object, rights_mask wanted);
inline bool may(const catalog& c, oid role, const protected_object& object, rights_mask wanted) {
  return rights_of(c, role, object, wanted) == wanted;
}
/// On the table or on this column.
bool may_column(const catalog& c, oid role, const table_def& table, std::int16_t column, rights_mask wanted);
bool may_any_column(const catalog& c, oid role, const table_def& table, rights_mask wanted);

/// Throw 42501.
[[noreturn]] void refuse_access(const protected_object& object, int position = 0);
[[noreturn]] void refuse_owner(const protected_object& object);
void require_right(const catalog& c, oid role, const protected_object& object, rights_mask wanted, int position = 0);
void require_owner(const catalog& c, oid role, const protected_object& object);

/// "r=name/grantor", with names quoted as PostgreSQL does.
std::string to_text(const catalog& c, const access_item& item);

}  // namespace helios::sql
