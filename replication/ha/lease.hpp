#pragma once
// The holder's side of a lease: renewals sent, grants received, and the deadline that follows. Pure; owned by one leader.
//
// I1 The deadline is (send time of the Q-th newest granted renewal) + T - guard. The guard covers that the holder's clock may be
//    slow and a voter's fast: voters refuse others for T * (1 + drift) of their own clock from receipt, which comes after the
//    sending; so guard >= T * drift makes the deadline pass first in true time.
// I2 A lease that was ended is never held again.

#include <cstdint>
#include <map>
#include <vector>

#include "replication/ha/options.hpp"

namespace helios::replication::ha {

class lease {
 public:
  lease(const options& o, epoch number) : options_(o), number_(number) {}

  lease_id id() const { return {options_.self, options_.incarnation, number_}; }
  /// The number of a renewal that is sent now; older ones beyond the lease's length are forgotten.
  std::uint64_t renew(time_point now);
  void granted(time_point now, const node_id& by, std::uint64_t sequence);
  /// time_point::min() when not held, ever again or yet.
  time_point deadline() const { return deadline_with(options_.members); }
  /// As it would be if these were the members.
  time_point deadline_with(const std::vector<member_entry>& members) const;
  bool held(time_point now) const { return now < deadline(); }
  void end() { ended_ = true; }
  bool ended() const { return ended_; }

 private:
  const options& options_;
  epoch number_;
  std::uint64_t sequence_ = 0;
  std::map<std::uint64_t, time_point> sent_;       ///< by sequence
  std::map<node_id, time_point> newest_;           ///< by member: send time of its newest granted renewal
  bool ended_ = false;
};

}  // namespace helios::replication::ha
