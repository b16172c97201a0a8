// Casts from and to the types that the catalog defines, and of arrays whose elements have such types.

#include "base/sql_error.hpp"
#include "sql/bind/row_target.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {

namespace {
bool is_string(oid type) {
  auto* ops = find_type(type);
  return ops != nullptr && ops->category == 'S' && type != type_oid::unknown;
}
bool is_defined(oid type) { return type >= first_defined_oid; }
}  // namespace

/// The conditions of a domain hold for whatever becomes its value, NULL included.
expression_ptr binder::to_domain(const expression_ptr& value, const type_ops& domain, cast_context context, int position) {
  auto below = try_coerce(value, base_type(type_ref{domain.id, -1}), context, position);
  return below ? std::make_shared<domain_expression>(domain.id, std::move(below)) : nullptr;
}

/// What is left when there is no cast between the two in pg_cast. nullptr: nothing.
expression_ptr binder::coerce_defined(const expression_ptr& value, type_ref to, cast_context context, int position) {
  const oid from = value->type().id;
  if (auto* row = dynamic_cast<const row_expression*>(value.get()); row != nullptr && from == type_oid::record && is_row_type(to.id)) {
    return to_row(*row, get_type(to.id), context, position);
  }
  if (to.id == type_oid::record && is_row_type(from)) {
    auto* row = dynamic_cast<const row_expression*>(value.get());
    if (row == nullptr) return std::make_shared<record_expression>(value);
    return std::make_shared<row_expression>(row->fields(), row->names(), row->nullable());
  }
  if (element_type(from) != 0 && element_type(to.id) != 0) {
    if (auto out = to_array(value, to, context, position)) return out;
  }
  const bool element_defined = is_defined(element_type(from)) || is_defined(element_type(to.id));
  if (!is_defined(from) && !is_defined(to.id) && !element_defined) return nullptr;
  if (is_string(to.id) && context != cast_context::implicit) {
    return try_coerce(std::make_shared<text_cast_expression>(type_ref{type_oid::text, -1}, value), to, cast_context::explicit_, position);
  }
  if (is_string(from) && context == cast_context::explicit_) {
    return std::make_shared<text_cast_expression>(to, coerce(value, {type_oid::text, -1}, cast_context::implicit, position));
  }
  return nullptr;
}

expression_ptr binder::to_row(const row_expression& row, const type_ops& type, cast_context context, int position) {
  auto columns = attributes_of(type);
  auto fields = row.as_written.empty() ? row.fields() : row.as_written;
  auto refuse = [&](std::string why) {
    throw sql_error(sqlstate::cannot_coerce, "cannot cast type record to " + format_type({type.id, -1})).detail(std::move(why)).at(position);
  };
  if (fields.size() < columns.size()) refuse("Input has too few columns.");
  if (fields.size() > columns.size()) refuse("Input has too many columns.");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto cast = try_coerce(fields[i], columns[i].type, context, position);
    if (!cast) {
      refuse("Cannot cast type " + format_type({fields[i]->type().id, -1}) + " to " + format_type({columns[i].type.id, -1}) +
             " in column " + std::to_string(i + 1) + ".");
    }
    fields[i] = std::move(cast);
  }
  std::vector<std::string> names;
  for (auto& c : columns) names.push_back(c.name);
  return std::make_shared<row_expression>(std::move(fields), std::move(names), false, type.id);
}

expression_ptr bind_row_as(binder& bind, const ast::expr& e, type_ref to, cast_context context, scope& s, int position) {
  const bool domain = to.id >= first_defined_oid && get_type(to.id).kind == 'd';
  if (e.kind != ast::expr_kind::row || domain || !is_row_type(to.id)) return nullptr;
  auto columns = attributes_of(get_type(to.id));
  if (columns.size() != e.args.size()) return nullptr;
  for (auto& a : e.args) {
    if (a->kind == ast::expr_kind::star) return nullptr;
  }
  std::vector<expression_ptr> fields;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names.push_back(columns[i].name);
    fields.push_back(bind_row_as(bind, *e.args[i], columns[i].type, context, s, position));
    if (fields.back()) continue;
    auto value = bind.bind(*e.args[i], s);
    fields.back() = bind.try_coerce(value, columns[i].type, context, position);
    if (fields.back()) continue;
    throw sql_error(sqlstate::cannot_coerce, "cannot cast type record to " + format_type({to.id, -1}))
        .detail("Cannot cast type " + format_type({value->type().id, -1}) + " to " + format_type({columns[i].type.id, -1}) + " in column " +
                std::to_string(i + 1) + ".")
        .at(position);
  }
  return std::make_shared<row_expression>(std::move(fields), std::move(names), false, to.id);
}

expression_ptr binder::to_array(const expression_ptr& value, type_ref to, cast_context context, int position) {
  const oid from = element_type(value->type().id), element = element_type(to.id);
  if (from == element) return std::make_shared<cast_expression>(type_ref{to.id, -1}, value, nullptr, false);
  int slot = in_.add_slots(1);
  in_.use(slot);
  auto held = std::make_shared<slot_expression>(type_ref{from, -1}, slot, "element");
  auto cast = try_coerce(held, {element, to.modifier}, context, position);
  return cast ? std::make_shared<element_cast_expression>(to, value, slot, std::move(cast)) : nullptr;
}

}  // namespace helios::sql
