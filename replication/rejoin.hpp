#pragma once
// How a node comes to a primary's log: where the two logs part, what has to be set aside and cut, and when only a base backup
// helps. Asked by the primary when a standby connects (standby_sender). Pure functions.
//
// I1 Up to the fork both logs hold the same bytes: an epoch has one writer, so equal epochs with equal begins are equal.
// I2 The position of `stream` and of `cut` is still on the primary's disk, so that the next step is not refused.

#include <string>
#include <vector>

#include "base/types.hpp"

namespace helios::replication {

/// One epoch of a log: its number and where it begins. An epoch ends where the next one begins.
struct epoch_start {
  epoch number;
  lsn begin;
};

struct primary_log {
  std::vector<epoch_start> history;  ///< oldest first, both fields growing
  lsn oldest;                        ///< first byte still on disk
  lsn written;                       ///< end of the log
};

struct own_log {
  std::vector<epoch_start> history;  ///< oldest first; empty: the log is
  lsn end;                           ///< fsynced
  lsn checkpoint;                    ///< what LMDB holds: cannot be cut
  bool complete = true;              ///< false: there is no store, or a base backup has begun to replace it and was not finished
};

struct rejoin_plan {
  enum class kind {
    stream,       ///< the log is a prefix: stream from its end
    cut,          ///< set [cut_at, end) aside, truncate to cut_at, then stream
    base_backup,  ///< set [cut_at, end) aside where there is one, then replace the store
    refuse,       ///< the standby knows a newer epoch: this primary is the stale one and must not serve it
  } what{};
  lsn cut_at;
  std::string reason;  ///< for the log
};

/// The end of the longest common prefix of two logs.
lsn fork_of(const std::vector<epoch_start>& a, lsn a_end, const std::vector<epoch_start>& b, lsn b_end);
/// `leader.oldest` is the first byte that the leader can still send.
rejoin_plan plan_rejoin(const own_log& own, const primary_log& leader);

}  // namespace helios::replication
