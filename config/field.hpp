#pragma once
// The table of keys: for each dotted key, how its text is checked and stored. The YAML reader, the environment reader and
// the documentation test all walk this one table, so that a key cannot exist in one of them only.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/options.hpp"

namespace helios::config {

struct field {
  std::string key;  ///< dotted: "replication.mode"
  std::function<result<void>(node_options&, std::string_view)> assign;
  /// Not empty: this key names a file whose content is the value of that other key.
  std::string file_of = {};
};

const std::vector<field>& fields();
const field* find_field(std::string_view key);
bool is_section(std::string_view name);

/// Keys of one entry of `peers`, and how they are stored.
struct peer_field {
  std::string key;
  std::function<result<void>(peer&, std::string_view)> assign;
};
const std::vector<peer_field>& peer_fields();

/// HELIOSDB_REPLICATION_MODE of "replication.mode".
std::string variable_of(std::string_view key);

/// The known name nearest to a mistyped one, if one is near enough to be meant.
std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace helios::config
