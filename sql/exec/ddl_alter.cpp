// ALTER TABLE and RENAME.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_index.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/exec/row_nesting.hpp"

namespace helios::sql {

using storage::lock_mode;
using command_kind = ast::alter_table_command::kind;

namespace {
/// What a view can be told.
void check_alterable(const table_def& table, const ast::alter_table_statement& s) {
  using kind = ast::object_kind;
  char wanted = s.kind == kind::view ? 'v' : s.kind == kind::table ? table.kind : 'm';
  if (table.kind != wanted) {
    throw sql_error("42809", "\"" + table.name + "\" is not " + (wanted == 'v' ? "a view" : "a materialized view"));
  }
  if (table.kind == 'r') return;
  for (auto& c : s.commands) {
    bool fits = c.what == command_kind::owner || c.what == command_kind::set_options;
    if (fits) continue;
    const char* action = c.what == command_kind::add_column        ? "ADD COLUMN"
                         : c.what == command_kind::drop_column     ? "DROP COLUMN"
                         : c.what == command_kind::add_constraint  ? "ADD CONSTRAINT"
                         : c.what == command_kind::drop_constraint ? "DROP CONSTRAINT"
                         : c.what == command_kind::alter_type      ? "ALTER COLUMN ... SET DATA TYPE"
                         : c.what == command_kind::set_not_null    ? "ALTER COLUMN ... SET NOT NULL"
                         : c.what == command_kind::drop_not_null   ? "ALTER COLUMN ... DROP NOT NULL"
                                                                   : nullptr;
    if (action == nullptr) throw sql_error(sqlstate::feature_not_supported, "this form of ALTER of a view is not supported");
    throw sql_error("42809", std::string("ALTER action ") + action + " cannot be performed on relation \"" + table.name + "\"")
        .detail(table.kind == 'v' ? "This operation is not supported for views." : "This operation is not supported for materialized views.");
  }
}
}  // namespace

std::string ddl::sequence_owner(const ast::alter_table_statement& s) {
  const auto object = relation_object(s.table, true);
  const oid to = role_oid(s.commands[0].owner_to);
  auto c = owner_.definitions();
  const auto& sequence = *c->find_sequence(object.id);
  if (to == sequence.owner) return "ALTER SEQUENCE";
  if (sequence.owned_by_table != 0) {
    throw sql_error(sqlstate::feature_not_supported, "cannot change owner of sequence \"" + sequence.name + "\"")
        .detail("Sequence \"" + sequence.name + "\" is linked to table \"" + c->find_table(sequence.owned_by_table)->name + "\".");
  }
  check_new_owner(object, sequence.schema, to);
  give_to(object, to);
  return "ALTER SEQUENCE";
}

std::string ddl::alter_table(const ast::alter_table_statement& s) {
  begin("ALTER TABLE");
  using kind = ast::object_kind;
  if (s.kind == kind::sequence && s.commands.size() == 1 && s.commands[0].what == command_kind::owner) return sequence_owner(s);
  const bool of_type = s.kind == kind::type;
  if (!of_type && s.kind != kind::table && s.kind != kind::view && s.kind != kind::materialized_view) {
    throw sql_error(sqlstate::feature_not_supported, "ALTER of this kind of object is not supported");
  }
  const char* tag = of_type ? "ALTER TYPE" : s.kind == kind::view ? "ALTER VIEW" : s.kind == kind::table ? "ALTER TABLE" : "ALTER MATERIALIZED VIEW";
  auto* found = try_table(s.table, lock_mode::access_exclusive);
  if (found == nullptr) {
    if (!s.if_exists) throw sql_error(sqlstate::undefined_table, "relation \"" + s.table.name + "\" does not exist");
    owner_.notice("NOTICE", sqlstate::successful_completion, "relation \"" + s.table.name + "\" does not exist, skipping");
    return tag;
  }
  auto table = *found;
  own(protect(table));
  if (of_type && !table.is_composite()) throw sql_error("42809", "\"" + table.name + "\" is not a composite type");
  if (!of_type && table.is_composite()) {
    throw sql_error("42809", "\"" + table.name + "\" is a composite type").hint("Use ALTER TYPE instead.");
  }
  if (!of_type) check_alterable(table, s);
  refuse_waiting(table, "ALTER TABLE");
  for (auto& c : s.commands) {
    bool with_value = std::any_of(c.column.constraints.begin(), c.column.constraints.end(), [](auto& r) {
      return r.kind != ast::constraint_kind::null && r.kind != ast::constraint_kind::not_null;
    });
    bool changes_rows = c.what == command_kind::drop_column || c.what == command_kind::alter_type ||
                        (c.what == command_kind::add_column && with_value);
    if (changes_rows && !table.is_view()) check_row_type_unused(table);
    alter(table, c);
    put(table);
  }
  return tag;
}

namespace {
column_def& column_of(table_def& table, const std::string& name) {
  for (auto& c : table.columns) {
    if (!c.dropped && c.name == name) return c;
  }
  throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" of relation \"" + table.name + "\" does not exist");
}
}  // namespace

namespace {
/// SET and DROP DEFAULT of columns that have none.
void refuse_default(const table_def& table, const column_def& column, bool drop) {
  if (column.identity == 0 && !column.generated) return;
  const char* what = column.generated ? "a generated column" : "an identity column";
  auto error = sql_error(sqlstate::syntax_error, "column \"" + column.name + "\" of relation \"" + table.name + "\" is " + what);
  if (column.generated && drop) throw std::move(error).hint("Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
  if (!column.generated && drop) throw std::move(error).hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
  throw error;
}
}  // namespace

/// DROP EXPRESSION, and the forms of identity.
void ddl::change_generation(table_def& table, const ast::alter_table_command& c) {
  auto& column = column_of(table, c.name);
  auto named = "column \"" + column.name + "\" of relation \"" + table.name + "\"";
  auto missing = [&](const char* what) {
    if (!c.if_exists) throw sql_error(sqlstate::object_not_in_prerequisite_state, named + " is not " + what);
    owner_.notice("NOTICE", sqlstate::successful_completion, named + " is not " + what + ", skipping");
  };
  switch (c.what) {
    case command_kind::drop_expression:
      if (!column.generated) return missing("a stored generated column");
      column.generated = false;
      column.default_text.clear();
      return;
    case command_kind::drop_identity:
      if (column.identity == 0) return missing("an identity column");
      erase(definition_kind::sequence, column.owned_sequence);
      column.identity = 0;
      column.owned_sequence = 0;
      column.default_text.clear();
      return;
    case command_kind::set_identity:
      if (column.identity == 0) return missing("an identity column");
      if (c.added.kind != ast::constraint_kind::identity) {
        throw sql_error(sqlstate::feature_not_supported, "options of an identity column's sequence: use ALTER SEQUENCE");
      }
      column.identity = c.added.always ? 'a' : 'd';
      return;
    default:
      refuse_identity(column.type);
      if (column.identity != 0) throw sql_error(sqlstate::object_not_in_prerequisite_state, named + " is already an identity column");
      if (!column.not_null) {
        throw sql_error(sqlstate::object_not_in_prerequisite_state, named + " must be declared NOT NULL before identity can be added");
      }
      if (!column.default_text.empty()) {
        throw sql_error(sqlstate::object_not_in_prerequisite_state, named + " already has a default value");
      }
      make_serial(column, table, &c.added.settings);
      column.identity = c.added.always ? 'a' : 'd';
  }
}

void ddl::alter(table_def& table, const ast::alter_table_command& c) {
  switch (c.what) {
    case command_kind::add_column: add_column(table, c); return;
    case command_kind::drop_column: drop_column(table, c); return;
    case command_kind::add_constraint: add_constraint(table, {&c.added, {}}, true); return;
    case command_kind::drop_constraint: drop_constraint(table, c); return;
    case command_kind::alter_type: change_type(table, c); return;
    case command_kind::set_default: {
      auto& column = column_of(table, c.name);
      refuse_default(table, column, false);
      column.default_text = check_default(*c.value, column);
      column.owned_sequence = 0;
      return;
    }
    case command_kind::drop_default: {
      auto& column = column_of(table, c.name);
      refuse_default(table, column, true);
      column.default_text.clear();
      column.owned_sequence = 0;
      return;
    }
    case command_kind::set_not_null: {
      auto& column = column_of(table, c.name);
      check_not_null(table, {column.number});
      column.not_null = true;
      return;
    }
    case command_kind::drop_not_null: {
      auto& column = column_of(table, c.name);
      for (auto& rule : table.constraints) {
        if (rule.kind == constraint_kind::primary_key && std::find(rule.columns.begin(), rule.columns.end(), column.number) != rule.columns.end()) {
          throw sql_error("42P16", "column \"" + c.name + "\" is in a primary key");
        }
      }
      column.not_null = false;
      return;
    }
    case command_kind::drop_expression: case command_kind::set_identity: case command_kind::drop_identity: case command_kind::add_identity:
      change_generation(table, c);
      return;
    case command_kind::owner: {
      const oid to = role_oid(c.owner_to);
      if (to == table.owner) return;
      check_new_owner(protect(table), table.schema, to);
      give_to(protect(table), to);
      table = current(table.id);
      return;
    }
    case command_kind::validate_constraint: validate_constraint(table, c.name); return;
    case command_kind::alter_constraint: alter_constraint(table, c.added); return;
    case command_kind::set_options:
      // Storage parameters of tables are accepted and mean nothing here.
      if (table.is_view()) set_view_options(table, c.settings, c.reset);
      return;
    default: throw sql_error(sqlstate::feature_not_supported, "this form of ALTER TABLE is not supported");
  }
}

void ddl::rewrite(const table_def& before, const table_def& after, const std::function<void(std::vector<datum>&, evaluation&)>& change) {
  if (before.is_composite()) return;  // it has no rows
  row_codec from(before), to(after);
  std::vector<int> all;
  for (auto& c : before.columns) {
    if (!c.dropped) all.push_back(c.number - 1);
  }
  evaluation run;
  run.call = owner_.context(run.scratch);
  run.transaction = &work_;
  std::vector<datum> row;
  auto view = work_.newest_view();
  auto& writer = work_.writer();
  view.own = &writer;
  view.before = writer.next_seq();  // the cursor must not meet the rows written below
  std::uint64_t rows = 0;
  for (auto cursor = view.scan(before.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    if (++rows % 256 == 0) owner_.host().checkpoint();
    run.scratch.reset();
    row.assign(after.columns.size(), datum::null());
    from.decode(cursor->value(), all, row.data());
    change(row, run);
    std::string bytes;
    to.encode(row, bytes);
    writer.put(after.space, cursor->key(), bytes);
  }
}

void ddl::add_column(table_def& table, const ast::alter_table_command& c) {
  if (table.column(c.column.name) != nullptr) {
    if (!c.if_not_exists) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + c.column.name + "\" of relation \"" + table.name + "\" already exists");
    }
    owner_.notice("NOTICE", sqlstate::duplicate_column, "column \"" + c.column.name + "\" of relation \"" + table.name + "\" already exists, skipping");
    return;
  }
  auto before = table;
  std::vector<constraint_request> later;
  auto column = make_column(c.column, table, later);
  table.columns.push_back(column);
  for (auto& rule : c.column.constraints) {
    if (rule.kind != ast::constraint_kind::generated) continue;
    (void)check_generated(table, column, *rule.value);
    column.default_text = table.columns.back().default_text = ast::to_sql(*rule.value);
  }
  put(table);
  check_nesting(*owner_.definitions(), table);
  if (column.generated) {
    fill_generated(before, table, column);
  } else if (!column.default_text.empty() || base_type(column.type.id) != column.type.id) {
    // The default is computed for each row that exists: rows are complete by themselves. A domain may have one, or refuse NULL.
    analysis in(owner_.environment());
    auto value = modify_binder(in).default_of(column);
    auto width = in.used().size();
    auto at = static_cast<std::size_t>(column.number - 1);
    rewrite(before, table, [&](std::vector<datum>& row, evaluation& run) {
      run.slots.resize(width);
      row[at] = value->eval(run);
      if (row[at].is_null() && column.not_null) {
        throw sql_error(sqlstate::not_null_violation, "column \"" + column.name + "\" of relation \"" + table.name + "\" contains null values");
      }
    });
  } else if (column.not_null) {
    auto view = work_.newest_view();
    if (view.scan(table.space, {}, storage::scan_direction::forward)->valid()) {
      throw sql_error(sqlstate::not_null_violation, "column \"" + column.name + "\" of relation \"" + table.name + "\" contains null values");
    }
  }
  for (auto& r : later) add_constraint(table, r, true);
}

void ddl::drop_column(table_def& table, const ast::alter_table_command& c) {
  auto* found = table.column(c.name);
  if (found == nullptr) {
    if (!c.if_exists) throw sql_error(sqlstate::undefined_column, "column \"" + c.name + "\" of relation \"" + table.name + "\" does not exist");
    owner_.notice("NOTICE", sqlstate::successful_completion, "column \"" + c.name + "\" of relation \"" + table.name + "\" does not exist, skipping");
    return;
  }
  auto number = found->number;
  auto uses = [number](const std::vector<std::int16_t>& columns) { return std::find(columns.begin(), columns.end(), number) != columns.end(); };
  auto all = owner_.definitions();
  for (auto& [id, other] : all->tables()) {
    for (auto& rule : other.constraints) {
      if (rule.kind != constraint_kind::foreign_key || rule.referenced_table != table.id || !uses(rule.referenced_columns) || id == table.id) continue;
      if (!c.cascade) {
        throw sql_error(sqlstate::dependent_objects_still_exist, "cannot drop column " + c.name + " of table " + table.name +
                                                                     " because other objects depend on it")
            .detail("constraint " + rule.name + " on table " + other.name + " depends on column " + c.name + " of table " + table.name)
            .hint("Use DROP ... CASCADE to drop the dependent objects too.");
      }
      work_.lock_relation(id, lock_mode::access_exclusive, other.name);
      auto changed = other;
      auto gone = rule.id;
      std::erase_if(changed.constraints, [gone](auto& r) { return r.id == gone; });
      put(changed);
    }
  }
  drop_work drops;
  drops.cascade = c.cascade;
  auto shown = owner_.relation_name(table.id);
  for (auto& other : table.columns) {
    if (!other.generated || other.dropped || other.number == number) continue;
    if (auto read = generated_uses(table, other); std::find(read.begin(), read.end(), number) == read.end()) continue;
    auto what = "column " + other.name + " of table " + shown;
    drops.dependents.push_back(c.cascade ? "drop cascades to " + what : what + " depends on column " + c.name + " of table " + shown);
    if (!c.cascade) continue;
    other.dropped = true;
    other.generated = other.not_null = false;
    other.default_text.clear();
    other.name = "........pg.dropped." + std::to_string(other.number) + "........";
  }
  drop_views_of(table.id, number, "column " + c.name + " of table " + owner_.relation_name(table.id), drops);
  finish_drops(drops, "column " + c.name + " of table " + owner_.relation_name(table.id));
  erase_comments(1259, table.id, number);
  for (auto& rule : std::vector<constraint_def>(table.constraints)) {
    bool check = rule.kind == constraint_kind::check && rule.check_text.find(c.name) != std::string::npos;
    auto* key = rule.index == 0 ? nullptr : all->find_index(rule.index);
    if (!uses(rule.columns) && !check && (key == nullptr || !uses(key->included))) continue;
    if (rule.index != 0) remove_index(rule.index);
    std::erase_if(table.constraints, [&rule](auto& r) { return r.id == rule.id; });
    std::erase(table.indexes, rule.index);
  }
  for (oid id : std::vector<oid>(table.indexes)) {
    auto* index = all->find_index(id);
    if (index == nullptr || !uses(index_columns(owner_.environment(), table, *index))) continue;
    remove_index(id);
    std::erase(table.indexes, id);
  }
  auto& column = table.columns[static_cast<std::size_t>(number - 1)];
  for (auto& [id, sequence] : all->sequences()) {
    if (sequence.owned_by_table == table.id && sequence.owned_by_column == number) erase(definition_kind::sequence, id);
  }
  column.dropped = true;
  column.generated = false;
  column.identity = 0;
  column.not_null = false;
  column.default_text.clear();
  column.owned_sequence = 0;
  column.name = "........pg.dropped." + std::to_string(number) + "........";
}

void ddl::drop_constraint(table_def& table, const ast::alter_table_command& c) {
  auto at = std::find_if(table.constraints.begin(), table.constraints.end(), [&c](auto& r) { return r.name == c.name; });
  if (at == table.constraints.end()) {
    if (!c.if_exists) {
      throw sql_error(sqlstate::undefined_object, "constraint \"" + c.name + "\" of relation \"" + table.name + "\" does not exist");
    }
    owner_.notice("NOTICE", sqlstate::successful_completion, "constraint \"" + c.name + "\" of relation \"" + table.name + "\" does not exist, skipping");
    return;
  }
  if (at->index != 0) {
    auto all = owner_.definitions();
    for (auto& [id, other] : all->tables()) {
      for (auto& rule : other.constraints) {
        if (rule.kind != constraint_kind::foreign_key || rule.referenced_table != table.id || rule.referenced_columns != at->columns) continue;
        if (!c.cascade) {
          throw sql_error(sqlstate::dependent_objects_still_exist, "cannot drop constraint " + c.name + " on table " + table.name +
                                                                       " because other objects depend on it")
              .detail("constraint " + rule.name + " on table " + other.name + " depends on index " + at->name)
              .hint("Use DROP ... CASCADE to drop the dependent objects too.");
        }
        if (id == table.id) continue;
        auto changed = other;
        auto gone = rule.id;
        std::erase_if(changed.constraints, [gone](auto& r) { return r.id == gone; });
        put(changed);
      }
    }
    remove_index(at->index);
    std::erase(table.indexes, at->index);
  }
  table.constraints.erase(at);
}

/// The column's default must become one of the new type.
void ddl::check_default_cast(const column_def& column, type_ref to) {
  if (column.default_text.empty() || column.owned_sequence != 0) return;
  auto parsed = parse("SELECT " + column.default_text);
  auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
  analysis in(owner_.environment());
  binder bind(in);
  scope alone;
  alone.clause = "DEFAULT expressions";
  auto before = bind.assign(bind.bind(*select.query->targets.at(0).value, alone), column.type, column.name, 0);
  if (bind.try_coerce(before, to, cast_context::assignment, 0)) return;
  throw sql_error(sqlstate::datatype_mismatch, "default for column \"" + column.name + "\" cannot be cast automatically to type " + format_type({to.id, -1}));
}

void ddl::change_type(table_def& table, const ast::alter_table_command& c) {
  auto& column = column_of(table, c.name);
  auto before = table;
  analysis in(owner_.environment());
  binder bind(in);
  auto to = bind.resolve_type(c.column.type);
  scope s;
  auto& r = bind.add_table(before, before.name, s, 0);
  auto base = static_cast<std::size_t>(r.base);
  auto number = column.number;
  auto slot = std::make_shared<slot_expression>(column.type, r.base + number - 1, column.name);
  expression_ptr value = c.value ? bind.bind(*c.value, s) : expression_ptr(slot);
  auto cast = bind.try_coerce(value, to, c.value ? cast_context::assignment : cast_context::assignment, 0);
  if (!cast) {
    throw sql_error(sqlstate::datatype_mismatch, "column \"" + column.name + "\" cannot be cast automatically to type " + format_type({to.id, -1}))
        .hint("You might need to specify \"USING " + ast::quote_identifier(column.name) + "::" + format_type({to.id, -1}) + "\".");
  }
  auto all = owner_.definitions();
  for (auto& [id, view] : all->tables()) {
    bool used = std::any_of(view.uses.begin(), view.uses.end(), [&](auto& u) { return u.relation == table.id && u.column == number; });
    if (!used) continue;
    throw sql_error(sqlstate::feature_not_supported, "cannot alter type of a column used by a view or rule")
        .detail("rule _RETURN on " + described(view) + " depends on column \"" + column.name + "\"");
  }
  for (auto& other : table.columns) {
    if (!other.generated || other.dropped) continue;
    if (auto read = generated_uses(table, other); std::find(read.begin(), read.end(), number) == read.end()) continue;
    throw sql_error(sqlstate::feature_not_supported, "cannot alter type of a column used by a generated column")
        .detail("Column \"" + column.name + "\" is used by generated column \"" + other.name + "\".");
  }
  if (column.generated) throw sql_error(sqlstate::feature_not_supported, "changing the type of a generated column is not supported");
  for (auto& rule : table.constraints) {
    bool involved = rule.kind == constraint_kind::foreign_key && std::find(rule.columns.begin(), rule.columns.end(), number) != rule.columns.end();
    if (involved) throw sql_error(sqlstate::feature_not_supported, "changing the type of a foreign key's column is not supported");
  }
  check_default_cast(column, to);
  use_type(to);
  column.type = to;
  for (auto& rule : table.constraints) {
    if (rule.kind == constraint_kind::check) bound_check(table, rule.check_text);  // refused before anything is rewritten
  }
  std::vector<oid> read_by;
  for (oid id : table.indexes) {
    auto* index = owner_.definitions()->find_index(id);
    if (index == nullptr) continue;
    auto columns = index_columns(owner_.environment(), before, *index);
    if (std::find(columns.begin(), columns.end(), number) != columns.end()) read_by.push_back(id);
  }
  auto width = in.used().size();
  rewrite(before, table, [&](std::vector<datum>& row, evaluation& run) {
    run.slots.resize(width);
    std::copy(row.begin(), row.end(), run.slots.begin() + static_cast<std::ptrdiff_t>(base));
    row[static_cast<std::size_t>(number - 1)] = cast->eval(run);
  });
  put(table);
  check_nesting(*owner_.definitions(), table);
  for (auto& rule : table.constraints) {
    if (rule.kind == constraint_kind::check) check_rows(table, rule.name, rule.check_text);
  }
  for (oid id : read_by) {
    retype_index(table, id);
    rebuild_index(table, id);
  }
}

/// An index's expressions mean something else once a column that they read has another type.
void ddl::retype_index(const table_def& table, oid id) {
  auto index = *owner_.definitions()->find_index(id);
  if (!index.has_expressions() && index.predicate.empty()) return;
  auto again = [&](const std::string& text, const char* what) {
    auto parsed = parse("SELECT " + text);
    auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
    return index_term(table, *select.query->targets.at(0).value, what);
  };
  for (auto& k : index.keys) {
    if (k.column != 0) continue;
    auto term = again(k.expression, "expression");
    k.expression = term.text;
    k.type = term.type;
  }
  if (!index.predicate.empty()) index.predicate = again(index.predicate, "predicate").text;
  put(index);
}

namespace {
void rename_in_checks(table_def& table, const std::string& from, const std::string& to) {
  ast::column_rename change{from, to};
  for (auto& column : table.columns) {
    if (!column.generated) continue;
    auto parsed = parse("SELECT " + column.default_text);
    auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
    column.default_text = ast::to_sql(*select.query->targets.at(0).value, &change);
  }
  for (auto& rule : table.constraints) {
    if (rule.kind != constraint_kind::check) continue;
    auto parsed = parse("SELECT " + rule.check_text);
    auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
    rule.check_text = ast::to_sql(*select.query->targets.at(0).value, &change);
  }
}
}  // namespace

/// A column that the expressions of indexes read has another name now.
void ddl::rename_in_indexes(const table_def& table, const std::string& from, const std::string& to) {
  auto renamed = [&](const std::string& text) { return renamed_term(owner_.environment(), table, text, from, to); };
  for (oid id : table.indexes) {
    auto index = *owner_.definitions()->find_index(id);
    if (!index.has_expressions() && index.predicate.empty()) continue;
    for (auto& k : index.keys) {
      if (k.column == 0) k.expression = renamed(k.expression);
    }
    if (!index.predicate.empty()) index.predicate = renamed(index.predicate);
    put(index);
  }
}

/// ALTER SCHEMA, INDEX or SEQUENCE ... RENAME TO.
std::string ddl::rename_other(const ast::rename_statement& s) {
  using kind = ast::rename_statement::kind;
  if (s.what == kind::schema) {
    auto* schema = owner_.definitions()->find_schema(s.from);
    if (schema == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + s.from + "\" does not exist");
    if (owner_.definitions()->find_schema(s.to) != nullptr) throw sql_error("42P06", "schema \"" + s.to + "\" already exists");
    own(protect(*schema));
    auto changed = *schema;
    changed.name = s.to;
    rename_in_views(changed.id, -1, [&] { put(changed); });
    return "ALTER SCHEMA";
  }
  oid id = owner_.find_relation(s.name.schema.empty() ? ast::quote_identifier(s.name.name)
                                                      : ast::quote_identifier(s.name.schema) + "." + ast::quote_identifier(s.name.name));
  auto c = owner_.definitions();
  if (auto* index = c->find_index(id); index != nullptr) {
    own({class_relation, id, 0, 'i', current(index->table).owner, index->name});
    refuse_existing(index->schema, s.to, 0);
    auto changed = *index;
    changed.name = s.to;
    auto table = current(index->table);
    for (auto& rule : table.constraints) {
      if (rule.index == id) rule.name = s.to;
    }
    put(changed);
    put(table);
  } else if (auto* sequence = c->find_sequence(id); sequence != nullptr) {
    own(protect(*sequence));
    refuse_existing(sequence->schema, s.to, 0);
    auto changed = *sequence;
    changed.name = s.to;
    put(changed);
  } else {
    if (!s.if_exists) throw sql_error(sqlstate::undefined_table, "relation \"" + s.name.name + "\" does not exist");
    owner_.notice("NOTICE", sqlstate::successful_completion, "relation \"" + s.name.name + "\" does not exist, skipping");
  }
  return s.what == kind::index ? "ALTER INDEX" : "ALTER SEQUENCE";
}

namespace {
const char* tag_of_rename(const ast::rename_statement& s, const table_def& table) {
  using kind = ast::rename_statement::kind;
  const bool of_column = s.what == kind::column || s.what == kind::attribute;
  if (s.what == kind::view || (of_column && s.of == ast::object_kind::view)) return "ALTER VIEW";
  if (s.what == kind::materialized_view || (of_column && s.of == ast::object_kind::materialized_view)) return "ALTER MATERIALIZED VIEW";
  return table.is_composite() ? "ALTER TYPE" : "ALTER TABLE";
}
}  // namespace

std::string ddl::rename(const ast::rename_statement& s) {
  using kind = ast::rename_statement::kind;
  begin("ALTER TABLE");
  if (s.what == kind::role) {
    rename_role(s);
    return "ALTER ROLE";
  }
  if (s.what == kind::schema || s.what == kind::index || s.what == kind::sequence) return rename_other(s);
  if (s.what == kind::type || s.what == kind::domain) return rename_type(s);
  if (s.what == kind::domain_constraint) return rename_domain_constraint(s);
  auto* found = try_table(s.name, lock_mode::access_exclusive);
  if (found == nullptr) {
    if (!s.if_exists) throw sql_error(sqlstate::undefined_table, "relation \"" + s.name.name + "\" does not exist");
    owner_.notice("NOTICE", sqlstate::successful_completion, "relation \"" + s.name.name + "\" does not exist, skipping");
    return "ALTER TABLE";
  }
  auto table = *found;
  own(protect(table));
  const char* tag = tag_of_rename(s, table);
  std::int16_t column_number = 0;
  switch (s.what) {
    case kind::view: case kind::materialized_view: {
      bool view = s.what == kind::view;
      if (table.kind != (view ? 'v' : 'm')) {
        throw sql_error("42809", "\"" + table.name + "\" is not " + (view ? "a view" : "a materialized view"));
      }
      [[fallthrough]];
    }
    case kind::table:
      refuse_existing(table.schema, s.to, 0);
      refuse_existing_type(table.schema, s.to);
      table.name = s.to;
      break;
    case kind::attribute:
      if (!table.is_composite()) throw sql_error("42809", "\"" + table.name + "\" is not a composite type");
      [[fallthrough]];
    case kind::column: {
      if (table.column(s.from) == nullptr) {
        throw sql_error(sqlstate::undefined_column, "column \"" + s.from + "\" does not exist");
      }
      auto& column = column_of(table, s.from);
      if (table.column(s.to) != nullptr) {
        throw sql_error(sqlstate::duplicate_column, "column \"" + s.to + "\" of relation \"" + table.name + "\" already exists");
      }
      column.name = s.to;
      column_number = column.number;
      rename_in_checks(table, s.from, s.to);
      break;
    }
    case kind::constraint: {
      auto at = std::find_if(table.constraints.begin(), table.constraints.end(), [&s](auto& r) { return r.name == s.from; });
      if (at == table.constraints.end()) {
        throw sql_error(sqlstate::undefined_object, "constraint \"" + s.from + "\" for table \"" + table.name + "\" does not exist");
      }
      if (at->index != 0) {
        refuse_existing(table.schema, s.to, 0);
        auto index = *owner_.definitions()->find_index(at->index);
        index.name = s.to;
        put(index);
      }
      at->name = s.to;
      break;
    }
    default: throw sql_error(sqlstate::feature_not_supported, "RENAME of this kind of object is not supported");
  }
  rename_in_views(table.id, column_number, [&] { put(table); });
  if (s.what == kind::column) rename_in_indexes(table, s.from, s.to);
  return tag;
}

}  // namespace helios::sql
