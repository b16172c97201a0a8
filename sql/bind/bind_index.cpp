#include "sql/bind/bind_index.hpp"

#include <algorithm>

#include "sql/parse/parsed_statement.hpp"
#include "sql/plan/join_tree.hpp"

namespace helios::sql {

namespace {

scope row_scope(const table_def& table, int base) {
  scope s;
  relation_entry r;
  r.alias = table.name;
  r.table = &table;
  r.base = base;
  for (auto& c : table.columns) {
    if (!c.dropped) r.columns.push_back({c.name, std::make_shared<slot_expression>(c.type, base + c.number - 1, c.name, table.id, c.number)});
  }
  s.visible = r.columns;
  s.relations.push_back(std::move(r));
  return s;
}

expression_ptr bind_text(binder& bind, const std::string& text, scope& s, const char* clause) {
  auto parsed = parse("SELECT " + text);
  auto& select = std::get<ast::select_statement>(parsed.at(0)->tree().node);
  s.clause = clause;
  return bind.settle_unknown(bind.bind(*select.query->targets.at(0).value, s));
}

}  // namespace

std::shared_ptr<const index_terms> terms_of(analysis& in, const index_def& index, const table_def& table, int base) {
  auto& known = in.index_terms_of[{index.id, base}];
  if (known) return known;
  auto out = std::make_shared<index_terms>();
  out->keys.resize(index.keys.size());
  if (!index.predicate.empty() || index.has_expressions()) {
    binder bind(in);
    auto s = row_scope(table, base);
    for (std::size_t i = 0; i < index.keys.size(); ++i) {
      if (index.keys[i].column == 0) out->keys[i] = bind_text(bind, index.keys[i].expression, s, "index expressions");
    }
    if (!index.predicate.empty()) split_conditions(bind_text(bind, index.predicate, s, "index predicates"), out->predicate);
  }
  known = std::move(out);
  return known;
}

std::string renamed_term(const bind_environment& env, const table_def& table, const std::string& text, const std::string& from,
                         const std::string& to) {
  analysis in(env);
  binder bind(in);
  auto s = row_scope(table, in.add_slots(table.columns.size()));
  // The text knows the column by its old name; what the reference stands for shows the new one.
  for (auto& c : s.visible) {
    if (c.name == to) c.name = from;
  }
  s.relations[0].columns = s.visible;
  return text_of(*bind_text(bind, text, s, "index expressions"));
}

row_terms row_terms_of(const bind_environment& env, const table_def& table, const std::vector<const index_def*>& indexes) {
  row_terms out;
  if (std::none_of(indexes.begin(), indexes.end(), [](auto* i) { return !i->predicate.empty() || i->has_expressions(); })) return out;
  analysis in(env);
  auto base = in.add_slots(table.columns.size());
  for (auto* index : indexes) {
    auto terms = terms_of(in, *index, table, base);
    for (auto& k : terms->keys) {
      if (k) out.values.push_back(k);
    }
    if (terms->predicate.size() == 1) out.values.push_back(terms->predicate[0]);
    if (terms->predicate.size() > 1) {
      out.values.push_back(std::make_shared<logic_expression>(logic_expression::kind::and_, terms->predicate));
    }
  }
  out.frame = in.used().size();
  return out;
}

namespace {
bool is_one_of(oid type, std::initializer_list<oid> list) { return std::find(list.begin(), list.end(), type) != list.end(); }

/// Casts that read the session's time zone, its DateStyle or its search_path.
bool is_stable_cast(oid from, oid to) {
  using namespace type_oid;
  auto string = [](sql::oid t) { return is_one_of(t, {text, varchar, bpchar, name, unknown}); };
  auto dated = [](sql::oid t) { return is_one_of(t, {date, timestamp, timestamptz, time}); };
  if (string(to)) return is_one_of(from, {date, timestamp, timestamptz, regclass, regtype});
  if (string(from)) return dated(to) || is_one_of(to, {interval, regclass, regtype});
  return (from == timestamptz) != (to == timestamptz) && dated(from) && dated(to);
}
}  // namespace

bool is_immutable(const expression& e) {
  auto* call = dynamic_cast<const call_expression*>(&e);
  if (call != nullptr && call->function().stability != volatility::immutable) return false;
  auto* cast = dynamic_cast<const cast_expression*>(&e);
  if (cast != nullptr && is_stable_cast(cast->value()->type().id, cast->type().id)) return false;
  bool out = true;
  e.children([&out](const expression_ptr& child) { out = out && is_immutable(*child); });
  return out;
}

std::vector<std::int16_t> index_columns(const bind_environment& env, const table_def& table, const index_def& index) {
  std::vector<std::int16_t> out = index.included;
  for (auto& k : index.keys) {
    if (k.column != 0) out.push_back(k.column);
  }
  std::vector<int> slots;
  for (auto& v : row_terms_of(env, table, {&index}).values) collect_slots(*v, slots);
  for (int s : slots) out.push_back(static_cast<std::int16_t>(s + 1));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// --- implication ---

namespace {

/// `value op constant`, the constant on the right.
struct bound_value {
  expression_ptr value;
  std::string op;
  const constant_expression* limit = nullptr;
};

std::optional<bound_value> as_bound(const expression& e) {
  auto* call = dynamic_cast<const call_expression*>(&e);
  if (call == nullptr || call->arguments().size() != 2) return std::nullopt;
  auto op = call->op();
  if (op != "=" && op != "<" && op != ">" && op != "<=" && op != ">=") return std::nullopt;
  auto left = call->arguments()[0], right = call->arguments()[1];
  if (auto* c = as_constant(right); c != nullptr) return bound_value{left, op, c};
  auto* c = as_constant(left);
  if (c == nullptr) return std::nullopt;
  if (op[0] == '<') op[0] = '>';
  else if (op[0] == '>') op[0] = '<';
  return bound_value{right, op, c};
}

/// Whether `value have.op have.limit` makes `value want.op want.limit` true.
bool within_bound(const bound_value& have, const bound_value& want) {
  if (have.limit->type().id != want.limit->type().id || have.limit->value().is_null() || want.limit->value().is_null()) return false;
  if (key_of(*have.value) != key_of(*want.value)) return false;
  auto order = get_type(have.limit->type().id).compare(have.limit->value(), want.limit->value());
  bool is_equality = have.op == "=", upward = have.op[0] == '>', strict = have.op.size() == 1 && !is_equality;
  if (want.op == "=") return is_equality && order == 0;
  bool wants_upward = want.op[0] == '>', wants_strict = want.op.size() == 1;
  if (!is_equality && upward != wants_upward) return false;
  if (order == 0) return !wants_strict || strict;
  return wants_upward ? order > 0 : order < 0;
}

/// A condition that cannot be true when this value is NULL.
bool rejects_null(const expression& e, const std::string& value) {
  if (key_of(e) == value) return true;
  if (auto* call = dynamic_cast<const call_expression*>(&e); call != nullptr) {
    if (!call->function().strict) return false;
    return std::any_of(call->arguments().begin(), call->arguments().end(), [&](auto& a) { return rejects_null(*a, value); });
  }
  if (auto* cast = dynamic_cast<const cast_expression*>(&e); cast != nullptr) return rejects_null(*cast->value(), value);
  if (auto* list = dynamic_cast<const list_expression*>(&e); list != nullptr) return !list->all() && rejects_null(*list->value(), value);
  return false;
}

bool implies_one(const expression& have, const expression& want, int depth);

/// x IN (a, b) is x = a OR x = b.
bool list_implies(const list_expression& list, const expression& want) {
  auto bound = as_bound(want);
  if (!bound || list.all() || list.op() != "=" || list.members().empty()) return false;
  return std::all_of(list.members().begin(), list.members().end(), [&](const expression_ptr& m) {
    auto* c = as_constant(m);
    return c != nullptr && (c->value().is_null() || within_bound({list.value(), "=", c}, *bound));
  });
}

bool implies_logic(const logic_expression& want, const expression& have, int depth) {
  auto one = [&](const expression_ptr& w) { return implies_one(have, *w, depth + 1); };
  if (want.what() == logic_expression::kind::or_) return std::any_of(want.arguments().begin(), want.arguments().end(), one);
  return want.what() == logic_expression::kind::and_ && std::all_of(want.arguments().begin(), want.arguments().end(), one);
}

bool implies_one(const expression& have, const expression& want, int depth) {
  if (depth > 20) return false;
  if (key_of(have) == key_of(want)) return true;
  if (auto* logic = dynamic_cast<const logic_expression*>(&have); logic != nullptr) {
    auto one = [&](const expression_ptr& h) { return implies_one(*h, want, depth + 1); };
    if (logic->what() == logic_expression::kind::or_) return std::all_of(logic->arguments().begin(), logic->arguments().end(), one);
    if (logic->what() == logic_expression::kind::and_) return std::any_of(logic->arguments().begin(), logic->arguments().end(), one);
  }
  if (auto* logic = dynamic_cast<const logic_expression*>(&want); logic != nullptr && implies_logic(*logic, have, depth)) return true;
  if (auto* test = dynamic_cast<const test_expression*>(&want); test != nullptr && test->what() == test_expression::kind::not_null) {
    return rejects_null(have, key_of(*test->value()));
  }
  if (auto* list = dynamic_cast<const list_expression*>(&have); list != nullptr) return list_implies(*list, want);
  auto h = as_bound(have), w = as_bound(want);
  return h && w && within_bound(*h, *w);
}

}  // namespace

bool implies(const std::vector<expression_ptr>& filter, const std::vector<expression_ptr>& predicate) {
  return std::all_of(predicate.begin(), predicate.end(), [&](const expression_ptr& p) {
    return std::any_of(filter.begin(), filter.end(), [&](const expression_ptr& f) { return implies_one(*f, *p, 0); });
  });
}

}  // namespace helios::sql
