// CREATE INDEX and REINDEX, and the building of indexes over the rows that exist.

#include <algorithm>
#include <unordered_set>

#include "base/sql_error.hpp"
#include "sql/bind/bind_index.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/functions/definition_text.hpp"
#include "sql/views/type_facts.hpp"

namespace helios::sql {

using storage::lock_mode;

namespace {

constexpr std::size_t keys_max = 32;

/// A type as pg_opclass sees it: varchar is as good as text.
bool same_class_type(oid a, oid b) {
  auto canonical = [](oid t) { return t == type_oid::varchar ? type_oid::text : t == type_oid::cidr ? type_oid::inet : t; };
  return canonical(a) == canonical(b);
}

/// The operator class that the index keeps: nothing when it is the type's own.
std::string operator_class_of(const std::string& name, type_ref type) {
  if (name.empty()) return {};
  auto* found = find_operator_class(name);
  if (found == nullptr) throw sql_error(sqlstate::undefined_object, "operator class \"" + name + "\" does not exist for access method \"btree\"");
  if (!same_class_type(found->input, type.id)) {
    throw sql_error(sqlstate::datatype_mismatch, "operator class \"" + name + "\" does not accept data type " + format_type({type.id, -1}));
  }
  return found->is_default ? std::string() : name;
}

void require_order(type_ref type) {
  if (get_type(type.id).has_key()) return;
  throw sql_error(sqlstate::undefined_object, "data type " + format_type({type.id, -1}) + " has no default operator class for access method \"btree\"")
      .hint("You must specify an operator class for the index or define a default operator class for the data type.");
}

void refuse_options(const ast::index_element& e) {
  auto refuse = [](const char* what) { throw sql_error("42P17", std::string("including column does not support ") + what); };
  if (e.order != ast::sort_item::direction::none) refuse("ASC/DESC options");
  if (e.null_order != ast::sort_item::nulls::none) refuse("NULLS FIRST/LAST options");
  if (!e.operator_class.empty()) refuse("an operator class");
}

const column_def& key_column(const table_def& table, const std::string& name) {
  auto* column = table.column(name);
  if (column == nullptr) throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" does not exist");
  return *column;
}

/// What the name of an index says of an element.
std::string name_of(const ast::index_element& e) {
  if (!e.column.empty()) return e.column;
  auto name = binder::column_name(*e.value);
  return name == "?column?" ? "expr" : name;
}

}  // namespace

/// The text under which an expression over the table's row is stored, and its type. `what`: "expression" or "predicate".
ddl::stored_term ddl::index_term(const table_def& table, const ast::expr& value, const char* what) {
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  (void)bind.add_table(table, table.name, s, 0);
  bool predicate = std::string_view(what) == "predicate";
  s.clause = predicate ? "index predicates" : "index expressions";
  auto bound = predicate ? bind.bind_condition(value, s, "WHERE") : bind.settle_unknown(bind.bind(value, s));
  if (!is_immutable(*bound)) throw sql_error("42P17", std::string("functions in index ") + what + " must be marked IMMUTABLE");
  return {text_of(*bound), bound->type()};
}

index_key ddl::make_index_key(const table_def& table, const ast::index_element& e) {
  index_key out;
  if (e.column.empty()) {
    auto term = index_term(table, *e.value, "expression");
    out.expression = std::move(term.text);
    out.type = term.type;
    if (get_type(out.type.id).category == 'P') throw sql_error("42P16", "column \"" + name_of(e) + "\" has pseudo-type " + format_type(out.type));
  } else {
    auto& column = key_column(table, e.column);
    out.column = column.number;
    out.type = column.type;
  }
  out.operator_class = operator_class_of(e.operator_class, out.type);
  require_order(out.type);
  if (out.column != 0) out.type = {};
  out.descending = e.order == ast::sort_item::direction::descending;
  out.nulls_first = e.null_order == ast::sort_item::nulls::none ? out.descending : e.null_order == ast::sort_item::nulls::first;
  return out;
}

std::string ddl::index_name(const table_def& table, const std::vector<std::string>& columns, const char* suffix) const {
  std::string base = table.name;
  std::vector<std::string> seen;
  for (auto& c : columns) {
    auto name = c;
    for (int n = 1; std::find(seen.begin(), seen.end(), name) != seen.end(); ++n) name = c + std::to_string(n);
    seen.push_back(name);
    base += "_" + name;
  }
  return free_name(table.schema, base.substr(0, 63 - std::string_view(suffix).size()) + suffix);
}

std::string ddl::create_index(const ast::create_index_statement& s) {
  begin("CREATE INDEX");
  if (s.concurrent && owner_.in_explicit()) {
    throw sql_error(sqlstate::active_sql_transaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block");
  }
  auto table = table_for(s.table, lock_mode::share);
  if (table.is_view()) {
    throw sql_error("42809", "cannot create index on relation \"" + table.name + "\"").detail("This operation is not supported for views.");
  }
  own(protect(table));
  refuse_waiting(table, "CREATE INDEX");
  if (!s.method.empty() && s.method != "btree") {
    static constexpr std::string_view known[] = {"hash", "gin", "gist", "spgist", "brin"};
    bool exists = std::find(std::begin(known), std::end(known), s.method) != std::end(known);
    if (!exists) throw sql_error(sqlstate::undefined_object, "access method \"" + s.method + "\" does not exist");
    throw sql_error(sqlstate::feature_not_supported, "access method \"" + s.method + "\" is not supported");
  }
  if (s.elements.size() + s.included.size() > keys_max) throw sql_error("54011", "cannot use more than 32 columns in an index");
  index_def index;
  index.table = table.id;
  index.schema = table.schema;
  index.unique = s.unique;
  index.nulls_not_distinct = s.nulls_not_distinct;
  if (!s.name.empty() && exists(table.schema, s.name)) {
    if (!s.if_not_exists) refuse_existing(table.schema, s.name, 0);
    owner_.notice("NOTICE", sqlstate::duplicate_table, "relation \"" + s.name + "\" already exists, skipping");
    return "CREATE INDEX";
  }
  std::vector<std::string> names;
  for (auto& e : s.elements) names.push_back(name_of(e));
  if (s.where) index.predicate = index_term(table, *s.where, "predicate").text;
  for (auto& e : s.elements) index.keys.push_back(make_index_key(table, e));
  for (auto& e : s.included) {
    if (e.column.empty()) throw sql_error(sqlstate::feature_not_supported, "expressions are not supported in included columns");
    auto& column = key_column(table, e.column);
    refuse_options(e);
    index.included.push_back(column.number);
    names.push_back(e.column);
  }
  index.name = s.name.empty() ? index_name(table, names, "_idx") : s.name;
  index.id = new_oid(table);
  index.space = storage::space_id{new_oid(table)};
  build_index(table, index, false);
  put(index);
  table.indexes.push_back(index.id);
  put(table);
  return "CREATE INDEX";
}

void ddl::build_index(const table_def& table, const index_def& index, bool) {
  row_codec codec(table);
  index_codec keys(index, table, table.columns.size());
  auto terms = row_terms_of(owner_.environment(), table, {&index});
  std::vector<int> wanted;
  for (auto n : index_columns(owner_.environment(), table, index)) wanted.push_back(n - 1);
  std::vector<datum> row(table.columns.size()), memory;
  auto view = work_.newest_view();
  auto& writer = work_.writer();
  evaluation in;
  in.call = owner_.context(in.scratch);
  std::unordered_set<std::string> seen;  // where equal keys may stand side by side, but not yet
  std::uint64_t rows = 0;
  for (auto cursor = view.scan(table.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    if (++rows % 256 == 0) owner_.host().checkpoint();
    in.scratch.reset();
    codec.decode(cursor->value(), wanted, row.data());
    auto full = with_terms(terms, row, memory, in);
    if (!keys.has(full)) continue;
    auto [key, value] = keys.entry(full, row_id_of(cursor->key()));
    bool taken = !value.empty() && writer.get(*view.at, index.space, key, ~storage::write_seq{0});
    if (index.unique && index.deferrable && !keys.differs_from_all(full)) taken = !seen.insert(keys.prefix(full)).second;
    if (taken) {
      throw sql_error(sqlstate::unique_violation, "could not create unique index \"" + index.name + "\"")
          .detail("Key " + keys.describe(table, full) + " is duplicated.");
    }
    writer.put(index.space, key, value);
  }
}

void ddl::rebuild_index(const table_def& table, oid id) {
  auto index = *owner_.definitions()->find_index(id);
  work_.writer().drop_space(index.space);
  index.space = storage::space_id{new_oid(table)};
  build_index(table, index, false);
  put(index);
}

std::string ddl::reindex(const ast::reindex_statement& s) {
  using kind = ast::reindex_statement::kind;
  begin("REINDEX");
  bool whole = s.what == kind::schema || s.what == kind::system || s.what == kind::database;
  if (owner_.in_explicit() && (s.concurrent || whole)) {
    const char* what = s.concurrent ? "REINDEX CONCURRENTLY" : s.what == kind::schema ? "REINDEX SCHEMA" : s.what == kind::system ? "REINDEX SYSTEM" : "REINDEX DATABASE";
    throw sql_error(sqlstate::active_sql_transaction, std::string(what) + " cannot run inside a transaction block");
  }
  if (s.what == kind::index) {
    reindex_one(s.relation);
  } else if (s.what == kind::table) {
    refuse_index(s.relation);
    auto table = table_for(s.relation, lock_mode::access_exclusive);
    if (table.is_view()) throw sql_error("42809", "\"" + table.name + "\" is not a table or materialized view");
    for (oid id : table.indexes) rebuild_index(table, id);
    if (table.indexes.empty()) {
      owner_.notice("NOTICE", sqlstate::successful_completion, "table \"" + table.name + "\" has no indexes to reindex");
    }
  } else {
    reindex_all(s);
  }
  return "REINDEX";
}

void ddl::reindex_one(const ast::relation_name& name) {
  auto quoted = (name.schema.empty() ? "" : ast::quote_identifier(name.schema) + ".") + ast::quote_identifier(name.name);
  oid id = owner_.find_relation(quoted);
  auto shown = name.schema.empty() ? name.name : name.schema + "." + name.name;
  if (id == 0) throw sql_error(sqlstate::undefined_table, "relation \"" + shown + "\" does not exist");
  auto* index = owner_.definitions()->find_index(id);
  if (index == nullptr) throw sql_error("42809", "\"" + name.name + "\" is not an index");
  auto table_id = index->table;
  work_.lock_relation(table_id, lock_mode::access_exclusive, current(table_id).name);
  work_.begin_statement();
  if (owner_.definitions()->find_index(id) == nullptr) throw sql_error(sqlstate::undefined_table, "relation \"" + shown + "\" does not exist");
  rebuild_index(current(table_id), id);
}

/// REINDEX TABLE of an index or a sequence.
void ddl::refuse_index(const ast::relation_name& name) const {
  auto quoted = (name.schema.empty() ? "" : ast::quote_identifier(name.schema) + ".") + ast::quote_identifier(name.name);
  oid id = owner_.find_relation(quoted);
  auto c = owner_.definitions();
  if (id == 0 || (c->find_index(id) == nullptr && c->find_sequence(id) == nullptr)) return;
  throw sql_error("42809", "\"" + name.name + "\" is not a table or materialized view");
}

/// REINDEX SCHEMA and DATABASE. SYSTEM finds nothing to do: the system's relations are computed.
void ddl::reindex_all(const ast::reindex_statement& s) {
  using kind = ast::reindex_statement::kind;
  oid schema = 0;
  if (s.what == kind::schema) {
    auto* found = owner_.definitions()->find_schema(s.name);
    if (found == nullptr) throw sql_error(sqlstate::invalid_schema_name, "schema \"" + s.name + "\" does not exist");
    schema = found->id;
  } else if (s.name != owner_.definitions()->database_name()) {
    throw sql_error(sqlstate::feature_not_supported, "can only reindex the currently open database");
  }
  if (s.what == kind::system) return;
  auto all = owner_.definitions();
  for (auto& [id, table] : all->tables()) {
    if (table.is_view() || table.indexes.empty() || (schema != 0 && table.schema != schema)) continue;
    lock_for_drop(id, table.name);
    if (owner_.definitions()->find_table(id) == nullptr) continue;
    auto now = current(id);
    for (oid index : now.indexes) rebuild_index(now, index);
  }
}

}  // namespace helios::sql
