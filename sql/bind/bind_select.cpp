#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/bind/grouping.hpp"
#include "sql/bind/suggest.hpp"
#include "sql/plan/join_tree.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

bound_query binder::bind_query(const ast::select& q, scope* outer, bool keep_unknown) {
  scope s;
  s.outer = outer;
  bind_common_tables(q.with, q.recursive, s);
  if (q.operation != ast::set_operation::none) return set_operation(q, s, keep_unknown);
  if (!q.values.empty()) return values_query(q, s, keep_unknown);
  return simple_select(q, s, keep_unknown);
}

std::vector<output_column> binder::bind_targets(const std::vector<ast::target>& targets, scope& s, bool keep_unknown) {
  std::vector<output_column> out;
  for (auto& t : targets) {
    if (t.value->kind == ast::expr_kind::star && !t.value->args.empty()) {
      expand_row(*t.value, s, out);
      continue;
    }
    if (t.value->kind == ast::expr_kind::star) {
      auto& names = t.value->names;
      const std::vector<visible_column>* columns = nullptr;
      if (names.empty()) {
        if (s.relations.empty()) {
          throw sql_error(sqlstate::syntax_error, "SELECT * with no tables specified is not valid").at(t.value->position);
        }
        columns = &s.visible;
      }
      for (scope* at = &s; at != nullptr && columns == nullptr; at = at->outer) {
        for (auto& r : at->relations) {
          if (r.alias == names.back()) columns = &r.columns;
        }
      }
      if (columns == nullptr) {
        no_such_relation(s, names.back(), t.value->position);
      }
      if (in_.record != nullptr) note_star(*t.value, s, *columns);
      for (auto& c : *columns) {
        for (auto* at = &s; at != nullptr; at = at->outer) note_read(*at, c);
        in_.use(*c.value);
        out.push_back({c.name, c.value});
      }
      continue;
    }
    auto value = bind(*t.value, s);
    out.push_back({t.name.empty() ? column_name(*t.value) : t.name, keep_unknown ? value : settle_unknown(value)});
  }
  return out;
}

namespace {
/// An integer literal in ORDER BY or GROUP BY is a position in the select list.
expression_ptr by_position(const ast::expr& e, const std::vector<output_column>& outputs, const char* clause) {
  if (e.kind != ast::expr_kind::integer) return nullptr;
  auto n = std::stoll(e.text);
  if (n < 1 || n > static_cast<long long>(outputs.size())) {
    throw sql_error(sqlstate::invalid_column_reference, std::string(clause) + " position " + e.text + " is not in select list").at(e.position);
  }
  return outputs[static_cast<std::size_t>(n - 1)].value;
}

expression_ptr by_name(const ast::expr& e, const std::vector<output_column>& outputs, const char* clause) {
  if (e.kind != ast::expr_kind::column || e.names.size() != 1) return nullptr;
  expression_ptr found;
  for (auto& o : outputs) {
    if (o.name != e.names[0]) continue;
    if (found && key_of(*found) != key_of(*o.value)) {
      throw sql_error(sqlstate::ambiguous_column, std::string(clause) + " \"" + e.names[0] + "\" is ambiguous").at(e.position);
    }
    found = o.value;
  }
  return found;
}

bool is_visible(const scope& s, const std::string& name) {
  return std::any_of(s.visible.begin(), s.visible.end(), [&name](const visible_column& c) { return c.name == name; });
}
}  // namespace

std::vector<sort_key> binder::bind_order(const std::vector<ast::sort_item>& items, const std::vector<output_column>& outputs,
                                         const std::vector<ast::target>*, scope& s, bool only_outputs) {
  std::vector<sort_key> out;
  for (auto& item : items) {
    sort_key key;
    if (!outputs.empty()) {
      key.value = by_position(*item.value, outputs, "ORDER BY");
      if (!key.value) key.value = by_name(*item.value, outputs, "ORDER BY");
    }
    if (!key.value && only_outputs) {
      if (item.value->kind == ast::expr_kind::column) {
        throw sql_error(sqlstate::undefined_column, "column \"" + item.value->names.back() + "\" does not exist").at(item.position);
      }
      throw sql_error(sqlstate::feature_not_supported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
          .detail("Only result column names can be used, not expressions or functions.")
          .hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.").at(item.position);
    }
    if (!key.value) key.value = settle_unknown(bind(*item.value, s));
    if (!get_type(key.value->type().id).comparable()) {
      throw sql_error(sqlstate::undefined_function, "could not identify an ordering operator for type " +
                                                        format_type({key.value->type().id, -1})).at(item.position);
    }
    key.descending = item.order == ast::sort_item::direction::descending;
    key.nulls_first = item.null_order == ast::sort_item::nulls::none ? key.descending : item.null_order == ast::sort_item::nulls::first;
    out.push_back(std::move(key));
  }
  return out;
}

expression_ptr binder::bind_limit(const ast::expr_ptr& e, scope& s, const char* clause) {
  if (!e || e->kind == ast::expr_kind::null) return nullptr;
  s.clause = clause;
  s.aggregates = nullptr;
  auto value = bind(*e, s);
  std::vector<int> read;
  collect_slots(*value, read);
  for (int slot : read) {
    if (std::find(s.outer_slots.begin(), s.outer_slots.end(), slot) == s.outer_slots.end()) {
      throw sql_error(sqlstate::invalid_column_reference, "argument of " + std::string(clause) + " must not contain variables").at(e->position);
    }
  }
  auto out = try_coerce(value, {type_oid::int8, -1}, cast_context::assignment, e->position);
  if (!out) {
    throw sql_error(sqlstate::datatype_mismatch, "argument of " + std::string(clause) + " must be type bigint, not type " +
                                                     format_type({value->type().id, -1})).at(e->position);
  }
  return out;
}

/// Gives every output a slot of its own (`all`), or those that are not slots yet.
void binder::project(bound_query& q, bool all) {
  std::vector<projection> values;
  for (auto& o : q.outputs) {
    if (!all && as_slot(o.value) != nullptr) continue;
    int slot = in_.add_slots(1);
    in_.use(slot);
    values.push_back({slot, o.value});
    auto* source = as_slot(o.value);
    o.value = std::make_shared<slot_expression>(o.value->type(), slot, o.name, source ? source->table() : 0,
                                                source ? source->column() : std::int16_t{0});
  }
  if (!values.empty()) q.root = make_project(std::move(q.root), std::move(values));
}

/// Gives the outputs slots, and lets the sort keys that are among them read those.
void binder::project_with_order(bound_query& out, std::vector<sort_key>& order) {
  std::vector<std::string> keys;
  for (auto& o : out.outputs) keys.push_back(key_of(*o.value));
  project(out, false);
  for (auto& o : order) {
    auto at = std::find(keys.begin(), keys.end(), key_of(*o.value));
    if (at != keys.end()) o.value = out.outputs[static_cast<std::size_t>(at - keys.begin())].value;
  }
}

/// SELECT DISTINCT ON: the first row of each group, in the wanted order.
void binder::distinct_first(const ast::select& q, bound_query& out, const std::vector<expression_ptr>& on,
                            const std::vector<sort_key>& order, bool sorted) {
  for (std::size_t i = 0; i < order.size() && i < on.size(); ++i) {
    bool listed = std::any_of(on.begin(), on.end(), [&](auto& d) { return key_of(*d) == key_of(*order[i].value); });
    if (!listed) {
      throw sql_error(sqlstate::invalid_column_reference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
          .at(q.distinct_on[0]->position);
    }
  }
  if (!sorted) out.root = make_sort(std::move(out.root), order, nullptr, nullptr);
  out.root = make_distinct(std::move(out.root), on);
}

void binder::distinct_rows(const ast::select& q, bound_query& out, std::vector<sort_key>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    bool listed = std::any_of(out.outputs.begin(), out.outputs.end(), [&](auto& o) { return key_of(*o.value) == key_of(*order[i].value); });
    if (!listed) {
      throw sql_error(sqlstate::invalid_column_reference, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
          .at(q.order_by[i].position);
    }
  }
  project_with_order(out, order);
  std::vector<expression_ptr> values;
  for (auto& o : out.outputs) values.push_back(o.value);
  out.root = make_distinct(std::move(out.root), std::move(values));
}

/// What the clauses of one SELECT are bound to before its plan is made.
struct binder::select_parts {
  bound_query out;
  std::vector<aggregate_call> aggregates;
  std::vector<set_call> sets;
  window_list windows;
  grouping_slots grouping;
  std::vector<expression_ptr> group_values, having, distinct_on;
  std::vector<sort_key> order;
  bool grouped = false, many_sets = false;
};

expression_ptr binder::group_value(const ast::expr& g, const std::vector<output_column>& outputs, scope& s) {
  expression_ptr value = by_position(g, outputs, "GROUP BY");
  // GROUP BY prefers a column of FROM; an alias of the select list comes second.
  if (!value && g.kind == ast::expr_kind::column && g.names.size() == 1 && !is_visible(s, g.names[0])) {
    value = by_name(g, outputs, "GROUP BY");
  }
  s.clause = "GROUP BY";
  return value ? value : settle_unknown(bind(g, s));
}

/// The lists behind FROM and WHERE, in the order in which PostgreSQL finds their errors.
void binder::bind_lists(const ast::select& q, scope& s, bool keep_unknown, select_parts& p) {
  auto group_sets = expand_grouping(q);
  p.many_sets = group_sets.size() > 1;
  grouping groups(*this, s);
  if (p.many_sets) bind_grouping_sets(q, group_sets, s, p.grouping, p.group_values, groups);
  if (p.many_sets) s.grouping = &p.grouping;
  for (auto& w : q.windows) p.windows.names.push_back({w.get(), false, {}});
  auto allow = [&](bool on) {
    s.aggregates = on ? &p.aggregates : nullptr;
    s.windows = on ? &p.windows : nullptr;
  };
  allow(true);
  s.sets = &p.sets;
  p.out.outputs = bind_targets(q.targets, s, keep_unknown);
  s.sets = nullptr;
  if (!p.many_sets && !group_sets.empty()) {
    allow(false);
    for (auto* g : group_sets[0]) groups.add(group_value(*g, p.out.outputs, s));
    p.group_values = groups.values();
  }
  allow(true);
  if (q.having) {
    s.windows = nullptr;
    s.clause = "HAVING";
    split_conditions(bind_condition(*q.having, s, "HAVING"), p.having);
    allow(true);
  }
  p.order = bind_order(q.order_by, p.out.outputs, &q.targets, s, false);
  for (auto& d : q.distinct_on) {
    auto value = by_position(*d, p.out.outputs, "SELECT DISTINCT ON");
    if (!value) value = by_name(*d, p.out.outputs, "SELECT DISTINCT ON");
    p.distinct_on.push_back(value ? value : settle_unknown(bind(*d, s)));
  }
  bind_named_windows(p.windows, s);
  p.grouped = !q.group_by.empty() || !p.aggregates.empty() || q.having;
  check_grouping(groups, p, s);
  s.windows = nullptr;
  s.grouping = nullptr;
}

void binder::check_grouping(const grouping& groups, const select_parts& p, const scope& s) {
  groups.check_functions(s.grouping_checks);
  if (!p.grouped) return;
  for (auto& o : p.out.outputs) groups.check(*o.value);
  for (auto& c : p.sets) {
    for (auto& a : c.arguments) groups.check(*a);
  }
  for (auto& h : p.having) groups.check(*h);
  for (auto& o : p.order) groups.check(*o.value);
  for (auto& c : p.windows.calls) {
    for (auto& a : c.arguments) groups.check(*a);
    if (c.filter) groups.check(*c.filter);
  }
  for (auto& w : p.windows.windows) {
    for (auto& e : w.partition) groups.check(*e);
    for (auto& o : w.order) groups.check(*o.value);
  }
  for (auto& a : p.aggregates) {
    if (a.function->ordered == ordered_set::none) continue;
    for (auto& e : a.arguments) groups.check(*e, "Direct arguments of an ordered-set aggregate must use only grouped columns.");
  }
}

/// The operators between the joins and DISTINCT.
void binder::plan_groups(select_parts& p) {
  auto& root = p.out.root;
  if (p.many_sets) {
    grouping_sets_spec spec;
    spec.values = p.group_values;
    for (auto& v : p.group_values) spec.slots.push_back(as_slot(p.grouping.by_key.at(key_of(*v)))->slot());
    spec.sets = p.grouping.sets;
    spec.set_slot = p.grouping.set_slot;
    root = make_grouping_sets(std::move(root), std::move(spec), std::move(p.aggregates));
  } else if (p.grouped) {
    root = make_aggregate(std::move(root), p.group_values, std::move(p.aggregates));
  }
  if (p.grouped && !p.having.empty()) root = make_filter(std::move(root), std::move(p.having));
  if (!p.windows.calls.empty()) root = plan_windows(std::move(root), std::move(p.windows), p.order);
  if (!p.sets.empty()) root = make_project_set(std::move(root), std::move(p.sets));
}

bound_query binder::simple_select(const ast::select& q, scope& s, bool keep_unknown) {
  auto tree = bind_from(q.from, s);
  std::vector<expression_ptr> where;
  s.clause = "WHERE";
  if (q.where) split_conditions(bind_condition(*q.where, s, "WHERE"), where);
  select_parts p;
  bind_lists(q, s, keep_unknown, p);
  auto& out = p.out;
  auto& order = p.order;
  bool limited = q.limit != nullptr, windows = !p.windows.calls.empty();
  bool index_order = !p.grouped && !q.distinct && !windows;
  auto recheck = where;
  if (!q.locking.empty()) recheck.insert(recheck.end(), tree->conditions.begin(), tree->conditions.end());
  auto plan = plan_joins(in_, *tree, std::move(where), index_order ? order : std::vector<sort_key>{}, limited);
  out.root = std::move(plan.root);
  const bool sets = !p.sets.empty();  // their values are in no order, whatever the rows below are
  plan_groups(p);
  bool sorted = (plan.ordered && !sets) || order.empty();
  if (q.distinct) {
    if (!p.distinct_on.empty()) distinct_first(q, out, p.distinct_on, order, sorted);
    else distinct_rows(q, out, order);
    sorted = sorted || !p.distinct_on.empty();
  } else if (std::any_of(order.begin(), order.end(), [](auto& o) { return !is_stable(*o.value); })) {
    // What is volatile is computed once: in the row, not once for the sort and once for the result.
    project_with_order(out, order);
  }
  if (!q.locking.empty()) {
    if (p.grouped || q.distinct || windows) {
      throw sql_error(sqlstate::feature_not_supported, std::string(lock_clause(q.locking[0].strength)) + " is not allowed with " +
                                                           (q.distinct            ? "DISTINCT clause"
                                                            : !q.group_by.empty() ? "GROUP BY clause"
                                                            : q.having            ? "HAVING clause"
                                                            : p.grouped           ? "aggregate functions"
                                                                                  : "window functions"));
    }
    if (!sorted) out.root = make_sort(std::move(out.root), order, nullptr, nullptr);
    sorted = true;
    out.root = make_lock_rows(std::move(out.root), bind_locking(q.locking, s), std::move(recheck));
  }
  finish_query(q, s, out, std::move(order), sorted);
  if (in_.record != nullptr) {
    auto& names = in_.record->outputs[&q];
    for (auto& o : out.outputs) names.push_back(o.name);
  }
  return std::move(p.out);
}

void binder::finish_query(const ast::select& q, scope& s, bound_query& out, std::vector<sort_key> order, bool sorted) {
  auto limit = bind_limit(q.limit, s, "LIMIT");
  auto offset = bind_limit(q.offset, s, "OFFSET");
  if (!sorted) out.root = make_sort(std::move(out.root), order, q.with_ties ? nullptr : limit, offset);
  if (limit || offset) {
    if (!q.with_ties) order.clear();
    out.root = make_limit(std::move(out.root), std::move(limit), std::move(offset), std::move(order));
  }
  out.outer_slots = s.outer_slots;
}

const char* binder::lock_clause(ast::lock_strength strength) {
  switch (strength) {
    case ast::lock_strength::key_share: return "FOR KEY SHARE";
    case ast::lock_strength::share: return "FOR SHARE";
    case ast::lock_strength::no_key_update: return "FOR NO KEY UPDATE";
    case ast::lock_strength::update: return "FOR UPDATE";
  }
  return "FOR UPDATE";
}

std::vector<row_lock_spec> binder::bind_locking(const std::vector<ast::locking_clause>& clauses, scope& s) {
  using storage::lock_mode;
  static constexpr lock_mode modes[] = {lock_mode::row_key_share, lock_mode::row_share_lock, lock_mode::row_no_key_update, lock_mode::row_update};
  std::vector<row_lock_spec> out;
  for (auto& clause : clauses) {
    std::size_t named = 0;
    for (auto& r : s.relations) {
      bool wanted = clause.of.empty();
      for (auto& n : clause.of) {
        if (n.name == r.alias) {
          wanted = true;
          ++named;
        }
      }
      if (wanted && r.view) throw sql_error(sqlstate::feature_not_supported, std::string(lock_clause(clause.strength)) + " of a view is not supported");
      if (!wanted || r.table == nullptr) continue;
      (void)in_.need(r.relation, r.as, right::update);
      if (r.nullable) {
        throw sql_error(sqlstate::feature_not_supported, std::string(lock_clause(clause.strength)) +
                                                             " cannot be applied to the nullable side of an outer join");
      }
      table_source source{r.table, r.base, r.alias};
      in_.use(source.row_slot());
      in_.use(source.version_slot());
      in_.lock(r.table->id, lock_mode::row_share);
      out.push_back({source, modes[static_cast<int>(clause.strength)], clause.wait});
    }
    if (named < clause.of.size()) {
      throw sql_error(sqlstate::undefined_table, "relation \"" + clause.of[0].name + "\" in " + lock_clause(clause.strength) +
                                                     " clause not found in FROM clause").at(clause.of[0].position);
    }
  }
  return out;
}

}  // namespace helios::sql
