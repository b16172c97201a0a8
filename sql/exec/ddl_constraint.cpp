// Constraints and indexes: their definitions, and the check or build over rows that exist already.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

using storage::lock_mode;

std::vector<std::int16_t> ddl::column_numbers(const table_def& table, const std::vector<std::string>& names, const char* what, int position) const {
  std::vector<std::int16_t> out;
  for (auto& n : names) {
    auto* column = table.column(n);
    if (column == nullptr) {
      throw sql_error(sqlstate::undefined_column, std::string("column \"") + n + "\" " + what + " does not exist").at(position);
    }
    if (std::find(out.begin(), out.end(), column->number) != out.end()) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + n + "\" appears twice in constraint");
    }
    out.push_back(column->number);
  }
  return out;
}

std::string ddl::constraint_name(const table_def& table, const std::vector<std::string>& columns, const char* suffix) const {
  std::string base = table.name;
  for (auto& c : columns) base += "_" + c;
  base = base.substr(0, 63 - std::string(suffix).size() - 1) + "_" + suffix;
  auto taken = [&](const std::string& name) {
    return std::any_of(table.constraints.begin(), table.constraints.end(), [&name](auto& c) { return c.name == name; });
  };
  auto name = base;
  for (int i = 1; taken(name); ++i) name = base + std::to_string(i);
  return name;
}

void ddl::add_constraint(table_def& table, const constraint_request& request, bool existing_rows) {
  using kind = ast::constraint_kind;
  auto& rule = *request.rule;
  if (!rule.name.empty() && std::any_of(table.constraints.begin(), table.constraints.end(), [&](auto& c) { return c.name == rule.name; })) {
    throw sql_error(sqlstate::duplicate_object, "constraint \"" + rule.name + "\" for relation \"" + table.name + "\" already exists");
  }
  if (rule.deferrable) throw sql_error(sqlstate::feature_not_supported, "deferrable constraints are not supported");
  switch (rule.kind) {
    case kind::primary_key: case kind::unique: add_key(table, request, existing_rows); return;
    case kind::foreign_key: add_foreign_key(table, request, existing_rows); return;
    case kind::check: add_check(table, request, existing_rows); return;
    default: throw sql_error(sqlstate::feature_not_supported, "this kind of constraint is not supported");
  }
}

void ddl::add_key(table_def& table, const constraint_request& request, bool existing_rows) {
  auto& rule = *request.rule;
  bool primary = rule.kind == ast::constraint_kind::primary_key;
  if (!rule.index.empty()) throw sql_error(sqlstate::feature_not_supported, "USING INDEX is not supported");
  if (primary && std::any_of(table.constraints.begin(), table.constraints.end(), [](auto& c) { return c.kind == constraint_kind::primary_key; })) {
    throw sql_error("42P16", "multiple primary keys for table \"" + table.name + "\" are not allowed").at(existing_rows ? 0 : rule.position);
  }
  auto names = request.column.empty() ? rule.columns : std::vector<std::string>{request.column};
  constraint_def out;
  out.columns = column_numbers(table, names, "named in key", existing_rows ? 0 : rule.position);
  out.id = owner_.next_oid();
  out.kind = primary ? constraint_kind::primary_key : constraint_kind::unique;
  if (!rule.name.empty()) {
    refuse_existing(table.schema, rule.name, 0);
    out.name = rule.name;
  } else {
    out.name = free_name(table.schema, constraint_name(table, primary ? std::vector<std::string>{} : names, primary ? "pkey" : "key"));
  }
  if (primary) {
    if (existing_rows) check_not_null(table, out.columns);
    for (auto n : out.columns) table.columns[static_cast<std::size_t>(n - 1)].not_null = true;
  }
  index_def index;
  index.id = owner_.next_oid();
  index.name = out.name;
  index.table = table.id;
  index.schema = table.schema;
  index.space = storage::space_id{owner_.next_oid()};
  for (auto n : out.columns) index.keys.push_back({n, false, false});
  index.unique = true;
  index.primary = primary;
  out.index = index.id;
  if (existing_rows) build_index(table, index, true);
  put(index);
  table.indexes.push_back(index.id);
  table.constraints.push_back(std::move(out));
}

void ddl::build_index(const table_def& table, const index_def& index, bool) {
  row_codec codec(table);
  index_codec keys(index, table);
  auto wanted = keys.columns();
  std::sort(wanted.begin(), wanted.end());
  std::vector<datum> row(table.columns.size());
  auto view = work_.newest_view();
  auto& writer = work_.writer();
  std::uint64_t rows = 0;
  for (auto cursor = view.scan(table.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    if (++rows % 256 == 0) owner_.host().checkpoint();
    codec.decode(cursor->value(), wanted, row.data());
    auto [key, value] = keys.entry(row, row_id_of(cursor->key()));
    if (!value.empty() && writer.get(*view.at, index.space, key, ~storage::write_seq{0})) {
      throw sql_error(sqlstate::unique_violation, "could not create unique index \"" + index.name + "\"")
          .detail("Key " + describe_key(table, keys.columns(), row) + " is duplicated.");
    }
    writer.put(index.space, key, value);
  }
}

void ddl::check_not_null(const table_def& table, const std::vector<std::int16_t>& columns) {
  row_codec codec(table);
  std::vector<int> wanted;
  for (auto n : columns) wanted.push_back(n - 1);
  std::sort(wanted.begin(), wanted.end());
  std::vector<datum> row(table.columns.size());
  auto view = work_.newest_view();
  std::uint64_t rows = 0;
  for (auto cursor = view.scan(table.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    if (++rows % 256 == 0) owner_.host().checkpoint();
    codec.decode(cursor->value(), wanted, row.data());
    for (int w : wanted) {
      if (!row[static_cast<std::size_t>(w)].is_null()) continue;
      auto& name = table.columns[static_cast<std::size_t>(w)].name;
      throw sql_error(sqlstate::not_null_violation, "column \"" + name + "\" of relation \"" + table.name + "\" contains null values");
    }
  }
}

namespace {
oid id_of_table(const table_def& parent) {
  if (parent.kind == 'r') return parent.id;
  throw sql_error("42809", "referenced relation \"" + parent.name + "\" is not a table");
}
}  // namespace

namespace {
/// Columns of these types have the same keys.
bool fits(oid a, oid b) {
  auto integer = [](oid t) { return t == type_oid::int2 || t == type_oid::int4 || t == type_oid::int8; };
  auto string = [](oid t) { return t == type_oid::text || t == type_oid::varchar; };
  return a == b || (integer(a) && integer(b)) || (string(a) && string(b));
}

void require_references(session_core& owner, const table_def& parent, const std::vector<std::int16_t>& columns) {
  for (auto number : columns) {
    if (!may_column(*owner.definitions(), owner.role_id(), parent, number, right::references)) refuse_access(protect(parent));
  }
}
}  // namespace

void ddl::add_foreign_key(table_def& table, const constraint_request& request, bool existing_rows) {
  auto& rule = *request.rule;
  auto names = request.column.empty() ? rule.columns : std::vector<std::string>{request.column};
  constraint_def out{.kind = constraint_kind::foreign_key};
  out.columns = column_numbers(table, names, "referenced in foreign key constraint", 0);
  // SHARE ROW EXCLUSIVE keeps parent rows from going away unseen while the rule comes into being.
  auto parent = rule.referenced.name == table.name && (rule.referenced.schema.empty() || owner_.schema_of(rule.referenced, "") == table.schema)
                    ? table : table_for(rule.referenced, lock_mode::share_row_exclusive);
  out.referenced_table = id_of_table(parent);
  if (rule.referenced_columns.empty()) {
    for (auto& c : parent.constraints) {
      if (c.kind == constraint_kind::primary_key) out.referenced_columns = c.columns;
    }
    if (out.referenced_columns.empty()) {
      throw sql_error(sqlstate::undefined_object, "there is no primary key for referenced table \"" + parent.name + "\"");
    }
  } else {
    out.referenced_columns = column_numbers(parent, rule.referenced_columns, "referenced in foreign key constraint", 0);
  }
  require_references(owner_, parent, out.referenced_columns);
  if (out.columns.size() != out.referenced_columns.size()) {
    throw sql_error("42830", "number of referencing and referenced columns for foreign key disagree");
  }
  bool keyed = std::any_of(parent.constraints.begin(), parent.constraints.end(), [&out](auto& c) {
    if (c.kind != constraint_kind::primary_key && c.kind != constraint_kind::unique) return false;
    auto a = c.columns, b = out.referenced_columns;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
  });
  for (oid id : parent.indexes) {
    auto* index = owner_.definitions()->find_index(id);
    if (index == nullptr || !index->unique) continue;
    std::vector<std::int16_t> a, b = out.referenced_columns;
    for (auto& k : index->keys) a.push_back(k.column);
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    keyed = keyed || a == b;
  }
  if (!keyed) {
    throw sql_error("42830", "there is no unique constraint matching given keys for referenced table \"" + parent.name + "\"");
  }
  out.name = rule.name.empty() ? constraint_name(table, names, "fkey") : rule.name;
  for (std::size_t i = 0; i < out.columns.size(); ++i) {
    auto a = table.columns[static_cast<std::size_t>(out.columns[i] - 1)].type.id;
    auto b = parent.columns[static_cast<std::size_t>(out.referenced_columns[i] - 1)].type.id;
    if (fits(base_type(a), base_type(b))) continue;
    throw sql_error(sqlstate::datatype_mismatch, "foreign key constraint \"" + out.name + "\" cannot be implemented")
        .detail("Key columns \"" + names[i] + "\" and \"" + parent.columns[static_cast<std::size_t>(out.referenced_columns[i] - 1)].name +
                "\" are of incompatible types: " + format_type({a, -1}) + " and " + format_type({b, -1}) + ".");
  }
  auto action = [](char c) {
    switch (c) {
      case 'r': return fk_action::restrict;
      case 'c': return fk_action::cascade;
      case 'n': return fk_action::set_null;
      case 'd': return fk_action::set_default;
      default: return fk_action::no_action;
    }
  };
  out.on_delete = action(rule.on_delete);
  out.on_update = action(rule.on_update);
  if (out.on_delete == fk_action::set_default || out.on_update == fk_action::set_default) {
    throw sql_error(sqlstate::feature_not_supported, "SET DEFAULT as a referential action is not supported");
  }
  out.id = owner_.next_oid();
  table.constraints.push_back(out);
  put(table);
  if (existing_rows && !rule.not_valid) check_references(table, out);
}

void ddl::check_references(const table_def& table, const constraint_def& rule) {
  auto definitions = owner_.definitions();
  auto target = make_target(*definitions->find_table(table.id), *definitions);
  evaluation in;
  in.call = owner_.context(in.scratch);
  in.transaction = &work_;
  in.definitions = definitions.get();
  in.view = work_.newest_view();
  std::vector<int> wanted;
  for (auto n : rule.columns) wanted.push_back(n - 1);
  std::sort(wanted.begin(), wanted.end());
  std::vector<datum> row(table.columns.size());
  for (auto cursor = in.view.scan(table.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    target->codec.decode(cursor->value(), wanted, row.data());
    pending_checks pending;
    for (auto& key : target->outgoing) {
      if (key.rule->id == rule.id) pending.child_written(key, row);
    }
    pending.run(in);
  }
}

void ddl::add_check(table_def& table, const constraint_request& request, bool existing_rows) {
  auto& rule = *request.rule;
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  s.clause = "check constraints";
  (void)bind.add_table(table, table.name, s, 0);
  auto condition = bind.bind_condition(*rule.value, s, "CHECK");
  // Named after the column if it reads exactly one.
  std::vector<int> slots;
  collect_slots(*condition, slots);
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  std::vector<std::string> names;
  if (slots.size() == 1) {
    for (auto& c : s.visible) {
      if (as_slot(c.value)->slot() == slots[0]) names.push_back(c.name);
    }
  }
  constraint_def out;
  out.kind = constraint_kind::check;
  out.id = owner_.next_oid();
  out.name = rule.name.empty() ? constraint_name(table, names, "check") : rule.name;
  out.check_text = ast::to_sql(*rule.value);
  if (existing_rows && !rule.not_valid) check_rows(table, out.name, out.check_text);
  table.constraints.push_back(std::move(out));
}

/// Throws when the condition has no meaning over the table's columns.
void ddl::bound_check(const table_def& table, const std::string& condition) {
  auto parsed = parse("SELECT " + condition);
  auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  s.clause = "check constraints";
  (void)bind.add_table(table, table.name, s, 0);
  try {
    (void)bind.bind_condition(*select.query->targets.at(0).value, s, "CHECK");
  } catch (sql_error& e) {
    e.report().position = 0;  // of the stored text, which the client has not sent
    throw;
  }
}

void ddl::check_rows(const table_def& table, const std::string& name, const std::string& condition) {
  auto parsed = parse("SELECT " + condition);
  auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  s.clause = "check constraints";
  auto& r = bind.add_table(table, table.name, s, 0);
  auto base = static_cast<std::size_t>(r.base);
  auto bound = bind.bind_condition(*select.query->targets.at(0).value, s, "CHECK");
  evaluation run;
  run.slots.resize(in.used().size());
  run.call = owner_.context(run.scratch);
  row_codec codec(table);
  std::vector<int> all;
  for (auto& c : table.columns) {
    if (!c.dropped) all.push_back(c.number - 1);
  }
  std::uint64_t rows = 0;
  auto view = work_.newest_view();
  for (auto cursor = view.scan(table.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    if (++rows % 256 == 0) owner_.host().checkpoint();
    run.scratch.reset();
    codec.decode(cursor->value(), all, run.slots.data() + base);
    datum d = bound->eval(run);
    if (d.is_null() || d.as_bool()) continue;
    throw sql_error(sqlstate::check_violation, "check constraint \"" + name + "\" of relation \"" + table.name + "\" is violated by some row");
  }
}

std::string ddl::create_index(const ast::create_index_statement& s) {
  begin("CREATE INDEX");
  if (s.has_where) throw sql_error(sqlstate::feature_not_supported, "partial indexes are not supported");
  if (s.includes) throw sql_error(sqlstate::feature_not_supported, "INCLUDE columns are not supported");
  if (!s.method.empty() && s.method != "btree") throw sql_error(sqlstate::feature_not_supported, "access method \"" + s.method + "\" is not supported");
  auto table = table_for(s.table, lock_mode::share);
  if (table.is_view()) {
    throw sql_error("42809", "cannot create index on relation \"" + table.name + "\"").detail("This operation is not supported for views.");
  }
  own(protect(table));
  index_def index;
  index.table = table.id;
  index.schema = table.schema;
  index.unique = s.unique;
  std::vector<std::string> names;
  for (auto& e : s.elements) {
    if (e.column.empty()) throw sql_error(sqlstate::feature_not_supported, "indexes on expressions are not supported");
    auto* column = table.column(e.column);
    if (column == nullptr) throw sql_error(sqlstate::undefined_column, "column \"" + e.column + "\" does not exist");
    if (!get_type(column->type.id).has_key()) {
      throw sql_error(sqlstate::undefined_object, "data type " + format_type({column->type.id, -1}) +
                                                      " has no default operator class for access method \"btree\"");
    }
    bool descending = e.order == ast::sort_item::direction::descending;
    bool nulls_first = e.null_order == ast::sort_item::nulls::none ? descending : e.null_order == ast::sort_item::nulls::first;
    index.keys.push_back({column->number, descending, nulls_first});
    names.push_back(e.column);
  }
  index.name = s.name;
  if (index.name.empty()) {
    std::string base = table.name;
    for (auto& n : names) base += "_" + n;
    index.name = free_name(table.schema, base.substr(0, 59) + "_idx");
  } else if (exists(table.schema, index.name)) {
    if (!s.if_not_exists) refuse_existing(table.schema, index.name, 0);
    owner_.notice("NOTICE", sqlstate::duplicate_table, "relation \"" + index.name + "\" already exists, skipping");
    return "CREATE INDEX";
  }
  index.id = owner_.next_oid();
  index.space = storage::space_id{owner_.next_oid()};
  build_index(table, index, false);
  put(index);
  table.indexes.push_back(index.id);
  put(table);
  return "CREATE INDEX";
}

}  // namespace helios::sql
