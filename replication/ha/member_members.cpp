// Who belongs to the cluster, and how that changes while it runs (docs/protocol.md, "Members").
#include <fmt/format.h>

#include <algorithm>

#include "replication/ha/member.hpp"

namespace helios::replication::ha {
namespace {

std::uint32_t count_voters(const std::vector<member_entry>& members) {
  return static_cast<std::uint32_t>(std::count_if(members.begin(), members.end(), [](const member_entry& m) { return m.voter; }));
}

}  // namespace

bool member::removed() const { return options_.members_id.version != 0 && options_.find(options_.self) == nullptr; }

void member::adopt_members(time_point now, membership m) {
  const bool was_removed = removed();
  options_.members = m.members;
  options_.members_id = m.id;
  out_.set_members(m);
  voter_.store(m);
  out_.info("members", fmt::format("list {} of epoch {}: {} members, {} voters", m.id.version, m.id.number.value, m.members.size(),
                                   options_.voters()));
  out_.put(members_changed{std::move(m)});
  std::erase_if(peers_, [this](const auto& p) { return options_.find(p.first) == nullptr; });
  if (leadership_) leadership_->members_changed(now);
  if (removed() && !was_removed) leave(now);
}

// Everybody repeats the list that he knows with every message. A list of an epoch that this node has left behind was perhaps never
// finished, and a later leader may have gone on without it: only a candidate takes it, from those whose promises it counts. A leader's
// list is its own to write: it answers an older epoch's by writing its own once more.
void member::learn_members(time_point now, const membership& m, bool counts_for_candidate) {
  if (m.id <= options_.members_id) return;
  if (leadership_) {
    if (m.id.number <= leadership_->number()) adopt_members(now, {{leadership_->number(), m.id.version + 1}, options_.members});
    return;
  }
  if (m.id.number >= voter_.promised() || (counts_for_candidate && campaign_.running())) adopt_members(now, m);
}

/// It was removed, or is new and not yet added: it serves nothing and asks for nothing.
void member::leave(time_point now) {
  if (leadership_) stop_leading_now("this node is no member");
  campaign_.cancel(now, "this node is no member");
  out_.critical("removed", "this node is no member of the cluster: it serves nothing until it is added");
  own_lead_ = may_start_alone_ = presumed_ = false;
  stop_following(voter_.promised());
}

void member::command_members(time_point now, std::uint64_t command, member_change change, duration timeout) {
  if (auto why = unfit_change(now, change); !why.empty()) out_.put(command_done{command, std::move(why)});
  else membership_.begin(now, std::move(change), command, timeout);
  settle(now);
}

/// Why it is not even begun; empty: it is.
std::string member::unfit_change(time_point now, const member_change& change) const {
  if (!open_for_writes()) return whom_to_ask();
  if (membership_.running()) return fmt::format("another change is under way, of {}", membership_.change().entry.id.value);
  const auto& wanted = change.entry;
  const auto* present = options_.find(wanted.id);
  if (change.what == member_change::kind::put) {
    if (present == nullptr && options_.members.size() >= members_max) return fmt::format("{} members are the most", members_max);
    if (present != nullptr && present->data_node != wanted.data_node)
      return fmt::format("{} is a member already, as a {}", wanted.id.value, present->data_node ? "data node" : "witness");
    // A vote is given when the node is there; taken away, it must leave a majority, as in a removal.
    if (present == nullptr || !present->voter || wanted.voter) return {};
  } else {
    if (present == nullptr) return fmt::format("{} is no member", wanted.id.value);
    if (wanted.id == options_.self) return "this node leads: switch over first";
    if (auto why = needed_for_commits(wanted.id); present->data_node && !why.empty()) return why;
  }
  return cannot_step(now, *next_members(options_.members, change));
}

/// Under the policy `strict` K is never lowered: whoever leads, enough standbys must be left that count for commits.
std::string member::needed_for_commits(const node_id& leaving) const {
  if (!options_.strict) return {};
  // By what was last heard: one that is away may come back. Of one that was never heard nothing is known.
  const auto counts = [&](const node_id& id, bool unheard) {
    const auto peer = peers_.find(id);
    if (id != options_.self && (peer == peers_.end() || peer->second.last.incarnation == 0)) return unheard;
    if (id != options_.self && !peer->second.last.data.data_node) return false;
    const auto mode = id == options_.self ? mode_ : peer->second.last.data.mode;
    return mode == sync_mode::sync || (mode == sync_mode::semi_sync && options_.sync_acks == 1);
  };
  const auto left = std::count_if(options_.members.begin(), options_.members.end(),
                                  [&](const member_entry& m) { return m.data_node && m.id != leaving && counts(m.id, false); });
  if (!counts(leaving, true) || static_cast<std::uint32_t>(left) > options_.sync_acks) return {};
  return fmt::format("{} data nodes that count for commits would be left, and a primary needs {} standbys (replication.sync_acks, policy "
                     "strict)", left, options_.sync_acks);
}

/// Why the cluster could not go on with these members; empty: it can.
std::string member::cannot_step(time_point now, const std::vector<member_entry>& next) const {
  const auto voters = count_voters(next), needed = voters / 2 + 1;
  if (voters == 0) return "no voter would be left";
  const auto there = std::count_if(next.begin(), next.end(), [&](const member_entry& m) { return m.voter && heard_lately(now, m.id); });
  if (static_cast<std::uint32_t>(there) < needed)
    return fmt::format("{} of the {} voters that there would be are heard, and {} are needed", there, voters, needed);
  if (options_.mode == failover_mode::automatic && now >= leadership_->held().deadline_with(next))
    return "the lease would not be held: wait until more voters have answered";
  return {};
}

bool member::heard_lately(time_point now, const node_id& id) const {
  const auto peer = peers_.find(id);
  return id == options_.self ||
         (peer != peers_.end() && peer->second.last_heard && now - *peer->second.last_heard < options_.suspect_after);
}

// The list must be stored by its own majority, in this epoch, before the next one is written: whatever another leader has written and
// could not finish is superseded then (the like of it was a flaw of changes of single servers in Raft).
void member::advance_members(time_point now) {
  if (!membership_.running()) return;
  if (!open_for_writes()) return membership_.end("this node is no longer open for writes; the list of members tells whether the change holds");
  const bool in_turn = leadership_->members_stored() || options_.breaks(rule::members_change_in_turn);
  const auto write = [&](std::vector<member_entry> members) {
    adopt_members(now, {{leadership_->number(), options_.members_id.version + 1}, std::move(members)});
    membership_.waits_for("a majority of the voters has not stored the list of members");
  };
  if (options_.members_id.number != leadership_->number()) return write(options_.members);
  if (!in_turn) return;
  auto next = next_members(options_.members, membership_.change());
  if (!next) return leadership_->members_stored() ? membership_.end({}) : void();
  const auto* present = options_.find(membership_.change().entry.id);
  const bool gets_vote = present != nullptr && !present->voter && membership_.change().what == member_change::kind::put;
  if (gets_vote && !heard_lately(now, present->id))
    return membership_.waits_for(fmt::format("{} is a member without a vote, since it is not heard", present->id.value));
  if (auto why = cannot_step(now, *next); !why.empty()) return membership_.waits_for(std::move(why));
  write(std::move(*next));
}

}  // namespace helios::replication::ha
