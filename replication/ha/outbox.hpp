#pragma once
// What a member has decided on and its shell has not yet taken: actions in order, and messages to the member itself, which never
// leave it. One per member, shared by its parts.
//
// I1 Actions leave in the order in which they were put.

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "replication/ha/actions.hpp"

namespace helios::replication::ha {

class outbox {
 public:
  explicit outbox(node_id self) : self_(std::move(self)) {}

  /// The sender's promised epoch, which every message carries.
  void set_highest(epoch promised) { highest_ = promised; }
  /// As changed at run time; every message carries them.
  void set_members(membership members) { members_ = std::move(members); }
  void send_to(const node_id& to, message_body body) {
    if (to == self_) to_self_.push_back(std::move(body));
    else put(send{to, {highest_, std::move(body), members_}});
  }
  void put(action a) { actions_.push_back(std::move(a)); }
  void info(std::string name, std::string text) { put(note{note::level::info, std::move(name), std::move(text)}); }
  void warning(std::string name, std::string text) { put(note{note::level::warning, std::move(name), std::move(text)}); }
  void critical(std::string name, std::string text) { put(note{note::level::critical, std::move(name), std::move(text)}); }

  std::vector<action> take() { return std::exchange(actions_, {}); }
  std::deque<message_body> take_own() { return std::exchange(to_self_, {}); }

 private:
  node_id self_;
  epoch highest_;
  membership members_;
  std::vector<action> actions_;
  std::deque<message_body> to_self_;
};

}  // namespace helios::replication::ha
