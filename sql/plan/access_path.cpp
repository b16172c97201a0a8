#include "sql/plan/access_path.hpp"

#include <algorithm>

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

/// `column op value`, with the column of the table at hand on the left.
struct comparison {
  int column = -1;  ///< 0-based
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

  const comparison* equality(std::int16_t number) const { return find(number, "="); }
  const comparison* find(std::int16_t number, std::string_view op) const {
    for (auto& c : found_) {
      if (c.column + 1 == number && c.op == op) return &c;
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
    if (column < 0) return;
    for (auto& m : list.members()) {
      if (!fits(column, m)) return;
    }
    found_.push_back({column, "=", nullptr, &list.members()});
  }
  void try_side(const std::string& op, const expression_ptr& left, const expression_ptr& right) {
    int column = own_column(left);
    if (column >= 0 && fits(column, right)) found_.push_back({column, op, right, nullptr});
  }
  int own_column(const expression_ptr& e) const {
    auto* slot = column_of(e);
    if (slot == nullptr) return -1;
    int column = slot->slot() - source_.base;
    return column >= 0 && column < static_cast<int>(source_.table->columns.size()) ? column : -1;
  }
  bool fits(int column, const expression_ptr& value) const {
    return same_keys(source_.table->columns[static_cast<std::size_t>(column)].type.id, value->type().id) &&
           usable_(*value) && is_stable(*value);
  }

  const table_source& source_;
  const std::function<bool(const expression&)>& usable_;
  std::vector<comparison> found_;
};

/// Does reading the index from key `bound` on give the wanted order? `equal`: columns that are constant.
bool gives_order(const index_def& index, std::size_t bound, const table_source& source, const std::vector<sort_key>& order,
                 bool& backward) {
  if (order.empty()) return false;
  std::size_t key = bound;
  bool decided = false;
  for (auto& o : order) {
    auto* slot = as_slot(o.value);
    if (slot == nullptr) return false;
    int number = slot->slot() - source.base + 1;
    bool constant = std::any_of(index.keys.begin(), index.keys.begin() + static_cast<std::ptrdiff_t>(bound),
                                [number](const index_key& k) { return k.column == number; });
    if (constant) continue;
    if (key >= index.keys.size() || index.keys[key].column != number) return false;
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

access_path with_index(const index_def& index, const matcher& match, const table_source& source, const std::vector<sort_key>& order) {
  access_path out;
  index_range range;
  range.index = &index;
  double rows = table_rows;
  std::size_t bound = 0;
  for (; bound < index.keys.size(); ++bound) {
    auto* c = match.equality(index.keys[bound].column);
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
  if (bound == index.keys.size() && index.unique) {
    rows = range.any_of.empty() ? 1 : static_cast<double>(range.any_of.size());
  } else if (bound < index.keys.size() && range.any_of.empty()) {
    auto column = index.keys[bound].column;
    for (const char* op : {">", ">="}) {
      if (auto* c = match.find(column, op); c != nullptr && !range.low) range.low = index_bound{c->value, op[1] == '='};
    }
    for (const char* op : {"<", "<="}) {
      if (auto* c = match.find(column, op); c != nullptr && !range.high) range.high = index_bound{c->value, op[1] == '='};
    }
    if (range.low) rows *= range_share;
    if (range.high) rows *= range_share;
  }
  bool backward = false;
  if (range.any_of.empty()) out.ordered = gives_order(index, bound, source, order, backward);
  range.backward = out.ordered && backward;
  out.rows = rows;
  bool bounded = !range.equal.empty() || range.low || range.high;
  if (bounded || out.ordered) out.range = std::move(range);
  return out;
}

}  // namespace

access_path choose_access(const catalog& definitions, const table_source& source, const condition_list& filter,
                          const std::function<bool(const expression&)>& usable, const std::vector<sort_key>& order,
                          bool limited) {
  matcher match(source, filter, usable);
  access_path best;
  best.rows = table_rows;
  for (std::size_t i = 0; i < filter.size(); ++i) best.rows *= filter_share;
  double best_cost = table_rows;
  for (oid id : source.table->indexes) {
    auto* index = definitions.find_index(id);
    if (index == nullptr) continue;
    auto path = with_index(*index, match, source, order);
    if (!path.range) continue;
    // Reading through an index costs more per row than reading the table; an order with a LIMIT stops early.
    double cost = path.rows * 2;
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
