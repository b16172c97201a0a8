// Fields of rows: (row).field and (row).*.

#include "base/sql_error.hpp"
#include "sql/bind/binder.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {

namespace {
/// Names and types of a row's fields; nothing for a record that does not tell them.
std::vector<row_attribute> known_fields(const expression& value) {
  if (is_row_type(value.type().id)) return attributes_of(get_type(value.type().id));
  auto* row = dynamic_cast<const row_expression*>(&value);
  std::vector<row_attribute> out;
  for (std::size_t i = 0; row != nullptr && i < row->fields().size(); ++i) {
    out.push_back({i < row->names().size() ? row->names()[i] : "f" + std::to_string(i + 1), row->fields()[i]->type()});
  }
  return out;
}

expression_ptr field_at(const expression_ptr& value, const row_attribute& known, std::size_t i) {
  if (auto* row = dynamic_cast<const row_expression*>(value.get()); row != nullptr) return row->fields()[i];
  return std::make_shared<field_expression>(known.type, value, i, known.name);
}
}  // namespace

expression_ptr binder::field(const ast::expr& e, scope& s) {
  auto value = bind(*e.args[0], s);
  auto& name = e.names[0];
  const oid type = value->type().id;
  const bool row = type == type_oid::record || is_row_type(type);
  if (!row) {
    throw sql_error("42809", "column notation ." + name + " applied to type " + format_type({type, -1}) + ", which is not a composite type")
        .at(start_of(e));
  }
  auto fields = known_fields(*value);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return field_at(value, fields[i], i);
  }
  const bool relation = e.args[0]->kind == ast::expr_kind::column && dynamic_cast<const row_expression*>(value.get()) != nullptr;
  if (relation) {
    throw sql_error(sqlstate::undefined_column, "column " + e.args[0]->names.back() + "." + name + " does not exist").at(start_of(e));
  }
  if (type == type_oid::record) {
    throw sql_error(sqlstate::undefined_column, "could not identify column \"" + name + "\" in record data type").at(start_of(e));
  }
  throw sql_error(sqlstate::undefined_column, "column \"" + name + "\" not found in data type " + format_type({type, -1})).at(start_of(e));
}

std::size_t binder::field_number(type_ref type, const std::string& field, const std::string& column, int position) const {
  if (!is_row_type(type.id)) {
    throw sql_error(sqlstate::datatype_mismatch, "cannot assign to field \"" + field + "\" of column \"" + column + "\" because its type " +
                                                     format_type({type.id, -1}) + " is not a composite type").at(position);
  }
  auto columns = attributes_of(get_type(type.id));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == field) return i;
  }
  throw sql_error(sqlstate::undefined_column, "cannot assign to field \"" + field + "\" of column \"" + column +
                                                  "\" because there is no such column in data type " + format_type({type.id, -1}))
      .at(position);
}

expression_ptr binder::store_field(const expression_ptr& row, std::span<const std::string> path, const ast::expr& value,
                                   const std::string& column, int position, scope& s) {
  const type_ref type = row->type();
  auto number = field_number(type, path[0], column, position);
  auto part = attributes_of(get_type(type.id))[number];
  expression_ptr stored;
  if (path.size() > 1) {
    auto inner = std::make_shared<field_expression>(part.type, row, number, part.name);
    stored = store_field(inner, path.subspan(1), value, path[0], position, s);
  } else if (value.kind == ast::expr_kind::default_) {
    throw sql_error(sqlstate::feature_not_supported, "cannot set a subfield to DEFAULT").at(position);
  } else {
    auto given = bind(value, s);
    stored = try_coerce(given, part.type, cast_context::assignment, start_of(value));
    if (!stored) {
      throw sql_error(sqlstate::datatype_mismatch, "subfield \"" + path[0] + "\" is of type " + format_type({part.type.id, -1}) +
                                                       " but expression is of type " + format_type({given->type().id, -1}))
          .hint("You will need to rewrite or cast the expression.").at(position);
    }
  }
  type_ref base = base_type(type);
  auto out = std::make_shared<field_store_expression>(base, row, number, std::move(stored));
  return base == type ? out : coerce(out, type, cast_context::assignment, position);
}

void binder::expand_row(const ast::expr& e, scope& s, std::vector<output_column>& out) {
  auto value = star_as_row(e, s);
  const oid type = value->type().id;
  auto fields = known_fields(*value);
  if (fields.empty() && type == type_oid::record) {
    throw sql_error("42809", "record type has not been registered").at(start_of(e));
  }
  if (type != type_oid::record && !is_row_type(type)) {
    throw sql_error("42809", "type " + format_type({type, -1}) + " is not composite").at(start_of(e));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) out.push_back({fields[i].name, field_at(value, fields[i], i)});
}

}  // namespace helios::sql
