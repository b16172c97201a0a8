#pragma once
// A change of the members, as a leader's operator asks for it: the steps from one list to the next. One voter at a time, so that
// majorities of neighbouring lists meet. What a step must wait for is the member's to know. Pure; owned by one member.
//
// I1 Two lists that follow each other differ in at most one voter.
// I2 A new member has no vote before it was heard as a member.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "replication/ha/options.hpp"
#include "replication/ha/outbox.hpp"

namespace helios::replication::ha {

struct member_change {
  enum class kind : std::uint8_t {
    put,     ///< add it, or change its vote and contact
    remove,  ///< only the name counts
  } what{};
  member_entry entry;
};

/// The list that `members` becomes next on the way to `change`; nothing: it is there. The id is the caller's to write.
std::optional<std::vector<member_entry>> next_members(const std::vector<member_entry>& members, const member_change& change);

/// The one command that is under way.
class membership_command {
 public:
  explicit membership_command(outbox& out) : out_(out) {}

  bool running() const { return command_ != 0; }
  const member_change& change() const { return change_; }
  void begin(time_point now, member_change change, std::uint64_t command, duration timeout);
  /// What the next step waits for: the reason where it does not come in time.
  void waits_for(std::string what) { waits_for_ = std::move(what); }
  void end(std::string failure);
  void tick(time_point now);
  time_point next_wake_up() const { return running() ? deadline_ : time_point::max(); }

 private:
  outbox& out_;
  member_change change_;
  std::uint64_t command_ = 0;
  time_point deadline_{};
  std::string waits_for_;
};

}  // namespace helios::replication::ha
