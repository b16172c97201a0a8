#pragma once
// What a member promises, grants and stores: its durable record and the answers that depend on it. It decides; making a change
// durable before the answer leaves is the member's part (`changes()` tells it). Pure; owned by one member.
//
// I1 The promised epoch never decreases; one epoch is promised to one candidate.
// I2 While a grant lives, no other candidate gets a promise and no other leader a grant. A grant in the record of a restarted
//    voter lives for a whole period from its start.
// I3 The stored config only becomes later.

#include <cstdint>
#include <optional>
#include <string>

#include "replication/ha/durable_record.hpp"
#include "replication/ha/options.hpp"

namespace helios::replication::ha {

class voter {
 public:
  struct verdict {
    bool yes = false;
    duration retry_after{};   ///< of a no because of a live grant: it ends then
    std::string reason;       ///< of a no
    bool two_leaders = false; ///< the fatal one: this epoch has another leader already
  };

  voter(const options& o, durable_record record, time_point started);

  const durable_record& record() const { return record_; }
  /// Grows with every change of the record.
  std::uint64_t changes() const { return changes_; }
  epoch promised() const { return record_.promised; }
  /// The holder of a live grant and until when it lives.
  struct live_grant {
    lease_id lease;
    time_point until;
  };
  std::optional<live_grant> granted(time_point now) const;

  /// Whether a live grant forbids promises to this candidate now; changes nothing.
  verdict may_promise(time_point now, const node_id& candidate) const;
  verdict promise(time_point now, epoch number, const node_id& candidate);
  /// A leader is believed when its epoch is not below the promised one; the promise is raised to it.
  verdict accept_leader(epoch number, const node_id& leader);
  verdict grant(time_point now, const lease_id& lease);
  verdict store(const config_record& config);
  /// True where it is later than what was known.
  bool store(const maintenance_state& state);
  bool store(const membership& members);
  /// Ends the grant of exactly this process (and epoch, unless 0). False if there is no such live grant.
  bool release(time_point now, const lease_id& lease);
  /// The log has records of this epoch: a node takes part in no lower one than its log.
  void raise_to_log(epoch number);

 private:
  void set_promise(epoch number, const node_id& to);

  const options& options_;
  durable_record record_;
  std::uint64_t changes_ = 0;
  time_point granted_until_;
  lease_id released_;         ///< the last lease known to be over: late renewals of it are refused
  epoch leader_epoch_;        ///< whom the voter has heard lead
  node_id leader_;
};

}  // namespace helios::replication::ha
