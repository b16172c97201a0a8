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
  auto position = existing_rows ? 0 : rule.position;
  constraint_def out;
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) == names.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    throw sql_error(sqlstate::duplicate_column, "column \"" + names[i] + "\" appears twice in " + (primary ? "primary key" : "unique") + " constraint")
        .at(rule.position);
  }
  out.columns = column_numbers(table, names, "named in key", position);
  out.id = new_oid(table);
  out.kind = primary ? constraint_kind::primary_key : constraint_kind::unique;
  out.deferrable = rule.deferrable || rule.initially_deferred;
  out.initially_deferred = rule.initially_deferred;
  index_def index;
  for (auto& n : rule.included) {
    auto* column = table.column(n);
    if (column == nullptr) throw sql_error(sqlstate::undefined_column, "column \"" + n + "\" named in key does not exist").at(position);
    index.included.push_back(column->number);
  }
  auto all_names = names;
  all_names.insert(all_names.end(), rule.included.begin(), rule.included.end());
  if (!rule.name.empty()) {
    refuse_existing(table.schema, rule.name, 0);
    out.name = rule.name;
  } else {
    out.name = free_name(table.schema, constraint_name(table, primary ? std::vector<std::string>{} : all_names, primary ? "pkey" : "key"));
  }
  if (primary) {
    if (existing_rows) check_not_null(table, out.columns);
    for (auto n : out.columns) table.columns[static_cast<std::size_t>(n - 1)].not_null = true;
  }
  index.id = new_oid(table);
  index.name = out.name;
  index.table = table.id;
  index.schema = table.schema;
  index.space = storage::space_id{new_oid(table)};
  for (auto n : out.columns) {
    index_key key;
    key.column = n;
    index.keys.push_back(std::move(key));
  }
  index.unique = true;
  index.primary = primary;
  index.deferrable = out.deferrable;
  index.nulls_not_distinct = rule.nulls_not_distinct;
  out.index = index.id;
  if (existing_rows) build_index(table, index, true);
  put(index);
  table.indexes.push_back(index.id);
  table.constraints.push_back(std::move(out));
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
/// What a key column that computes itself cannot be told to become.
void refuse_generated_keys(const table_def& table, const constraint_def& rule) {
  bool generated = std::any_of(rule.columns.begin(), rule.columns.end(), [&](auto n) { return table.columns[static_cast<std::size_t>(n - 1)].generated; });
  if (!generated) return;
  auto sets = [](fk_action a) { return a == fk_action::set_null || a == fk_action::set_default; };
  bool update = sets(rule.on_update) || rule.on_update == fk_action::cascade;
  if (!update && !sets(rule.on_delete)) return;
  throw sql_error(sqlstate::syntax_error, std::string("invalid ON ") + (update ? "UPDATE" : "DELETE") +
                                              " action for foreign key constraint containing generated column");
}

oid id_of_table(const table_def& parent) {
  if (parent.kind == 'r') return parent.id;
  throw sql_error("42809", "referenced relation \"" + parent.name + "\" is not a table");
}
}  // namespace

/// The referenced columns must be all of a unique key. `implied`: the statement names none.
void ddl::require_referenced_key(const table_def& parent, const constraint_def& out, bool implied) {
  bool keyed = std::any_of(parent.constraints.begin(), parent.constraints.end(), [&out](auto& c) {
    if ((c.kind != constraint_kind::primary_key && c.kind != constraint_kind::unique) || c.deferrable) return false;
    auto a = c.columns, b = out.referenced_columns;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
  });
  auto deferrable_key = std::find_if(parent.constraints.begin(), parent.constraints.end(), [&out](auto& c) {
    return c.deferrable && c.index != 0 && c.columns == out.referenced_columns;
  });
  for (oid id : parent.indexes) {
    auto* index = owner_.definitions()->find_index(id);
    if (index == nullptr || !index->keeps_keys_apart() || !index->predicate.empty() || index->has_expressions()) continue;
    std::vector<std::int16_t> a, b = out.referenced_columns;
    for (auto& k : index->keys) a.push_back(k.column);
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    keyed = keyed || a == b;
  }
  if (!keyed && deferrable_key != parent.constraints.end()) {
    bool primary = implied && deferrable_key->kind == constraint_kind::primary_key;
    throw sql_error(sqlstate::object_not_in_prerequisite_state, std::string("cannot use a deferrable ") + (primary ? "primary key" : "unique constraint") +
                                                                    " for referenced table \"" + parent.name + "\"");
  }
  if (!keyed) {
    throw sql_error("42830", "there is no unique constraint matching given keys for referenced table \"" + parent.name + "\"");
  }
}

namespace {
/// Columns of these types have the same keys.
bool fits(oid a, oid b) {
  auto integer = [](oid t) { return t == type_oid::int2 || t == type_oid::int4 || t == type_oid::int8; };
  auto string = [](oid t) { return t == type_oid::text || t == type_oid::varchar; };
  return a == b || (integer(a) && integer(b)) || (string(a) && string(b));
}

void refuse_unlike_types(const table_def& table, const table_def& parent, const constraint_def& out, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < out.columns.size(); ++i) {
    auto a = table.columns[static_cast<std::size_t>(out.columns[i] - 1)].type.id;
    auto b = parent.columns[static_cast<std::size_t>(out.referenced_columns[i] - 1)].type.id;
    if (fits(base_type(a), base_type(b))) continue;
    throw sql_error(sqlstate::datatype_mismatch, "foreign key constraint \"" + out.name + "\" cannot be implemented")
        .detail("Key columns \"" + names[i] + "\" and \"" + parent.columns[static_cast<std::size_t>(out.referenced_columns[i] - 1)].name +
                "\" are of incompatible types: " + format_type({a, -1}) + " and " + format_type({b, -1}) + ".");
  }
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
  require_referenced_key(parent, out, rule.referenced_columns.empty());
  if (is_temporary(table.id) != is_temporary(parent.id)) {
    throw sql_error("42P16", is_temporary(table.id) ? "constraints on temporary tables may reference only temporary tables"
                                                    : "constraints on permanent tables may reference only permanent tables");
  }
  out.name = rule.name.empty() ? constraint_name(table, names, "fkey") : rule.name;
  refuse_unlike_types(table, parent, out, names);
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
  out.match_full = rule.match_full;
  out.deferrable = rule.deferrable || rule.initially_deferred;
  out.initially_deferred = rule.initially_deferred;
  out.validated = !existing_rows || !rule.not_valid;
  for (auto n : column_numbers(table, rule.delete_columns, "referenced in foreign key constraint", 0)) {
    if (std::find(out.columns.begin(), out.columns.end(), n) == out.columns.end()) {
      throw sql_error(sqlstate::invalid_column_reference, "column \"" + table.columns[static_cast<std::size_t>(n - 1)].name +
                                                              "\" referenced in ON DELETE SET action must be part of foreign key");
    }
    out.delete_columns.push_back(n);
  }
  refuse_generated_keys(table, out);
  out.id = new_oid(table);
  table.constraints.push_back(out);
  put(table);
  if (existing_rows && !rule.not_valid) check_references(table, out);
}

void ddl::check_references(const table_def& table, const constraint_def& rule) {
  auto definitions = owner_.definitions();
  auto target = make_target(*definitions->find_table(table.id), owner_.environment());
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
      if (key.rule->id == rule.id) pending.child_written(key, row, row_id_of(cursor->key()), in);
    }
    pending.run_now(in);
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
  out.id = new_oid(table);
  out.validated = !existing_rows || !rule.not_valid;
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

namespace {
constraint_def& rule_of(table_def& table, const std::string& name) {
  auto at = std::find_if(table.constraints.begin(), table.constraints.end(), [&name](auto& r) { return r.name == name; });
  if (at != table.constraints.end()) return *at;
  throw sql_error(sqlstate::undefined_object, "constraint \"" + name + "\" of relation \"" + table.name + "\" does not exist");
}
}  // namespace

void ddl::validate_constraint(table_def& table, const std::string& name) {
  auto& rule = rule_of(table, name);
  if (rule.kind != constraint_kind::foreign_key && rule.kind != constraint_kind::check) {
    throw sql_error("42809", "constraint \"" + name + "\" of relation \"" + table.name + "\" is not a foreign key or check constraint");
  }
  if (rule.validated) return;
  if (rule.kind == constraint_kind::check) check_rows(table, name, rule.check_text);
  else check_references(table, rule);
  rule.validated = true;
}

void ddl::alter_constraint(table_def& table, const ast::constraint& wanted) {
  auto& rule = rule_of(table, wanted.name);
  if (rule.kind != constraint_kind::foreign_key) {
    throw sql_error("42809", "constraint \"" + wanted.name + "\" of relation \"" + table.name + "\" is not a foreign key constraint");
  }
  rule.deferrable = wanted.deferrable || wanted.initially_deferred;
  rule.initially_deferred = wanted.initially_deferred;
}

void ddl::refuse_waiting(const table_def& table, const char* command) const {
  if (!work_.deferred().waits_for(table.id)) return;
  throw sql_error("55006", std::string("cannot ") + command + " \"" + table.name + "\" because it has pending trigger events");
}

}  // namespace helios::sql
