#pragma once
// Request targets: percent-decoding and query parameters. Pure; private to net/.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace helios::net {

/// Nothing on a broken escape. `plus_is_space`: as in queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Letters, digits and "-._~" stay; everything else is escaped.
std::string percent_encode(std::string_view text);
/// False if the target is malformed.
bool parse_target(std::string_view target, std::string& path, std::map<std::string, std::string>& query);

}  // namespace helios::net
