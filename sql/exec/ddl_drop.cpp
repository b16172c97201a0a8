// DROP, TRUNCATE, and CREATE / ALTER of sequences.

#include <algorithm>
#include <set>

#include "base/sql_error.hpp"
#include "sql/exec/ddl.hpp"

namespace helios::sql {

using storage::lock_mode;

void ddl::remove_index(oid id) {
  auto* index = owner_.definitions()->find_index(id);
  if (index == nullptr) return;
  work_.writer().drop_space(index->space);
  erase(definition_kind::index, id);
}

void ddl::lock_for_drop(oid id, const std::string& name) {
  work_.lock_relation(id, lock_mode::access_exclusive, name);
  work_.begin_statement();
}

namespace {
std::string quoted(const ast::relation_name& name) {
  auto own = ast::quote_identifier(name.name);
  return name.schema.empty() ? own : ast::quote_identifier(name.schema) + "." + own;
}

[[noreturn]] void depended_on(const std::string& what, const std::string& detail) {
  throw sql_error(sqlstate::dependent_objects_still_exist, "cannot drop " + what + " because other objects depend on " + (what == "desired object(s)" ? "them" : "it"))
      .detail(detail).hint("Use DROP ... CASCADE to drop the dependent objects too.");
}
}  // namespace

void ddl::drop_table(const table_def& dropped, drop_work& drops) {
  auto table = dropped;
  refuse_waiting(table, "DROP TABLE");
  auto all = owner_.definitions();
  for (auto& [id, other] : all->tables()) {
    if (id == table.id || drops.tables.count(id) > 0) continue;
    for (auto& rule : other.constraints) {
      if (rule.kind != constraint_kind::foreign_key || rule.referenced_table != table.id) continue;
      auto what = "constraint " + rule.name + " on table " + other.name;
      if (!drops.cascade) {
        drops.dependents.push_back(what + " depends on table " + table.name);
        continue;
      }
      work_.lock_relation(id, lock_mode::access_exclusive, other.name);
      auto changed = current(id);
      auto gone = rule.id;
      std::erase_if(changed.constraints, [gone](auto& r) { return r.id == gone; });
      put(changed);
      drops.dependents.push_back("drop cascades to " + what);
    }
  }
  drop_views_of(table.id, 0, described(table), drops);
  drop_uses_of_type(get_type(row_type_of(table.id)), drops);
  if (!drops.cascade && !drops.dependents.empty()) return;
  forget_dropped_columns(row_type_of(table.id));
  forget_dropped_columns(row_array_of(table.id));
  erase_comments(1259, table.id, 0);
  for (auto& rule : table.constraints) erase_comments(2606, rule.id, 0);
  for (oid index : table.indexes) remove_index(index);
  for (auto& [id, sequence] : all->sequences()) {
    if (sequence.owned_by_table != table.id) continue;
    erase_comments(1259, id, 0);
    erase(definition_kind::sequence, id);
  }
  work_.writer().drop_space(table.space);
  erase(definition_kind::table, table.id);
}

void ddl::finish_drops(const drop_work& drops, const std::string& what) {
  if (drops.dependents.empty()) return;
  std::string lines;
  for (auto& d : drops.dependents) lines += (lines.empty() ? "" : "\n") + d;
  if (!drops.cascade) depended_on(what, lines);
  if (drops.dependents.size() == 1) {
    owner_.notice("NOTICE", sqlstate::successful_completion, lines);
  } else {
    auto count = std::to_string(drops.dependents.size());
    owner_.notice("NOTICE", sqlstate::successful_completion, "drop cascades to " + count + " other objects", {}, lines);
  }
}

namespace {
/// DROP TABLE, DROP VIEW or DROP MATERIALIZED VIEW of something else.
[[noreturn]] void wrong_kind(const std::string& name, ast::object_kind wanted, char have) {
  const char* what = wanted == ast::object_kind::view ? "a view" : wanted == ast::object_kind::table ? "a table" : "a materialized view";
  const char* hint = have == 'v'   ? "Use DROP VIEW to remove a view."
                     : have == 'm' ? "Use DROP MATERIALIZED VIEW to remove a materialized view."
                     : have == 'c' ? "Use DROP TYPE to remove a type."
                     : have == 'i' ? "Use DROP INDEX to remove an index."
                     : have == 'S' ? "Use DROP SEQUENCE to remove a sequence."
                                   : "Use DROP TABLE to remove a table.";
  throw sql_error("42809", "\"" + name + "\" is not " + what).hint(hint);
}
}  // namespace

void ddl::drop_tables(const ast::drop_statement& s, const missing_report& missing) {
  drop_work drops;
  drops.cascade = s.cascade;
  std::vector<oid> order;
  char wanted = s.kind == ast::object_kind::view ? 'v' : s.kind == ast::object_kind::table ? 'r' : 'm';
  const char* word = wanted == 'v' ? "view" : wanted == 'r' ? "table" : "materialized view";
  for (auto& name : s.names) {
    auto* table = try_table(name, lock_mode::access_exclusive);
    if (table != nullptr) {
      if (table->kind != wanted) wrong_kind(name.name, s.kind, table->kind);
      own_or_schema(protect(*table), table->schema);
      if (drops.tables.insert(table->id).second) order.push_back(table->id);
      continue;
    }
    oid id = owner_.find_relation(quoted(name));
    bool index = owner_.definitions()->find_index(id) != nullptr;
    if (index || owner_.definitions()->find_sequence(id) != nullptr) wrong_kind(name.name, s.kind, index ? 'i' : 'S');
    missing(name, word, sqlstate::undefined_table);
  }
  for (oid id : order) {
    if (owner_.definitions()->find_table(id) == nullptr) continue;
    if (wanted == 'r') drop_table(current(id), drops);
    else drop_view(current(id), drops);
  }
  finish_drops(drops, order.size() == 1 ? word + (" " + s.names[0].name) : "desired object(s)");
}

void ddl::drop_schema(const std::string& name, oid id, bool cascade) {
  if (id == pg_catalog_schema || id == information_schema_oid) {
    throw sql_error(sqlstate::dependent_objects_still_exist, "cannot drop schema " + name + " because it is required by the database system");
  }
  drop_work drops;
  drops.cascade = cascade;
  auto all = owner_.definitions();
  auto depends = [&](const std::string& what) {
    drops.dependents.push_back(cascade ? "drop cascades to " + what : what + " depends on schema " + name);
  };
  for (auto& [table_id, table] : all->tables()) {
    if (table.schema == id) drops.tables.insert(table_id);
  }
  for (auto& [table_id, table] : all->tables()) {
    if (table.schema != id) continue;
    if (table.is_composite()) {
      depends("type " + name + "." + table.name);
      if (cascade) drop_type(get_type(row_type_of(table_id)), drops);
      continue;
    }
    depends(std::string(table.kind == 'v' ? "view " : table.kind == 'm' ? "materialized view " : "table ") + name + "." + table.name);
    if (!cascade) continue;
    lock_for_drop(table_id, table.name);
    if (owner_.definitions()->find_table(table_id) == nullptr) continue;
    if (table.kind == 'r') drop_table(current(table_id), drops);
    else drop_view(current(table_id), drops);
  }
  all = owner_.definitions();
  for (auto& [sequence_id, sequence] : all->sequences()) {
    if (sequence.schema != id || sequence.owned_by_table != 0) continue;
    depends("sequence " + name + "." + sequence.name);
    if (cascade) drop_sequence(sequence, true);
  }
  all = owner_.definitions();
  for (auto& [type_id, type] : all->type_definitions()) {
    if (type.schema != id || drops.tables.count(type_id) > 0) continue;
    depends("type " + name + "." + type.name);
    drops.tables.insert(type_id);
    drop_type(get_type(type_id), drops);
  }
  finish_drops(drops, "schema " + name);
  erase_comments(2615, id, 0);
  erase(definition_kind::schema, id);
}

void ddl::drop_index(const index_def& index) {
  auto table = current(index.table);
  for (auto& rule : table.constraints) {
    if (rule.index != index.id) continue;
    throw sql_error(sqlstate::dependent_objects_still_exist, "cannot drop index " + index.name + " because constraint " + rule.name +
                                                                 " on table " + table.name + " requires it")
        .hint("You can drop constraint " + rule.name + " on table " + table.name + " instead.");
  }
  auto id = index.id;
  remove_index(id);
  std::erase(table.indexes, id);
  put(table);
}

void ddl::drop_sequence(const sequence_def& sequence, bool cascade) {
  auto id = sequence.id;
  auto name = sequence.name;
  auto all = owner_.definitions();
  for (auto& [table_id, table] : all->tables()) {
    for (auto& column : table.columns) {
      if (column.dropped || column.owned_sequence != id) continue;
      if (!cascade) {
        depended_on("sequence " + name, "default value for column " + column.name + " of table " + table.name + " depends on sequence " + name);
      }
      auto changed = current(table_id);
      auto& target = changed.columns[static_cast<std::size_t>(column.number - 1)];
      target.default_text.clear();
      target.owned_sequence = 0;
      put(changed);
    }
  }
  erase_comments(1259, id, 0);
  erase(definition_kind::sequence, id);
}

/// The owner of a schema may drop what is in it.
void ddl::own_or_schema(const protected_object& object, oid schema) const {
  auto c = owner_.definitions();
  auto* in = c->find_schema(schema);
  if (in != nullptr && owns(*c, owner_.role_id(), protect(*in))) return;
  own(object);
}

namespace {
bool has_keys(const index_def& index, std::vector<std::int16_t> wanted) {
  std::vector<std::int16_t> own;
  for (auto& k : index.keys) own.push_back(k.column);
  std::sort(own.begin(), own.end());
  std::sort(wanted.begin(), wanted.end());
  return index.keeps_keys_apart() && index.predicate.empty() && own == wanted;
}

/// Whether a foreign key finds its parents through this index and through no other.
bool leans_on(const constraint_def& rule, const index_def& index, const catalog& c) {
  if (rule.kind != constraint_kind::foreign_key || rule.referenced_table != index.table || !has_keys(index, rule.referenced_columns)) return false;
  auto& others = c.find_table(index.table)->indexes;
  return std::none_of(others.begin(), others.end(), [&](oid id) {
    auto* other = id == index.id ? nullptr : c.find_index(id);
    return other != nullptr && has_keys(*other, rule.referenced_columns);
  });
}
}  // namespace

/// Foreign keys go with the index that they need, or keep it.
void ddl::drop_keys_on(const index_def& index, bool cascade) {
  auto all = owner_.definitions();
  drop_work drops;
  drops.cascade = cascade;
  for (auto& [id, table] : all->tables()) {
    for (auto& rule : table.constraints) {
      if (!leans_on(rule, index, *all)) continue;
      auto what = "constraint " + rule.name + " on table " + owner_.relation_name(id);
      drops.dependents.push_back(cascade ? "drop cascades to " + what : what + " depends on index " + owner_.relation_name(index.id));
      if (!cascade) continue;
      work_.lock_relation(id, lock_mode::access_exclusive, table.name);
      auto changed = current(id);
      auto gone = rule.id;
      std::erase_if(changed.constraints, [gone](auto& r) { return r.id == gone; });
      put(changed);
    }
  }
  finish_drops(drops, "index " + owner_.relation_name(index.id));
}

std::string ddl::drop(const ast::drop_statement& s) {
  using kind = ast::object_kind;
  auto command = "DROP " + s.kind_name;
  begin(command.c_str());
  missing_report missing = [&](const ast::relation_name& name, const char* what, const char* state) {
    auto full = name.schema.empty() ? name.name : name.schema + "." + name.name;
    auto message = std::string(what) + " \"" + full + "\" does not exist";
    if (!s.if_exists) throw sql_error(state, message);
    owner_.notice("NOTICE", sqlstate::successful_completion, message + ", skipping");
  };
  if (s.kind == kind::table || s.kind == kind::view || s.kind == kind::materialized_view) {
    drop_tables(s, missing);
    return command;
  }
  if (s.kind == kind::type || s.kind == kind::domain) {
    drop_types(s);
    return command;
  }
  for (auto& name : s.names) {
    switch (s.kind) {
      case kind::index: {
        auto* index = owner_.definitions()->find_index(owner_.find_relation(quoted(name)));
        if (index == nullptr) {
          missing(name, "index", sqlstate::undefined_object);
          break;
        }
        own_or_schema({class_relation, index->id, 0, 'i', current(index->table).owner, index->name}, index->schema);
        lock_for_drop(index->table, current(index->table).name);
        index = owner_.definitions()->find_index(owner_.find_relation(quoted(name)));
        if (index == nullptr) {
          missing(name, "index", sqlstate::undefined_object);
          break;
        }
        auto dropped = *index;
        drop_keys_on(dropped, s.cascade);
        drop_index(dropped);
        break;
      }
      case kind::sequence: {
        auto* sequence = owner_.definitions()->find_sequence(owner_.find_relation(quoted(name)));
        if (sequence == nullptr) {
          missing(name, "sequence", sqlstate::undefined_table);
          break;
        }
        own_or_schema(protect(*sequence), sequence->schema);
        drop_sequence(*sequence, s.cascade);
        break;
      }
      case kind::schema: {
        auto* schema = owner_.definitions()->find_schema(name.name);
        if (schema == nullptr) {
          missing(name, "schema", sqlstate::invalid_schema_name);
          break;
        }
        own(protect(*schema));
        drop_schema(name.name, schema->id, s.cascade);
        break;
      }
      default: throw sql_error(sqlstate::feature_not_supported, command + " is not supported");
    }
  }
  return command;
}

std::string ddl::truncate(const ast::truncate_statement& s) {
  begin("TRUNCATE TABLE");
  std::set<oid> all;
  std::vector<oid> order;
  for (auto& name : s.tables) {
    auto& table = table_for(name, lock_mode::access_exclusive);
    if (table.kind != 'r') throw sql_error("42809", "\"" + table.name + "\" is not a table");
    need(protect(table), right::truncate);
    if (all.insert(table.id).second) order.push_back(table.id);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto definitions = owner_.definitions();
    auto* table = definitions->find_table(order[i]);
    for (auto& [id, other] : definitions->tables()) {
      for (auto& rule : other.constraints) {
        if (rule.kind != constraint_kind::foreign_key || rule.referenced_table != order[i] || all.count(id) > 0) continue;
        if (!s.cascade) {
          bool later = std::any_of(s.tables.begin(), s.tables.end(), [&other = other](auto& n) { return n.name == other.name; });
          if (later) continue;
          throw sql_error(sqlstate::feature_not_supported, "cannot truncate a table referenced in a foreign key constraint")
              .detail("Table \"" + other.name + "\" references \"" + table->name + "\".")
              .hint("Truncate table \"" + other.name + "\" at the same time, or use TRUNCATE ... CASCADE.");
        }
        owner_.notice("NOTICE", sqlstate::successful_completion, "truncate cascades to table \"" + other.name + "\"");
        need(protect(other), right::truncate);
        lock_for_drop(id, other.name);
        all.insert(id);
        order.push_back(id);
      }
    }
  }
  for (oid id : order) {
    auto table = current(id);
    refuse_waiting(table, "TRUNCATE");
    work_.writer().drop_space(table.space);
    table.space = storage::space_id{new_oid(table)};
    for (oid index_id : table.indexes) {
      auto index = *owner_.definitions()->find_index(index_id);
      work_.writer().drop_space(index.space);
      index.space = storage::space_id{new_oid(table)};
      put(index);
    }
    put(table);
    if (!s.restart_identity) continue;
    auto definitions = owner_.definitions();
    for (auto& [sequence_id, sequence] : definitions->sequences()) {
      if (sequence.owned_by_table == id) restart_sequence(sequence, sequence.rule.start);
    }
  }
  return "TRUNCATE TABLE";
}

namespace {
std::int64_t number_of(const std::string& name, const ast::expr_ptr& value) {
  try {
    if (value && (value->kind == ast::expr_kind::integer || value->kind == ast::expr_kind::number)) return std::stoll(value->text);
  } catch (const std::exception&) {
  }
  throw sql_error(sqlstate::syntax_error, name + " requires an integer value");
}

void check_bounds(const storage::sequence_rule& rule) {
  if (rule.minimum >= rule.maximum) {
    throw sql_error(sqlstate::invalid_parameter_value, "MINVALUE (" + std::to_string(rule.minimum) + ") must be less than MAXVALUE (" +
                                                           std::to_string(rule.maximum) + ")");
  }
  if (rule.start < rule.minimum) {
    throw sql_error(sqlstate::invalid_parameter_value, "START value (" + std::to_string(rule.start) + ") cannot be less than MINVALUE (" +
                                                           std::to_string(rule.minimum) + ")");
  }
  if (rule.start > rule.maximum) {
    throw sql_error(sqlstate::invalid_parameter_value, "START value (" + std::to_string(rule.start) + ") cannot be greater than MAXVALUE (" +
                                                           std::to_string(rule.maximum) + ")");
  }
}
}  // namespace

void ddl::restart_sequence(const sequence_def& sequence, std::int64_t value) {
  if (is_temporary(sequence.id)) owner_.temporary_sequences()[sequence.id] = {value, false};
  else owner_.db().engine().sequences().set(sequence.id, value, false, owner_.db().sink());
}

std::string ddl::sequence(const ast::sequence_statement& s) {
  begin(s.alter ? "ALTER SEQUENCE" : "CREATE SEQUENCE");
  sequence_def def;
  std::optional<std::int64_t> start, minimum, maximum, restart;
  bool restart_given = false, minimum_default = false, maximum_default = false;
  if (s.alter) {
    auto* found = owner_.definitions()->find_sequence(owner_.find_relation(quoted(s.name)));
    if (found == nullptr) {
      if (!s.if_exists) throw sql_error(sqlstate::undefined_table, "relation \"" + s.name.name + "\" does not exist");
      owner_.notice("NOTICE", sqlstate::successful_completion, "relation \"" + s.name.name + "\" does not exist, skipping");
      return "ALTER SEQUENCE";
    }
    own(protect(*found));
    def = *found;
  } else {
    def.schema = owner_.schema_for(s.name, s.persistence, "sequence");
    def.name = s.name.name;
    def.owner = owner_.role_id();
    if (exists(def.schema, def.name)) {
      if (!s.if_not_exists) refuse_existing(def.schema, def.name, 0);
      owner_.notice("NOTICE", sqlstate::duplicate_table, "relation \"" + def.name + "\" already exists, skipping");
      return "CREATE SEQUENCE";
    }
    def.id = is_temporary(def.schema) ? owner_.next_temporary_oid() : owner_.next_oid();
  }
  for (auto& [name, value] : s.settings) {
    if (name == "increment") def.rule.increment = number_of("INCREMENT", value);
    else if (name == "start") start = number_of("START", value);
    else if (name == "minvalue") value ? void(minimum = number_of("MINVALUE", value)) : void(minimum_default = true);
    else if (name == "maxvalue") value ? void(maximum = number_of("MAXVALUE", value)) : void(maximum_default = true);
    else if (name == "cycle") def.rule.cycle = value && value->flag;
    else if (name == "restart") {
      restart_given = true;
      if (value) restart = number_of("RESTART", value);
    } else if (name == "as" && value) {
      auto* type = find_type(std::string_view(value->text));
      if (type == nullptr || (type->id != type_oid::int2 && type->id != type_oid::int4 && type->id != type_oid::int8)) {
        throw sql_error(sqlstate::invalid_parameter_value, "sequence type must be smallint, integer, or bigint");
      }
      def.type = {type->id, -1};
    } else if (name == "owned_by" && value && value->names.size() >= 2) {
      auto& n = value->names;
      ast::relation_name table_name{{}, n.size() > 2 ? n[n.size() - 3] : std::string(), n[n.size() - 2], 0};
      auto& table = table_for(table_name, lock_mode::share_update_exclusive);
      auto* column = table.column(n.back());
      if (column == nullptr) {
        throw sql_error(sqlstate::undefined_column, "column \"" + n.back() + "\" of relation \"" + table.name + "\" does not exist");
      }
      def.owned_by_table = table.id;
      def.owned_by_column = column->number;
    }
  }
  if (def.rule.increment == 0) throw sql_error(sqlstate::invalid_parameter_value, "INCREMENT must not be zero");
  bool up = def.rule.increment > 0;
  std::int64_t top = def.type.id == type_oid::int2 ? 32767 : def.type.id == type_oid::int4 ? 2147483647 : INT64_MAX;
  if (!s.alter || minimum_default) def.rule.minimum = up ? 1 : -top - 1;
  if (!s.alter || maximum_default) def.rule.maximum = up ? top : -1;
  if (minimum) def.rule.minimum = *minimum;
  if (maximum) def.rule.maximum = *maximum;
  if (!s.alter) def.rule.start = up ? def.rule.minimum : def.rule.maximum;
  if (start) def.rule.start = *start;
  check_bounds(def.rule);
  put(def);
  if (!s.alter) give_defaults(protect(def), def.schema);
  if (restart_given) restart_sequence(def, restart.value_or(def.rule.start));
  return s.alter ? "ALTER SEQUENCE" : "CREATE SEQUENCE";
}

void ddl::drop_temporary(bool at_commit_only) {
  auto all = owner_.definitions();
  drop_work drops;
  drops.cascade = true;
  std::vector<oid> tables;
  for (auto& [id, table] : all->tables()) {
    if (is_temporary(id) && (!at_commit_only || table.on_commit == 'D')) tables.push_back(id);
  }
  for (oid id : tables) {
    if (owner_.definitions()->find_table(id) == nullptr) continue;
    if (current(id).kind == 'r') drop_table(current(id), drops);
    else drop_view(current(id), drops);
  }
  if (at_commit_only) return;
  auto rest = owner_.definitions();
  for (auto& [id, sequence] : rest->sequences()) {
    if (is_temporary(id)) drop_sequence(sequence, true);
  }
}

}  // namespace helios::sql
