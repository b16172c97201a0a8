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

bool same_values(const table_def& table, const std::vector<int>& columns, std::span<const datum> a, std::span<const datum> b) {
  return std::all_of(columns.begin(), columns.end(), [&](int c) {
    auto i = static_cast<std::size_t>(c);
    if (a[i].is_null() || b[i].is_null()) return a[i].is_null() && b[i].is_null();
    return get_type(table.columns[i].type.id).compare(a[i], b[i]) == 0;
  });
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
                       .detail("Key " + index.describe(table, row) + " already exists."),
                   table, index.index().name);
}

void row_writer::add_entry(evaluation& in, const index_codec& index, std::span<const datum> row, std::int64_t row_id) const {
  if (!index.has(row)) return;
  auto [key, value] = index.entry(row, row_id);
  if (!value.empty()) {
    auto other = holder(in, index, key);
    if (other && *other != row_id) duplicate(index, row);
  }
  in.transaction->writer().put(index.index().space, key, value);
  if (index.index().deferrable && !index.differs_from_all(row)) in.pending->key_written(target_, index, row, row_id, in);
}

void row_writer::remove_entry(evaluation& in, const index_codec& index, std::span<const datum> row, std::int64_t row_id) const {
  if (!index.has(row)) return;
  auto [key, value] = index.entry(row, row_id);
  // Whoever wants the old key waits for our outcome.
  if (!value.empty()) (void)holder(in, index, key);
  else if (index.index().unique && !index.differs_from_all(row)) (void)holder(in, index, index.prefix(row));
  in.transaction->writer().erase(index.index().space, key);
}

std::int64_t row_writer::insert(evaluation& in) const {
  auto& table = *target_.table;
  auto row = target_.row(in);
  auto row_id = static_cast<std::int64_t>(in.transaction->engine().next_row_id(table.space));
  std::vector<datum> memory;
  auto terms = with_terms(target_.terms, row, memory, in);
  for (auto& index : target_.indexes) add_entry(in, index, terms, row_id);
  row = target_.row(in);
  std::string bytes;
  target_.codec.encode(row, bytes);
  in.transaction->writer().put(table.space, row_key(row_id), bytes);
  for (auto& key : target_.outgoing) in.pending->child_written(key, row, row_id, in);
  return row_id;
}

void row_writer::update(evaluation& in, std::int64_t row_id, std::span<const datum> before) const {
  auto& table = *target_.table;
  std::vector<datum> old_memory, new_memory;
  auto old_terms = with_terms(target_.terms, before, old_memory, in);
  auto new_terms = with_terms(target_.terms, target_.row(in), new_memory, in);
  auto row = target_.row(in);
  for (auto& index : target_.indexes) {
    if (index.has(old_terms) == index.has(new_terms) && index.prefix(old_terms) == index.prefix(new_terms)) continue;
    remove_entry(in, index, old_terms, row_id);
    add_entry(in, index, new_terms, row_id);
  }
  std::string bytes;
  target_.codec.encode(row, bytes);
  in.transaction->writer().put(table.space, row_key(row_id), bytes);
  for (auto& key : target_.outgoing) {
    if (!same_values(table, key.child_columns, before, row)) in.pending->child_written(key, row, row_id, in);
  }
  for (auto& key : target_.incoming) {
    if (!same_values(table, key.parent_columns, before, row)) in.pending->parent_changed(key, before, row, in);
  }
}

void row_writer::erase(evaluation& in, std::int64_t row_id, std::span<const datum> before) const {
  std::vector<datum> memory;
  auto terms = with_terms(target_.terms, before, memory, in);
  for (auto& index : target_.indexes) remove_entry(in, index, terms, row_id);
  in.transaction->writer().erase(target_.table->space, row_key(row_id));
  for (auto& key : target_.incoming) in.pending->parent_changed(key, before, {}, in);
}

}  // namespace helios::sql
