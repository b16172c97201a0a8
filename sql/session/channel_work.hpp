#pragma once
// LISTEN, UNLISTEN and NOTIFY of one session: what its transaction has asked for, and the channels that it listens to. All of it
// takes effect when the transaction commits. On the session's fiber.

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sql/notifications.hpp"

namespace helios::sql {

class channel_work {
 public:
  channel_work(notification_hub& hub, std::int64_t process) : hub_(hub), process_(process) {}
  ~channel_work();
  channel_work(const channel_work&) = delete;
  channel_work& operator=(const channel_work&) = delete;

  void on_notification(std::function<void()> wake) { wake_ = std::move(wake); }

  /// 22023 for a name or a payload that is too long. The same twice in one transaction is one.
  void notify(std::string_view channel, std::string_view payload);
  void listen(const std::string& channel) { changes_.push_back({kind::listen, channel}); }
  void unlisten(const std::string& channel) { changes_.push_back({kind::unlisten, channel}); }
  void unlisten_all() { changes_.push_back({kind::unlisten_all, {}}); }
  const std::set<std::string>& channels() const { return channels_; }

  /// For savepoints: how far the transaction's work has come, and back to there.
  struct mark {
    std::size_t notes = 0, changes = 0;
  };
  mark now() const { return {notes_.size(), changes_.size()}; }
  void rollback_to(mark to);

  // The transaction's end. Without a unit it has written nothing.
  void before_commit(const storage::commit_unit_ptr& unit);
  void committed(bool with_unit);
  void rolled_back();

  std::vector<notification> take();

 private:
  enum class kind : std::uint8_t { listen, unlisten, unlisten_all };
  void apply_changes();

  notification_hub& hub_;
  std::int64_t process_;
  std::function<void()> wake_;
  notification_inbox_ptr inbox_;  ///< from the first LISTEN on
  std::set<std::string> channels_;
  std::vector<notification> notes_;
  std::set<std::pair<std::string, std::string>> known_;
  std::vector<std::pair<kind, std::string>> changes_;
  bool announced_ = false;
};

}  // namespace helios::sql
