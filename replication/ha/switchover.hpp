#pragma once
// The leader's side of a planned change of leader, up to the point of no return. Pure; owned by one member.
//
//   idle --begin()--> draining --drained()--> handing_over --ready()--> idle, done (the caller releases the lease)
//                         |--timeout, abort()--> idle (resume_writes)
//
// Before the release an abort returns to normal; after it the candidate goes on alone.

#include <cstdint>
#include <optional>
#include <string>

#include "replication/ha/options.hpp"
#include "replication/ha/outbox.hpp"

namespace helios::replication::ha {

class switchover {
 public:
  enum class stage : std::uint8_t { idle, draining, handing_over };
  switchover(const options& o, outbox& out) : options_(o), out_(out) {}

  stage now_in() const { return stage_; }
  bool running() const { return stage_ != stage::idle; }
  const node_id& successor() const { return successor_; }
  lsn at() const { return at_; }

  /// `asked_by_successor`: it hears of an abort.
  void begin(time_point now, const node_id& to, duration timeout, std::uint64_t command, bool asked_by_successor = false);
  /// No write transaction is open; HANDOVER ends at `at` and everything before it is acknowledged. Again with a later end where
  /// the log has moved on.
  void drained(time_point now, epoch number, lsn at);
  /// True when the successor holds all of it: time to release.
  bool ready(time_point now, const node_id& from, const handover_ready& m);
  /// Ends it with success for the one who asked.
  void done();
  void abort(const std::string& why);
  void tick(time_point now);
  time_point next_wake_up() const;

 private:
  const options& options_;
  outbox& out_;
  stage stage_ = stage::idle;
  node_id successor_;
  epoch number_;
  lsn at_;
  std::uint64_t command_ = 0;
  bool asked_by_successor_ = false;
  time_point deadline_{}, resend_at_{};
};

}  // namespace helios::replication::ha
