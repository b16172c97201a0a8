// Arrays and rows in expressions.

#include "base/sql_error.hpp"
#include "sql/bind/expression.hpp"
#include "sql/types/array.hpp"

namespace helios::sql {

namespace {
void list(std::string& out, const std::vector<expression_ptr>& items, bool as_key) {
  bool first = true;
  for (auto& i : items) {
    if (!first) out += ", ";
    first = false;
    i->describe(out, as_key);
  }
}

void visit_all(const std::vector<expression_ptr>& items, const std::function<void(const expression_ptr&)>& visit) {
  for (auto& i : items) visit(i);
}

[[noreturn]] void uneven() {
  throw sql_error("2202E", "multidimensional arrays must have array expressions with matching dimensions");
}
}  // namespace

datum array_expression::eval(evaluation& in) const {
  std::vector<datum> values;
  for (auto& i : items_) values.push_back(i->eval(in));
  if (!nested_) return array_value::of(element_, std::move(values)).to_datum(*in.call.mem);
  array_value out;
  out.element = element_;
  std::vector<array_value> parts;
  for (auto& v : values) {
    if (v.is_null()) uneven();
    parts.push_back(array_value::from(v));
  }
  for (auto& p : parts) {
    bool same = p.dimensions.size() == parts[0].dimensions.size();
    for (std::size_t d = 0; same && d < p.dimensions.size(); ++d) same = p.dimensions[d].length == parts[0].dimensions[d].length;
    if (!same) uneven();
    out.elements.insert(out.elements.end(), p.elements.begin(), p.elements.end());
  }
  if (!out.elements.empty()) {
    out.dimensions = parts[0].dimensions;
    out.dimensions.insert(out.dimensions.begin(), {static_cast<std::int32_t>(parts.size()), 1});
  }
  return out.to_datum(*in.call.mem);
}

void array_expression::children(const std::function<void(const expression_ptr&)>& visit) const { visit_all(items_, visit); }

void array_expression::describe(std::string& out, bool as_key) const {
  out += "ARRAY[";
  list(out, items_, as_key);
  out += "]";
}

datum array_test_expression::eval(evaluation& in) const {
  datum args[2] = {value_->eval(in), {}};
  datum source = array_->eval(in);
  if (source.is_null()) return datum::null();
  auto array = array_value::from(source);
  bool unknown = false;
  for (datum element : array.elements) {
    args[1] = element.is_null() || cast_ == nullptr || cast_->call == nullptr ? element : cast_->call(in.call, element, -1, false);
    bool null = function_->strict && (args[0].is_null() || args[1].is_null());
    datum d = null ? datum::null() : function_->call(in.call, std::span<const datum>(args, 2));
    if (d.is_null()) unknown = true;
    else if (d.as_bool() != all_) return datum::of_bool(!all_);
  }
  return unknown ? datum::null() : datum::of_bool(all_);
}

void array_test_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  visit(value_);
  visit(array_);
}

void array_test_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  value_->describe(out, as_key);
  out += " " + op_ + (all_ ? " ALL (" : " ANY (");
  array_->describe(out, as_key);
  out += "))";
}

datum subscript_expression::eval(evaluation& in) const {
  datum source = array_->eval(in);
  if (source.is_null()) return datum::null();
  auto array = array_value::from(source);
  if (array.dimensions.size() != indexes_.size()) return datum::null();
  std::size_t at = 0;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    datum index = indexes_[i]->eval(in);
    if (index.is_null()) return datum::null();
    auto& d = array.dimensions[i];
    auto offset = index.as_int() - d.lower;
    if (offset < 0 || offset >= d.length) return datum::null();
    at = at * static_cast<std::size_t>(d.length) + static_cast<std::size_t>(offset);
  }
  return array.elements.at(at);
}

void subscript_expression::children(const std::function<void(const expression_ptr&)>& visit) const {
  visit(array_);
  visit_all(indexes_, visit);
}

void subscript_expression::describe(std::string& out, bool as_key) const {
  array_->describe(out, as_key);
  for (auto& i : indexes_) {
    out += "[";
    i->describe(out, as_key);
    out += "]";
  }
}

datum row_expression::eval(evaluation& in) const {
  std::vector<record_field> fields;
  bool missing = nullable_;
  const bool named = type().id == type_oid::record;  // a row type knows its names itself
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    fields.push_back({fields_[i]->type().id, fields_[i]->eval(in), named && i < names_.size() ? std::string_view(names_[i]) : std::string_view()});
    missing = missing && fields.back().value.is_null();
  }
  if (missing) return datum::null();
  return make_record(fields, *in.call.mem);
}

void row_expression::children(const std::function<void(const expression_ptr&)>& visit) const { visit_all(fields_, visit); }

void row_expression::describe(std::string& out, bool as_key) const {
  out += "ROW(";
  list(out, fields_, as_key);
  out += ")";
}

std::vector<expression_ptr> arguments_for(const aggregate_def& aggregate, std::vector<expression_ptr> arguments) {
  if (aggregate.typed_arguments) {
    for (auto& a : arguments) a = std::make_shared<row_expression>(std::vector<expression_ptr>{a});
  }
  return arguments;
}

}  // namespace helios::sql
