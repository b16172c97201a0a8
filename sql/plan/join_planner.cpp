#include <algorithm>
#include <limits>

#include "base/sql_error.hpp"
#include "sql/plan/access_path.hpp"
#include "sql/plan/join_tree.hpp"
#include "sql/plan/nodes.hpp"

namespace helios::sql {

void split_conditions(const expression_ptr& condition, std::vector<expression_ptr>& out) {
  auto* logic = dynamic_cast<const logic_expression*>(condition.get());
  if (logic == nullptr || logic->what() != logic_expression::kind::and_) {
    out.push_back(condition);
    return;
  }
  for (auto& a : logic->arguments()) split_conditions(a, out);
}

namespace {

using tree = binder::join_tree;
using slot_set = std::vector<bool>;

/// A part of the join that is already planned.
struct unit {
  plan_node_ptr root;
  slot_set slots;
  double rows = 1;
  bool ordered = false;
};

constexpr double index_join_rows_max = 2000;  // beyond, reading the inner side once and hashing it is cheaper

class join_planner {
 public:
  join_planner(analysis& in, const tree& top, bool limited) : in_(in), limited_(limited) { block_ = set_of(top.slots); }

  unit plan(tree& t, std::vector<expression_ptr> conditions, const std::vector<sort_key>& order) {
    switch (t.what) {
      case tree::kind::inner: return inner(t, std::move(conditions), order);
      case tree::kind::outer: return outer(t, std::move(conditions));
      default: return leaf(t, std::move(conditions), {}, order);
    }
  }

 private:
  slot_set set_of(const std::vector<int>& slots) const {
    slot_set out(in_.used().size());
    for (int s : slots) out[static_cast<std::size_t>(s)] = true;
    return out;
  }
  static void add(slot_set& to, const slot_set& from) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i]) to[i] = true;
    }
  }
  /// All slots of this block that `e` reads are in `have`; slots of enclosing queries always are.
  bool covered(const expression& e, const slot_set& have) const {
    std::vector<int> slots;
    collect_slots(e, slots);
    return std::all_of(slots.begin(), slots.end(), [&](int s) { return covered(s, have); });
  }
  bool covered(int slot, const slot_set& have) const {
    auto i = static_cast<std::size_t>(slot);
    return i >= block_.size() || !block_[i] || (i < have.size() && have[i]);
  }
  bool touches(const expression& e, const slot_set& slots) const {
    std::vector<int> read;
    collect_slots(e, read);
    return std::any_of(read.begin(), read.end(), [&](int s) { return slots[static_cast<std::size_t>(s)]; });
  }
  /// Moves the conditions that `have` covers out of `from`.
  std::vector<expression_ptr> take(std::vector<expression_ptr>& from, const slot_set& have) const {
    std::vector<expression_ptr> out, rest;
    for (auto& c : from) (covered(*c, have) ? out : rest).push_back(c);
    from = std::move(rest);
    return out;
  }

  unit leaf(tree& t, std::vector<expression_ptr> filter, const slot_set& available, const std::vector<sort_key>& order) {
    unit out;
    out.slots = set_of(t.slots);
    if (t.what == tree::kind::opaque) {
      out.root = filter.empty() ? t.root : make_filter(t.root, filter);
      out.rows = t.rows;
      return out;
    }
    auto usable = [&](const expression& e) { return covered(e, available); };
    auto path = choose_access(in_, {t.table, t.base, t.alias}, filter, usable, order, limited_);
    out.rows = path.rows;
    out.ordered = path.ordered;
    out.root = path.range ? make_index_scan({t.table, t.base, t.alias}, *path.range, std::move(filter))
                          : make_table_scan({t.table, t.base, t.alias}, std::move(filter));
    return out;
  }

  unit inner(tree& t, std::vector<expression_ptr> conditions, const std::vector<sort_key>& order) {
    conditions.insert(conditions.end(), t.conditions.begin(), t.conditions.end());
    if (t.parts.empty()) {
      unit out{make_one_row(), slot_set(in_.used().size()), 1, true};
      if (!conditions.empty()) out.root = make_filter(out.root, std::move(conditions));
      return out;
    }
    std::vector<tree*> rest;
    for (auto& p : t.parts) rest.push_back(p.get());
    bool single = rest.size() == 1;
    auto first = pick_first(rest, conditions);
    auto own = take(conditions, set_of((*first)->slots));
    unit left = plan(**first, std::move(own), single ? order : std::vector<sort_key>{});
    rest.erase(first);
    while (!rest.empty()) {
      auto next = pick_next(rest, conditions, left);
      auto have = left.slots;
      add(have, set_of((*next)->slots));
      left = join(std::move(left), **next, take(conditions, have), false);
      rest.erase(next);
    }
    if (!conditions.empty()) left.root = make_filter(left.root, std::move(conditions));
    return left;
  }

  double estimate(tree& t, const std::vector<expression_ptr>& conditions, const slot_set& available) const {
    if (t.what == tree::kind::opaque) return t.rows;
    if (t.what != tree::kind::table) return 10000;
    auto have = set_of(t.slots);
    auto both = have;
    add(both, available);
    std::vector<expression_ptr> own;
    for (auto& c : conditions) {
      if (covered(*c, both)) own.push_back(c);
    }
    auto usable = [&](const expression& e) { return covered(e, available); };
    return choose_access(in_, {t.table, t.base, t.alias}, own, usable, {}, false).rows;
  }

  bool ready(const tree& t, const slot_set& have) const {
    return std::all_of(t.needs.begin(), t.needs.end(), [&](int s) { return covered(s, have); });
  }

  std::vector<tree*>::iterator pick_first(std::vector<tree*>& rest, const std::vector<expression_ptr>& conditions) const {
    auto best = rest.end();
    double best_rows = std::numeric_limits<double>::max();
    slot_set none(in_.used().size());
    for (auto it = rest.begin(); it != rest.end(); ++it) {
      if (!ready(**it, none)) continue;
      double rows = rest.size() == 1 ? 0 : estimate(**it, conditions, none);
      if (best == rest.end() || rows < best_rows) {
        best = it;
        best_rows = rows;
      }
    }
    return best;
  }

  std::vector<tree*>::iterator pick_next(std::vector<tree*>& rest, const std::vector<expression_ptr>& conditions,
                                         const unit& left) const {
    auto best = rest.end();
    double best_cost = std::numeric_limits<double>::max();
    for (auto it = rest.begin(); it != rest.end(); ++it) {
      if (!ready(**it, left.slots)) continue;
      auto slots = set_of((*it)->slots);
      auto both = left.slots;
      add(both, slots);
      bool connected = std::any_of(conditions.begin(), conditions.end(), [&](const expression_ptr& c) {
        return covered(*c, both) && touches(*c, slots) && touches(*c, left.slots);
      });
      double cost = estimate(**it, conditions, left.slots) * (connected ? 1 : 1e6);
      if (best == rest.end() || cost < best_cost) {
        best = it;
        best_cost = cost;
      }
    }
    return best;
  }

  struct key_pair {
    expression_ptr left, right;
  };
  /// Equalities between something of the left and something of the right, on types that hash alike.
  std::vector<key_pair> take_keys(std::vector<expression_ptr>& conditions, const slot_set& left, const slot_set& right) const {
    std::vector<key_pair> out;
    std::vector<expression_ptr> rest;
    for (auto& c : conditions) {
      auto* call = dynamic_cast<const call_expression*>(c.get());
      bool usable = call != nullptr && call->op() == "=" && call->arguments().size() == 2 && hashes_alike(*call);
      if (usable) {
        auto a = call->arguments()[0], b = call->arguments()[1];
        if (touches(*a, right)) std::swap(a, b);
        usable = covered(*a, left) && !touches(*a, right) && covered(*b, right) && touches(*b, right);
        if (usable) out.push_back({a, b});
      }
      if (!usable) rest.push_back(c);
    }
    conditions = std::move(rest);
    return out;
  }
  static bool hashes_alike(const call_expression& call) {
    auto a = call.arguments()[0]->type().id, b = call.arguments()[1]->type().id;
    auto integer = [](oid t) { return t == type_oid::int2 || t == type_oid::int4 || t == type_oid::int8; };
    return a == b || (integer(a) && integer(b));
  }

  /// `conditions`: all that left and right together cover; with `keep_left` those of ON.
  unit join(unit left, tree& right, std::vector<expression_ptr> conditions, bool keep_left) {
    auto right_slots = set_of(right.slots);
    unit out;
    out.slots = left.slots;
    add(out.slots, right_slots);
    if (right.what == tree::kind::table && left.rows <= index_join_rows_max) {
      auto usable = [&](const expression& e) { return covered(e, left.slots); };
      auto path = choose_access(in_, {right.table, right.base, right.alias}, conditions, usable, {}, false);
      if (path.range && !path.range->equal.empty()) {
        auto scan = make_index_scan({right.table, right.base, right.alias}, *path.range, std::move(conditions));
        out.root = make_nested_loop(left.root, std::move(scan), keep_left);
        out.rows = std::max(1.0, left.rows * path.rows);
        return out;
      }
    }
    auto own = take(conditions, right_slots);
    unit inner = plan(right, std::move(own), {});
    auto keys = right.needs.empty() ? take_keys(conditions, left.slots, right_slots) : std::vector<key_pair>{};
    if (!keys.empty()) {
      hash_join_spec spec;
      spec.left = left.root;
      spec.right = inner.root;
      for (auto& k : keys) {
        spec.left_keys.push_back(k.left);
        spec.right_keys.push_back(k.right);
      }
      spec.residual = std::move(conditions);
      spec.keep_left = keep_left;
      out.root = make_hash_join(std::move(spec));
      out.rows = std::max(left.rows, inner.rows);
      return out;
    }
    auto inside = right.needs.empty() ? make_materialize(inner.root) : inner.root;
    if (!conditions.empty()) inside = make_filter(std::move(inside), std::move(conditions));
    out.root = make_nested_loop(left.root, std::move(inside), keep_left);
    out.rows = left.rows * inner.rows;
    return out;
  }

  unit outer(tree& t, std::vector<expression_ptr> conditions) {
    if (t.join == ast::join_kind::full) return full(t, std::move(conditions));
    auto& kept = t.join == ast::join_kind::left ? *t.parts[0] : *t.parts[1];
    auto& other = t.join == ast::join_kind::left ? *t.parts[1] : *t.parts[0];
    auto kept_slots = set_of(kept.slots);
    // Conditions without any slot of the other side hold before the join as well as after it.
    auto pushed = take(conditions, kept_slots);
    unit left = plan(kept, std::move(pushed), {});
    auto out = join(std::move(left), other, t.conditions, true);
    if (!conditions.empty()) out.root = make_filter(out.root, std::move(conditions));
    return out;
  }

  unit full(tree& t, std::vector<expression_ptr> conditions) {
    auto on = t.conditions;
    auto left_slots = set_of(t.parts[0]->slots), right_slots = set_of(t.parts[1]->slots);
    auto keys = take_keys(on, left_slots, right_slots);
    if (keys.empty()) {
      throw sql_error(sqlstate::feature_not_supported,
                      "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions");
    }
    unit left = plan(*t.parts[0], {}, {}), right = plan(*t.parts[1], {}, {});
    hash_join_spec spec;
    spec.left = left.root;
    spec.right = right.root;
    for (auto& k : keys) {
      spec.left_keys.push_back(k.left);
      spec.right_keys.push_back(k.right);
    }
    spec.residual = std::move(on);
    spec.keep_left = spec.keep_right = true;
    unit out;
    out.slots = left.slots;
    add(out.slots, right.slots);
    out.rows = left.rows + right.rows;
    out.root = make_hash_join(std::move(spec));
    if (!conditions.empty()) out.root = make_filter(out.root, std::move(conditions));
    return out;
  }

  analysis& in_;
  bool limited_;
  slot_set block_;
};

}  // namespace

join_plan plan_joins(analysis& in, binder::join_tree& tree, std::vector<expression_ptr> conditions,
                     const std::vector<sort_key>& order, bool limited) {
  join_planner planner(in, tree, limited);
  auto out = planner.plan(tree, std::move(conditions), order);
  return {std::move(out.root), out.ordered && !order.empty()};
}

}  // namespace helios::sql
