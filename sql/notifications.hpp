#pragma once
// LISTEN and NOTIFY between the sessions of a node: who listens to what, and the notifications on their way. One hub per
// database; any thread. A notification is of the node that commits it: a standby's sessions listen on the primary.
//
// I1 Every listener gets the notifications of all transactions in the order of their commits, those of one in the order of its NOTIFYs.
// I2 What has not been taken by its listeners is bounded: a commit that would exceed notification_bytes_max is refused.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "sql/session.hpp"
#include "storage/engine.hpp"

namespace helios::sql {

inline constexpr std::size_t notification_bytes_max = 64u << 20;

/// Where the notifications for one session gather until it takes them.
class notification_inbox {
 public:
  /// `wake` runs when the inbox ceases to be empty; on any thread.
  explicit notification_inbox(std::function<void()> wake) : wake_(std::move(wake)) {}
  std::vector<std::shared_ptr<const notification>> take();
  bool empty() const;
  /// Forgets what waits of this channel, or (nullptr) of all: nobody listens to it any more.
  void drop(const std::string* channel);

 private:
  friend class notification_hub;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const notification>> waiting_;
};
using notification_inbox_ptr = std::shared_ptr<notification_inbox>;

class notification_hub {
 public:
  notification_hub();
  ~notification_hub();

  void listen(const notification_inbox_ptr& inbox, const std::string& channel);
  void unlisten(const notification_inbox_ptr& inbox, const std::string& channel);
  void forget(const notification_inbox_ptr& inbox);

  /// Throws 54000 when there is no room for them.
  void require_room(const std::vector<notification>& list) const;
  /// Before `unit` is submitted: these go out when it has been acknowledged, and never if it fails.
  void announce(const storage::commit_unit_ptr& unit, std::vector<notification> list);
  /// Sends what has been acknowledged. After the end of each announced unit.
  void deliver();
  /// Of a transaction that has written nothing.
  void publish(std::vector<notification> list);
  /// The part of the room that is taken.
  double usage() const { return static_cast<double>(bytes_->load()) / static_cast<double>(notification_bytes_max); }

 private:
  struct pending {
    storage::commit_unit_ptr unit;
    std::vector<notification> list;
  };
  using wakers = std::vector<notification_inbox_ptr>;
  void send(std::vector<notification>& list, wakers& woken);
  static void wake(const wakers& woken);

  std::shared_ptr<std::atomic<std::size_t>> bytes_;  ///< of all notifications that still exist
  std::mutex mutex_;
  std::map<std::string, std::set<notification_inbox_ptr>> listeners_;
  std::vector<pending> announced_;
};

}  // namespace helios::sql
