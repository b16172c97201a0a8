#include "sql/bind/grouping.hpp"

#include <algorithm>

#include "base/sql_error.hpp"

namespace helios::sql {

void grouping::add(expression_ptr value) {
  auto key = key_of(*value);
  if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) return;
  keys_.push_back(std::move(key));
  values_.push_back(std::move(value));
}

bool grouping::determined(const relation_entry& relation) const {
  if (relation.table == nullptr) return false;
  for (auto& c : relation.table->constraints) {
    if (c.kind != constraint_kind::primary_key) continue;
    return std::all_of(c.columns.begin(), c.columns.end(), [&](std::int16_t number) {
      auto key = "$slot" + std::to_string(relation.base + number - 1);
      return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
    });
  }
  return false;
}

int grouping::position_of(int slot) const {
  auto found = scope_.references.find(slot);
  return found == scope_.references.end() ? 0 : found->second;
}

void grouping::check_functions(const std::vector<grouping_check>& calls) const {
  for (auto& call : calls) {
    for (std::size_t i = 0; i < call.keys.size(); ++i) {
      if (std::find(keys_.begin(), keys_.end(), call.keys[i]) != keys_.end()) continue;
      throw sql_error(sqlstate::grouping_error, "arguments to GROUPING must be grouping expressions of the associated query level")
          .at(call.positions[i]);
    }
  }
}

void grouping::check(const expression& e, const char* detail) const {
  if (std::find(keys_.begin(), keys_.end(), key_of(e)) != keys_.end()) return;
  std::vector<int> own;
  e.own_slots(own);
  for (int slot : own) {
    if (std::find(keys_.begin(), keys_.end(), "$slot" + std::to_string(slot)) != keys_.end()) continue;
    for (auto& r : scope_.relations) {
      for (auto& c : r.columns) {
        auto* column = as_slot(c.value);
        if (column == nullptr || column->slot() != slot || determined(r)) continue;
        throw sql_error(sqlstate::grouping_error, "column \"" + r.alias + "." + c.name +
                                                      "\" must appear in the GROUP BY clause or be used in an aggregate function")
            .detail(detail == nullptr ? "" : detail).at(position_of(slot));
      }
    }
  }
  e.children([this, detail](const expression_ptr& child) { check(*child, detail); });
}

}  // namespace helios::sql
