#include "sql/session/session_transaction.hpp"

#include "base/sql_error.hpp"
#include "base/wall_clock.hpp"

namespace helios::sql {

using storage::lock_mode;
using storage::lock_outcome;
using clock = std::chrono::steady_clock;

const char* to_string(isolation_level level) {
  switch (level) {
    case isolation_level::read_committed: return "read committed";
    case isolation_level::repeatable_read: return "repeatable read";
    case isolation_level::serializable: return "serializable";
  }
  return "?";
}

namespace {

/// Of a commit that was not acknowledged. A record that found no room, or is too large, is not in the log; whatever else happened to it,
/// another node may have it.
sql_error refusal(const error& why) {
  if (why.code == errc::disk_full) {
    return sql_error(sqlstate::disk_full, "could not write to the write-ahead log: the disk is full").detail(why.detail).hint("Check free disk space.");
  }
  if (why.code == errc::invalid_argument) {
    return sql_error(sqlstate::program_limit_exceeded, "the transaction is too large").detail(why.detail);
  }
  return sql_error(sqlstate::transaction_resolution_unknown, "the outcome of the commit is unknown")
      .detail(to_string(why)).hint("The change may or may not have been made durable; check before trying again.");
}

}  // namespace

session_transaction::session_transaction(database& db, fiber_host& host, bool node_read_only, std::uint64_t process)
    : db_(db),
      host_(host),
      node_read_only_(node_read_only),
      process_(process),
      advisory_(*this, process),
      channels_(db.notifications(), static_cast<std::int64_t>(process)) {}

session_transaction::~session_transaction() { end(); }

void session_transaction::begin(transaction_modes modes) {
  active_ = true;
  modes_ = modes;
  started_us_ = wall_clock_us();
  ++generation_;
}

void session_transaction::admit_write() {
  if (admitted_ || node_read_only_) return;
  db_.writes().admit(host_);
  admitted_ = true;
}

storage::transaction& session_transaction::writer() {
  if (!writer_) {
    writer_ = engine().begin();
    writer_->act_for(process_);
    writer_->use_private(private_);
  }
  return *writer_;
}

std::uint64_t session_transaction::id() { return writer().id().value; }

lsn session_transaction::commit() {
  if (!writer_ || !writer_->has_writes()) {
    struct ender {
      session_transaction& owner;
      ~ender() { owner.end(); }
    } at_last{*this};
    settle();
    channels_.before_commit(nullptr);
    channels_.committed(false);
    if (writer_) writer_->keep_private();
    return {};
  }
  auto unit = writer_->seal(wall_clock_us());
  try {
    channels_.before_commit(unit);
  } catch (...) {
    end();
    throw;
  }
  db_.sink().submit(unit);
  // From here on the record may be in the WAL: a cancel cannot change its fate, and its locks stay until that is known.
  host_.await(unit->acknowledged, fiber_host::cancel_policy::uncancellable);
  auto& outcome = unit->acknowledged->outcome();
  if (!outcome.ok()) {
    auto refused = refusal(outcome.failure());
    end();
    throw refused;
  }
  auto position = unit->end;
  channels_.committed(true);
  writer_->keep_private();
  end();
  return position;
}

void session_transaction::rollback() { end(); }

void session_transaction::end() {
  if (writer_) {
    writer_->release();
    writer_.reset();
  }
  if (exclusive_locks_ > 0) db_.note_exclusive_locks(-std::exchange(exclusive_locks_, 0));
  if (std::exchange(admitted_, false)) db_.writes().leave();
  advisory_.release_transaction(0);
  channels_.rolled_back();
  relation_locks_.clear();
  since_savepoint_.clear();
  savepoints_.clear();
  deferred_.clear();
  snapshot_.reset();
  fixed_.reset();
  unseen_ = {};
  statements_ = definitions_changed_ = 0;
  active_ = false;
  ++generation_;
}

void session_transaction::set_savepoint(const std::string& name) {
  savepoints_.push_back({name, writer().next_seq(), channels_.now(), advisory_.now(), since_savepoint_.size(), deferred_.current()});
}

bool session_transaction::release_savepoint(const std::string& name) {
  auto at = std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&name](const savepoint& s) { return s.name == name; });
  if (at == savepoints_.rend()) return false;
  savepoints_.erase(std::next(at).base(), savepoints_.end());
  return true;
}

bool session_transaction::rollback_to_savepoint(const std::string& name) {
  auto at = std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&name](const savepoint& s) { return s.name == name; });
  if (at == savepoints_.rend()) return false;
  undo_to(*at);
  savepoints_.erase(at.base(), savepoints_.end());  // the savepoint itself stays
  return true;
}

void session_transaction::undo_to(const savepoint& at) {
  writer().rollback_to(at.at);
  deferred_.forget(at.at);
  deferred_.restore(at.constraint_modes);
  channels_.rollback_to(at.channels);
  advisory_.release_transaction(at.advisory);
  release_locks(at.locks);
  if (definitions_changed_ > 0) ++definitions_changed_;
}

void session_transaction::release_locks(std::size_t beyond) {
  for (; since_savepoint_.size() > beyond; since_savepoint_.pop_back()) {
    const auto& last = since_savepoint_.back();
    if (last.tag.kind == storage::lock_kind::relation) {
      relation_locks_[last.tag.object] = last.held_before;
      if (last.mode == lock_mode::access_exclusive && exclusive_locks_ > 0) {
        --exclusive_locks_;
        db_.note_exclusive_locks(-1);
      }
    }
    (void)engine().locks().release(writer_->id(), last.tag, last.mode);
  }
}

void session_transaction::abandon() {
  if (!savepoints_.empty()) return undo_to(savepoints_.back());
  if (writer_) {
    writer_->rollback_to(1);
    writer_->release();
  }
  if (exclusive_locks_ > 0) db_.note_exclusive_locks(-std::exchange(exclusive_locks_, 0));
  relation_locks_.clear();
  since_savepoint_.clear();
  advisory_.release_transaction(0);
  channels_.rollback_to({});
  if (definitions_changed_ > 0) ++definitions_changed_;
}

void session_transaction::await_visible(lsn position) {
  auto wait = db_.wait_visible(position);
  if (wait == nullptr) return;
  host_.await(wait);
  if (wait->outcome().ok()) return;
  error_report closing;
  closing.severity = "FATAL";
  closing.sqlstate = sqlstate::admin_shutdown;
  closing.message = "terminating connection due to administrator command";
  throw sql_error(std::move(closing));
}

void session_transaction::await_unseen() {
  await_visible(unseen_);
  unseen_ = {};
}

storage::snapshot_ptr session_transaction::fresh_snapshot() {
  if (unseen_ <= engine().positions().visible) unseen_ = {};
  return has_unseen() ? engine().take_snapshot_ahead(unseen_) : engine().take_snapshot();
}

void session_transaction::begin_statement() {
  ++statements_;
  if (floor_.value != 0) {
    await_visible(floor_);
    floor_ = {};
  }
  // On a standby there are no table locks, and need be none: it shows commits in their order on the primary, where locks made them
  // serializable, so that one snapshot is.
  const bool one_snapshot = modes_.isolation == isolation_level::repeatable_read ||
                            (modes_.isolation == isolation_level::serializable && node_read_only_);
  if (one_snapshot) {
    if (!fixed_) fixed_ = engine().take_snapshot();
    snapshot_ = fixed_;
  } else {
    snapshot_ = fresh_snapshot();
  }
  if (!private_.rows.empty()) (void)writer();
  statement_start_ = writer_ ? writer_->next_seq() : 0;
}

bool session_transaction::reads_own() const { return writer_ && (writer_->has_writes() || writer_->has_private_writes() || !private_.rows.empty()); }

read_view session_transaction::view() const {
  bool own = reads_own();
  return {snapshot_, own ? writer_.get() : nullptr, statement_start_};
}

void session_transaction::undo_statement() {
  if (writer_) writer_->rollback_to(statement_start_);
}

read_view session_transaction::newest_view(lsn at_least) {
  note_unseen(at_least);
  if (!private_.rows.empty()) (void)writer();
  bool own = reads_own();
  return {fresh_snapshot(), own ? writer_.get() : nullptr, ~storage::write_seq{0}};
}

namespace {
[[noreturn]] void deadlock(std::string detail, bool serializable) {
  if (serializable) {
    throw sql_error(sqlstate::serialization_failure, "could not serialize access due to read/write dependencies among transactions")
        .detail(std::move(detail)).hint("The transaction might succeed if retried.");
  }
  throw sql_error(sqlstate::deadlock_detected, "deadlock detected").detail(std::move(detail)).hint("See server log for query details.");
}
}  // namespace

bool session_transaction::lock(const storage::lock_tag& tag, lock_mode mode, row_wait policy, const std::function<std::string()>& what) {
  completion_ptr wait;
  auto how = policy == row_wait::wait ? storage::lock_wait_policy::wait : storage::lock_wait_policy::nowait;
  auto outcome = writer().lock(tag, mode, how, wait);
  switch (outcome.what) {
    case lock_outcome::kind::granted: note_lock(tag, mode); return true;
    case lock_outcome::kind::deadlock: deadlock(std::move(outcome.detail), modes_.isolation == isolation_level::serializable);
    case lock_outcome::kind::not_available:
      if (policy == row_wait::skip) return false;
      throw sql_error(sqlstate::lock_not_available, "could not obtain lock on " + what());
    case lock_outcome::kind::waiting: break;
  }
  waited_ = true;
  await_lock(wait, writer_->id());
  note_lock(tag, mode);
  return true;
}

void session_transaction::note_lock(const storage::lock_tag& tag, lock_mode mode) {
  if (savepoints_.empty()) return;
  const auto known = tag.kind == storage::lock_kind::relation ? relation_locks_.find(tag.object) : relation_locks_.end();
  since_savepoint_.push_back({tag, mode, known == relation_locks_.end() ? lock_mode{} : known->second});
}

void session_transaction::await_lock(const completion_ptr& wait, txn_id owner) {
  // await may throw (cancel, statement timeout): the place in the queue must not outlive the wait.
  struct guard {
    storage::lock_table& locks;
    txn_id owner;
    bool armed = true;
    ~guard() {
      if (armed) (void)locks.cancel_wait(owner);
    }
  } leave{engine().locks(), owner};
  bool granted = true;
  if (lock_timeout.count() > 0) granted = host_.await_until(wait, clock::now() + lock_timeout);
  else host_.await(wait);
  if (!granted && engine().locks().cancel_wait(owner)) {
    leave.armed = false;
    throw sql_error(sqlstate::lock_not_available, "canceling statement due to lock timeout");
  }
  leave.armed = false;
  if (wait->done() && !wait->outcome().ok()) {
    auto& failure = wait->outcome().failure();
    if (failure.code == errc::busy) deadlock(failure.detail, modes_.isolation == isolation_level::serializable);
    throw sql_error(sqlstate::query_canceled, "canceling statement: " + failure.detail);
  }
}

void session_transaction::lock_relation(oid id, lock_mode mode, const std::string& name) {
  if (node_read_only_) return;
  if (mode >= lock_mode::row_share) admit_write();
  auto& held = relation_locks_[id];
  if (held >= mode) return;
  if (mode == lock_mode::access_exclusive) {
    ++exclusive_locks_;
    db_.note_exclusive_locks(1);
  }
  (void)lock({storage::lock_kind::relation, id, {}}, mode, row_wait::wait, [&name] { return "relation \"" + name + "\""; });
  // The modes are no chain: SHARE does not include ROW EXCLUSIVE. Only the strongest of those that are ordered is kept.
  if (mode != lock_mode::share && !(held == lock_mode::share && mode < lock_mode::share_row_exclusive)) held = mode;
}

}  // namespace helios::sql
