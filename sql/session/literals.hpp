#pragma once
// Statements that differ in their numbers alone share a plan: the whole numbers of a text become parameters. Pure text
// work; what is in doubt is left as it is.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace helios::sql {

struct lifted_text {
  std::string text;                    ///< with $1, $2, ... in place of the numbers
  std::vector<std::int32_t> numbers;
};

/// Nothing when the text has no such numbers, or has anything in which a number may be more than a value: positions in
/// ORDER BY and GROUP BY, comments, escapes, parameters of its own.
std::optional<lifted_text> lift_numbers(std::string_view text);

}  // namespace helios::sql
