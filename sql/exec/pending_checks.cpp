#include "sql/exec/pending_checks.hpp"

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/exec/row_writer.hpp"
#include "sql/functions/session_hooks.hpp"

namespace helios::sql {

namespace {

sql_error with_names(sql_error e, const std::string& table, const std::string& constraint) {
  e.report().table = table;
  e.report().constraint = constraint;
  return e;
}

std::vector<datum> values_of(std::span<const datum> row, const std::vector<int>& columns) {
  std::vector<datum> out;
  for (int c : columns) out.push_back(row[static_cast<std::size_t>(c)]);
  return out;
}

std::size_t nulls_in(std::span<const datum> row, const std::vector<int>& columns) {
  return static_cast<std::size_t>(
      std::count_if(columns.begin(), columns.end(), [row](int c) { return row[static_cast<std::size_t>(c)].is_null(); }));
}

row_check make_check(row_check::kind what, const foreign_key& key, std::span<const datum> before, std::span<const datum> after,
                     evaluation& in) {
  row_check c;
  c.what = what;
  c.key = key;
  c.memory = std::make_shared<arena>();
  for (datum d : before) c.before.push_back(c.memory->copy(d));
  for (datum d : after) c.after.push_back(c.memory->copy(d));
  c.definitions = in.call.hooks->catalog();
  c.rule = key.rule->id;
  c.table = what == row_check::kind::child ? key.child->id : key.parent->id;
  c.deferrable = key.rule->deferrable;
  c.initially_deferred = key.rule->initially_deferred;
  return c;
}

/// The parent's unique index key for values in the constraint's order.
std::string parent_key(const foreign_key& key, std::span<const datum> values) {
  index_codec index(*key.parent_index, *key.parent);
  std::vector<datum> row(key.parent->columns.size());
  for (std::size_t i = 0; i < key.parent_columns.size(); ++i) row[static_cast<std::size_t>(key.parent_columns[i])] = values[i];
  return index.prefix(row);
}

std::string key_text(const table_def& table, const std::vector<int>& columns, std::span<const datum> values) {
  std::vector<datum> row(table.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) row[static_cast<std::size_t>(columns[i])] = values[i];
  return describe_key(table, columns, row);
}

/// Finds the parent and keeps it from being deleted until the transaction's end. False when there is none.
bool lock_parent(const foreign_key& key, std::span<const datum> values, evaluation& in) {
  auto& transaction = *in.transaction;
  auto bytes = parent_key(key, values);
  for (;;) {
    auto view = transaction.newest_view();
    auto entry = view.get(key.parent_index->space, bytes);
    if (!entry) return false;
    auto row = std::string(entry->value);
    (void)transaction.lock({storage::lock_kind::row, key.parent->space.value, row}, storage::lock_mode::row_key_share, row_wait::wait,
                           [&key] { return "row in relation \"" + key.parent->name + "\""; });
    auto newest = transaction.engine().newest_version(key.parent_index->space, bytes);
    auto again = transaction.newest_view(newest ? newest->version : lsn{}).get(key.parent_index->space, bytes);
    if (!again) return false;
    if (again->value == row) return true;  // else the key has moved to another row meanwhile: lock that one
  }
}

/// Whether the row that a check is about still has the values that it was queued with.
bool still_written(const row_check& c, evaluation& in) {
  auto& child = *c.key.child;
  auto found = in.transaction->newest_view().get(child.space, row_key(c.row_id));
  if (!found) return false;
  auto wanted = c.key.child_columns;
  std::sort(wanted.begin(), wanted.end());
  std::vector<datum> row(child.columns.size());
  row_codec(child).decode(found->value, wanted, row.data());
  for (std::size_t i = 0; i < c.after.size(); ++i) {
    auto column = static_cast<std::size_t>(c.key.child_columns[i]);
    if (row[column].is_null() != c.after[i].is_null()) return false;
    if (!row[column].is_null() && get_type(child.columns[column].type.id).compare(row[column], c.after[i]) != 0) return false;
  }
  return true;
}

void check_parent_exists(const row_check& c, evaluation& in) {
  auto& key = c.key;
  if (key.parent_index == nullptr) throw sql_error(sqlstate::internal_error, "foreign key \"" + key.rule->name + "\" has no index");
  auto violation = [&] {
    return sql_error(sqlstate::foreign_key_violation, "insert or update on table \"" + key.child->name +
                                                          "\" violates foreign key constraint \"" + key.rule->name + "\"");
  };
  if (std::any_of(c.after.begin(), c.after.end(), [](datum d) { return d.is_null(); })) {
    throw with_names(violation().detail("MATCH FULL does not allow mixing of null and nonnull key values."), key.child->name, key.rule->name);
  }
  if (lock_parent(key, c.after, in)) return;
  throw with_names(violation().detail("Key " + key_text(*key.child, key.child_columns, c.after) + " is not present in table \"" +
                                      key.parent->name + "\"."),
                   key.child->name, key.rule->name);
}

/// All keys with this prefix.
storage::key_range prefix_range(const std::string& prefix) {
  auto upper = prefix;
  while (!upper.empty() && static_cast<unsigned char>(upper.back()) == 0xFF) upper.pop_back();
  if (upper.empty()) return {prefix, std::nullopt};
  upper.back() = static_cast<char>(static_cast<unsigned char>(upper.back()) + 1);
  return {prefix, upper};
}

/// Calls f(row id) for each row of the child that refers to the values; stops when it returns false.
void for_each_child(const foreign_key& key, std::span<const datum> values, const read_view& view, evaluation& in,
                    const std::function<bool(std::int64_t)>& f) {
  auto& child = *key.child;
  row_codec codec(child);
  std::vector<int> wanted = key.child_columns;
  std::sort(wanted.begin(), wanted.end());
  std::vector<datum> row(child.columns.size());
  auto matches = [&](std::string_view bytes) {
    codec.decode(bytes, wanted, row.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      auto c = static_cast<std::size_t>(key.child_columns[i]);
      if (row[c].is_null()) return false;
      // Both sides are compared in the parent's type: keys of integers of any width are alike.
      if (get_type(key.parent->columns[static_cast<std::size_t>(key.parent_columns[i])].type.id).compare(values[i], row[c]) != 0) return false;
    }
    return true;
  };
  if (key.child_index == nullptr) {
    for (auto cursor = view.scan(child.space, {}, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
      in.tick();
      if (matches(cursor->value()) && !f(row_id_of(cursor->key()))) return;
    }
    return;
  }
  index_codec index(*key.child_index, child);
  std::string prefix;
  for (std::size_t i = 0; i < values.size(); ++i) index.append_part(i, values[i], prefix);
  for (auto cursor = view.scan(key.child_index->space, prefix_range(prefix), storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    in.tick();
    auto id = index_codec::row_id(cursor->key(), cursor->value());
    auto found = view.get(child.space, row_key(id));
    if (found && matches(found->value) && !f(id)) return;
  }
}

[[noreturn]] void still_referenced(const row_check& c) {
  auto& key = c.key;
  throw with_names(sql_error(sqlstate::foreign_key_violation, "update or delete on table \"" + key.parent->name +
                                                                  "\" violates foreign key constraint \"" + key.rule->name + "\" on table \"" +
                                                                  key.child->name + "\"")
                       .detail("Key " + key_text(*key.parent, key.parent_columns, c.before) + " is still referenced from table \"" +
                               key.child->name + "\"."),
                   key.child->name, key.rule->name);
}

/// NO ACTION: another row with the same key may have come (an update that swaps keys); then nothing is missing.
void refuse_children(const row_check& c, bool unless_replaced, evaluation& in) {
  auto& transaction = *in.transaction;
  if (unless_replaced && transaction.newest_view().get(c.key.parent_index->space, parent_key(c.key, c.before))) return;
  transaction.lock_relation(c.key.child->id, storage::lock_mode::row_share, c.key.child->name);
  for_each_child(c.key, c.before, transaction.newest_view(), in, [&c](std::int64_t) -> bool { still_referenced(c); });
}

/// Every row with this key but the one that was written breaks the rule.
void check_unique(const row_check& c, evaluation& in) {
  auto& transaction = *in.transaction;
  (void)transaction.lock({storage::lock_kind::unique_key, c.space.value, c.prefix}, storage::lock_mode::access_exclusive, row_wait::wait,
                         [&c] { return "a key of index \"" + c.index_name + "\""; });
  auto view = transaction.newest_view();
  bool present = false, other = false;
  lsn newest{};
  for (auto cursor = view.scan(c.space, prefix_range(c.prefix), storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    if (cursor->key().size() != c.prefix.size() + 8) continue;
    bool own = index_codec::row_id(cursor->key(), cursor->value()) == c.row_id;
    (own ? present : other) = true;
    if (!own && !transaction.owns(cursor->version())) newest = std::max(newest, cursor->version());
  }
  if (newest.value != 0) transaction.note_unseen(newest);
  if (!present || !other) return;
  throw with_names(sql_error(sqlstate::unique_violation, "duplicate key value violates unique constraint \"" + c.index_name + "\"")
                       .detail("Key " + c.shown + " already exists."),
                   c.table_name, c.index_name);
}

fk_action action_for(const row_check& c) { return c.deleted ? c.key.rule->on_delete : c.key.rule->on_update; }

/// What happens at once although the constraint is deferred.
bool is_action(const row_check& c) { return c.what == row_check::kind::parent && action_for(c) != fk_action::no_action; }

}  // namespace

// --- when ---

void deferred_checks::set_all(bool deferred) {
  modes_.all = deferred;
  modes_.by_rule.clear();
}

bool deferred_checks::puts_off(const row_check& c) const {
  if (!c.deferrable || is_action(c)) return false;
  if (auto found = modes_.by_rule.find(c.rule); found != modes_.by_rule.end()) return found->second;
  return modes_.all.value_or(c.initially_deferred);
}

bool deferred_checks::waits_for(oid table) const {
  return std::any_of(queue_.begin(), queue_.end(), [table](const row_check& c) { return c.table == table; });
}

std::deque<row_check> deferred_checks::take_due() {
  std::deque<row_check> due, rest;
  for (auto& c : queue_) (puts_off(c) ? rest : due).push_back(std::move(c));
  queue_ = std::move(rest);
  return due;
}

void deferred_checks::forget(storage::write_seq from) {
  std::erase_if(queue_, [from](const row_check& c) { return c.at > from; });
}

void deferred_checks::clear() {
  queue_.clear();
  modes_ = {};
}

// --- what ---

/// How the rows of a child are changed by a referential action.
struct pending_checks::action {
  row_action how;
  std::vector<int> columns;            ///< of the child, 0-based, that are set
  std::vector<datum> frame;
};

void pending_checks::child_written(const foreign_key& key, std::span<const datum> row, std::int64_t row_id, evaluation& in) {
  auto nulls = nulls_in(row, key.child_columns);
  if (nulls == key.child_columns.size() || (nulls > 0 && !key.rule->match_full)) return;
  auto c = make_check(row_check::kind::child, key, {}, values_of(row, key.child_columns), in);
  c.row_id = row_id;
  queue_.push_back(std::move(c));
}

void pending_checks::parent_changed(const foreign_key& key, std::span<const datum> before, std::span<const datum> after, evaluation& in) {
  if (nulls_in(before, key.parent_columns) > 0) return;
  auto now = after.empty() ? std::vector<datum>{} : values_of(after, key.parent_columns);
  auto c = make_check(row_check::kind::parent, key, values_of(before, key.parent_columns), now, in);
  c.deleted = after.empty();
  queue_.push_back(std::move(c));
}

void pending_checks::key_written(const table_target& target, const index_codec& index, std::span<const datum> row, std::int64_t row_id,
                                 evaluation& in) {
  row_check c;
  c.what = row_check::kind::unique;
  c.definitions = in.call.hooks->catalog();
  c.row_id = row_id;
  c.space = index.index().space;
  c.prefix = index.prefix(row);
  c.shown = index.describe(*target.table, row);
  c.index_name = index.index().name;
  c.table_name = target.table->name;
  c.table = target.table->id;
  for (auto& rule : target.table->constraints) {
    if (rule.index != index.index().id) continue;
    c.rule = rule.id;
    c.deferrable = rule.deferrable;
    c.initially_deferred = rule.initially_deferred;
  }
  queue_.push_back(std::move(c));
}

void pending_checks::run(evaluation& in) {
  auto& deferred = in.transaction->deferred();
  while (!queue_.empty()) {
    auto c = std::move(queue_.front());
    queue_.pop_front();
    if (deferred.puts_off(c)) {
      c.at = in.transaction->writer().next_seq();
      deferred.add(std::move(c));
      continue;
    }
    perform(c, in);
    in.tick();
  }
}

void pending_checks::run(std::deque<row_check> checks, evaluation& in) {
  for (auto& c : checks) {
    bool gone = c.what == row_check::kind::child && !still_written(c, in);
    if (!gone) perform(c, in);
    in.tick();
  }
  run(in);
}

void pending_checks::perform(row_check& c, evaluation& in) {
  switch (c.what) {
    case row_check::kind::child: check_parent_exists(c, in); return;
    case row_check::kind::parent: apply_action(c, in); return;
    case row_check::kind::unique: check_unique(c, in); return;
  }
}

pending_checks::action& pending_checks::action_of(const row_check& c, evaluation& in) {
  auto& known = actions_[{c.rule, c.deleted}];
  if (known) return *known;
  auto out = std::make_shared<action>();
  auto& rule = *c.key.rule;
  out->columns = c.key.child_columns;
  if (c.deleted && !rule.delete_columns.empty()) {
    out->columns.clear();
    for (auto n : rule.delete_columns) out->columns.push_back(n - 1);
  }
  auto& call = in.call;
  bind_environment env{c.definitions, call.hooks->search_path(true), call.format, call.owner, call.hooks};
  out->how = bind_row_action(env, *c.key.child, action_for(c) == fk_action::set_default ? out->columns : std::vector<int>{});
  known = out;
  in.kept_targets.push_back(out);  // queued checks point into it
  return *known;
}

void pending_checks::change_child(row_check& c, action& how, std::int64_t row_id, evaluation& in) {
  auto& key = c.key;
  auto& transaction = *in.transaction;
  auto& target = *how.how.target;
  auto what = action_for(c);
  (void)transaction.lock({storage::lock_kind::row, key.child->space.value, row_key(row_id)}, storage::lock_mode::row_update, row_wait::wait,
                         [&key] { return "row in relation \"" + key.child->name + "\""; });
  auto newest = transaction.engine().newest_version(key.child->space, row_key(row_id));
  auto now = transaction.newest_view(newest ? newest->version : lsn{}).get(key.child->space, row_key(row_id));
  if (!now) return;
  auto bytes = std::string(now->value);
  std::vector<int> all(key.child->columns.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
  std::vector<datum> before(key.child->columns.size());
  target.codec.decode(bytes, all, before.data());
  row_writer writer(target);
  if (c.deleted && what == fk_action::cascade) {
    writer.erase(in, row_id, before);
    return;
  }
  auto base = static_cast<std::size_t>(target.base);
  std::copy(before.begin(), before.end(), in.slots.begin() + static_cast<std::ptrdiff_t>(base));
  for (std::size_t i = 0; i < how.columns.size(); ++i) {
    auto& slot = in.slots[base + static_cast<std::size_t>(how.columns[i])];
    slot = what == fk_action::cascade ? c.after[i] : what == fk_action::set_default ? how.how.defaults[i]->eval(in) : datum::null();
  }
  writer.check(in);
  writer.update(in, row_id, before);
}

void pending_checks::apply_action(row_check& c, evaluation& in) {
  auto what = action_for(c);
  if (what == fk_action::no_action || what == fk_action::restrict) {
    refuse_children(c, what == fk_action::no_action, in);
    return;
  }
  in.transaction->lock_relation(c.key.child->id, storage::lock_mode::row_exclusive, c.key.child->name);
  std::vector<std::int64_t> children;
  for_each_child(c.key, c.before, in.transaction->newest_view(), in, [&children](std::int64_t id) {
    children.push_back(id);
    return true;
  });
  if (children.empty()) return;
  auto& how = action_of(c, in);
  // The action's expressions have a frame of their own.
  how.frame.resize(how.how.frame);
  arena memory;
  scratch_scope own(in, memory);
  for (auto id : children) {
    memory.reset();
    in.slots.swap(how.frame);
    try {
      change_child(c, how, id, in);
    } catch (...) {
      in.slots.swap(how.frame);
      throw;
    }
    in.slots.swap(how.frame);
  }
  if (what == fk_action::set_default) refuse_children(c, true, in);  // the default may be the key that has gone
}

}  // namespace helios::sql
