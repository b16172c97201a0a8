#pragma once
// Advisory locks of one session. Those of the session and those of its transactions belong to one owner in the lock table, so
// that they never stand in each other's way; what goes at the end of a transaction is kept here. On the session's fiber.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/types.hpp"
#include "storage/lock_table.hpp"

namespace helios::sql {

class session_transaction;

enum class lock_scope : std::uint8_t { session, transaction };

class advisory_locks {
 public:
  advisory_locks(session_transaction& work, std::uint64_t process);
  ~advisory_locks();
  advisory_locks(const advisory_locks&) = delete;
  advisory_locks& operator=(const advisory_locks&) = delete;

  /// False when it is not available and `wait` is not set. Throws 40P01, 55P03, 57014.
  bool acquire(const storage::advisory_key& key, bool shared, lock_scope scope, bool wait);
  /// Of the session's own; false when it has none.
  bool release(const storage::advisory_key& key, bool shared);
  void release_session();
  /// Transaction-level locks so far, and the release of those beyond it: for savepoints, and 0 for the transaction's end.
  std::size_t now() const { return of_transaction_.size(); }
  void release_transaction(std::size_t beyond);

 private:
  struct held {
    storage::lock_tag tag;
    storage::lock_mode mode;
  };
  struct by_session {
    held lock;
    std::uint32_t count = 0;
  };
  by_session* find(const storage::lock_tag& tag, storage::lock_mode mode);

  session_transaction& work_;
  std::uint64_t process_;
  txn_id owner_;
  std::vector<held> of_transaction_;
  std::vector<by_session> of_session_;
};

}  // namespace helios::sql
