#pragma once
// Reads a node's settings: a YAML file, then environment variables over it, then the rules between the keys. The only
// user of yaml-cpp. Called by main() before any thread is started.
//
// I1 What load_options returns is complete and consistent: nobody after it checks a limit again.
// I2 An error names every wrong place at once, one per line: "node.yaml:7: key 'listen.pg_port': reason".
// I3 A secret never appears in an error text.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/options.hpp"

namespace helios::config {

/// Variables by name. Those that begin with HELIOSDB_ override keys: replication.mode is HELIOSDB_REPLICATION_MODE.
using environment = std::map<std::string, std::string>;

/// The variables of this process that begin with HELIOSDB_.
environment process_environment();

/// `errc::io` when the file cannot be read, otherwise `errc::invalid_argument` with one line per mistake.
result<node_options> load_options(const std::filesystem::path& path, const environment& variables);

/// The same from a text; `name` stands for the file in error texts.
result<node_options> parse_options(std::string_view text, const std::string& name, const environment& variables);

/// Every key, dotted, in the order of the reference. For documentation checks and tests.
std::vector<std::string> all_keys();

}  // namespace helios::config
