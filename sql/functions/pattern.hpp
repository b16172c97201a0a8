#pragma once
// LIKE patterns and regular expressions. Regular expressions run on RE2: linear time, no back-references and no
// look-around (PostgreSQL has both); \m and \M mean any word border. Flags as PostgreSQL's: i, c, n, s, x, g.

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace helios::sql {

/// `%`, `_`, and `\` before a literal character. Throws 22025 for a pattern that ends in `\`.
bool like(std::string_view text, std::string_view pattern);
bool like_ignoring_case(std::string_view text, std::string_view pattern);

/// Compiled, and kept for the next call with the same text. Throws 2201B.
std::shared_ptr<const re2::RE2> regular_expression(std::string_view pattern, std::string_view flags);
bool has_flag(std::string_view flags, char flag);

}  // namespace helios::sql
