#include "sql/plan/access_path.hpp"

#include <algorithm>

#include "sql/bind/bind_index.hpp"

namespace helios::sql {

namespace {

constexpr double table_rows = 10000, equal_share = 0.002, range_share = 0.1, filter_share = 0.3;

bool is_integer(oid t) { return t == type_oid::int2 || t == type_oid::int4 || t == type_oid::int8; }
bool is_text(oid t) { return t == type_oid::text || t == type_oid::varchar; }
bool same_keys(oid column_type, oid value_type) {
  const oid column = base_type(column_type), value = base_type(value_type);
  return column == value || (is_integer(column) && is_integer(value)) || (is_text(column) && is_text(value));
}

/// Sees through casts that change nothing (varchar as text).
const slot_expression* column_of(const expression_ptr& e) {
  auto* cast = dynamic_cast<const cast_expression*>(e.get());
  if (cast != nullptr && cast->relabel()) return column_of(cast->value());
  return as_slot(e);
}

/// `subject op value`, with a column of the table at hand or an expression over it on the left.
struct comparison {
  int column = -1;  ///< 0-based; -1: an expression
  expression_ptr subject;
  std::string op;
  expression_ptr value;
  const std::vector<expression_ptr>* any_of = nullptr;
};

std::string mirrored(const std::string& op) {
  if (op == "<") return ">";
  if (op == ">") return "<";
  if (op == "<=") return ">=";
  if (op == ">=") return "<=";
  return op;
}

class matcher {
 public:
  matcher(const table_source& source, const condition_list& filter, const std::function<bool(const expression&)>& usable)
      : source_(source), usable_(usable) {
    for (auto& f : filter) add(f);
  }
  const std::vector<comparison>& found() const { return found_; }

  /// `term`: the key's expression; null for a column.
  const comparison* find(const index_key& key, const expression_ptr& term, std::string_view op) const {
    for (auto& c : found_) {
      if (c.op != op) continue;
      if (term ? c.column < 0 && same_keys(key.type.id, type_of_value(c)) && key_of(*c.subject) == key_of(*term) : c.column + 1 == key.column) return &c;
    }
    return nullptr;
  }

 private:
  void add(const expression_ptr& e) {
    if (auto* list = dynamic_cast<const list_expression*>(e.get()); list != nullptr) {
      add_list(*list);
      return;
    }
    auto* call = dynamic_cast<const call_expression*>(e.get());
    if (call == nullptr || call->arguments().size() != 2) return;
    auto& op = call->op();
    if (op != "=" && op != "<" && op != ">" && op != "<=" && op != ">=") return;
    try_side(op, call->arguments()[0], call->arguments()[1]);
    try_side(mirrored(op), call->arguments()[1], call->arguments()[0]);
  }
  void add_list(const list_expression& list) {
    if (list.all() || list.op() != "=") return;
    int column = own_column(list.value());
    if (column < 0 && !over_row(*list.value())) return;
    for (auto& m : list.members()) {
      if (!fits(column, list.value(), m)) return;
    }
    found_.push_back({column, list.value(), "=", nullptr, &list.members()});
  }
  void try_side(const std::string& op, const expression_ptr& left, const expression_ptr& right) {
    int column = own_column(left);
    if ((column >= 0 || over_row(*left)) && fits(column, left, right)) found_.push_back({column, left, op, right, nullptr});
  }
  static oid type_of_value(const comparison& c) { return c.any_of != nullptr ? c.any_of->front()->type().id : c.value->type().id; }
  /// Whether an expression reads the table's row: only then can it be a key.
  bool over_row(const expression& e) const {
    std::vector<int> slots;
    collect_slots(e, slots);
    return std::any_of(slots.begin(), slots.end(), [this](int s) {
      return s >= source_.base && s < source_.base + static_cast<int>(source_.table->columns.size());
    });
  }
  int own_column(const expression_ptr& e) const {
    auto* slot = column_of(e);
    if (slot == nullptr) return -1;
    int column = slot->slot() - source_.base;
    return column >= 0 && column < static_cast<int>(source_.table->columns.size()) ? column : -1;
  }
  bool fits(int column, const expression_ptr& subject, const expression_ptr& value) const {
    auto type = column < 0 ? subject->type().id : source_.table->columns[static_cast<std::size_t>(column)].type.id;
    return same_keys(type, value->type().id) && usable_(*value) && is_stable(*value);
  }

  const table_source& source_;
  const std::function<bool(const expression&)>& usable_;
  std::vector<comparison> found_;
};

/// Whether a key is what a row is sorted by.
bool is_key(const index_key& key, const expression_ptr& term, const sort_key& by, const table_source& source) {
  if (term) return key_of(*term) == key_of(*by.value);
  auto* slot = as_slot(by.value);
  return slot != nullptr && slot->slot() - source.base + 1 == key.column;
}

/// Does reading the index from key `bound` on give the wanted order? The keys before it are constant.
bool gives_order(const index_def& index, const index_terms& terms, std::size_t bound, const table_source& source,
                 const std::vector<sort_key>& order, bool& backward) {
  if (order.empty()) return false;
  std::size_t key = bound;
  bool decided = false;
  for (auto& o : order) {
    bool constant = false;
    for (std::size_t i = 0; i < bound; ++i) constant = constant || is_key(index.keys[i], terms.keys[i], o, source);
    if (constant) continue;
    if (key >= index.keys.size() || !is_key(index.keys[key], terms.keys[key], o, source)) return false;
    auto& k = index.keys[key];
    bool reverse = o.descending != k.descending;
    if (o.nulls_first != (reverse ? !k.nulls_first : k.nulls_first)) return false;
    if (decided && reverse != backward) return false;
    backward = reverse;
    decided = true;
    ++key;
  }
  return true;
}

access_path with_index(const index_def& index, const index_terms& terms, const matcher& match, const table_source& source,
                       const std::vector<sort_key>& order) {
  access_path out;
  index_range range;
  range.index = &index;
  double rows = table_rows;
  std::size_t bound = 0;
  for (; bound < index.keys.size(); ++bound) {
    auto* c = match.find(index.keys[bound], terms.keys[bound], "=");
    if (c == nullptr) break;
    range.equal.push_back(c->value);
    rows = std::max(1.0, rows * equal_share);
    if (c->any_of != nullptr) {
      range.any_of = *c->any_of;
      rows *= static_cast<double>(c->any_of->size());
      ++bound;
      break;
    }
  }
  if (bound == index.keys.size() && index.keeps_keys_apart()) {
    rows = range.any_of.empty() ? 1 : static_cast<double>(range.any_of.size());
  } else if (bound < index.keys.size() && range.any_of.empty()) {
    auto& key = index.keys[bound];
    auto& term = terms.keys[bound];
    for (const char* op : {">", ">="}) {
      if (auto* c = match.find(key, term, op); c != nullptr && !range.low) range.low = index_bound{c->value, op[1] == '='};
    }
    for (const char* op : {"<", "<="}) {
      if (auto* c = match.find(key, term, op); c != nullptr && !range.high) range.high = index_bound{c->value, op[1] == '='};
    }
    if (range.low) rows *= range_share;
    if (range.high) rows *= range_share;
  }
  bool backward = false;
  if (range.any_of.empty()) out.ordered = gives_order(index, terms, bound, source, order, backward);
  range.backward = out.ordered && backward;
  out.rows = rows;
  bool bounded = !range.equal.empty() || range.low || range.high;
  if (bounded || out.ordered) out.range = std::move(range);
  return out;
}

}  // namespace

access_path choose_access(analysis& in, const table_source& source, const condition_list& filter,
                          const std::function<bool(const expression&)>& usable, const std::vector<sort_key>& order,
                          bool limited) {
  matcher match(source, filter, usable);
  access_path best;
  best.rows = table_rows;
  for (std::size_t i = 0; i < filter.size(); ++i) best.rows *= filter_share;
  double best_cost = table_rows;
  for (oid id : source.table->indexes) {
    auto* index = in.definitions().find_index(id);
    if (index == nullptr) continue;
    auto terms = terms_of(in, *index, *source.table, source.base);
    if (!implies(filter, terms->predicate)) continue;
    auto path = with_index(*index, *terms, match, source, order);
    if (!path.range) continue;
    // Reading through an index costs more per row than reading the table; an order with a LIMIT stops early.
    // Of a partial index and a whole one, the partial one is smaller.
    double cost = path.rows * (terms->predicate.empty() ? 2 : 1.9);
    if (path.ordered) cost = limited ? std::min(cost, 200.0) : cost * 0.8;
    if (cost < best_cost) {
      best_cost = cost;
      best = std::move(path);
      best.rows = std::max(1.0, best.rows);
    }
  }
  return best;
}

}  // namespace helios::sql
