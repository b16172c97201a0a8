#include "sql/exec/row_writer.hpp"

#include <algorithm>

#include "base/sql_error.hpp"

namespace helios::sql {

namespace {
std::string value_text(const table_def& table, std::size_t column, datum value) {
  if (value.is_null()) return "null";
  std::string out;
  get_type(table.columns[column].type.id).write_text(value, format_settings{}, out);
  return out;
}

std::string failing_row(const table_def& table, std::span<const datum> row) {
  std::string out = "Failing row contains (";
  bool first = true;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].dropped) continue;
    auto text = value_text(table, i, row[i]);
    if (text.size() > 64) text = text.substr(0, 64) + "...";
    out += (first ? "" : ", ") + text;
    first = false;
  }
  return out + ").";
}

sql_error with_names(sql_error e, const table_def& table, const std::string& constraint, const std::string& column = {}) {
  e.report().table = table.name;
  e.report().constraint = constraint;
  e.report().column = column;
  return e;
}

bool same_key(const index_codec& index, std::span<const datum> a, std::span<const datum> b) {
  return index.prefix(a) == index.prefix(b);
}

std::vector<datum> values_of(std::span<const datum> row, const std::vector<int>& columns) {
  std::vector<datum> out;
  for (int c : columns) out.push_back(row[static_cast<std::size_t>(c)]);
  return out;
}

bool same_values(const table_def& table, const std::vector<int>& columns, std::span<const datum> a, std::span<const datum> b) {
  return std::all_of(columns.begin(), columns.end(), [&](int c) {
    auto i = static_cast<std::size_t>(c);
    if (a[i].is_null() || b[i].is_null()) return a[i].is_null() && b[i].is_null();
    return get_type(table.columns[i].type.id).compare(a[i], b[i]) == 0;
  });
}

bool any_null(std::span<const datum> row, const std::vector<int>& columns) {
  return std::any_of(columns.begin(), columns.end(), [row](int c) { return row[static_cast<std::size_t>(c)].is_null(); });
}
}  // namespace

std::string describe_key(const table_def& table, const std::vector<int>& columns, std::span<const datum> row) {
  std::string names, values;
  for (int c : columns) {
    auto i = static_cast<std::size_t>(c);
    names += (names.empty() ? "" : ", ") + table.columns[i].name;
    values += (values.empty() ? "" : ", ") + value_text(table, i, row[i]);
  }
  return "(" + names + ")=(" + values + ")";
}

void row_writer::check(evaluation& in) const {
  auto& table = *target_.table;
  for (auto& g : target_.generated) in.slots[static_cast<std::size_t>(target_.base) + g.column] = g.value->eval(in);
  auto row = target_.row(in);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    auto& c = table.columns[i];
    if (!c.not_null || c.dropped || !row[i].is_null()) continue;
    throw with_names(sql_error(sqlstate::not_null_violation, "null value in column \"" + c.name + "\" of relation \"" + table.name +
                                                                 "\" violates not-null constraint").detail(failing_row(table, row)),
                     table, {}, c.name);
  }
  for (auto& c : target_.checks) {
    datum d = c.condition->eval(in);
    if (d.is_null() || d.as_bool()) continue;
    throw with_names(sql_error(sqlstate::check_violation, "new row for relation \"" + table.name + "\" violates check constraint \"" +
                                                              c.name + "\"").detail(failing_row(table, row)),
                     table, c.name);
  }
  for (auto& c : target_.view_checks) {
    if (holds(*c.condition, in)) continue;
    throw sql_error("44000", "new row violates check option for view \"" + c.name + "\"").detail(failing_row(table, row));
  }
}

std::optional<std::int64_t> row_writer::holder(evaluation& in, const index_codec& index, const std::string& key) {
  auto& transaction = *in.transaction;
  auto space = index.index().space;
  (void)transaction.lock({storage::lock_kind::unique_key, space.value, key}, storage::lock_mode::access_exclusive, row_wait::wait,
                         [&index] { return "a key of index \"" + index.index().name + "\""; });
  // The statement's snapshot tells unless somebody has committed this key since.
  auto newest = transaction.engine().newest_version(space, key);
  read_view view{transaction.snapshot(), &transaction.writer(), ~storage::write_seq{0}};
  if (newest && newest->version > view.at->at()) view = transaction.newest_view(newest->version);
  auto found = view.get(space, key);
  if (!found) return std::nullopt;
  return row_id_of(found->value);
}

void row_writer::duplicate(const index_codec& index, std::span<const datum> row) const {
  auto& table = *target_.table;
  throw with_names(sql_error(sqlstate::unique_violation, "duplicate key value violates unique constraint \"" + index.index().name + "\"")
                       .detail("Key " + describe_key(table, index.columns(), row) + " already exists."),
                   table, index.index().name);
}

void row_writer::add_entry(evaluation& in, const index_codec& index, std::span<const datum> row, std::int64_t row_id) const {
  auto [key, value] = index.entry(row, row_id);
  if (!value.empty()) {
    auto other = holder(in, index, key);
    if (other && *other != row_id) duplicate(index, row);
  }
  in.transaction->writer().put(index.index().space, key, value);
}

std::int64_t row_writer::insert(evaluation& in) const {
  auto& table = *target_.table;
  auto row = target_.row(in);
  auto row_id = static_cast<std::int64_t>(in.transaction->engine().next_row_id(table.space));
  for (auto& index : target_.indexes) add_entry(in, index, row, row_id);
  std::string bytes;
  target_.codec.encode(row, bytes);
  in.transaction->writer().put(table.space, row_key(row_id), bytes);
  for (auto& key : target_.outgoing) in.pending->child_written(key, row);
  return row_id;
}

void row_writer::update(evaluation& in, std::int64_t row_id, std::span<const datum> before) const {
  auto& table = *target_.table;
  auto row = target_.row(in);
  for (auto& index : target_.indexes) {
    if (same_key(index, before, row)) continue;
    auto [old_key, old_value] = index.entry(before, row_id);
    if (!old_value.empty()) (void)holder(in, index, old_key);  // whoever wants the old key waits for our outcome
    in.transaction->writer().erase(index.index().space, old_key);
    add_entry(in, index, row, row_id);
  }
  std::string bytes;
  target_.codec.encode(row, bytes);
  in.transaction->writer().put(table.space, row_key(row_id), bytes);
  for (auto& key : target_.outgoing) {
    if (!same_values(table, key.child_columns, before, row)) in.pending->child_written(key, row);
  }
  for (auto& key : target_.incoming) {
    if (!same_values(table, key.parent_columns, before, row)) in.pending->parent_changed(key, before, row);
  }
}

void row_writer::erase(evaluation& in, std::int64_t row_id, std::span<const datum> before) const {
  for (auto& index : target_.indexes) {
    auto [key, value] = index.entry(before, row_id);
    if (!value.empty()) (void)holder(in, index, key);
    in.transaction->writer().erase(index.index().space, key);
  }
  in.transaction->writer().erase(target_.table->space, row_key(row_id));
  for (auto& key : target_.incoming) in.pending->parent_changed(key, before, {});
}

// --- foreign keys ---

void pending_checks::add(check c, std::span<const datum> before, std::span<const datum> after) {
  c.memory = std::make_shared<arena>();
  for (datum d : before) c.before.push_back(c.memory->copy(d));
  for (datum d : after) c.after.push_back(c.memory->copy(d));
  queue_.push_back(std::move(c));
}

void pending_checks::child_written(const foreign_key& key, std::span<const datum> row) {
  if (any_null(row, key.child_columns)) return;  // MATCH SIMPLE
  check c;
  c.key = key;
  add(std::move(c), {}, values_of(row, key.child_columns));
}

void pending_checks::parent_changed(const foreign_key& key, std::span<const datum> before, std::span<const datum> after) {
  if (any_null(before, key.parent_columns)) return;
  check c;
  c.key = key;
  c.parent = true;
  c.deleted = after.empty();
  add(std::move(c), values_of(before, key.parent_columns), after.empty() ? std::vector<datum>{} : values_of(after, key.parent_columns));
}

void pending_checks::run(evaluation& in) {
  while (!queue_.empty()) {
    auto c = std::move(queue_.front());
    queue_.pop_front();
    if (c.parent) apply_action(c, in);
    else check_parent_exists(c, in);
    in.tick();
  }
}

namespace {
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
}  // namespace

void pending_checks::check_parent_exists(const check& c, evaluation& in) {
  auto& key = c.key;
  if (key.parent_index == nullptr) throw sql_error(sqlstate::internal_error, "foreign key \"" + key.rule->name + "\" has no index");
  if (lock_parent(key, c.after, in)) return;
  throw with_names(sql_error(sqlstate::foreign_key_violation, "insert or update on table \"" + key.child->name +
                                                                  "\" violates foreign key constraint \"" + key.rule->name + "\"")
                       .detail("Key " + key_text(*key.child, key.child_columns, c.after) + " is not present in table \"" +
                               key.parent->name + "\"."),
                   *key.child, key.rule->name);
}

namespace {
/// Calls f(row id, version, bytes) for each row of the child that refers to the values; stops when it returns false.
void for_each_child(const foreign_key& key, std::span<const datum> values, const read_view& view, evaluation& in,
                    const std::function<bool(std::int64_t, lsn, std::string_view)>& f) {
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
      if (matches(cursor->value()) && !f(row_id_of(cursor->key()), cursor->version(), cursor->value())) return;
    }
    return;
  }
  index_codec index(*key.child_index, child);
  std::string prefix;
  for (std::size_t i = 0; i < values.size(); ++i) index.append_part(i, values[i], prefix);
  auto upper = prefix;
  while (!upper.empty() && static_cast<unsigned char>(upper.back()) == 0xFF) upper.pop_back();
  storage::key_range range{prefix, std::nullopt};
  if (!upper.empty()) {
    upper.back() = static_cast<char>(static_cast<unsigned char>(upper.back()) + 1);
    range.upper = upper;
  }
  for (auto cursor = view.scan(key.child_index->space, range, storage::scan_direction::forward); cursor->valid(); cursor->next()) {
    in.tick();
    auto id = index_codec::row_id(cursor->key(), cursor->value());
    auto found = view.get(child.space, row_key(id));
    if (found && matches(found->value) && !f(id, found->version, found->value)) return;
  }
}
}  // namespace

void pending_checks::apply_action(check& c, evaluation& in) {
  auto& key = c.key;
  auto action = c.deleted ? key.rule->on_delete : key.rule->on_update;
  auto& transaction = *in.transaction;
  // Another row with the same key may have come (an update that swaps keys): then nothing is missing.
  if (action == fk_action::no_action) {
    if (transaction.newest_view().get(key.parent_index->space, parent_key(key, c.before))) return;
  }
  transaction.lock_relation(key.child->id, action == fk_action::no_action || action == fk_action::restrict
                                               ? storage::lock_mode::row_share : storage::lock_mode::row_exclusive, key.child->name);
  auto view = transaction.newest_view();
  std::vector<std::pair<std::int64_t, std::string>> children;
  bool refuse = action == fk_action::no_action || action == fk_action::restrict;
  for_each_child(key, c.before, view, in, [&](std::int64_t id, lsn, std::string_view bytes) {
    if (refuse) {
      throw with_names(sql_error(sqlstate::foreign_key_violation, "update or delete on table \"" + key.parent->name +
                                                                      "\" violates foreign key constraint \"" + key.rule->name +
                                                                      "\" on table \"" + key.child->name + "\"")
                           .detail("Key " + key_text(*key.parent, key.parent_columns, c.before) +
                                   " is still referenced from table \"" + key.child->name + "\"."),
                       *key.child, key.rule->name);
    }
    children.emplace_back(id, std::string(bytes));
    return true;
  });
  if (children.empty()) return;
  if (action == fk_action::set_default) {
    throw sql_error(sqlstate::feature_not_supported, "ON DELETE/UPDATE SET DEFAULT is not supported");
  }
  if (std::any_of(key.child->columns.begin(), key.child->columns.end(), [](auto& column) { return column.generated; }) && !(c.deleted && action == fk_action::cascade)) {
    throw sql_error(sqlstate::feature_not_supported, "changing rows with generated columns by a foreign key's action is not supported");
  }
  auto target = make_target(*key.child, *in.definitions);
  std::vector<int> all(key.child->columns.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
  for (auto& [id, bytes] : children) {
    (void)transaction.lock({storage::lock_kind::row, key.child->space.value, row_key(id)}, storage::lock_mode::row_update, row_wait::wait,
                           [&key] { return "row in relation \"" + key.child->name + "\""; });
    auto newest = transaction.engine().newest_version(key.child->space, row_key(id));
    auto now = transaction.newest_view(newest ? newest->version : lsn{}).get(key.child->space, row_key(id));
    if (!now) continue;
    bytes = std::string(now->value);
    std::vector<datum> before(key.child->columns.size());
    target->codec.decode(bytes, all, before.data());
    // The action writes through slots past the plan's own.
    auto base = in.slots.size();
    in.slots.resize(base + before.size());
    target->base = static_cast<int>(base);
    row_writer writer(*target);
    if (c.deleted && action == fk_action::cascade) {
      writer.erase(in, id, before);
    } else {
      std::copy(before.begin(), before.end(), in.slots.begin() + static_cast<std::ptrdiff_t>(base));
      for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
        in.slots[base + static_cast<std::size_t>(key.child_columns[i])] = action == fk_action::cascade ? c.after[i] : datum::null();
      }
      writer.check(in);
      writer.update(in, id, before);
    }
    in.slots.resize(base);
  }
  in.kept_targets.push_back(std::move(target));  // queued checks point into it
}

}  // namespace helios::sql
