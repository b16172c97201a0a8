#pragma once
// Statements about rights: GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, roles and owners. See expr.hpp for the rules.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sql/ast/select.hpp"

namespace helios::sql::ast {

/// A role as a statement names it.
struct role_name {
  enum class kind : std::uint8_t { named, everyone, current_user, current_role, session_user } what = kind::named;
  std::string name;
  int position = 0;
};

/// GRANT and REVOKE of rights on objects; with `defaults`, of those that future objects get.
struct grant_statement {
  enum class target : std::uint8_t { table, sequence, schema, database, other };
  struct right {
    std::string name;  ///< as written, lower case; empty: all, of the named columns
    std::vector<std::string> columns;
  };
  bool grant = true, grant_option = false, cascade = false;
  bool all_in_schema = false;  ///< `objects` are schemas
  target what = target::table;
  std::string kind_name;
  std::vector<relation_name> objects;
  std::vector<right> rights;  ///< empty: ALL
  std::vector<role_name> grantees;
  std::optional<role_name> grantor;
  bool defaults = false;
  std::vector<role_name> for_roles;
  std::vector<std::string> in_schemas;
};

struct grant_role_statement {
  bool grant = true, admin_option = false, cascade = false;
  std::vector<std::string> roles;
  std::vector<role_name> members;
  std::optional<role_name> grantor;
};

struct drop_role_statement {
  std::vector<role_name> roles;
  bool if_exists = false;
};

/// OWNER TO of what ALTER TABLE does not know.
struct owner_statement {
  bool database = false;  ///< else a schema
  std::string name;
  role_name owner;
};

/// DROP OWNED and REASSIGN OWNED.
struct owned_statement {
  bool drop = false, cascade = false;
  std::vector<role_name> roles;
  role_name to;
};

}  // namespace helios::sql::ast
