#pragma once
// What the proxy must know of a statement: its class, and what it leaves behind in the session. Made by sql's parser; the
// rest of the proxy sees only this.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/session.hpp"

namespace helios::actors {

enum class session_effect : std::uint8_t {
  none,
  setting,      ///< SET or RESET of one name: replayed on other backends
  reset_all,
  discard_all,
  prepare,      ///< PREPARE name
  deallocate,   ///< DEALLOCATE name; no name: all
  other,        ///< replayed as it is
  local_object  ///< something that only one backend has (temporary table, LISTEN, advisory lock, held cursor): the session stays there
};

struct statement_facts {
  sql::statement_class kind{};
  session_effect effect = session_effect::none;
  std::string name;      ///< of the setting or the prepared statement, lower case
  std::string text;      ///< of a statement with an effect
};

using statement_inspector = std::function<std::vector<statement_facts>(std::string_view)>;

/// Throws sql_error as sql::parse does.
std::vector<statement_facts> inspect_statements(std::string_view text);

}  // namespace helios::actors
