#pragma once
// Locking one row for a change or for SELECT FOR UPDATE, and reading it again when it has changed since the statement's
// snapshot (READ COMMITTED), or refusing with 40001 (the stricter levels).

#include "sql/exec/table_target.hpp"
#include "sql/session/session_transaction.hpp"

namespace helios::sql {

enum class row_state : std::uint8_t { same, changed, gone, busy };

/// The row stands in the loader's slots. `changed`: its newest version does now; the caller checks its conditions again.
row_state lock_row(evaluation& in, const row_loader& row, storage::lock_mode mode, row_wait wait);

/// "tuple (0,1) in relation "t"".
std::string describe_row(const table_def& table, std::int64_t row_id);

}  // namespace helios::sql
