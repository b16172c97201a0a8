// Expressions back to SQL text: how defaults and checks are stored and shown. Everything is put in parentheses where
// precedence could matter; names are quoted when they need it.

#include "base/sql_error.hpp"
#include "sql/ast/deparse.hpp"
#include "sql/types/type_name.hpp"

namespace helios::sql::ast {

namespace {

std::string literal(const std::string& s) {
  std::string out = "'";
  for (char c : s) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string name_list(const std::vector<std::string>& names) {
  std::string out;
  for (auto& n : names) out += (out.empty() ? "" : ".") + quote_identifier(n);
  return out;
}

std::string list(const std::vector<expr_ptr>& items, const char* separator, const column_rename* r, std::size_t from = 0) {
  std::string out;
  for (std::size_t i = from; i < items.size(); ++i) out += (i == from ? "" : separator) + to_sql(*items[i], r);
  return out;
}

std::string type_text(const type_name& t) {
  std::string out = name_list(t.names);
  if (auto stored = stored_type_text(t); !stored.empty()) out = std::move(stored);
  if (!t.modifiers.empty()) {
    out += "(";
    for (auto m : t.modifiers) out += (out.back() == '(' ? "" : ",") + std::to_string(m);
    out += ")";
  }
  for (int i = 0; i < t.array_dimensions; ++i) out += "[]";
  return out;
}

std::string case_text(const expr& e, const column_rename* r) {
  std::string out = "CASE";
  if (e.test) out += " " + to_sql(*e.test, r);
  for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) out += " WHEN " + to_sql(*e.args[i], r) + " THEN " + to_sql(*e.args[i + 1], r);
  if (e.otherwise) out += " ELSE " + to_sql(*e.otherwise, r);
  return out + " END";
}

std::string operation_text(const expr& e, const column_rename* r) {
  if (e.args.size() == 1) return "(" + e.text + " " + to_sql(*e.args[0], r) + ")";
  std::string op = e.text;
  if (e.kind == expr_kind::like) {
    op = e.text == "~~" ? "LIKE" : e.text == "!~~" ? "NOT LIKE" : e.text == "~~*" ? "ILIKE" : e.text == "!~~*" ? "NOT ILIKE" : e.text;
  }
  return "(" + to_sql(*e.args[0], r) + " " + op + " " + to_sql(*e.args[1], r) + ")";
}

}  // namespace

std::string stored_type_text(const type_name& t) {
  auto* types = current_types();
  if (types == nullptr || t.names.front() == stored_type_schema) return {};
  if (t.names.size() == 1 && find_type(std::string_view(t.names[0])) != nullptr) return {};
  auto* type = types->find_defined(t.names.size() > 1 ? std::string_view(t.names[t.names.size() - 2]) : std::string_view(), t.names.back());
  return type == nullptr ? std::string() : stored_type_name({type->id, -1});
}

std::string quote_identifier(const std::string& name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (char c : name) plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  if (plain) return name;
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string to_sql(const expr& e, const column_rename* r) {
  switch (e.kind) {
    case expr_kind::column: {
      if (r == nullptr || e.names.back() != r->from) return name_list(e.names);
      auto names = e.names;
      names.back() = r->to;
      return name_list(names);
    }
    case expr_kind::integer: case expr_kind::number: return e.text;
    case expr_kind::string: return literal(e.text);
    case expr_kind::boolean: return e.flag ? "true" : "false";
    case expr_kind::null: return "NULL";
    case expr_kind::op: case expr_kind::like: return operation_text(e, r);
    case expr_kind::op_any: return "(" + to_sql(*e.args[0], r) + " " + e.text + " ANY (" + to_sql(*e.args[1], r) + "))";
    case expr_kind::op_all: return "(" + to_sql(*e.args[0], r) + " " + e.text + " ALL (" + to_sql(*e.args[1], r) + "))";
    case expr_kind::distinct_from:
      return "(" + to_sql(*e.args[0], r) + (e.flag ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ") + to_sql(*e.args[1], r) + ")";
    case expr_kind::null_if: return "NULLIF(" + list(e.args, ", ", r) + ")";
    case expr_kind::in_list: return "(" + to_sql(*e.args[0], r) + (e.flag ? " NOT IN (" : " IN (") + list(e.args, ", ", r, 1) + "))";
    case expr_kind::between:
      return "(" + to_sql(*e.args[0], r) + (e.flag ? " NOT BETWEEN " : " BETWEEN ") + (e.number == 1 ? "SYMMETRIC " : "") +
             to_sql(*e.args[1], r) + " AND " + to_sql(*e.args[2], r) + ")";
    case expr_kind::and_: return "(" + list(e.args, " AND ", r) + ")";
    case expr_kind::or_: return "(" + list(e.args, " OR ", r) + ")";
    case expr_kind::not_: return "(NOT " + to_sql(*e.args[0], r) + ")";
    case expr_kind::is_null: return "(" + to_sql(*e.args[0], r) + (e.flag ? " IS NOT NULL)" : " IS NULL)");
    case expr_kind::is_bool: {
      static constexpr const char* names[] = {"TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN", "NOT UNKNOWN"};
      return "(" + to_sql(*e.args[0], r) + " IS " + names[e.number] + ")";
    }
    case expr_kind::call: return name_list(e.names) + "(" + (e.star ? "*" : list(e.args, ", ", r)) + ")";
    case expr_kind::cast:
      // true and false come as casts of 't' and 'f'.
      if (e.args[0]->kind == expr_kind::boolean) return to_sql(*e.args[0], r);
      return to_sql(*e.args[0], r) + "::" + type_text(e.type);
    case expr_kind::case_: return case_text(e, r);
    case expr_kind::coalesce: return "COALESCE(" + list(e.args, ", ", r) + ")";
    case expr_kind::greatest: return "GREATEST(" + list(e.args, ", ", r) + ")";
    case expr_kind::least: return "LEAST(" + list(e.args, ", ", r) + ")";
    case expr_kind::array: return "ARRAY[" + list(e.args, ", ", r) + "]";
    case expr_kind::field: return "(" + to_sql(*e.args[0], r) + ")." + quote_identifier(e.names[0]);
    case expr_kind::subscript: {
      const bool plain = e.args[0]->kind == expr_kind::column || e.args[0]->kind == expr_kind::subscript;
      return (plain ? to_sql(*e.args[0], r) : "(" + to_sql(*e.args[0], r) + ")") + "[" + to_sql(*e.args[1], r) + "]";
    }
    case expr_kind::row: return "ROW(" + list(e.args, ", ", r) + ")";
    case expr_kind::current_value: {
      std::string out = e.text;
      for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      return out;
    }
    case expr_kind::collate: return to_sql(*e.args[0], r) + " COLLATE " + name_list(e.names);
    default: throw sql_error(sqlstate::feature_not_supported, "this expression cannot be stored in a definition").at(e.position);
  }
}

}  // namespace helios::sql::ast
