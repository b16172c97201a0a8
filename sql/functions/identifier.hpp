#pragma once
// Identifiers and literals as SQL text, and qualified names read from text.

#include <string>
#include <string_view>
#include <vector>

namespace helios::sql {

/// Quoted only when needed: upper case, odd characters, or a reserved word.
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view text);
/// `a."B c"` -> {"a", "B c"}; unquoted parts are folded. Throws 42602 `invalid name syntax`.
std::vector<std::string> split_qualified_name(std::string_view text);

}  // namespace helios::sql
