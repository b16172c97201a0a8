#pragma once
// The invariants of docs/protocol.md, asserted on the true state of all nodes, which no node can see. Throws `violation`.
//
// committed() is what anybody was ever shown or acknowledged: one log that only grows. Each later leader must hold it.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model.hpp"
#include "world.hpp"

namespace helios::sim {

class sim_node;

class checker {
 public:
  checker(world& w, bool leases) : world_(w), leases_(leases) {}
  void watch(std::vector<sim_node*> nodes) { nodes_ = std::move(nodes); }

  void promised(const sim_node& n, epoch number, const node_id& candidate);
  void record_written(const sim_node& n);
  void restarted(const sim_node& n);
  void leads(const sim_node& n, epoch number);
  /// A leader takes `rule` for stored by a majority of the voters that there are now.
  void goes_by(const sim_node& n, const ha::config_record& rule);
  /// `n` shows its log up to here. Of a leader, `rule` is the config that allows it; null for a standby.
  void shows(const sim_node& n, std::size_t to, const ha::config_record* rule);
  void acknowledged(const sim_node& n, std::size_t position);
  /// A strong read that began when `floor` was acknowledged.
  void strong_read(const sim_node& n, std::size_t shown, std::size_t floor);
  /// A standby acknowledges WAL of a leader's epoch.
  void holds_wal(const sim_node& n, epoch number) const;
  void cuts(const sim_node& n, std::size_t to);
  std::size_t acknowledged_to() const { return acknowledged_; }
  std::uint64_t acknowledgements() const { return acknowledgements_; }

  void each_step();
  /// After the heal: everybody follows the one leader and holds the same bytes.
  void at_rest();
  bool is_at_rest() const;

 private:
  [[noreturn]] void fail(const std::string& rule, const std::string& text) const;
  void same_as_committed(const sim_node& n, std::size_t from, std::size_t to, const char* when) const;
  std::size_t committed_before(epoch number) const;
  void satisfied(const sim_node& n, std::size_t to, const ha::config_record& rule);

  world& world_;
  bool leases_;
  std::vector<sim_node*> nodes_;
  entries committed_;
  std::vector<std::pair<std::size_t, epoch>> shown_in_;  ///< up to where each leader has shown the log, in order
  std::size_t acknowledged_ = 0;
  std::uint64_t acknowledgements_ = 0;
  std::map<std::string, epoch> promises_;
  std::map<std::pair<std::string, epoch>, node_id> votes_;
  std::map<epoch, std::string> leaders_;
  std::set<std::pair<epoch, std::uint64_t>> published_;
  std::map<std::pair<epoch, std::uint64_t>, std::pair<ha::config_record, std::set<std::string>>> stored_;
};

}  // namespace helios::sim
