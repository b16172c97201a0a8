// MERGE: the join of source and target, and what each WHEN clause does.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/plan/join_tree.hpp"

namespace helios::sql {

using action = ast::merge_clause::action;

namespace {

std::unique_ptr<binder::join_tree> leaf_of(const table_source& source) {
  auto leaf = std::make_unique<binder::join_tree>();
  leaf->what = binder::join_tree::kind::table;
  leaf->table = source.table;
  leaf->base = source.base;
  leaf->alias = source.alias;
  for (std::size_t i = 0; i < source.table->columns.size() + 2; ++i) leaf->slots.push_back(source.base + static_cast<int>(i));
  return leaf;
}

void refuse_unreachable(const ast::merge_statement& m) {
  bool final[2] = {false, false};
  for (auto& c : m.clauses) {
    if (final[c.matched]) throw sql_error(sqlstate::syntax_error, "unreachable WHEN clause specified after unconditional WHEN clause");
    final[c.matched] = !c.condition;
  }
}

void refuse_same_name(const scope& s, const std::string& target) {
  for (std::size_t i = 1; i < s.relations.size(); ++i) {
    if (s.relations[i].alias != target) continue;
    throw sql_error("42712", "name \"" + target + "\" specified more than once").detail("The name is used both as MERGE target table and data source.");
  }
}

/// Source rows with the target rows that they match; where `all`, also those that match none.
std::unique_ptr<binder::join_tree> join_of(std::unique_ptr<binder::join_tree> source, std::unique_ptr<binder::join_tree> target,
                                           std::vector<expression_ptr> on, bool all) {
  auto out = std::make_unique<binder::join_tree>();
  out->slots = source->slots;
  out->slots.insert(out->slots.end(), target->slots.begin(), target->slots.end());
  out->conditions = std::move(on);
  if (all) {
    out->what = binder::join_tree::kind::outer;
    out->join = ast::join_kind::left;
  }
  out->parts.push_back(std::move(source));
  out->parts.push_back(std::move(target));
  return out;
}

}  // namespace

std::vector<assignment> modify_binder::merge_values(const ast::merge_clause& c, const change_target& target, scope& s) {
  std::vector<const column_def*> columns;
  for (auto& t : c.targets) {
    auto& column = column_of(target, t.name, t.position, "insert into");
    if (std::find(columns.begin(), columns.end(), &column) != columns.end()) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + t.name + "\" specified more than once").at(t.position);
    }
    columns.push_back(&column);
  }
  if (c.targets.empty()) {
    for (auto& column : target.table->columns) {
      if (!column.dropped) columns.push_back(&column);
    }
  }
  if (c.values.size() > columns.size()) {
    throw sql_error(sqlstate::syntax_error, "INSERT has more expressions than target columns").at(c.values[columns.size()]->position);
  }
  if (c.has_values && !c.targets.empty() && c.values.size() < columns.size()) {
    throw sql_error(sqlstate::syntax_error, "INSERT has more target columns than expressions").at(c.targets[c.values.size()].position);
  }
  override_ = c.override_kind;
  std::vector<assignment> out;
  for (auto& column : target.table->columns) {
    if (column.dropped) continue;
    auto at = static_cast<std::size_t>(std::find(columns.begin(), columns.end(), &column) - columns.begin());
    bool given = at < c.values.size() && c.values[at]->kind != ast::expr_kind::default_ && !takes_default(column);
    if (given) refuse_explicit(column, "INSERT");
    auto value = given ? bind_.assign(bind_.bind(*c.values[at], s), column.type, column.name, c.values[at]->position) : default_of(column);
    in_.use(*value);
    out.push_back({column.number - 1, std::move(value)});
  }
  return out;
}

merge_action modify_binder::merge_clause(const ast::merge_clause& c, const change_target& target, const table_target& t, scope& s) {
  merge_action out;
  out.what = c.what;
  s.clause = "MERGE WHEN conditions";
  if (c.condition) split_conditions(bind_.bind_condition(*c.condition, s, "WHEN"), out.condition);
  for (auto& e : out.condition) in_.use(*e);
  if (c.what == action::update) {
    s.clause = "UPDATE";
    out.set = set_list(c.targets, target, s);
    out.mode = mode_of(out.set, t);
  } else if (c.what == action::insert) {
    s.clause = "VALUES";
    out.set = merge_values(c, target, s);
  } else if (c.what == action::erase) {
    out.mode = storage::lock_mode::row_update;
  }
  return out;
}

bound_query modify_binder::merge(const ast::merge_statement& m) {
  scope outer;
  bind_.bind_common_tables(m.with, false, outer);
  refuse_unreachable(m);
  auto& table = bind_.find_table(m.table);
  if (table.kind != 'r') {
    throw sql_error(sqlstate::feature_not_supported, "cannot execute MERGE on relation \"" + table.name + "\"")
        .detail(table.is_view() ? "This operation is not supported for views." : "This operation is not supported for materialized views.");
  }
  in_.lock(table.id, storage::lock_mode::row_exclusive);
  change_target changed;
  changed.table = &table;
  scope s;
  s.outer = &outer;
  auto& first = bind_.add_table(table, m.alias, s, m.table.position);
  auto name = first.alias;
  table_source source{&table, first.base, name};
  // The source does not see the target.
  scope apart;
  apart.outer = &outer;
  auto from = bind_.bind_from(m.source, apart);
  s.relations.insert(s.relations.end(), apart.relations.begin(), apart.relations.end());
  s.visible.insert(s.visible.end(), apart.visible.begin(), apart.visible.end());
  refuse_same_name(s, name);
  apart.out_of_reach = name;
  std::vector<expression_ptr> on;
  s.clause = "JOIN conditions";
  split_conditions(bind_.bind_condition(*m.on, s, "JOIN/ON"), on);
  use_columns(table, source.base);
  in_.use(source.row_slot());
  in_.use(source.version_slot());
  auto t = target(table);
  merge_spec spec{nullptr, row_loader(source), t, on, {}, {}};
  for (auto& c : m.clauses) (c.matched ? spec.matched : spec.unmatched).push_back(merge_clause(c, changed, *t, c.matched ? s : apart));
  for (auto& e : on) in_.use(*e);
  auto tree = join_of(std::move(from), leaf_of(source), std::move(on), !spec.unmatched.empty());
  spec.source = plan_joins(in_, *tree, {}, {}, false).root;
  bound_query out;
  out.root = make_merge(std::move(spec));
  return out;
}

}  // namespace helios::sql
