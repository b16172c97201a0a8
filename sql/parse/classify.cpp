// What a statement does to the database, from its text alone.

#include <algorithm>

#include "sql/functions/function.hpp"
#include "sql/parse/parsed_statement.hpp"

namespace helios::sql {

namespace {

bool writes(const ast::select& q);
bool writes(const ast::statement& s);
bool writes(const ast::window_def& w);

bool writes(const ast::expr& e) {
  if (e.kind == ast::expr_kind::call && function_writes(e.names.back())) return true;
  if (e.query && writes(*e.query)) return true;
  auto any = [](const std::vector<ast::expr_ptr>& list) {
    return std::any_of(list.begin(), list.end(), [](auto& a) { return a && writes(*a); });
  };
  if (any(e.args) || (e.test && writes(*e.test)) || (e.otherwise && writes(*e.otherwise)) || (e.filter && writes(*e.filter))) return true;
  if (e.over && writes(*e.over)) return true;
  return std::any_of(e.order.begin(), e.order.end(), [](auto& o) { return writes(*o.value); });
}

bool writes(const ast::expr_ptr& e) { return e && writes(*e); }
bool writes(const std::vector<ast::expr_ptr>& list) {
  return std::any_of(list.begin(), list.end(), [](auto& e) { return writes(e); });
}

bool writes(const ast::window_def& w) {
  return writes(w.partition) || std::any_of(w.order.begin(), w.order.end(), [](auto& o) { return writes(o.value); }) ||
         writes(w.start_offset) || writes(w.end_offset);
}

bool writes(const ast::grouping_item& g) {
  return writes(g.value) || std::any_of(g.items.begin(), g.items.end(), [](auto& i) { return writes(i); });
}

bool writes(const ast::from_item& f) {
  if (f.query && writes(*f.query)) return true;
  return writes(f.function) || writes(f.on) || (f.left && writes(*f.left)) || (f.right && writes(*f.right));
}

bool writes(const std::vector<ast::common_table>& tables) {
  return std::any_of(tables.begin(), tables.end(), [](auto& t) { return writes(*t.query); });
}

bool writes(const ast::select& q) {
  if (!q.locking.empty() || writes(q.with)) return true;
  if ((q.left && writes(*q.left)) || (q.right && writes(*q.right))) return true;
  for (auto& row : q.values) {
    if (writes(row)) return true;
  }
  for (auto& t : q.targets) {
    if (writes(t.value)) return true;
  }
  for (auto& f : q.from) {
    if (writes(*f)) return true;
  }
  for (auto& o : q.order_by) {
    if (writes(o.value)) return true;
  }
  return writes(q.where) || writes(q.having) ||
         std::any_of(q.group_by.begin(), q.group_by.end(), [](auto& g) { return writes(g); }) ||
         std::any_of(q.windows.begin(), q.windows.end(), [](auto& w) { return writes(*w); }) || writes(q.distinct_on) || writes(q.limit) || writes(q.offset);
}

statement_class class_of(const ast::statement& s);
bool writes(const ast::statement& s) { return class_of(s) == statement_class::write; }

statement_class read_or_write(bool is_write) { return is_write ? statement_class::write : statement_class::read; }

bool is_on(const ast::expr_ptr& value) {
  if (!value) return true;
  if (value->kind == ast::expr_kind::boolean) return value->flag;
  return value->text != "0" && value->text != "off" && value->text != "false";
}

statement_class of_transaction(const ast::transaction_statement& t) {
  using kind = ast::transaction_statement::kind;
  switch (t.what) {
    case kind::begin: case kind::start:
      for (auto& [name, value] : t.modes) {
        if (name == "transaction_read_only" && is_on(value)) return statement_class::begin_read_only;
      }
      return statement_class::begin;
    case kind::savepoint: case kind::release: case kind::rollback_to: return statement_class::savepoint;
    default: return statement_class::end;
  }
}

struct visitor {
  statement_class operator()(const ast::select_statement& s) const { return read_or_write(writes(*s.query)); }
  statement_class operator()(const ast::transaction_statement& t) const { return of_transaction(t); }
  statement_class operator()(const ast::show_statement&) const { return statement_class::read; }
  statement_class operator()(const ast::explain_statement& e) const {
    bool runs = std::any_of(e.settings.begin(), e.settings.end(), [](auto& o) { return o.first == "analyze" && is_on(o.second); });
    return read_or_write(runs && writes(*e.query));
  }
  statement_class operator()(const ast::copy_statement& c) const { return read_or_write(c.from || (c.query && writes(*c.query))); }
  statement_class operator()(const ast::declare_cursor_statement& d) const { return read_or_write(writes(*d.query)); }
  statement_class operator()(const ast::fetch_statement&) const { return statement_class::read; }
  statement_class operator()(const ast::close_statement&) const { return statement_class::read; }
  statement_class operator()(const ast::lock_statement& l) const { return read_or_write(l.mode > 1); }
  statement_class operator()(const ast::checkpoint_statement&) const { return statement_class::read; }
  statement_class operator()(const ast::set_statement&) const { return statement_class::session; }
  statement_class operator()(const ast::prepare_statement&) const { return statement_class::session; }
  statement_class operator()(const ast::execute_statement&) const { return statement_class::session; }
  statement_class operator()(const ast::deallocate_statement&) const { return statement_class::session; }
  statement_class operator()(const ast::discard_statement&) const { return statement_class::session; }
  statement_class operator()(const ast::unsupported_statement& u) const {
    return u.writes ? statement_class::write : statement_class::session;
  }
  template <class T>
  statement_class operator()(const T&) const {
    return statement_class::write;
  }
};

statement_class class_of(const ast::statement& s) { return std::visit(visitor{}, s.node); }

}  // namespace

statement_class classify(const parsed_statement& statement) { return class_of(statement.tree()); }

// By the text: a name in a literal only keeps a session where it is.
bool keeps_in_session(const parsed_statement& statement) {
  if (const auto* c = std::get_if<ast::channel_statement>(&statement.tree().node)) return c->what == ast::channel_statement::kind::listen;
  constexpr std::string_view name = "advisory_lock";
  const auto text = statement.text();
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(text.begin(), text.end(), name.begin(), name.end(), same) != text.end();
}

}  // namespace helios::sql
