#pragma once
// What the system views of a data node show of replication, made from the engine and the boards at each look. Owned by the
// data node, outlives the SQL database; any thread.

#include <atomic>
#include <functional>
#include <memory>

#include "actors/ha/peer_book.hpp"
#include "actors/handles/ha_agent.hpp"
#include "actors/node/primary_lead.hpp"
#include "actors/node/standby_follow.hpp"
#include "actors/session/session_directory.hpp"
#include "sql/database.hpp"

namespace helios::actors {

class data_facts final : public sql::node_facts {
 public:
  /// `mode`: of this node as a standby. `command`: to the node's failover agent.
  data_facts(storage::engine& engine, const config::node_options& options, std::shared_ptr<const peer_book> peers,
             session_directory& sessions, std::int64_t started_at_us,
             std::function<sync_mode()> mode, std::function<void(agent_command)> command);

  /// From now on the node leads; `lead` outlives the sessions.
  void leads(const primary_lead* lead) { lead_.store(lead, std::memory_order_release); }
  /// From now on it follows; null: nobody.
  void follows(std::shared_ptr<const primary_board> primary) { followed_.store(std::move(primary)); }

  bool in_recovery() const override { return lead() == nullptr; }
  sql::replication_status_row status() const override;
  std::vector<sql::replication_standby_row> standbys() const override;
  std::optional<sql::replication_primary_row> primary() const override;
  std::vector<sql::metric_row> metrics() const override;
  std::vector<sql::activity_row> activity() const override;
  bool cancel_session(std::int64_t session, bool terminate) override;
  completion_ptr take_over() override;
  completion_ptr hand_over(std::int64_t session, const node_id& to) override;

 private:
  completion_ptr order(agent_command command) const;
  const primary_lead* lead() const { return lead_.load(std::memory_order_acquire); }
  void add_primary_metrics(const primary_lead& lead, std::vector<sql::metric_row>& out) const;
  static void add_standby_metrics(const sql::replication_primary_row& row, std::vector<sql::metric_row>& out);

  storage::engine& engine_;
  const config::node_options& options_;
  std::shared_ptr<const peer_book> peers_;
  session_directory& sessions_;
  std::int64_t started_at_us_;
  std::function<sync_mode()> mode_;
  std::function<void(agent_command)> command_;
  std::atomic<const primary_lead*> lead_{nullptr};
  std::atomic<std::shared_ptr<const primary_board>> followed_;
};

}  // namespace helios::actors
