#include "sql/exec/table_target.hpp"

#include <algorithm>

namespace helios::sql {

namespace {
std::vector<int> zero_based(const std::vector<std::int16_t>& numbers) {
  std::vector<int> out;
  for (auto n : numbers) out.push_back(n - 1);
  return out;
}

foreign_key describe(const constraint_def& rule, const table_def& child, const table_def& parent, const catalog& definitions) {
  foreign_key out{&rule, &child, &parent, zero_based(rule.columns), zero_based(rule.referenced_columns), nullptr, nullptr};
  for (oid id : parent.indexes) {
    auto* index = definitions.find_index(id);
    if (index == nullptr || !index->keeps_keys_apart() || !index->predicate.empty()) continue;
    if (index->keys.size() != rule.referenced_columns.size()) continue;
    bool all = std::all_of(index->keys.begin(), index->keys.end(), [&rule](const index_key& k) {
      return std::find(rule.referenced_columns.begin(), rule.referenced_columns.end(), k.column) != rule.referenced_columns.end();
    });
    if (all) out.parent_index = index;
  }
  for (oid id : child.indexes) {
    auto* index = definitions.find_index(id);
    if (index == nullptr || !index->predicate.empty() || index->keys.size() < rule.columns.size()) continue;
    bool prefix = true;
    for (std::size_t i = 0; i < rule.columns.size(); ++i) prefix = prefix && index->keys[i].column == rule.columns[i];
    if (prefix) out.child_index = index;
  }
  return out;
}
}  // namespace

std::span<const datum> with_terms(const row_terms& terms, std::span<const datum> row, std::vector<datum>& memory, evaluation& in) {
  if (terms.values.empty()) return row;
  memory.assign(row.begin(), row.end());
  memory.resize(std::max(terms.frame, row.size()));
  in.slots.swap(memory);  // the terms have a frame of their own
  std::vector<datum> values;
  try {
    for (auto& t : terms.values) values.push_back(t->eval(in));
  } catch (...) {
    in.slots.swap(memory);
    throw;
  }
  in.slots.swap(memory);
  memory.resize(row.size());
  memory.insert(memory.end(), values.begin(), values.end());
  return memory;
}

std::shared_ptr<table_target> make_target(const table_def& table, const bind_environment& env) {
  auto out = std::make_shared<table_target>(table);
  auto& definitions = *env.catalog;
  std::vector<const index_def*> indexes;
  auto computed = table.columns.size();
  for (oid id : table.indexes) {
    auto* index = definitions.find_index(id);
    if (index == nullptr) continue;
    indexes.push_back(index);
    out->indexes.emplace_back(*index, table, computed);
    computed += out->indexes.back().computed();
  }
  out->terms = row_terms_of(env, table, indexes);
  for (auto& c : table.constraints) {
    if (c.kind != constraint_kind::foreign_key) continue;
    if (auto* parent = definitions.find_table(c.referenced_table); parent != nullptr) {
      out->outgoing.push_back(describe(c, table, *parent, definitions));
    }
  }
  for (auto& [id, child] : definitions.tables()) {
    for (auto& c : child.constraints) {
      if (c.kind == constraint_kind::foreign_key && c.referenced_table == table.id) {
        out->incoming.push_back(describe(c, child, table, definitions));
      }
    }
  }
  return out;
}

void row_loader::settle(const std::vector<bool>& used) {
  wanted_.clear();
  slots_.clear();
  for (std::size_t i = 0; i < source_.table->columns.size(); ++i) {
    int slot = source_.base + static_cast<int>(i);
    if (!used[static_cast<std::size_t>(slot)] || source_.table->columns[i].dropped) continue;
    wanted_.push_back(static_cast<int>(i));
    slots_.push_back(slot);
  }
  slots_.push_back(source_.row_slot());
  slots_.push_back(source_.version_slot());
}

void row_loader::load(std::string_view row, std::int64_t row_id, lsn version, evaluation& in) const {
  codec_.decode(row, wanted_, in.slots.data() + source_.base);
  in.slots[static_cast<std::size_t>(source_.row_slot())] = datum::of_int(row_id);
  in.slots[static_cast<std::size_t>(source_.version_slot())] = datum::of_int(static_cast<std::int64_t>(version.value));
}

}  // namespace helios::sql
