#pragma once
// Who may lead after a recruit, and with which cohort. Pure functions; docs/protocol.md has the reasons.

#include <optional>
#include <map>
#include <string>
#include <vector>

#include "replication/ha/options.hpp"

namespace helios::replication::ha {

/// One promise, the candidate's own included.
struct recruited {
  node_id id;
  config_record config;
  data_facts data;
};

struct win_terms {
  bool accept_data_loss = false;  ///< by hand: neither cover nor the most log is asked for
  bool waive_quorum = false;      ///< by hand, manual mode: the operator answers for it that no other node leads
  /// Automatic takeover by an async node under `async_lag_bytes_max`: the leader's log end when last heard.
  std::optional<lsn> leader_end;
  bool last_leader_only = false;  ///< manual mode: only if nobody has led since this node
  node_id handed_over_by = {};    ///< manual mode: with the promise of this leader no quorum is needed
};

struct win_verdict {
  enum class kind {
    undecided,   ///< more promises may change it
    won,
    outdone,     ///< `better` has more log and must lead
  } what{};
  node_id better;
  config_record latest;    ///< of all promises
  bool covered = false;    ///< holds every acknowledged commit
  std::string reason;      ///< what is missing, or why it won
};

/// R covers S when it meets every set of K members, so that every acknowledged commit is held in R.
bool covers(const config_record& latest, const std::vector<recruited>& promises, const options& o);
/// Who led last, as `latest` says: the only one that surely holds everything when nobody else is known to.
const node_id& last_leader(const config_record& latest, const options& o);
win_verdict judge_promises(const options& o, const std::vector<recruited>& promises, const win_terms& terms);

/// The first cohort of a new epoch: of the nodes in `alive` (heard of lately, or recruited), the sync ones, else the semi-sync
/// ones; under the policy `strict` also the members of `latest` that are not there. K is lowered only under `available`.
config_record opening_config(const options& o, epoch number, const config_record& latest, const std::map<node_id, data_facts>& alive);

}  // namespace helios::replication::ha
