// The target of INSERT, UPDATE and DELETE when it is a view: what PostgreSQL calls automatically updatable.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/functions/registry.hpp"
#include "sql/plan/join_tree.hpp"

namespace helios::sql {

namespace {

bool any_call(const ast::expr& e, bool (*test)(const ast::expr&)) {
  if (e.kind == ast::expr_kind::call && test(e)) return true;
  auto inside = [test](const ast::expr_ptr& a) { return a && any_call(*a, test); };
  return std::any_of(e.args.begin(), e.args.end(), inside) || inside(e.test) || inside(e.otherwise);
}
bool any_target(const ast::select& q, bool (*test)(const ast::expr&)) {
  return std::any_of(q.targets.begin(), q.targets.end(), [test](auto& t) { return any_call(*t.value, test); });
}
bool is_set_function(const ast::expr& e) {
  auto list = builtins().functions(e.names.back());
  return std::any_of(list.begin(), list.end(), [](auto* f) { return f->returns_set; });
}

/// Why a view's query cannot be written through; null when it can.
const char* obstacle(const ast::select& q) {
  if (q.distinct) return "Views containing DISTINCT are not automatically updatable.";
  if (!q.group_by.empty()) return "Views containing GROUP BY are not automatically updatable.";
  if (q.having) return "Views containing HAVING are not automatically updatable.";
  if (q.operation != ast::set_operation::none) return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
  if (!q.with.empty()) return "Views containing WITH are not automatically updatable.";
  if (q.limit || q.offset) return "Views containing LIMIT or OFFSET are not automatically updatable.";
  if (any_target(q, [](const ast::expr& e) { return !e.over && (e.star || is_aggregate(e.names.back())); })) {
    return "Views that return aggregate functions are not automatically updatable.";
  }
  if (any_target(q, [](const ast::expr& e) { return e.over != nullptr; })) return "Views that return window functions are not automatically updatable.";
  if (any_target(q, is_set_function)) return "Views that return set-returning functions are not automatically updatable.";
  if (q.from.size() != 1 || q.from[0]->what != ast::from_item::kind::table || !q.values.empty()) {
    return "Views that do not select from a single table or view are not automatically updatable.";
  }
  bool columns = std::any_of(q.targets.begin(), q.targets.end(), [](auto& t) { return t.value->kind == ast::expr_kind::column; });
  return columns ? nullptr : "Views that have no updatable columns are not automatically updatable.";
}

[[noreturn]] void not_updatable(const std::string& view, const std::string& command, const char* why) {
  const char* event = command == "insert into" ? "INSERT" : command == "update" ? "UPDATE" : "DELETE";
  const char* doing = command == "insert into" ? "inserting into" : command == "update" ? "updating" : "deleting from";
  throw sql_error(sqlstate::object_not_in_prerequisite_state, "cannot " + command + " view \"" + view + "\"")
      .detail(why)
      .hint(std::string("To enable ") + doing + " the view, provide an INSTEAD OF " + event + " trigger or an unconditional ON " + event +
            " DO INSTEAD rule.");
}

}  // namespace

change_target modify_binder::writable(const ast::relation_name& name, const char* command) {
  change_target out;
  out.table = &bind_.find_table(name);
  in_.lock(out.table->id, storage::lock_mode::row_exclusive);
  const auto wanted = command[0] == 'i' ? right::insert : command[0] == 'u' ? right::update : right::erase;
  oid as = in_.acting_as;
  (void)in_.need(out.table->id, as, wanted);
  while (out.table->is_view()) {
    auto query = binder::view_query(*out.table);
    if (auto* why = obstacle(*query); why != nullptr) not_updatable(out.table->name, command, why);
    out.views.push_back({out.table, query});
    auto* view = out.table;
    as = view->security_invoker ? oid{0} : view->owner;
    auto& below = query->from[0]->table;
    if (auto* schema = in_.definitions().find_schema(below.schema); schema == nullptr || in_.definitions().find_table(schema->id, below.name) == nullptr) {
      not_updatable(view->name, command, "Views that do not select from a single table or view are not automatically updatable.");
    }
    out.table = in_.definitions().find_table(in_.definitions().find_schema(below.schema)->id, below.name);
    in_.lock(out.table->id, storage::lock_mode::row_exclusive);
    (void)in_.need(out.table->id, as, wanted);
  }
  out.as = as;
  if (out.table->kind == 'm') throw sql_error("42809", "cannot change materialized view \"" + out.table->name + "\"");
  return out;
}

/// The target's column, and what the statement does with it, on the named relation and on the table behind it.
void modify_binder::note_change(const change_target& t, const column_def& column, const std::string& name, rights_mask rights) {
  auto note = [&](oid relation, oid as, std::int16_t number) {
    auto& need = in_.need(relation, as, rights);
    (rights == right::insert ? need.inserted : need.updated).insert(number);
  };
  note(t.table->id, t.as, column.number);
  if (t.views.empty()) return;
  if (auto* shown = t.views[0].view->column(name); shown != nullptr) note(t.views[0].view->id, in_.acting_as, shown->number);
}

relation_entry modify_binder::relation_of(const change_target& t, const std::string& alias, int base, std::vector<expression_ptr>* conditions,
                                          std::vector<table_target::check>* checks) {
  auto r = relation_at(*t.table, alias, base);
  r.as = t.as;
  // A check option holds for its own view, and with CASCADED for all views below.
  std::size_t cascaded = t.views.size();
  for (std::size_t i = t.views.size(); i-- > 0;) {
    if (t.views[i].view->check_option == 'c') cascaded = i;
  }
  for (std::size_t i = t.views.size(); i-- > 0;) {
    auto& [view, query] = t.views[i];
    auto& item = *query->from[0];
    r.alias = item.alias.empty() ? item.table.name : item.alias;
    for (std::size_t k = 0; k < item.column_aliases.size(); ++k) r.columns[k].name = item.column_aliases[k];
    scope inside;
    inside.visible = r.columns;
    inside.relations.push_back(std::move(r));
    inside.clause = "WHERE";
    if (query->where && (conditions != nullptr || checks != nullptr)) {
      auto condition = bind_.bind_condition(*query->where, inside, "WHERE");
      if (checks != nullptr && (i >= cascaded || view->check_option != 0)) checks->push_back({view->name, condition});
      if (conditions != nullptr) split_conditions(condition, *conditions);
    }
    auto outputs = bind_.bind_targets(query->targets, inside);
    relation_entry outer;
    outer.alias = alias;
    outer.view = true;
    outer.relation = view->id;
    outer.as = i == 0 ? in_.acting_as : t.views[i - 1].view->security_invoker ? oid{0} : t.views[i - 1].view->owner;
    std::size_t number = 0;
    for (auto& c : view->columns) {
      if (!c.dropped) outer.columns.push_back({c.name, outputs.at(number++).value});
    }
    r = std::move(outer);
  }
  r.alias = alias;
  return r;
}

const column_def& modify_binder::column_of(const change_target& t, const std::string& name, int position, const char* command) {
  auto& named = t.views.empty() ? *t.table : *t.views[0].view;
  auto* column = named.column(name);
  if (column == nullptr) {
    throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" of relation \"" + named.name + "\" does not exist").at(position);
  }
  if (t.views.empty()) return *column;
  int base = in_.add_slots(t.table->columns.size());
  auto r = relation_of(t, named.name, base);
  for (auto& c : r.columns) {
    if (c.name != name) continue;
    if (auto* slot = as_slot(c.value); slot != nullptr) return t.table->columns[static_cast<std::size_t>(slot->slot() - base)];
  }
  throw sql_error(sqlstate::feature_not_supported, std::string("cannot ") + command + " column \"" + name + "\" of view \"" + named.name + "\"")
      .detail("View columns that are not columns of their base relation are not updatable.");
}

}  // namespace helios::sql
