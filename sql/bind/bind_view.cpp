// Views in FROM: a plain one dissolves into the query around it, any other is planned by itself. And the record of what
// a new view's names mean.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/ast/deparse.hpp"
#include "sql/bind/binder.hpp"
#include "sql/parse/parsed_statement.hpp"
#include "sql/plan/join_tree.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

std::shared_ptr<const ast::select> binder::view_query(const table_def& view) {
  auto parsed = parse(view.definition);
  return std::get<ast::select_statement>(parsed.at(0)->tree().node).query;
}

namespace {

bool calls_sets_or_aggregates(const ast::expr& e) {
  if (e.kind == ast::expr_kind::call && (e.over || e.within_group || e.star || is_aggregate(e.names.back()))) return true;
  if (e.kind == ast::expr_kind::grouping) return true;
  auto any = [](const ast::expr_ptr& a) { return a && calls_sets_or_aggregates(*a); };
  return std::any_of(e.args.begin(), e.args.end(), any) || any(e.test) || any(e.otherwise);
}

/// Nothing but FROM, WHERE and a select list without aggregates: what a view must be to dissolve.
bool is_plain(const ast::select& q) {
  bool simple = q.operation == ast::set_operation::none && q.values.empty() && q.with.empty() && !q.having && q.group_by.empty() &&
                q.windows.empty() && !q.distinct && q.order_by.empty() && !q.limit && !q.offset && q.locking.empty() && !q.from.empty();
  return simple && std::none_of(q.targets.begin(), q.targets.end(), [](auto& t) { return calls_sets_or_aggregates(*t.value); });
}

/// A view's column is the view's to the client.
expression_ptr named(const expression_ptr& value, const table_def& view, const column_def& column) {
  auto* slot = as_slot(value);
  if (slot == nullptr) return value;
  return std::make_shared<slot_expression>(slot->type(), slot->slot(), column.name, view.id, column.number);
}

std::vector<const column_def*> columns_of(const table_def& view) {
  std::vector<const column_def*> out;
  for (auto& c : view.columns) {
    if (!c.dropped) out.push_back(&c);
  }
  return out;
}

/// The view as FROM shows it, without its columns.
relation_entry entry_of(const ast::from_item& item, const table_def& view, const catalog& definitions) {
  relation_entry r;
  r.alias = item.alias.empty() ? view.name : item.alias;
  r.view = true;
  r.row_type = row_type_of(view.id);
  r.relation = view.id;
  r.position = item.position;
  if (item.alias.empty()) {
    if (auto* schema = definitions.find_schema(view.schema); schema != nullptr) r.schema = schema->name;
  }
  return r;
}

/// Views upon views are bound one inside the other, on a fiber's stack.
class view_depth {
 public:
  explicit view_depth(analysis& in) : depth_(in.open_views) {
    if (++depth_ <= depth_max) return;
    --depth_;
    throw sql_error(sqlstate::statement_too_complex, "stack depth limit exceeded").hint("The views are nested too deeply.");
  }
  ~view_depth() { --depth_; }
  view_depth(const view_depth&) = delete;
  view_depth& operator=(const view_depth&) = delete;

 private:
  static constexpr int depth_max = 50;
  int& depth_;
};

/// What a view reads, it reads as its owner.
class acting {
 public:
  acting(analysis& in, oid owner) : in_(in), before_(in.acting_as) { in.acting_as = owner; }
  ~acting() { in_.acting_as = before_; }
  acting(const acting&) = delete;
  acting& operator=(const acting&) = delete;
  oid before() const { return before_; }

 private:
  analysis& in_;
  oid before_;
};

class recording_pause {
 public:
  explicit recording_pause(analysis& in) : in_(in), before_(in.record) { in.record = nullptr; }
  ~recording_pause() { in_.record = before_; }

 private:
  analysis& in_;
  query_record* before_;
};

}  // namespace

std::unique_ptr<binder::join_tree> binder::merged_view(const ast::from_item& item, const table_def& view, const ast::select& q, scope& s, oid as) {
  scope inside;
  auto tree = bind_from(q.from, inside);
  inside.clause = "WHERE";
  if (q.where) split_conditions(bind_condition(*q.where, inside, "WHERE"), tree->conditions);
  std::vector<set_call> sets;
  inside.sets = &sets;
  auto outputs = bind_targets(q.targets, inside);
  if (!sets.empty()) return nullptr;
  for (auto& o : outputs) {
    // On the null side of an outer join only a column becomes NULL by itself.
    if (!is_stable(*o.value) || (s.outer_joins > 0 && as_slot(o.value) == nullptr)) return nullptr;
  }
  auto r = entry_of(item, view, in_.definitions());
  r.as = as;
  auto columns = columns_of(view);
  for (std::size_t i = 0; i < columns.size(); ++i) r.columns.push_back({columns[i]->name, named(outputs.at(i).value, view, *columns[i])});
  add_relation(s, std::move(r), item.column_aliases);
  return tree;
}

std::unique_ptr<binder::join_tree> binder::from_view(const ast::from_item& item, const table_def& view, scope& s) {
  recording_pause pause(in_);
  acting owner(in_, view.security_invoker ? oid{0} : view.owner);
  view_depth guard(in_);
  auto q = view_query(view);
  if (is_plain(*q) && !view.security_barrier) {
    if (auto tree = merged_view(item, view, *q, s, owner.before())) return tree;
  }
  auto bound = bind_query(*q, nullptr);
  auto columns = columns_of(view);
  auto r = entry_of(item, view, in_.definitions());
  r.as = owner.before();
  std::vector<projection> values;
  std::vector<int> slots;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    int slot = in_.add_slots(1);
    auto& value = bound.outputs.at(i).value;
    in_.use(*value);
    slots.push_back(slot);
    values.push_back({slot, value});
    r.columns.push_back({columns[i]->name, std::make_shared<slot_expression>(value->type(), slot, columns[i]->name, view.id, columns[i]->number)});
  }
  add_relation(s, std::move(r), item.column_aliases);
  auto out = std::make_unique<join_tree>();
  out->what = join_tree::kind::opaque;
  out->root = make_project(std::move(bound.root), std::move(values));
  out->slots = std::move(slots);
  out->rows = 1000;
  return out;
}

namespace {
/// The relation of `at` whose column this is; null for a merged column of USING.
const relation_entry* owner_of(const scope& at, const visible_column& found) {
  for (auto& r : at.relations) {
    for (auto& c : r.columns) {
      if (c.name == found.name && c.value == found.value) return &r;
    }
  }
  return nullptr;
}

std::string qualified(const relation_entry* r, const std::string& name) {
  return (r == nullptr || r->alias.empty() ? "" : ast::quote_identifier(r->alias) + ".") + ast::quote_identifier(name);
}

/// The stored column behind a visible one, when its relation is a table or a view.
relation_use source_of(const relation_entry* r, const visible_column& c) {
  auto* slot = as_slot(c.value);
  return r == nullptr || slot == nullptr || (r->table == nullptr && !r->view) ? relation_use{} : relation_use{slot->table(), slot->column()};
}
}  // namespace

void binder::note_read(const relation_entry& r, std::size_t column) {
  if (r.relation == 0 || !in_.counts_reads) return;
  // Columns stand in the order of their definition, without those that were dropped.
  const auto* table = in_.definitions().find_table(r.relation);
  if (table == nullptr) return;
  for (const auto& c : table->columns) {
    if (c.dropped || column-- != 0) continue;
    in_.need(r.relation, r.as, right::select).read.insert(c.number);
    return;
  }
}

void binder::note_read(const scope& at, const visible_column& found) {
  if (!in_.counts_reads) return;
  // By its value: under USING, and in an aliased join, a column has come from somewhere else.
  for (auto* list : {&at.relations, &at.hidden}) {
    for (auto& r : *list) {
      for (std::size_t i = 0; r.relation != 0 && i < r.columns.size(); ++i) {
        if (r.columns[i].value == found.value) return note_read(r, i);
      }
    }
  }
}

void binder::note_column(const ast::expr& e, const scope& at, const visible_column& found) {
  auto* r = owner_of(at, found);
  in_.record->columns[&e] = qualified(r, found.name);
  if (auto use = source_of(r, found); use.relation != 0) {
    in_.record->sources[&e] = use;
    in_.record->uses.push_back(use);
  } else if (auto* slot = as_slot(found.value); slot != nullptr && slot->table() != 0) {
    in_.record->uses.push_back({slot->table(), slot->column()});
  }
}

void binder::note_star(const ast::expr& e, const scope& s, const std::vector<visible_column>& columns) {
  auto& names = in_.record->stars[&e];
  names.clear();
  for (auto& c : columns) {
    const relation_entry* r = nullptr;
    for (auto* at = &s; at != nullptr && r == nullptr; at = at->outer) r = owner_of(*at, c);
    names.push_back(qualified(r, c.name));
    if (auto use = source_of(r, c); use.relation != 0) in_.record->uses.push_back(use);
  }
}

}  // namespace helios::sql
