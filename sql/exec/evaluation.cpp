#include "sql/exec/evaluation.hpp"

#include "sql/exec/row_store.hpp"
#include "sql/plan/plan_node.hpp"
#include "sql/session/session_transaction.hpp"

namespace helios::sql {

namespace {
constexpr unsigned rows_per_checkpoint = 256;
}

subquery_state::subquery_state() = default;
subquery_state::subquery_state(subquery_state&&) noexcept = default;
subquery_state::~subquery_state() = default;

evaluation::evaluation() { call.mem = &scratch; }
evaluation::~evaluation() = default;

void evaluation::tick() {
  if (++ticks_ % rows_per_checkpoint != 0 || transaction == nullptr) return;
  transaction->host().checkpoint();
}

}  // namespace helios::sql
