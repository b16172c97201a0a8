#include "sql/exec/row_nesting.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/sql_error.hpp"

namespace helios::sql {

namespace {
constexpr int nesting_max = 50;

/// The row type that a column's values are, or are arrays of; 0 for another type.
oid row_type_inside(oid type) {
  for (;;) {
    type = base_type(type);
    const oid element = type < first_defined_oid ? 0 : element_type(type);
    if (element == 0) break;
    type = element;
  }
  const type_ops* ops = type < first_defined_oid ? nullptr : find_type(type);
  return ops != nullptr && ops->kind == 'c' ? type : 0;
}

class walker {
 public:
  explicit walker(const catalog& definitions) : definitions_(definitions) {}

  /// How many row types stand inside each other from this one on. Each is looked at once.
  int depth(oid row_type) {
    if (auto known = depths_.find(row_type); known != depths_.end()) return known->second;
    auto* relation = definitions_.find_table(get_type(row_type).relation);
    if (!open_.insert(row_type).second) {
      throw sql_error("42P16", "composite type " + relation->name + " cannot be made a member of itself");
    }
    int inside = 0;
    for (auto& c : relation->columns) {
      const oid next = c.dropped ? 0 : row_type_inside(c.type.id);
      if (next == 0) continue;
      if (open_.size() > nesting_max) too_deep();
      inside = std::max(inside, depth(next));
    }
    open_.erase(row_type);
    if (inside + 1 > nesting_max) too_deep();
    return depths_[row_type] = inside + 1;
  }

 private:
  [[noreturn]] static void too_deep() { throw sql_error(sqlstate::statement_too_complex, "composite types nest too deeply"); }

  const catalog& definitions_;
  std::map<oid, int> depths_;
  std::set<oid> open_;
};
}  // namespace

void check_nesting(const catalog& definitions, const table_def& relation) {
  bool plain = std::none_of(relation.columns.begin(), relation.columns.end(), [](auto& c) { return !c.dropped && row_type_inside(c.type.id) != 0; });
  if (plain) return;
  walker walk(definitions);
  (void)walk.depth(row_type_of(relation.id));
  // What has this relation's rows inside is deeper now, too.
  for (auto& [id, other] : definitions.tables()) (void)walk.depth(row_type_of(id));
}

bool contains_domain(oid type, oid domain) {
  const auto is_domain = [domain](oid t) {
    while (t >= first_defined_oid && t != domain && get_type(t).kind == 'd') t = get_type(t).base;
    return t == domain;
  };
  std::set<oid> seen;
  std::vector<oid> pending{base_type(type)};
  while (!pending.empty()) {
    const oid next = pending.back();
    pending.pop_back();
    if (next < first_defined_oid || !seen.insert(next).second) continue;
    std::vector<oid> inside;
    if (const oid element = element_type(next); element != 0) inside.push_back(element);
    else if (get_type(next).kind == 'c')
      for (auto& a : current_types()->attributes(get_type(next))) inside.push_back(a.type.id);
    for (oid t : inside) {
      if (is_domain(t)) return true;
      pending.push_back(base_type(t));
    }
  }
  return false;
}

}  // namespace helios::sql
