#pragma once
// What a member asks of its shell. The shell carries actions out in their order; where an action has an answer, the comment
// names the call of `member` that brings it.

#include <cstdint>
#include <string>
#include <variant>

#include "replication/ha/durable_record.hpp"
#include "replication/ha/messages.hpp"

namespace helios::replication::ha {

/// Send to a member; never to itself. May be lost.
struct send {
  node_id to;
  message content;
};
/// Make this record durable, then call recorded(token). Records may be skipped for later ones; if it fails, end the process.
struct persist {
  std::uint64_t token = 0;
  durable_record record;
};
/// Data nodes: from now on accept and acknowledge no WAL of an epoch below `number`, whether received or written here: stop the
/// stream (receiver, or WAL writer and senders), let what is being written reach the disk, then call fenced().
struct fence_wal {
  epoch number;
};
/// Data nodes: stream from `leader`, who leads `number`; refuse WAL of any lower epoch. Replaces what was followed before.
struct follow {
  node_id leader;
  epoch number;
};
/// Data nodes: this node leads. Append EPOCH-START(number, parent, fork) and the record of `config`, accept standbys, call
/// epoch_started() when both are fsynced here. Not open for writes; nothing is acknowledged or becomes visible before a config
/// of this epoch is in force (commit_rule::opening).
struct lead {
  epoch number;
  epoch parent;
  lsn fork;                ///< the end of this node's log: fork LSN of the new epoch
  config_record config;
  bool data_loss = false;  ///< by hand or by lag policy: acknowledged commits may be missing
};
/// Q voters have stored it, and its cohort holds its record: the commit rule goes by it (commit_rule::published).
struct config_in_force {
  config_record config;
};
/// Admit and acknowledge writes; /primary answers 200. From here on may_acknowledge() decides at each acknowledgement.
struct open_writes {
  epoch number;
};
/// Stop admitting and acknowledging at once, abort open write transactions, close their sessions, /primary answers 503. The node
/// may still lead (it goes on streaming, and may open again in the same epoch), or stop to.
struct close_writes {
  epoch number;
  std::string why;
};
/// This node no longer leads: end senders, commit gate and WAL writer. After close_writes. What follows is fence_wal or follow.
struct stop_leading {
  epoch number;
  std::string why;
};
/// Switchover: admit no new write transaction (clients wait), let the running ones end, write HANDOVER, wait until everything
/// before it is acknowledged, then call drained(); resume_writes or close_writes ends it.
struct hold_writes {
  node_id successor;
};
struct resume_writes {
  std::string why;
};
/// These are the members from now on. Reach the new ones, and let go of those that are gone.
struct members_changed {
  membership members;
};
/// Tell proxies and other listeners at once.
struct announce {
  node_id leader;
  epoch number;
  bool open = false;
};
/// A command ended. An empty `failure` is success.
struct command_done {
  std::uint64_t command = 0;
  std::string failure;
};
/// A decision and its reason: for the log, the history of events, and the counters (by `name`).
struct note {
  enum class level { info, warning, critical } severity{};
  std::string name;        ///< [a-z_]+, of a closed set: counted
  std::string text;
};

using action = std::variant<send, persist, fence_wal, follow, lead, config_in_force, open_writes, close_writes, stop_leading,
                            hold_writes, resume_writes, members_changed, announce, command_done, note>;

}  // namespace helios::replication::ha
