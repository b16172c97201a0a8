#include "sql/bind/suggest.hpp"

#include <algorithm>

#include "base/sql_error.hpp"

namespace helios::sql {

namespace {
constexpr std::size_t distance_max = 3;

/// Insertions, deletions and replacements from one name to the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// The nearest one or two; three at the same distance are none.
struct nearest {
  std::size_t best = distance_max + 1;
  std::vector<std::string> found;

  void offer(std::size_t at, std::string name) {
    if (at > best) return;
    if (at < best) {
      best = at;
      found = {std::move(name)};
    } else if (found.size() == 2) {
      found.clear();
      best = at == 0 ? 0 : at - 1;
    } else if (best <= distance_max) {
      found.push_back(std::move(name));
    }
  }
};
}  // namespace

std::string suggest_column(const scope& s, const std::string& qualifier, const std::string& name) {
  nearest near;
  for (const scope* at = &s; at != nullptr; at = at->outer) {
    for (auto& r : at->relations) {
      std::size_t penalty = qualifier.empty() ? 0 : distance(qualifier, r.alias);
      if (penalty > near.best) continue;
      for (auto& c : r.columns) {
        auto d = distance(c.name, name);
        if (d <= name.size() / 2) near.offer(d + penalty, r.alias + "." + c.name);
      }
    }
  }
  if (near.found.empty()) return {};
  std::string out = "Perhaps you meant to reference the column \"" + near.found[0] + "\"";
  if (near.found.size() > 1) out += " or the column \"" + near.found[1] + "\"";
  return out + ".";
}

void no_such_relation(const scope& s, const std::string& name, int position) {
  for (const scope* at = &s; at != nullptr; at = at->outer) {
    for (auto& r : at->relations) {
      if (r.table == nullptr || r.table->name != name) continue;
      throw sql_error(sqlstate::undefined_table, "invalid reference to FROM-clause entry for table \"" + name + "\"")
          .hint("Perhaps you meant to reference the table alias \"" + r.alias + "\".").at(position);
    }
  }
  for (const scope* at = &s; at != nullptr; at = at->outer) {
    if (at->out_of_reach != name) continue;
    throw sql_error(sqlstate::undefined_table, "invalid reference to FROM-clause entry for table \"" + name + "\"")
        .hint("There is an entry for table \"" + name + "\", but it cannot be referenced from this part of the query.").at(position);
  }
  throw sql_error(sqlstate::undefined_table, "missing FROM-clause entry for table \"" + name + "\"").at(position);
}

}  // namespace helios::sql
