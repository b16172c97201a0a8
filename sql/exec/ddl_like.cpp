// CREATE TABLE (LIKE ...), and the expressions of generated columns.

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_index.hpp"
#include "sql/exec/ddl.hpp"
#include "sql/functions/definition_text.hpp"

namespace helios::sql {

using storage::lock_mode;

namespace {

ast::expr_ptr parse_expression(const std::string& text) {
  auto parsed = parse("SELECT " + text);
  auto& select = const_cast<ast::select&>(*std::get<ast::select_statement>(parsed.at(0)->tree().node).query);
  return std::move(select.targets.at(0).value);
}

}  // namespace

/// The columns that a generated column reads, and what it must be like. `value`: as the client wrote it.
std::vector<std::int16_t> ddl::check_generated(const table_def& table, const column_def& column, const ast::expr& value) {
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  auto& relation = bind.add_table(table, table.name, s, 0);
  int base = relation.base;
  s.clause = "column generation expressions";
  auto bound = bind.bind(value, s);
  std::vector<int> slots;
  collect_slots(*bound, slots);
  std::vector<std::int16_t> out;
  for (int slot : slots) {
    auto& used = table.columns[static_cast<std::size_t>(slot - base)];
    if (used.generated) {
      throw sql_error("42P17", "cannot use generated column \"" + used.name + "\" in column generation expression")
          .detail("A generated column cannot reference another generated column.").at(s.references[slot]);
    }
    out.push_back(used.number);
  }
  if (!is_immutable(*bound)) throw sql_error("42P17", "generation expression is not immutable");
  if (!bind.try_coerce(bound, column.type, cast_context::assignment, value.position)) {
    throw sql_error(sqlstate::datatype_mismatch, "column \"" + column.name + "\" is of type " + format_type({column.type.id, -1}) +
                                                     " but default expression is of type " + format_type({bound->type().id, -1}))
        .hint("You will need to rewrite or cast the expression.");
  }
  return out;
}

std::vector<std::int16_t> ddl::generated_uses(const table_def& table, const column_def& column) {
  return check_generated(table, column, *parse_expression(column.default_text));
}

/// ADD COLUMN ... GENERATED: computed for the rows that exist.
void ddl::fill_generated(const table_def& before, const table_def& after, const column_def& column) {
  analysis in(owner_.environment());
  binder bind(in);
  scope s;
  auto base = static_cast<std::size_t>(bind.add_table(before, before.name, s, 0).base);
  auto value = bind.assign(bind.bind(*parse_expression(column.default_text), s), column.type, column.name, 0);
  auto width = in.used().size();
  rewrite(before, after, [&](std::vector<datum>& row, evaluation& run) {
    run.slots.resize(width);
    std::copy(row.begin(), row.end() - 1, run.slots.begin() + static_cast<std::ptrdiff_t>(base));
    row[static_cast<std::size_t>(column.number - 1)] = value->eval(run);
    if (row[static_cast<std::size_t>(column.number - 1)].is_null() && column.not_null) {
      throw sql_error(sqlstate::not_null_violation, "column \"" + column.name + "\" of relation \"" + after.name + "\" contains null values");
    }
  });
}

void ddl::copy_columns(const ast::like_clause& like, const table_def& source, table_def& table) {
  for (auto& c : source.columns) {
    if (c.dropped) continue;
    if (table.column(c.name) != nullptr) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + c.name + "\" specified more than once");
    }
    column_def copy;
    copy.number = static_cast<std::int16_t>(table.columns.size() + 1);
    copy.name = c.name;
    copy.type = c.type;
    copy.not_null = c.not_null;
    bool stored = c.generated ? like.generated : c.identity == 0 && like.defaults;
    if (stored) copy.default_text = c.default_text;
    copy.generated = c.generated && like.generated;
    // A serial column's default goes on drawing from the sequence of the table that it came from.
    if (stored) copy.owned_sequence = c.owned_sequence;
    if (c.identity != 0 && like.identity) {
      make_serial(copy, table, nullptr);
      copy.identity = c.identity;
    }
    table.columns.push_back(std::move(copy));
  }
}

/// What LIKE copies once the table is there: checks, keys and indexes, comments.
void ddl::copy_rest(const ast::like_clause& like, const table_def& source, table_def& table) {
  auto definitions = owner_.definitions();
  auto number_of = [&](std::int16_t old) { return table.column(source.columns[static_cast<std::size_t>(old - 1)].name)->number; };
  if (like.constraints) {
    for (auto& rule : source.constraints) {
      if (rule.kind != constraint_kind::check) continue;
      constraint_def copy = rule;
      copy.id = new_oid(table);
      copy.columns.clear();
      table.constraints.push_back(std::move(copy));
    }
  }
  for (std::size_t i = 0; like.indexes && i < source.indexes.size(); ++i) {
    auto index = *definitions->find_index(source.indexes[i]);
    auto rule = std::find_if(source.constraints.begin(), source.constraints.end(), [&](auto& r) { return r.index == index.id; });
    std::string names;
    for (auto& k : index.keys) {
      names += "_" + (k.column == 0 ? index_expression_name(k.expression) : source.columns[static_cast<std::size_t>(k.column - 1)].name);
      if (k.column != 0) k.column = number_of(k.column);
    }
    for (auto& n : index.included) {
      names += "_" + source.columns[static_cast<std::size_t>(n - 1)].name;
      n = number_of(n);
    }
    index.id = new_oid(table);
    index.table = table.id;
    index.schema = table.schema;
    index.space = storage::space_id{new_oid(table)};
    index.name = free_name(table.schema, index.primary ? table.name + "_pkey" : table.name + names + (rule == source.constraints.end() ? "_idx" : "_key"));
    table.indexes.push_back(index.id);
    if (rule != source.constraints.end()) {
      constraint_def copy = *rule;
      copy.id = new_oid(table);
      copy.name = index.name;
      copy.index = index.id;
      for (auto& n : copy.columns) n = number_of(n);
      table.constraints.push_back(std::move(copy));
    }
    put(index);
  }
  put(table);
  if (!like.comments) return;
  for (auto& [id, c] : definitions->comments()) {
    if (c.class_id != 1259 || c.object != source.id || c.column == 0) continue;
    put(comment_def{new_oid(table), c.class_id, table.id, number_of(c.column), c.text});
  }
}

}  // namespace helios::sql
