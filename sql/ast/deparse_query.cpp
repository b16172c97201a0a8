// Queries back to SQL text, in PostgreSQL's lay-out of view definitions. A text made here parses to a query that means
// the same: what a view stores. Forms that the analysis takes apart (IN, BETWEEN, LIKE) are written as it sees them.

#include "base/sql_error.hpp"
#include "sql/ast/deparse.hpp"
#include "sql/ast/statement.hpp"
#include "sql/types/type.hpp"

namespace helios::sql::ast {

namespace {

std::string literal_text(const std::string& s) {
  std::string out = "'";
  for (char c : s) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string indented(const std::string& text, int by) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out.append(static_cast<std::size_t>(by), ' ');
  }
  return out;
}

std::string dotted(const std::vector<std::string>& names) {
  std::string out;
  for (auto& n : names) out += (out.empty() ? "" : ".") + quote_identifier(n);
  return out;
}

std::string type_text(const type_name& t) {
  auto* known = t.names.size() == 1 || t.names.front() == "pg_catalog" ? find_type(t.names.back()) : nullptr;
  std::string out = known != nullptr ? known->sql_name : dotted(t.names);
  if (auto stored = known == nullptr ? stored_type_text(t) : std::string(); !stored.empty()) out = std::move(stored);
  if (!t.modifiers.empty()) {
    std::string list;
    for (auto m : t.modifiers) list += (list.empty() ? "" : ",") + std::to_string(m);
    auto at = out.find(' ');
    bool time = known != nullptr && (out.starts_with("time") && at != std::string::npos);
    out.insert(time ? at : out.size(), "(" + list + ")");
  }
  for (int i = 0; i < t.array_dimensions; ++i) out += "[]";
  return out;
}

bool is_operation(const expr& e) {
  return e.kind == expr_kind::op || e.kind == expr_kind::like || e.kind == expr_kind::distinct_from;
}

class writer {
 public:
  explicit writer(const query_style& style) : style_(style) {}

  std::string whole(const expr& e) { return top(e); }

  std::string query(const select& q) {
    std::string out = with(q);
    if (q.operation != set_operation::none) {
      out += operand(*q.left) + "\n" + (q.operation == set_operation::union_ ? "UNION" : q.operation == set_operation::intersect ? "INTERSECT" : "EXCEPT");
      out += (q.all ? " ALL\n" : "\n") + operand(*q.right);
    } else {
      out += q.values.empty() ? simple(q) : values(q);
    }
    if (!q.order_by.empty()) out += "\n  ORDER BY " + order(q.order_by, &q);
    if (q.offset) out += "\n OFFSET " + top(*q.offset);
    if (q.limit) out += q.with_ties ? "\n FETCH FIRST " + top(*q.limit) + " ROWS WITH TIES" : "\n LIMIT " + top(*q.limit);
    for (auto& l : q.locking) out += locking(l);
    return out;
  }

 private:
  /// Parentheses that PostgreSQL's pretty form leaves out.
  std::string in_parentheses(const std::string& text, bool optional = true) const {
    return optional && bare_ ? text : "(" + text + ")";
  }
  /// An expression where nothing around it could take it apart.
  std::string top(const expr& e) {
    bool before = bare_;
    bare_ = style_.pretty;
    auto out = expression(e);
    bare_ = before;
    return out;
  }
  /// An argument of an operator.
  std::string inside(const expr& e) {
    bool before = bare_;
    bare_ = false;
    auto out = expression(e);
    bare_ = before;
    return out;
  }
  /// An argument of AND or OR: comparisons need no parentheses in the pretty form.
  std::string condition(const expr& e, expr_kind parent) {
    bool before = bare_;
    bool safe = e.kind != expr_kind::or_ && !(e.kind == expr_kind::and_ && parent == expr_kind::not_);
    if (e.kind == expr_kind::between) safe = parent == expr_kind::and_;
    if (e.kind == expr_kind::in_list || e.kind == expr_kind::op_any || e.kind == expr_kind::op_all) safe = false;
    bare_ = style_.pretty && safe;
    auto out = expression(e);
    bare_ = before;
    return out;
  }
  std::string list(const std::vector<expr_ptr>& items, std::size_t from = 0) {
    std::string out;
    for (std::size_t i = from; i < items.size(); ++i) out += (i == from ? "" : ", ") + top(*items[i]);
    return out;
  }

  std::string expression(const expr& e) {
    switch (e.kind) {
      case expr_kind::column: {
        auto* known = style_.column ? style_.column(e) : nullptr;
        return known != nullptr ? *known : dotted(e.names);
      }
      case expr_kind::star: return e.names.empty() ? "*" : dotted(e.names) + ".*";
      case expr_kind::integer: case expr_kind::number: return e.text[0] == '-' ? in_parentheses(e.text, false) : e.text;
      case expr_kind::string: {
        auto* type = style_.literal_type ? style_.literal_type(e) : nullptr;
        return type == nullptr ? literal_text(e.text) : *type;
      }
      case expr_kind::boolean: return e.flag ? "true" : "false";
      case expr_kind::null: {
        auto* type = style_.literal_type ? style_.literal_type(e) : nullptr;
        return type == nullptr ? "NULL" : *type;
      }
      case expr_kind::op: case expr_kind::like: return operation(e);
      case expr_kind::and_: case expr_kind::or_: {
        std::string out;
        for (auto& a : e.args) out += (a == e.args[0] ? "" : e.kind == expr_kind::and_ ? " AND " : " OR ") + condition(*a, e.kind);
        return in_parentheses(out);
      }
      case expr_kind::not_: return in_parentheses("NOT " + condition(*e.args[0], e.kind));
      case expr_kind::call: return call(e);
      case expr_kind::cast: return cast(e);
      case expr_kind::case_: return case_text(e);
      case expr_kind::subquery: return "(" + nested(*e.query) + ")";
      case expr_kind::exists: return "(EXISTS (" + nested(*e.query) + "))";
      case expr_kind::array_subquery: return "ARRAY(" + nested(*e.query) + ")";
      case expr_kind::any_subquery: return quantified(e);
      case expr_kind::all_subquery: return "(" + inside(*e.args[0]) + " " + e.text + " ALL (" + nested(*e.query) + "))";
      default: return form(e);
    }
  }

  std::string quantified(const expr& e) {
    auto right = "(" + nested(*e.query) + ")";
    return "(" + inside(*e.args[0]) + (e.text == "=" ? " IN " + right : " " + e.text + " ANY " + right) + ")";
  }

  std::string form(const expr& e) {
    switch (e.kind) {
      case expr_kind::op_any: return in_parentheses(inside(*e.args[0]) + " " + e.text + " ANY (" + top(*e.args[1]) + ")");
      case expr_kind::op_all: return in_parentheses(inside(*e.args[0]) + " " + e.text + " ALL (" + top(*e.args[1]) + ")");
      case expr_kind::distinct_from: {
        auto out = inside(*e.args[0]) + " IS DISTINCT FROM " + inside(*e.args[1]);
        return e.flag ? in_parentheses("NOT (" + out + ")") : in_parentheses(out);
      }
      case expr_kind::null_if: return "NULLIF(" + list(e.args) + ")";
      case expr_kind::in_list: return in_list(e);
      case expr_kind::between: return between(e);
      case expr_kind::is_null: return in_parentheses(inside(*e.args[0]) + (e.flag ? " IS NOT NULL" : " IS NULL"));
      case expr_kind::is_bool: {
        static constexpr const char* names[] = {"TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN", "NOT UNKNOWN"};
        return in_parentheses(inside(*e.args[0]) + " IS " + names[e.number]);
      }
      case expr_kind::coalesce: return "COALESCE(" + list(e.args) + ")";
      case expr_kind::greatest: return "GREATEST(" + list(e.args) + ")";
      case expr_kind::least: return "LEAST(" + list(e.args) + ")";
      case expr_kind::grouping: return "GROUPING(" + list(e.args) + ")";
      case expr_kind::array: return "ARRAY[" + list(e.args) + "]";
      case expr_kind::row: return "ROW(" + list(e.args) + ")";
      case expr_kind::field: return "(" + top(*e.args[0]) + ")." + quote_identifier(e.names[0]);
      case expr_kind::subscript: {
        bool plain = e.args[0]->kind == expr_kind::column || e.args[0]->kind == expr_kind::subscript;
        return (plain ? inside(*e.args[0]) : "(" + inside(*e.args[0]) + ")") + "[" + top(*e.args[1]) + "]";
      }
      case expr_kind::collate: return in_parentheses(inside(*e.args[0]) + " COLLATE " + dotted(e.names));
      case expr_kind::current_value: {
        std::string out = e.text;
        for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        return out;
      }
      default: throw sql_error(sqlstate::feature_not_supported, "this expression cannot be stored in a definition").at(e.position);
    }
  }

  std::string operation(const expr& e) {
    if (e.args.size() == 1) {
      auto& a = *e.args[0];
      if (e.text == "-" && (a.kind == expr_kind::integer || a.kind == expr_kind::number)) return in_parentheses(e.text + inside(a));
      return in_parentheses(e.text + " " + inside(a));
    }
    return in_parentheses(inside(*e.args[0]) + " " + e.text + " " + inside(*e.args[1]));
  }

  std::string in_list(const expr& e) {
    if (e.args.size() == 2 && e.args[0]->kind != expr_kind::row) {
      return in_parentheses(inside(*e.args[0]) + " " + e.text + " " + inside(*e.args[1]));
    }
    if (e.args[0]->kind == expr_kind::row) {
      return in_parentheses(inside(*e.args[0]) + (e.flag ? " NOT IN (" : " IN (") + list(e.args, 1) + ")");
    }
    return in_parentheses(inside(*e.args[0]) + (e.flag ? " <> ALL (ARRAY[" : " = ANY (ARRAY[") + list(e.args, 1) + "])");
  }

  std::string between(const expr& e) {
    bool optional = bare_;
    auto value = inside(*e.args[0]);
    auto one = [&](const char* op, const expr& bound) {
      auto text = value + " " + op + " " + inside(bound);
      return optional ? text : "(" + text + ")";
    };
    if (e.number == 1 || e.flag) {
      auto text = value + (e.flag ? " NOT BETWEEN " : " BETWEEN ") + (e.number == 1 ? "SYMMETRIC " : "") + inside(*e.args[1]) + " AND " + inside(*e.args[2]);
      return "(" + text + ")";
    }
    return in_parentheses(one(">=", *e.args[1]) + " AND " + one("<=", *e.args[2]));
  }

  std::string cast(const expr& e) {
    auto& a = *e.args[0];
    if (a.kind == expr_kind::boolean) return expression(a);
    // true and false come as casts of 't' and 'f'.
    if (a.kind == expr_kind::string && e.type.names.back() == "bool" && (a.text == "t" || a.text == "f")) return a.text == "t" ? "true" : "false";
    if (a.kind == expr_kind::string) return literal_text(a.text) + "::" + type_text(e.type);
    if (a.kind == expr_kind::null) return "NULL::" + type_text(e.type);
    bool plain = style_.pretty && (a.kind == expr_kind::column || a.kind == expr_kind::call || a.kind == expr_kind::cast);
    return (plain ? inside(a) : "(" + top(a) + ")") + "::" + type_text(e.type);
  }

  std::string case_text(const expr& e) {
    std::string out = "\n        CASE";
    if (e.test) out += " " + inside(*e.test);
    for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) {
      out += "\n            WHEN " + top(*e.args[i]) + " THEN " + top(*e.args[i + 1]);
    }
    out += "\n            ELSE " + (e.otherwise ? top(*e.otherwise) : std::string("NULL"));
    return out + "\n        END";
  }

  std::string call(const expr& e) {
    bool own = e.names.size() == 2 && e.names[0] == "pg_catalog";
    if (own && e.names[1] == "extract" && e.args.size() == 2 && e.args[0]->kind == expr_kind::string) {
      return "EXTRACT(" + e.args[0]->text + " FROM " + top(*e.args[1]) + ")";
    }
    if (own && e.names[1] == "position" && e.args.size() == 2) {
      return "POSITION((" + top(*e.args[1]) + ") IN (" + top(*e.args[0]) + "))";
    }
    std::string out = (own ? quote_identifier(e.names[1]) : dotted(e.names)) + "(";
    if (e.distinct) out += "DISTINCT ";
    out += e.star ? "*" : list(e.args);
    if (!e.order.empty() && !e.within_group) out += " ORDER BY " + order(e.order, nullptr);
    out += ")";
    if (e.within_group) out += " WITHIN GROUP (ORDER BY " + order(e.order, nullptr) + ")";
    if (e.filter) out += " FILTER (WHERE " + top(*e.filter) + ")";
    if (e.over) out += " OVER " + (e.over->name.empty() ? "(" + window(*e.over) + ")" : quote_identifier(e.over->name));
    return out;
  }

  std::string window(const window_def& w) {
    std::string out = quote_if(w.base);
    auto add = [&out](const std::string& part) { out += (out.empty() ? "" : " ") + part; };
    if (!w.partition.empty()) add("PARTITION BY " + list(w.partition));
    if (!w.order.empty()) add("ORDER BY " + order(w.order, nullptr));
    if (w.default_frame) return out;
    std::string frame = w.mode == frame_mode::rows ? "ROWS " : w.mode == frame_mode::groups ? "GROUPS " : "RANGE ";
    auto start = bound(w.start, w.start_offset);
    frame += w.between ? "BETWEEN " + start + " AND " + bound(w.end, w.end_offset) : start;
    static constexpr const char* exclusions[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"};
    add(frame + exclusions[static_cast<int>(w.exclusion)]);
    return out;
  }
  static std::string quote_if(const std::string& name) { return name.empty() ? name : quote_identifier(name); }
  std::string bound(frame_bound b, const expr_ptr& offset) {
    switch (b) {
      case frame_bound::unbounded_preceding: return "UNBOUNDED PRECEDING";
      case frame_bound::unbounded_following: return "UNBOUNDED FOLLOWING";
      case frame_bound::current_row: return "CURRENT ROW";
      case frame_bound::offset_preceding: return top(*offset) + " PRECEDING";
      case frame_bound::offset_following: return top(*offset) + " FOLLOWING";
    }
    return {};
  }

  /// `of`: the query whose ORDER BY this is: a position there stands for its expression.
  std::string order(const std::vector<sort_item>& items, const select* of) {
    std::string out;
    for (auto& i : items) {
      out += out.empty() ? "" : ", ";
      out += sort_value(*i.value, of);
      if (i.order == sort_item::direction::descending) out += " DESC";
      if (i.null_order != sort_item::nulls::none) {
        bool first = i.null_order == sort_item::nulls::first, usual = (i.order == sort_item::direction::descending) == first;
        if (!usual) out += first ? " NULLS FIRST" : " NULLS LAST";
      }
    }
    return out;
  }
  std::string sort_value(const expr& e, const select* of) {
    bool plain = of != nullptr && of->operation == set_operation::none && of->values.empty();
    if (plain && e.kind == expr_kind::integer) {
      auto n = static_cast<std::size_t>(std::stoll(e.text)) - 1;
      bool stars = false;
      for (auto& t : of->targets) stars = stars || t.value->kind == expr_kind::star;
      if (!stars && n < of->targets.size()) return top(*of->targets[n].value);
      return e.text;
    }
    auto* names = style_.outputs && plain ? style_.outputs(*of) : nullptr;
    bool known = !style_.column || style_.column(e) != nullptr;
    if (names != nullptr && !known && e.kind == expr_kind::column && e.names.size() == 1) {
      // The name of a result column stands for what the column is.
      for (std::size_t i = 0; i < names->size() && names->size() == of->targets.size(); ++i) {
        if ((*names)[i] == e.names[0]) return top(*of->targets[i].value);
      }
    }
    return is_operation(e) ? in_parentheses(top(e), false) : top(e);
  }

  std::string grouping(const grouping_item& g, const select& q) {
    std::string inner;
    for (auto& i : g.items) inner += (inner.empty() ? "" : ", ") + grouping(i, q);
    switch (g.what) {
      case grouping_item::kind::value: return sort_value(*g.value, &q);
      case grouping_item::kind::list: return "(" + inner + ")";
      case grouping_item::kind::rollup: return "ROLLUP(" + inner + ")";
      case grouping_item::kind::cube: return "CUBE(" + inner + ")";
      case grouping_item::kind::sets: return "GROUPING SETS (" + inner + ")";
    }
    return inner;
  }

  std::string target_list(const select& q) {
    auto* names = style_.outputs ? style_.outputs(q) : nullptr;
    std::string out;
    std::size_t number = 0;
    auto add = [&](const std::string& text, const std::string& own, const std::string& written) {
      std::string name = names != nullptr && number < names->size() ? (*names)[number] : written;
      bool own_line = text[0] == '\n';
      out += number == 0 ? (own_line ? "" : " ") : own_line ? "," : ",\n    ";
      ++number;
      out += text;
      bool needed = style_.all_names || name != own;
      if (!name.empty() && needed && name != "?column?") out += " AS " + quote_identifier(name);
    };
    for (auto& t : q.targets) {
      if (t.value->kind != expr_kind::star) {
        add(top(*t.value), t.value->kind == expr_kind::column ? t.value->names.back() : std::string(), t.name);
        continue;
      }
      auto* columns = style_.star ? style_.star(*t.value) : nullptr;
      if (columns == nullptr) {
        add(expression(*t.value), {}, {});
        continue;
      }
      for (auto& c : *columns) {
        auto own = names != nullptr && number < names->size() ? (*names)[number] : std::string();
        add(c, own, {});
      }
    }
    return out;
  }

  std::string simple(const select& q) {
    std::string out = " SELECT";
    if (q.distinct) out += q.distinct_on.empty() ? " DISTINCT" : " DISTINCT ON (" + list(q.distinct_on) + ")";
    out += target_list(q);
    for (auto& f : q.from) out += (f == q.from[0] ? "\n   FROM " : ",\n    ") + from(*f);
    if (q.where) out += "\n  WHERE " + top(*q.where);
    for (auto& g : q.group_by) out += (&g == &q.group_by[0] ? std::string("\n  GROUP BY ") + (q.group_distinct ? "DISTINCT " : "") : ", ") + grouping(g, q);
    if (q.having) out += "\n HAVING " + top(*q.having);
    for (auto& w : q.windows) out += (w == q.windows[0] ? "\n  WINDOW " : ", ") + quote_identifier(w->name) + " AS (" + window(*w) + ")";
    return out;
  }

  std::string values(const select& q) {
    std::string out = " VALUES ";
    for (auto& row : q.values) out += (&row == &q.values[0] ? "(" : ", (") + list(row) + ")";
    return out;
  }

  std::string operand(const select& q) {
    bool simple_one = q.order_by.empty() && !q.limit && !q.offset && q.with.empty() && q.operation == set_operation::none;
    return simple_one ? query(q) : "(" + query(q) + ")";
  }

  std::string nested(const select& q) { return indented(query(q), 8); }

  std::string locking(const locking_clause& l) {
    static constexpr const char* strengths[] = {"KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"};
    std::string out = std::string("\n FOR ") + strengths[static_cast<int>(l.strength)];
    for (auto& n : l.of) out += (&n == &l.of[0] ? " OF " : ", ") + quote_identifier(n.name);
    return out + (l.wait == lock_wait::skip ? " SKIP LOCKED" : l.wait == lock_wait::nowait ? " NOWAIT" : "");
  }

  std::string with(const select& q) {
    std::string out;
    for (auto& t : q.with) {
      auto* inner = std::get_if<select_statement>(&t.query->node);
      if (inner == nullptr) throw sql_error(sqlstate::feature_not_supported, "views must not contain data-modifying statements in WITH");
      out += out.empty() ? std::string(" WITH ") + (q.recursive ? "RECURSIVE " : "") : ", ";
      out += quote_identifier(t.name);
      for (auto& c : t.columns) out += (&c == &t.columns[0] ? "(" : ", ") + quote_identifier(c);
      out += t.columns.empty() ? " AS (\n        " : ") AS (\n        ";
      out += indented(query(*inner->query), 8) + "\n        )";
    }
    return out.empty() ? out : out + "\n";
  }

  std::string alias(const from_item& f, const std::string& own) {
    std::string name = f.alias != own ? f.alias : std::string();
    if (name.empty() && !f.column_aliases.empty()) name = f.alias.empty() ? own : f.alias;
    std::string out = name.empty() ? name : " " + quote_identifier(name);
    for (auto& c : f.column_aliases) out += (&c == &f.column_aliases[0] ? "(" : ", ") + quote_identifier(c);
    return f.column_aliases.empty() ? out : out + ")";
  }

  std::string from(const from_item& f) {
    switch (f.what) {
      case from_item::kind::table: {
        auto name = style_.relation ? style_.relation(f.table) : std::string();
        if (name.empty()) name = (f.table.schema.empty() ? "" : quote_identifier(f.table.schema) + ".") + quote_identifier(f.table.name);
        auto dot = name.rfind('.');
        auto last = dot == std::string::npos ? name : name.substr(dot + 1);
        return name + alias(f, style_.all_names ? f.table.name : last);
      }
      case from_item::kind::query: return std::string(f.lateral ? "LATERAL " : "") + "(" + nested(*f.query) + ")" + alias(f, {});
      case from_item::kind::function: {
        std::string out = (f.lateral ? "LATERAL " : "") + top(*f.function) + (f.ordinality ? " WITH ORDINALITY" : "");
        if (f.alias.empty() && f.function->kind == expr_kind::call) {
          return out + " " + quote_identifier(f.function->names.back()) + (f.ordinality ? "" : "(" + quote_identifier(f.function->names.back()) + ")");
        }
        return out + alias(f, {}) + (f.column_aliases.empty() && !f.ordinality ? "(" + quote_identifier(f.alias) + ")" : "");
      }
      case from_item::kind::join: return join(f);
    }
    return {};
  }

  std::string join(const from_item& f) {
    if (f.natural) throw sql_error(sqlstate::feature_not_supported, "NATURAL JOIN in a view is not supported").hint("Name the columns with USING.");
    static constexpr const char* kinds[] = {"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"};
    auto right = from(*f.right);
    if (style_.pretty && f.right->what == from_item::kind::join && f.right->alias.empty()) right = "(" + right + ")";
    std::string out = from(*f.left) + "\n     " + kinds[static_cast<int>(f.join)] + " " + right;
    for (auto& c : f.using_columns) out += (&c == &f.using_columns[0] ? " USING (" : ", ") + quote_identifier(c);
    if (!f.using_columns.empty()) out += ")";
    if (f.on) out += " ON " + in_parentheses_unless_pretty(*f.on);
    if (f.alias.empty()) return style_.pretty ? out : "(" + out + ")";
    return "(" + out + ")" + alias(f, {});
  }
  std::string in_parentheses_unless_pretty(const expr& e) { return style_.pretty ? top(e) : "(" + top(e) + ")"; }

  const query_style& style_;
  bool bare_ = false;
};

}  // namespace

std::string to_sql(const select& q, const query_style& style) { return writer(style).query(q); }

std::string to_sql(const expr& e, const query_style& style) { return writer(style).whole(e); }

}  // namespace helios::sql::ast
