#pragma once
// What goes wrong in a run. Each seed has its own mix: which kinds of faults happen at all, and how often. One actor, which acts on
// the nodes and the network directly.

#include <cstdint>
#include <vector>

#include "sim_node.hpp"
#include "world.hpp"

namespace helios::sim {

class chaos {
 public:
  chaos(world& w, cluster_settings& s, std::vector<sim_node*> nodes) : world_(w), settings_(s), nodes_(std::move(nodes)) {}
  /// Chooses the mix and begins; `lease` scales the durations.
  void start(std::size_t number, true_time lease);
  /// Everything is repaired and every node runs.
  void end();
  void on(const event& e);

 private:
  enum class fault : std::uint8_t {
    crash, crash_leader, crash_and_release, pause, isolate, split, one_way, ring, bridge, witness_only, lossy, slow_disk, late,
    switchover, failover, step_down, reinitialize, restart_all, members, cut_off_members, stale_members, count
  };
  void next();
  void look();
  void happen(fault f);
  void partition(fault f);
  void crash(std::size_t n, bool release);
  void change_members();
  void remove_cut_off();
  void leave_stale(std::uint64_t step);
  std::size_t any() { return world_.below(nodes_.size()); }
  std::size_t leader();
  void block_pair(std::size_t a, std::size_t b, bool both = true);
  void later(true_time in, std::uint64_t what);

  world& world_;
  cluster_settings& settings_;
  std::vector<sim_node*> nodes_;
  std::size_t number_ = 0;
  true_time lease_ = 0, mean_ = 0;
  std::vector<fault> mix_;
  std::vector<ha::lease_id> dead_;  ///< by node: its last process that crashed
  std::vector<std::size_t> order_;  ///< of leave_stale: the leader, who is left stale, who is removed first and second, the others
  bool ended_ = false;
};

}  // namespace helios::sim
