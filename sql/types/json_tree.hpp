#pragma once
// JSON text as a tree: what the functions of type json walk, and what jsonb is made from. Nodes hold views of the text
// they were read from, or of the arena given.

#include <cstdint>
#include <string_view>
#include <vector>

#include "sql/types/datum.hpp"

namespace helios::sql {

struct json_node {
  enum class kind : std::uint8_t { null, string, number, boolean, array, object };
  kind what = kind::null;
  bool truth = false;
  std::string_view text;               ///< of a string its characters, of a number its digits as written
  std::string_view source;             ///< the whole value as written
  std::vector<std::string_view> keys;  ///< of an object, in the text's order, repeated ones as well
  std::vector<json_node> items;

  bool scalar() const { return what != kind::array && what != kind::object; }
  /// The last value of that key; nullptr if there is none.
  const json_node* find(std::string_view key) const;
};

/// Throws as read_json does.
json_node parse_json_tree(std::string_view text, arena& mem);

}  // namespace helios::sql
