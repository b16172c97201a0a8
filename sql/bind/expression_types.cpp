// Expressions over types that the catalog defines: domains, rows, and casts through text.
#include "base/sql_error.hpp"
#include "sql/bind/expression.hpp"
#include "sql/types/array.hpp"
#include "sql/types/row_type.hpp"

namespace helios::sql {

datum domain_expression::eval(evaluation& in) const {
  datum value = value_->eval(in);
  current_types()->check_domain(get_type(type().id), value);
  return value;
}

void domain_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  value_->describe(out, as_key);
  out += ")::" + format_type(type());
}

datum text_cast_expression::eval(evaluation& in) const {
  datum value = value_->eval(in);
  if (value.is_null()) return value;
  std::string text;
  get_type(value_->type().id).write_text(value, *in.call.format, text);
  auto kept = in.call.mem->copy(text);
  return get_type(type().id).parse_text(kept, type().modifier, *in.call.format, *in.call.mem);
}

void text_cast_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  value_->describe(out, as_key);
  out += ")::" + format_type(type());
}

datum element_cast_expression::eval(evaluation& in) const {
  datum value = value_->eval(in);
  if (value.is_null()) return value;
  auto array = array_value::from(value);
  array.element = element_type(type().id);
  auto& slot = in.slots[static_cast<std::size_t>(slot_)];
  for (datum& e : array.elements) {
    slot = e;
    e = element_->eval(in);
  }
  return array.to_datum(*in.call.mem);
}

void element_cast_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  value_->describe(out, as_key);
  out += ")::" + format_type(type());
}

datum field_expression::eval(evaluation& in) const {
  datum row = row_->eval(in);
  if (row.is_null()) return row;
  auto fields = read_record(row);
  // A row that was stored before its type got the column.
  return number_ < fields.size() ? fields[number_].value : datum::null();
}

void field_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  row_->describe(out, as_key);
  out += ")." + name_;
}

datum field_store_expression::eval(evaluation& in) const {
  datum row = row_->eval(in), value = value_->eval(in);
  auto columns = attributes_of(get_type(type().id));
  auto fields = row.is_null() ? std::vector<record_field>() : read_record(row);
  for (std::size_t i = fields.size(); i < columns.size(); ++i) fields.push_back({columns[i].type.id, datum::null()});
  fields[number_].value = value;
  return make_record(fields, *in.call.mem);
}

void field_store_expression::describe(std::string& out, bool as_key) const {
  row_->describe(out, as_key);
  out += "." + std::to_string(number_) + " := ";
  value_->describe(out, as_key);
}

datum record_expression::eval(evaluation& in) const {
  datum row = row_->eval(in);
  if (row.is_null()) return row;
  auto names = attributes_of(get_type(row_->type().id));
  auto fields = read_record(row);
  // A row that was stored before its type got more columns has NULL in them.
  for (std::size_t i = fields.size(); i < names.size(); ++i) fields.push_back({names[i].type.id, datum::null()});
  for (std::size_t i = 0; i < names.size(); ++i) fields[i].name = names[i].name;
  return make_record(fields, *in.call.mem);
}

datum row_test_expression::eval(evaluation& in) const {
  datum row = row_->eval(in);
  if (row.is_null()) return datum::of_bool(want_null_);
  auto fields = read_record(row);
  for (const auto& field : fields) {
    if (field.value.is_null() != want_null_) return datum::of_bool(false);
  }
  const oid type = row_->type().id;
  const bool shorter = is_row_type(type) && fields.size() < attributes_of(get_type(type)).size();
  return datum::of_bool(want_null_ || !shorter);
}

void row_test_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  row_->describe(out, as_key);
  out += want_null_ ? " IS NULL)" : " IS NOT NULL)";
}

}  // namespace helios::sql
