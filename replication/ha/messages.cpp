#include "replication/ha/messages.hpp"

#include <array>

namespace helios::replication::ha {

const char* name_of(const message_body& body) {
  static constexpr std::array names{"heartbeat",  "renewal", "renewal_granted", "pre_vote", "pre_vote_reply",
                                    "recruit",    "promise", "refusal",         "publish",  "published",
                                    "new_leader", "release", "nominate",        "handover", "handover_ready",
                                    "maintenance", "take_over", "take_over_refused"};
  static_assert(names.size() == std::variant_size_v<message_body>);
  return names[body.index()];
}

}  // namespace helios::replication::ha
