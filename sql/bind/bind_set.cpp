// VALUES, UNION / INTERSECT / EXCEPT, and WITH.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

bound_query binder::values_query(const ast::select& q, scope& s, bool keep_unknown) {
  std::vector<std::vector<expression_ptr>> rows;
  s.clause = "VALUES";
  for (auto& row : q.values) {
    if (row.size() != q.values[0].size()) {
      throw sql_error(sqlstate::syntax_error, "VALUES lists must all be the same length").at(row[0]->position);
    }
    std::vector<expression_ptr> values;
    for (auto& v : row) values.push_back(bind(*v, s));
    rows.push_back(std::move(values));
  }
  bound_query out;
  std::vector<int> slots;
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    std::vector<expression_ptr> column;
    for (auto& r : rows) column.push_back(r[i]);
    bool unknown = std::all_of(column.begin(), column.end(), [](auto& c) { return c->type().id == type_oid::unknown; });
    if (!(unknown && keep_unknown && rows.size() == 1)) column = to_common(std::move(column), "VALUES", q.values[0][i]->position);
    for (std::size_t r = 0; r < rows.size(); ++r) rows[r][i] = column[r];
    if (keep_unknown && rows.size() == 1) {
      out.outputs.push_back({"column" + std::to_string(i + 1), rows[0][i]});
      continue;
    }
    int slot = in_.add_slots(1);
    in_.use(slot);
    slots.push_back(slot);
    auto name = "column" + std::to_string(i + 1);
    out.outputs.push_back({name, std::make_shared<slot_expression>(column[0]->type(), slot, name)});
  }
  out.root = keep_unknown && rows.size() == 1 ? make_one_row() : make_values(std::move(rows), slots);
  auto order = bind_order(q.order_by, out.outputs, nullptr, s, false);
  finish_query(q, s, out, order, order.empty());
  return out;
}

namespace {
const char* name_of(ast::set_operation operation) {
  switch (operation) {
    case ast::set_operation::intersect: return "INTERSECT";
    case ast::set_operation::except: return "EXCEPT";
    default: return "UNION";
  }
}
}  // namespace

bound_query binder::set_operation(const ast::select& q, scope& s, bool) {
  auto left = bind_query(*q.left, &s, true), right = bind_query(*q.right, &s, true);
  const char* name = name_of(q.operation);
  if (left.outputs.size() != right.outputs.size()) {
    throw sql_error(sqlstate::syntax_error, std::string("each ") + name + " query must have the same number of columns")
        .at(q.right->targets.empty() || !q.right->targets[0].value ? 0 : q.right->targets[0].value->position);
  }
  bound_query out;
  std::vector<int> slots;
  std::vector<type_ref> types;
  std::vector<projection> from_left, from_right;
  for (std::size_t i = 0; i < left.outputs.size(); ++i) {
    const bool plain_list = q.right->targets.size() == right.outputs.size() && q.right->targets[i].value;
    auto both = to_common({left.outputs[i].value, right.outputs[i].value}, name, plain_list ? start_of(*q.right->targets[i].value) : 0);
    type_ref type = both[0]->type() == both[1]->type() ? both[0]->type() : type_ref{both[0]->type().id, -1};
    int slot = in_.add_slots(1);
    in_.use(slot);
    slots.push_back(slot);
    types.push_back(type);
    from_left.push_back({slot, both[0]});
    from_right.push_back({slot, both[1]});
    out.outputs.push_back({left.outputs[i].name, std::make_shared<slot_expression>(type, slot, left.outputs[i].name)});
  }
  auto a = make_project(std::move(left.root), std::move(from_left));
  auto b = make_project(std::move(right.root), std::move(from_right));
  if (q.operation == ast::set_operation::union_) {
    out.root = make_append({std::move(a), std::move(b)});
    if (!q.all) {
      std::vector<expression_ptr> keys;
      for (auto& o : out.outputs) keys.push_back(o.value);
      out.root = make_distinct(std::move(out.root), std::move(keys));
    }
  } else {
    out.root = make_set_operation(std::move(a), std::move(b), q.operation == ast::set_operation::except, q.all, slots, types);
  }
  scope empty;
  empty.outer = &s;
  auto order = bind_order(q.order_by, out.outputs, nullptr, empty, true);
  finish_query(q, s, out, order, order.empty());
  return out;
}

namespace {
void name_outputs(const ast::common_table& t, bound_query& bound) {
  if (t.columns.size() > bound.outputs.size()) {
    throw sql_error(sqlstate::invalid_column_reference, "WITH query \"" + t.name + "\" has " + std::to_string(bound.outputs.size()) +
                                                            " columns available but " + std::to_string(t.columns.size()) +
                                                            " columns specified").at(t.position);
  }
  for (std::size_t i = 0; i < t.columns.size(); ++i) bound.outputs[i].name = t.columns[i];
}
}  // namespace

/// INSERT, UPDATE or DELETE in WITH.
void binder::bind_change(const ast::common_table& t, common_table_entry& entry, scope& s) {
  if (std::holds_alternative<ast::merge_statement>(t.query->node)) {
    throw sql_error(sqlstate::feature_not_supported, "MERGE not supported in WITH query").at(t.position);
  }
  modify_binder change(in_);
  bound_query bound;
  if (auto* i = std::get_if<ast::insert_statement>(&t.query->node); i != nullptr) bound = change.insert(*i, &s);
  else if (auto* u = std::get_if<ast::update_statement>(&t.query->node); u != nullptr) bound = change.update(*u, &s);
  else bound = change.erase(std::get<ast::delete_statement>(t.query->node), &s);
  name_outputs(t, bound);
  entry.returns = !bound.outputs.empty();
  project(bound, true);
  entry.columns = bound.outputs;
  entry.root = bound.root;
  in_.side_plans.push_back(entry.root);
  std::vector<int> slots;
  for (auto& o : bound.outputs) slots.push_back(as_slot(o.value)->slot());
  in_.changes.push_back(make_shared_scan(entry.root, entry.number, entry.name, std::move(slots), {}));
}

void binder::bind_common_tables(const std::vector<ast::common_table>& tables, bool recursive, scope& s) {
  for (auto& t : tables) {
    for (auto& known : s.common_tables) {
      if (known->name == t.name) {
        throw sql_error("42712", "WITH query name \"" + t.name + "\" specified more than once").at(t.position);
      }
    }
    auto entry = std::make_shared<common_table_entry>();
    entry->name = t.name;
    entry->number = in_.add_shared();
    auto* select = std::get_if<ast::select_statement>(&t.query->node);
    if (select == nullptr) {
      bind_change(t, *entry, s);
      s.common_tables.push_back(std::move(entry));
      continue;
    }
    auto& q = *select->query;
    bool looped = recursive && q.operation == ast::set_operation::union_;
    scope inside;
    inside.outer = &s;
    auto bound = bind_query(looped ? *q.left : q, &inside);
    name_outputs(t, bound);
    project(bound, true);
    entry->columns = bound.outputs;
    if (looped) {
      std::vector<int> slots;
      std::vector<type_ref> types;
      for (auto& o : bound.outputs) {
        slots.push_back(as_slot(o.value)->slot());
        types.push_back(o.value->type());
      }
      entry->recursive = true;
      inside.common_tables.push_back(entry);
      auto step = bind_query(*q.right, &inside, true);
      if (step.outputs.size() != bound.outputs.size()) {
        throw sql_error(sqlstate::syntax_error, "each UNION query must have the same number of columns").at(t.position);
      }
      std::vector<projection> values;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        auto value = try_coerce(step.outputs[i].value, types[i], cast_context::implicit, t.position);
        if (!value) {
          throw sql_error(sqlstate::datatype_mismatch, "recursive query \"" + t.name + "\" column " + std::to_string(i + 1) + " has type " +
                                                           format_type(types[i]) + " in non-recursive term but type " +
                                                           format_type(step.outputs[i].value->type()) + " overall").at(t.position);
        }
        values.push_back({slots[i], value});
      }
      auto next = make_project(std::move(step.root), std::move(values));
      bound.root = make_recursive(std::move(bound.root), std::move(next), entry->number, !q.all, slots, types);
      auto loop = entry;
      entry = std::make_shared<common_table_entry>(*loop);
      entry->recursive = false;
      entry->number = in_.add_shared();
    }
    entry->root = bound.root;
    in_.side_plans.push_back(entry->root);
    if (!inside.outer_slots.empty() || !bound.outer_slots.empty()) {
      throw sql_error(sqlstate::feature_not_supported, "WITH queries that refer to an enclosing query are not supported").at(t.position);
    }
    s.common_tables.push_back(std::move(entry));
  }
}

}  // namespace helios::sql
