#pragma once
// Whether a text is JSON (RFC 8259): what the input of type json checks. Pure; any thread.

#include <string_view>

namespace helios::sql {

/// Nesting is bounded: hostile input must not overflow the stack.
inline constexpr int json_depth_max = 6000;

bool is_json(std::string_view text);

}  // namespace helios::sql
