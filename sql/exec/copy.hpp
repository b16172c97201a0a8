#pragma once
// COPY: text, CSV and binary, in both directions. Moves bytes through the caller's copy_channel.

#include "sql/session/session_core.hpp"

namespace helios::sql {

/// Returns the command tag, "COPY n".
std::string run_copy(session_core& owner, const ast::copy_statement& s, const session_core::call& c);

}  // namespace helios::sql
