#pragma once
// One node's attempt to lead: pre-vote, recruit, decision. Sends through the outbox; the member hands it the answers, its own
// vote's included. Pure; owned by one member, used again for each attempt.
//
//   idle --begin()--> pre_vote --Q yes--> recruiting --won--> idle (take_win())
//            ^            |                   |--outdone--> idle, nominates the better one
//            '--retry at--'<-----no, timeout--'
//
// In manual mode an attempt by hand begins with the pre-vote, too, as a question who is there: a new epoch takes the stream from all of
// them, so it is asked for only where it would be won. Then all who answered must promise: whoever can be reached is told.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "replication/ha/outbox.hpp"
#include "replication/ha/win_rule.hpp"

namespace helios::replication::ha {

/// Why a campaign is run; only `automatic` asks first by pre-vote.
enum class campaign_reason : std::uint8_t { automatic, switchover, by_hand };

class campaign {
 public:
  enum class stage : std::uint8_t { idle, pre_vote, recruiting };
  struct request {
    campaign_reason reason = campaign_reason::automatic;
    win_terms terms;
    lease_id released;            ///< a lease known to be over, shown to the voters; incarnation 0: none
    std::uint64_t command = 0;    ///< by hand: answered by command_done
    bool alone = false;           ///< manual mode: goes on with its own lead, and asks nobody
  };
  struct win {
    epoch number;
    request asked;
    win_verdict verdict;
    std::vector<recruited> promises;
  };

  campaign(const options& o, outbox& out);

  stage at() const { return stage_; }
  /// In the pre-vote of an election: it has not yet asked for an epoch.
  bool asking() const { return stage_ == stage::pre_vote && !surveys(); }
  /// To another candidate, if this one is still asking.
  void give_way(time_point now, const node_id& to);
  bool running() const { return stage_ != stage::idle; }
  epoch number() const { return number_; }             ///< of the recruit
  const request& asked() const { return request_; }
  /// The next attempt is not begun before (after a no or a lost one).
  time_point not_before() const { return not_before_; }

  /// `above`: the highest promise known; the new epoch is higher.
  void begin(time_point now, request r, epoch above);
  void cancel(time_point now, const std::string& why);
  void postpone(time_point until) { not_before_ = std::max(not_before_, until); }
  void hurry() { not_before_ = time_point::min(); }

  // Answers, the own vote's included.
  void answered(time_point now, const node_id& from, const pre_vote_reply& m);
  void promised(time_point now, const node_id& from, const promise& m);
  void refused(time_point now, const node_id& from, const refusal& m);
  void tick(time_point now);
  time_point next_wake_up() const;

  std::optional<win> take_win();
  /// Once after each begin(): the own voter has been asked, too.
  bool just_begun() { return std::exchange(begun_, false); }

 private:
  void ask(const message_body& body);
  void begin_recruit(time_point now);
  void judge_answers(time_point now);
  bool surveys() const;
  void end_survey(time_point now);
  void leave_gap();
  std::vector<recruited> willing() const;
  void judge(time_point now);
  bool defers(time_point now, const std::vector<recruited>& answers);
  void lose(time_point now, const std::string& why, duration retry_after);
  duration jitter();

  const options& options_;
  outbox& out_;
  std::mt19937_64 random_;
  stage stage_ = stage::idle;
  request request_;
  epoch number_, above_;
  std::uint64_t round_ = 0;
  time_point deadline_{}, resend_at_{};
  time_point not_before_ = time_point::min();
  std::map<node_id, pre_vote_reply> answers_;
  std::set<node_id> required_;  ///< must promise: they answered the survey
  std::map<node_id, recruited> promises_;
  std::set<node_id> refusals_;
  bool begun_ = false;
  bool deferred_ = false;       ///< let a node of higher priority go first since the last win
  std::optional<win> win_;
};

}  // namespace helios::replication::ha
