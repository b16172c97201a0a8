#include "sql/plan/plan_node.hpp"

#include <algorithm>

namespace helios::sql {

void plan_node::settle(const std::vector<bool>& used) {
  slots_.clear();
  for (auto& i : inputs()) {
    i->settle(used);
    slots_.insert(slots_.end(), i->slots().begin(), i->slots().end());
  }
  std::sort(slots_.begin(), slots_.end());
  slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
}

void explain(const plan_node& node, int depth, std::vector<std::string>& lines) {
  std::string indent(depth == 0 ? 0 : static_cast<std::size_t>(depth * 6 - 4), ' ');
  lines.push_back(depth == 0 ? node.title() : indent + "->  " + node.title());
  std::string below(static_cast<std::size_t>(depth * 6 + 2), ' ');
  for (auto& d : node.details()) lines.push_back(below + d);
  for (auto& i : node.inputs()) explain(*i, depth + 1, lines);
}

}  // namespace helios::sql
