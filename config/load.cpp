#include "config/load.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "config/field.hpp"
#include "config/validate.hpp"

namespace helios::config {
namespace {

result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return error{errc::io, fmt::format("cannot open {}: {}", path.string(), std::strerror(errno))};
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return error{errc::io, fmt::format("cannot read {}", path.string())};
  return text;
}

/// The first line of a secret's file; editors end it with a newline that is not part of the secret.
result<std::string> read_secret(const std::string& path) {
  auto text = read_text(path);
  if (!text) return text.failure();
  return text->substr(0, text->find_first_of("\r\n"));
}

/// Kubernetes puts variables such as HELIOSDB_PRIMARY_SERVICE_HOST into every container beside a service of that name.
bool set_by_orchestrator(std::string_view variable) {
  return variable.find("_SERVICE_") != std::string_view::npos || variable.ends_with("_PORT") ||
         variable.find("_PORT_") != std::string_view::npos;
}

class loader {
 public:
  explicit loader(std::string file) : file_(std::move(file)) {}

  result<node_options> run(std::string_view text, const environment& variables) {
    read_yaml(text);
    read_environment(variables);
    if (mistakes_.empty()) {
      std::set<std::string> given;
      for (const auto& [key, place] : places_) given.insert(key);
      for (const auto& b : complete_and_validate(options_, given)) refuse(place_of(b.key), b.key, b.reason);
    }
    if (mistakes_.empty()) return std::move(options_);
    return error{errc::invalid_argument, fmt::format("{}", fmt::join(mistakes_, "\n"))};
  }

 private:
  void refuse(const std::string& place, const std::string& key, const std::string& reason) {
    mistakes_.push_back(fmt::format("{}: key '{}': {}", place, key, reason));
  }
  std::string line(const YAML::Mark& mark) const { return fmt::format("{}:{}", file_, std::max(mark.line, 0) + 1); }

  /// Where the key stands; of an absent one, where its section or the file begins.
  std::string place_of(const std::string& key) const {
    for (std::string name = key; !name.empty(); name.resize(name.find_last_of(".[") == std::string::npos ? 0 : name.find_last_of(".["))) {
      if (const auto it = places_.find(name); it != places_.end()) return it->second;
      if (const auto it = sections_.find(name); it != sections_.end()) return it->second;
    }
    return file_ + ":1";
  }

  void read_yaml(std::string_view text) {
    try {
      const YAML::Node root = YAML::Load(std::string(text));
      if (root.IsNull()) return;  // everything may come from the environment
      if (!root.IsMap()) {
        mistakes_.push_back(fmt::format("{}: expects keys and values at the top level", line(root.Mark())));
        return;
      }
      read_map(root, "");
    } catch (const YAML::Exception& e) {
      mistakes_.push_back(fmt::format("{}: not valid YAML: {}", line(e.mark), e.msg));
    }
  }

  void read_map(const YAML::Node& map, const std::string& section) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const auto place = line(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        refuse(place, section, "a key must be a word");
        continue;
      }
      const auto name = entry.first.Scalar();
      const auto key = section.empty() ? name : section + "." + name;
      if (!seen.insert(name).second) refuse(place, key, "stands twice");
      else read_entry(key, entry.second, place, section.empty());
    }
  }

  void read_entry(const std::string& key, const YAML::Node& value, const std::string& place, bool top) {
    if (top && key == "peers") {
      read_peers(value, place);
    } else if (top && is_section(key)) {
      sections_[key] = place;
      if (value.IsMap()) read_map(value, key);
      else refuse(place, key, "is a section: expects keys and values below it");
    } else if (const auto* known = find_field(key); known == nullptr) {
      refuse(place, key, "unknown key" + suggestion(key, all_keys()));
    } else if (!value.IsScalar()) {
      refuse(place, key, value.IsNull() ? "has no value" : "expects a single value");
    } else {
      assign(*known, value.Scalar(), place);
    }
  }

  static std::string suggestion(const std::string& wrong, const std::vector<std::string>& known) {
    const auto guess = nearest(wrong, known);
    return guess ? fmt::format("; did you mean '{}'?", *guess) : std::string();
  }

  void assign(const field& f, const std::string& text, const std::string& place) {
    std::string value = text;
    if (!f.file_of.empty()) {
      auto secret = read_secret(text);
      if (!secret) return refuse(place, f.key, secret.failure().detail);
      if (places_.contains(f.file_of) && !place.starts_with("environment "))
        return refuse(place, f.key, fmt::format("excludes '{}': give one of them", f.file_of));
      value = std::move(*secret);
    } else if (places_.contains(f.key + "_file") && !place.starts_with("environment ")) {
      return refuse(place, f.key, fmt::format("excludes '{}_file': give one of them", f.key));
    }
    if (auto stored = f.assign(options_, value); !stored) return refuse(place, f.key, stored.failure().detail);
    places_[f.key] = place;
  }

  void read_peers(const YAML::Node& list, const std::string& place) {
    places_["peers"] = place;
    options_.peers.clear();
    if (!list.IsSequence()) return refuse(place, "peers", "expects a list of nodes, each with id, host and ports");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto key = fmt::format("peers[{}]", i);
      const auto where = place.starts_with("environment ") ? place : line(list[i].Mark());
      places_[key] = where;
      if (list[i].IsMap()) options_.peers.push_back(read_peer(list[i], key, where));
      else refuse(where, key, "expects id, host and ports");
    }
  }

  peer read_peer(const YAML::Node& map, const std::string& place_key, const std::string& where) {
    peer out;
    for (const auto& entry : map) {
      const auto name = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      const auto key = place_key + "." + name;
      const auto place = where.starts_with("environment ") ? where : line(entry.first.Mark());
      places_[key] = place;
      const auto& table = peer_fields();
      const auto it = std::find_if(table.begin(), table.end(), [&name](const peer_field& f) { return f.key == name; });
      if (it == table.end()) {
        std::vector<std::string> known;
        for (const auto& f : table) known.push_back(f.key);
        refuse(place, key, "unknown key" + suggestion(name, known));
      } else if (!entry.second.IsScalar()) {
        refuse(place, key, "expects a single value");
      } else if (auto stored = it->assign(out, entry.second.Scalar()); !stored) {
        refuse(place, key, stored.failure().detail);
      }
    }
    return out;
  }

  void read_environment(const environment& variables) {
    for (const auto& [variable, value] : variables) {
      if (!variable.starts_with("HELIOSDB_")) continue;
      const auto place = "environment " + variable;
      const auto& table = fields();
      const auto it = std::find_if(table.begin(), table.end(),
                                   [&variable = variable](const field& f) { return variable_of(f.key) == variable; });
      if (it != table.end()) assign(*it, value, place);
      else if (variable == "HELIOSDB_PEERS") read_peers_variable(value, place);
      else if (!set_by_orchestrator(variable)) refuse_variable(variable, place);
    }
  }

  void read_peers_variable(const std::string& text, const std::string& place) {
    try {
      read_peers(YAML::Load(text), place);
    } catch (const YAML::Exception& e) {
      refuse(place, "peers", "not valid YAML: " + e.msg);
    }
  }

  void refuse_variable(const std::string& variable, const std::string& place) {
    std::vector<std::string> known;
    for (const auto& key : all_keys()) known.push_back(variable_of(key));
    mistakes_.push_back(fmt::format("{}: no key has this name{}", place, suggestion(variable, known)));
  }

  std::string file_;
  node_options options_;
  std::map<std::string, std::string> places_;    ///< key -> where it was set last
  std::map<std::string, std::string> sections_;  ///< section -> where it begins
  std::vector<std::string> mistakes_;
};

}  // namespace

environment process_environment() {
  environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (text.starts_with("HELIOSDB_") && equals != std::string_view::npos)
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

result<node_options> parse_options(std::string_view text, const std::string& name, const environment& variables) {
  return loader(name).run(text, variables);
}

result<node_options> load_options(const std::filesystem::path& path, const environment& variables) {
  auto text = read_text(path);
  if (!text) return text.failure();
  return parse_options(*text, path.string(), variables);
}

std::vector<std::string> all_keys() {
  std::vector<std::string> out;
  for (const auto& f : fields()) out.push_back(f.key);
  out.push_back("peers");
  return out;
}

}  // namespace helios::config
