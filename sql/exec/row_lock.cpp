#include "sql/exec/row_lock.hpp"

#include "base/sql_error.hpp"

namespace helios::sql {

std::string describe_row(const table_def& table, std::int64_t row_id) {
  return "row " + std::to_string(row_id) + " in relation \"" + table.name + "\"";
}

namespace {
[[noreturn]] void conflict(bool deleted) {
  throw sql_error(sqlstate::serialization_failure,
                  std::string("could not serialize access due to concurrent ") + (deleted ? "delete" : "update"));
}
}  // namespace

row_state lock_row(evaluation& in, const row_loader& row, storage::lock_mode mode, row_wait wait) {
  auto& transaction = *in.transaction;
  auto& table = *row.source().table;
  auto row_id = in.slots[static_cast<std::size_t>(row.source().row_slot())].as_int();
  lsn version{static_cast<std::uint64_t>(in.slots[static_cast<std::size_t>(row.source().version_slot())].as_int())};
  auto key = row_key(row_id);
  if (!transaction.lock({storage::lock_kind::row, table.space.value, key}, mode, wait,
                        [&table] { return "row in relation \"" + table.name + "\""; })) {
    return row_state::busy;
  }
  if (transaction.owns(version)) return row_state::same;
  auto newest = transaction.engine().newest_version(table.space, key);
  if (!newest || newest->version == version) return row_state::same;
  if (transaction.repeatable()) {
    transaction.note_unseen(newest->version);
    conflict(newest->deleted);
  }
  auto view = transaction.newest_view(newest->version);
  auto found = view.get(table.space, key);
  if (!found) return row_state::gone;
  // The bytes must outlive the view's snapshot: the statement keeps it.
  in.kept_views.push_back(view.at);
  row.load(found->value, row_id, found->version, in);
  return row_state::changed;
}

}  // namespace helios::sql
