// How expressions read in EXPLAIN, and the key by which the analyzer knows that two are equal.

#include "sql/ast/deparse.hpp"
#include "sql/bind/expression.hpp"

namespace helios::sql {

namespace {
void list(std::string& out, const std::vector<expression_ptr>& items, const char* separator, bool as_key) {
  bool first = true;
  for (auto& i : items) {
    if (!first) out += separator;
    first = false;
    i->describe(out, as_key);
  }
}
std::string single_quoted(std::string_view s) {
  std::string out = "'";
  for (char c : s) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}
}  // namespace

void constant_expression::describe(std::string& out, bool as_key) const {
  auto t = type();
  if (value_.is_null()) {
    out += "NULL";
  } else if (auto* ops = find_type(t.id); ops != nullptr) {
    std::string text;
    ops->write_text(value_, format_settings{}, text);
    bool bare = t.id == type_oid::boolean || (t.id == type_oid::int4 && text[0] != '-');
    bool number = ops->category == 'N' && !text.empty() && text[0] != '-';
    if (t.id == type_oid::boolean) out += value_.as_bool() ? "true" : "false";
    else out += bare || (number && t.id == type_oid::numeric) ? text : single_quoted(text);
    if (!bare && !(number && t.id == type_oid::numeric) && t.id != type_oid::unknown) out += "::" + format_type(t);
    return;
  } else {
    out += single_quoted(value_.has_bytes() ? value_.as_bytes() : std::string_view());
  }
  if (as_key) out += "::" + std::to_string(t.id);
}

void slot_expression::describe(std::string& out, bool as_key) const {
  if (as_key) out += "$slot" + std::to_string(slot_);
  else out += ast::quote_identifier(name_);
}

void parameter_expression::describe(std::string& out, bool) const { out += "$" + std::to_string(number_); }

void call_expression::describe(std::string& out, bool as_key) const {
  if (!op_.empty()) {
    out += "(";
    if (arguments_.size() == 1) {
      out += op_;
      out += " ";
      arguments_[0]->describe(out, as_key);
    } else {
      arguments_[0]->describe(out, as_key);
      out += " " + op_ + " ";
      arguments_[1]->describe(out, as_key);
    }
    out += ")";
    return;
  }
  auto* field = std::string_view(function_->name) == "extract" && !as_key ? as_constant(arguments_[0]) : nullptr;
  if (field != nullptr && !field->value().is_null()) {
    out += "EXTRACT(" + std::string(field->value().as_bytes()) + " FROM ";
    arguments_[1]->describe(out, as_key);
    out += ")";
    return;
  }
  if (std::string_view(function_->name) == "position" && arguments_.size() == 2) {
    out += "POSITION((";
    arguments_[1]->describe(out, as_key);
    out += ") IN (";
    arguments_[0]->describe(out, as_key);
    out += "))";
    return;
  }
  out += function_->name;
  out += "(";
  list(out, arguments_, ", ", as_key);
  out += ")";
}

void cast_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  value_->describe(out, as_key);
  out += ")::" + format_type(type());
}

void logic_expression::describe(std::string& out, bool as_key) const {
  if (what_ == kind::not_) {
    out += "(NOT ";
    arguments_[0]->describe(out, as_key);
    out += ")";
    return;
  }
  out += "(";
  list(out, arguments_, what_ == kind::and_ ? " AND " : " OR ", as_key);
  out += ")";
}

void test_expression::describe(std::string& out, bool as_key) const {
  static constexpr const char* names[] = {"NULL", "NOT NULL", "TRUE", "NOT TRUE", "FALSE", "NOT FALSE"};
  out += "(";
  value_->describe(out, as_key);
  out += " IS ";
  out += names[static_cast<int>(what_)];
  out += ")";
}

void case_expression::describe(std::string& out, bool as_key) const {
  out += "CASE";
  for (std::size_t i = 0; i + 1 < branches_.size(); i += 2) {
    out += " WHEN ";
    branches_[i]->describe(out, as_key);
    out += " THEN ";
    branches_[i + 1]->describe(out, as_key);
  }
  if (otherwise_) {
    out += " ELSE ";
    otherwise_->describe(out, as_key);
  }
  out += " END";
}

void special_expression::describe(std::string& out, bool as_key) const {
  static constexpr const char* names[] = {"COALESCE", "GREATEST", "LEAST", "NULLIF"};
  if (what_ == kind::distinct || what_ == kind::not_distinct) {
    out += "(";
    arguments_[0]->describe(out, as_key);
    out += what_ == kind::distinct ? " IS DISTINCT FROM " : " IS NOT DISTINCT FROM ";
    arguments_[1]->describe(out, as_key);
    out += ")";
    return;
  }
  out += names[static_cast<int>(what_)];
  out += "(";
  if (what_ == kind::null_if) list(out, {arguments_[0], arguments_[1]}, ", ", as_key);  // a third one is the result
  else list(out, arguments_, ", ", as_key);
  out += ")";
}

void list_expression::describe(std::string& out, bool as_key) const {
  out += "(";
  value_->describe(out, as_key);
  out += " " + op_ + (all_ ? " ALL (ARRAY[" : " ANY (ARRAY[");
  list(out, members_, ", ", as_key);
  out += "]))";
}

void subquery_expression::describe(std::string& out, bool as_key) const {
  if (as_key) {
    out += "$subquery" + std::to_string(parts_.number);
    return;
  }
  switch (parts_.what) {
    case kind::exists: out += "(EXISTS SubPlan "; break;
    case kind::any: case kind::all: out += "(SubPlan "; break;
    case kind::scalar: case kind::array: out += "($"; break;
  }
  out += std::to_string(parts_.number + 1) + ")";
}

}  // namespace helios::sql
