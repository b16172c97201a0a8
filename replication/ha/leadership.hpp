#pragma once
// Leading one epoch: the lease, the publication of configs, opening and closing for writes. Sends through the outbox; its own
// node's vote comes through the member like any other. Pure; made at a win, destroyed at step-down.
//
// I1 Open only while the lease is held (automatic mode) and a config of this epoch is in force.
// I2 A config is published only after its own cohort holds the end of its record, and is in force only when Q voters stored it; in
//    manual mode, under the policy `available`, all that are heard suffice.
// I3 After end() it never opens again.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "replication/ha/lease.hpp"
#include "replication/ha/outbox.hpp"

namespace helios::replication::ha {

class leadership {
 public:
  leadership(const options& o, outbox& out, epoch number, time_point now);

  epoch number() const { return lease_.id().number; }
  const lease& held() const { return lease_; }
  bool open() const { return open_; }
  bool released() const { return lease_.ended(); }
  /// Until when writes may be acknowledged: time_point::min() while closed, max() in manual mode.
  time_point acknowledge_until() const;
  const config_record& in_force() const { return in_force_; }
  /// The present list of members, with the config in force, is stored by a majority of its voters.
  bool members_stored() const { return members_stored_; }
  /// The list is another: everybody is to store it.
  void members_changed(time_point now);

  /// The cohort of `config` holds the end of its record: time to publish it.
  void cohort_holds(time_point now, const config_record& config);
  void granted(time_point now, const node_id& by, const renewal_granted& m);
  void stored(time_point now, const node_id& by, const published& m);
  /// Manual mode: these voters are there, this node among them.
  void reachable(time_point now, const std::set<node_id>& voters);
  /// Renews, publishes again what was not answered, closes when the lease has run out, opens when all is there.
  void tick(time_point now);
  /// Closes, and gives the lease up for good. The caller tells the others.
  void end(const std::string& why);
  time_point next_wake_up() const;

 private:
  void publish_to_missing(time_point now);
  void renew(time_point now);
  void put_in_force(time_point now);
  void close(const std::string& why);
  void open_if_ready(time_point now);

  const options& options_;
  outbox& out_;
  lease lease_;
  bool open_ = false;
  config_record in_force_;                       ///< version 0 until the first of this epoch is
  std::optional<config_record> publishing_;      ///< the latest whose cohort holds it, until all members have stored it
  bool members_stored_ = false;
  std::set<node_id> stored_by_;                  ///< the config under publication and the present list of members
  time_point renew_at_{}, publish_at_{};
};

}  // namespace helios::replication::ha
