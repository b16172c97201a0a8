#pragma once
// The state of one running statement: its frame of slots, its parameters, what it reads at, and the session it belongs
// to. One per execution; used on the session's fiber only.
//
// I1 Every relation of a plan writes its columns to slots of its own in the frame; expressions, also those of correlated
//    subqueries, read slots. A slot's bytes live as long as the row that its operator stands on.
// I2 `call.mem` is scratch: whoever drives an operator may reset it between rows, so no slot ever points into it.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sql/catalog/catalog.hpp"
#include "sql/functions/function.hpp"
#include "sql/types/datum.hpp"
#include "storage/engine.hpp"
#include "storage/transaction.hpp"

namespace helios::sql {

class session_transaction;
class operation;
class key_index;

/// What a statement reads: a snapshot, and the own writes below `before`.
struct read_view {
  storage::snapshot_ptr at;
  storage::transaction* own = nullptr;  ///< null while the transaction has written nothing
  storage::write_seq before = 0;

  std::optional<storage::versioned_view> get(storage::space_id space, std::string_view key) const {
    return own != nullptr ? own->get(*at, space, key, before) : at->get(space, key);
  }
  std::unique_ptr<storage::cursor> scan(storage::space_id space, const storage::key_range& range,
                                        storage::scan_direction direction) const {
    return own != nullptr ? own->scan(at, space, range, direction, before) : at->scan(space, range, direction);
  }
};

/// A subquery of an expression while its statement runs: its operators, and its result once it needs no second run.
struct subquery_state {
  subquery_state();
  subquery_state(subquery_state&&) noexcept;
  ~subquery_state();
  std::unique_ptr<operation> root;
  std::unique_ptr<arena> memory;
  bool computed = false, found = false, has_null = false;
  datum value;
  std::unique_ptr<key_index> members;  ///< of IN, when it is computed once
};

struct evaluation {
  std::vector<datum> slots;
  std::vector<datum> parameters;
  call_context call;
  arena scratch;
  read_view view;
  session_transaction* transaction = nullptr;  ///< null where nothing may touch data: constant folding
  class pending_checks* pending = nullptr;      ///< foreign keys to check at the end of the statement
  std::vector<subquery_state> subqueries;
  std::vector<storage::snapshot_ptr> kept_views;  ///< of rows that were read again after a lock
  std::vector<std::shared_ptr<void>> kept_targets;
  const catalog* definitions = nullptr;
  std::vector<std::shared_ptr<void>> shared;  ///< rows of common tables, by number

  evaluation();
  ~evaluation();
  evaluation(const evaluation&) = delete;
  evaluation& operator=(const evaluation&) = delete;

  void tick();  ///< an interrupt point every few hundred calls

 private:
  unsigned ticks_ = 0;
};

/// Uses another arena for scratch until the end of the scope: a subquery may not reset its caller's.
class scratch_scope {
 public:
  scratch_scope(evaluation& in, arena& memory) : in_(in), before_(in.call.mem) { in.call.mem = &memory; }
  ~scratch_scope() { in_.call.mem = before_; }
  scratch_scope(const scratch_scope&) = delete;
  scratch_scope& operator=(const scratch_scope&) = delete;

 private:
  evaluation& in_;
  arena* before_;
};

}  // namespace helios::sql
