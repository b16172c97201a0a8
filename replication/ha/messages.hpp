#pragma once
// What members say to each other. Plain values, easy to encode: integers, strings, lists of strings. The link's handshake has
// proven the cluster and the sender; a link may lose, repeat, delay and reorder messages. Who sends what when: docs/protocol.md.

#include <cstdint>
#include <string>
#include <variant>

#include "replication/ha/types.hpp"

namespace helios::replication::ha {

/// Every `options::heartbeat` from every member to every other.
struct heartbeat {
  std::uint64_t incarnation = 0;
  node_id leader;          ///< whom the sender follows, or itself when it leads; empty: undetermined
  epoch leader_epoch;
  bool open = false;       ///< the sender leads and is open for writes
  data_facts data;
};

/// A leader wants its lease renewed by a voter. `sequence` grows within one incarnation.
struct renewal {
  lease_id lease;
  std::uint64_t sequence = 0;
};
struct renewal_granted {
  lease_id lease;
  std::uint64_t sequence = 0;
};

/// Would you promise me a new epoch? Changes nothing at the receiver.
struct pre_vote {
  std::uint64_t round = 0;       ///< numbers the sender's attempts; the answer repeats it
  lease_id released;             ///< a lease that the sender knows to be released; incarnation 0: none
  bool by_hand = false;          ///< manual mode: an operator asks; who is there says yes and how far its log reaches
};
struct pre_vote_reply {
  std::uint64_t round = 0;
  bool yes = false;
  std::int64_t retry_after_us = 0;  ///< of a no: when it may be yes
  epoch promised;                ///< the receiver's promise: the new epoch must be higher
  config_record config;          ///< the latest one that the receiver has stored
  data_facts data;
  std::string reason;            ///< of a no
};

/// Promise me this epoch.
struct recruit {
  epoch number;
  lease_id released;             ///< as in pre_vote
  bool by_hand = false;          ///< an operator asked for it: by command, or by a switchover
};
struct promise {
  epoch number;
  config_record config;          ///< the latest one that the voter has stored
  data_facts data;               ///< of a data node: its log was read after it was fenced
};
/// The answer no to a recruit, renewal, publish or new_leader of epoch `number`.
struct refusal {
  epoch number;
  epoch promised;                ///< higher than `number` if that is why
  std::int64_t retry_after_us = 0;  ///< otherwise: a lease is live for so long
  std::string reason;
};

/// A leader wants a config stored.
struct publish {
  config_record config;
};
struct published {
  epoch number;
  std::uint64_t version = 0;
  membership_id members = {};    ///< of the list that is stored with it
};

/// The sender leads this epoch: data nodes follow it. Also pushed to proxies by the shell (action `announce`).
struct new_leader {
  epoch number;
  std::uint64_t incarnation = 0;
  bool open = false;
};

/// This lease is over: its holder has closed (and names a successor), or its process is dead (said by the launcher that
/// reaped it; `lease.number` is 0 then).
struct release {
  lease_id lease;
  node_id successor;             ///< campaigns at once; empty: whoever comes first
};
/// The sender recruited but the receiver has more log: campaign at once.
struct nominate {
  epoch number;                  ///< the sender's, lost
};

/// Switchover: the leader has drained and its log ends at `at`; answer when you hold all of it.
struct handover {
  epoch number;
  lsn at;
};
struct handover_ready {
  epoch number;
  lsn at;
};

/// What the sender has stored. Once there was a command: with every heartbeat, and at once where it is new.
struct maintenance {
  maintenance_state state;
};

/// Manual mode: an operator wants the sender to lead. Hand over to it, as in a switchover.
struct take_over {
  epoch number;                  ///< the receiver's, as the sender has heard
};
/// It was not handed over.
struct take_over_refused {
  std::string reason;
};

using message_body = std::variant<heartbeat, renewal, renewal_granted, pre_vote, pre_vote_reply, recruit, promise, refusal, publish,
                                  published, new_leader, release, nominate, handover, handover_ready, maintenance, take_over,
                                  take_over_refused>;

struct message {
  epoch highest;                 ///< the sender's promised epoch
  message_body body;
  membership members = {};       ///< as the sender knows them; version 0: as configured
};

const char* name_of(const message_body& body);

}  // namespace helios::replication::ha
