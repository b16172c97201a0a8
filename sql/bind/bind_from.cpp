#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/ast/deparse.hpp"
#include "sql/bind/binder.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/catalog/virtual_relation.hpp"
#include "sql/plan/join_tree.hpp"
#include "sql/plan/nodes.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {

using tree_ptr = std::unique_ptr<binder::join_tree>;
using ast::from_item;

namespace {
std::string display_name(const ast::relation_name& name) {
  return name.schema.empty() ? name.name : name.schema + "." + name.name;
}

const table_def& with_rows(const table_def& table, const ast::relation_name& name) {
  if (!table.is_composite()) return table;
  throw sql_error("42809", "\"" + table.name + "\" is a composite type").at(name.position);
}

tree_ptr opaque(plan_node_ptr root, std::vector<int> slots, std::vector<int> needs = {}) {
  auto out = std::make_unique<binder::join_tree>();
  out->what = binder::join_tree::kind::opaque;
  out->root = std::move(root);
  out->slots = std::move(slots);
  out->needs = std::move(needs);
  return out;
}

void append(std::vector<int>& to, const std::vector<int>& from) { to.insert(to.end(), from.begin(), from.end()); }
}  // namespace

const table_def& binder::find_table(const ast::relation_name& name) const {
  auto& c = in_.definitions();
  if (!name.catalog.empty() && name.catalog != c.database_name()) {
    throw sql_error(sqlstate::feature_not_supported, "cross-database references are not implemented: \"" + name.catalog + "." +
                                                         name.schema + "." + name.name + "\"").at(name.position);
  }
  if (!name.schema.empty()) {
    auto* schema = c.find_schema(name.schema);
    if (schema == nullptr && name.schema != "pg_catalog" && name.schema != "information_schema") {
      throw sql_error(sqlstate::undefined_table, "relation \"" + display_name(name) + "\" does not exist").at(name.position);
    }
    if (schema != nullptr) {
      if (in_.acting_as == 0 && in_.open_views == 0) require_right(c, in_.env().role, protect(*schema), right::usage, name.position);
      if (auto* t = c.find_table(schema->id, name.name); t != nullptr) return with_rows(*t, name);
    }
  } else {
    for (oid schema : in_.env().search_path) {
      if (auto* t = c.find_table(schema, name.name); t != nullptr) return with_rows(*t, name);
    }
  }
  throw sql_error(sqlstate::undefined_table, "relation \"" + display_name(name) + "\" does not exist").at(name.position);
}

relation_entry& binder::add_table(const table_def& table, const std::string& alias, scope& s, int position) {
  relation_entry r;
  r.alias = alias.empty() ? table.name : alias;
  if (alias.empty()) {
    auto* schema = in_.definitions().find_schema(table.schema);
    if (schema != nullptr) r.schema = schema->name;
  }
  r.table = &table;
  r.row_type = row_type_of(table.id);
  r.relation = table.id;
  r.as = in_.acting_as;
  r.base = in_.add_slots(table.columns.size() + 2);
  r.position = position;
  for (auto& c : table.columns) {
    if (c.dropped) continue;
    int slot = r.base + c.number - 1;
    r.columns.push_back({c.name, std::make_shared<slot_expression>(c.type, slot, c.name, table.id, c.number)});
  }
  add_relation(s, std::move(r), {});
  return s.relations.back();
}

namespace {
void check_aliases(const relation_entry& relation, const std::vector<std::string>& aliases) {
  if (aliases.size() <= relation.columns.size()) return;
  throw sql_error(sqlstate::invalid_column_reference, "table \"" + relation.alias + "\" has " + std::to_string(relation.columns.size()) +
                                                          " columns available but " + std::to_string(aliases.size()) + " columns specified");
}
}  // namespace

void binder::add_relation(scope& s, relation_entry relation, const std::vector<std::string>& aliases) {
  check_aliases(relation, aliases);
  for (std::size_t i = 0; i < aliases.size(); ++i) relation.columns[i].name = aliases[i];
  for (auto& r : s.relations) {
    if (r.alias == relation.alias && !r.alias.empty() && (r.schema == relation.schema || r.schema.empty() || relation.schema.empty())) {
      throw sql_error("42712", "table name \"" + relation.alias + "\" specified more than once");
    }
  }
  s.visible.insert(s.visible.end(), relation.columns.begin(), relation.columns.end());
  s.relations.push_back(std::move(relation));
}

tree_ptr binder::bind_from(const std::vector<ast::from_ptr>& items, scope& s) {
  auto out = std::make_unique<join_tree>();
  for (auto& item : items) {
    // Inner joins dissolve into the list; outer joins stay as pairs.
    auto part = from_item(*item, s);
    append(out->slots, part->slots);
    if (part->what == join_tree::kind::inner) {
      for (auto& p : part->parts) out->parts.push_back(std::move(p));
      out->conditions.insert(out->conditions.end(), part->conditions.begin(), part->conditions.end());
    } else {
      out->parts.push_back(std::move(part));
    }
  }
  return out;
}

tree_ptr binder::from_item(const ast::from_item& item, scope& s) {
  switch (item.what) {
    case from_item::kind::table: return from_table(item, s);
    case from_item::kind::query: return from_query(item, s);
    case from_item::kind::function: return from_function(item, s);
    case from_item::kind::join: return from_join(item, s);
  }
  return nullptr;
}

tree_ptr binder::from_table(const ast::from_item& item, scope& s) {
  if (item.table.schema.empty()) {
    for (scope* at = &s; at != nullptr; at = at->outer) {
      for (auto& c : at->common_tables) {
        if (c->name == item.table.name) return from_common_table(item, *c, s);
      }
    }
  }
  if (auto* view = find_virtual_relation(in_.definitions(), in_.env().search_path, item.table.schema, item.table.name); view != nullptr) {
    relation_entry r;
    r.alias = item.alias.empty() ? item.table.name : item.alias;
    if (item.alias.empty()) r.schema = view->schema;
    r.position = item.position;
    int base = in_.add_slots(view->columns.size());
    std::vector<int> slots;
    for (std::size_t i = 0; i < view->columns.size(); ++i) {
      int slot = base + static_cast<int>(i);
      slots.push_back(slot);
      r.columns.push_back({view->columns[i].name, std::make_shared<slot_expression>(view->columns[i].type, slot, view->columns[i].name,
                                                                                   view->id, static_cast<std::int16_t>(i + 1))});
    }
    if (in_.record != nullptr) in_.record->relations[&item.table] = {view->id, ast::quote_identifier(view->schema) + "." + ast::quote_identifier(view->name)};
    add_relation(s, std::move(r), item.column_aliases);
    return opaque(make_virtual_scan(*view, base), std::move(slots));
  }
  auto& table = find_table(item.table);
  in_.lock(table.id, storage::lock_mode::access_share);
  (void)in_.need(table.id, in_.acting_as, right::select);
  if (in_.record != nullptr) {
    in_.record->uses.push_back({table.id, 0});
    in_.record->relations[&item.table] = {table.id, ast::quote_identifier(in_.definitions().find_schema(table.schema)->name) + "." +
                                                        ast::quote_identifier(table.name)};
  }
  if (table.is_view()) return from_view(item, table, s);
  if (!table.populated) {
    throw sql_error(sqlstate::object_not_in_prerequisite_state, "materialized view \"" + table.name + "\" has not been populated")
        .hint("Use the REFRESH MATERIALIZED VIEW command.");
  }
  std::size_t before = s.visible.size();
  auto& r = add_table(table, item.alias, s, item.position);
  check_aliases(r, item.column_aliases);
  for (std::size_t i = 0; i < item.column_aliases.size() && i < r.columns.size(); ++i) {
    r.columns[i].name = item.column_aliases[i];
    s.visible[before + i].name = item.column_aliases[i];
  }
  auto out = std::make_unique<join_tree>();
  out->what = join_tree::kind::table;
  out->table = &table;
  out->base = r.base;
  out->alias = r.alias;
  for (std::size_t i = 0; i < table.columns.size() + 2; ++i) out->slots.push_back(r.base + static_cast<int>(i));
  return out;
}

namespace {
/// Slots for the outputs of a query in FROM, its projection into them, and its relation.
struct projected {
  plan_node_ptr root;
  std::vector<int> slots;
  relation_entry relation;
};
projected project_into(analysis& in, bound_query q, const std::string& alias) {
  projected out;
  out.relation.alias = alias;
  int base = in.add_slots(q.outputs.size());
  std::vector<projection> values;
  for (std::size_t i = 0; i < q.outputs.size(); ++i) {
    int slot = base + static_cast<int>(i);
    auto& o = q.outputs[i];
    auto* source = as_slot(o.value);
    out.slots.push_back(slot);
    values.push_back({slot, o.value});
    out.relation.columns.push_back({o.name, std::make_shared<slot_expression>(o.value->type(), slot, o.name, source ? source->table() : 0,
                                                                              source ? source->column() : std::int16_t{0})});
  }
  out.root = make_project(std::move(q.root), std::move(values));
  return out;
}
}  // namespace

tree_ptr binder::from_query(const ast::from_item& item, scope& s) {
  // Without LATERAL the query sees CTEs of this level, and columns only of the levels outside.
  scope between;
  between.outer = item.lateral ? &s : s.outer;
  if (!item.lateral) between.common_tables = s.common_tables;
  auto q = bind_query(*item.query, &between);
  std::vector<int> needs;
  for (int slot : q.outer_slots) {
    bool own = std::any_of(s.relations.begin(), s.relations.end(), [&](const relation_entry& r) {
      return std::any_of(r.columns.begin(), r.columns.end(), [&](const visible_column& c) {
        std::vector<int> slots;
        collect_slots(*c.value, slots);
        return std::find(slots.begin(), slots.end(), slot) != slots.end();
      });
    });
    (own ? needs : s.outer_slots).push_back(slot);
  }
  auto p = project_into(in_, std::move(q), item.alias);
  p.relation.position = item.position;
  add_relation(s, std::move(p.relation), item.column_aliases);
  auto out = opaque(std::move(p.root), std::move(p.slots), std::move(needs));
  out->rows = 1000;
  return out;
}

namespace {
/// The columns of the records that a function in FROM returns: its own, or those that the query names. Empty for another one.
std::vector<record_column> record_columns(const binder& bind, const ast::from_item& item, const function_def& f) {
  const auto refuse = [&](const char* what, int position) {
    throw sql_error(sqlstate::syntax_error, std::string("a column definition list is ") + what).at(position);
  };
  if (!f.columns_from_caller) {
    if (!item.function_columns.empty()) {
      refuse(f.columns.empty() ? "only allowed for functions returning \"record\"" : "redundant for a function with OUT parameters",
             item.function_columns[0].position);
    }
    return f.columns;
  }
  if (item.function_columns.empty()) refuse("required for functions returning \"record\"", item.function->position);
  std::vector<record_column> out;
  for (auto& c : item.function_columns) out.push_back({c.name, bind.resolve_type(c.type)});
  return out;
}
/// One row: the fields of `row` from `slot` on, and behind them its number.
plan_node_ptr row_fields(analysis& in, expression_ptr row, const std::vector<record_column>& columns, int slot) {
  int whole = in.add_slots(1);
  in.use(whole);
  auto held = std::make_shared<slot_expression>(row->type(), whole, "row");
  std::vector<projection> fields;
  for (auto& c : columns) {
    auto i = fields.size();
    fields.push_back({slot + static_cast<int>(i), std::make_shared<field_expression>(c.type, held, i, c.name)});
  }
  fields.push_back({slot + static_cast<int>(columns.size()), std::make_shared<constant_expression>(type_ref{type_oid::int8, -1}, datum::of_int(1))});
  return make_project(make_project(make_one_row(), {{whole, std::move(row)}}), std::move(fields));
}
}  // namespace

tree_ptr binder::from_function(const ast::from_item& item, scope& s) {
  auto& call = *item.function;
  std::string name = call.kind == ast::expr_kind::call ? call.names.back() : column_name(call);
  std::vector<expression_ptr> arguments;
  plan_node_ptr root;
  std::vector<record_column> columns;
  int slot = 0, width = 1;
  type_ref type;
  std::vector<oid> types;
  s.clause = "functions in FROM";
  if (call.kind == ast::expr_kind::call) {
    for (auto& a : call.args) arguments.push_back(bind(*a, s));
    for (auto& a : arguments) types.push_back(a->type().id);
    auto f = resolve_function(name, types, call.star, call.position);
    if (f.function == nullptr) {
      throw sql_error(sqlstate::grouping_error, "aggregate functions are not allowed in functions in FROM").at(call.position);
    }
    if (f.function->window) throw sql_error("42809", "window function " + name + " requires an OVER clause").at(call.position);
    arguments = coerce_arguments(std::move(arguments), f.argument_types, call.position);
    type = {f.result_type, -1};
    columns = record_columns(*this, item, *f.function);
    const bool row_type = columns.empty() && is_row_type(f.result_type);
    if (row_type) {
      for (auto& a : attributes_of(get_type(f.result_type))) columns.push_back({a.name, a.type});
    }
    width = std::max(1, static_cast<int>(columns.size()));
    slot = in_.add_slots(static_cast<std::size_t>(width) + 1);
    if (f.function->returns_set) {
      root = make_function_scan(f.function, arguments, columns, slot, slot + width);
    } else if (row_type) {
      root = row_fields(in_, std::make_shared<call_expression>(type, f.function, arguments), columns, slot);
    } else {
      auto value = std::make_shared<call_expression>(type, f.function, arguments);
      root = make_project(make_one_row(), {{slot, value}, {slot + 1, std::make_shared<constant_expression>(type_ref{type_oid::int8, -1}, datum::of_int(1))}});
    }
  } else {
    auto value = bind(call, s);
    arguments.push_back(value);
    type = value->type();
    slot = in_.add_slots(2);
    root = make_project(make_one_row(), {{slot, value}, {slot + 1, std::make_shared<constant_expression>(type_ref{type_oid::int8, -1}, datum::of_int(1))}});
  }
  relation_entry r;
  r.alias = item.alias.empty() ? name : item.alias;
  r.position = item.position;
  // A function of one column gives its alias to the column as well.
  std::string column = item.alias.empty() ? name : item.alias;
  if (columns.empty()) columns.push_back({column, type});
  for (std::size_t i = 0; i < columns.size(); ++i) {
    r.columns.push_back({columns[i].name, std::make_shared<slot_expression>(columns[i].type, slot + static_cast<int>(i), columns[i].name)});
  }
  if (item.ordinality) {
    r.columns.push_back({"ordinality", std::make_shared<slot_expression>(type_ref{type_oid::int8, -1}, slot + width, "ordinality")});
  }
  std::vector<int> read;
  for (auto& a : arguments) collect_slots(*a, read);
  std::vector<int> needs;
  for (int n : read) {
    bool outside = std::find(s.outer_slots.begin(), s.outer_slots.end(), n) != s.outer_slots.end();
    if (!outside) needs.push_back(n);
  }
  add_relation(s, std::move(r), item.column_aliases);
  std::vector<int> slots;
  for (int i = 0; i <= width; ++i) slots.push_back(slot + i);
  return opaque(std::move(root), std::move(slots), std::move(needs));
}

tree_ptr binder::from_common_table(const ast::from_item& item, common_table_entry& table, scope& s) {
  if (!table.returns) {
    throw sql_error(sqlstate::feature_not_supported, "WITH query \"" + table.name + "\" does not have a RETURNING clause").at(item.position);
  }
  relation_entry r;
  r.alias = item.alias.empty() ? table.name : item.alias;
  r.position = item.position;
  std::vector<int> from, to;
  int base = in_.add_slots(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    auto* source = as_slot(table.columns[i].value);
    in_.use(source->slot());
    from.push_back(source->slot());
    to.push_back(base + static_cast<int>(i));
    r.columns.push_back({table.columns[i].name, std::make_shared<slot_expression>(table.columns[i].value->type(), to.back(), table.columns[i].name)});
  }
  add_relation(s, std::move(r), item.column_aliases);
  auto root = table.recursive ? make_working_scan(table.number, table.name, to)
                              : make_shared_scan(table.root, table.number, table.name, from, to);
  auto out = opaque(std::move(root), to);
  out->rows = 1000;
  return out;
}

namespace {
struct join_names {
  std::vector<std::string> names;
  std::vector<visible_column> merged, rest;
};

const visible_column& only(const std::vector<visible_column>& columns, const std::string& name, const char* side) {
  const visible_column* found = nullptr;
  for (auto& c : columns) {
    if (c.name != name) continue;
    if (found != nullptr) {
      throw sql_error(sqlstate::ambiguous_column, "common column name \"" + name + "\" appears more than once in " + side + " table");
    }
    found = &c;
  }
  if (found == nullptr) {
    throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" specified in USING clause does not exist in " + side + " table");
  }
  return *found;
}

/// The two sides of a join as one tree.
tree_ptr joined(const ast::from_item& item, tree_ptr left, tree_ptr right, std::vector<expression_ptr> on) {
  auto out = std::make_unique<binder::join_tree>();
  bool inner = item.join == ast::join_kind::inner || item.join == ast::join_kind::cross;
  out->what = inner ? binder::join_tree::kind::inner : binder::join_tree::kind::outer;
  out->join = item.join;
  out->slots = left->slots;
  append(out->slots, right->slots);
  out->conditions = std::move(on);
  for (auto* side : {&left, &right}) {
    append(out->needs, (*side)->needs);
    if (inner && (*side)->what == binder::join_tree::kind::inner) {
      for (auto& p : (*side)->parts) out->parts.push_back(std::move(p));
      out->conditions.insert(out->conditions.end(), (*side)->conditions.begin(), (*side)->conditions.end());
    } else {
      out->parts.push_back(std::move(*side));
    }
  }
  // Needs that this join itself meets are not needs towards outside.
  std::erase_if(out->needs, [&](int n) { return std::find(out->slots.begin(), out->slots.end(), n) != out->slots.end(); });
  return out;
}
}  // namespace

tree_ptr binder::from_join(const ast::from_item& item, scope& s) {
  std::size_t relations_before = s.relations.size(), visible_before = s.visible.size();
  auto bind_side = [&](const ast::from_item& one, bool nullable) {
    s.outer_joins += nullable ? 1 : 0;
    auto out = from_item(one, s);
    s.outer_joins -= nullable ? 1 : 0;
    return out;
  };
  bool full = item.join == ast::join_kind::full;
  auto left = bind_side(*item.left, full || item.join == ast::join_kind::right);
  std::size_t middle = s.visible.size(), relations_middle = s.relations.size();
  auto right = bind_side(*item.right, full || item.join == ast::join_kind::left);
  auto at = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
  std::vector<visible_column> left_columns(s.visible.begin() + at(visible_before), s.visible.begin() + at(middle));
  std::vector<visible_column> right_columns(s.visible.begin() + at(middle), s.visible.end());
  std::vector<expression_ptr> on;
  auto names = item.using_columns;
  if (item.natural) {
    for (auto& l : left_columns) {
      if (std::any_of(right_columns.begin(), right_columns.end(), [&](auto& r) { return r.name == l.name; })) names.push_back(l.name);
    }
  }
  if (!names.empty()) {
    std::vector<visible_column> merged;
    for (auto& n : names) {
      auto l = only(left_columns, n, "left").value, r = only(right_columns, n, "right").value;
      note_read(s, only(left_columns, n, "left"));
      note_read(s, only(right_columns, n, "right"));
      in_.use(*l);
      in_.use(*r);
      on.push_back(call_operator("=", l, r, item.position));
      auto value = item.join == ast::join_kind::right ? r : l;
      if (item.join == ast::join_kind::full) {
        auto both = to_common({l, r}, "JOIN/USING", item.position);
        auto type = both[0]->type();
        value = std::make_shared<special_expression>(special_expression::kind::coalesce, type, std::move(both));
      }
      merged.push_back({n, value});
    }
    auto listed = [&names](const visible_column& c) { return std::find(names.begin(), names.end(), c.name) != names.end(); };
    std::erase_if(left_columns, listed);
    std::erase_if(right_columns, listed);
    s.visible.erase(s.visible.begin() + at(visible_before), s.visible.end());
    for (auto* part : {&merged, &left_columns, &right_columns}) s.visible.insert(s.visible.end(), part->begin(), part->end());
  } else if (item.on) {
    // ON sees the two sides (and, for LATERAL's sake, nothing before them is hidden here).
    s.clause = "JOIN conditions";
    split_conditions(bind_condition(*item.on, s, "JOIN/ON"), on);
  }
  for (std::size_t i = relations_before; i < s.relations.size(); ++i) {
    bool is_left = i < relations_middle;
    if (item.join == ast::join_kind::full || (item.join == ast::join_kind::left && !is_left) || (item.join == ast::join_kind::right && is_left)) {
      s.relations[i].nullable = true;
    }
  }
  if (!item.alias.empty()) {
    relation_entry r;
    r.alias = item.alias;
    r.columns.assign(s.visible.begin() + at(visible_before), s.visible.end());
    s.hidden.insert(s.hidden.end(), s.relations.begin() + at(relations_before), s.relations.end());
    s.relations.erase(s.relations.begin() + at(relations_before), s.relations.end());
    s.visible.erase(s.visible.begin() + at(visible_before), s.visible.end());
    add_relation(s, std::move(r), item.column_aliases);
  }
  return joined(item, std::move(left), std::move(right), std::move(on));
}

}  // namespace helios::sql
