#pragma once
// All client sessions of a node: for cancel requests, pg_stat_activity, limits and shutdown. Shared by the session actors
// and whoever lists them; any thread (one mutex, held for copies only).

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/session/session_fiber.hpp"
#include "base/types.hpp"
#include "sql/database.hpp"

namespace helios::actors {

/// What pg_stat_activity shows of one session; updated by the session at statement borders.
class activity_slot {
 public:
  void update(const std::function<void(sql::activity_row&)>& change);
  sql::activity_row read() const;
  /// While set, the running statement gets its answer before an interrupt reaches the session, and although this node may no longer
  /// answer reads: it asked for the change that ends the session.
  std::atomic<bool> answer_first{false};

 private:
  mutable std::mutex mutex_;
  sql::activity_row row_;
};

class session_directory {
 public:
  explicit session_directory(std::size_t connections_max) : connections_max_(connections_max) {}

  struct entry {
    session_id id;
    std::uint32_t secret = 0;  ///< of the cancel key
    std::shared_ptr<activity_slot> activity;
  };
  /// Nothing when connections_max sessions are open, or after end_all(). `raise` interrupts the session; any thread may call it.
  std::optional<entry> add(std::function<void(interrupt)> raise);
  /// For a client that has not yet said what it wants: not counted and not listed before admit(), so that a cancel request
  /// gets through when all connections are taken. These are bounded too.
  std::optional<entry> add_unadmitted(std::function<void(interrupt)> raise);
  /// False when connections_max sessions are open.
  bool admit(session_id id);
  void remove(session_id id);
  /// False for a wrong key: nobody is told which part was wrong.
  bool cancel(std::uint32_t process_id, std::uint32_t secret);
  /// pg_cancel_backend and pg_terminate_backend.
  bool interrupt_one(session_id id, interrupt what);
  /// Sets answer_first for the statement that this session runs.
  void answer_first(session_id id);
  void interrupt_all(interrupt what);
  /// Interrupts all, and no session is added from now on: whoever waits for the last one waits for these alone. A client that was
  /// accepted a moment before, and is not added yet, would otherwise be missed.
  void end_all(interrupt what);
  bool ending() const;
  std::vector<sql::activity_row> list() const;
  std::size_t size() const;
  /// True when all sessions have gone within `within`.
  bool wait_empty(std::chrono::milliseconds within);

 private:
  struct known {
    std::uint32_t secret = 0;
    std::function<void(interrupt)> raise;
    std::shared_ptr<activity_slot> activity;
    bool admitted = false;
  };
  entry insert(std::function<void(interrupt)> raise, bool admitted);  ///< mutex held

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<session_id, known> sessions_;
  std::size_t admitted_ = 0;
  bool ending_ = false;
  std::uint64_t last_id_ = 0;
  std::size_t connections_max_;
};

}  // namespace helios::actors
