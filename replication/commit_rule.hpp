#pragma once
// The commit rule: up to which LSN commits may be acknowledged to clients and shown to readers. Pure; owned by one actor of
// the primary (the WAL writer). docs/protocol.md states the rule in words.
//
// An LSN p satisfies a cohort (S, K) when the leader has flushed p and at least K members of S hold p. A sync member holds
// what it has flushed and applied, a semi-sync member what it has flushed, an async or unknown one nothing.
//
// I1 The watermark only grows.
// I2 It never exceeds what the leader has flushed, nor what satisfies the cohort in force.
// I3 While cohorts are proposed (their records are in the WAL but not yet published), it does not exceed what satisfies each of
//    them either: old and new bind together, for LSNs before and after the records alike.
// I4 A proposed cohort is published when it itself is satisfied at the end of its record. It then binds alone. So every commit
//    acknowledged before satisfies it, and writes go on after a sync standby has vanished.
// I5 With voters (require_voters) the same holds, but a cohort binds alone only after published(): Q voters have stored it, so
//    that every later election knows it. A new epoch begins with opening(): nothing is acknowledged before one of its own
//    cohorts is in force, so that what a node acknowledges it holds together with the start of the epoch.

#include <cstdint>
#include <map>
#include <vector>

#include "base/types.hpp"

namespace helios::replication {

/// Config C of an epoch without its leader: the sync cohort S and the acknowledgements K that a commit needs.
struct cohort {
  std::uint64_t version = 0;
  std::vector<node_id> members;
  std::uint32_t acks_needed = 0;
  friend bool operator==(const cohort&, const cohort&) = default;
};

class commit_rule {
 public:
  /// A cohort and where its config record ends in the WAL.
  struct recorded {
    cohort rule;
    lsn end;
  };

  /// After recovery: the cohort of the log's latest config record, and what is visible already.
  commit_rule(recorded in_force, lsn visible);

  /// The rule of a leader that was elected: no cohort is in force, the watermark stays at `visible`. Implies require_voters().
  static commit_rule opening(lsn visible);
  void require_voters() { needs_voters_ = true; }

  /// The config record of `next` was appended. Versions and ends grow. A later proposal may replace one that cannot be met.
  void propose(recorded next);
  bool pending() const { return !proposed_.empty(); }
  const recorded& in_force() const { return in_force_; }
  /// The newest one, in force or not: what the next change starts from.
  const recorded& newest() const { return proposed_.empty() ? in_force_ : proposed_.back(); }

  // Each gives the watermark after the news.

  lsn leader_flushed(lsn to);
  /// A standby of this epoch says what it has. Unknown nodes are remembered: they may join later.
  struct position {
    sync_mode mode{};
    lsn flushed;
    lsn applied;
  };
  lsn acknowledged(const node_id& standby, const position& at);
  /// Q voters have stored the proposed cohort with this version, which held_proposal() has named before. Older proposals end with
  /// it, and the watermark reaches at least the end of its record. Unknown versions change nothing.
  lsn published(std::uint64_t version);
  /// The newest proposed cohort that is satisfied at the end of its own record: ready to be stored by the voters.
  const recorded* held_proposal() const;
  lsn watermark() const { return watermark_; }

  /// The largest LSN that satisfies `rule` now, whatever the watermark.
  lsn satisfied_by(const cohort& rule) const;

 private:
  lsn advance();
  void put_in_force(std::size_t proposal);
  lsn held_by(const node_id& member) const;

  recorded in_force_;
  std::vector<recorded> proposed_;  ///< oldest first
  lsn leader_flushed_;
  std::map<node_id, position> positions_;
  lsn watermark_;
  bool needs_voters_ = false;
};

}  // namespace helios::replication
