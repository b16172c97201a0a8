// CREATE, DROP and REFRESH of views and materialized views, and what happens to views when what they read changes.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/plan/finish.hpp"

namespace helios::sql {

using storage::lock_mode;

namespace {

const char* kind_name(const table_def& t) {
  switch (t.kind) {
    case 'v': return "view";
    case 'm': return "materialized view";
    case 'c': return "composite type";
    default: return "table";
  }
}

template <class Key, class Value>
const Value* found(const std::map<Key, Value>& in, const Key& key) {
  auto at = in.find(key);
  return at == in.end() ? nullptr : &at->second;
}

/// The style in which a view's query is stored: every name qualified and spelled out.
ast::query_style stored_style(const query_record& record) {
  ast::query_style out;
  out.all_names = true;
  out.column = [&record](const ast::expr& e) { return found(record.columns, &e); };
  out.star = [&record](const ast::expr& e) { return found(record.stars, &e); };
  out.relation = [&record](const ast::relation_name& n) {
    auto* known = found(record.relations, &n);
    return known == nullptr ? std::string() : known->second;
  };
  out.literal_type = [&record](const ast::expr& e) { return found(record.literals, e.position); };
  out.outputs = [&record](const ast::select& q) { return found(record.outputs, &q); };
  return out;
}

const ast::select* leftmost(const ast::select& q) {
  auto* leaf = &q;
  while (leaf->operation != ast::set_operation::none) leaf = leaf->left.get();
  return leaf;
}

bool reads(const table_def& view, oid relation, std::int16_t column) {
  return std::any_of(view.uses.begin(), view.uses.end(), [&](auto& u) { return u.relation == relation && (column == 0 || u.column == column); });
}

bool flag_of(const std::string& name, const ast::expr_ptr& value) {
  if (!value) return true;
  auto text = value->kind == ast::expr_kind::boolean ? (value->flag ? "true" : "false") : value->kind == ast::expr_kind::column ? value->names.back() : value->text;
  if (auto flag = parse_boolean(text)) return *flag;
  throw sql_error(sqlstate::invalid_parameter_value, "invalid value for boolean option \"" + name + "\": " + text);
}

void add_columns(table_def& table, const std::vector<output_column>& outputs) {
  for (auto& o : outputs) {
    column_def column;
    column.number = static_cast<std::int16_t>(table.columns.size() + 1);
    column.name = o.name;
    column.type = o.value->type();
    if (table.column(column.name) != nullptr) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + column.name + "\" specified more than once");
    }
    table.columns.push_back(std::move(column));
  }
}

}  // namespace

std::string ddl::described(const table_def& table) const { return std::string(kind_name(table)) + " " + owner_.relation_name(table.id); }

ddl::view_query ddl::analyze_view(const ast::select& q, const std::vector<std::string>& columns) {
  auto env = owner_.environment();
  env.fixed_parameters = true;
  analysis in(std::move(env));
  query_record record;
  in.record = &record;
  auto bound = binder(in).bind_query(q, nullptr);
  if (columns.size() > bound.outputs.size()) throw sql_error(sqlstate::syntax_error, "CREATE VIEW specifies more column names than columns");
  for (std::size_t i = 0; i < columns.size(); ++i) bound.outputs[i].name = columns[i];
  auto& names = record.outputs[leftmost(q)];
  names.clear();
  for (auto& o : bound.outputs) names.push_back(o.name);
  view_query out{std::move(bound.outputs), ast::to_sql(q, stored_style(record)), std::move(record.uses)};
  std::sort(out.uses.begin(), out.uses.end());
  out.uses.erase(std::unique(out.uses.begin(), out.uses.end()), out.uses.end());
  return out;
}

/// CREATE OR REPLACE keeps the columns that are there, and may add more.
void ddl::replace_view(const table_def& old, table_def& fresh) {
  auto refuse = [](std::string message) { return sql_error("42P16", std::move(message)); };
  if (fresh.columns.size() < old.columns.size()) throw refuse("cannot drop columns from view");
  for (std::size_t i = 0; i < old.columns.size(); ++i) {
    auto& before = old.columns[i];
    auto& now = fresh.columns[i];
    if (before.name != now.name) {
      throw refuse("cannot change name of view column \"" + before.name + "\" to \"" + now.name + "\"")
          .hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
    }
    if (before.type != now.type) {
      throw refuse("cannot change data type of view column \"" + before.name + "\" from " + format_type(before.type) + " to " + format_type(now.type));
    }
  }
  fresh.id = old.id;
  fresh.owner = old.owner;
}

/// WITH (...) of CREATE VIEW, and SET and RESET of ALTER VIEW. check_option means the same as WITH CHECK OPTION.
void ddl::set_view_options(table_def& view, const ast::options& settings, bool reset) {
  for (auto& [name, value] : settings) {
    if (name == "security_barrier") {
      view.security_barrier = !reset && flag_of(name, value);
    } else if (name == "security_invoker") {
      view.security_invoker = !reset && flag_of(name, value);
    } else if (name == "check_option") {
      auto text = !value ? std::string() : value->kind == ast::expr_kind::column ? value->names.back() : value->text;
      if (!reset && text != "local" && text != "cascaded") {
        throw sql_error(sqlstate::invalid_parameter_value, "invalid value for enum option \"check_option\": " + text)
            .detail("Valid values are \"local\" and \"cascaded\".");
      }
      view.check_option = reset ? '\0' : text[0];
    } else {
      throw sql_error(sqlstate::invalid_parameter_value, "unrecognized parameter \"" + name + "\"");
    }
  }
}

std::string ddl::create_view(const ast::create_view_statement& s) {
  begin("CREATE VIEW");
  auto* query = std::get_if<ast::select_statement>(&s.query->node);
  if (query == nullptr) throw sql_error(sqlstate::feature_not_supported, "views must not contain SELECT INTO");
  auto bound = analyze_view(*query->query, s.columns);
  bool reads_temporary = std::any_of(bound.uses.begin(), bound.uses.end(), [](auto& u) { return is_temporary(u.relation); });
  oid schema = owner_.schema_for(s.view, s.persistence, reads_temporary ? "" : "view");
  if (reads_temporary && !is_temporary(schema)) {
    owner_.notice("NOTICE", sqlstate::successful_completion, "view \"" + s.view.name + "\" will be a temporary view");
    if (!s.view.schema.empty()) throw sql_error("42P16", "cannot create temporary relation in non-temporary schema");
    schema = owner_.schema_for(s.view, 't', "");
  }
  table_def view;
  view.kind = 'v';
  view.name = s.view.name;
  view.schema = schema;
  view.owner = owner_.role_id();
  view.check_option = s.check_option;
  set_view_options(view, s.settings, false);
  view.definition = std::move(bound.text);
  view.uses = std::move(bound.uses);
  add_columns(view, bound.outputs);
  if (!exists(schema, view.name)) {
    refuse_existing_type(schema, view.name, true);
    view.id = is_temporary(schema) ? owner_.next_temporary_oid() : owner_.next_oid();
    put(view);
    give_defaults(protect(view), schema);
    return "CREATE VIEW";
  }
  if (!s.replace) refuse_existing(schema, view.name, 0);
  auto* old = try_table(s.view, lock_mode::access_exclusive);
  if (old == nullptr || !old->is_view()) throw sql_error("42809", "\"" + view.name + "\" is not a view");
  own(protect(*old));
  replace_view(*old, view);
  if (reads(view, view.id, 0)) {
    throw sql_error(sqlstate::feature_not_supported, "infinite recursion detected in rules for relation \"" + view.name + "\"");
  }
  put(view);
  return "CREATE VIEW";
}

std::string ddl::create_materialized_view(const ast::create_table_as_statement& s, const session_core::call& c) {
  begin("CREATE MATERIALIZED VIEW");
  oid schema = owner_.schema_of(s.table, "materialized view");
  if (exists(schema, s.table.name)) {
    if (!s.if_not_exists) refuse_existing(schema, s.table.name, s.table.position);
    owner_.notice("NOTICE", sqlstate::duplicate_table, "relation \"" + s.table.name + "\" already exists, skipping");
    return "CREATE MATERIALIZED VIEW";
  }
  refuse_existing_type(schema, s.table.name, true);
  auto* query = std::get_if<ast::select_statement>(&s.query->node);
  if (query == nullptr) throw sql_error(sqlstate::feature_not_supported, "a materialized view of this statement is not supported");
  table_def view;
  view.kind = 'm';
  view.name = s.table.name;
  view.schema = schema;
  view.owner = owner_.role_id();
  auto columns = s.columns;
  auto bound = analyze_view(*query->query, {});
  if (columns.size() > bound.outputs.size()) throw sql_error(sqlstate::syntax_error, "too many column names were specified");
  for (std::size_t i = 0; i < columns.size(); ++i) bound.outputs[i].name = columns[i];
  add_columns(view, bound.outputs);
  if (std::any_of(bound.uses.begin(), bound.uses.end(), [](auto& u) { return is_temporary(u.relation); })) {
    throw sql_error(sqlstate::feature_not_supported, "materialized views must not use temporary tables or views");
  }
  view.definition = std::move(bound.text);
  view.uses = std::move(bound.uses);
  view.id = owner_.next_oid();
  view.space = storage::space_id{owner_.next_oid()};
  view.populated = s.with_data;
  put(view);
  give_defaults(protect(view), schema);
  if (!s.with_data) return "CREATE MATERIALIZED VIEW";
  work_.lock_relation(view.id, lock_mode::access_exclusive, view.name);
  return "SELECT " + std::to_string(fill(view, c));
}

/// Runs the view's query into its table.
std::uint64_t ddl::fill(const table_def& view, const session_core::call& c) {
  analysis in(owner_.environment());
  binder bind(in);
  auto query = binder::view_query(view);
  auto bound = bind.bind_query(*query, nullptr);
  std::vector<std::int16_t> numbers;
  std::vector<expression_ptr> values;
  for (auto& column : view.columns) numbers.push_back(column.number);
  for (auto& o : bound.outputs) {
    in.use(*o.value);
    values.push_back(o.value);
  }
  auto definitions = owner_.definitions();
  bound_query insert;
  insert.root = modify_binder(in).insert_rows(*definitions->find_table(view.id), numbers, bound.root, values);
  auto p = finish_plan(in, plan::kind::insert, std::move(insert));
  return owner_.run_plan(p, {}, c.memory, nullptr);
}

std::string ddl::refresh(const ast::refresh_statement& s, const session_core::call& c) {
  begin("REFRESH MATERIALIZED VIEW");
  auto view = table_for(s.view, lock_mode::access_exclusive);
  if (view.kind == 'v') throw sql_error("42809", "\"" + view.name + "\" is not a table or materialized view");
  if (view.kind != 'm') throw sql_error(sqlstate::feature_not_supported, "\"" + view.name + "\" is not a materialized view");
  own(protect(view));
  auto definitions = owner_.definitions();
  if (s.concurrent) {
    if (!s.with_data) throw sql_error(sqlstate::syntax_error, "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together");
    if (!view.populated) {
      throw sql_error(sqlstate::feature_not_supported, "CONCURRENTLY cannot be used when the materialized view is not populated");
    }
    bool unique = std::any_of(view.indexes.begin(), view.indexes.end(), [&](oid id) { return definitions->find_index(id)->unique; });
    if (!unique) {
      auto full = definitions->find_schema(view.schema)->name + "." + view.name;
      throw sql_error(sqlstate::object_not_in_prerequisite_state, "cannot refresh materialized view \"" + full + "\" concurrently")
          .hint("Create a unique index with no WHERE clause on one or more columns of the materialized view.");
    }
  }
  work_.writer().drop_space(view.space);
  view.space = storage::space_id{owner_.next_oid()};
  view.populated = s.with_data;
  for (oid id : view.indexes) {
    auto index = *definitions->find_index(id);
    work_.writer().drop_space(index.space);
    index.space = storage::space_id{owner_.next_oid()};
    put(index);
  }
  put(view);
  if (s.with_data) (void)fill(view, c);
  return "REFRESH MATERIALIZED VIEW";
}

void ddl::drop_view(const table_def& dropped, drop_work& drops) {
  auto view = dropped;
  drop_views_of(view.id, 0, described(view), drops);
  drop_uses_of_type(get_type(row_type_of(view.id)), drops);
  if (!drops.cascade && !drops.dependents.empty()) return;
  forget_dropped_columns(row_type_of(view.id));
  forget_dropped_columns(row_array_of(view.id));
  for (oid index : view.indexes) remove_index(index);
  if (view.kind == 'm') work_.writer().drop_space(view.space);
  erase_comments(1259, view.id, 0);
  erase(definition_kind::table, view.id);
}

void ddl::drop_views_of(oid relation, std::int16_t column, const std::string& what, drop_work& drops) {
  auto all = owner_.definitions();
  for (auto& [id, view] : all->tables()) {
    if (view.kind == 'r' || view.kind == 'c' || !reads(view, relation, column) || !drops.tables.insert(id).second) continue;
    auto name = described(view);
    drops.dependents.push_back(drops.cascade ? "drop cascades to " + name : name + " depends on " + what);
    if (drops.cascade) {
      work_.lock_relation(id, lock_mode::access_exclusive, view.name);
      drop_view(view, drops);
    } else {
      drop_views_of(id, 0, name, drops);
    }
  }
}

/// Runs `change`, which renames a relation, one of its columns, or (column -1) the schema `relation`, and spells the views
/// that read it anew.
void ddl::rename_in_views(oid relation, std::int16_t column, const std::function<void()>& change) {
  struct reader {
    table_def view;
    std::shared_ptr<const ast::select> query;
    query_record record;
  };
  std::vector<std::unique_ptr<reader>> readers;
  auto before = owner_.definitions();
  for (auto& [id, view] : before->tables()) {
    if (view.kind == 'r' || view.kind == 'c') continue;
    bool concerned = column >= 0 ? reads(view, relation, column) : std::any_of(view.uses.begin(), view.uses.end(), [&](auto& u) {
      auto* used = before->find_table(u.relation);
      return used != nullptr && used->schema == relation;
    });
    if (!concerned) continue;
    auto r = std::make_unique<reader>();
    r->view = view;
    r->query = binder::view_query(view);
    analysis in(owner_.environment());
    in.record = &r->record;
    (void)binder(in).bind_query(*r->query, nullptr);
    readers.push_back(std::move(r));
  }
  change();
  auto now = owner_.definitions();
  for (auto& r : readers) {
    for (auto& [name, known] : r->record.relations) {
      auto* table = now->find_table(known.first);
      if (table == nullptr) continue;
      known.second = ast::quote_identifier(now->find_schema(table->schema)->name) + "." + ast::quote_identifier(table->name);
    }
    auto renamed = [&](const std::string& text, const std::string& from, const std::string& to) {
      return text.starts_with(from + ".") ? to + text.substr(from.size()) : text;
    };
    if (column == 0) {
      // A relation without an alias goes by its new name.
      auto from = ast::quote_identifier(before->find_table(relation)->name), to = ast::quote_identifier(now->find_table(relation)->name);
      for (auto& [e, text] : r->record.columns) text = renamed(text, from, to);
    }
    for (auto& [e, source] : r->record.sources) {
      if (column <= 0 || source.relation != relation || source.column != column) continue;
      auto old_name = before->find_table(relation)->columns[static_cast<std::size_t>(column - 1)].name;
      if (e->names.back() != old_name) continue;
      auto& text = r->record.columns[e];
      auto fresh = ast::quote_identifier(now->find_table(relation)->columns[static_cast<std::size_t>(column - 1)].name);
      text = text.substr(0, text.size() - ast::quote_identifier(old_name).size()) + fresh;
    }
    r->view.definition = ast::to_sql(*r->query, stored_style(r->record));
    put(r->view);
    try {
      analysis in(owner_.environment());
      (void)binder(in).bind_query(*binder::view_query(r->view), nullptr);
    } catch (const sql_error&) {
      throw sql_error(sqlstate::feature_not_supported, "renaming what view " + r->view.name + " joins by its name is not supported");
    }
  }
}

}  // namespace helios::sql
