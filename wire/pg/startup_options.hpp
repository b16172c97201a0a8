#pragma once
// The startup parameter "options" as libpq sends it: "-c name=value" and "--name=value", separated by blanks, a backslash
// quoting the next character. Pure.

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace helios::wire::pg {

/// errc::invalid_argument names the word that is none of these.
result<std::map<std::string, std::string>> parse_startup_options(std::string_view text);

}  // namespace helios::wire::pg
