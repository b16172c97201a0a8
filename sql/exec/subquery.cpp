// Subqueries inside expressions. One without outer slots runs once per execution; the others run for each row.

#include "base/sql_error.hpp"
#include "sql/bind/expression.hpp"
#include "sql/exec/row_store.hpp"
#include "sql/plan/plan_node.hpp"
#include "sql/types/array.hpp"

namespace helios::sql {

datum subquery_expression::eval(evaluation& in) const {
  auto& state = in.subqueries[static_cast<std::size_t>(parts_.number)];
  if (!state.root) {
    state.root = parts_.root->make();
    state.memory = std::make_unique<arena>();
  }
  switch (parts_.what) {
    case kind::scalar: return scalar(in, state);
    case kind::exists: return exists(in, state);
    case kind::array: return array(in, state);
    default: break;
  }
  bool once = parts_.outer_slots.empty() && parts_.equality && parts_.what == kind::any;
  return once ? hashed(in, state) : quantified(in, state);
}

datum subquery_expression::scalar(evaluation& in, subquery_state& state) const {
  if (state.computed) return state.value;
  // The caller's arena keeps the value; the subquery's rows use one of their own.
  datum value;
  {
    arena scratch;
    scratch_scope own(in, scratch);
    state.root->open(in);
    if (state.root->next(in)) {
      value = parts_.outputs[0]->eval(in);
      state.memory->reset();
      value = state.memory->copy(value);
      if (state.root->next(in)) {
        throw sql_error("21000", "more than one row returned by a subquery used as an expression");
      }
    }
  }
  if (parts_.outer_slots.empty()) {
    state.computed = true;
    state.value = value;
    return value;
  }
  return in.call.mem->copy(value);
}

datum subquery_expression::exists(evaluation& in, subquery_state& state) const {
  if (state.computed) return state.value;
  arena scratch;
  scratch_scope own(in, scratch);
  state.root->open(in);
  datum value = datum::of_bool(state.root->next(in));
  if (parts_.outer_slots.empty()) {
    state.computed = true;
    state.value = value;
  }
  return value;
}

datum subquery_expression::array(evaluation& in, subquery_state& state) const {
  if (state.computed) return state.value;
  std::vector<datum> items;
  arena kept;
  {
    arena scratch;
    scratch_scope own(in, scratch);
    state.root->open(in);
    while (state.root->next(in)) {
      items.push_back(kept.copy(parts_.outputs[0]->eval(in)));
      scratch.reset();
    }
  }
  bool once = parts_.outer_slots.empty();
  datum value = array_value::of(element_type(type().id), std::move(items)).to_datum(once ? *state.memory : *in.call.mem);
  state.computed = once;
  state.value = value;
  return value;
}

datum subquery_expression::hashed(evaluation& in, subquery_state& state) const {
  auto width = parts_.tests.size();
  std::vector<datum> key(width);
  if (!state.computed) {
    std::vector<const type_ops*> types;
    for (auto& t : parts_.tests) types.push_back(&get_type(t->type().id));
    state.members = std::make_unique<key_index>(std::move(types));
    arena scratch;
    scratch_scope own(in, scratch);
    state.root->open(in);
    while (state.root->next(in)) {
      state.found = true;
      bool has_null = false;
      auto first = parts_.outputs.size() - width;
      for (std::size_t i = 0; i < width; ++i) {
        key[i] = parts_.outputs[first + i]->eval(in);
        has_null = has_null || key[i].is_null();
      }
      if (has_null) state.has_null = true;
      else state.members->insert(key);
      scratch.reset();
    }
    state.computed = true;
  }
  if (!state.found) return datum::of_bool(false);
  bool has_null = false;
  for (std::size_t i = 0; i < width; ++i) {
    key[i] = parts_.tests[i]->eval(in);
    has_null = has_null || key[i].is_null();
  }
  if (!has_null && state.members->find(key) != key_index::none) return datum::of_bool(true);
  return has_null || state.has_null ? datum::null() : datum::of_bool(false);
}

datum subquery_expression::quantified(evaluation& in, subquery_state& state) const {
  bool all = parts_.what == kind::all;
  auto width = parts_.tests.size();
  std::vector<datum> left;
  for (auto& t : parts_.tests) left.push_back(t->eval(in));
  auto first = parts_.outputs.size() - width;
  bool unknown = false, decided = false;
  arena scratch;
  scratch_scope own(in, scratch);
  state.root->open(in);
  while (!decided && state.root->next(in)) {
    // A row comparison: "=" holds when all parts do, "<>" when one does.
    bool any_part = parts_.op == "<>";
    bool part_unknown = false, value = !any_part;
    for (std::size_t i = 0; i < width; ++i) {
      datum args[2] = {left[i], parts_.outputs[first + i]->eval(in)};
      bool null = parts_.functions[i]->strict && (args[0].is_null() || args[1].is_null());
      datum d = null ? datum::null() : parts_.functions[i]->call(in.call, std::span<const datum>(args, 2));
      if (d.is_null()) part_unknown = true;
      else if (d.as_bool() == any_part) value = any_part;
    }
    if (part_unknown && value != any_part) unknown = true;
    else if (value != all) decided = true;
    scratch.reset();
  }
  if (decided) return datum::of_bool(!all);
  return unknown ? datum::null() : datum::of_bool(all);
}

}  // namespace helios::sql
