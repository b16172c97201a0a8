#include "sql/bind/bind_modify.hpp"

#include <algorithm>
#include <set>

#include "base/sql_error.hpp"
#include "sql/bind/row_target.hpp"
#include "sql/parse/parsed_statement.hpp"
#include "sql/plan/join_tree.hpp"

namespace helios::sql {

namespace {
void add_visible(scope& s, relation_entry r) {
  s.visible.insert(s.visible.end(), r.columns.begin(), r.columns.end());
  s.relations.push_back(std::move(r));
}

bound_query with_returning(binder& bind, analysis& in, plan_node_ptr root, const std::vector<ast::target>& returning, scope& s) {
  bound_query out;
  out.root = std::move(root);
  s.clause = "RETURNING";
  out.outputs = bind.bind_targets(returning, s);
  for (auto& o : out.outputs) in.use(*o.value);
  return out;
}
}  // namespace

relation_entry modify_binder::relation_at(const table_def& table, const std::string& alias, int base) {
  relation_entry r;
  r.alias = alias;
  r.table = &table;
  r.row_type = row_type_of(table.id);
  r.relation = table.id;
  r.base = base;
  for (auto& c : table.columns) {
    if (!c.dropped) r.columns.push_back({c.name, std::make_shared<slot_expression>(c.type, base + c.number - 1, c.name, table.id, c.number)});
  }
  return r;
}

void modify_binder::use_columns(const table_def& table, int base) {
  for (auto& c : table.columns) {
    if (!c.dropped) in_.use(base + c.number - 1);
  }
}

namespace {
/// While the table's own expressions are bound, nobody reads.
class unread {
 public:
  explicit unread(analysis& in) : in_(in), before_(in.counts_reads) { in.counts_reads = false; }
  ~unread() { in_.counts_reads = before_; }
  unread(const unread&) = delete;
  unread& operator=(const unread&) = delete;

 private:
  analysis& in_;
  bool before_;
};
}  // namespace

expression_ptr modify_binder::stored_expression(const std::string& source, scope& s, type_ref to, const std::string& column) {
  unread guard(in_);
  auto parsed = parse("SELECT " + source);
  auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
  return bind_.assign(bind_.bind(*select.query->targets.at(0).value, s), to, column, 0);
}

expression_ptr modify_binder::default_of(const column_def& column) {
  scope s;
  s.clause = "DEFAULT expressions";
  if (column.generated) return std::make_shared<constant_expression>(column.type, datum::null());  // computed when the row is written
  if (column.owned_sequence != 0) {
    auto sequence = std::make_shared<constant_expression>(type_ref{type_oid::regclass, -1}, datum::of_int(column.owned_sequence));
    return bind_.assign(bind_.call_function("nextval", {sequence}, 0), column.type, column.name, 0);
  }
  if (column.default_text.empty()) {
    auto null = std::make_shared<constant_expression>(base_type(column.type), datum::null());
    auto* domain = in_.definitions().find_type_definition(column.type.id);
    if (domain == nullptr || domain->kind != 'd') return std::make_shared<constant_expression>(column.type, datum::null());
    // The default of a domain counts where the column has none of its own; NULL may be refused.
    return domain->default_text.empty() ? bind_.coerce(null, column.type, cast_context::assignment, 0)
                                        : stored_expression(domain->default_text, s, column.type, column.name);
  }
  return stored_expression(column.default_text, s, column.type, column.name);
}

std::shared_ptr<table_target> modify_binder::target(const table_def& table) {
  auto out = make_target(table, in_.env());
  out->base = in_.add_slots(table.columns.size());
  use_columns(table, out->base);
  scope s;
  s.clause = "check constraints";
  add_visible(s, relation_at(table, table.name, out->base));
  for (auto& c : table.constraints) {
    if (c.kind != constraint_kind::check) continue;
    out->checks.push_back({c.name, stored_expression(c.check_text, s, {type_oid::boolean, -1}, c.name)});
  }
  for (auto& c : table.columns) {
    if (!c.generated || c.dropped) continue;
    out->generated.push_back({static_cast<std::size_t>(c.number - 1), stored_expression(c.default_text, s, c.type, c.name)});
  }
  return out;
}

/// OVERRIDING USER VALUE: what the statement gives for an identity column counts for nothing.
bool modify_binder::takes_default(const column_def& column) const {
  return column.identity != 0 && override_ == ast::insert_statement::overriding::user;
}

/// A value for a column that makes its own. `command`: "INSERT" or "UPDATE".
void modify_binder::refuse_explicit(const column_def& column, const char* command) const {
  bool update = command[0] == 'U';
  bool always = column.identity == 'a' && (update || override_ == ast::insert_statement::overriding::none);
  if (!column.generated && !always) return;
  auto error = sql_error("428C9", update ? "column \"" + column.name + "\" can only be updated to DEFAULT"
                                         : "cannot insert a non-DEFAULT value into column \"" + column.name + "\"")
                   .detail("Column \"" + column.name + "\" is " +
                           (column.generated ? "a generated column." : "an identity column defined as GENERATED ALWAYS."));
  if (!update && !column.generated) throw std::move(error).hint("Use OVERRIDING SYSTEM VALUE to override.");
  throw std::move(error);
}

namespace {
/// What a statement gives for a column.
expression_ptr value_for(binder& bind, const ast::expr& e, const column_def& column, scope& s, int position) {
  if (auto row = bind_row_as(bind, e, column.type, cast_context::assignment, s, position)) return row;
  return bind.assign(bind.bind(e, s), column.type, column.name, position);
}
}  // namespace

// --- INSERT ---

std::vector<const column_def*> modify_binder::insert_columns(const ast::insert_statement& s, const change_target& target) {
  std::vector<const column_def*> out;
  if (s.columns.empty() && !target.views.empty()) {
    // As many as there are values: a view may end with columns that it computes.
    auto given = s.source == nullptr ? 0 : s.source->values.empty() ? s.source->targets.size() : s.source->values[0].size();
    for (auto& c : target.views[0].view->columns) {
      if (!c.dropped && out.size() < given) out.push_back(&column_of(target, c.name, 0, "insert into"));
    }
    return out;
  }
  if (s.columns.empty()) {
    for (auto& c : target.table->columns) {
      if (!c.dropped) out.push_back(&c);
    }
    return out;
  }
  for (auto& t : s.columns) {
    if (!t.fields.empty()) throw sql_error(sqlstate::feature_not_supported, "INSERT into part of a column is not supported").at(t.position);
    auto& column = column_of(target, t.name, t.position, "insert into");
    if (std::find(out.begin(), out.end(), &column) != out.end()) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + t.name + "\" specified more than once").at(t.position);
    }
    out.push_back(&column);
  }
  return out;
}

namespace {
void check_width(std::size_t values, std::size_t columns, bool listed, int position) {
  if (values > columns) throw sql_error(sqlstate::syntax_error, "INSERT has more expressions than target columns").at(position);
  if (values < columns && listed) {
    throw sql_error(sqlstate::syntax_error, "INSERT has more target columns than expressions").at(position);
  }
}
}  // namespace

plan_node_ptr modify_binder::insert_values(const ast::select& q, scope& outer, const std::vector<const column_def*>& columns,
                                           std::vector<expression_ptr>& values) {
  scope s;
  s.outer = &outer;
  s.clause = "VALUES";
  std::vector<std::vector<expression_ptr>> rows;
  for (auto& row : q.values) {
    if (row.size() != q.values[0].size()) {
      throw sql_error(sqlstate::syntax_error, "VALUES lists must all be the same length").at(row[0]->position);
    }
    std::vector<expression_ptr> bound;
    for (std::size_t i = 0; i < row.size() && i < columns.size(); ++i) {
      auto& column = *columns[i];
      bool is_default = row[i]->kind == ast::expr_kind::default_ || takes_default(column);
      if (!is_default) refuse_explicit(column, "INSERT");
      bound.push_back(is_default
                          ? default_of(column)
                          : value_for(bind_, *row[i], column, s, binder::start_of(*row[i])));
    }
    rows.push_back(std::move(bound));
  }
  if (rows.size() == 1) {
    values = std::move(rows[0]);
    return make_one_row();
  }
  std::vector<int> slots;
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    int slot = in_.add_slots(1);
    in_.use(slot);
    slots.push_back(slot);
    values.push_back(std::make_shared<slot_expression>(columns[i]->type, slot, columns[i]->name));
  }
  return make_values(std::move(rows), std::move(slots));
}

plan_node_ptr modify_binder::insert_source(const ast::insert_statement& s, scope& outer, const std::vector<const column_def*>& columns,
                                           std::vector<expression_ptr>& values) {
  if (s.source == nullptr) return make_one_row();
  auto& q = *s.source;
  bool listed = !s.columns.empty();
  bool plain_values = !q.values.empty() && q.order_by.empty() && !q.limit && !q.offset && q.with.empty();
  if (plain_values) {
    auto& row = q.values[0];
    int position = row.size() > columns.size() ? row[columns.size()]->position : listed ? s.columns[std::min(row.size(), s.columns.size() - 1)].position : 0;
    check_width(row.size(), columns.size(), listed, position);
    return insert_values(q, outer, columns, values);
  }
  auto bound = bind_.bind_query(q, &outer, true);
  bool beyond = q.targets.size() > columns.size() && q.targets[columns.size()].value;
  check_width(bound.outputs.size(), columns.size(), listed, beyond ? q.targets[columns.size()].value->position : 0);
  const bool plain_list = q.targets.size() == bound.outputs.size();
  for (std::size_t i = 0; i < bound.outputs.size(); ++i) {
    bool is_default = takes_default(*columns[i]);
    if (!is_default) refuse_explicit(*columns[i], "INSERT");
    const int position = plain_list && q.targets[i].value ? binder::start_of(*q.targets[i].value) : 0;
    values.push_back(is_default ? default_of(*columns[i])
                                : bind_.assign(bound.outputs[i].value, columns[i]->type, columns[i]->name, position));
  }
  return bound.root;
}

bound_query modify_binder::insert(const ast::insert_statement& s, scope* enclosing) {
  scope outer;
  outer.outer = enclosing;
  bind_.bind_common_tables(s.with, false, outer);
  auto changed = writable(s.table, "insert into");
  auto& table = *changed.table;
  auto columns = insert_columns(s, changed);
  override_ = s.override_kind;
  insert_spec spec;
  std::vector<expression_ptr> values;
  spec.source = insert_source(s, outer, columns, values);
  for (std::size_t i = 0; i < columns.size() && (!s.columns.empty() || i < values.size()); ++i) {
    note_change(changed, *columns[i], s.columns.empty() ? columns[i]->name : s.columns[i].name, right::insert);
  }
  spec.target = target(table);
  for (auto& c : table.columns) {
    if (c.dropped) continue;
    auto at = static_cast<std::size_t>(std::find(columns.begin(), columns.end(), &c) - columns.begin());
    spec.values.push_back({c.number - 1, at < values.size() ? values[at] : default_of(c)});
  }
  auto alias = s.alias.empty() ? changed.name() : s.alias;
  if (!changed.views.empty()) (void)relation_of(changed, alias, spec.target->base, nullptr, &spec.target->view_checks);
  if (s.conflict && !changed.views.empty()) throw sql_error(sqlstate::feature_not_supported, "ON CONFLICT with a view is not supported");
  if (s.conflict) spec.conflict = conflict(*s.conflict, *spec.target, alias);
  scope returning;
  returning.outer = &outer;
  add_visible(returning, relation_of(changed, alias, spec.target->base));
  return with_returning(bind_, in_, make_insert(std::move(spec)), s.returning, returning);
}

plan_node_ptr modify_binder::insert_rows(const table_def& table, const std::vector<std::int16_t>& columns, plan_node_ptr source,
                                         const std::vector<expression_ptr>& values) {
  in_.lock(table.id, storage::lock_mode::row_exclusive);
  insert_spec spec;
  spec.source = std::move(source);
  spec.target = target(table);
  for (auto& c : table.columns) {
    if (c.dropped) continue;
    auto at = static_cast<std::size_t>(std::find(columns.begin(), columns.end(), c.number) - columns.begin());
    spec.values.push_back({c.number - 1, at < values.size() ? bind_.assign(values[at], c.type, c.name, 0) : default_of(c)});
  }
  return make_insert(std::move(spec));
}

// --- ON CONFLICT ---

namespace {
void refuse_deferrable(const index_def& index) {
  if (!index.deferrable) return;
  throw sql_error(sqlstate::object_not_in_prerequisite_state,
                  "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters");
}
}  // namespace

std::vector<std::size_t> modify_binder::arbiters(const ast::conflict_clause& c, const table_target& t) {
  std::vector<std::size_t> out;
  if (!c.constraint.empty()) {
    for (std::size_t i = 0; i < t.indexes.size(); ++i) {
      auto id = t.indexes[i].index().id;
      bool named = std::any_of(t.table->constraints.begin(), t.table->constraints.end(), [&](auto& r) { return r.index == id && r.name == c.constraint; });
      if (named) out.push_back(i);
    }
    if (out.empty()) {
      throw sql_error(sqlstate::undefined_object, "constraint \"" + c.constraint + "\" for table \"" + t.table->name + "\" does not exist");
    }
  } else if (!c.columns.empty() || !c.expressions.empty()) {
    out = inferred(c, t);
  } else {
    if (c.update) {
      throw sql_error(sqlstate::syntax_error, "ON CONFLICT DO UPDATE requires inference specification or constraint name")
          .hint("For example, ON CONFLICT (column_name).").at(c.position);
    }
    for (std::size_t i = 0; i < t.indexes.size(); ++i) {
      if (t.indexes[i].index().unique) out.push_back(i);
    }
  }
  for (auto i : out) refuse_deferrable(t.indexes[i].index());
  return out;
}

/// The unique indexes over exactly these columns and expressions; a partial one only if WHERE implies its predicate.
std::vector<std::size_t> modify_binder::inferred(const ast::conflict_clause& c, const table_target& t) {
  std::set<std::int16_t> columns;
  std::set<std::string> expressions;
  for (auto& name : c.columns) {
    auto* column = t.table->column(name);
    if (column == nullptr) throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" does not exist").at(c.position);
    in_.need(t.table->id, in_.acting_as, right::select).read.insert(column->number);
    columns.insert(column->number);
  }
  scope s;
  add_visible(s, relation_at(*t.table, t.table->name, t.base));
  s.clause = "index expressions";
  for (auto& e : c.expressions) expressions.insert(key_of(*bind_.bind(*e, s)));
  std::vector<expression_ptr> where;
  s.clause = "index predicates";
  if (c.infer_where) split_conditions(bind_.bind_condition(*c.infer_where, s, "WHERE"), where);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < t.indexes.size(); ++i) {
    auto& index = t.indexes[i].index();
    if (!index.unique) continue;
    auto terms = terms_of(in_, index, *t.table, t.base);
    std::set<std::int16_t> own_columns;
    std::set<std::string> own_expressions;
    for (std::size_t k = 0; k < index.keys.size(); ++k) {
      if (index.keys[k].column != 0) own_columns.insert(index.keys[k].column);
      else own_expressions.insert(key_of(*terms->keys[k]));
    }
    if (own_columns == columns && own_expressions == expressions && implies(where, terms->predicate)) out.push_back(i);
  }
  if (out.empty()) {
    throw sql_error(sqlstate::invalid_column_reference, "there is no unique or exclusion constraint matching the ON CONFLICT specification");
  }
  return out;
}

row_action bind_row_action(const bind_environment& env, const table_def& table, const std::vector<int>& defaults) {
  analysis in(env);
  modify_binder bind(in);
  row_action out;
  out.target = bind.target(table);
  for (int c : defaults) out.defaults.push_back(bind.default_of(table.columns[static_cast<std::size_t>(c)]));
  out.frame = in.used().size();
  return out;
}

conflict_action modify_binder::conflict(const ast::conflict_clause& c, const table_target& t, const std::string& alias) {
  conflict_action out;
  out.update = c.update;
  out.arbiters = arbiters(c, t);
  if (!c.update) return out;
  auto& table = *t.table;
  (void)in_.need(table.id, in_.acting_as, right::update);
  scope s;
  auto& existing = bind_.add_table(table, alias, s, 0);
  out.existing.emplace(table_source{&table, existing.base, alias});
  use_columns(table, existing.base);
  in_.use(out.existing->source().row_slot());
  in_.use(out.existing->source().version_slot());
  out.excluded_base = in_.add_slots(table.columns.size());
  use_columns(table, out.excluded_base);
  add_visible(s, relation_at(table, "excluded", out.excluded_base));
  s.clause = "UPDATE";
  out.set = set_list(c.set, {&table, {}, in_.acting_as}, s);
  s.clause = "WHERE";
  if (c.where) split_conditions(bind_.bind_condition(*c.where, s, "WHERE"), out.filter);
  out.mode = mode_of(out.set, t);
  return out;
}

// --- UPDATE, DELETE ---

expression_ptr modify_binder::set_value(const ast::target& t, const column_def& column, scope& s) {
  if (t.row_column == 0) {
    if (t.value->kind == ast::expr_kind::default_) return default_of(column);
    return value_for(bind_, *t.value, column, s, t.value->position);
  }
  auto i = static_cast<std::size_t>(t.row_column - 1);
  if (t.row->kind == ast::expr_kind::row) {
    if (i >= t.row->args.size()) {
      throw sql_error(sqlstate::syntax_error, "number of columns does not match number of values").at(t.position);
    }
    auto& value = *t.row->args[i];
    if (value.kind == ast::expr_kind::default_) return default_of(column);
    return value_for(bind_, value, column, s, value.position);
  }
  if (t.row->kind != ast::expr_kind::subquery) {
    throw sql_error(sqlstate::feature_not_supported, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression").at(t.position);
  }
  auto q = bind_.bind_query(*t.row->query, &s);
  if (i >= q.outputs.size()) {
    throw sql_error(sqlstate::syntax_error, "number of columns does not match number of values").at(t.position);
  }
  subquery_expression::parts p;
  p.what = subquery_expression::kind::scalar;
  p.number = in_.add_subquery();
  p.root = q.root;
  p.outer_slots = q.outer_slots;
  p.outputs.push_back(q.outputs[i].value);
  in_.side_plans.push_back(q.root);
  auto type = q.outputs[i].value->type();
  return bind_.assign(std::make_shared<subquery_expression>(type, std::move(p)), column.type, column.name, t.position);
}

std::vector<assignment> modify_binder::set_list(const std::vector<ast::target>& targets, const change_target& target, scope& s) {
  std::vector<assignment> out;
  for (auto& t : targets) {
    auto& column = column_of(target, t.name, t.position, "update");
    if (!t.fields.empty()) {
      set_field(t, column, s, out);
      continue;
    }
    for (auto& known : out) {
      if (known.column == column.number - 1) {
        throw sql_error(sqlstate::syntax_error, "multiple assignments to same column \"" + t.name + "\"");
      }
    }
    bool row = t.row_column != 0 && t.row->kind == ast::expr_kind::row && static_cast<std::size_t>(t.row_column) <= t.row->args.size();
    auto* given = t.row_column == 0 ? t.value.get() : row ? t.row->args[static_cast<std::size_t>(t.row_column - 1)].get() : nullptr;
    if (given == nullptr || given->kind != ast::expr_kind::default_) refuse_explicit(column, "UPDATE");
    note_change(target, column, t.name, right::update);
    auto value = set_value(t, column, s);
    in_.use(*value);
    out.push_back({column.number - 1, std::move(value)});
  }
  return out;
}

/// SET column.field = value: on top of what the statement has set of the column so far.
void modify_binder::set_field(const ast::target& t, const column_def& column, scope& s, std::vector<assignment>& out) {
  if (t.row_column != 0) throw sql_error(sqlstate::feature_not_supported, "assignment to part of a column from a row is not supported").at(t.position);
  auto known = std::find_if(out.begin(), out.end(), [&column](auto& a) { return a.column == column.number - 1; });
  expression_ptr before;
  if (known != out.end()) {
    before = known->value;
  } else {
    ast::expr reference(ast::expr_kind::column, t.position);
    reference.names = {s.relations.at(0).alias, column.name};
    before = bind_.bind(reference, s);
  }
  auto value = bind_.store_field(before, t.fields, *t.value, t.name, t.position, s);
  in_.use(*value);
  if (known != out.end()) known->value = std::move(value);
  else out.push_back({column.number - 1, std::move(value)});
}

storage::lock_mode modify_binder::mode_of(const std::vector<assignment>& set, const table_target& t) const {
  for (auto& index : t.indexes) {
    auto& definition = index.index();
    if (!definition.unique || !definition.predicate.empty() || definition.has_expressions()) continue;  // no foreign key leans on it
    bool computed = std::any_of(index.columns().begin(), index.columns().end(), [&t](int c) { return t.table->columns[static_cast<std::size_t>(c)].generated; });
    if (computed) return storage::lock_mode::row_update;
    for (auto& a : set) {
      if (std::find(index.columns().begin(), index.columns().end(), a.column) != index.columns().end()) {
        return storage::lock_mode::row_update;
      }
    }
  }
  return storage::lock_mode::row_no_key_update;
}

namespace {
/// The target as the first relation of FROM.
std::unique_ptr<binder::join_tree> leaf_of(const table_def& table, const relation_entry& r) {
  auto leaf = std::make_unique<binder::join_tree>();
  leaf->what = binder::join_tree::kind::table;
  leaf->table = &table;
  leaf->base = r.base;
  leaf->alias = r.alias;
  for (std::size_t i = 0; i < table.columns.size() + 2; ++i) leaf->slots.push_back(r.base + static_cast<int>(i));
  return leaf;
}
}  // namespace

/// Makes the target the first relation of `s`.
std::unique_ptr<binder::join_tree> modify_binder::first_relation(const change_target& changed, const std::string& alias, int position, scope& s,
                                                                 table_source& source, std::vector<expression_ptr>& conditions) {
  auto& table = *changed.table;
  auto& r = bind_.add_table(table, alias, s, position);
  source = {&table, r.base, alias.empty() ? changed.name() : alias};
  auto leaf = leaf_of(table, r);
  leaf->alias = source.alias;
  if (changed.views.empty()) return leaf;
  auto seen = relation_of(changed, source.alias, source.base, &conditions);
  for (auto& c : conditions) in_.use(*c);
  seen.schema = alias.empty() ? in_.definitions().find_schema(changed.views[0].view->schema)->name : std::string();
  s.visible = seen.columns;
  s.relations[0] = std::move(seen);
  return leaf;
}

bound_query modify_binder::update(const ast::update_statement& u, scope* enclosing) {
  scope outer;
  outer.outer = enclosing;
  bind_.bind_common_tables(u.with, false, outer);
  auto changed = writable(u.table, "update");
  auto& table = *changed.table;
  scope s;
  s.outer = &outer;
  table_source source;
  std::vector<expression_ptr> view_conditions;
  auto leaf = first_relation(changed, u.alias, u.table.position, s, source, view_conditions);
  auto tree = bind_.bind_from(u.from, s);
  tree->slots.insert(tree->slots.end(), leaf->slots.begin(), leaf->slots.end());
  tree->parts.insert(tree->parts.begin(), std::move(leaf));
  s.clause = "UPDATE";
  auto set = set_list(u.set, changed, s);
  std::vector<expression_ptr> where;
  s.clause = "WHERE";
  if (u.where) split_conditions(bind_.bind_condition(*u.where, s, "WHERE"), where);
  where.insert(where.end(), view_conditions.begin(), view_conditions.end());
  use_columns(table, source.base);
  in_.use(source.row_slot());
  in_.use(source.version_slot());
  auto recheck = where;
  recheck.insert(recheck.end(), tree->conditions.begin(), tree->conditions.end());
  auto joined = plan_joins(in_, *tree, std::move(where), {}, false);
  auto t = target(table);
  auto mode = mode_of(set, *t);
  auto base = t->base;
  if (!changed.views.empty()) (void)relation_of(changed, source.alias, base, nullptr, &t->view_checks);
  update_spec spec{std::move(joined.root), row_loader(source), std::move(t), std::move(set), std::move(recheck), mode, !u.from.empty()};
  scope returning;
  returning.outer = &outer;
  add_visible(returning, relation_of(changed, source.alias, base));
  for (std::size_t i = 1; i < s.relations.size(); ++i) add_visible(returning, s.relations[i]);
  return with_returning(bind_, in_, make_update(std::move(spec)), u.returning, returning);
}

bound_query modify_binder::erase(const ast::delete_statement& d, scope* enclosing) {
  scope outer;
  outer.outer = enclosing;
  bind_.bind_common_tables(d.with, false, outer);
  auto changed = writable(d.table, "delete from");
  auto& table = *changed.table;
  scope s;
  s.outer = &outer;
  table_source source;
  std::vector<expression_ptr> view_conditions;
  auto leaf = first_relation(changed, d.alias, d.table.position, s, source, view_conditions);
  auto tree = bind_.bind_from(d.using_items, s);
  tree->slots.insert(tree->slots.end(), leaf->slots.begin(), leaf->slots.end());
  tree->parts.insert(tree->parts.begin(), std::move(leaf));
  std::vector<expression_ptr> where;
  s.clause = "WHERE";
  if (d.where) split_conditions(bind_.bind_condition(*d.where, s, "WHERE"), where);
  where.insert(where.end(), view_conditions.begin(), view_conditions.end());
  auto t = make_target(table, in_.env());
  t->base = source.base;
  for (auto& index : t->indexes) {
    for (auto& k : index.index().keys) {
      if (k.column != 0) in_.use(source.base + k.column - 1);
    }
  }
  if (!t->terms.values.empty()) use_columns(table, source.base);
  for (auto& key : t->incoming) {
    for (int c : key.parent_columns) in_.use(source.base + c);
  }
  in_.use(source.row_slot());
  in_.use(source.version_slot());
  auto recheck = where;
  recheck.insert(recheck.end(), tree->conditions.begin(), tree->conditions.end());
  auto joined = plan_joins(in_, *tree, std::move(where), {}, false);
  delete_spec spec{std::move(joined.root), row_loader(source), std::move(t), std::move(recheck), !d.using_items.empty()};
  return with_returning(bind_, in_, make_delete(std::move(spec)), d.returning, s);
}

}  // namespace helios::sql
