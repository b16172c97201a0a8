// GROUPING SETS, ROLLUP, CUBE and GROUPING(): the sets that GROUP BY means, and the slots in which their rows show the
// grouped expressions.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/grouping.hpp"

namespace helios::sql {

namespace {

using set = std::vector<const ast::expr*>;
using set_list = std::vector<set>;
using kind = ast::grouping_item::kind;

constexpr std::size_t sets_max = 4096, cube_max = 12;

set_list expand(const ast::grouping_item& item);

set joined(const set& a, const set& b) {
  set out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

void flatten(const ast::grouping_item& item, set& out) {
  if (item.what == kind::value) out.push_back(item.value.get());
  for (auto& i : item.items) flatten(i, out);
}

/// The items of ROLLUP and CUBE: an expression or a list each.
set_list columns_of(const ast::grouping_item& item) {
  set_list out;
  for (auto& i : item.items) flatten(i, out.emplace_back());
  return out;
}

set_list rollup(const ast::grouping_item& item) {
  auto columns = columns_of(item);
  set_list out(columns.size() + 1);
  for (std::size_t n = 0; n < columns.size(); ++n) {
    for (std::size_t k = 0; k <= n; ++k) out[columns.size() - 1 - n] = joined(out[columns.size() - 1 - n], columns[k]);
  }
  return out;
}

set_list cube(const ast::grouping_item& item) {
  auto columns = columns_of(item);
  if (columns.size() > cube_max) throw sql_error("54011", "CUBE is limited to 12 elements").at(item.position);
  set_list out;
  for (std::size_t bits = std::size_t{1} << columns.size(); bits-- > 0;) {
    auto& one = out.emplace_back();
    for (std::size_t k = 0; k < columns.size(); ++k) {
      if ((bits >> (columns.size() - 1 - k) & 1) != 0) one = joined(one, columns[k]);
    }
  }
  return out;
}

set_list expand(const ast::grouping_item& item) {
  switch (item.what) {
    case kind::rollup: return rollup(item);
    case kind::cube: return cube(item);
    case kind::sets: {
      set_list out;
      for (auto& i : item.items) {
        auto inner = expand(i);
        out.insert(out.end(), inner.begin(), inner.end());
      }
      return out;
    }
    default: {
      set_list out(1);
      flatten(item, out[0]);
      return out;
    }
  }
}

/// GROUPING(...): a bit for each argument that the row's set has not.
class grouping_expression final : public expression {
 public:
  grouping_expression(int slot, std::vector<int> masks, std::string text)
      : expression({type_oid::int4, -1}), slot_(slot), masks_(std::move(masks)), text_(std::move(text)) {}
  datum eval(evaluation& in) const override {
    return datum::of_int(masks_[static_cast<std::size_t>(in.slots[static_cast<std::size_t>(slot_)].as_int())]);
  }
  void describe(std::string& out, bool) const override { out += text_; }
  void own_slots(std::vector<int>& out) const override { out.push_back(slot_); }

 private:
  int slot_;
  std::vector<int> masks_;
  std::string text_;
};

}  // namespace

std::vector<std::vector<const ast::expr*>> expand_grouping(const ast::select& q) {
  set_list out;
  for (auto& item : q.group_by) {
    auto right = expand(item);
    if (out.empty()) {
      out = std::move(right);
      continue;
    }
    if (out.size() * right.size() > sets_max) {
      throw sql_error(sqlstate::statement_too_complex, "too many grouping sets present (maximum 4096)").at(item.position);
    }
    set_list both;
    for (auto& a : out) {
      for (auto& b : right) both.push_back(joined(a, b));
    }
    out = std::move(both);
  }
  return out;
}

void binder::bind_grouping_sets(const ast::select& q, const set_list& sets, scope& s, grouping_slots& out,
                                std::vector<expression_ptr>& values, grouping& groups) {
  // GROUP BY may name the select list, which in turn reads the grouped slots: bound once to know, and again by the caller.
  std::vector<aggregate_call> calls;
  std::vector<set_call> set_calls;
  window_list windows;
  for (auto& w : q.windows) windows.names.push_back({w.get(), false, {}});
  s.aggregates = &calls;
  s.sets = &set_calls;
  s.windows = &windows;
  auto outputs = bind_targets(q.targets, s);
  s.aggregates = nullptr;
  s.sets = nullptr;
  s.windows = nullptr;
  s.grouping_checks.clear();

  std::vector<std::vector<std::string>> keys;
  for (auto& one : sets) {
    std::vector<std::size_t> numbers;
    for (auto* g : one) {
      auto value = group_value(*g, outputs, s);
      auto key = key_of(*value);
      auto [at, fresh] = out.number_by_key.emplace(key, values.size());
      if (fresh) {
        int slot = in_.add_slots(1);
        in_.use(slot);
        in_.use(*value);
        auto* column = as_slot(value);
        out.by_key[key] = std::make_shared<slot_expression>(value->type(), slot, column ? column->name() : text_of(*value),
                                                            column ? column->table() : 0, column ? column->column() : std::int16_t{0});
        values.push_back(std::move(value));
      }
      numbers.push_back(at->second);
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    bool known = std::find(out.sets.begin(), out.sets.end(), numbers) != out.sets.end();
    if (!q.group_distinct || !known) out.sets.push_back(std::move(numbers));
  }
  // What all sets have determines other columns, as in a plain GROUP BY.
  for (std::size_t i = 0; i < values.size(); ++i) {
    bool common = std::all_of(out.sets.begin(), out.sets.end(), [i](auto& n) { return std::find(n.begin(), n.end(), i) != n.end(); });
    if (common) groups.add(values[i]);
  }
  out.set_slot = in_.add_slots(1);
  in_.use(out.set_slot);
}

expression_ptr binder::grouping_function(const ast::expr& e, scope& s) {
  if (s.aggregates == nullptr) {
    throw sql_error(sqlstate::grouping_error, "grouping operations are not allowed in " + std::string(s.clause)).at(e.position);
  }
  if (s.in_aggregate) throw sql_error(sqlstate::grouping_error, "aggregate function calls cannot be nested").at(e.position);
  if (e.args.size() > 31) throw sql_error("54023", "GROUPING must have fewer than 32 arguments").at(e.position);
  auto* sets = s.grouping;
  s.grouping = nullptr;
  grouping_check call;
  std::string text = "GROUPING(";
  for (auto& a : e.args) {
    auto value = bind(*a, s);
    call.keys.push_back(key_of(*value));
    call.positions.push_back(a->position);
    text += (a == e.args[0] ? "" : ", ") + call.keys.back();
  }
  s.grouping = sets;
  if (sets == nullptr) {
    s.grouping_checks.push_back(std::move(call));
    return std::make_shared<constant_expression>(type_ref{type_oid::int4, -1}, datum::of_int(0));
  }
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < call.keys.size(); ++i) {
    auto known = sets->number_by_key.find(call.keys[i]);
    if (known == sets->number_by_key.end()) {
      throw sql_error(sqlstate::grouping_error, "arguments to GROUPING must be grouping expressions of the associated query level")
          .at(call.positions[i]);
    }
    numbers.push_back(known->second);
  }
  std::vector<int> masks;
  for (auto& one : sets->sets) {
    int mask = 0;
    for (auto n : numbers) mask = mask * 2 + (std::find(one.begin(), one.end(), n) == one.end() ? 1 : 0);
    masks.push_back(mask);
  }
  return std::make_shared<grouping_expression>(sets->set_slot, std::move(masks), text + ")");
}

}  // namespace helios::sql
