#pragma once
// One member of a cluster under automatic (or manual) failover: a data node or a witness. It composes voter, campaign, leadership
// and switchover. Inputs are calls with the current time; outputs are actions that the shell takes after each call and carries
// out in order. No threads, clocks, files or sockets; not thread-safe; owned by one actor.
//
// Roles of a data node:
//
//   undetermined --hears a leader--> following --leader lost, campaign won--> leading
//        ^  '----------campaign won----------------------------------------^    |
//        '-------------------------step down------------------------------------'
//
// I1 A reply that depends on a change of the durable record leaves only after recorded() of that change, and a promise of a data
//    node only after fenced() as well.
// I2 A node that follows or promised epoch e takes no part in a lower one, restarts included.
// I3 may_acknowledge() is true only while this node leads, is open and (automatic mode) holds its lease.
//
// A shell calls in this order after start: member(...), log_moved() (data nodes), tick(); then whatever comes. tick() is due at
// next_wake_up(), and may come at any time.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "replication/ha/campaign.hpp"
#include "replication/ha/leadership.hpp"
#include "replication/ha/maintenance.hpp"
#include "replication/ha/membership_change.hpp"
#include "replication/ha/outbox.hpp"
#include "replication/ha/switchover.hpp"
#include "replication/ha/voter.hpp"

namespace helios::replication::ha {

enum class member_role : std::uint8_t { witness, undetermined, following, leading };
const char* to_string(member_role r);

/// What is known of another member from its heartbeats.
struct peer_state {
  std::optional<time_point> last_heard;
  heartbeat last;
};

class member {
 public:
  /// `record`: what the last process of this node made durable; a default one (with the cluster id) at first. `log`: of a data
  /// node, after recovery. `o` must have passed validate().
  member(options o, durable_record record, log_state log, time_point now);
  member(const member&) = delete;
  member& operator=(const member&) = delete;

  // --- inputs ---
  void tick(time_point now);
  void receive(time_point now, const node_id& from, const message& m);
  /// The record of persist{token} (and with it all earlier ones) is durable.
  void recorded(time_point now, std::uint64_t token);
  /// The link to this member broke (reset, refused): it is suspected at once. Silence is judged from heartbeats.
  void peer_lost(time_point now, const node_id& peer);

  // --- facts of the data plane ---
  /// Answers fence_wal: the WAL writer is drained, nothing of a lower epoch is written or acknowledged from here on.
  void fenced(time_point now, epoch number, log_state log);
  /// The fsynced end of the log has moved, or the store became (in)complete. As often as the shell likes; at least per heartbeat.
  void log_moved(time_point now, log_state log);
  /// Answers lead: EPOCH-START and its config are fsynced here and end at `at`.
  void epoch_started(time_point now, epoch number, lsn at);
  /// Leader: the cohort of `config` (of this epoch; written by lead, or later by the cohort planner) and this node hold the end of
  /// its record. The machine publishes it; config_in_force follows when Q voters stored it.
  void cohort_holds(time_point now, const config_record& config);
  /// Answers hold_writes.
  void drained(time_point now, lsn handover_end);

  // --- commands; each ends with command_done{command} ---
  /// `to` empty: the standby that would win an election.
  void command_switchover(time_point now, std::uint64_t command, const node_id& to, duration timeout);
  /// By hand, on the node that shall lead: pg_promote(), `failover --to`. Recruits without pre-vote.
  struct failover_terms {
    bool accept_data_loss = false;  ///< let a node lead that may lack acknowledged commits; the discarded range is noted
    bool waive_quorum = false;      ///< manual mode only: go on with the promises there are
  };
  void command_failover(time_point now, std::uint64_t command, failover_terms terms);
  /// Maintenance of the whole cluster: no campaign begins by itself, pre-votes are answered no. A leader goes on, and commands by hand
  /// work. Done when Q voters have stored it.
  void command_pause(time_point now, std::uint64_t command, bool paused);
  /// Leader: adds, changes or removes a member. Done when a majority of the voters has stored the last list of members on the way.
  void command_members(time_point now, std::uint64_t command, member_change change, duration timeout);
  /// A later list of members, from one that is no member, or from the state of a node.
  void members_heard(time_point now, const membership& members) {
    learn_members(now, members, false);
    settle(now);
  }
  /// The mode of this node as a standby, changed at run time.
  void set_mode(time_point now, sync_mode mode);
  /// Leader: close, release the lease and stop to lead (before a clean shutdown). Others campaign at once.
  void command_step_down(time_point now, std::uint64_t command, const std::string& why);
  /// The launcher of `process.holder` has reaped that process: `process.number` is 0. Told to everybody.
  void process_ended(time_point now, const lease_id& process);

  /// Ordered; empty until the next input.
  std::vector<action> take_actions() { return out_.take(); }

  // --- queries ---
  member_role role() const { return role_; }
  /// Whom this node follows, or itself; empty: undetermined.
  const node_id& leader() const { return leader_; }
  epoch leader_epoch() const { return leader_epoch_; }
  epoch promised() const { return voter_.promised(); }
  const durable_record& record() const { return voter_.record(); }
  bool open_for_writes() const { return leadership_ && leadership_->open(); }
  /// For an atomic of the shell, stored after every call: at admission, right before each acknowledgement and before each strong
  /// read, `now < lease_deadline()` must hold. time_point::min() when closed; max() for an open leader in manual mode.
  time_point lease_deadline() const;
  bool may_acknowledge(time_point now) const { return now < lease_deadline(); }
  /// Until when this node holds the lease, open or not: for the operators' view and the simulator.
  time_point lease_held_until() const;
  /// It was taken out of the list of members.
  bool removed() const;
  /// When tick() is due at the latest.
  time_point next_wake_up() const;
  bool paused() const { return voter_.record().maintenance.paused; }
  const std::map<node_id, peer_state>& peers() const { return peers_; }
  const campaign& attempt() const { return campaign_; }
  const options& settings() const { return options_; }
  std::optional<voter::live_grant> granted(time_point now) const { return voter_.granted(now); }

 private:
  /// A message that waits for the disk, and a data node's promise for its fence, too.
  struct held_reply {
    std::uint64_t token = 0;
    node_id to;
    message_body body;
    bool after_fence = false;   ///< body is a promise: its log is filled in when fenced
  };

  // member_messages.cpp: one function per kind of message. Messages of this node to itself come the same way.
  void handle(time_point now, const node_id& from, const heartbeat& m);
  void handle(time_point now, const node_id& from, const renewal& m);
  void handle(time_point now, const node_id& from, const renewal_granted& m);
  void handle(time_point now, const node_id& from, const pre_vote& m);
  void handle(time_point now, const node_id& from, const pre_vote_reply& m);
  void handle(time_point now, const node_id& from, const recruit& m);
  void handle(time_point now, const node_id& from, const promise& m);
  void handle(time_point now, const node_id& from, const refusal& m);
  void handle(time_point now, const node_id& from, const publish& m);
  void handle(time_point now, const node_id& from, const published& m);
  void handle(time_point now, const node_id& from, const new_leader& m);
  void handle(time_point now, const node_id& from, const release& m);
  void handle(time_point now, const node_id& from, const nominate& m);
  void handle(time_point now, const node_id& from, const handover& m);
  void handle(time_point now, const node_id& from, const handover_ready& m);
  void handle(time_point now, const node_id& from, const maintenance& m);
  void handle(time_point now, const node_id& from, const take_over& m);
  void handle(time_point now, const node_id& from, const take_over_refused& m);

  // member.cpp
  void deliver(time_point now, const node_id& from, const message_body& body);
  void settle(time_point now);                 // ends every input: own messages, wins, the record
  void reply_durably(const node_id& to, message_body body, bool after_fence = false);
  void persist_changes();
  void release_replies();
  void refuse(const node_id& to, epoch number, const voter::verdict& v);
  void send_to_others(const message_body& body);
  void beat(time_point now);
  data_facts facts() const;
  bool leader_heard(time_point now) const;
  void learn_release(time_point now, const lease_id& lease);
  void learn_maintenance(time_point now, const maintenance_state& state);
  void say_maintenance();
  node_id best_successor(time_point now) const;
  std::string unfit(time_point now, const node_id& successor) const;

  // member_roles.cpp: changes of role.
  bool eligible() const;
  bool ranks_before(const node_id& peer, const data_facts& said) const;
  duration stagger(time_point now) const;
  void lose_leader(time_point now) { leader_heard_at_ = now - options_.suspect_after; }
  void consider_campaign(time_point now);
  void begin_campaign(time_point now, campaign::request r);
  void won(time_point now, campaign::win w);
  bool hear_leader(time_point now, const node_id& leader, epoch number);
  void follow_when_durable();
  void stop_following(epoch fence);
  void heard_higher(time_point now, epoch number, const node_id& from);
  void stop_leading_now(const std::string& why);
  void give_lease_up(time_point now, const node_id& successor, const std::string& why);

  // member_by_hand.cpp: manual mode, where nobody campaigns but by command, and a node goes on with the role that it had.
  bool led_its_vote() const;
  node_id led_last() const;
  void begin_by_hand(time_point now);
  void consider_own_lead(time_point now);
  void presume(const node_id& leader, epoch number);
  void hear_of_leader(const heartbeat& m);
  bool ask_leader_to_hand_over(time_point now, std::uint64_t command);
  void look_after_asking(time_point now);
  void end_asking(std::string failure);
  std::set<node_id> voters_heard(time_point now) const;
  std::string whom_to_ask() const;
  std::string begin_switchover(time_point now, const node_id& to, duration timeout, std::uint64_t command, bool asked_by_successor);

  // member_members.cpp: who belongs to the cluster.
  void adopt_members(time_point now, membership m);
  void learn_members(time_point now, const membership& m, bool counts_for_candidate);
  void leave(time_point now);
  void advance_members(time_point now);
  std::string unfit_change(time_point now, const member_change& change) const;
  std::string needed_for_commits(const node_id& leaving) const;
  std::string cannot_step(time_point now, const std::vector<member_entry>& next) const;
  bool heard_lately(time_point now, const node_id& id) const;

  options options_;                            ///< only the members change, in adopt_members()
  outbox out_;
  voter voter_;
  campaign campaign_;
  switchover switchover_;
  maintenance_command maintenance_;
  membership_command membership_;
  const bool data_node_;
  std::unique_ptr<leadership> leadership_;
  config_record lead_config_;                  ///< of the last `lead`
  log_state log_;
  sync_mode mode_;
  member_role role_ = member_role::undetermined;
  node_id leader_;
  epoch leader_epoch_, highest_seen_, fencing_, fenced_to_;
  std::map<node_id, peer_state> peers_;
  lease_id released_;                          ///< the last lease that this node knows to be over
  bool follow_wanted_ = false;                 ///< follow leader_ once the record up to follow_token_ is durable
  std::uint64_t follow_token_ = 0;
  std::uint64_t last_token_ = 0, durable_token_ = 0, persisted_changes_ = 0;
  std::deque<held_reply> held_;
  std::optional<handover> handover_;           ///< this node is the successor and waits for its log
  time_point handover_look_at_{};              ///< when to look at the log again
  log_position said_;                          ///< the end of the log in the last heartbeat
  time_point started_, beat_at_, leader_heard_at_;
  time_point promised_at_ = time_point::min();  ///< to record().vote
  time_point consider_at_ = time_point::max();  ///< a campaign is thought about again
  // Manual mode:
  bool own_lead_ = false;                      ///< nobody is known to have led since this node did
  bool presumed_ = false;                      ///< leader_ was not heard to lead
  bool may_start_alone_ = false;               ///< own_lead_, and this process has not led
  time_point lead_at_ = time_point::max();     ///< when it goes on with its own lead
  std::uint64_t asking_ = 0;                   ///< the command for which the leader was asked to hand over; 0: none
  node_id asked_;
  time_point asking_until_ = time_point::max();
};

}  // namespace helios::replication::ha
