#pragma once
// Checks that wait for the end of their statement, or of the transaction: foreign keys with their actions, and unique
// keys of constraints that may be broken for a while.
//
// I1 A check points into the catalog that it keeps alive; the tables it is about cannot be altered while it waits
//    (deferred_checks::waits_for).

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "sql/exec/table_target.hpp"
#include "storage/transaction.hpp"

namespace helios::sql {

/// One row to look at again. Values are copied.
struct row_check {
  enum class kind : std::uint8_t { child, parent, unique } what{};
  foreign_key key;                     ///< child, parent
  bool deleted = false;                ///< parent
  std::vector<datum> before, after;    ///< of the key's columns
  std::shared_ptr<arena> memory;
  std::shared_ptr<const catalog> definitions;
  std::int64_t row_id = 0;             ///< child, unique
  storage::space_id space{};           ///< unique: of the index
  std::string prefix, shown;           ///< unique: the key's bytes, and how it reads
  std::string index_name, table_name;
  oid table = 0;                       ///< whose row was written
  oid rule = 0;                        ///< the constraint
  bool deferrable = false, initially_deferred = false;
  storage::write_seq at = 0;           ///< number of the transaction's next write when it was put off
};

/// When the constraints of one transaction are checked, and what waits for its end.
class deferred_checks {
 public:
  /// SET CONSTRAINTS.
  void set_all(bool deferred);
  void set(oid rule, bool deferred) { modes_.by_rule[rule] = deferred; }
  bool puts_off(const row_check& c) const;
  void add(row_check c) { queue_.push_back(std::move(c)); }
  bool empty() const { return queue_.empty(); }
  bool waits_for(oid table) const;
  /// The checks that are not put off any more.
  std::deque<row_check> take_due();
  std::deque<row_check> take_all() { return std::exchange(queue_, {}); }
  /// ROLLBACK TO: forgets what came with the writes from `from` on.
  void forget(storage::write_seq from);
  void clear();

  struct modes {
    std::optional<bool> all;
    std::map<oid, bool> by_rule;
  };
  const modes& current() const { return modes_; }
  void restore(const modes& m) { modes_ = m; }

 private:
  modes modes_;
  std::deque<row_check> queue_;
};

class pending_checks {
 public:
  /// A row of the child was written: its parent must exist.
  void child_written(const foreign_key& key, std::span<const datum> row, std::int64_t row_id, evaluation& in);
  /// A parent row was deleted (`after` empty) or its key changed: what becomes of its children?
  void parent_changed(const foreign_key& key, std::span<const datum> before, std::span<const datum> after, evaluation& in);
  /// A row with this key was written where equal keys may stand side by side for a while. `row`: with the target's terms.
  void key_written(const table_target& target, const index_codec& index, std::span<const datum> row, std::int64_t row_id, evaluation& in);
  /// Runs what is not put off to the end of the transaction, also what referential actions add on the way.
  void run(evaluation& in);
  /// Runs everything at once.
  void run_now(evaluation& in) { run(std::exchange(queue_, {}), in); }
  /// Runs these, whatever SET CONSTRAINTS says.
  void run(std::deque<row_check> checks, evaluation& in);

 private:
  struct action;
  void perform(row_check& c, evaluation& in);
  void apply_action(row_check& c, evaluation& in);
  void change_child(row_check& c, action& how, std::int64_t row_id, evaluation& in);
  action& action_of(const row_check& c, evaluation& in);

  std::deque<row_check> queue_;
  std::map<std::pair<oid, bool>, std::shared_ptr<action>> actions_;  ///< by constraint, and whether the parent was deleted
};

}  // namespace helios::sql
