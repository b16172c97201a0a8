#pragma once
// The rules between keys: what a role needs, what excludes what. Pure; gives every breach, with the key to blame.

#include <set>
#include <string>
#include <vector>

#include "config/options.hpp"

namespace helios::config {

struct breach {
  std::string key;
  std::string reason;
};

/// `given`: the keys that were set by the file or the environment. May complete what follows from other keys (the
/// advertised host, write routing of an async standby).
std::vector<breach> complete_and_validate(node_options& options, const std::set<std::string>& given);

}  // namespace helios::config
