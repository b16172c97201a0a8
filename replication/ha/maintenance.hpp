#pragma once
// Maintenance mode of the cluster: while it is on, no member begins an election by itself, and voters refuse those of others. Every member
// keeps the latest state that it has heard of in its record and repeats it; a command is done when a quorum of the voters has stored
// it. Sends through the outbox. Pure; owned by one member.
//
// I1 States are totally ordered, and a member's only becomes later (voter::store).
// I2 A pause that was acknowledged is stored by Q voters: no pre-vote finds Q others.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "replication/ha/options.hpp"
#include "replication/ha/outbox.hpp"

namespace helios::replication::ha {

class maintenance_command {
 public:
  maintenance_command(const options& o, outbox& out) : options_(o), out_(out) {}

  /// Takes the place of one that is under way.
  void begin(time_point now, const maintenance_state& wanted, std::uint64_t command);
  /// `from` has stored this state.
  void stored(const node_id& from, const maintenance_state& state);
  void tick(time_point now);
  time_point next_wake_up() const { return command_ == 0 ? time_point::max() : deadline_; }

 private:
  void end(std::string failure);

  const options& options_;
  outbox& out_;
  std::uint64_t command_ = 0;   ///< 0: none is under way
  maintenance_state wanted_;
  std::set<node_id> stored_by_;
  time_point deadline_{};
};

}  // namespace helios::replication::ha
