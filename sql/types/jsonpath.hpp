#pragma once
// The SQL/JSON path language: text parsed into a tree, and the tree as PostgreSQL prints it. A value of type jsonpath is that
// normalized text; who evaluates one parses it once and keeps the tree (jsonpath_of). Pure; any thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/types/numeric.hpp"

namespace helios::sql {

enum class path_kind : std::uint8_t {
  null, string, number, boolean, variable,                        // literals
  and_, or_, not_, is_unknown, equal, not_equal, less, greater, less_equal, greater_equal, starts_with, like_regex, exists,
  add, subtract, multiply, divide, modulo, plus, minus,
  root, current, last, key, any_key, any_array, index_array, any, filter,
  type, size, abs, floor, ceiling, double_, datetime, keyvalue
};

struct path_node {
  path_kind what = path_kind::root;
  std::string text;                   ///< string, variable, key; like_regex's pattern; datetime's template
  std::string flags;                  ///< like_regex
  bool truth = false, has_template = false;
  int depth = 1;                      ///< nodes that a walk from here has open at once; bounded by the parser
  datum number;                       ///< a numeric; its bytes are `text`
  std::uint32_t first = 0, until = 0; ///< any: levels, path_level_last for "last"
  std::vector<std::unique_ptr<path_node>> arguments;  ///< index_array: from and until in turns, until may be null
  std::unique_ptr<path_node> next;    ///< the accessor that follows
};
inline constexpr std::uint32_t path_level_last = 0xffffffff;

struct json_path {
  bool lax = true;
  std::unique_ptr<path_node> root;
};

/// Throws 42601, 22P02, 2201B.
json_path parse_jsonpath(std::string_view text);
std::string jsonpath_text(const json_path& path);
/// Parsed, and kept for the next call with the same text on this thread.
std::shared_ptr<const json_path> jsonpath_of(std::string_view text);
/// "+", "==", ...
const char* path_operator(path_kind what);

}  // namespace helios::sql
