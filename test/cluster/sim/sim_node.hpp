#pragma once
// One node of the simulated cluster: the shell of a ha::member with a model of the data plane (log, disk, stream, commit rule, cohort
// planner) around it. Hosted by one actor; its clock is as fast as the run's seed says. The disk survives crash().

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker.hpp"
#include "model.hpp"
#include "replication/cohort_planner.hpp"
#include "replication/commit_rule.hpp"
#include "replication/ha/member.hpp"
#include "replication/rejoin.hpp"
#include "world.hpp"

namespace helios::sim {

struct disk_faults {
  true_time sync_min = 100'000, sync_max = 1'000'000;
};

/// The same for all nodes of a run.
struct cluster_settings {
  ha::options options;         ///< without self and what is a node's own
  broken rules;
  std::chrono::milliseconds sync_timeout{1'000};
  bool members_change = false; ///< operators add and remove members; there may be a node that is none yet
  bool recycles = false;       ///< the leader keeps only WAL that is not shown yet, and a little
  std::size_t proxy = 0;       ///< its number in the world
  double crash_within = 0;     ///< probability to crash before any one action
  disk_faults disk;
  true_time backup_time = 0;   ///< a base backup takes up to this
};

class sim_node {
 public:
  struct identity {
    node_id id;
    bool data_node = true;
    sync_mode mode = sync_mode::sync;
    std::uint32_t priority = 100;
    double drift = 0;          ///< of its clock: it shows (1 + drift) times true time
  };
  sim_node(world& w, checker& c, cluster_settings& s, identity who) : world_(w), checker_(c), settings_(s), who_(std::move(who)) {}

  /// After all actors are known; `number` is the own one.
  void introduce(std::size_t number, std::map<std::string, std::size_t> numbers);
  void start();
  /// The process ends as by SIGKILL; `torn`: how much of the unsynced log survives, 0 to 1.
  void crash(double torn);
  void on(const event& e);
  void order_switchover(const std::string& to);
  void order_failover();
  void order_step_down();
  void order_reinitialize();
  void order_members(const ha::member_change& change);
  void release_of(const ha::lease_id& dead);

  const std::string& name() const { return who_.id.value; }
  std::string process_name() const;
  bool is_data_node() const { return who_.data_node; }
  bool running() const { return process_ != nullptr; }
  ha::lease_id process_id() const { return {who_.id, incarnation_, epoch{}}; }
  const disk& stored() const { return disk_; }
  std::size_t shown() const;
  std::size_t checked() const;
  bool holds_lease() const;
  bool accepts_writes() const;
  bool follows(const sim_node& leader) const;
  std::string describe() const;
  /// As its process knows them.
  const std::vector<ha::member_entry>& members() const;
  ha::member_entry own_entry() const { return {who_.id, who_.data_node, true}; }
  bool is_member(const node_id& id) const;

 private:
  struct stream {
    std::uint64_t connection = 0;
    std::size_t sent = 0, flushed = 0;
    bool known = false;          ///< it said from where
    sync_mode mode{};
    ha::time_point last_heard{};
  };
  struct pending_commit {
    std::size_t client, end;
    std::uint64_t operation;
  };
  struct leading {
    epoch number;
    replication::commit_rule rule;
    std::size_t start_end = 0;
    bool started = false, holding = false, handover_written = false, drained = false;
    std::uint64_t told_version = 0;
    std::shared_ptr<const ha::config_record> in_force;
    std::map<std::uint64_t, std::shared_ptr<const ha::config_record>> configs;
    std::map<std::size_t, stream> streams;
    std::deque<pending_commit> pending;
    ha::time_point since{};
  };
  struct following {
    std::size_t leader = 0;
    epoch number;
    bool streaming = false, needs_backup = false;
    std::uint64_t backup_request = 0;  ///< the backup that is waited for; 0: none
    int wishes_backup = 0;       ///< how often a replacement that is not needed is still asked for
    std::uint64_t connection = 0;
    ha::time_point heard_at{};   ///< the last WAL or watermark of this connection
  };
  /// What a crash takes.
  struct process {
    std::unique_ptr<ha::member> machine;
    std::vector<ha::member_entry> members;         ///< as of the last action that was carried out
    bool open = false;
    epoch floor;                                   ///< takes no WAL of lower epochs
    std::optional<epoch> fence;                    ///< to be answered when the log is drained
    std::optional<leading> lead;
    std::optional<following> follow;
    std::size_t shown = 0, checked = 0, syncing_to = 0, complete_at = 0;
    bool syncing = false, writing_record = false;
    std::uint64_t record_token = 0, next_token = 0, commands = 0;
    ha::durable_record record_written, record_next;
    ha::time_point data_tick_at{};
    true_time wake_at = -1;
    std::uint64_t wake_number = 0;
  };

  // sim_node.cpp
  ha::time_point local() const;
  true_time true_at(ha::time_point local) const;
  void post(true_time at, event e);
  void send(std::size_t to, payload p) { world_.send(number_, to, std::move(p)); }
  void send_all(const payload& p);
  void after_input();
  void plan_wake();
  void carry_out(const ha::action& a);
  void write_record();
  void sync_log();
  void log_synced(std::size_t to);
  ha::log_state position() const;
  void data_tick();
  bool breaks(data_rule r) const { return settings_.rules.breaks(r); }
  void trace(const std::string& text) { world_.trace(number_, text); }

  // sim_leader.cpp
  void begin_to_lead(const ha::lead& a);
  void append(entry e);
  void append_config(const ha::config_record& c);
  void rule_moved();
  void answer_clients();
  void plan();
  void drain();
  void send_wal(std::size_t to, stream& s);
  void take(std::size_t from, const stream_request& m);
  void take(std::size_t from, const stream_from& m);
  void take(std::size_t from, const backup_request& m);
  void take(std::size_t from, const wal_ack& m);
  void take(std::size_t from, const client_request& m);

  // sim_follower.cpp
  void ask_for_stream();
  void begin_stream(std::size_t leader);
  void show(std::size_t to, const ha::config_record* rule);
  void cut_log(std::size_t to);
  void replace_store(const backup& m);
  void take(std::size_t from, const stream_shape& m);
  void take(std::size_t from, const backup& m);
  void take(std::size_t from, const wal& m);
  void acknowledge();

  void take(std::size_t from, const ha::message& m);
  void take(std::size_t, const client_reply&) {}
  void take(std::size_t, const leader_news&) {}

  world& world_;
  checker& checker_;
  cluster_settings& settings_;
  identity who_;
  std::size_t number_ = 0;
  std::map<std::string, std::size_t> numbers_;
  disk disk_;
  std::unique_ptr<process> process_;
  std::uint64_t incarnation_ = 0;
  bool acting_ = false;  ///< carrying out actions: new ones are added at the end
};

}  // namespace helios::sim
