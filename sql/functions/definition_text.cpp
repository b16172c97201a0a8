#include "sql/functions/definition_text.hpp"

#include "sql/functions/identifier.hpp"
#include "sql/types/type_name.hpp"
#include "sql/views/system_views.hpp"

namespace helios::sql {
namespace {

bool has_relation(const catalog& c, oid schema, std::string_view name) {
  return c.find_table(schema, name) || c.find_index(schema, name) || c.find_sequence(schema, name) ||
         find_system_view(schema, name);
}

std::string column_name(const table_def& table, std::int16_t number) {
  for (const auto& c : table.columns)
    if (c.number == number) return quote_identifier(c.name);
  return "?column?";
}

std::string column_list(const table_def* table, const std::vector<std::int16_t>& numbers) {
  std::string out;
  for (auto n : numbers) out.append(out.empty() ? "" : ", ").append(table ? column_name(*table, n) : "?column?");
  return "(" + out + ")";
}

const char* action_text(fk_action action) {
  switch (action) {
    case fk_action::no_action: return "";
    case fk_action::restrict: return "RESTRICT";
    case fk_action::cascade: return "CASCADE";
    case fk_action::set_null: return "SET NULL";
    case fk_action::set_default: return "SET DEFAULT";
  }
  return "";
}

std::string foreign_key_text(const catalog& c, const table_def& table, const constraint_def& k, std::span<const oid> path) {
  std::string out = "FOREIGN KEY " + column_list(&table, k.columns) + " REFERENCES " +
                    shown_relation_name(c, path, k.referenced_table) +
                    column_list(c.find_table(k.referenced_table), k.referenced_columns);
  if (k.match_full) out += " MATCH FULL";
  if (k.on_update != fk_action::no_action) out.append(" ON UPDATE ").append(action_text(k.on_update));
  if (k.on_delete != fk_action::no_action) out.append(" ON DELETE ").append(action_text(k.on_delete));
  if (!k.delete_columns.empty()) out += " " + column_list(&table, k.delete_columns);
  return out;
}

std::string key_constraint_text(const catalog& c, const table_def& table, const constraint_def& k) {
  const index_def* index = c.find_index(k.index);
  std::string out = k.kind == constraint_kind::primary_key ? "PRIMARY KEY " : "UNIQUE ";
  if (index && index->nulls_not_distinct) out += "NULLS NOT DISTINCT ";
  out += column_list(&table, k.columns);
  if (index && !index->included.empty()) out += " INCLUDE " + column_list(&table, index->included);
  return out;
}

}  // namespace

std::string_view without_parentheses(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) return text;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0 && i + 1 < text.size()) return text;
  }
  return text.substr(1, text.size() - 2);
}

std::optional<relation_identity> identify_relation(const catalog& c, oid id) {
  if (const table_def* t = c.find_table(id)) return relation_identity{t->name, t->schema, t->kind};
  if (const index_def* i = c.find_index(id)) return relation_identity{i->name, i->schema, 'i'};
  if (const sequence_def* s = c.find_sequence(id)) return relation_identity{s->name, s->schema, 'S'};
  if (const system_view* v = find_system_view(id)) return relation_identity{v->relation.name, v->schema, v->kind};
  return std::nullopt;
}

bool is_visible(const catalog& c, std::span<const oid> path, const relation_identity& relation) {
  for (oid schema : path)
    if (has_relation(c, schema, relation.name)) return schema == relation.schema;
  return false;
}

std::string qualified_name(const catalog& c, oid schema, std::string_view name) {
  const schema_def* s = c.find_schema(schema);
  if (s && is_temporary(schema)) return "pg_temp." + quote_identifier(name);
  return (s ? quote_identifier(s->name) + "." : std::string()) + quote_identifier(name);
}

std::string shown_relation_name(const catalog& c, std::span<const oid> path, oid id) {
  const auto relation = identify_relation(c, id);
  if (!relation) return {};
  return is_visible(c, path, *relation) ? quote_identifier(relation->name) : qualified_name(c, relation->schema, relation->name);
}

std::string index_text(const catalog& c, const index_def& index, const index_text_options& options) {
  const table_def* table = c.find_table(index.table);
  if (!table) return {};
  std::string out = index.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ";
  out += quote_identifier(index.name) + " ON ";
  out += options.always_qualify ? qualified_name(c, table->schema, table->name) : shown_relation_name(c, options.path, table->id);
  out += " USING btree (";
  for (std::size_t i = 0; i < index.keys.size(); ++i) {
    const index_key& k = index.keys[i];
    out.append(i == 0 ? "" : ", ").append(index_key_text(*table, k, options.pretty));
    if (!k.operator_class.empty()) out += " " + quote_identifier(k.operator_class);
    if (k.descending) out += k.nulls_first ? " DESC" : " DESC NULLS LAST";
    else if (k.nulls_first) out += " NULLS FIRST";
  }
  out += ")";
  if (!index.included.empty()) out += " INCLUDE " + column_list(table, index.included);
  if (index.nulls_not_distinct) out += " NULLS NOT DISTINCT";
  if (index.predicate.empty()) return out;
  return out + " WHERE " + (options.pretty ? options.pretty(index.predicate) : index.predicate);
}

std::string index_key_text(const table_def& table, const index_key& key, const pretty_text& pretty) {
  if (key.column != 0) return column_name(table, key.column);
  const auto& text = key.expression;
  const bool is_call = !text.starts_with('(') && !text.starts_with("CASE ") && text.ends_with(')') && text.find('(') != std::string::npos;
  const auto shown = pretty ? pretty(text) : text;
  return is_call ? shown : "(" + shown + ")";
}

std::string index_expression_name(const std::string& text) {
  if (text.starts_with("CASE")) return "case";
  const auto plain = [](std::string_view s) {
    return !s.empty() && s.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
  };
  // (a)::text and a[1] are named after the column.
  if (const auto end = text.find(")::"); text.starts_with('(') && end != std::string::npos && plain(text.substr(1, end - 1)))
    return text.substr(1, end - 1);
  if (const auto end = text.find('['); end != std::string::npos && plain(text.substr(0, end))) return text.substr(0, end);
  const auto end = text.find('(');
  std::string base = end == 0 || end == std::string::npos ? "expr" : text.substr(0, end);
  for (char& ch : base) ch = ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch;
  return base;
}

std::string index_column_text(const catalog& c, const index_def& index, std::size_t number, const pretty_text& pretty) {
  const table_def* table = c.find_table(index.table);
  if (!table || number == 0 || number > index.keys.size() + index.included.size()) return {};
  if (number <= index.keys.size()) return index_key_text(*table, index.keys[number - 1], pretty);
  return column_name(*table, index.included[number - index.keys.size() - 1]);
}

std::string constraint_text(const catalog& c, const table_def& table, const constraint_def& k, std::span<const oid> path,
                            const pretty_text& pretty) {
  std::string out;
  switch (k.kind) {
    case constraint_kind::primary_key: case constraint_kind::unique: out = key_constraint_text(c, table, k); break;
    case constraint_kind::foreign_key: out = foreign_key_text(c, table, k, path); break;
    case constraint_kind::check:
      out = "CHECK (" + with_type_names(pretty ? pretty(k.check_text) : k.check_text) + ")";
      break;
  }
  if (k.deferrable) out += " DEFERRABLE";
  if (k.initially_deferred) out += " INITIALLY DEFERRED";
  if (!k.validated) out += " NOT VALID";
  return out;
}

found_domain_constraint find_domain_constraint(const catalog& c, oid id) {
  for (const auto& [type_id, type] : c.type_definitions())
    for (const auto& k : type.constraints)
      if (k.id == id) return {&type, &k};
  return {};
}

std::string constraint_text(const domain_constraint& k, bool pretty) {
  std::string out = "CHECK (" + with_type_names(pretty ? without_parentheses(k.check_text) : std::string_view(k.check_text)) + ")";
  return k.validated ? out : out + " NOT VALID";
}

found_constraint find_constraint(const catalog& c, oid id) {
  for (const auto& [table_id, table] : c.tables())
    for (const auto& k : table.constraints)
      if (k.id == id) return {&table, &k};
  return {};
}

}  // namespace helios::sql
