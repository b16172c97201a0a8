#pragma once
// Following: the actors that tie a standby to its primary. Owned by the data node; used by its main thread, but heard(), which
// any thread may call.

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>

#include "actors/handles/node_supervisor.hpp"
#include "actors/replication/reconnect_supervisor.hpp"
#include "actors/replication/wal_receiver.hpp"

namespace helios::actors {

class standby_follow {
 public:
  struct environment {
    caf::actor_system& system;
    const config::node_options& options;
    node_supervisor_handle supervisor;
    reconnect_environment reconnecting;
    storage::engine* engine = nullptr;   ///< null: the node has no store yet
    sql::database* db = nullptr;
    std::function<void(epoch)> heard_epoch;
    std::function<epoch()> epoch_now;
    std::function<void()> caught_up;
    std::function<void()> changed;
    std::function<void(node_order)> order;
    std::function<sync_mode()> mode;
  };
  explicit standby_follow(environment use);
  ~standby_follow();

  const primary_board& primary() const { return *primary_; }
  /// The primary shows a sign of life.
  void heard();
  /// Says goodbye and ends. Blocks.
  void stop();

 private:
  environment use_;
  std::shared_ptr<primary_board> primary_;
  reconnect_supervisor_handle reconnecting_;
  wal_receiver_handle receiver_;
};

}  // namespace helios::actors
